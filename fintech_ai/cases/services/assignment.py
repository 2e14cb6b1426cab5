"""Who holds a case. A held case is decided by its holder alone."""

import uuid

from django.db import transaction
from django.db.models.functions import Now

from fintech_ai.audit.services import record
from fintech_ai.cases.models import Case, Queue
from fintech_ai.cases.permissions import DECIDE, check_can_assign, check_can_release, check_can_take, rights_on
from fintech_ai.cases.selectors import SORTS, awake, members_with_right
from fintech_ai.cases.services.locking import check_version, locked_case
from fintech_ai.cases.states import CaseState
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput, NotAllowed


@transaction.atomic
def case_take(*, actor: Actor, case_id: uuid.UUID) -> Case:
    """Hold the case. Taking what one holds already changes nothing.

    Raises NotFound, NotAllowed, or Conflict that names who holds it.
    """
    case = locked_case(actor, case_id)
    check_can_take(actor, case)
    if case.assignee_id != actor.user_id:
        _hand_over(case, to=actor.user_id)
        _record_assignment(actor, case, "case.taken", before=None)
    return case


@transaction.atomic
def case_take_next(*, actor: Actor, queue: Queue, skip: uuid.UUID | None = None) -> Case | None:
    """Hold the case that matters most: one's own first, else the riskiest free one that nobody else is taking.

    `skip` is the case that the person is leaving. None when nothing is left.
    """
    if DECIDE not in rights_on(actor, queue):
        raise NotAllowed("You may read this queue, but not decide its cases.")
    in_review = Case.objects.filter(awake(), queue=queue, state=CaseState.IN_REVIEW).exclude(id=skip)
    case = in_review.filter(assignee_id=actor.user_id).order_by(*SORTS["risk"]).first()
    if case is not None:
        return case
    free = in_review.filter(assignee__isnull=True).order_by(*SORTS["risk"])
    case = free.select_for_update(skip_locked=True).first()
    if case is not None:
        _hand_over(case, to=actor.user_id)
        _record_assignment(actor, case, "case.taken", before=None)
    return case


@transaction.atomic
def case_release(*, actor: Actor, case_id: uuid.UUID) -> Case:
    """Let go of the case, so that anybody may take it."""
    case = locked_case(actor, case_id)
    check_can_release(actor, case)
    before = case.assignee_id
    _hand_over(case, to=None)
    _record_assignment(actor, case, "case.released", before=before)
    return case


@transaction.atomic
def case_assign(*, actor: Actor, case_id: uuid.UUID, version: int, assignee_id: uuid.UUID | None) -> Case:
    """Hand the case to a member who may decide it, or to nobody."""
    case = locked_case(actor, case_id)
    check_can_assign(actor, case)
    check_version(case, version)
    if assignee_id is not None and not members_with_right(case.queue, DECIDE).filter(id=assignee_id).exists():
        raise InvalidInput(
            "This person may not decide the cases of this queue.",
            fields={"assignee": ["Choose a member of the queue."]},
        )
    before = case.assignee_id
    if before != assignee_id:
        _hand_over(case, to=assignee_id)
        _record_assignment(actor, case, "case.assigned", before=before)
    return case


def _hand_over(case: Case, *, to: uuid.UUID | None) -> None:
    case.assignee_id, case.version = to, case.version + 1
    case.assigned_at = Now() if to else None
    case.save(update_fields=["assignee", "assigned_at", "version"])
    case.refresh_from_db(fields=["assigned_at", "assignee"])


def _record_assignment(actor: Actor, case: Case, action: str, *, before: uuid.UUID | None) -> None:
    record(
        actor=actor,
        action=action,
        target=case,
        trail=case.id,
        data={
            "from": {"assignee": str(before) if before else None},
            "to": {"assignee": str(case.assignee_id) if case.assignee_id else None, "version": case.version},
        },
    )
