"""Case: one thing that a person may have to decide."""

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Func, Q, Value
from django.db.models.functions import Upper
from django.utils import timezone

from fintech_ai.cases.models.queues import Queue
from fintech_ai.cases.states import OPEN_STATES, CaseState
from fintech_ai.core.tenancy import TenantModel


class Case(TenantModel):
    """One thing that a person may have to decide."""

    number = models.BigIntegerField(
        unique=True,
        editable=False,
        db_default=Func(Value("case_number"), function="nextval"),
        help_text="For people to say aloud. Gaps mean nothing.",
    )
    capability = models.CharField(max_length=20)
    queue = models.ForeignKey(Queue, on_delete=models.PROTECT, related_name="cases")
    subject = models.CharField(max_length=200, help_text="What it is about, such as the merchant's name.")
    amount = models.DecimalField(max_digits=19, decimal_places=4, null=True, blank=True)
    currency = models.CharField(max_length=3, blank=True)
    headline = models.CharField(max_length=200, blank=True, help_text="The strongest reasons, in a few words.")
    risk = models.PositiveSmallIntegerField(
        null=True,
        blank=True,
        help_text="0 to 100, its place in the queue; empty until a run has finished, drawn by lot while blind.",
    )
    is_blind = models.BooleanField(
        default=False, help_text="Nobody is shown the recommendation until a person has decided."
    )
    state = models.CharField(max_length=20, choices=CaseState, default=CaseState.RECEIVED)
    recommendation = models.OneToOneField(
        "Recommendation",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The one that is on the screen: that of the latest finished run.",
    )
    outcome = models.CharField(max_length=20, blank=True, help_text="The final decision, once there is one.")
    version = models.PositiveIntegerField(default=1, help_text="Grows with every change; a stale page cannot decide.")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    assigned_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField()
    snoozed_until = models.DateTimeField(
        null=True, blank=True, help_text="Until then it waits out of sight, as when a customer has been written to."
    )
    snoozed_why = models.CharField(max_length=200, blank=True, help_text="What it waits for.")
    closed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(state__in=CaseState.values), name="case_state_is_known"),
            models.CheckConstraint(condition=Q(risk__isnull=True) | Q(risk__lte=100), name="case_risk_is_0_to_100"),
            models.CheckConstraint(
                condition=Q(amount__isnull=True, currency="") | (Q(amount__gte=0) & ~Q(currency="")),
                name="case_amount_has_currency",
            ),
            models.CheckConstraint(
                condition=Q(assignee__isnull=True, assigned_at__isnull=True)
                | Q(assignee__isnull=False, assigned_at__isnull=False),
                name="case_assignee_has_time",
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until__isnull=True, snoozed_why="")
                | Q(snoozed_until__isnull=False) & ~Q(snoozed_why=""),
                name="case_snoozed_says_why",
            ),
            models.CheckConstraint(
                condition=Q(state=CaseState.DECIDED, closed_at__isnull=False) & ~Q(outcome="")
                | ~Q(state=CaseState.DECIDED) & Q(closed_at__isnull=True, outcome=""),
                name="case_is_decided_with_outcome_and_time",
            ),
        ]
        indexes = [
            models.Index(
                F("queue"),
                F("risk").desc(nulls_last=True),
                F("due_at"),
                F("id"),
                condition=Q(state__in=OPEN_STATES),
                name="case_open_by_risk",
            ),
            models.Index(fields=["queue", "due_at", "id"], condition=Q(state__in=OPEN_STATES), name="case_open_by_due"),
            models.Index(F("queue"), F("amount").desc(nulls_last=True), F("id"), name="case_by_amount"),
            models.Index(fields=["queue", "created_at", "id"], name="case_by_age"),
            models.Index(
                fields=["queue", "-closed_at", "-id"],
                condition=Q(state=CaseState.DECIDED),
                name="case_decided_newest",
            ),
            models.Index(
                fields=["queue", "assignee"],
                condition=Q(state__in=OPEN_STATES, assignee__isnull=False),
                name="case_held",
            ),
            GinIndex(F("queue"), OpClass(Upper("subject"), "gin_trgm_ops"), name="case_subject_words"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="case_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.subject}"

    @property
    def reference(self) -> str:
        """The number with the capability's letter, as people write it: T-20871."""
        return f"{self.capability[:1].upper()}-{self.number}"

    @property
    def shown_recommendation(self):
        """What people may see of the recommendation: none while the case is blind."""
        return None if self.is_blind else self.recommendation

    @property
    def shown_risk(self) -> int | None:
        """What people may see of the risk: none while the case is blind."""
        return None if self.is_blind else self.risk

    @property
    def is_snoozed(self) -> bool:
        return self.is_open and self.snoozed_until is not None and self.snoozed_until > timezone.now()

    @property
    def is_open(self) -> bool:
        return self.state != CaseState.DECIDED
