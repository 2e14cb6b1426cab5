"""What a tenant has chosen: whom to ask, by which prompts, for how much money, and which vendors it has reviewed.

Each row is a proposal that a second person approves (accounts.four_eyes); the last approved one of its key is in force.
"""

from datetime import date
from decimal import Decimal

from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import models
from django.db.models import F, Q

from fintech_ai.accounts.four_eyes.models import Proposal
from fintech_ai.gateway.targets import PROVIDERS, Target

MOST_TARGETS = 4
MOST_SHADOW_PERCENT = 50
VENDORS = [
    ("openai", "OpenAI"),
    ("azure", "Microsoft Azure OpenAI"),
    ("anthropic", "Anthropic"),
    ("compatible", "A server with OpenAI's protocol"),
]


def check_endpoint(name: str) -> None:
    """Refuse a name that no endpoint has."""
    from fintech_ai.gateway.endpoints import all_endpoints

    names = [endpoint.name for endpoint in all_endpoints()]
    if name not in names:
        raise ValidationError(f"There is no endpoint {name!r}. There are: {', '.join(names)}.")


def check_targets(targets: list) -> None:
    """Refuse a route that leads nowhere, or twice to the same place."""
    if not isinstance(targets, list) or not 1 <= len(targets) <= MOST_TARGETS:
        raise ValidationError(f"Name between one and {MOST_TARGETS} targets, such as openai/gpt-4.1-mini.")
    for target in targets:
        try:
            Target.parse(str(target))
        except ValueError as error:
            raise ValidationError(str(error)) from error
    if len(set(targets)) < len(targets):
        raise ValidationError("Name each target once.")


class Route(Proposal):
    """Whom to ask for an endpoint, in this order."""

    KEY = ("endpoint",)
    VALUES = ("targets",)

    endpoint = models.CharField(max_length=60, validators=[check_endpoint])
    targets = models.JSONField(validators=[check_targets], help_text='In their order: ["openai/gpt-4.1-mini", …].')


class PromptChoice(Proposal):
    """Which version of a prompt is active, and which is tried in shadow. The hashes are those of the files."""

    KEY = ("endpoint",)
    VALUES = ("version", "sha256", "challenger", "challenger_sha256", "shadow_percent")

    endpoint = models.CharField(max_length=60, validators=[check_endpoint])
    version = models.PositiveSmallIntegerField()
    sha256 = models.CharField("hash of its file", max_length=64, editable=False)
    challenger = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="A version whose answers are stored to be compared, and never shown."
    )
    challenger_sha256 = models.CharField("hash of the challenger's file", max_length=64, blank=True, editable=False)
    shadow_percent = models.DecimalField(
        "share in shadow, percent",
        max_digits=4,
        decimal_places=1,
        default=0,
        help_text="The share of calls that the challenger is asked too.",
    )

    class Meta(Proposal.Meta):
        constraints = [
            *Proposal.Meta.constraints,
            models.CheckConstraint(
                condition=Q(shadow_percent__gte=0, shadow_percent__lte=MOST_SHADOW_PERCENT),
                name="prompt_choice_shadow_is_a_share",
            ),
            models.CheckConstraint(
                condition=Q(challenger__isnull=True, shadow_percent=0)
                | Q(challenger__isnull=False, shadow_percent__gt=0) & ~Q(challenger=F("version")),
                name="prompt_choice_challenger_has_a_share",
            ),
        ]

    def clean(self) -> None:
        """Take the hashes from the files, so that what is approved is what is used."""
        self.sha256 = self._hash(self.version, "version")
        self.challenger_sha256 = self._hash(self.challenger, "challenger") if self.challenger else ""
        if self.challenger and not 0 < self.shadow_percent <= MOST_SHADOW_PERCENT:
            raise ValidationError({"shadow_percent": f"Say a share above 0 and up to {MOST_SHADOW_PERCENT} percent."})
        if self.shadow_percent and not self.challenger:
            raise ValidationError({"challenger": "Name the version that is tried on this share of calls."})
        if self.challenger == self.version:
            raise ValidationError({"challenger": "This version is the active one already."})

    def _hash(self, version: int | None, field: str) -> str:
        from fintech_ai.gateway.endpoints import endpoint_named

        try:
            endpoint = endpoint_named(self.endpoint)
        except KeyError:
            return ""
        try:
            return endpoint.prompt(version).sha256
        except ImproperlyConfigured:
            known = ", ".join(map(str, endpoint.versions()))
            raise ValidationError(
                {field: f"There is no version {version} of this prompt. There are: {known}."}
            ) from None


