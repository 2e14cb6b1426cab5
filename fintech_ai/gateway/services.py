"""The one way out to a model."""

import logging
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, TypeVar

from django.conf import settings
from pydantic import BaseModel, ValidationError

from fintech_ai.core.actors import Actor
from fintech_ai.gateway import records
from fintech_ai.gateway.attempts import Asked, Way, ask
from fintech_ai.gateway.configuration import InForce, in_force
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.gate import CallGate
from fintech_ai.gateway.messages import Conversation
from fintech_ai.gateway.metering import Meter
from fintech_ai.gateway.models import CallRole, DegradedReason, ModelCall
from fintech_ai.gateway.prompts import Prompt
from fintech_ai.gateway.providers import configured
from fintech_ai.gateway.providers.protocol import Question, ToolCall
from fintech_ai.gateway.replies import rehydrated, restored
from fintech_ai.gateway.requests import Completion, Request
from fintech_ai.gateway.shadow import ring_for_challenger
from fintech_ai.gateway.targets import Target
from fintech_ai.gateway.tools import Lookup, look_up, remembered
from fintech_ai.privacy.redaction import NOTHING_KNOWN, KnownValues, RedactionFailed
from fintech_ai.privacy.services import Cleared, Departure, depart
from fintech_ai.privacy.vault import VaultClosed, check_open

logger = logging.getLogger(__name__)

T = TypeVar("T", bound=BaseModel)


def complete(
    *,
    actor: Actor,
    endpoint: Endpoint[T],
    content: Mapping[str, Cleared],
    subject: str,
    idempotency_key: str,
    reference: Mapping[str, Any] | None = None,
    known: KnownValues = NOTHING_KNOWN,
    looking_at: Any = None,
    case_id: uuid.UUID | None = None,
) -> Completion[T]:
    """Ask a model, and return an object that fits the endpoint's schema, or the reason why there is none.

    Nothing that a provider does raises. All attempts together end within settings.MODEL_CALL_DEADLINE_SECONDS. A
    second call with the same key gets the stored answer, without asking again; while the first is under way, it
    waits for it. Call it outside transactions: the row of the call is committed before a provider is asked.

    Args:
        content: the data, by names of the caller's choice; each value is what `privacy.services.minimise` let through.
        subject: what it is asked for, "run:<id>".
        idempotency_key: unique per tenant, for this one question.
        reference: what our own code says of itself, such as the meaning of codes; part of the instructions. Never data.
        known: what the record says of the people in it, masked wherever it stands in free text.
        looking_at: what the endpoint's tools look up more about.
        case_id: the case that pays for the call, and whose audit trail shows it.

    Raises:
        TypeError: a value of `content` did not come from `minimise` for this endpoint.
        RuntimeError: called inside a transaction.
        ValueError: the schema cannot be said in strict JSON schema.
    """
    for name, value in content.items():
        if not isinstance(value, Cleared) or value.endpoint != endpoint.name:
            raise TypeError(f"{name} has not been through privacy.services.minimise for {endpoint.name}.")
    configuration = in_force()
    deadline = time.monotonic() + settings.MODEL_CALL_DEADLINE_SECONDS
    departure, failure = _departure(content, known)
    request = Request(
        actor=actor,
        endpoint=endpoint,
        prompt=configuration.prompt(endpoint),
        reference=reference or {},
        data=departure.data,
        replacements=departure.replacements,
        masked=departure.counts,
        subject=subject,
        idempotency_key=idempotency_key,
        case_id=case_id,
        looking_at=looking_at,
    )
    completion = _run(request, configuration.targets(endpoint.name), configuration, deadline, failure)
    ring_for_challenger(request, completion, configuration)
    return completion


def again(
    *,
    actor: Actor,
    original: ModelCall,
    document: Mapping[str, Any],
    endpoint: Endpoint[T],
    prompt: Prompt,
    targets: Sequence[Target],
    role: CallRole,
    idempotency_key: str,
) -> Completion[T]:
    """Ask the question of a stored call again, by this prompt and of these targets: a call like any other.

    `document` is what `CallContent.opened` gave for the original. What it looked up is answered from there. The case
    neither pays for it nor shows it.
    """
    asked = document["asked"]
    request = Request(
        actor=actor,
        endpoint=endpoint,
        prompt=prompt,
        reference=asked["reference"],
        data=asked["data"],
        replacements=document["replacements"],
        masked=original.masked,
        subject=original.subject,
        idempotency_key=idempotency_key,
        case_id=None,
        remembered=asked["lookups"],
        role=role,
        original=original,
    )
    deadline = time.monotonic() + settings.MODEL_CALL_DEADLINE_SECONDS
    return _run(request, targets, in_force(), deadline)


