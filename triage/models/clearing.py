"""Automatic clearing: the policy that allows it, what was measured before, and every case that it touched."""

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q

from fintech_ai.accounts.four_eyes.models import Proposal
from fintech_ai.cases.models import Case, Queue
from fintech_ai.core.tenancy import TenantModel


class ClearingPolicy(Proposal):
    """What share of the frauds of a queue may be cleared without a person. Without one, or at 0%, nothing is."""

    KEY = ("queue",)
    VALUES = ("max_miss_percent", "audit_percent", "below_amount")

    queue = models.SlugField("short name of the queue", max_length=60)
    max_miss_percent = models.DecimalField(
        "largest share missed, %",
        max_digits=4,
        decimal_places=1,
        validators=[MinValueValidator(0), MaxValueValidator(20)],
        help_text="Of the frauds of a week, or of as many weeks as bring a hundred frauds. 0 clears nothing.",
    )
    audit_percent = models.DecimalField(
        "share shown to people all the same, %",
        max_digits=4,
        decimal_places=1,
        default=5,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text="Drawn at random among the cases that could be cleared. Nobody can tell which they are.",
    )
    below_amount = models.DecimalField(
        max_digits=19,
        decimal_places=4,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
        help_text="Only cases of a lower amount, in their own currency. Empty: of any amount.",
    )

    class Meta(Proposal.Meta):
        verbose_name = "policy for automatic clearing"
        verbose_name_plural = "policies for automatic clearing"
        constraints = [
            *Proposal.Meta.constraints,
            models.CheckConstraint(
                condition=Q(max_miss_percent__gte=0, max_miss_percent__lte=20), name="clearing_policy_miss_is_bounded"
            ),
            models.CheckConstraint(
                condition=Q(audit_percent__gte=1, audit_percent__lte=100), name="clearing_policy_always_audits"
            ),
        ]

    def clean(self) -> None:
        """A queue of the tenant that holds alerts."""
        from django.core.exceptions import ValidationError

        if not Queue.objects.filter(slug=self.queue, capability="triage").exists():
            raise ValidationError({"queue": "There is no queue for alerts with this short name."})

    @property
    def miss(self) -> float:
        """The largest share missed, 0 to 1."""
        return float(self.max_miss_percent) / 100

    @property
    def title(self) -> str:
        """What a decision under it says of itself."""
        return f"Automatic clearing: at most {self.max_miss_percent.normalize():f}% of frauds missed"


class ClearingCheck(TenantModel):
    """Whether a policy may be followed, and below which chance, by what was known. Immutable."""

    policy = models.ForeignKey(ClearingPolicy, on_delete=models.PROTECT, related_name="checks")
    checked_at = models.DateTimeField(auto_now_add=True)
    model_sha256 = models.CharField("hash of the model", max_length=64, blank=True)
    is_on = models.BooleanField()
    stops = models.BooleanField(help_text="It stays off until officers approve a policy anew.")
    why = models.CharField(max_length=300, blank=True, help_text="Why it is off.")
    threshold = models.FloatField(null=True, help_text="Cases of a lower chance of fraud are cleared.")
    cases = models.PositiveIntegerField(help_text="Cases with a known outcome that the threshold comes from.")
    frauds = models.PositiveIntegerField(help_text="Frauds among them.")
    cleared = models.PositiveIntegerField(help_text="Cases cleared in the last 28 days with a known outcome.")
    missed = models.PositiveIntegerField(help_text="Frauds among those.")
    shift = models.FloatField(null=True, help_text="Population stability index of the last seven days.")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(is_on=True, threshold__isnull=False, why="", stops=False) | Q(is_on=False) & ~Q(why=""),
                name="clearing_check_is_on_or_says_why",
            ),
        ]
        indexes = [models.Index(fields=["policy", "-checked_at"], name="clearing_check_newest")]

    def __str__(self) -> str:
        return f"{'on' if self.is_on else 'off'}, {self.checked_at:%Y-%m-%d %H:%M}"


class Clearing(TenantModel):
    """A case that the policy could clear, and whether it did or it was drawn to be shown to people. Immutable."""

    case = models.OneToOneField(Case, on_delete=models.PROTECT, related_name="+")
    check_followed = models.ForeignKey(ClearingCheck, on_delete=models.PROTECT, related_name="clearings")
    chance = models.FloatField(help_text="Of fraud, 0 to 1.")
    for_audit = models.BooleanField(help_text="Drawn to be shown to people all the same.")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(chance__gte=0, chance__lte=1), name="clearing_chance_is_a_share"),
        ]

    def __str__(self) -> str:
        return f"{self.case.reference}, {'shown to people' if self.for_audit else 'cleared'}"
