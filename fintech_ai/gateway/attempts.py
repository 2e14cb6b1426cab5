"""How often, and when, is a provider asked? The one layer of retries: at most three attempts under one deadline."""

import random
import time
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Generic, TypeVar

from django.conf import settings
from pydantic import BaseModel

from fintech_ai.gateway.messages import repair_messages
from fintech_ai.gateway.models import MAX_ATTEMPTS, DegradedReason, Outcome
from fintech_ai.gateway.providers.protocol import Provider, ProviderFailure, Question, Reply, Tokens
from fintech_ai.gateway.replies import InvalidReply, read_reply

T = TypeVar("T", bound=BaseModel)

# Waits grow as 0.5, 1, 2 … seconds, each drawn from zero up to that ("full jitter"), so that callers that failed
# together do not come back together.
BACKOFF_SECONDS = 0.5
# Less is not worth beginning an attempt for.
SHORTEST_ATTEMPT_SECONDS = 0.25


class Kind(StrEnum):
    FIRST = "first"
    RETRY = "retry"
    REPAIR = "repair"


@dataclass
class Attempt:
    """One request, as it is stored. `error` is the class of what went wrong, "" if nothing did."""

    number: int
    kind: Kind
    started: str
    latency_ms: int = 0
    http_status: int | None = None
    error: str = ""
    tokens: Tokens | None = None


@dataclass
class Asked(Generic[T]):
    """How it went. `value` is None unless a reply fitted the schema; then `degraded_reason` says why."""

    value: T | None = None
    outcome: Outcome = Outcome.DEGRADED
    degraded_reason: str = ""
    model: str = ""
    attempts: list[Attempt] = field(default_factory=list)
    metered: list[Tokens | None] = field(default_factory=list)

    @property
    def tokens(self) -> Tokens | None:
        """The sum over all replies, or None if there was none or one of them did not say."""
        if not self.metered or None in self.metered:
            return None
        return Tokens(
            input=sum(tokens.input for tokens in self.metered),
            cached=sum(tokens.cached for tokens in self.metered),
            output=sum(tokens.output for tokens in self.metered),
        )

    def attempts_as_stored(self) -> list[dict[str, Any]]:
        return [asdict(attempt) for attempt in self.attempts]


def ask(*, provider: Provider, question: Question, schema: type[T], deadline: float) -> Asked[T]:
    """Ask until a reply fits the schema, nothing more may be tried, or `deadline` (by time.monotonic) has come.

    What may pass is asked again: no connection, time-outs, 408, 409, 429 and 5xx. A reply that does not fit is sent
    back once, with what was wrong. A reply that is not whole is never used, and asking again would cut it again.
    """
    asked: Asked[T] = Asked()
    kind, repaired = Kind.FIRST, False
    while True:
        attempt = Attempt(number=len(asked.attempts) + 1, kind=kind, started=datetime.now(UTC).isoformat())
        asked.attempts.append(attempt)
        try:
            reply = _attempt(provider, question, attempt, deadline)
        except ProviderFailure as failure:
            _count(asked, attempt, failure.cut)
            asked.degraded_reason = failure.reason
            wait = _wait(failure, attempt.number, deadline)
            if wait is None:
                return asked
            time.sleep(wait)
            kind = Kind.RETRY
            continue
        _count(asked, attempt, reply)
        try:
            asked.value = read_reply(reply.text, schema)
        except InvalidReply as invalid:
            attempt.error = type(invalid).__name__
            asked.degraded_reason = DegradedReason.INVALID_REPLY
            if repaired or not _may_go_on(attempt.number, deadline):
                return asked
            question = replace(
                question,
                messages=repair_messages(question.messages, reply.text, invalid.issues),
                idempotency_key=f"{question.idempotency_key}-repair",
            )
            kind, repaired = Kind.REPAIR, True
            continue
        asked.degraded_reason = ""
        asked.outcome = Outcome.REPAIRED if repaired else Outcome.ANSWERED
        return asked


def _attempt(provider: Provider, question: Question, attempt: Attempt, deadline: float) -> Reply:
    """One request; notes in `attempt` how it went."""
    begun = time.monotonic()
    try:
        reply = provider.ask(
            question, model=provider.default_model, seconds=min(settings.MODEL_ATTEMPT_SECONDS, deadline - begun)
        )
        attempt.http_status = reply.http_status
    except ProviderFailure as failure:
        attempt.http_status, attempt.error = failure.http_status, failure.error
        raise
    finally:
        attempt.latency_ms = round(1000 * (time.monotonic() - begun))
    return reply


def _count(asked: Asked, attempt: Attempt, reply: Reply | None) -> None:
    if reply is None:
        return
    attempt.tokens = reply.tokens
    asked.metered.append(reply.tokens)
    asked.model = reply.model or asked.model


def _wait(failure: ProviderFailure, number: int, deadline: float) -> float | None:
    """Seconds until the next attempt, or None if there is to be none."""
    if not failure.retryable:
        return None
    wait = max(random.uniform(0, BACKOFF_SECONDS * 2 ** (number - 1)), failure.retry_after or 0)  # noqa: S311
    return wait if _may_go_on(number, deadline - wait) else None


def _may_go_on(number: int, deadline: float) -> bool:
    return number < MAX_ATTEMPTS and time.monotonic() + SHORTEST_ATTEMPT_SECONDS < deadline
