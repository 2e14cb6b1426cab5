"""Is it up, and can it work? For load balancers and orchestrators; tells nothing else."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from fintech_ai.core.redis import redis_answers


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """200 while this process answers. It says nothing of the servers behind it, so that nobody restarts it for them."""
    return JsonResponse({"status": "ok"})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when this process can do its work, else 503; each part says "ok" or what is wrong.

    Redis that is away is told and does not make it 503: requests are taken without it, and runs wait.
    """
    parts = {"database": _database(), "redis": "ok" if redis_answers() else "does not answer; runs wait for the sweep"}
    ready = parts["database"] == "ok"
    return JsonResponse({"status": "ok" if ready else "not ready", **parts}, status=200 if ready else 503)


def _database() -> str:
    try:
        executor = MigrationExecutor(connection)
        pending = executor.migration_plan(executor.loader.graph.leaf_nodes())
    except DatabaseError:
        return "does not answer"
    return f"{len(pending)} migrations are pending: run manage.py prepare_database" if pending else "ok"
