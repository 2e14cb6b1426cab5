"""Celery's way in."""

from datetime import timedelta

from celery import shared_task
from django.db.models.functions import Now

from fintech_ai.accounts.models import IdempotencyKey

KEPT = timedelta(days=30)


@shared_task(name="fintech_ai.accounts.tasks.forget_idempotency_keys")
def forget_idempotency_keys() -> int:
    """Remove the answers that nobody will ask for again, in every tenant: those older than 30 days."""
    removed, _ = IdempotencyKey.across_tenants.filter(created_at__lt=Now() - KEPT).delete()
    return removed
