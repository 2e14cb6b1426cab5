"""The news that a month's budget is nearly or all spent, on its way from Redis into the audit trail."""

import logging
import uuid
from collections.abc import Iterable
from datetime import date

from django.db import DatabaseError

from fintech_ai.core.actors import Actor
from fintech_ai.core.redis import redis_client
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway.admission import keys
from fintech_ai.gateway.admission.services import budget_news_record

logger = logging.getLogger(__name__)

# What Redis notes when it happens, and what is recorded then.
KINDS = {"nearly_spent": "nearly_spent", "all_spent": "spent"}


def tell(tenant_id: uuid.UUID, news: Iterable[str]) -> None:
    """Record news such as "spent 2026-11". What fails here is told by the reconciliation."""
    for text in news:
        _, month = text.split()
        try:
            tell_month(tenant_id, date.fromisoformat(f"{month}-01"))
        except DatabaseError as error:
            logger.error("The budget of tenant %s: %s was not recorded: %s", tenant_id, text, type(error).__name__)


def tell_month(tenant_id: uuid.UUID, month: date) -> None:
    """Record whatever has happened to the month's budget and is not recorded yet.

    Raises:
        RedisError: Redis does not answer.
    """
    key = keys.month(tenant_id, month)
    fields = ["spent", "limit", *KINDS, *(f"{kind}_told" for kind in KINDS)]
    found = dict(zip(fields, redis_client().hmget(key, fields), strict=True))
    for kind, what in KINDS.items():
        if found[kind] is None or found[f"{kind}_told"] is not None:
            continue
        with tenant_scope(tenant_id):
            actor = Actor.system(tenant_id=tenant_id, name="budget")
            spent, limit = int(found["spent"]), int(found["limit"])
            if budget_news_record(actor=actor, what=what, month=month, spent=spent, limit=limit):
                logger.warning("The model budget of tenant %s for %s is %s", tenant_id, f"{month:%Y-%m}", what)
        redis_client().hset(key, f"{kind}_told", 1)
