"""Celery's way in: thin tasks that take ids."""

import logging
import socket
import uuid

from celery import shared_task

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import AppError
from fintech_ai.core.jobs import TenantTask
from fintech_ai.core.tenancy import tenant_scope
from fintech_ai.gateway import replay
from fintech_ai.gateway.admission import ledger
from fintech_ai.gateway.contents import contents_forget
from fintech_ai.gateway.shadow import ASK_CHALLENGER

logger = logging.getLogger(__name__)


@shared_task(name="fintech_ai.gateway.tasks.reconcile_budgets")
def reconcile_budgets() -> int:
    """Settle what lost workers left behind; returns how many calls."""
    return ledger.reconcile()


@shared_task(base=TenantTask, name=ASK_CHALLENGER)
def ask_challenger(tenant_id: str, call_id: str, version: str) -> None:
    """Ask a challenger version of the prompt in shadow. That it failed is stored with its call, and stops nothing."""
    actor = Actor.worker(tenant_id=uuid.UUID(tenant_id), name=f"challenger:{socket.gethostname()}")
    try:
        replay.ask_challenger(actor=actor, call_id=uuid.UUID(call_id), version=int(version))
    except AppError as error:
        logger.warning("The challenger could not be asked for call %s: %s", call_id, error.message)


@shared_task(name="fintech_ai.gateway.tasks.forget_contents")
def forget_contents() -> int:
    """Delete what was sent and received, in every tenant, once its time is over; returns how many calls'."""
    forgotten = 0
    for tenant in Tenant.objects.all():
        with tenant_scope(tenant.id):
            actor = Actor.worker(tenant_id=tenant.id, name="retention")
            while deleted := contents_forget(actor=actor):
                forgotten += deleted
    return forgotten
