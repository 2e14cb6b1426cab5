"""How often, when and whom do we ask? The one layer of retries: at most three attempts under one deadline."""

import random
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, Protocol, TypeVar

from django.conf import settings
from pydantic import BaseModel

from fintech_ai.gateway.messages import Conversation
from fintech_ai.gateway.models import MAX_ATTEMPTS, DegradedReason, Outcome
from fintech_ai.gateway.providers.protocol import (
    Message,
    Provider,
    ProviderFailure,
    Question,
    Reply,
    Tokens,
    ToolCall,
)
from fintech_ai.gateway.replies import InvalidReply, read_reply
from fintech_ai.gateway.targets import Target
from fintech_ai.gateway.tools import MAX_LOOKUPS, Lookup

T = TypeVar("T", bound=BaseModel)

# Waits grow as 0.5, 1, 2 … seconds, each drawn from zero up to that ("full jitter"), so that callers that failed
# together do not come back together.
BACKOFF_SECONDS = 0.5
# Less is not worth beginning an attempt for.
SHORTEST_ATTEMPT_SECONDS = 0.25
# Rounds of looking things up. After them the model has to answer with what it has.
MAX_ROUNDS = 3


# Ends the call: what one model refuses, or a filter stops, is not carried to another until one lets it through.
NOT_WHOLE = frozenset({DegradedReason.TRUNCATED, DegradedReason.FILTERED, DegradedReason.REFUSED})


class Kind(StrEnum):
    FIRST = "first"
    RETRY = "retry"
    FALLBACK = "fallback"
    REPAIR = "repair"


@dataclass(frozen=True)
class Way:
    """One place to ask: a target of the route, and the provider that leads there."""

    target: Target
    provider: Provider


@dataclass
class Attempt:
    """One request, as it is stored. `error` is the class of what went wrong, "" if nothing did."""

    number: int
    kind: Kind
    provider: str
    model: str
    started: str
    latency_ms: int = 0
    http_status: int | None = None
    error: str = ""
    tokens: Tokens | None = None


@dataclass(frozen=True)
class Exchange:
    """What was sent and what came back, for the encrypted store."""

    target: Target
    messages: tuple[Message, ...]
    received: str


@dataclass
class Asked(Generic[T]):
    """How it went. `value` is None unless a reply fitted the schema; then `degraded_reason` says why."""

    value: T | None = None
    outcome: Outcome = Outcome.DEGRADED
    degraded_reason: str = ""
    way: Way | None = None
    model: str = ""
    first_token_ms: int | None = None
    attempts: list[Attempt] = field(default_factory=list)
    lookups: list[Lookup] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    def attempts_as_stored(self) -> list[dict[str, Any]]:
        return [asdict(attempt) for attempt in self.attempts]


class NotAdmitted(Exception):
    """The gate is closed. With `elsewhere`, another target may still be open."""

    def __init__(self, reason: DegradedReason, *, elsewhere: bool):
        super().__init__(reason)
        self.reason = reason
        self.elsewhere = elsewhere


class Gate(Protocol):
    """What stands between us and a provider: budget, rate limits, circuit breaker."""

    def enter(self, way: Way, question: Question, *, number: int, is_last: bool) -> None:
        """Let the request of this number pass, now or after a wait, which is short unless the way is the last one left.

        Raises NotAdmitted.
        """

    def replied(self, way: Way, reply: Reply) -> None:
        """The request that passed last was answered."""

    def failed(self, way: Way, failure: ProviderFailure) -> None:
        """The request that passed last was not."""


@dataclass
class _Route:
    """Whom to ask next. A provider that cannot answer this question is not asked it again."""

    ways: list[Way]
    asked: set[Target] = field(default_factory=set)

    def drop(self) -> None:
        self.ways.pop(0)

    def turn(self) -> None:
        self.ways.append(self.ways.pop(0))

    @property
    def is_fresh(self) -> bool:
        """Whether the next one has not been asked yet, and so need not be spared."""
        return self.ways[0].target not in self.asked


