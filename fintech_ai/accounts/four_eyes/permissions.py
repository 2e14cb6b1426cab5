"""Who may propose, and who may decide? Each check raises a sentence, which is also the tooltip of a disabled button."""

from fintech_ai.accounts.four_eyes.models import Proposal, ProposalState
from fintech_ai.accounts.models import Role
from fintech_ai.core.actors import Actor, ActorKind
from fintech_ai.core.errors import Conflict, NotAllowed


def check_can_propose(actor: Actor) -> None:
    """Raises NotAllowed."""
    if actor.kind != ActorKind.SYSTEM:
        _check_is_officer(actor)


def check_can_approve(actor: Actor, proposal: Proposal) -> None:
    """Raises NotAllowed, or Conflict if it has been decided."""
    _check_is_officer(actor)
    _check_is_waiting(proposal)
    if proposal.proposed_by_id == actor.user_id:
        raise NotAllowed("You proposed this yourself; another compliance officer has to approve it.")


def check_can_reject(actor: Actor, proposal: Proposal) -> None:
    """Raises NotAllowed, or Conflict if it has been decided."""
    _check_is_officer(actor)
    _check_is_waiting(proposal)
    if proposal.proposed_by_id == actor.user_id:
        raise NotAllowed("You proposed this yourself: withdraw it instead.")


def check_can_withdraw(actor: Actor, proposal: Proposal) -> None:
    """Raises NotAllowed, or Conflict if it has been decided."""
    _check_is_officer(actor)
    _check_is_waiting(proposal)
    if proposal.proposed_by_id != actor.user_id:
        raise NotAllowed("Only who proposed this can withdraw it: reject it instead.")


def _check_is_officer(actor: Actor) -> None:
    if actor.kind != ActorKind.USER or actor.role != Role.COMPLIANCE:
        raise NotAllowed("Only a compliance officer may do this.")


def _check_is_waiting(proposal: Proposal) -> None:
    if proposal.state != ProposalState.PROPOSED:
        raise Conflict(f"This was {proposal.get_state_display().lower()} already.")
