"""Celery's way in."""

import logging

from celery import shared_task

from fintech_ai.accounts.models import Tenant
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from triage.services import clearing_check, policies_in_force

logger = logging.getLogger(__name__)


@shared_task(name="triage.tasks.check_clearing")
def check_clearing() -> int:
    """Look anew at every policy for automatic clearing, in every tenant; returns how many are on.

    One that cannot be looked at stays as it was until its last check is too old to be followed.
    """
    on = 0
    for tenant in Tenant.objects.all():
        with tenant_scope(tenant.id):
            actor = Actor.worker(tenant_id=tenant.id, name="clearing")
            for policy in policies_in_force():
                try:
                    on += clearing_check(actor=actor, policy=policy).is_on
                except Exception as error:
                    logger.error("The policy %s could not be checked: %s", policy.id, type(error).__name__)
    return on
