"""One logical call through the gateway and what was charged for it, and what can never be true of them.

The row is written before the provider is asked, so that a worker that dies on the way leaves a trace, and finished
once. A finished row never changes: migration 0002_finished_calls_stay.
"""

from django.db import models
from django.db.models import F, Func, IntegerField, Q
from django.db.models.lookups import LessThanOrEqual

from fintech_ai.core.tenancy import TenantModel

MAX_ATTEMPTS = 3
SHA256 = r"^[0-9a-f]{64}$"


class CallRole(models.TextChoices):
    """What a call is for. Only the answer of a primary call is ever shown to those who work cases."""

    PRIMARY = "primary", "Answer"
    SHADOW = "shadow", "Challenger in shadow"
    REPLAY = "replay", "Run again"


class Outcome(models.TextChoices):
    ANSWERED = "answered", "Answered"
    REPAIRED = "repaired", "Answered after a repair"
    DEGRADED = "degraded", "Not answered"


class DegradedReason(models.TextChoices):
    """Why no model answered. The labels are for people and stand after "No model answered:"."""

    NO_PROVIDER = "no_provider", "none is configured"
    NO_REVIEWED_VENDOR = "no_reviewed_vendor", "no vendor has a current review"
    BUDGET_SPENT = "budget_spent", "the budget is spent"
    LIMITS_UNAVAILABLE = "limits_unavailable", "the limits could not be checked"
    CIRCUIT_OPEN = "circuit_open", "the provider has been failing and is left alone"
    REDACTION_FAILED = "redaction_failed", "personal data could not be masked"
    VAULT_CLOSED = "vault_closed", "what is sent could not be stored encrypted"
    TIMEOUT = "timeout", "it took too long"
    UNREACHABLE = "unreachable", "the provider could not be reached"
    RATE_LIMITED = "rate_limited", "the provider's rate limit was reached"
    QUOTA_SPENT = "quota_spent", "the account at the provider has no credit left"
    NOT_AUTHORISED = "not_authorised", "the provider did not accept the key"
    REJECTED = "rejected", "the provider rejected the request"
    PROVIDER_ERROR = "provider_error", "the provider failed"
    INVALID_REPLY = "invalid_reply", "the reply did not fit the schema"
    TRUNCATED = "truncated", "the reply was cut off"
    FILTERED = "filtered", "the provider's content filter stopped the reply"
    REFUSED = "refused", "the model refused"
    TOOLS_EXHAUSTED = "tools_exhausted", "the model looked things up without coming to an answer"
    WORKER_LOST = "worker_lost", "the worker was lost on the way"
    KEY_REUSED = "key_reused", "the same key was used for another question"
    IN_PROGRESS = "in_progress", "another worker is asking the same"


