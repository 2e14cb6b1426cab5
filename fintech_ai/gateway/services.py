"""The one way out to a model."""

import hashlib
import json
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Generic, TypeVar

from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now
from pydantic import BaseModel, ValidationError

from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.attempts import Asked, ask
from fintech_ai.gateway.messages import first_messages, framing
from fintech_ai.gateway.models import DegradedReason, ModelCall, Outcome
from fintech_ai.gateway.prices import Price, price_of
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers import configured
from fintech_ai.gateway.providers.protocol import Provider, Question
from fintech_ai.gateway.replies import as_stored, restored, strict_schema
from fintech_ai.privacy.services import Cleared

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)

# How long after its deadline a worker may still be storing what it got.
LEASE_GRACE = timedelta(seconds=15)
POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Completion(Generic[T]):
    """What came of a call. Without a `value` the caller answers with its baseline and passes `degraded_reason` on.

    `call_id` names the ModelCall; it is None where no provider is configured, since then nothing was called.
    """

    value: T | None
    degraded_reason: str
    call_id: uuid.UUID | None
    prompt_version: str


@dataclass(frozen=True)
class Request(Generic[T]):
    """Everything that was asked, and by whom."""

    actor: Actor
    endpoint: str
    prompt: Prompt
    reference: Mapping[str, Any]
    content: Mapping[str, Cleared]
    schema: type[T]
    json_schema: Mapping[str, Any]
    subject: str
    idempotency_key: str
    trail: uuid.UUID | None

    @property
    def data(self) -> dict[str, Any]:
        """The content as JSON has it."""
        return {name: dict(value) for name, value in self.content.items()}

    @property
    def sha256(self) -> str:
        """Of what makes an answer reusable for the same key."""
        return _sha256([self.endpoint, self.subject, self.prompt.sha256, self.reference, self.data, self.json_schema])

    def degraded(self, reason: DegradedReason, call: ModelCall | None = None) -> Completion[T]:
        return Completion(None, reason.value, call.id if call else None, self.prompt.label)


def complete(
    *,
    actor: Actor,
    endpoint: str,
    prompt: Prompt,
    content: Mapping[str, Cleared],
    schema: type[T],
    subject: str,
    idempotency_key: str,
    reference: Mapping[str, Any] | None = None,
    trail: uuid.UUID | None = None,
) -> Completion[T]:
    """Ask a model, and return an object that fits `schema`, or the reason why there is none.

    Nothing that a provider does raises. All attempts together end within settings.MODEL_CALL_DEADLINE_SECONDS. A
    second call with the same key gets the stored answer, without asking again; while the first is under way, it
    waits for it. Call it outside transactions: the row of the call is committed before the provider is asked.

    Args:
        endpoint: what asks, "<capability>.<what>", as the privacy catalogue lists it.
        content: the data, by names of the caller's choice; each value is what `privacy.services.minimise` let through.
        schema: what the model may say.
        subject: what it is asked for, "run:<id>".
        idempotency_key: unique per tenant, for this one question.
        reference: what our own code says of itself, such as the meaning of codes; part of the instructions. Never data.
        trail: id of the case whose audit trail shows the call.

    Raises:
        TypeError: a value of `content` did not come from `minimise` for this endpoint.
        RuntimeError: called inside a transaction.
        ValueError: `schema` cannot be said in strict JSON schema.
    """
    for name, value in content.items():
        if not isinstance(value, Cleared) or value.endpoint != endpoint:
            raise TypeError(f"{name} has not been through privacy.services.minimise for {endpoint}.")
    request = Request(
        actor=actor,
        endpoint=endpoint,
        prompt=prompt,
        reference=reference or {},
        content=content,
        schema=schema,
        json_schema=strict_schema(schema),
        subject=subject,
        idempotency_key=idempotency_key,
        trail=trail,
    )
    deadline = time.monotonic() + settings.MODEL_CALL_DEADLINE_SECONDS
    provider = next(iter(configured().values()), None)
    if provider is None:
        return _without_provider(request)
    call = _begin(request, provider, deadline)
    if call is None:
        return request.degraded(DegradedReason.IN_PROGRESS)
    if call.outcome:
        return _replay(request, call)
    begun = time.monotonic()
    question = Question(
        messages=first_messages(prompt, request.reference, request.data),
        schema_name=schema.__name__,
        schema=request.json_schema,
        idempotency_key=str(call.id),
    )
    asked = ask(provider=provider, question=question, schema=schema, deadline=deadline)
    return _finish(request, call, provider, asked, latency_ms=round(1000 * (time.monotonic() - begun)))


def _without_provider(request: Request[T]) -> Completion[T]:
    """The stored answer, if the key has one from a time when there was a provider."""
    stored = ModelCall.objects.filter(idempotency_key=request.idempotency_key).exclude(outcome="").first()
    return _replay(request, stored) if stored else request.degraded(DegradedReason.NO_PROVIDER)


