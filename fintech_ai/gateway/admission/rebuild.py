"""The budgets in Redis are made from PostgreSQL, when they are asked for the first time or Redis has lost them.

Each is made from one statement, so from one moment: calls that are unfinished then hold what their row says, and all
others are in the ledger. Nobody enters before the budget is there. A call that ends while it is being made stays as a
hold, which is the safe side, until the reconciliation finds it.
"""

import uuid
from contextlib import suppress
from datetime import date

from django.db import connection
from redis.exceptions import LockError

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway.admission import keys, scripts

# Others wait for whoever is making it, but not for one that died on the way.
LOCK_SECONDS = 10
# A month is asked for until its last calls are settled; then it may go. A case may go whenever nobody asks for it.
MONTH_SECONDS = 40 * 24 * 60 * 60

MONTH = """
    SELECT
        (SELECT coalesce(sum(micro_usd), 0)::bigint
           FROM gateway_ledgerentry WHERE tenant_id = %(tenant)s AND month = %(month)s),
        (SELECT coalesce(json_agg(json_build_array(call.id, call.hold_micro_usd, call.case_id)), '[]')
           FROM gateway_modelcall call JOIN accounts_tenant tenant ON tenant.id = call.tenant_id
          WHERE call.tenant_id = %(tenant)s AND call.outcome = ''
            AND date_trunc('month', call.created_at AT TIME ZONE tenant.timezone)::date = %(month)s)
"""
CASE = """
    SELECT call_id, micro_usd FROM gateway_ledgerentry WHERE tenant_id = %(tenant)s AND case_id = %(case)s
    UNION ALL
    SELECT id, hold_micro_usd FROM gateway_modelcall
     WHERE tenant_id = %(tenant)s AND case_id = %(case)s AND outcome = ''
"""


def build(what: str, *, tenant_id: uuid.UUID, month: date, case_id: uuid.UUID | None) -> None:
    """Make the "month" or the "case", unless another process does so at this moment.

    Raises:
        RedisError: Redis does not answer.
    """
    of = keys.month(tenant_id, month) if what == "month" else keys.case(tenant_id, case_id)
    lock = redis_client().lock(keys.lock(of), timeout=LOCK_SECONDS, sleep=0.02, blocking_timeout=LOCK_SECONDS)
    if not lock.acquire():
        return
    try:
        if what == "month":
            build_month(tenant_id=tenant_id, month=month)
        else:
            build_case(tenant_id=tenant_id, case_id=case_id)
    finally:
        # Another may have it by now, if this took longer than the lock was lent for.
        with suppress(LockError):
            lock.release()


def build_month(*, tenant_id: uuid.UUID, month: date) -> None:
    """What the tenant has spent and holds in the month, unless Redis knows."""
    with connection.cursor() as cursor:
        cursor.execute(MONTH, {"tenant": tenant_id, "month": month})
        spent, calls = cursor.fetchone()
    held = []
    for call_id, hold, case_id in calls:
        held += [call_id, hold, keys.case(tenant_id, case_id) if case_id else ""]
    names = [keys.month(tenant_id, month), keys.live(tenant_id)]
    scripts.BUILD_MONTH(names, [spent, MONTH_SECONDS, keys.CALL_PREFIX, *held])


def build_case(*, tenant_id: uuid.UUID, case_id: uuid.UUID) -> None:
    """What each call for the case has cost or holds, unless Redis knows."""
    with connection.cursor() as cursor:
        cursor.execute(CASE, {"tenant": tenant_id, "case": case_id})
        calls = cursor.fetchall()
    scripts.BUILD_CASE([keys.case(tenant_id, case_id)], [str(value) for call in calls for value in call])
