"""The row of a call: begun once per key, finished once by whoever holds it, together with its charge and its content.

Each is one statement, and so one round trip and one transaction. Neither waits for the disk (`asynchronously`): it
outlives a killed process, and a crash of the server within about half a second can lose it. The log is one sequence, so
the next transaction that does wait makes it durable as well; whatever is made of an answer is committed later, and can
never survive without it (PostgreSQL manual, "Asynchronous Commit").
"""

import logging
import time
import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

import uuid6
from django.conf import settings
from django.db.models.functions import Now

from fintech_ai.audit.services import event_body
from fintech_ai.core.actors import Actor
from fintech_ai.core.database import refuse_inside_transaction, run_at_once
from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.gateway import admission
from fintech_ai.gateway.attempts import Asked, Way
from fintech_ai.gateway.configuration import in_force
from fintech_ai.gateway.messages import framing
from fintech_ai.gateway.metering import Meter
from fintech_ai.gateway.models import CallContent, ChargeKind, DegradedReason, ModelCall, Outcome
from fintech_ai.gateway.replies import as_stored
from fintech_ai.gateway.requests import Request, as_json

logger = logging.getLogger(__name__)

# How long after its deadline a worker may still be storing what it got. With the default deadline of 45 seconds, and
# 5 seconds between two reconciliations, what a killed worker held is free again within a minute.
LEASE_GRACE_SECONDS = 8
POLL_SECONDS = 0.1

BEGIN = """
INSERT INTO gateway_modelcall (
    id, tenant_id, role, original_id, case_id, idempotency_key, request_sha256, endpoint, subject,
    prompt_id, prompt_version, prompt_sha256, schema_sha256, provider, model_requested, parameters, masked,
    hold_micro_usd, lease_until, created_at,
    model_returned, outcome, degraded_reason, attempts, lookups, price_list
)
SELECT
    %(id)s, %(tenant_id)s, %(role)s, %(original_id)s::uuid, %(case_id)s::uuid, %(idempotency_key)s, %(request_sha256)s,
    %(endpoint)s, %(subject)s, %(prompt_id)s, %(prompt_version)s::smallint, %(prompt_sha256)s, %(schema_sha256)s,
    %(provider)s, %(model_requested)s, %(parameters)s::jsonb, %(masked)s::jsonb, %(hold_micro_usd)s::bigint,
    now() + make_interval(secs => %(lease_seconds)s::float8), now(), '', '', '', '[]', '[]', ''
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS asynchronously
ON CONFLICT (tenant_id, idempotency_key) DO NOTHING
RETURNING id
"""

FINISH = """
WITH finished AS (
    UPDATE gateway_modelcall SET
        outcome = %(outcome)s, degraded_reason = %(degraded_reason)s, reply = %(reply)s::jsonb,
        attempts = %(attempts)s::jsonb, lookups = %(lookups)s::jsonb, provider = %(provider)s,
        model_requested = %(model_requested)s, parameters = %(parameters)s::jsonb, model_returned = %(model_returned)s,
        tokens_input = %(tokens_input)s::int, tokens_cached = %(tokens_cached)s::int,
        tokens_output = %(tokens_output)s::int,
        cost_usd = %(cost_usd)s::numeric, price_list = %(price_list)s, price_date = %(price_date)s::date,
        first_token_ms = %(first_token_ms)s::int, latency_ms = %(latency_ms)s::int,
        hold_micro_usd = 0, lease_until = NULL, finished_at = now()
    FROM (SELECT set_config('synchronous_commit', 'off', true)) AS asynchronously
    WHERE id = %(id)s AND outcome = ''
    RETURNING id, tenant_id, case_id
), charged AS (
    INSERT INTO gateway_ledgerentry (id, tenant_id, call_id, case_id, month, micro_usd, kind, created_at)
    SELECT %(charge_id)s, tenant_id, id, case_id, %(month)s::date, %(charge)s::bigint, %(charge_kind)s, now()
    FROM finished
), kept AS (
    INSERT INTO gateway_callcontent (id, tenant_id, call_id, key_id, ciphertext, created_at, keep_until)
    SELECT %(content_id)s::uuid, tenant_id, id, %(content_key_id)s::uuid, %(ciphertext)s::bytea, now(),
        %(keep_until)s::timestamptz
    FROM finished WHERE %(is_kept)s
), audited AS (
    INSERT INTO audit_inbox (tenant_id, body) SELECT tenant_id, %(event)s FROM finished
)
SELECT 1 FROM finished
"""

