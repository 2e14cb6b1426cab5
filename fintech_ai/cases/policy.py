"""The tenant's written policy on decisions, as pure functions of what the queue states."""

from decimal import Decimal

from fintech_ai.cases.models import NO_VIEW, Queue


def needs_second_approval(*, queue: Queue, outcome: str, amount: Decimal | None) -> bool:
    """Whether this decision waits for a second person. A case without an amount counts as above the threshold."""
    if outcome not in queue.second_approval_decisions:
        return False
    return amount is None or amount >= queue.second_approval_from


def needs_reason(*, outcome: str, adverse: bool, recommended: str) -> bool:
    """An adverse decision always gives its reason, and so does one that differs from the recommendation."""
    return adverse or recommended not in {"", NO_VIEW, outcome}
