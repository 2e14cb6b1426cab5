"""Celery's way in: thin tasks that take ids."""

import logging
import os
import socket
import traceback
import uuid

from celery import shared_task
from django.conf import settings

from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.models import Run
from fintech_ai.cases.services import RUN_EXECUTE, run_claim, run_fail, run_finish, runs_to_ring
from fintech_ai.core.actors import Actor
from fintech_ai.core.jobs import TenantTask, ring
from fintech_ai.core.tenancy import tenant_scope

logger = logging.getLogger(__name__)


def worker_name() -> str:
    """This process, as the audit trail calls it."""
    return f"{socket.gethostname()}:{os.getpid()}"


@shared_task(base=TenantTask, name=RUN_EXECUTE)
def run_execute(tenant_id: str, run_id: str) -> None:
    """Claim the run and work it; do nothing if another worker has it or it is done."""
    actor = Actor.worker(tenant_id=uuid.UUID(tenant_id), name=worker_name())
    claim = run_claim(actor=actor, run_id=uuid.UUID(run_id))
    if claim is None:
        return
    run = Run.objects.select_related("case").get(id=run_id)
    try:
        draft = capability_named(run.case.capability).recommend(run)
        run_finish(actor=actor, claim=claim, draft=draft)
    except Exception as error:
        # Frames only: the text of an error may quote personal data.
        frames = "".join(traceback.format_tb(error.__traceback__))
        logger.error("Run %s failed at try %d with %s\n%s", run_id, claim.tries, type(error).__name__, frames)
        run_fail(actor=actor, claim=claim, error=type(error).__name__)


@shared_task(name="fintech_ai.cases.tasks.sweep_runs")
def sweep_runs() -> int:
    """Ring again for every run that nobody has finished in time: its message, or its worker, was lost."""
    rung = 0
    for tenant_id, claim in runs_to_ring():
        if claim.tries >= settings.RUN_MAX_TRIES:
            with tenant_scope(tenant_id):
                actor = Actor.worker(tenant_id=tenant_id, name=worker_name())
                run_fail(actor=actor, claim=claim, error="WorkerLost")
            continue
        ring(RUN_EXECUTE, tenant_id, claim.run_id)
        rung += 1
    return rung
