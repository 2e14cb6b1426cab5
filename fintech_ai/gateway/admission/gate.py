"""The way in and out for each request to a provider."""

import logging
import random
import time
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.conf import settings
from redis.exceptions import RedisError

from fintech_ai.gateway.admission import keys, rebuild, scripts
from fintech_ai.gateway.admission.money import micro_dollars
from fintech_ai.gateway.admission.news import tell
from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.protocol import RateWindow
from fintech_ai.gateway.targets import Target

if TYPE_CHECKING:
    from fintech_ai.gateway.configuration import Limits

logger = logging.getLogger(__name__)

# How long beyond its time a request that tries out a failing provider keeps its place.
PROBE_GRACE_SECONDS = 5
OUTCOMES = {True: "well", False: "badly", None: "unsaid"}


@dataclass(frozen=True)
class Entered:
    """A request that may be sent.

    Args:
        rate, tokens: what it was let in with; see `enter`.
        probe: whether it tries out a provider that has been failing.
        era: of the circuit breaker, since what began before it opened says nothing of it now.
    """

    tenant_id: uuid.UUID
    call_id: uuid.UUID
    attempt: int
    target: Target
    rate: int
    tokens: int
    probe: bool
    era: int


@dataclass(frozen=True)
class Refused:
    """A request that may not be sent.

    Args:
        reason: circuit_open or rate_limited concern this target alone; budget_spent, limits_unavailable and
            in_progress (the call was finished by somebody else) concern the whole call.
        wait_seconds: how long until it might be let in; None if waiting does not help.
        budget: "request", "case" or "month", if one of them is the reason.
    """

    reason: DegradedReason
    wait_seconds: float | None = None
    budget: str = ""


def enter(
    *,
    tenant_id: uuid.UUID,
    call_id: uuid.UUID,
    attempt: int,
    target: Target,
    case_id: uuid.UUID | None,
    hold: int,
    tokens: int,
    limits: "Limits",
    rate: int,
    month: date,
    deadline: float,
) -> Entered | Refused:
    """Let a request of a call in, if breaker, rate limits and budgets allow it; waits in line for a rate limit.

    The call then holds `hold` of its budgets, instead of what it held before. The same figure must be committed to the
    row of the call already. Entering the same attempt again changes nothing.

    Args:
        attempt: counts the requests of a call; never used twice for two requests, whoever works the call.
        hold: micro-dollars that the call can have cost after this request at most, what it has cost already included.
        tokens: that the request can have at most.
        limits: the tenant's budgets.
        rate: requests per minute that the tenant may make.
        month: the first day of the month, in the tenant's time zone, whose budget pays for the call.
        deadline: by time.monotonic(). A wait that would be longer is refused at once. Pass the present to not wait.
    """
    names = [
        keys.call(call_id),
        keys.live(tenant_id),
        keys.month(tenant_id, month),
        keys.breaker(target),
        keys.target_window(target),
        keys.tenant_window(tenant_id),
    ]
    if case_id:
        names.append(keys.case(tenant_id, case_id))
    asked = [
        str(call_id),
        attempt,
        str(tenant_id),
        hold,
        tokens,
        micro_dollars(limits.request_usd),
        micro_dollars(limits.case_usd),
        micro_dollars(limits.month_usd),
    ]
    rates = _rates(target, rate)
    try:
        while True:
            patience = max(0.0, deadline - time.monotonic())
            answer, *rest = scripts.ENTER(names, [*asked, f"{patience:.6f}", _probe_lease(), *rates, _opened(case_id)])
            if answer == b"wait":
                time.sleep(float(rest[0]))
            elif answer == b"unbuilt":
                rebuild.build(rest[0].decode(), tenant_id=tenant_id, month=month, case_id=case_id)
            else:
                break
    except RedisError as error:
        logger.error("Limits could not be checked for call %s: %s", call_id, type(error).__name__)
        return Refused(DegradedReason.LIMITS_UNAVAILABLE)
    if answer == b"finished":
        return Refused(DegradedReason.IN_PROGRESS)
    if answer == b"entered":
        return Entered(tenant_id, call_id, attempt, target, rate, tokens, probe=bool(rest[0]), era=rest[1])
    reason, wait, budget, *news = (text.decode() for text in rest)
    tell(tenant_id, news)
    return Refused(DegradedReason(reason), wait_seconds=float(wait) if wait else None, budget=budget)


