"""Customers, merchants, transactions and alerts for the compliance officer."""

from django import forms
from django.contrib import admin

from fintech_ai.accounts.four_eyes.admin import FourEyesAdmin, ProposalForm
from fintech_ai.cases.models import Queue
from fintech_ai.core.admin import ReadOnlyAdmin
from triage.models import (
    Alert,
    Clearing,
    ClearingCheck,
    ClearingPolicy,
    Customer,
    FraudReport,
    Merchant,
    ScoringChoice,
    TrainedModel,
    Transaction,
)


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


@admin.register(FraudReport)
class FraudReportAdmin(ReadOnlyAdmin):
    list_display = ["transaction", "kind", "reason_code", "reported_at", "received_at"]
    list_select_related = ["transaction"]
    list_filter = ["kind"]
    date_hierarchy = "reported_at"
    ordering = ["-id"]
    search_fields = ["external_id", "id", "transaction"]
    search_help_text = "The sender's own id of the report, or our id of it or of its transaction."


@admin.register(TrainedModel)
class TrainedModelAdmin(ReadOnlyAdmin):
    list_display = [
        "short_hash", "trained_from", "trained_to", "payments", "frauds", "average_precision", "calibration_error",
        "created_at",
    ]  # fmt: skip
    # The model itself is a megabyte of numbers.
    exclude = ["document"]
    ordering = ["-id"]
    search_fields = ["sha256", "id"]
    search_help_text = "The hash of a model, or its id."

    def get_queryset(self, request):
        return super().get_queryset(request).defer("document")

    @admin.display(description="model")
    def short_hash(self, model: TrainedModel) -> str:
        return model.sha256[:12]


def _trained_models() -> list[tuple[str, str]]:
    newest = TrainedModel.objects.defer("document").order_by("-id")[:100]
    return [("", "None: the additive baseline ranks"), *((model.sha256, str(model)) for model in newest)]


class ScoringChoiceForm(ProposalForm):
    model_sha256 = forms.ChoiceField(label="Model", choices=_trained_models, required=False)

    class Meta:
        model = ScoringChoice
        fields = ["model_sha256", "why"]


@admin.register(ScoringChoice)
class ScoringChoiceAdmin(FourEyesAdmin):
    form = ScoringChoiceForm


def _queues_of_alerts() -> list[tuple[str, str]]:
    return list(Queue.objects.filter(capability="triage").order_by("name").values_list("slug", "name"))


class ClearingPolicyForm(ProposalForm):
    queue = forms.ChoiceField(choices=_queues_of_alerts)

    class Meta:
        model = ClearingPolicy
        fields = ["queue", "max_miss_percent", "audit_percent", "below_amount", "why"]


@admin.register(ClearingPolicy)
class ClearingPolicyAdmin(FourEyesAdmin):
    form = ClearingPolicyForm


@admin.register(ClearingCheck)
class ClearingCheckAdmin(ReadOnlyAdmin):
    list_display = ["queue", "checked_at", "is_on", "why", "threshold", "cases", "frauds", "cleared", "missed", "shift"]
    list_select_related = ["policy"]
    list_filter = ["is_on"]
    date_hierarchy = "checked_at"
    ordering = ["-id"]
    search_fields = ["policy", "id"]
    search_help_text = "The id of a policy or of a check."

    @admin.display(description="queue")
    def queue(self, check: ClearingCheck) -> str:
        return check.policy.queue


@admin.register(Clearing)
class ClearingAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "chance", "for_audit", "check_followed", "at"]
    list_select_related = ["case", "check_followed"]
    list_filter = ["for_audit"]
    date_hierarchy = "at"
    ordering = ["-id"]
    search_fields = ["case", "id"]
    search_help_text = "The id of a case or of a clearing."
