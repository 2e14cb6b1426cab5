"""Fraud report: what became known of a payment after it was made."""

from django.db import models
from django.db.models import Q

from fintech_ai.core.tenancy import TenantModel
from triage.models.transactions import Transaction


class ReportKind(models.TextChoices):
    """Who says so, and what."""

    CHARGEBACK = "chargeback", "Chargeback"
    CUSTOMER = "customer", "Customer denies the payment"
    ISSUER = "issuer", "Confirmed by issuer or network"
    OTHER_BANK = "other_bank", "Reported by another bank"
    WITHDRAWN = "withdrawn", "Withdrawn: the payment was genuine"


class FraudReport(TenantModel):
    """A report that a payment was fraud, or that it was not after all. Immutable."""

    external_id = models.CharField(max_length=100, blank=True, help_text="The sender's own id of the report.")
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="fraud_reports")
    kind = models.CharField(max_length=20, choices=ReportKind)
    reason_code = models.CharField(
        max_length=20, blank=True, help_text="As the network or scheme gives it, such as 10.4 (Visa), 4837, R10, FRAD."
    )
    reported_at = models.DateTimeField(help_text="From when on it was known.")
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"], condition=~Q(external_id=""), name="fraud_report_id_is_unique"
            ),
            models.CheckConstraint(condition=Q(kind__in=ReportKind.values), name="fraud_report_kind_is_known"),
        ]
        indexes = [models.Index(fields=["tenant", "-id"], name="fraud_report_newest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.transaction}"
