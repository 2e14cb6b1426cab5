"""The blind sample: of a share of cases nobody is shown the recommendation until a person has decided.

Only so can it be known how often people agree with the machine by themselves, and how often because it spoke first.
While a case is blind its row holds nothing that would tell: no headline, and a place in the queue drawn by lot.
"""

import secrets

from django.db import transaction

from fintech_ai.audit.services import record
from fintech_ai.cases.models import NO_VIEW, Case, Queue
from fintech_ai.cases.models.queues import MOST_BLIND_PERCENT
from fintech_ai.cases.permissions import check_can_set_blind
from fintech_ai.cases.states import CaseState
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput

RISKS = 101


@transaction.atomic
def queue_blind_set(*, actor: Actor, queue: Queue, percent: int) -> None:
    """State the share of cases that will be drawn from now on. Raises NotAllowed, InvalidInput (field `percent`)."""
    check_can_set_blind(actor, queue)
    if not 0 <= percent <= MOST_BLIND_PERCENT:
        message = f"The share lies between 0 and {MOST_BLIND_PERCENT} percent."
        raise InvalidInput(message, fields={"percent": [message]})
    queue = Queue.objects.select_for_update().get(id=queue.id)
    before, queue.blind_percent = queue.blind_percent, percent
    if before == percent:
        return
    queue.save(update_fields=["blind_percent"])
    record(
        actor=actor,
        action="queue.blind_changed",
        target=queue,
        data={"from": {"percent": before}, "to": {"percent": percent}},
    )


def draw(*, actor: Actor, case: Case) -> None:
    """Draw lots for a case that has just been recommended; call it in that transaction.

    A case that the written policy decided, and one on which the recommendation has no view, are left out: there would
    be nothing to agree with.
    """
    percent = Queue.objects.values_list("blind_percent", flat=True).get(id=case.queue_id)
    if case.recommendation.decision == NO_VIEW or secrets.randbelow(100) >= percent:
        return
    waiting = Case.objects.filter(id=case.id, state=CaseState.IN_REVIEW)
    if waiting.update(is_blind=True, risk=secrets.randbelow(RISKS), headline=""):
        record(actor=actor, action="case.blinded", target=case, trail=case.id, data={"percent": percent})


def lift(case: Case) -> list[str]:
    """Show the recommendation, since a person has decided; returns the fields to be saved."""
    case.is_blind = False
    case.risk, case.headline = case.recommendation.risk, case.recommendation.headline
    return ["is_blind", "risk", "headline"]
