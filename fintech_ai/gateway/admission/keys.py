"""What things are called in Redis.

All names carry one hash tag. A request concerns a tenant's budgets and a provider's limits, which all tenants share,
and one script decides over both: so they have to lie on one node. What is meant is one Redis or Valkey server, or a
primary with replicas; a cluster works too, but keeps all of this on one of its nodes.
"""

import uuid
from datetime import date

from fintech_ai.gateway.targets import Target

PREFIX = "{gateway}"
CALL_PREFIX = f"{PREFIX}:call:"


def call(call_id: uuid.UUID) -> str:
    """What an unfinished call holds, and of which budgets."""
    return f"{CALL_PREFIX}{call_id}"


def live(tenant_id: uuid.UUID) -> str:
    """The calls of a tenant that hold something, or have been settled lately; see lua/budgets.lua."""
    return f"{PREFIX}:live:{tenant_id}"


def month(tenant_id: uuid.UUID, first_day: date) -> str:
    """What a tenant has spent and holds in a month."""
    return f"{PREFIX}:month:{tenant_id}:{first_day:%Y-%m}"


def case(tenant_id: uuid.UUID, case_id: uuid.UUID) -> str:
    """What each call for a case has cost or holds."""
    return f"{PREFIX}:case:{tenant_id}:{case_id}"


def breaker(target: Target) -> str:
    """The circuit breaker of a provider's model."""
    return f"{PREFIX}:breaker:{target.label}"


def target_window(target: Target) -> str:
    """The rate limits of a provider's model."""
    return f"{PREFIX}:rate:{target.label}"


def tenant_window(tenant_id: uuid.UUID) -> str:
    """The rate limits of a tenant."""
    return f"{PREFIX}:rate:{tenant_id}"


def lock(of: str) -> str:
    """Held by whoever makes `of` from PostgreSQL."""
    return f"{of}:lock"
