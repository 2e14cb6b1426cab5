"""Requests as an integrator makes them."""

import json
import uuid
from datetime import timedelta

from django.http import HttpResponse
from django.utils import timezone

from tests.support.cast import System

TRANSACTIONS = "/api/v1/triage/transactions"
ALERTS = "/api/v1/triage/alerts"


def a_transaction(**changes) -> dict:
    """A payment an hour ago, as the API takes it."""
    occurred_at = timezone.now() - timedelta(hours=1)
    return {
        "id": f"T-{uuid.uuid4().hex[:8]}",
        "customer": {"id": "C-1"},
        "merchant": {"id": "M-1", "name": "Harber Inc", "category": "shopping_net"},
        "occurred_at": occurred_at.isoformat(),
        "amount": "120.50",
        "currency": "USD",
        "channel": "card_not_present",
        **changes,
    }


def an_alert(transaction: str, **changes) -> dict:
    """An alert on a payment, as the API takes it."""
    return {"transaction": transaction, "channel": "monitoring", "raised_by": "Rule 7: velocity", **changes}


def post(system: System, path: str, body: object, *, key: str | None = None) -> HttpResponse:
    """POST the body as JSON; text and bytes are sent as they are."""
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    headers = {"Idempotency-Key": key} if key else {}
    return system.client.post(path, data, content_type="application/json", headers=headers)


def post_transactions(system: System, *rows: dict) -> HttpResponse:
    return post(system, TRANSACTIONS, {"transactions": list(rows)})


def post_alert(system: System, body: object, *, key: str | None = None) -> HttpResponse:
    return post(system, ALERTS, body, key=key or uuid.uuid4().hex)


def a_posted_transaction(system: System, **changes) -> str:
    """Post a payment; returns its id."""
    row = a_transaction(**changes)
    response = post_transactions(system, row)
    assert response.status_code == 200, response.content
    return row["id"]


def pointers(response: HttpResponse) -> list[str]:
    """The fields that a problem names."""
    return [error["pointer"] for error in response.json().get("errors", [])]
