"""Recommendation and claim: what a run proposes, and what it rests on."""

from django.db import models
from django.db.models import Q

from fintech_ai.cases.models.cases import Case
from fintech_ai.cases.models.runs import Run
from fintech_ai.core.tenancy import TenantModel


class Author(models.TextChoices):
    MODEL = "model", "Model"
    BASELINE = "baseline", "Baseline"


class Recommendation(TenantModel):
    """What a run proposes. Immutable: a trigger refuses UPDATE and DELETE."""

    run = models.OneToOneField(Run, on_delete=models.PROTECT, related_name="recommendation")
    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="recommendations")
    decision = models.CharField(max_length=20)
    confidence = models.DecimalField(max_digits=4, decimal_places=3)
    risk = models.PositiveSmallIntegerField()
    headline = models.CharField(max_length=200, blank=True)
    summary = models.TextField(blank=True)
    missing = models.JSONField(default=list, help_text="What would change the answer, a sentence each.")
    inputs = models.JSONField(help_text="What was known, as of the event. Every claim recomputes from it.")
    made_by = models.CharField(max_length=10, choices=Author)
    degraded_reason = models.CharField(max_length=60, blank=True, help_text="Why no model answered.")
    model_call_id = models.UUIDField(null=True, blank=True)
    prompt_version = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(confidence__gte=0, confidence__lte=1), name="recommendation_confidence_is_share"
            ),
            models.CheckConstraint(condition=Q(risk__lte=100), name="recommendation_risk_is_0_to_100"),
            models.CheckConstraint(condition=Q(made_by__in=Author.values), name="recommendation_author_is_known"),
            models.CheckConstraint(
                condition=~Q(made_by=Author.MODEL) | Q(model_call_id__isnull=False),
                name="recommendation_of_model_has_call",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.decision} for {self.case.reference}"

    @property
    def is_degraded(self) -> bool:
        """The baseline answered because no model was allowed, able or affordable."""
        return bool(self.degraded_reason)


class Claim(TenantModel):
    """One thing that a recommendation says, with its evidence. `supported` is set by code. Immutable."""

    recommendation = models.ForeignKey(Recommendation, on_delete=models.PROTECT, related_name="claims")
    position = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=20, help_text="What sort of claim: signal, quote, field.")
    code = models.CharField(max_length=60)
    label = models.CharField(max_length=100)
    statement = models.TextField(help_text="The plain sentence that is shown.")
    source = models.CharField(max_length=100, blank=True, help_text="The published counterpart of the code.")
    evidence = models.JSONField(default=dict)
    supported = models.BooleanField()
    finding = models.CharField(max_length=300, blank=True, help_text="What the check found, when it failed.")

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["recommendation", "position"], name="claim_position_is_unique"),
            models.CheckConstraint(condition=Q(supported=True) | ~Q(finding=""), name="claim_unsupported_has_finding"),
        ]

    def __str__(self) -> str:
        return self.label