def _begin(request: Request, provider: Provider, deadline: float) -> ModelCall | None:
    """The row of this call, ours to finish, or finished by somebody else; None if neither before the deadline."""
    while True:
        call = _new_call(request, provider)
        try:
            with transaction.atomic(durable=True):
                call.save(force_insert=True)
            return call
        except IntegrityError:
            stored = ModelCall.objects.filter(idempotency_key=request.idempotency_key).first()
            if stored is None:
                raise
        if stored.outcome or _take_over(stored, call):
            return stored
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)


def _new_call(request: Request, provider: Provider) -> ModelCall:
    return ModelCall(
        idempotency_key=request.idempotency_key,
        request_sha256=request.sha256,
        endpoint=request.endpoint,
        subject=request.subject,
        prompt_id=request.prompt.id,
        prompt_version=request.prompt.version,
        prompt_sha256=request.prompt.sha256,
        schema_sha256=_sha256(request.json_schema),
        provider=provider.name,
        model_requested=provider.default_model,
        parameters={**provider.parameters, **framing()},
        lease_until=Now() + timedelta(seconds=settings.MODEL_CALL_DEADLINE_SECONDS) + LEASE_GRACE,
    )


TAKEN_OVER = (
    "request_sha256",
    "prompt_id",
    "prompt_version",
    "prompt_sha256",
    "schema_sha256",
    "provider",
    "model_requested",
    "parameters",
    "lease_until",
)


def _take_over(stored: ModelCall, call: ModelCall) -> bool:
    """Make the call of a worker that died our own. What is asked now is what the row says from here on."""
    lost = ModelCall.objects.filter(id=stored.id, outcome="", lease_until__lt=Now())
    taken = lost.update(tries=F("tries") + 1, **{name: getattr(call, name) for name in TAKEN_OVER})
    if taken:
        stored.refresh_from_db()
    return bool(taken)


def _finish(
    request: Request[T], call: ModelCall, provider: Provider, asked: Asked[T], *, latency_ms: int
) -> Completion[T]:
    """Store and audit how it went, once: a worker that was taken for dead finds that the row is no longer its own."""
    model = asked.model or provider.default_model
    tokens, price = asked.tokens, None
    if tokens:
        price = price_of(provider, model, filter(None, asked.metered), at=datetime.now(UTC))
    with transaction.atomic(durable=True):
        finished = ModelCall.objects.filter(id=call.id, outcome="", tries=call.tries).update(
            outcome=asked.outcome,
            degraded_reason=asked.degraded_reason,
            reply=as_stored(asked.value) if asked.value else None,
            attempts=asked.attempts_as_stored(),
            model_returned=asked.model,
            tokens_input=tokens.input if tokens else None,
            tokens_cached=tokens.cached if tokens else None,
            tokens_output=tokens.output if tokens else None,
            cost_usd=price.usd if price else None,
            price_list=price.price_list if price else "",
            price_date=price.day if price else None,
            latency_ms=latency_ms,
            lease_until=None,
            finished_at=Now(),
        )
        if not finished:
            logger.warning("Model call %s was taken over before it ended", call.id)
            return request.degraded(DegradedReason.IN_PROGRESS, call)
        _record(request, call, asked, price)
    if asked.outcome == Outcome.DEGRADED:
        logger.warning("Model call %s was not answered: %s", call.id, asked.degraded_reason)
    return Completion(asked.value, asked.degraded_reason, call.id, request.prompt.label)


def _record(request: Request, call: ModelCall, asked: Asked, price: Price | None) -> None:
    tokens = asked.tokens
    record(
        actor=request.actor,
        action="model.called",
        target=call,
        trail=request.trail,
        data={
            "endpoint": request.endpoint,
            "subject": request.subject,
            "prompt": request.prompt.label,
            "prompt_sha256": request.prompt.sha256,
            "provider": call.provider,
            "model": asked.model or call.model_requested,
            "outcome": asked.outcome,
            "degraded_reason": asked.degraded_reason,
            "attempts": len(asked.attempts),
            "tokens": [tokens.input, tokens.cached, tokens.output] if tokens else None,
            "cost_usd": str(price.usd) if price else None,
        },
    )


def _replay(request: Request[T], call: ModelCall) -> Completion[T]:
    """What the finished call answered; nothing if it was asked something else."""
    if call.request_sha256 != request.sha256:
        return request.degraded(DegradedReason.KEY_REUSED, call)
    try:
        value = restored(call.reply, request.schema) if call.reply is not None else None
    except ValidationError:
        return request.degraded(DegradedReason.KEY_REUSED, call)
    return Completion(value, call.degraded_reason, call.id, call.prompt_label)


def _sha256(value: Any) -> str:
    text = json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
