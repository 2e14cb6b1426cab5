"""Requests that ask to be let in, and the calls that they are of."""

import threading
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models.functions import Now
from django.utils import timezone

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import admission
from fintech_ai.gateway.admission import keys
from fintech_ai.gateway.admission.months import month_of
from fintech_ai.gateway.models import ChargeKind, LedgerEntry, ModelCall, Outcome
from fintech_ai.gateway.targets import Target
from tests.support.cast import House

DIGEST = "a" * 64


@dataclass(frozen=True)
class Limits:
    """Budgets in dollars, wide enough for tests that are about something else."""

    request_usd: Decimal = Decimal(10)
    case_usd: Decimal = Decimal(100)
    month_usd: Decimal = Decimal(1000)


def limits(**usd: str) -> Limits:
    """Budgets of which the named ones are tight: limits(month="0.50")."""
    return Limits(**{f"{name}_usd": Decimal(value) for name, value in usd.items()})


def a_target() -> Target:
    """A model that no other test asks."""
    return Target("openai", f"model-{uuid.uuid4().hex[:12]}")


def enter(tenant_id: uuid.UUID, *, wait: float = 0, **changes: Any) -> admission.Entered | admission.Refused:
    """Ask to be let in; by default for a call of its own that holds 0.10 dollars, without waiting."""
    fields = {
        "call_id": uuid.uuid4(),
        "attempt": 1,
        "target": a_target(),
        "case_id": None,
        "hold": 100_000,
        "tokens": 100,
        "limits": Limits(),
        "rate": 0,
        "month": date(2026, 11, 1),
        "deadline": time.monotonic() + wait,
    }
    return admission.enter(tenant_id=tenant_id, **{**fields, **changes})


def all_at_once(work: Callable[[int], Any], count: int) -> list[Any]:
    """What `work` returns in each of `count` threads, which begin together."""
    barrier = threading.Barrier(count)

    def begin(position: int) -> Any:
        barrier.wait()
        try:
            return work(position)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(begin, range(count)))


def until(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Wait until it is so, or fail."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "It did not become so in time."
        time.sleep(0.002)


def money(tenant_id: uuid.UUID, month: date = date(2026, 11, 1)) -> tuple[int, int]:
    """What Redis has as spent and held in a month, in micro-dollars."""
    spent, held = redis_client().hmget(keys.month(tenant_id, month), "spent", "held")
    return int(spent or 0), int(held or 0)


def forget(tenant_id: uuid.UUID) -> None:
    """Redis loses all that it knows of a tenant, and of its calls."""
    calls = [keys.CALL_PREFIX + call.decode() for call in redis_client().zrange(keys.live(tenant_id), 0, -1)]
    found = list(redis_client().scan_iter(f"{keys.PREFIX}:*{tenant_id}*"))
    redis_client().delete(*found, *calls, "nothing")


def this_month(house: House) -> date:
    """The month that pays for what happens now."""
    return month_of(timezone.now(), house.tenant.timezone)


def a_call(
    house: House, *, hold: int = 100_000, lease_seconds: float = 60, case_id: uuid.UUID | None = None
) -> ModelCall:
    """A call that has begun. With a negative lease its worker is taken for dead."""
    with house.scope():
        return ModelCall.objects.create(
            idempotency_key=uuid.uuid4().hex,
            request_sha256=DIGEST,
            endpoint="triage.recommend",
            subject="run:1",
            prompt_id="triage.recommend",
            prompt_version=1,
            prompt_sha256=DIGEST,
            schema_sha256=DIGEST,
            provider="openai",
            model_requested="gpt-4.1-mini",
            case_id=case_id,
            hold_micro_usd=hold,
            lease_until=Now() + timedelta(seconds=lease_seconds),
        )


def finish(house: House, call: ModelCall, *, cost: int) -> None:
    """Store that the call was answered and what it is charged, as its worker would, but tell Redis nothing."""
    with house.scope():
        ModelCall.objects.filter(id=call.id).update(
            outcome=Outcome.ANSWERED, reply={}, hold_micro_usd=0, lease_until=None, latency_ms=1, finished_at=Now()
        )
        LedgerEntry.objects.create(
            call=call, case_id=call.case_id, month=this_month(house), micro_usd=cost, kind=ChargeKind.COUNTED
        )
