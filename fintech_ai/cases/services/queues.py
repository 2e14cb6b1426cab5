"""Queues, and who may do what on them."""

from collections.abc import Iterable
from decimal import Decimal

from django.db import transaction
from guardian.shortcuts import assign_perm

from fintech_ai.accounts.models import TenantGroup
from fintech_ai.audit.services import record
from fintech_ai.cases.models import Queue
from fintech_ai.cases.permissions import QUEUE_RIGHTS
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput


@transaction.atomic
def queue_create(
    *,
    actor: Actor,
    capability: str,
    name: str,
    slug: str,
    due_minutes: int = 240,
    second_approval_decisions: Iterable[str] = (),
    second_approval_from: Decimal = Decimal(0),
) -> Queue:
    """Open a queue with the tenant's policy for it."""
    queue = Queue.objects.create(
        capability=capability,
        name=name,
        slug=slug,
        due_minutes=due_minutes,
        second_approval_decisions=list(second_approval_decisions),
        second_approval_from=second_approval_from,
    )
    record(
        actor=actor,
        action="queue.created",
        target=queue,
        data={
            "capability": capability,
            "due_minutes": due_minutes,
            "second_approval_decisions": queue.second_approval_decisions,
            "second_approval_from": str(second_approval_from),
        },
    )
    return queue


@transaction.atomic
def queue_grant(*, actor: Actor, queue: Queue, group: TenantGroup, permissions: Iterable[str]) -> None:
    """Grant a group these rights on the queue: some of view, decide, assign and approve."""
    permissions = sorted(permissions)
    if unknown := set(permissions) - set(QUEUE_RIGHTS):
        raise InvalidInput(f"There is no right called {', '.join(sorted(unknown))} on a queue.")
    for permission in permissions:
        assign_perm(permission, group.group, queue)
    record(actor=actor, action="queue.granted", target=queue, data={"group": str(group.id), "rights": permissions})
