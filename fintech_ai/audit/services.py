"""The one way to write the audit trail."""

import json
import re
import uuid
from collections.abc import Mapping
from typing import Any

from django.db import connection, models

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
        raise RuntimeError("record() belongs in the transaction that it records: wrap the change in transaction.atomic.")
    if not ACTION.fullmatch(action):
        raise ValueError(f"{action!r} is not an action such as 'case.decided'.")
    tenant_id = current_tenant_id()
    if actor.tenant_id != tenant_id or getattr(target, "tenant_id", tenant_id) != tenant_id:
        raise TenantScopeViolation(f"{action} concerns another tenant than the one in scope.")
    origin = current_origin()
    body = canonical_json(
        {
            "action": action,
            "actor": {"kind": actor.kind, "id": actor.id, "role": actor.role},
            "object": {"type": target._meta.label_lower, "id": str(target.pk)},
            "origin": {"channel": origin.channel, "address": origin.address, "request_id": origin.request_id},
            "trail": str(trail) if trail else None,
            "data": dict(data or {}),
        }
    )
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO audit_inbox (tenant_id, body) VALUES (%s, %s)", [tenant_id, body])


def canonical_json(value: Mapping[str, Any]) -> str:
    """One text per value: keys sorted, no spaces, ASCII only.

    Raises TypeError for what is not JSON, ValueError for infinity and not-a-number.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)
