"""Redis and the ledger are brought together: lost calls end, forgotten holds are settled, sums are compared."""

import logging
import uuid
from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.redis import redis_client
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway import records
from fintech_ai.gateway.admission import keys, rebuild, scripts
from fintech_ai.gateway.admission.gate import settle
from fintech_ai.gateway.admission.months import month_of
from fintech_ai.gateway.admission.news import tell_month
from fintech_ai.gateway.models import LedgerEntry, ModelCall

logger = logging.getLogger(__name__)

# A worker settles its call right after it has stored its end. Only what holds for longer is looked into.
SETTLED_BY_ITSELF_SECONDS = 3
# So long settled calls are remembered, to be told apart in a comparison with PostgreSQL.
REMEMBERED_SECONDS = 120
# A call that holds but has no row was rolled back with PostgreSQL itself; it is given this long to appear.
WITHOUT_ROW_SECONDS = 120
COMPARED_EVERY_SECONDS = 600

# What is charged, and each charge of the last minutes: some of them may not have reached Redis when it was read.
SPENT = """
    SELECT coalesce(sum(micro_usd), 0)::bigint,
           coalesce(json_object_agg(call_id, micro_usd) FILTER (WHERE created_at > now() - interval '10 minutes'), '{}')
      FROM gateway_ledgerentry WHERE tenant_id = %s AND month = %s
"""


@dataclass(frozen=True)
class Comparison:
    """A month's budget in Redis beside the truth, in micro-dollars.

    Args:
        spent, held: as Redis has them.
        charged: what the ledger says was spent, of the calls that Redis can know of.
        holding: the sum of what unfinished calls hold in Redis.
    """

    month: date
    spent: int
    held: int
    charged: int
    holding: int

    @property
    def agrees(self) -> bool:
        return self.spent == self.charged and self.held == self.holding


def reconcile() -> int:
    """Finish and settle what lost workers left behind, in all tenants; returns how many holds were freed.

    Raises:
        RedisError: Redis does not answer.
    """
    for call in _lost_calls():
        with tenant_scope(call.tenant_id):
            records.give_up(call)
    settled = 0
    for tenant in Tenant.objects.all():
        settled += _settle_forgotten(tenant.id)
        month = month_of(timezone.now(), tenant.timezone)
        tell_month(tenant.id, month)
        _compare_now_and_then(tenant.id, month)
    return settled


def compare(tenant_id: uuid.UUID, month: date, *, repair: bool = False) -> Comparison:
    """Redis beside the ledger; exact while calls come and go. With `repair`, Redis is made to say what the ledger says.

    PostgreSQL is read first. What Redis has settled since, or still holds, is left out on both sides.
    """
    rebuild.build("month", tenant_id=tenant_id, month=month, case_id=None)
    with connection.cursor() as cursor:
        cursor.execute(SPENT, [tenant_id, month])
        charged, lately = cursor.fetchone()
    names = [keys.month(tenant_id, month), keys.live(tenant_id)]
    spent, held, holding, settled = scripts.LOOK_MONTH(names, ["yes" if repair else "", keys.CALL_PREFIX])
    holding, settled = _pairs(holding), _pairs(settled)
    unsure = sum(lately.get(call_id, 0) for call_id in {*holding, *settled})
    charged += sum(settled.values()) - unsure
    found = Comparison(month, int(spent), int(held), charged, sum(holding.values()))
    if repair and found.spent != found.charged:
        redis_client().hincrby(names[0], "spent", found.charged - found.spent)
    return found


def _lost_calls() -> list[ModelCall]:
    return list(ModelCall.across_tenants.filter(outcome="", lease_until__lt=Now()))


def _settle_forgotten(tenant_id: uuid.UUID) -> int:
    """Settle calls that are finished in PostgreSQL and still hold: their worker died in between, or Redis was away."""
    now, calls = redis_client().time()[0], keys.live(tenant_id)
    redis_client().zremrangebyscore(calls, REMEMBERED_SECONDS - now, 0)
    found = redis_client().zrangebyscore(calls, 0, now - SETTLED_BY_ITSELF_SECONDS, withscores=True)
    since = {uuid.UUID(call_id.decode()): score for call_id, score in found}
    if not since:
        return 0
    with tenant_scope(tenant_id):
        unfinished = set(ModelCall.objects.filter(id__in=since, outcome="").values_list("id", flat=True))
        charges = dict(LedgerEntry.objects.filter(call__in=since).values_list("call_id", "micro_usd"))
    patience = settings.MODEL_CALL_DEADLINE_SECONDS + WITHOUT_ROW_SECONDS
    forgotten = {
        call_id: charges.get(call_id, 0)
        for call_id, score in since.items()
        if call_id in charges or (call_id not in unfinished and score < now - patience)
    }
    for call_id, charge in forgotten.items():
        settle(tenant_id=tenant_id, call_id=call_id, cost=charge)
    return len(forgotten)


def _compare_now_and_then(tenant_id: uuid.UUID, month: date) -> None:
    key = f"{keys.month(tenant_id, month)}:compared"
    if not redis_client().set(key, 1, nx=True, ex=COMPARED_EVERY_SECONDS):
        return
    found = compare(tenant_id, month, repair=True)
    if not found.agrees:
        logger.error(
            "The budget of tenant %s was mended: Redis said spent %d and held %d, the truth is %d and %d micro-dollars",
            tenant_id, found.spent, found.held, found.charged, found.holding,
        )  # fmt: skip


def _pairs(values: list[bytes]) -> dict[str, int]:
    return {values[i].decode(): int(values[i + 1]) for i in range(0, len(values), 2)}
