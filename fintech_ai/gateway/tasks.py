"""Celery's way in: thin tasks that take ids."""

from celery import shared_task

from fintech_ai.gateway.admission import ledger


@shared_task(name="fintech_ai.gateway.tasks.reconcile_budgets")
def reconcile_budgets() -> int:
    """Settle what lost workers left behind; returns how many calls."""
    return ledger.reconcile()