# What is charged comes from the row as it was before: PostgreSQL 18 could return OLD, the versions before cannot.
GIVE_UP = """
WITH held AS (
    SELECT id, hold_micro_usd FROM gateway_modelcall
    WHERE id = %(id)s AND tenant_id = %(tenant_id)s AND outcome = '' AND lease_until < now() FOR UPDATE
), lost AS (
    UPDATE gateway_modelcall SET
        outcome = 'degraded', degraded_reason = %(reason)s, hold_micro_usd = 0, lease_until = NULL,
        latency_ms = greatest(0, 1000 * extract(epoch FROM now() - created_at))::int, finished_at = now()
    FROM held WHERE gateway_modelcall.id = held.id
    RETURNING gateway_modelcall.id, tenant_id, case_id, held.hold_micro_usd
), charged AS (
    INSERT INTO gateway_ledgerentry (id, tenant_id, call_id, case_id, month, micro_usd, kind, created_at)
    SELECT %(charge_id)s, tenant_id, id, case_id, %(month)s::date,
           CASE WHEN %(was_let_in)s THEN hold_micro_usd ELSE 0 END, %(charge_kind)s, now()
    FROM lost
), audited AS (
    INSERT INTO audit_inbox (tenant_id, body) SELECT tenant_id, %(event)s FROM lost
)
SELECT 1 FROM lost
"""

HOLD = """
UPDATE gateway_modelcall SET hold_micro_usd = %(hold)s::bigint
FROM (SELECT set_config('synchronous_commit', 'off', true)) AS asynchronously
WHERE id = %(id)s AND outcome = ''
RETURNING 1
"""


@dataclass
class OpenCall:
    """A call that is this worker's to finish, unless somebody takes it for dead. It is paid for by the month in which
    it began, also if it ends in the next.
    """

    id: uuid.UUID
    tenant_id: uuid.UUID
    case_id: uuid.UUID | None
    hold: int
    month: date


def begin(request: Request, way: Way, *, hold: int, month: date, deadline: float) -> OpenCall | ModelCall | None:
    """This worker's own call; the finished one if somebody else has asked by the same key; None if she still does so
    at the deadline.

    Raises:
        RuntimeError: called inside a transaction.
    """
    refuse_inside_transaction("complete()")
    row = {
        "id": uuid6.uuid7(),
        "tenant_id": current_tenant_id(),
        "role": request.role.value,
        "original_id": request.original.id if request.original else None,
        "case_id": request.case_id,
        "idempotency_key": request.idempotency_key,
        "request_sha256": request.sha256,
        "endpoint": request.endpoint.name,
        "subject": request.subject,
        "prompt_id": request.prompt.id,
        "prompt_version": request.prompt.version,
        "prompt_sha256": request.prompt.sha256,
        "schema_sha256": request.endpoint.schema_sha256,
        "provider": way.target.provider,
        "model_requested": way.target.model,
        "parameters": as_json(parameters(way)),
        "masked": as_json(request.masked),
        "hold_micro_usd": hold,
        "lease_seconds": settings.MODEL_CALL_DEADLINE_SECONDS + LEASE_GRACE_SECONDS,
    }
    while True:
        if run_at_once(BEGIN, row):
            return OpenCall(row["id"], row["tenant_id"], request.case_id, hold, month)
        stored = ModelCall.objects.get(idempotency_key=request.idempotency_key)
        if stored.outcome:
            return stored
        if give_up(stored):
            continue
        if time.monotonic() > deadline:
            return None
        time.sleep(POLL_SECONDS)


def hold_more(call: OpenCall, hold: int) -> bool:
    """Hold this much of the budgets for the call. False if the worker was taken for dead, and the row is another's."""
    call.hold = hold
    return bool(run_at_once(HOLD, {"hold": hold, "id": call.id}))


