"""What admission changes in PostgreSQL: calls whose worker was lost, and the news that a budget is running out."""

from datetime import date

from django.db import connection, transaction
from django.db.models.functions import Now
from django.utils import timezone

from fintech_ai.accounts.models import Tenant
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import current_tenant_id
from fintech_ai.gateway.admission.money import dollars
from fintech_ai.gateway.models import ChargeKind, DegradedReason, LedgerEntry, ModelCall, Outcome


def call_give_up(*, actor: Actor, call: ModelCall, month: date) -> LedgerEntry | None:
    """Finish a call whose lease has passed, as lost with its worker, and charge all that it held; None if it was done.

    Its provider may have answered, so the most that it can have cost is the safe side.
    """
    with transaction.atomic():
        unfinished = ModelCall.objects.select_for_update().filter(id=call.id, outcome="", lease_until__lt=Now())
        lost = unfinished.first()
        if lost is None:
            return None
        unfinished.update(
            outcome=Outcome.DEGRADED,
            degraded_reason=DegradedReason.WORKER_LOST,
            hold_micro_usd=0,
            lease_until=None,
            latency_ms=max(0, round(1000 * (timezone.now() - lost.created_at).total_seconds())),
            finished_at=Now(),
        )
        charge = LedgerEntry.objects.create(
            call=lost, case_id=lost.case_id, month=month, micro_usd=lost.hold_micro_usd, kind=ChargeKind.ASSUMED
        )
        record(
            actor=actor,
            action="model.called",
            target=lost,
            trail=lost.case_id,
            data={
                "endpoint": lost.endpoint,
                "subject": lost.subject,
                "outcome": Outcome.DEGRADED,
                "degraded_reason": DegradedReason.WORKER_LOST,
                "charged_micro_usd": charge.micro_usd,
            },
        )
    return charge


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
