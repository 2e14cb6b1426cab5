"""The life of a case: one table says which state follows which, on what, and who owns each."""

from dataclasses import dataclass

from django.db import models


class CaseState(models.TextChoices):
    RECEIVED = "received", "Received"
    IN_REVIEW = "in_review", "In review"
    AWAITING_APPROVAL = "awaiting_approval", "Awaiting second approval"
    DECIDED = "decided", "Decided"


class CaseEvent(models.TextChoices):
    RECOMMENDED = "recommended", "a run stores its recommendation"
    RUN_FAILED = "run_failed", "no run could make a recommendation"
    DECIDED = "decided", "a person decides"
    POLICY_DECIDED = "policy_decided", "the tenant's written policy decides"
    PUT_FORWARD = "put_forward", "a person decides, and policy asks for a second"
    APPROVED = "approved", "a second person approves"
    SENT_BACK = "sent_back", "a second person sends it back"


@dataclass(frozen=True)
class Transition:
    source: CaseState
    event: CaseEvent
    target: CaseState


TRANSITIONS = (
    Transition(CaseState.RECEIVED, CaseEvent.RECOMMENDED, CaseState.IN_REVIEW),
    Transition(CaseState.RECEIVED, CaseEvent.RUN_FAILED, CaseState.IN_REVIEW),
    Transition(CaseState.IN_REVIEW, CaseEvent.DECIDED, CaseState.DECIDED),
    Transition(CaseState.IN_REVIEW, CaseEvent.POLICY_DECIDED, CaseState.DECIDED),
    Transition(CaseState.IN_REVIEW, CaseEvent.PUT_FORWARD, CaseState.AWAITING_APPROVAL),
    Transition(CaseState.AWAITING_APPROVAL, CaseEvent.APPROVED, CaseState.DECIDED),
    Transition(CaseState.AWAITING_APPROVAL, CaseEvent.SENT_BACK, CaseState.IN_REVIEW),
)

OWNERS = {
    CaseState.RECEIVED: "worker",
    CaseState.IN_REVIEW: "analyst",
    CaseState.AWAITING_APPROVAL: "second person",
    CaseState.DECIDED: "nobody: final",
}

OPEN_STATES = tuple(state for state in CaseState if state != CaseState.DECIDED)

_NEXT = {(transition.source, transition.event): transition.target for transition in TRANSITIONS}


class ImpossibleTransition(RuntimeError):
    """The state of a case does not allow this event."""


def next_state(state: str, event: CaseEvent) -> CaseState:
    """The state that follows.

    Raises:
        ImpossibleTransition: nothing follows `state` on `event`.
    """
    try:
        return _NEXT[CaseState(state), event]
    except KeyError:
        raise ImpossibleTransition(f"A case that is {state} cannot be {event}.") from None


def as_mermaid() -> str:
    """The table as a Mermaid state diagram; docs/case-states.md holds it and a test compares."""
    lines = ["stateDiagram-v2", "    [*] --> received: an alert, document or question arrives"]
    lines += [f"    {t.source.value} --> {t.target.value}: {t.event.label}" for t in TRANSITIONS]
    lines += ["    decided --> [*]"]
    lines += [f"    note right of {state.value}: owner: {owner}" for state, owner in OWNERS.items()]
    return "\n".join(lines) + "\n"