def leave(
    entered: Entered,
    *,
    ok: bool | None,
    windows: Sequence[RateWindow] = (),
    retry_after: float | None = None,
    tokens: int | None = None,
    settle: int | None = None,
) -> None:
    """Take in how a request went. Doing so again changes nothing.

    Args:
        ok: whether the provider proved to be well; None if it says nothing of that: a refusal, a 4xx, a rate limit.
        windows: what the provider says of its rate limits.
        retry_after: seconds for which it asks to be left alone, by everybody.
        tokens: that the request had; None if nobody knows.
        settle: micro-dollars that the call is charged, if this was its last request and its end is committed.
    """
    names = [
        keys.call(entered.call_id),
        keys.live(entered.tenant_id),
        keys.breaker(entered.target),
        keys.target_window(entered.target),
        keys.tenant_window(entered.tenant_id),
    ]
    told = [
        str(entered.call_id),
        entered.attempt,
        OUTCOMES[ok],
        entered.era,
        settings.MODEL_BREAKER_OPEN_SECONDS,
        random.random(),  # noqa: S311 - Lua's own begins anew with each run
        entered.tokens,
        _or_empty(tokens),
        _or_empty(retry_after),
        _or_empty(settle),
        *_rates(entered.target, entered.rate),
    ]
    for window in windows:
        told += [window.kind, window.limit, window.remaining, window.reset_seconds]
    try:
        opened, *news = scripts.LEAVE(names, told)
    except RedisError as error:
        logger.error("Call %s could not report to the limits: %s", entered.call_id, type(error).__name__)
        return
    if opened:
        logger.warning("%s has been failing and is left alone for %.1f s", entered.target, float(opened))
    tell(entered.tenant_id, [text.decode() for text in news])


def settle(*, tenant_id: uuid.UUID, call_id: uuid.UUID, cost: int) -> None:
    """Replace what a finished call holds of its budgets by `cost` (micro-dollars). Doing so again changes nothing.

    A call that cannot be settled, since Redis does not answer, is found by the reconciliation.
    """
    try:
        news = scripts.SETTLE([keys.call(call_id), keys.live(tenant_id)], [str(call_id), cost])
    except RedisError as error:
        logger.error("Call %s could not be settled: %s", call_id, type(error).__name__)
        return
    tell(tenant_id, [text.decode() for text in news])


def shut_out(*, tenant_id: uuid.UUID, call_id: uuid.UUID, month: date) -> bool:
    """Let no more requests of a call in, since its worker is taken for dead; returns whether one may have been let in.

    If not, nothing was sent and nothing can have cost anything. Where Redis does not know, one may.
    """
    try:
        return bool(scripts.SHUT_OUT([keys.call(call_id), keys.month(tenant_id, month)], []))
    except RedisError:
        return True


def _rates(target: Target, rate: int) -> tuple[int, int, int, int]:
    """Requests and tokens per minute: the provider's, then the tenant's. 0 is without limit."""
    return (*settings.MODEL_PROVIDER_RATES.get(target.provider, (0, 0)), rate, settings.MODEL_TENANT_TOKENS_PER_MINUTE)


def _opened(case_id: uuid.UUID | None) -> float:
    """When the case was opened, in seconds since 1970, as its id says (UUIDv7, RFC 9562); 0 if it does not."""
    return (case_id.int >> 80) / 1000 if case_id and case_id.version == 7 else 0


def _probe_lease() -> float:
    return settings.MODEL_ATTEMPT_SECONDS + PROBE_GRACE_SECONDS


def _or_empty(value: float | None) -> float | str:
    return "" if value is None else value
