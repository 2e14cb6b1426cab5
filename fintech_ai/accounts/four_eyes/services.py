"""What happens to a proposal: made by one person, approved or rejected by another, or withdrawn by the first."""

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models.functions import Now

from fintech_ai.accounts.four_eyes.models import Proposal, ProposalState
from fintech_ai.accounts.four_eyes.permissions import (
    check_can_approve,
    check_can_propose,
    check_can_reject,
    check_can_withdraw,
)
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput, NotFound

P = TypeVar("P", bound=Proposal)


@transaction.atomic
def propose(*, actor: Actor, proposal: P) -> P:
    """Store a proposal that was built and not saved. Nothing changes until another person approves it.

    Raises:
        NotAllowed: the actor is no compliance officer.
        InvalidInput: a value is wrong; `fields` says which.
    """
    check_can_propose(actor)
    proposal.claim_for_scope()
    proposal.proposed_by_id = actor.user_id
    try:
        proposal.full_clean()
    except ValidationError as error:
        raise InvalidInput("This cannot be proposed.", fields=error.message_dict) from error
    proposal.save(force_insert=True)
    _record(actor, "proposal.made", proposal, why=proposal.why)
    return proposal


def approve(*, actor: Actor, proposal: P, remark: str = "") -> P:
    """Put it in force, in place of what was before.

    Raises:
        NotAllowed: the actor proposed it, or is no compliance officer.
        Conflict: it has been decided.
    """
    return _decide(actor, proposal, ProposalState.APPROVED, check_can_approve, remark)


def reject(*, actor: Actor, proposal: P, remark: str) -> P:
    """Turn it down. Raises as `approve` does."""
    return _decide(actor, proposal, ProposalState.REJECTED, check_can_reject, remark)


def withdraw(*, actor: Actor, proposal: P, remark: str = "") -> P:
    """Take it back. Raises NotAllowed if somebody else proposed it, Conflict if it has been decided."""
    return _decide(actor, proposal, ProposalState.WITHDRAWN, check_can_withdraw, remark)


@transaction.atomic
def _decide(actor: Actor, proposal: P, state: ProposalState, check, remark: str) -> P:
    locked = type(proposal).objects.select_for_update(of=("self",)).filter(id=proposal.id).first()
    if locked is None:
        raise NotFound("There is no such proposal.")
    check(actor, locked)
    before = locked.before()
    type(proposal).objects.filter(id=locked.id).update(
        state=state, decided_by=actor.user_id, decided_at=Now(), remark=remark[:300]
    )
    locked.refresh_from_db()
    _record(actor, f"proposal.{state}", locked, before=before.values if before else None)
    return locked


def _record(actor: Actor, action: str, proposal: Proposal, **more) -> None:
    about = {name: str(getattr(proposal, name)) for name in proposal.KEY}
    values = {name: _as_json(value) for name, value in proposal.values.items()}
    if isinstance(more.get("before"), dict):
        more["before"] = {name: _as_json(value) for name, value in more["before"].items()}
    record(actor=actor, action=action, target=proposal, data={"about": about, "values": values, **more})


def _as_json(value):
    return value if isinstance(value, str | int | bool | list | dict | None) else str(value)
