"""What the model may look up about an alert, beyond the features that it is given.

Nothing here is evidence: reason codes rest on features alone, which code recomputes. It helps to weigh them.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from fintech_ai.core.money import rounded
from fintech_ai.gateway.tools import tool
from fintech_ai.privacy.services import Cleared, minimise
from triage.features import MAX_LINKED, up_to
from triage.models import Alert, Transaction

ENDPOINT = "triage.recommend"


class MerchantHistory(BaseModel):
    """What happened at the payment's merchant in some days before it; at most its latest 2,000 payments."""

    model_config = ConfigDict(extra="forbid")

    days: int = Field(description="how many days are looked at")
    payments: int = Field(description="payments of all customers")
    customers: int = Field(description="different customers")
    frauds: int = Field(description="payments that had been reported as fraud by then")
    median_amount: Decimal | None = Field(description="of the payments in the same currency; null if there is none")


@tool
def merchant_history(alert: Alert, *, days: Literal[7, 30, 90]) -> Cleared:
    """What happened at the merchant of this payment in the days before it: how many payments and customers, how many
    of the payments had been reported as fraud by then, and the median amount."""
    payment = alert.transaction
    latest = Transaction.objects.filter(
        up_to(payment, window=timedelta(days=days)), merchant=payment.merchant_id
    ).order_by("-occurred_at", "-id")[:MAX_LINKED]
    rows = list(latest.values_list("customer_id", "reported_fraud_at", "amount", "currency"))
    amounts = sorted(amount for _, _, amount, currency in rows if currency == payment.currency)
    history = MerchantHistory(
        days=days,
        payments=len(rows),
        customers=len({customer for customer, *_ in rows}),
        frauds=sum(1 for _, reported, *_ in rows if reported and reported < payment.occurred_at),
        median_amount=rounded(amounts[(len(amounts) - 1) // 2], payment.currency) if amounts else None,
    )
    return minimise(endpoint=ENDPOINT, source="triage.MerchantHistory", values=history.model_dump(mode="json"))
