"""The audit trail of a case in the words of people: who did what, when, and what it was before and after."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from fintech_ai.accounts.models import ApiToken
from fintech_ai.accounts.selectors import member_names
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.selectors import trail_of
from fintech_ai.cases.capability import Capability
from fintech_ai.cases.models import Case, Decision
from fintech_ai.cases.states import CaseState
from fintech_ai.core.actors import ActorKind

WHAT = {
    "alert.received": "Alert received",
    "case.opened": "Case opened",
    "run.claimed": "Run started",
    "run.failed": "Run failed",
    "model.called": "Model called",
    "model.looked_up": "Model looked something up",
    "model.lost": "Model call given up, its worker was lost",
    "recommendation.made": "Recommendation made",
    "case.blinded": "Drawn for the blind sample",
    "case.taken": "Taken",
    "case.released": "Released",
    "case.assigned": "Assigned",
    "case.decided": "Decided",
    "case.policy_decided": "Decided by the written policy",
    "case.put_forward": "Decided, put forward to a second person",
    "case.approved": "Approved as second person",
    "case.sent_back": "Sent back",
    "case.snoozed": "Snoozed",
    "case.woken": "Taken back from snooze",
}
NO_ONE = "nobody"


@dataclass(frozen=True)
class TrailEntry:
    """One event. `before` and `after` are empty where nothing about the case itself changed."""

    seq: int
    at: datetime
    who: str
    what: str
    detail: str
    note: str
    before: str
    after: str
    hash: str


def shown_trail(case: Case) -> QuerySet[AuditEvent]:
    """The events of the case's trail in order; while it is blind, without what the recommendation said."""
    events = trail_of(case.id)
    return events.exclude(action="recommendation.made") if case.is_blind else events


def trail_entries(capability: Capability, case: Case, *, last: int | None = None) -> list[TrailEntry]:
    """The events of the case's trail in the words of people; only the `last` so many if asked."""
    events = shown_trail(case)
    return _told(capability, list(events if last is None else reversed(events.reverse()[:last])))


def changes_since(capability: Capability, case: Case, *, versions: int) -> list[TrailEntry]:
    """The events that made the last so many versions of the case: what somebody with an older page has missed."""
    changed = [event for event in shown_trail(case) if "to" in event.data and event.action != "case.opened"]
    return _told(capability, changed[-versions:] if versions > 0 else [])


def _told(capability: Capability, events: list[AuditEvent]) -> list[TrailEntry]:
    names = _names(events)
    labels = {choice.value: choice.label for choice in capability.choices}
    reasons = {reason.code: reason.label for reason in capability.reasons}
    made = Decision.objects.in_bulk([event.data["decision"] for event in events if _is_decision(event)])
    notes = {str(decision.id): decision.note for decision in made.values()}
    return [
        TrailEntry(
            seq=event.seq,
            at=event.at,
            who=_who(event, names),
            what=WHAT.get(event.action, event.action.replace(".", " ").replace("_", " ")),
            detail=_detail(event, labels, reasons),
            note=notes.get(event.data["decision"], "") if _is_decision(event) else "",
            before=_state(event.data.get("from"), names),
            after=_state(event.data.get("to"), names),
            hash=event.hash,
        )
        for event in events
    ]


def _is_decision(event: AuditEvent) -> bool:
    return event.action.startswith("case.") and "decision" in event.data


def _names(events: Iterable[AuditEvent]) -> dict[str, str]:
    people, tokens = set(), set()
    for event in events:
        if event.actor_kind == ActorKind.USER:
            people.add(uuid.UUID(event.actor_id))
        elif event.actor_kind == ActorKind.TOKEN:
            tokens.add(uuid.UUID(event.actor_id))
        sides = (event.data.get("from") or {}, event.data.get("to") or {})
        people.update(uuid.UUID(side["assignee"]) for side in sides if side.get("assignee"))
    names = {str(id): name for id, name in member_names(people).items()} if people else {}
    if tokens:
        names |= {
            str(id): f"token {name}" for id, name in ApiToken.objects.filter(id__in=tokens).values_list("id", "name")
        }
    return names


def _who(event: AuditEvent, names: dict[str, str]) -> str:
    if event.actor_kind == ActorKind.WORKER:
        return "worker"
    return names.get(event.actor_id, event.actor_id)


def _state(side: dict[str, Any] | None, names: dict[str, str]) -> str:
    if not side:
        return ""
    parts = [CaseState(side["state"]).label] if "state" in side else []
    if "assignee" in side:
        parts.append(f"held by {names.get(side['assignee'], 'a former member') if side['assignee'] else NO_ONE}")
    return ", ".join(parts)


def _detail(event: AuditEvent, labels: dict[str, str], reasons: dict[str, str]) -> str:
    data = event.data
    if event.action == "recommendation.made":
        author = "a model" if data["made_by"] == "model" else "the baseline"
        decision = labels.get(data["decision"], data["decision"].capitalize())
        return f"{decision}, by {author}; {data['supported']} of {data['claims']} claims supported"
    if event.action == "run.failed":
        return "no further try" if data["final"] else f"try {data['tries']}, to be tried again"
    if _is_decision(event):
        parts = [labels.get(data["outcome"], data["outcome"])]
        if data.get("blind"):
            parts.append("decided blind")
        if data["override"]:
            parts.append(f"override of {labels.get(data['recommended'], data['recommended']).lower()}")
        if data.get("policy"):
            parts.append(data["policy"])
        if data["reason"]:
            parts.append(f"reason: {reasons.get(data['reason'], data['reason']).lower()}")
        return "; ".join(parts)
    return ""
