"""What every page's frame shows: the queues that the person may see, with the number of their open cases."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from fintech_ai.accounts.models import Role
from fintech_ai.cases.models import Queue
from fintech_ai.cases.selectors import open_counts, queues_visible_to
from fintech_ai.core.actors import Actor


@dataclass(frozen=True)
class QueueLink:
    """One entry of the navigation."""

    queue: Queue
    open: int


def navigation(request: HttpRequest) -> dict[str, Any]:
    """Context processor. Asks the database only where a template uses it."""
    actor = getattr(request, "actor", None)
    if actor is None or getattr(request, "membership", None) is None:
        return {}
    return {
        "queue_links": SimpleLazyObject(lambda: queue_links(actor)),
        "is_compliance": actor.role == Role.COMPLIANCE or request.user.is_superuser,
    }


def queue_links(actor: Actor) -> list[QueueLink]:
    """The queues of the person in the order of their names."""
    counts = open_counts(actor)
    return [QueueLink(queue, counts.get(queue.id, 0)) for queue in queues_visible_to(actor)]
