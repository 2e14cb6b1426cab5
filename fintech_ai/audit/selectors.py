"""What has been recorded, in the order in which it was committed."""

import uuid

from django.db.models import QuerySet

from fintech_ai.audit.models import AuditEvent


def trail_of(trail_id: uuid.UUID) -> QuerySet[AuditEvent]:
    """All that happened to one case, or to whatever else `trail_id` names."""
    return AuditEvent.objects.filter(trail_id=trail_id).order_by("seq")