class ModelCall(TenantModel):
    """One question to a model with its attempts, tokens, cost and outcome: the provenance of an answer.

    What was sent and received lies encrypted in CallContent; `reply` is the answer as it was validated, which a second
    call with the same idempotency key gets without asking again.
    """

    role = models.CharField(max_length=10, choices=CallRole, default=CallRole.PRIMARY)
    original = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="repeats",
        help_text="The call that this one repeats, in shadow or in a replay.",
    )  # fmt: skip
    case_id = models.UUIDField(null=True, blank=True, help_text="The case that it was for, if any.")
    idempotency_key = models.CharField(max_length=200)
    request_sha256 = models.CharField(max_length=64, help_text="Of everything that was asked.")
    endpoint = models.CharField(max_length=60, help_text="What asked, such as triage.recommend.")
    subject = models.CharField(max_length=100, help_text="What it was asked for, such as run:<id>.")
    prompt_id = models.CharField(max_length=60)
    prompt_version = models.PositiveSmallIntegerField()
    prompt_sha256 = models.CharField(max_length=64, help_text="Of the prompt file's bytes.")
    schema_sha256 = models.CharField(max_length=64, help_text="Of the JSON schema that was sent.")
    provider = models.CharField(max_length=20, help_text="Who answered, or was asked last.")
    model_requested = models.CharField(max_length=100)
    model_returned = models.CharField(max_length=100, blank=True)
    parameters = models.JSONField(default=dict)
    outcome = models.CharField(
        max_length=10, choices=Outcome, blank=True, help_text="Empty while it runs, or if the worker died."
    )
    degraded_reason = models.CharField(max_length=20, choices=DegradedReason, blank=True)
    reply = models.JSONField(null=True, blank=True)
    attempts = models.JSONField(
        default=list,
        help_text="For each: number, kind (first, retry, fallback, repair), provider, model, started, latency_ms, "
        "http_status, error, tokens.",
    )
    lookups = models.JSONField(
        default=list, help_text="What the model looked up with tools: tool, arguments, error, latency_ms."
    )
    masked = models.JSONField(default=dict, help_text="How many values of each kind were masked before it left.")
    tokens_input = models.PositiveIntegerField(
        null=True, blank=True, help_text="Of all attempts, the cached ones included. Empty if a reply did not say."
    )
    tokens_cached = models.PositiveIntegerField(null=True, blank=True)
    tokens_output = models.PositiveIntegerField(null=True, blank=True)
    cost_usd = models.DecimalField(
        max_digits=12,
        decimal_places=6,
        null=True,
        blank=True,
        help_text="Of all attempts, by the list price. Empty, and not 0, where the price or the tokens are not known.",
    )
    price_list = models.CharField(max_length=40, blank=True, help_text="Where the price is from.")
    price_date = models.DateField(null=True, blank=True, help_text="The day whose price was taken.")
    hold_micro_usd = models.PositiveBigIntegerField(
        default=0, help_text="Held of the budget while it runs: what it can cost at most, in millionths of a dollar."
    )
    first_token_ms = models.PositiveIntegerField(null=True, blank=True, help_text="Only where the reply is streamed.")
    latency_ms = models.PositiveIntegerField(null=True, blank=True, help_text="Of the whole call, waits included.")
    lease_until = models.DateTimeField(
        null=True, blank=True, help_text="By the database's clock; after it the worker is taken for dead."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["tenant", "idempotency_key"], name="model_call_key_is_unique"),
            models.CheckConstraint(
                condition=~Q(idempotency_key="") & ~Q(endpoint="") & ~Q(subject="") & ~Q(prompt_id=""),
                name="model_call_says_what_was_asked",
            ),
            models.CheckConstraint(
                condition=~Q(provider="") & ~Q(model_requested=""), name="model_call_says_who_was_asked"
            ),
            models.CheckConstraint(
                condition=Q(request_sha256__regex=SHA256, prompt_sha256__regex=SHA256, schema_sha256__regex=SHA256),
                name="model_call_hashes_are_sha256",
            ),
            models.CheckConstraint(condition=Q(outcome__in=["", *Outcome.values]), name="model_call_outcome_is_known"),
            models.CheckConstraint(
                condition=Q(role=CallRole.PRIMARY, original__isnull=True)
                | Q(role__in=[CallRole.SHADOW, CallRole.REPLAY], original__isnull=False),
                name="model_call_repeats_have_an_original",
            ),
            models.CheckConstraint(
                condition=Q(outcome="") | Q(hold_micro_usd=0), name="model_call_holds_while_it_runs"
            ),
            models.CheckConstraint(
                condition=Q(outcome="", finished_at__isnull=True, lease_until__isnull=False)
                | ~Q(outcome="") & Q(finished_at__isnull=False, lease_until__isnull=True, latency_ms__isnull=False),
                name="model_call_is_finished_with_outcome_and_time",
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.DEGRADED, degraded_reason__in=DegradedReason.values)
                | ~Q(outcome=Outcome.DEGRADED) & Q(degraded_reason=""),
                name="model_call_degraded_has_reason",
            ),
            models.CheckConstraint(
                condition=Q(outcome__in=[Outcome.ANSWERED, Outcome.REPAIRED], reply__isnull=False)
                | Q(outcome__in=["", Outcome.DEGRADED], reply__isnull=True),
                name="model_call_has_reply_if_answered",
            ),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    Func(F("attempts"), function="jsonb_array_length", output_field=IntegerField()), MAX_ATTEMPTS
                ),
                name="model_call_has_3_attempts_at_most",
            ),
            models.CheckConstraint(
                condition=Q(tokens_input__isnull=True, tokens_cached__isnull=True, tokens_output__isnull=True)
                | Q(tokens_input__gte=F("tokens_cached"), tokens_output__isnull=False),
                name="model_call_tokens_are_whole",
            ),
            models.CheckConstraint(
                condition=Q(cost_usd__isnull=True, price_date__isnull=True, price_list="")
                | Q(cost_usd__gte=0, price_date__isnull=False, tokens_input__isnull=False) & ~Q(price_list=""),
                name="model_call_cost_has_price_and_tokens",
            ),
        ]
        indexes = [
            models.Index(fields=["original"], condition=Q(original__isnull=False), name="model_call_repeats"),
            models.Index(fields=["tenant", "-created_at", "-id"], name="model_call_newest"),
            models.Index(fields=["tenant", "subject"], name="model_call_by_subject"),
            models.Index(fields=["lease_until"], condition=Q(outcome=""), name="model_call_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.endpoint} for {self.subject}"

    @property
    def prompt_label(self) -> str:
        """The prompt with its version: triage.recommend-v1."""
        return f"{self.prompt_id}-v{self.prompt_version}"


class ChargeKind(models.TextChoices):
    """How sure a charge is. What could not be counted is charged as the most that it can have cost."""

    COUNTED = "counted", "By the tokens that the provider counted"
    ASSUMED = "assumed", "Not counted, so the most that it can have cost"


class LedgerEntry(TenantModel):
    """What a call was charged to the budgets of its month and case. Written with the end of the call; never changes.

    The budgets in Redis are made from this and from the holds of unfinished calls, and agree with them to the
    micro-dollar.
    """

    call = models.OneToOneField(ModelCall, on_delete=models.PROTECT, related_name="charge")
    case_id = models.UUIDField(null=True, blank=True)
    month = models.DateField(help_text="The first day of the month, in the tenant's time zone, in which it began.")
    micro_usd = models.PositiveBigIntegerField(help_text="Millionths of a dollar.")
    kind = models.CharField(max_length=10, choices=ChargeKind)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name_plural = "ledger entries"
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=ChargeKind.values), name="ledger_kind_is_known"),
            models.CheckConstraint(condition=Q(month__day=1), name="ledger_month_is_its_first_day"),
        ]
        indexes = [
            models.Index(fields=["tenant", "month"], include=["micro_usd"], name="ledger_by_month"),
            models.Index(fields=["tenant", "case_id"], include=["micro_usd"], name="ledger_by_case"),
        ]

    def __str__(self) -> str:
        return f"{self.micro_usd} µ$ for {self.call_id}"
