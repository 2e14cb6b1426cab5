"""What admission records: the news that a budget is running out."""

from datetime import date

from django.db import connection, transaction

from fintech_ai.accounts.models import Tenant
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.gateway.admission.money import dollars


def budget_news_record(*, actor: Actor, what: str, month: date, spent: int, limit: int) -> bool:
    """Record, once in a month, that its budget is "nearly_spent" or "spent". False if that was done before.

    Args:
        spent, limit: in micro-dollars.
    """
    action = f"budget.{what}"
    tenant_id = current_tenant_id()
    with transaction.atomic():
        with connection.cursor() as cursor:
            # An event cannot be read before its commit, so two of us at once would both find none.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{action} {tenant_id} {month}"])
        known = AuditEvent.objects.filter(action=action, object_id=str(tenant_id), at__date__gte=month)
        if any(event.data["month"] == f"{month:%Y-%m}" for event in known):
            return False
        data = {"month": f"{month:%Y-%m}", "spent_usd": str(dollars(spent)), "limit_usd": str(dollars(limit))}
        record(actor=actor, action=action, target=Tenant(id=tenant_id), data=data)
    return True
