"""Who may post to triage. Each check raises a sentence that the caller can read."""

from fintech_ai.accounts.models import Role
from fintech_ai.core.actors import Actor, ActorKind
from fintech_ai.core.errors import NotAllowed

PROCESSES = (ActorKind.SYSTEM, ActorKind.WORKER)


def check_can_post(actor: Actor) -> None:
    """Transactions and alerts come from systems: a token of an integrator, or a process of our own."""
    if actor.kind not in PROCESSES and actor.role != Role.INTEGRATOR:
        raise NotAllowed("Only an integrator's token may post transactions and alerts.")
