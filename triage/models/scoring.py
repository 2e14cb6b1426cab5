"""Trained model, and the choice of the one that ranks."""

from django.db import models
from django.db.models import Q

from fintech_ai.accounts.four_eyes.models import Proposal
from fintech_ai.core.tenancy import TenantModel


class TrainedModel(TenantModel):
    """A statistical model made from the tenant's own payments. Immutable: a trigger refuses UPDATE and DELETE."""

    sha256 = models.CharField("hash of the model", max_length=64)
    document = models.TextField(help_text="The model itself, as scoring.model.Scorer writes it: JSON.")
    trained_from = models.DateTimeField(help_text="The first payment that it learned from.")
    trained_to = models.DateTimeField(help_text="The last one.")
    payments = models.PositiveIntegerField()
    frauds = models.PositiveIntegerField()
    test_payments = models.PositiveIntegerField(help_text="Later payments, on which it was measured.")
    test_frauds = models.PositiveIntegerField()
    average_precision = models.FloatField(null=True, help_text="On those; empty where none of them was fraud.")
    calibration_error = models.FloatField(null=True, help_text="On those, among the 1% with the highest chances.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "sha256"], name="trained_model_is_stored_once"),
            models.CheckConstraint(
                condition=Q(frauds__lte=models.F("payments"), test_frauds__lte=models.F("test_payments")),
                name="trained_model_frauds_are_payments",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.sha256[:12]}, trained to {self.trained_to:%Y-%m-%d}"


class ScoringChoice(Proposal):
    """Which trained model says how likely fraud is. With none the additive baseline does."""

    VALUES = ("model_sha256",)

    model_sha256 = models.CharField(
        "hash of the model", max_length=64, blank=True, help_text="Empty: none; the additive baseline ranks."
    )

    class Meta(Proposal.Meta):
        verbose_name = "scoring model"

    def clean(self) -> None:
        """A model that was trained for this tenant, or none."""
        from django.core.exceptions import ValidationError

        if self.model_sha256 and not TrainedModel.objects.filter(sha256=self.model_sha256).exists():
            raise ValidationError({"model_sha256": "There is no trained model with this hash."})
