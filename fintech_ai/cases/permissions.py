"""Who may do what to a case. Each check raises a sentence; the same sentence explains a disabled button.

Rights come from django-guardian permissions on the queue, granted to groups. Reading is the selectors' business:
whoever may not see a case never gets as far as these checks.
"""

from collections.abc import Callable

from django.utils import timezone

from fintech_ai.accounts.models import Role
from fintech_ai.cases.models import Case, Queue, Step
from fintech_ai.cases.states import CaseState
from fintech_ai.core.actors import Actor, ActorKind
from fintech_ai.core.errors import AppError, Conflict, NotAllowed

VIEW, DECIDE, ASSIGN, APPROVE = "view_queue", "decide_queue", "assign_queue", "approve_queue"
QUEUE_RIGHTS = (VIEW, DECIDE, ASSIGN, APPROVE)


def rights_on(actor: Actor, queue: Queue) -> frozenset[str]:
    """The codenames that the actor's groups have on this queue."""
    granted = queue.queuegrouppermission_set.filter(group_id__in=actor.group_ids)
    return frozenset(granted.values_list("permission__codename", flat=True))


def why_not(check: Callable[[Actor, Case], None], actor: Actor, case: Case) -> str:
    """The sentence with which `check` refuses, or "" when it does not."""
    try:
        check(actor, case)
    except AppError as refusal:
        return refusal.message
    return ""


def check_can_take(actor: Actor, case: Case) -> None:
    """A free case in review may be taken by whoever may decide it."""
    _check_person_with(DECIDE, actor, case, "You may read this queue, but not decide its cases.")
    _check_in_review(case)
    _check_not_held_by_another(actor, case)


def check_can_decide(actor: Actor, case: Case) -> None:
    """A case in review is decided by whoever holds it; deciding a free one takes it."""
    check_can_take(actor, case)


def check_can_release(actor: Actor, case: Case) -> None:
    """The holder may let go, and so may whoever assigns."""
    if case.assignee_id is None:
        raise Conflict("Nobody holds this case.")
    if case.assignee_id != actor.user_id:
        _check_person_with(
            ASSIGN, actor, case, f"{case.assignee.name} holds this case; only a team lead may take it away."
        )
    _check_in_review(case)


def check_can_assign(actor: Actor, case: Case) -> None:
    """Whoever leads the queue may hand any case in review to a member."""
    _check_person_with(ASSIGN, actor, case, "Only a team lead of this queue may assign its cases.")
    _check_in_review(case)


def check_can_set_blind(actor: Actor, queue: Queue) -> None:
    """Whoever leads the queue says how much of it is decided blind."""
    if actor.kind != ActorKind.USER or ASSIGN not in rights_on(actor, queue):
        raise NotAllowed("Only a team lead of this queue may set the share that is decided blind.")


def check_can_see_agreement(actor: Actor, queue: Queue) -> None:
    """How each analyst decides is for leads of the queue and for compliance, not for colleagues."""
    if actor.role != Role.COMPLIANCE and ASSIGN not in rights_on(actor, queue):
        raise NotAllowed("Only a team lead of this queue, or compliance, may see how its people decide.")


def check_can_export(actor: Actor, queue: Queue) -> None:
    """Whoever leads the queue, compliance, and a command may take many cases away at once."""
    if actor.kind != ActorKind.SYSTEM and actor.role != Role.COMPLIANCE and ASSIGN not in rights_on(actor, queue):
        raise NotAllowed("Only a team lead of this queue, or compliance, may export its cases.")


def check_can_approve(actor: Actor, case: Case) -> None:
    """The second approval comes from a person with that right who did not decide first."""
    if case.state != CaseState.AWAITING_APPROVAL:
        raise Conflict("This case is not waiting for a second approval.")
    if first_decision(case).decided_by_id == actor.user_id:
        raise NotAllowed("You made the first decision; the approval needs a second person.")
    _check_person_with(APPROVE, actor, case, "Your role does not include second approvals in this queue.")


def first_decision(case: Case):
    """The decision that is waiting for a second person."""
    return case.decisions.select_related("decided_by").get(step=Step.FIRST, answered_by__isnull=True)


def _check_person_with(right: str, actor: Actor, case: Case, refusal: str) -> None:
    if actor.kind != ActorKind.USER:
        raise NotAllowed("Only a person may do this, signed in as herself; a token may not.")
    if right not in rights_on(actor, case.queue):
        raise NotAllowed(refusal)


def _check_in_review(case: Case) -> None:
    if case.state == CaseState.RECEIVED:
        raise Conflict("The recommendation for this case is still being made.")
    if case.state == CaseState.AWAITING_APPROVAL:
        raise Conflict(f"{first_decision(case).decided_by.name} has decided this case; it waits for a second person.")
    if case.state == CaseState.DECIDED:
        raise Conflict("This case has been decided.")


def _check_not_held_by_another(actor: Actor, case: Case) -> None:
    if case.assignee_id is not None and case.assignee_id != actor.user_id:
        since = timezone.localtime(case.assigned_at)
        raise Conflict(
            f"{case.assignee.name} has held this case since {since:%H:%M}. Ask, or have a team lead reassign it."
        )
