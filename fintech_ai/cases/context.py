"""What every page's frame shows: the queues that the person may see, and what leads should know of the budget."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from fintech_ai.accounts.models import Role, Tenant
from fintech_ai.cases.models import Queue
from fintech_ai.cases.selectors import open_counts, queues_visible_to
from fintech_ai.core.actors import Actor
from fintech_ai.gateway.admission.budgets import budget_state
from fintech_ai.gateway.providers import configured


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
        "budget_notice": SimpleLazyObject(lambda: budget_notice(request.tenant) if actor.role == Role.LEAD else ""),
        "is_compliance": actor.role == Role.COMPLIANCE or request.user.is_superuser,
    }


def budget_notice(tenant: Tenant) -> str:
    """What a lead should know of the tenant's model budget; "" while all is well or no model is configured."""
    if not configured():
        return ""
    state = budget_state(tenant)
    until = f"{state.resets_at.day} {state.resets_at:%B}"
    if not state.is_known:
        return "The model budget cannot be checked at the moment; the baseline answers until it can."
    if state.is_spent:
        return (
            f"The model budget for {state.month:%B} is spent; the baseline answers until {until}, or until compliance "
            "raises the budget."
        )
    if state.is_nearly_spent:
        return (
            f"{state.share:.0%} of the model budget for {state.month:%B} is spent. When it is gone, the baseline "
            f"answers until {until}."
        )
    return ""


def queue_links(actor: Actor) -> list[QueueLink]:
    """The queues of the person in the order of their names."""
    counts = open_counts(actor)
    return [QueueLink(queue, counts.get(queue.id, 0)) for queue in queues_visible_to(actor)]
