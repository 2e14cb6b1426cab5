"""What is in force for the tenant in scope: whom to ask, by which prompt, and for how much money.

Where the tenant has chosen nothing, the defaults hold: every provider that is configured here with its own default
model, the endpoint's own version of the prompt, and the budgets of the settings.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.gateway.admission.months import month_of
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers import configured
from fintech_ai.gateway.targets import Target


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

    @property
    def month(self) -> date:
        """The first day of the present month in the tenant's time zone."""
        return self.month_of(timezone.now())

    def month_of(self, at: datetime) -> date:
        """The first day of the month in which `at` falls there: the month whose budget pays."""
        return month_of(at, self.timezone)

    def targets(self, endpoint: str) -> tuple[Target, ...]:
        """Whom to ask, in this order; only providers that are configured here."""
        return tuple(Target(name, provider.default_model) for name, provider in configured().items())

    def prompt(self, endpoint: Endpoint) -> Prompt:
        """The version of the endpoint's prompt that is active."""
        return endpoint.prompt()

    def challenger(self, endpoint: Endpoint) -> Challenger | None:
        """The version that is tried in shadow, if any."""
        return None

    def vendor_problem(self, provider: str, endpoint: str) -> str:
        """Why the vendor may not be sent anything for this endpoint; "" if it may."""
        return ""


def in_force() -> InForce:
    """What is in force for the tenant in scope."""
    return InForce(
        timezone=Tenant.objects.values_list("timezone", flat=True).get(id=current_tenant_id()),
        budget=Limits(
            request_usd=settings.MODEL_BUDGET_REQUEST_USD,
            case_usd=settings.MODEL_BUDGET_CASE_USD,
            month_usd=settings.MODEL_BUDGET_MONTH_USD,
        ),
        rate=settings.MODEL_RATE_TENANT_PER_MINUTE,
    )
