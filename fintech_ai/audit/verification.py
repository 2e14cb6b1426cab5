"""Is the chain of the tenant in scope whole? The same check as the stand-alone verifier's, run on the live tables.

It recomputes every hash outside the database, so it does not trust the functions that made them.
"""

import json
import time
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from fintech_ai.audit.models import DERIVED
from fintech_ai.audit.selectors import CHAINED, chain
from fintech_ai.audit.verify_export import Broken, Chain
from fintech_ai.core.tenancy import current_tenant_id

CHUNK = 5_000


@dataclass(frozen=True)
class Verdict:
    """What a verification found. `events` counts those that are whole; `broken_at` is the first that is not."""

    tenant_id: uuid.UUID
    events: int
    head: str
    seconds: float
    broken_at: int | None = None
    problem: str = ""

    @property
    def intact(self) -> bool:
        return self.broken_at is None

    def __str__(self) -> str:
        if self.intact:
            return f"Whole: {self.events:,} events, the last with hash {self.head}, in {self.seconds:.1f} s."
        return f"Broken at event {self.broken_at}: it {self.problem}. The {self.events:,} events before it are whole."


def verify_chain(*, checkpoints: Iterable[tuple[int, str]] = ()) -> Verdict:
    """Verify the chain of the tenant in scope.

    `checkpoints` are (seq, hash) pairs that were kept elsewhere; without one, a cut end goes unseen.
    """
    started = time.monotonic()
    tenant_id = current_tenant_id()
    followed = Chain(str(tenant_id))
    broken_at, problem = None, ""
    try:
        followed.expect(checkpoints)
        _follow(followed)
    except Broken as broken:
        broken_at, problem = broken.seq, broken.how
    return Verdict(
        tenant_id=tenant_id,
        events=followed.seq,
        head=followed.hash,
        seconds=time.monotonic() - started,
        broken_at=broken_at,
        problem=problem,
    )


def _follow(followed: Chain) -> None:
    rows = chain().values_list(*CHAINED, *DERIVED)
    for seq, at, prev_hash, digest, body, *columns in rows.iterator(chunk_size=CHUNK):
        followed.add(seq, at, prev_hash, digest, body)
        if columns != _derived_from(body):
            raise Broken(seq, "has columns that differ from its body, so they were edited")
    followed.finish()


def _derived_from(body: str) -> list[str | uuid.UUID | None]:
    """The values of models.DERIVED, in its order."""
    event = json.loads(body)
    actor, target, trail = event["actor"], event["object"], event["trail"]
    trail_id = uuid.UUID(trail) if trail else None
    return [event["action"], actor["kind"], actor["id"], target["type"], target["id"], trail_id]
