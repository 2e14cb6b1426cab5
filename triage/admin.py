"""Customers, merchants, transactions and alerts for the compliance officer."""

from django.contrib import admin

from fintech_ai.core.admin import ReadOnlyAdmin
from triage.models import Alert, Customer, Merchant, Transaction


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "name", "home_city", "home_country", "since"]
    ordering = ["external_id"]
    search_fields = ["external_id", "id"]
    search_help_text = "The bank's own id of the customer, or ours."


@admin.register(Merchant)
class MerchantAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "name", "category", "country"]
    ordering = ["external_id"]
    search_fields = ["external_id", "id"]
    search_help_text = "The bank's own id of the merchant, or ours."


@admin.register(Transaction)
class TransactionAdmin(ReadOnlyAdmin):
    list_display = ["external_id", "occurred_at", "amount", "currency", "merchant", "channel", "reported_fraud_at"]
    list_select_related = ["merchant"]
    ordering = ["-id"]
    search_fields = ["external_id", "id", "customer", "merchant"]
    search_help_text = "The bank's own id of the transaction, or our id of it, its customer or its merchant."


@admin.register(Alert)
class AlertAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "case", "channel", "raised_by", "received_at"]
    list_select_related = ["case", "transaction"]
    list_filter = ["channel"]
    date_hierarchy = "received_at"
    ordering = ["-id"]
    search_fields = ["external_id", "id", "transaction", "case"]
    search_help_text = "The bank's own id of the alert, or our id of it, its transaction or its case."
