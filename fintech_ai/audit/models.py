"""The audit trail: one chain of events per tenant.

Nothing here has a foreign key, so that the log never gets in the way of live data, and nothing here is written by
Django: `services.record` hands a body to the database, and functions of the owner do the rest (migration
0002_chain). The plain role may read this table and change nothing. docs/audit-trail.md says why.
"""

import json
from typing import Any

from django.db import models
from django.db.models import Func, JSONField, Q, Value
from django.db.models.functions import Cast
from django.utils.functional import cached_property

from fintech_ai.core.tenancy import TenantManager


def _from_body(*path: str) -> Func:
    keys = [Value(key) for key in path]
    return Func(Cast("body", JSONField()), *keys, function="jsonb_extract_path_text", output_field=models.TextField())


# What can be asked of an event without reading its body. Computed by the database from the body, which is what the
# hash covers, so that the two cannot be made to disagree.
DERIVED = {
    "action": _from_body("action"),
    "actor_kind": _from_body("actor", "kind"),
    "actor_id": _from_body("actor", "id"),
    "object_type": _from_body("object", "type"),
    "object_id": _from_body("object", "id"),
    "trail_id": Cast(_from_body("trail"), models.UUIDField()),
}


def _derived(name: str) -> models.GeneratedField:
    expression = DERIVED[name]
    return models.GeneratedField(expression=expression, output_field=expression.output_field, db_persist=True)


class AuditEvent(models.Model):
    """Who did what to which thing, when, from where. Immutable: triggers refuse UPDATE, DELETE and TRUNCATE.

    `body` is the canonical JSON text that was hashed, byte for byte; `services.record` says what is in it.
    """

    hash = models.CharField(primary_key=True, max_length=64, editable=False, help_text="SHA-256; names the event.")
    tenant_id = models.UUIDField(editable=False)
    seq = models.BigIntegerField(editable=False, help_text="1, 2, 3 … in each tenant, without a gap.")
    at = models.DateTimeField(editable=False, help_text="By the database's clock, at the commit; never decreasing.")
    prev_hash = models.CharField(max_length=64, editable=False, help_text="Of event seq - 1; 64 zeros for the first.")
    body = models.TextField(editable=False)

    action = _derived("action")
    actor_kind = _derived("actor_kind")
    actor_id = _derived("actor_id")
    object_type = _derived("object_type")
    object_id = _derived("object_id")
    trail_id = _derived("trail_id")

    objects = TenantManager()
    across_tenants = models.Manager()

    class Meta:
        db_table = "audit_event"
        ordering = ["seq"]
        constraints = [
            models.UniqueConstraint(fields=["tenant_id", "seq"], name="audit_event_seq_is_unique"),
            models.UniqueConstraint(fields=["tenant_id", "prev_hash"], name="audit_event_never_forks"),
            models.CheckConstraint(condition=Q(seq__gte=1), name="audit_event_seq_starts_at_1"),
            models.CheckConstraint(condition=Q(action__isnull=False), name="audit_event_has_action"),
            models.CheckConstraint(
                condition=Q(actor_kind__isnull=False, actor_id__isnull=False), name="audit_event_has_actor"
            ),
            models.CheckConstraint(
                condition=Q(object_type__isnull=False, object_id__isnull=False), name="audit_event_has_object"
            ),
        ]
        indexes = [
            models.Index(
                fields=["tenant_id", "trail_id", "seq"], condition=Q(trail_id__isnull=False), name="audit_event_trail"
            ),
            models.Index(fields=["tenant_id", "object_id", "seq"], name="audit_event_object"),
            models.Index(fields=["tenant_id", "actor_id", "seq"], name="audit_event_actor"),
            models.Index(fields=["tenant_id", "action", "seq"], name="audit_event_action"),
            models.Index(fields=["tenant_id", "at"], name="audit_event_at"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.action}"

    @cached_property
    def content(self) -> dict[str, Any]:
        """The body, read: action, actor, object, origin, trail, data."""
        return json.loads(self.body)

    @property
    def data(self) -> dict[str, Any]:
        """What the service recorded: ids, codes, old and new values."""
        return self.content["data"]
