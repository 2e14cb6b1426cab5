"""The one way to write the audit trail; and its verification and export, which leave a trace in it themselves."""

import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from django.db import connection, models, transaction

from fintech_ai.audit.export import export_lines
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.verification import Verdict, verify_chain
from fintech_ai.audit.verify_export import NO_HASH, canonical
from fintech_ai.core.actors import Actor
from fintech_ai.core.origin import current_origin
from fintech_ai.core.tenancy import TenantScopeViolation, current_tenant_id

ACTION = re.compile(r"[a-z_]+\.[a-z_]+")


def record(
    *,
    actor: Actor,
    action: str,
    target: models.Model,
    trail: uuid.UUID | None = None,
    data: Mapping[str, Any] | None = None,
) -> None:
    """Record that `actor` did `action` to `target`, in the transaction that does it.

    The event gets its place, time and hash when the transaction commits, so it is not readable before; it is gone
    if the transaction rolls back, and if it cannot be written, neither can anything else of the transaction.

    Args:
        action: "<thing>.<past tense>", such as "case.decided".
        trail: id of the case, or other thing, whose trail shows the event.
        data: JSON of ids, codes, old and new values. Never free text or personal data: what is recorded here can
            neither be changed nor erased. Give the SHA-256 of a note instead.

    Raises:
        RuntimeError: called outside `transaction.atomic`.
        TenantScopeViolation: actor or target belong to another tenant than the scope.
        ValueError, TypeError: `action` or `data` are not what they should be.
        DataError: `data` holds what PostgreSQL's JSON cannot, such as a NUL character.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("record() belongs in the transaction that it records: use transaction.atomic.")
    tenant_id = current_tenant_id()
    if (getattr(target, "tenant_id", None) or tenant_id) != tenant_id:
        raise TenantScopeViolation(f"{action} concerns another tenant than the one in scope.")
    kind, key = target._meta.label_lower, str(target.pk)
    body = event_body(actor=actor, action=action, object_type=kind, object_id=key, trail=trail, data=data)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_inbox (tenant_id, body) VALUES (%s, %s)", [tenant_id, body])


def event_body(
    *,
    actor: Actor,
    action: str,
    object_type: str,
    object_id: str,
    trail: uuid.UUID | None,
    data: Mapping[str, Any] | None,
) -> str:
    """The event as `record` puts it into the inbox; for a statement that writes it together with what it records.

    Args and errors are those of `record`; `object_type` is the model's label in lower case.
    """
    if not ACTION.fullmatch(action):
        raise ValueError(f"{action!r} is not an action such as 'case.decided'.")
    if actor.tenant_id != current_tenant_id():
        raise TenantScopeViolation(f"{action} concerns another tenant than the one in scope.")
    origin = current_origin()
    return canonical(
        {
            "action": action,
            "actor": {"kind": actor.kind, "id": actor.id, "role": actor.role},
            "object": {"type": object_type, "id": object_id},
            "origin": {"channel": origin.channel, "address": origin.address, "request_id": origin.request_id},
            "trail": str(trail) if trail else None,
            "data": dict(data or {}),
        }
    )


def trail_verify(*, actor: Actor) -> Verdict:
    """Verify the trail of the tenant in scope, and record that it was done and what was found."""
    verdict = verify_chain()
    data = {"events": verdict.events, "broken_at": verdict.broken_at}
    with transaction.atomic():
        record(actor=actor, action="trail.verified", target=AuditEvent(hash=verdict.head), data=data)
    return verdict


def trail_export(*, actor: Actor) -> Iterator[bytes]:
    """The lines of the tenant's whole trail, see `export.export_lines`. Its last event is this export."""
    last = AuditEvent.objects.last() or AuditEvent(hash=NO_HASH)
    with transaction.atomic():
        record(actor=actor, action="trail.exported", target=last, data={"events": last.seq or 0})
    return export_lines()
