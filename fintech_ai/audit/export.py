"""The trail as a file that an outsider can verify with verify_export.py, which defines the format."""

import hashlib
from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet

from fintech_ai.audit.selectors import chain
from fintech_ai.audit.verify_export import CHECKPOINT_FORMAT, EXPORT_FORMAT, NO_HASH, canonical
from fintech_ai.core.tenancy import current_tenant_id

CHUNK = 5_000


def export_lines() -> Iterator[bytes]:
    """The lines of the export of the tenant in scope, in constant memory.

    The scope is needed now and not while the lines are read, which a streamed download does after the request.
    """
    return _lines(str(current_tenant_id()), chain())


def checkpoint_line() -> str:
    """The chain's last event as one line, to be kept where nobody who can write to the database can write."""
    return canonical(_checkpoint(str(current_tenant_id()), chain().reverse().first()))


def _lines(tenant: str, rows: QuerySet) -> Iterator[bytes]:
    digest = hashlib.sha256()

    def line(value: dict[str, Any]) -> bytes:
        encoded = canonical(value).encode("ascii") + b"\n"
        digest.update(encoded)
        return encoded

    yield line({"format": EXPORT_FORMAT, "tenant": tenant})
    events, last = 0, None
    for last in rows.iterator(chunk_size=CHUNK):
        seq, at, prev_hash, event_hash, body = last
        events += 1
        yield line({"at": at, "body": body, "hash": event_hash, "prev_hash": prev_hash, "seq": seq})
    yield line({"checkpoint": _checkpoint(tenant, last), "events": events, "sha256": digest.hexdigest()})


def _checkpoint(tenant: str, last: tuple | None) -> dict[str, Any]:
    seq, at, _, event_hash, _ = last or (0, "", "", NO_HASH, "")
    return {"format": CHECKPOINT_FORMAT, "tenant": tenant, "seq": seq, "at": at, "hash": event_hash}
