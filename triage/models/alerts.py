"""Alert: the reason why a transaction became a case."""

from django.db import models
from django.db.models import Q

from fintech_ai.cases.models import Case
from fintech_ai.core.tenancy import TenantModel
from triage.models.transactions import Transaction


class AlertChannel(models.TextChoices):
    """How the suspicion reached the bank."""

    MONITORING = "monitoring", "Transaction monitoring"
    CUSTOMER = "customer", "Customer's report"
    NETWORK = "network", "Card network or other bank"
    ANALYST = "analyst", "Raised by hand"


class Alert(TenantModel):
    """The reason why a transaction became a case. Notes are untrusted text: shown to people, never followed."""

    external_id = models.CharField(max_length=100, blank=True)
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, related_name="alerts")
    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="alert")
    channel = models.CharField(max_length=20, choices=AlertChannel)
    raised_by = models.CharField(max_length=100, help_text="The rule, system or person that raised it.")
    notes = models.TextField(blank=True, max_length=4000)
    received_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["tenant", "external_id"], condition=~Q(external_id=""), name="alert_external_id_is_unique"
            ),
            models.CheckConstraint(condition=Q(channel__in=AlertChannel.values), name="alert_channel_is_known"),
            models.CheckConstraint(condition=~Q(raised_by=""), name="alert_says_what_raised_it"),
        ]
        indexes = [models.Index(fields=["transaction", "-received_at"], name="alert_by_transaction")]

    def __str__(self) -> str:
        return f"{self.raised_by} on {self.transaction}"
