"""People decide, or the written policy: accept or override, put forward to a second person, approve or send back."""

import hashlib
import uuid

from django.db import transaction
from django.db.models.functions import Now

from fintech_ai.audit.services import record
from fintech_ai.cases.announcing import tell
from fintech_ai.cases.capability import Capability, PolicyDecision, capability_named
from fintech_ai.cases.models import Case, Decision, Step
from fintech_ai.cases.permissions import check_can_approve, check_can_decide, first_decision
from fintech_ai.cases.policy import needs_reason, needs_second_approval
from fintech_ai.cases.services.blind import lift
from fintech_ai.cases.services.locking import check_version, locked_case
from fintech_ai.cases.states import CaseEvent, CaseState, next_state
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput
from fintech_ai.webhooks.models import Event


@transaction.atomic
def case_decide(
    *, actor: Actor, case_id: uuid.UUID, version: int, outcome: str, reason: str = "", note: str = ""
) -> Decision:
    """Decide a case that is free or one's own; where policy asks for it, a second person follows.

    Raises NotFound, NotAllowed, Conflict (held by another, stale version) or InvalidInput (fields outcome, reason).
    """
    case = locked_case(actor, case_id)
    check_can_decide(actor, case)
    check_version(case, version)
    recommended = case.recommendation.decision if case.recommendation else ""
    seen = "" if case.is_blind else recommended
    _check_choice(capability_named(case.capability), outcome=outcome, reason=reason, recommended=seen)
    decision = Decision.objects.create(
        case=case,
        case_version=version,
        step=Step.FIRST,
        outcome=outcome,
        recommendation=case.recommendation,
        recommended=recommended,
        blind=case.is_blind,
        reason=reason,
        note=note,
        decided_by_id=actor.user_id,
    )
    if needs_second_approval(queue=case.queue, outcome=outcome, amount=case.amount):
        _move(actor, case, decision, CaseEvent.PUT_FORWARD, assignee_id=None)
    else:
        _move(actor, case, decision, CaseEvent.DECIDED, assignee_id=actor.user_id)
    return decision


@transaction.atomic
def case_decide_by_policy(*, actor: Actor, case: Case, by: PolicyDecision) -> Decision:
    """Decide as recommended, by the written policy. Call it with the case locked, in review and held by nobody."""
    decision = Decision.objects.create(
        case=case,
        case_version=case.version,
        step=Step.FIRST,
        outcome=by.outcome,
        recommendation=case.recommendation,
        recommended=case.recommendation.decision,
        policy=by.policy,
    )
    _move(actor, case, decision, CaseEvent.POLICY_DECIDED, assignee_id=None)
    return decision


@transaction.atomic
def case_approve(*, actor: Actor, case_id: uuid.UUID, version: int, note: str = "") -> Decision:
    """Approve another person's decision, which then stands. Raises as `case_decide`."""
    case = locked_case(actor, case_id)
    check_can_approve(actor, case)
    check_version(case, version)
    decision = _answer(actor, case, Step.SECOND, note=note)
    _move(actor, case, decision, CaseEvent.APPROVED, assignee_id=case.assignee_id)
    return decision


@transaction.atomic
def case_send_back(*, actor: Actor, case_id: uuid.UUID, version: int, note: str) -> Decision:
    """Return the case to whoever decided first, saying why. Raises as `case_decide`."""
    case = locked_case(actor, case_id)
    check_can_approve(actor, case)
    check_version(case, version)
    if not note.strip():
        raise InvalidInput("Say what is missing.", fields={"note": ["Say what is missing."]})
    decision = _answer(actor, case, Step.RETURN, note=note)
    _move(actor, case, decision, CaseEvent.SENT_BACK, assignee_id=decision.first_decided_by_id)
    return decision


def _check_choice(capability: Capability, *, outcome: str, reason: str, recommended: str) -> None:
    choice = next((choice for choice in capability.choices if choice.value == outcome), None)
    if choice is None:
        known = ", ".join(choice.value for choice in capability.choices)
        raise InvalidInput("There is no such decision.", fields={"outcome": [f"Choose one of: {known}."]})
    if reason and reason not in {known.code for known in capability.reasons}:
        raise InvalidInput("There is no such reason.", fields={"reason": ["Choose a reason from the list."]})
    if not reason and needs_reason(outcome=outcome, adverse=choice.adverse, recommended=recommended):
        why = "A decision against the customer" if choice.adverse else "An override of the recommendation"
        raise InvalidInput(f"{why} needs a reason.", fields={"reason": [f"{why} needs a reason."]})


def _answer(actor: Actor, case: Case, step: Step, *, note: str) -> Decision:
    first = first_decision(case)
    return Decision.objects.create(
        case=case,
        case_version=case.version,
        step=step,
        outcome=first.outcome,
        recommendation=first.recommendation,
        recommended=first.recommended,
        note=note,
        answers=first,
        decided_by_id=actor.user_id,
        first_decided_by_id=first.decided_by_id,
    )


def _move(actor: Actor, case: Case, decision: Decision, event: CaseEvent, *, assignee_id: uuid.UUID | None) -> None:
    before = {"state": case.state, "assignee": str(case.assignee_id) if case.assignee_id else None}
    case.state = next_state(case.state, event)
    if case.assignee_id != assignee_id:
        case.assignee_id, case.assigned_at = assignee_id, Now() if assignee_id else None
    if not case.is_open:
        case.outcome, case.closed_at = decision.outcome, Now()
    changed = ["state", "assignee", "assigned_at", "outcome", "closed_at", "version"]
    if case.is_blind:
        changed += lift(case)
    case.version += 1
    case.save(update_fields=changed)
    record(
        actor=actor,
        action=f"case.{event}",
        target=case,
        trail=case.id,
        data={
            "decision": str(decision.id),
            "outcome": decision.outcome,
            "recommended": decision.recommended,
            "override": decision.is_override,
            "blind": decision.blind,
            "policy": decision.policy,
            "reason": decision.reason,
            "note_sha256": hashlib.sha256(decision.note.encode()).hexdigest() if decision.note else None,
            "from": before,
            "to": {"state": case.state, "assignee": str(assignee_id) if assignee_id else None, "version": case.version},
        },
    )
    if case.state == CaseState.AWAITING_APPROVAL:
        tell(case, Event.AWAITING)
    if not case.is_open:
        tell(case, Event.DECIDED)
        capability_named(case.capability).decided(actor=actor, case=case, decision=decision)
