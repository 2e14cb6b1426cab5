"""What is in force for the tenant in scope: whom to ask, by which prompt, for how much money, and for whom it vouches.

Where the tenant has chosen nothing, defaults hold: every provider that is configured here with its own default model,
the endpoint's own version of the prompt, the budgets of the settings. Only vendors have no default: without a current
review nothing is sent to one.

A process remembers a tenant's configuration for REMEMBERED_SECONDS, so that a change is in force everywhere after that.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.gateway.admission.months import month_of
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import BudgetLimits, PromptChoice, Route, VendorReview
from fintech_ai.gateway.models.configuration import VENDORS
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers import configured
from fintech_ai.gateway.targets import Target

REMEMBERED_SECONDS = 5.0


@dataclass(frozen=True)
class Limits:
    """The most that may be spent on one request, on one case, and in one calendar month of the tenant's time zone."""

    request_usd: Decimal
    case_usd: Decimal
    month_usd: Decimal


@dataclass(frozen=True)
class Challenger:
    """A version of a prompt that is tried in shadow, on a share (0 to 1) of the calls."""

    prompt: Prompt
    share: float


@dataclass(frozen=True)
class InForce:
    """The configuration of one tenant at one moment."""

    timezone: str
    budget: Limits
    rate: int
    routes: Mapping[str, tuple[Target, ...]]
    prompts: Mapping[str, PromptChoice]
    reviews: Mapping[str, VendorReview]

    @property
    def month(self) -> date:
        """The first day of the present month in the tenant's time zone."""
        return self.month_of(timezone.now())

    def month_of(self, at: datetime) -> date:
        """The first day of the month in which `at` falls there: the month whose budget pays."""
        return month_of(at, self.timezone)

    @property
    def today(self) -> date:
        """The day that it is in the tenant's time zone."""
        return timezone.now().astimezone(ZoneInfo(self.timezone)).date()

    def targets(self, endpoint: str) -> tuple[Target, ...]:
        """Whom to ask, in this order: the tenant's route, or every provider that is configured here."""
        if endpoint in self.routes:
            return self.routes[endpoint]
        return tuple(Target(name, provider.default_model) for name, provider in configured().items())

    def prompt(self, endpoint: Endpoint) -> Prompt:
        """The version of the endpoint's prompt that is active.

        Raises:
            ImproperlyConfigured: the file of the version that was chosen is gone.
        """
        choice = self.prompts.get(endpoint.name)
        return endpoint.prompt(choice.version if choice else None)

    def challenger(self, endpoint: Endpoint) -> Challenger | None:
        """The version that is tried in shadow, if any."""
        choice = self.prompts.get(endpoint.name)
        if choice is None or choice.challenger is None:
            return None
        return Challenger(endpoint.prompt(choice.challenger), float(choice.shadow_percent) / 100)

    def vendor_problem(self, provider: str, endpoint: str) -> str:
        """Why the vendor may not be sent anything for this endpoint; "" if it may."""
        review = self.reviews.get(provider)
        if review is None:
            return f"There is no approved review of {dict(VENDORS)[provider]}, so nothing is sent to it."
        return review.problem(endpoint=endpoint, today=self.today)


_remembered: dict[uuid.UUID, tuple[InForce, float]] = {}


def in_force() -> InForce:
    """What is in force for the tenant in scope."""
    tenant_id = current_tenant_id()
    known, until = _remembered.get(tenant_id, (None, 0.0))
    if known is None or time.monotonic() > until:
        known = _read(tenant_id)
        _remembered[tenant_id] = known, time.monotonic() + REMEMBERED_SECONDS
    return known


def forget() -> None:
    """Read everything anew the next time, in this process."""
    _remembered.clear()


def _read(tenant_id: uuid.UUID) -> InForce:
    chosen = BudgetLimits.objects.in_force().first()
    return InForce(
        timezone=Tenant.objects.values_list("timezone", flat=True).get(id=tenant_id),
        budget=Limits(
            request_usd=chosen.request_usd if chosen else settings.MODEL_BUDGET_REQUEST_USD,
            case_usd=chosen.case_usd if chosen else settings.MODEL_BUDGET_CASE_USD,
            month_usd=chosen.month_usd if chosen else settings.MODEL_BUDGET_MONTH_USD,
        ),
        rate=chosen.requests_per_minute if chosen else settings.MODEL_RATE_TENANT_PER_MINUTE,
        routes={
            route.endpoint: tuple(Target.parse(target) for target in route.targets)
            for route in Route.objects.in_force()
        },
        prompts={choice.endpoint: choice for choice in PromptChoice.objects.in_force()},
        reviews={review.vendor: review for review in VendorReview.objects.in_force()},
    )
