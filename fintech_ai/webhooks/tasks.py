"""Celery's way in."""

import uuid

from celery import shared_task

from fintech_ai.core.actors import Actor
from fintech_ai.core.jobs import TenantTask, ring
from fintech_ai.webhooks.services import DELIVER, message_deliver, messages_to_ring


@shared_task(base=TenantTask, name=DELIVER)
def deliver(tenant_id: str, message_id: str) -> None:
    """Try once to hand a message over."""
    actor = Actor.worker(tenant_id=uuid.UUID(tenant_id), name="webhooks")
    message_deliver(actor=actor, message_id=uuid.UUID(message_id))


@shared_task(name="fintech_ai.webhooks.tasks.sweep_messages")
def sweep_messages() -> int:
    """Ring for every message whose next try has come, or whose worker was lost."""
    due = messages_to_ring()
    for tenant_id, message_id in due:
        ring(DELIVER, tenant_id, message_id)
    return len(due)