class BudgetLimits(Proposal):
    """The most that may be spent, and asked per minute."""

    VALUES = ("request_usd", "case_usd", "month_usd", "requests_per_minute")

    request_usd = models.DecimalField("one request, USD", max_digits=10, decimal_places=4)
    case_usd = models.DecimalField("one case, USD", max_digits=10, decimal_places=4)
    month_usd = models.DecimalField("one month, USD", max_digits=12, decimal_places=2)
    requests_per_minute = models.PositiveIntegerField()

    class Meta(Proposal.Meta):
        verbose_name = verbose_name_plural = "budget limits"
        constraints = [
            *Proposal.Meta.constraints,
            models.CheckConstraint(
                condition=Q(request_usd__gte=0, case_usd__gte=0, month_usd__gte=0, requests_per_minute__gte=1),
                name="budget_limits_are_amounts",
            ),
        ]

    def clean(self) -> None:
        for name in ("request_usd", "case_usd", "month_usd"):
            amount: Decimal | None = getattr(self, name)
            if amount is not None and amount < 0:
                raise ValidationError({name: "Say 0 or more. With 0 no model is asked."})
        if self.requests_per_minute is not None and self.requests_per_minute < 1:
            raise ValidationError({"requests_per_minute": "Say 1 or more."})


class VendorReview(Proposal):
    """What is known of a vendor, by the day of its review. Without one that is current, nothing is sent to it."""

    KEY = ("vendor",)
    VALUES = (
        "legal_name", "purpose", "region", "retention", "dpa", "dpa_signed_on", "sub_processors", "endpoints",
        "reviewed_on", "valid_until",
    )  # fmt: skip

    vendor = models.CharField(max_length=20, choices=VENDORS)
    legal_name = models.CharField(max_length=200, help_text="Whom the contract is with.")
    purpose = models.CharField(max_length=300, help_text="What it processes data for.")
    region = models.CharField(max_length=100, help_text="Where it processes data, such as EU (Ireland).")
    retention = models.CharField(max_length=200, help_text="How long it keeps what is sent.")
    dpa = models.CharField("data processing agreement", max_length=200, help_text="Its reference, or where it is.")
    dpa_signed_on = models.DateField("agreement signed on", null=True, blank=True)
    sub_processors = models.TextField(blank=True, max_length=2_000, help_text="One on each line.")
    endpoints = models.JSONField(default=list, blank=True, help_text="What it may be asked for. Empty: everything.")
    reviewed_on = models.DateField()
    valid_until = models.DateField(help_text="The last day on which it may be sent anything without a new review.")

    class Meta(Proposal.Meta):
        constraints = [
            *Proposal.Meta.constraints,
            models.CheckConstraint(condition=Q(vendor__in=PROVIDERS), name="vendor_review_vendor_is_known"),
            models.CheckConstraint(
                condition=Q(valid_until__gte=F("reviewed_on")), name="vendor_review_ends_after_it_begins"
            ),
        ]

    def clean(self) -> None:
        if not isinstance(self.endpoints, list):
            raise ValidationError({"endpoints": "Name the endpoints in a list, or leave it empty for all."})
        try:
            for name in self.endpoints:
                check_endpoint(name)
        except ValidationError as error:
            raise ValidationError({"endpoints": error.messages}) from error
        if self.reviewed_on and self.valid_until and self.valid_until < self.reviewed_on:
            raise ValidationError({"valid_until": "A review cannot end before the day on which it was made."})

    def problem(self, *, endpoint: str, today: date) -> str:
        """Why nothing may be sent to the vendor for this endpoint; "" if it may."""
        if today > self.valid_until:
            return f"The review of {self.get_vendor_display()} ended on {self.valid_until:%-d %B %Y}."
        if today < self.reviewed_on:
            return f"The review of {self.get_vendor_display()} begins on {self.reviewed_on:%-d %B %Y}."
        if self.endpoints and endpoint not in self.endpoints:
            return f"The review of {self.get_vendor_display()} does not cover {endpoint}."
        return ""