def _departure(content: Mapping[str, Cleared], known: KnownValues) -> tuple[Departure, DegradedReason | None]:
    """What may leave; nothing, with the reason, where personal data could not be masked."""
    try:
        return depart(content, known=known, seconds=settings.REDACTION_SECONDS), None
    except RedactionFailed:
        return Departure(data={}, replacements={}, counts={}), DegradedReason.REDACTION_FAILED


def _run(
    request: Request[T],
    targets: Sequence[Target],
    configuration: InForce,
    deadline: float,
    failure: DegradedReason | None = None,
) -> Completion[T]:
    """Begin the call, ask unless there is a `failure` already, and finish it."""
    ways, reason = _ways(targets, configuration, request.endpoint.name)
    if not ways:
        return _nobody_to_ask(request, reason)
    conversation = Conversation.begun(request.prompt, request.reference, request.data)
    meter = Meter(fixed_bytes=request.endpoint.fixed_bytes)
    question = Question(
        messages=conversation.messages,
        schema_name=request.endpoint.schema.__name__,
        schema=request.endpoint.json_schema,
        idempotency_key="",
        tools=request.endpoint.tool_specs,
        stream=request.endpoint.stream,
    )
    failure = failure or _closed_vault()
    hold = 0 if failure else meter.hold_for(ways[0].provider, ways[0].target.model, question)
    call = records.begin(request, ways[0], hold=hold, month=configuration.month, deadline=deadline)
    match call:
        case None:
            return request.degraded(DegradedReason.IN_PROGRESS)
        case ModelCall(degraded_reason=DegradedReason.WORKER_LOST):
            # Its key is used up, and nobody knows what it would have answered.
            anew = replace(request, idempotency_key=f"{request.idempotency_key}+")
            return _run(anew, targets, configuration, deadline, failure)
        case ModelCall():
            return _replay(request, call)
    begun = time.monotonic()
    gate = CallGate(call, meter, configuration, deadline)
    if failure:
        asked: Asked[T] = Asked(degraded_reason=failure)
    else:
        asked = ask(
            ways=ways,
            question=replace(question, idempotency_key=str(call.id)),
            conversation=conversation,
            schema=request.endpoint.schema,
            gate=gate,
            look_up=partial(_look_up, request, call),
            deadline=deadline,
        )
    latency_ms = round(1000 * (time.monotonic() - begun))
    if not records.finish(request, call, asked.way or ways[0], asked, meter, latency_ms=latency_ms):
        return request.degraded(DegradedReason.IN_PROGRESS, call)
    gate.settle()
    value = rehydrated(asked.value, request.replacements) if asked.value else None
    return Completion(value, asked.degraded_reason, call.id, request.prompt.label)


def _ways(targets: Sequence[Target], configuration: InForce, endpoint: str) -> tuple[list[Way], DegradedReason]:
    """The targets that may be asked, in their order; or why there is none."""
    providers = configured()
    present = [target for target in targets if target.provider in providers]
    ways = [
        Way(target, providers[target.provider])
        for target in present
        if not configuration.vendor_problem(target.provider, endpoint)
    ]
    return ways, DegradedReason.NO_REVIEWED_VENDOR if present else DegradedReason.NO_PROVIDER


def _nobody_to_ask(request: Request[T], reason: DegradedReason) -> Completion[T]:
    """The stored answer, if the key has one from a time when there was somebody to ask."""
    stored = ModelCall.objects.filter(idempotency_key=request.idempotency_key).exclude(outcome="").first()
    return _replay(request, stored) if stored else request.degraded(reason)


def _closed_vault() -> DegradedReason | None:
    """Nothing is sent that could not be stored encrypted."""
    try:
        check_open()
    except VaultClosed as closed:
        # It names what to set, and no content: there is none yet.
        logger.error("%s", closed)
        return DegradedReason.VAULT_CLOSED
    return None


def _look_up(request: Request, call: records.OpenCall, asked: ToolCall) -> Lookup:
    if request.original:
        return remembered(request.remembered, asked)
    return look_up(
        actor=request.actor,
        endpoint=request.endpoint.name,
        call_id=call.id,
        tools=request.endpoint.tools,
        asked=asked,
        looking_at=request.looking_at,
        trail=request.case_id,
    )


def _replay(request: Request[T], call: ModelCall) -> Completion[T]:
    """What the finished call answered; nothing if it was asked something else."""
    if call.degraded_reason == DegradedReason.REDACTION_FAILED:
        return request.degraded(call.degraded_reason, call)
    if call.request_sha256 != request.sha256:
        return request.degraded(DegradedReason.KEY_REUSED, call)
    try:
        value = restored(call.reply, request.endpoint.schema) if call.reply is not None else None
    except ValidationError:
        return request.degraded(DegradedReason.KEY_REUSED, call)
    value = rehydrated(value, request.replacements) if value else None
    return Completion(value, call.degraded_reason, call.id, call.prompt_label)
