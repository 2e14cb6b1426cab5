"""What other systems are told of a case: where it stands. Who it is about, and what was recommended, they ask for."""

from fintech_ai.cases.models import Case
from fintech_ai.webhooks.models import Event
from fintech_ai.webhooks.services import announce


def tell(case: Case, event: Event) -> None:
    """Tell the webhooks of this event, in the transaction at hand."""
    announce(
        event=event,
        about=case.id,
        data={
            "id": str(case.id),
            "reference": case.reference,
            "capability": case.capability,
            "queue": case.queue.slug,
            "state": case.state,
            "outcome": case.outcome,
            "version": case.version,
        },
    )
