"""All that the page of a case shows, put together from what the person may see and do."""

import uuid
from collections.abc import Callable
from typing import Any

from fintech_ai.cases.capability import Capability
from fintech_ai.cases.forms import DecisionForm, FilterForm, SecondForm, SnoozeForm, query_of
from fintech_ai.cases.models import NO_VIEW, Author, Case, Recommendation
from fintech_ai.cases.permissions import (
    ASSIGN,
    DECIDE,
    check_can_approve,
    check_can_decide,
    check_can_release,
    first_decision,
    why_not,
)
from fintech_ai.cases.policy import needs_reason, needs_second_approval
from fintech_ai.cases.selectors import CaseDetail, case_detail, members_with_right, queue_cases
from fintech_ai.cases.states import CaseState
from fintech_ai.cases.trail import changes_since, trail_entries
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.models import DegradedReason, ModelCall

LISTED_CASES = 30
TRAIL_EVENTS = 6


def case_page(
    actor: Actor, case_id: uuid.UUID, *, query: dict[str, str], form: DecisionForm | SecondForm | None = None
) -> dict[str, Any]:
    """The context of cases/case.html. `form` is what the person sent, if it was refused. Raises NotFound."""
    detail = case_detail(actor, case_id)
    case, capability = detail.case, detail.capability
    filters = FilterForm(query).filters()
    listed = list(queue_cases(actor, case.queue, filters)[: LISTED_CASES + 1])
    context = {
        "detail": detail,
        "case": case,
        "queue": case.queue,
        "queue_is": "true",
        "recommendation": detail.recommendation,
        "claims": detail.claims,
        "supported": sum(claim.supported for claim in detail.claims),
        "decisions": decisions_in_words(detail),
        "made_by": made_by(detail.recommendation),
        "recommended": decision_label(capability, detail.recommendation.decision) if detail.recommendation else "",
        "evidence_template": capability.evidence_template,
        "evidence": capability.evidence_context(case),
        "trail": trail_entries(capability, case, last=TRAIL_EVENTS),
        "filters": filters,
        "list_query": query_of(filters),
        "cases": listed[:LISTED_CASES],
        "has_more": len(listed) > LISTED_CASES,
        "may_decide": DECIDE in detail.rights,
        "is_received": case.state == CaseState.RECEIVED,
        "outcome": decision_label(capability, case.outcome) if case.outcome else "",
    }
    return context | _what_may_be_done(actor, detail, form)


def missed(case: Case, form: DecisionForm | SecondForm, capability: Capability) -> dict[str, Any]:
    """What has happened since the page was made on which `form` was filled in."""
    version = form.cleaned_data.get("version") or case.version
    return {"missed": changes_since(capability, case, versions=case.version - version)}


def decision_label(capability: Capability, value: str) -> str:
    """The label of a decision; what only a recommendation says has none of its own."""
    if value == NO_VIEW:
        return "Review"
    return next((choice.label for choice in capability.choices if choice.value == value), value.capitalize())


def made_by(recommendation: Recommendation | None) -> str:
    """Who made the recommendation, and where no model did, why."""
    if recommendation is None:
        return ""
    if recommendation.made_by == Author.MODEL:
        call = ModelCall.objects.filter(id=recommendation.model_call_id).first()
        name = (call.model_returned or call.model_requested) if call else "a model"
        return f"by {name}, prompt {recommendation.prompt_version}; evidence checked"
    if not recommendation.is_degraded:
        return "by the baseline; evidence checked"
    known = dict(DegradedReason.choices)
    why = known.get(recommendation.degraded_reason, recommendation.degraded_reason.replace("_", " "))
    return f"by the baseline; evidence checked. No model answered: {why}."


def decisions_in_words(detail: CaseDetail) -> list[dict[str, Any]]:
    """Every decision on the case so far, with its reason as people chose it."""
    reasons = {reason.code: reason.label for reason in detail.capability.reasons}
    return [
        {
            "decision": decision,
            "outcome": decision_label(detail.capability, decision.outcome),
            "reason": reasons.get(decision.reason, decision.reason),
            "recommended": decision_label(detail.capability, decision.recommended) if decision.recommended else "",
        }
        for decision in detail.decisions
    ]


def _what_may_be_done(actor: Actor, detail: CaseDetail, form: DecisionForm | SecondForm | None) -> dict[str, Any]:
    case = detail.case
    if case.state == CaseState.AWAITING_APPROVAL:
        first = first_decision(case)
        return {
            "first": first,
            "first_outcome": decision_label(detail.capability, first.outcome),
            "why_not": why_not(check_can_approve, actor, case),
            "form": form or SecondForm(),
        }
    if case.state != CaseState.IN_REVIEW:
        return {"form": form}
    assigns = ASSIGN in detail.rights
    return {
        "buttons": decision_buttons(detail),
        "why_not": why_not(check_can_decide, actor, case),
        "holds": case.assignee_id is not None and case.assignee_id == actor.user_id,
        "may_release": _allowed(check_can_release, actor, case) if case.assignee_id else False,
        "members": members_with_right(case.queue, DECIDE) if assigns else None,
        "snooze_form": SnoozeForm(),
        "form": form or DecisionForm(detail.capability),
    }


def _allowed(check: Callable[[Actor, Case], None], actor: Actor, case: Case) -> bool:
    return not why_not(check, actor, case)


def decision_buttons(detail: CaseDetail) -> list[dict[str, Any]]:
    """One button per choice, the recommended one first, since that is key 1."""
    recommended = detail.recommendation.decision if detail.recommendation else ""
    choices = sorted(detail.capability.choices, key=lambda choice: choice.value != recommended)
    has_view = choices[0].value == recommended
    return [
        {
            "value": choice.value,
            "label": _button_label(choice.label, accepts=choice.value == recommended, has_view=has_view),
            "name": choice.label,
            "key": key,
            "is_main": choice.value == recommended,
            "needs_reason": needs_reason(outcome=choice.value, adverse=choice.adverse, recommended=recommended),
            "usual_reason": choice.usual_reason,
            "needs_second": needs_second_approval(
                queue=detail.case.queue, outcome=choice.value, amount=detail.case.amount
            ),
        }
        for key, choice in enumerate(choices, start=1)
    ]


def _button_label(label: str, *, accepts: bool, has_view: bool) -> str:
    if accepts:
        return f"Accept: {label.lower()}"
    return f"{label} instead" if has_view else label
