"""What has been recorded, in the order in which it was committed."""

import uuid

from django.db.models import Func, QuerySet, TextField

from fintech_ai.audit.models import AuditEvent

# What the hash covers, and the hash.
CHAINED = ("seq", "at_text", "prev_hash", "hash", "body")


class AtText(Func):
    """A time as the chain hashes it: UTC, ISO 8601, six decimals."""

    template = """to_char(%(expressions)s AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    output_field = TextField()


def trail_of(trail_id: uuid.UUID) -> QuerySet[AuditEvent]:
    """All that happened to one case, or to whatever else `trail_id` names."""
    return AuditEvent.objects.filter(trail_id=trail_id).order_by("seq")


def chain() -> QuerySet:
    """The tenant's whole chain as rows (seq, at, prev_hash, hash, body), `at` as the text that was hashed.

    The scope is baked in here, so the rows may be read after the scope has been left, as a download is.
    """
    return AuditEvent.objects.order_by("seq").annotate(at_text=AtText("at")).values_list(*CHAINED)