def finish(request: Request, call: OpenCall, way: Way, asked: Asked, meter: Meter, *, latency_ms: int) -> bool:
    """Store, charge and audit how it went, once. False if the worker was taken for dead, and the row is another's.

    `way` is who answered, or was asked last.
    """
    tokens = meter.tokens
    content = CallContent.sealed(call.id, document(request, asked)) if asked.exchanges else None
    price = meter.price if meter.cost_usd is not None else None
    finished = run_at_once(
        FINISH,
        {
            "id": call.id,
            "outcome": asked.outcome.value,
            "degraded_reason": str(asked.degraded_reason),
            "reply": as_json(as_stored(asked.value)) if asked.value else None,
            "attempts": as_json(asked.attempts_as_stored()),
            "lookups": as_json([lookup.as_stored() for lookup in asked.lookups]),
            "provider": way.target.provider,
            "model_requested": way.target.model,
            "parameters": as_json(parameters(way)),
            "model_returned": asked.model,
            "tokens_input": tokens.input if tokens else None,
            "tokens_cached": tokens.cached if tokens else None,
            "tokens_output": tokens.output if tokens else None,
            "cost_usd": meter.cost_usd,
            "price_list": price.price_list if price else "",
            "price_date": price.day if price else None,
            "first_token_ms": asked.first_token_ms,
            "latency_ms": latency_ms,
            "charge_id": uuid6.uuid7(),
            "month": call.month,
            "charge": meter.charge,
            "charge_kind": meter.kind.value,
            "is_kept": content is not None,
            "content_id": content.id if content else None,
            "content_key_id": content.key_id if content else None,
            "ciphertext": content.ciphertext if content else None,
            "keep_until": content.keep_until if content else None,
            "event": _event(request, call, way, asked, meter),
        },
    )
    if not finished:
        logger.warning("Model call %s was taken over before it ended", call.id)
        return False
    if asked.outcome == Outcome.DEGRADED:
        logger.warning("Model call %s was not answered: %s", call.id, asked.degraded_reason)
    return True


def give_up(call: ModelCall) -> bool:
    """Finish a call whose worker is taken for dead, since its lease has passed: not answered, and charged with all that
    it held, unless nothing can have been sent. False if it is none such. It belongs to the tenant in scope.
    """
    if not ModelCall.objects.filter(id=call.id, outcome="", lease_until__lt=Now()).exists():
        return False
    month = in_force().month_of(call.created_at)
    was_let_in = admission.shut_out(tenant_id=call.tenant_id, call_id=call.id, month=month)
    lost = run_at_once(
        GIVE_UP,
        {
            "id": call.id,
            "tenant_id": current_tenant_id(),
            "reason": DegradedReason.WORKER_LOST.value,
            "charge_id": uuid6.uuid7(),
            "charge_kind": ChargeKind.ASSUMED.value,
            "month": month,
            "was_let_in": was_let_in,
            "event": event_body(
                actor=Actor.system(tenant_id=call.tenant_id, name="gateway"),
                action="model.lost",
                object_type=ModelCall._meta.label_lower,
                object_id=str(call.id),
                trail=call.case_id,
                data={"charged_micro_usd": call.hold_micro_usd if was_let_in else 0},
            ),
        },
    )
    if lost:
        logger.warning("Model call %s was given up: its worker was lost", call.id)
    return bool(lost)


def parameters(way: Way) -> dict[str, Any]:
    """What is sent beside the question, and the gateway's own prompts."""
    return {**way.provider.parameters, **framing()}


def document(request: Request, asked: Asked) -> dict[str, Any]:
    """All that went over the line, and what is needed to ask again. It is only ever stored encrypted."""
    return {
        "asked": {
            "reference": request.reference,
            "data": request.data,
            "lookups": [vars(lookup) for lookup in asked.lookups],
        },
        "exchanges": [
            {
                "target": exchange.target.label,
                "messages": [
                    {
                        "role": message.role,
                        "text": message.text,
                        "tool_calls": [vars(call) for call in message.tool_calls],
                    }
                    for message in exchange.messages
                ],
                "received": exchange.received,
            }
            for exchange in asked.exchanges
        ],
        "replacements": dict(request.replacements),
    }


def _event(request: Request, call: OpenCall, way: Way, asked: Asked, meter: Meter) -> str:
    tokens = meter.tokens
    return event_body(
        actor=request.actor,
        action="model.called",
        object_type=ModelCall._meta.label_lower,
        object_id=str(call.id),
        trail=request.case_id,
        data={
            "endpoint": request.endpoint.name,
            "subject": request.subject,
            "role": request.role.value,
            "original": str(request.original.id) if request.original else None,
            "prompt": request.prompt.label,
            "prompt_sha256": request.prompt.sha256,
            "provider": way.target.provider,
            "model": asked.model or way.target.model,
            "outcome": asked.outcome.value,
            "degraded_reason": str(asked.degraded_reason),
            "attempts": len(asked.attempts),
            "tokens": [tokens.input, tokens.cached, tokens.output] if tokens else None,
            "charged_micro_usd": meter.charge,
        },
    )
