"""Queue, case, run, recommendation, claim, decision: what is stored, and what can never be true of it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Func, Q, Value
from guardian.models import GroupObjectPermissionBase, UserObjectPermissionBase

from fintech_ai.cases.states import OPEN_STATES, CaseState
from fintech_ai.core.tenancy import TenantModel

# What a recommendation says when it leaves the decision to a person: nothing to accept, nothing to override.
NO_VIEW = "review"


class Queue(TenantModel):
    """Cases of one capability that a group works, and the tenant's written policy for them."""

    capability = models.CharField(max_length=20)
    name = models.CharField(max_length=60)
    slug = models.SlugField(max_length=60)
    due_minutes = models.PositiveIntegerField(default=240, help_text="A case is due this long after it arrives.")
    second_approval_decisions = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        help_text="Decisions that need a second person from the amount below on.",
    )
    second_approval_from = models.DecimalField(
        max_digits=19,
        decimal_places=4,
        default=0,
        help_text="In the currency of the case; 0 asks for a second person at any amount.",
    )

    class Meta:
        permissions = [
            ("decide_queue", "May take and decide its cases"),
            ("assign_queue", "May assign its cases to others"),
            ("approve_queue", "May give the second approval"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["tenant", "slug"], name="queue_slug_is_unique"),
            models.CheckConstraint(condition=Q(second_approval_from__gte=0), name="queue_threshold_not_negative"),
        ]

    def __str__(self) -> str:
        return self.name


class QueueUserPermission(UserObjectPermissionBase):
    """django-guardian's direct foreign key for people; rights are granted to groups, so it stays empty."""

    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)


class QueueGroupPermission(GroupObjectPermissionBase):
    """django-guardian's direct foreign key for groups."""

    content_object = models.ForeignKey(Queue, on_delete=models.CASCADE)


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
        null=True, blank=True, help_text="0 to 100; empty until a run has finished."
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
            models.Index(fields=["tenant", "-created_at", "-id"], name="case_newest"),
            models.Index(fields=["assignee"], condition=Q(state__in=OPEN_STATES), name="case_open_by_assignee"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.subject}"

    @property
    def reference(self) -> str:
        """The number with the capability's letter, as people write it: T-20871."""
        return f"{self.capability[:1].upper()}-{self.number}"

    @property
    def is_open(self) -> bool:
        return self.state != CaseState.DECIDED


class RunState(models.TextChoices):
    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"


class Run(TenantModel):
    """One attempt to get a recommendation for a case: outbox row, job record and provenance in one."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="runs")
    ordinal = models.PositiveSmallIntegerField(default=1)
    state = models.CharField(max_length=10, choices=RunState, default=RunState.WAITING)
    tries = models.PositiveSmallIntegerField(default=0, help_text="How often a worker has claimed it.")
    worker = models.CharField(max_length=100, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True, help_text="By the database's clock.")
    wake_at = models.DateTimeField(help_text="When the sweep rings for it, if nothing has finished it by then.")
    error = models.CharField(max_length=200, blank=True, help_text="The class of the last error; never its text.")
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["case", "ordinal"], name="run_ordinal_is_unique"),
            models.CheckConstraint(condition=Q(state__in=RunState.values), name="run_state_is_known"),
            models.CheckConstraint(
                condition=Q(state=RunState.RUNNING, lease_until__isnull=False)
                | ~Q(state=RunState.RUNNING) & Q(lease_until__isnull=True),
                name="run_has_lease_while_running",
            ),
            models.CheckConstraint(
                condition=Q(state__in=[RunState.DONE, RunState.FAILED], finished_at__isnull=False)
                | Q(state__in=[RunState.WAITING, RunState.RUNNING], finished_at__isnull=True),
                name="run_is_finished_with_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["wake_at"], condition=Q(state__in=[RunState.WAITING, RunState.RUNNING]), name="run_unfinished"
            ),
        ]

    def __str__(self) -> str:
        return f"Run {self.ordinal} of {self.case.reference}"


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


class Step(models.TextChoices):
    FIRST = "first", "Decision"
    SECOND = "second", "Second approval"
    RETURN = "return", "Sent back"


class Decision(TenantModel):
    """What a person decided. Immutable: a trigger refuses UPDATE and DELETE."""

    case = models.ForeignKey(Case, on_delete=models.PROTECT, related_name="decisions")
    case_version = models.PositiveIntegerField(help_text="The version that was on the screen.")
    step = models.CharField(max_length=10, choices=Step)
    outcome = models.CharField(max_length=20)
    recommendation = models.ForeignKey(
        Recommendation, null=True, blank=True, on_delete=models.PROTECT, related_name="decisions"
    )
    recommended = models.CharField(max_length=20, blank=True, help_text="What the recommendation on the screen said.")
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
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
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
        ]

    def __str__(self) -> str:
        return f"{self.outcome} on {self.case.reference}"

    @property
    def is_override(self) -> bool:
        """A first decision that differs from what was recommended."""
        return self.step == Step.FIRST and self.recommended not in {"", NO_VIEW, self.outcome}
