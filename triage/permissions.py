"""Who may post to triage. Each check raises a sentence that the caller can read."""

from fintech_ai.accounts.models import Role
from fintech_ai.cases.models import Case, Queue
from fintech_ai.cases.permissions import ASSIGN, rights_on
from fintech_ai.core.actors import Actor, ActorKind
from fintech_ai.core.errors import Conflict, NotAllowed
from triage.policy import Verdict

DRAFTERS = (Role.LEAD, Role.COMPLIANCE)
SUSPICIOUS = (Verdict.ESCALATE, Verdict.BLOCK)
PROCESSES = (ActorKind.SYSTEM, ActorKind.WORKER)


def check_can_post(actor: Actor) -> None:
    """Transactions and alerts come from systems: a token of an integrator, or a process of our own."""
    if actor.kind not in PROCESSES and actor.role != Role.INTEGRATOR:
        raise NotAllowed("Only an integrator's token may post transactions and alerts.")


def check_can_simulate(actor: Actor, queue: Queue) -> None:
    """Whoever leads the queue, and compliance, may try other rules on what has happened."""
    if actor.role != Role.COMPLIANCE and ASSIGN not in rights_on(actor, queue):
        raise NotAllowed("Only a team lead of this queue, or compliance, may simulate other rules.")


def check_can_draft_sar(actor: Actor, case: Case) -> None:
    """A report is confidential (31 U.S.C. 5318(g)(2)): leads and compliance draft it, once the case is decided."""
    if actor.kind != ActorKind.USER or actor.role not in DRAFTERS:
        raise NotAllowed("Only a team lead or a compliance officer may draft a suspicious activity report.")
    if case.outcome not in SUSPICIOUS:
        raise Conflict("A report is drafted of a case that was decided to be blocked or escalated.")
