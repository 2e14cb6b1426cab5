"""Decision: what a person, or the tenant's written policy, decided."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from fintech_ai.cases.models.cases import Case
from fintech_ai.cases.models.recommendations import Recommendation
from fintech_ai.core.tenancy import TenantModel

# What a recommendation says when it leaves the decision to a person: nothing to accept, nothing to override.
NO_VIEW = "review"


class Step(models.TextChoices):
    FIRST = "first", "Decision"
    SECOND = "second", "Second approval"
    RETURN = "return", "Sent back"


class Decision(TenantModel):
    """What a person, or the tenant's written policy, decided. Immutable: a trigger refuses UPDATE and DELETE."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    case_version = models.PositiveIntegerField(help_text="The version that was on the screen.")
    step = models.CharField(max_length=10, choices=Step)
    outcome = models.CharField(max_length=20)
    recommendation = models.ForeignKey(
        Recommendation, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    recommended = models.CharField(max_length=20, blank=True, help_text="What the recommendation said.")
    blind = models.BooleanField(default=False, help_text="Made before the recommendation was shown to anybody.")
    reason = models.CharField(max_length=60, blank=True, help_text="Code of the reason.")
    note = models.TextField(blank=True)
    answers = models.OneToOneField(
        "self",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="answered_by",
        help_text="The first decision that this approves or sends back.",
    )
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Empty where the written policy decided.",
    )
    policy = models.CharField(
        max_length=100, blank=True, help_text="The written policy that decided, where no person did."
    )
    first_decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="Who made the decision that this one answers; never the same person.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["created_at"]
        constraints = [
            models.UniqueConstraint(fields=["case", "case_version"], name="decision_once_per_version"),
            models.CheckConstraint(condition=Q(step__in=Step.values), name="decision_step_is_known"),
            models.CheckConstraint(
                condition=~Q(step=Step.FIRST)
                | Q(outcome=F("recommended"))
                | Q(recommended__in=["", NO_VIEW])
                | Q(blind=True)
                | ~Q(reason=""),
                name="decision_override_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(step=Step.FIRST, answers__isnull=True, first_decided_by__isnull=True)
                | (~Q(step=Step.FIRST) & Q(answers__isnull=False, first_decided_by__isnull=False)),
                name="decision_second_answers_first",
            ),
            models.CheckConstraint(
                condition=Q(first_decided_by__isnull=True) | ~Q(decided_by=F("first_decided_by")),
                name="decision_second_is_another_person",
            ),
            models.CheckConstraint(
                condition=Q(decided_by__isnull=False, policy="")
                | Q(decided_by__isnull=True, step=Step.FIRST, outcome=F("recommended")) & ~Q(policy=""),
                name="decision_is_of_a_person_or_a_policy",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.case.reference}"

    @property
    def decider(self) -> str:
        """Who decided, in words."""
        return self.decided_by.name if self.decided_by else self.policy

    @property
    def is_override(self) -> bool:
        """A first decision that differs from the recommendation that was on the screen."""
        return self.step == Step.FIRST and not self.blind and self.recommended not in {"", NO_VIEW, self.outcome}