def ask(
    *,
    ways: Sequence[Way],
    question: Question,
    conversation: Conversation,
    schema: type[T],
    gate: Gate,
    look_up: Callable[[ToolCall], Lookup],
    deadline: float,
) -> Asked[T]:
    """Ask until a reply fits the schema, nothing more may be tried, or `deadline` (by time.monotonic) has come.

    What may pass is asked again: no connection, time-outs, 408, 409, 429 and 5xx; of the next target at once, of the
    same one after a wait. What a provider cannot do (401, other 4xx, no credit) is asked of the next one only. A reply
    that does not fit is sent back once, with what was wrong. A reply that is not whole is never used, nor is a refusal
    carried to another model. Looking things up is no attempt, and ends after MAX_ROUNDS.
    """
    asked: Asked[T] = Asked()
    route = _Route(list(ways))
    kind, repaired, rounds = Kind.FIRST, False, 0
    while True:
        if not _enter(route, gate, question, asked, deadline):
            return asked
        way = route.ways[0]
        route.asked.add(way.target)
        asked.way = way
        attempt = _new_attempt(asked, kind, way)
        try:
            reply = _attempt(way, question, attempt, deadline)
        except ProviderFailure as failure:
            gate.failed(way, failure)
            _keep(asked, attempt, way, question, failure.cut)
            asked.attempts.append(attempt)
            asked.degraded_reason = failure.reason
            if not _go_on(route, failure, len(asked.attempts), deadline):
                return asked
            kind = Kind.FALLBACK if route.is_fresh else Kind.RETRY
            continue
        gate.replied(way, reply)
        _keep(asked, attempt, way, question, reply)
        if reply.tool_calls:
            rounds += 1
            if not question.may_call:
                asked.attempts.append(attempt)
                asked.degraded_reason = DegradedReason.TOOLS_EXHAUSTED
                return asked
            conversation = conversation.with_lookups(reply, _looked_up(asked, reply, look_up))
            question = replace(
                question,
                messages=conversation.messages,
                may_call=rounds < MAX_ROUNDS and len(asked.lookups) < MAX_LOOKUPS,
                idempotency_key=f"{question.idempotency_key}-{rounds}",
            )
            continue
        asked.attempts.append(attempt)
        try:
            asked.value = read_reply(reply.text, schema)
        except InvalidReply as invalid:
            attempt.error = type(invalid).__name__
            asked.degraded_reason = DegradedReason.INVALID_REPLY
            if repaired or not _may_go_on(len(asked.attempts), deadline):
                return asked
            conversation = conversation.with_repair(reply.text, invalid.issues)
            question = replace(
                question,
                messages=conversation.messages,
                may_call=False,
                idempotency_key=f"{question.idempotency_key}-repair",
            )
            kind, repaired = Kind.REPAIR, True
            continue
        asked.degraded_reason = ""
        asked.outcome = Outcome.REPAIRED if repaired else Outcome.ANSWERED
        return asked


def _enter(route: _Route, gate: Gate, question: Question, asked: Asked, deadline: float) -> bool:
    """Pass the gate to the next target that is open; False, with the reason, if none is."""
    while route.ways:
        try:
            number, is_last = len(asked.exchanges) + 1, len(route.ways) == 1
            gate.enter(route.ways[0], question, number=number, is_last=is_last)
        except NotAdmitted as closed:
            asked.degraded_reason = closed.reason
            if not closed.elsewhere:
                return False
            route.drop()
        else:
            if time.monotonic() + SHORTEST_ATTEMPT_SECONDS < deadline:
                return True
            asked.degraded_reason = DegradedReason.TIMEOUT
            return False
    return False


def _new_attempt(asked: Asked, kind: Kind, way: Way) -> Attempt:
    return Attempt(
        number=len(asked.attempts) + 1,
        kind=kind,
        provider=way.target.provider,
        model=way.target.model,
        started=datetime.now(UTC).isoformat(),
    )


def _attempt(way: Way, question: Question, attempt: Attempt, deadline: float) -> Reply:
    """One request; notes in `attempt` how it went."""
    begun = time.monotonic()
    try:
        seconds = min(settings.MODEL_ATTEMPT_SECONDS, deadline - begun)
        reply = way.provider.ask(question, model=way.target.model, seconds=seconds)
        attempt.http_status = reply.http_status
    except ProviderFailure as failure:
        attempt.http_status, attempt.error = failure.http_status, failure.error
        raise
    finally:
        attempt.latency_ms = round(1000 * (time.monotonic() - begun))
    return reply


def _keep(asked: Asked, attempt: Attempt, way: Way, question: Question, reply: Reply | None) -> None:
    """Keep what went over the line."""
    asked.exchanges.append(Exchange(way.target, question.messages, reply.text if reply else ""))
    if reply is None:
        return
    attempt.tokens = reply.tokens
    asked.model = reply.model or asked.model
    if asked.first_token_ms is None:
        asked.first_token_ms = reply.first_token_ms


def _looked_up(asked: Asked, reply: Reply, look_up: Callable[[ToolCall], Lookup]) -> list[tuple[ToolCall, str]]:
    """An answer for each use of a tool, since providers insist on one; only the first few are made."""
    results = []
    for call in reply.tool_calls:
        if len(asked.lookups) < MAX_LOOKUPS:
            lookup = look_up(call)
            asked.lookups.append(lookup)
            results.append((call, lookup.as_text()))
        else:
            results.append((call, '{"error":"No more may be looked up."}'))
    return results


def _go_on(route: _Route, failure: ProviderFailure, number: int, deadline: float) -> bool:
    """Turn to the target to ask next, after the wait that it needs; False if there is to be no other attempt."""
    if failure.reason in NOT_WHOLE:
        return False
    if failure.retryable:
        route.turn()
    else:
        route.drop()
    if not route.ways or number >= MAX_ATTEMPTS:
        return False
    wait = 0.0
    if not route.is_fresh:
        backoff = random.uniform(0, BACKOFF_SECONDS * 2 ** (number - 1))  # noqa: S311
        wait = max(backoff, failure.retry_after or 0)
    if not _may_go_on(number, deadline - wait):
        return False
    time.sleep(wait)
    return True


def _may_go_on(number: int, deadline: float) -> bool:
    return number < MAX_ATTEMPTS and time.monotonic() + SHORTEST_ATTEMPT_SECONDS < deadline
