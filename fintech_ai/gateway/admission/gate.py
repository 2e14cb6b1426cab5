"""The way in and out for each request to a provider."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from fintech_ai.gateway.configuration import Limits
from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.protocol import RateWindow
from fintech_ai.gateway.targets import Target


@dataclass(frozen=True)
class Entered:
    """A request that may be sent. `probe` says that it tries out a provider that has been failing."""

    tenant_id: uuid.UUID
    call_id: uuid.UUID
    attempt: int
    target: Target
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
    limits: Limits,
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


def settle(*, tenant_id: uuid.UUID, call_id: uuid.UUID, cost: int) -> None:
    """Replace what a finished call holds of its budgets by what it cost (micro-dollars). Doing so again changes nothing.

    A call that cannot be settled, since Redis does not answer, is found by the reconciliation.
    """
