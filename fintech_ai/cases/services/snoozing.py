"""A case that can only be decided later waits out of sight until a time that the analyst chooses."""

import hashlib
import uuid
from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from fintech_ai.audit.services import record
from fintech_ai.cases.models import Case
from fintech_ai.cases.permissions import check_can_decide
from fintech_ai.cases.services.locking import check_version, locked_case
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput

LONGEST = timedelta(days=14)


@transaction.atomic
def case_snooze(*, actor: Actor, case_id: uuid.UUID, version: int, until: datetime | None, why: str = "") -> Case:
    """Put the case out of sight until then, or back at once with None. Its due time stays what it was.

    Raises NotFound, NotAllowed, Conflict, or InvalidInput (fields `until`, `why`).
    """
    case = locked_case(actor, case_id)
    check_can_decide(actor, case)
    check_version(case, version)
    if until is not None:
        _check(until, why)
    before, case.version = case.snoozed_until, case.version + 1
    case.snoozed_until, case.snoozed_why = until, why.strip() if until else ""
    case.save(update_fields=["snoozed_until", "snoozed_why", "version"])
    record(
        actor=actor,
        action="case.snoozed" if until else "case.woken",
        target=case,
        trail=case.id,
        data={
            "why_sha256": hashlib.sha256(why.encode()).hexdigest() if why else None,
            "from": {"snoozed_until": before.isoformat() if before else None},
            "to": {"snoozed_until": until.isoformat() if until else None, "version": case.version},
        },
    )
    return case


def _check(until: datetime, why: str) -> None:
    now = timezone.now()
    if not now < until <= now + LONGEST:
        message = f"Choose a time within the next {LONGEST.days} days."
        raise InvalidInput(message, fields={"until": [message]})
    if not why.strip():
        message = "Say what the case waits for."
        raise InvalidInput(message, fields={"why": [message]})
