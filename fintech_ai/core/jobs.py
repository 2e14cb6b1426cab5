"""Background work: tasks that run in a tenant's scope, and the bell that wakes a worker for them.

A message only rings: the row that it names is the truth, and a lost message is rung again by a sweep. So a
broker that is down never fails a request.
"""

import logging
import uuid
from typing import Any

from celery import Task, current_app
from django.db import transaction
from kombu.exceptions import OperationalError

from fintech_ai.core.origin import Origin, origin_scope
from fintech_ai.core.redis import redis_answers
from fintech_ai.core.tenancy import tenant_scope

logger = logging.getLogger(__name__)


class TenantTask(Task):
    """Base of every task that works for a tenant: its first argument is the tenant's id, and without one it fails."""

    abstract = True

    def __call__(self, tenant_id: str, *args: Any, **kwargs: Any) -> Any:
        with tenant_scope(uuid.UUID(tenant_id)), origin_scope(Origin(channel="worker")):
            return super().__call__(tenant_id, *args, **kwargs)


def ring(task: str, *ids: Any) -> None:
    """Wake a worker for the task of this name with these ids. A broker that does not answer is logged, not raised.

    It is asked first, since Celery's own client would try for seconds to reach it while a person waits.
    """
    if not redis_answers():
        logger.warning("Could not ring for %s: the broker does not answer. The sweep will.", task)
        return
    try:
        current_app.send_task(task, args=[str(value) for value in ids], retry=False)
    except (OperationalError, OSError) as error:
        logger.warning("Could not ring for %s: %s. The sweep will.", task, type(error).__name__)


def ring_after_commit(task: str, *ids: Any) -> None:
    """As `ring`, once the transaction at hand has committed."""
    transaction.on_commit(lambda: ring(task, *ids), robust=True)
