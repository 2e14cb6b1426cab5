"""What has a tenant spent on models, and what may it still? For pages and people."""

import uuid
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.utils import timezone
from redis.exceptions import RedisError

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.redis import redis_client
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway.admission import keys, rebuild
from fintech_ai.gateway.admission.money import dollars, micro_dollars
from fintech_ai.gateway.admission.months import end_of, month_of
from fintech_ai.gateway.configuration import in_force

NEARLY = Decimal("0.8")


@dataclass(frozen=True)
class BudgetState:
    """A tenant's model budget in the present calendar month of its own time zone, in US dollars.

    Args:
        spent: what finished calls have cost.
        held: what unfinished ones can cost at most.
        resets_at: the first moment of the next month.
        short: the least that was asked for and was not there; None if nothing was refused.
        is_known: False while Redis does not answer: then no model is asked, and `spent` and `held` are 0.
    """

    month: date
    spent: Decimal
    held: Decimal
    limit: Decimal
    resets_at: datetime
    short: Decimal | None
    is_known: bool

    @property
    def is_spent(self) -> bool:
        """Whether nothing is left, or less than what was asked for and refused."""
        return self.is_known and self.limit - self.spent < (self.short or Decimal("0.000001"))

    @property
    def is_nearly_spent(self) -> bool:
        """Whether 80% of it is gone."""
        return self.is_known and self.spent >= NEARLY * self.limit

    @property
    def share(self) -> Decimal:
        """Of the limit that is spent, from 0 to 1."""
        return min(self.spent / self.limit, Decimal(1)) if self.limit else Decimal(1)


def budget_state(tenant: Tenant) -> BudgetState:
    """What the tenant's budgets are at now."""
    month = month_of(timezone.now(), tenant.timezone)
    with tenant_scope(tenant.id):
        limit = in_force().budget.month_usd
    try:
        spent, held, short = _figures(tenant.id, month)
    except RedisError:
        known, spent, held, short = False, 0, 0, None
    else:
        known = True
    return BudgetState(
        month=month,
        spent=dollars(spent),
        held=dollars(held),
        limit=dollars(micro_dollars(limit)),
        resets_at=end_of(month, tenant.timezone),
        short=dollars(short) if short is not None else None,
        is_known=known,
    )


def _figures(tenant_id: uuid.UUID, month: date) -> tuple[int, int, int | None]:
    key = keys.month(tenant_id, month)
    fields = ["built", "spent", "held", "short"]
    built, spent, held, short = redis_client().hmget(key, fields)
    if built is None:
        rebuild.build("month", tenant_id=tenant_id, month=month, case_id=None)
        built, spent, held, short = redis_client().hmget(key, fields)
    return int(spent or 0), int(held or 0), int(short) if short is not None else None
