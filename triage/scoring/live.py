"""The chance of fraud of one stored payment, by the model that the tenant has chosen."""

import json
import logging
from datetime import timedelta
from functools import lru_cache

from django.db.models import F, QuerySet

from triage.models import ScoringChoice, TrainedModel, Transaction
from triage.scoring.columns import COLUMNS, HISTORY, LABEL_DELAY, CustomerPast, MerchantPast, Seen
from triage.scoring.model import Chance, Scorer, WrongModel

logger = logging.getLogger(__name__)

# Newest first: no customer or merchant is too large to be scored in time. Training is held to the same bounds by time
# only, so whoever has more than these in 90 days is seen by the newest of them.
MOST_PAYMENTS = 2_000
MERCHANT_DAYS = 60
# What `seen_of` takes of a stored payment, in its order.
SEEN = ("occurred_at", "amount", F("merchant__category"), "reported_fraud_at", "found_genuine_at")


def chance_of(payment: Transaction) -> Chance | None:
    """The chance of fraud as of the payment; None where no model is in force, or it does not fit this version."""
    choice = ScoringChoice.objects.in_force().first()
    if choice is None or not choice.model_sha256:
        return None
    try:
        scorer = scorer_of(choice.tenant_id, choice.model_sha256)
    except WrongModel as problem:
        logger.error("Scoring model %s is not used: %s", choice.model_sha256[:12], problem)
        return None
    row = columns_of(payment)
    numbers = {name: None if number != number else float(number) for name, number in zip(COLUMNS, row, strict=True)}
    return Chance(round(float(scorer.probabilities([row])[0]), 6), choice.model_sha256, numbers)


def columns_of(payment: Transaction) -> list[float]:
    """COLUMNS of a stored payment, from what is stored of the time before it."""
    earlier = Transaction.objects.filter(currency=payment.currency, occurred_at__lte=payment.occurred_at)
    since = payment.occurred_at - timedelta(seconds=HISTORY)
    customer = CustomerPast()
    for seen in _before(earlier.filter(customer=payment.customer_id, occurred_at__gte=since), payment):
        customer.add(seen)
    merchant = MerchantPast()
    days = timedelta(days=MERCHANT_DAYS) + timedelta(seconds=LABEL_DELAY)
    for seen in _before(
        earlier.filter(merchant=payment.merchant_id, occurred_at__gte=payment.occurred_at - days), payment
    ):
        merchant.add(seen)
    this = seen_of(payment.occurred_at, payment.amount, payment.merchant.category)
    return customer.look(this) + merchant.look(this)


def seen_of(occurred_at, amount, category: str, reported_fraud_at=None, found_genuine_at=None) -> Seen:
    """A stored payment as the columns need it."""
    reported = reported_fraud_at.timestamp() if reported_fraud_at else None
    genuine = found_genuine_at.timestamp() if found_genuine_at else None
    return Seen(occurred_at.timestamp(), float(amount), category, occurred_at.hour, reported, genuine)


def _before(payments: QuerySet, payment: Transaction) -> list[Seen]:
    """The newest of them that come before the payment, in the order of time; of the same instant, in that of ids."""
    newest = (
        payments.exclude(occurred_at=payment.occurred_at, id__gte=payment.id)
        .order_by("-occurred_at", "-id")
        .values_list(*SEEN)[:MOST_PAYMENTS]
    )
    return [seen_of(*row) for row in reversed(newest)]


@lru_cache(maxsize=16)
def scorer_of(tenant_id, sha256: str) -> Scorer:
    """The tenant's stored model. Raises WrongModel if it does not fit this version."""
    document = TrainedModel.objects.values_list("document", flat=True).get(sha256=sha256)
    return Scorer.from_document(json.loads(document))
