"""Train a model of the tenant's payments, and store it with how well it did on later ones."""

import json
from datetime import UTC, datetime

import numpy as np
from django.db import transaction
from django.utils import timezone

from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput
from triage.models import TrainedModel, Transaction
from triage.scoring.columns import COLUMNS, DAY, LABEL_DELAY, CustomerPast, MerchantPast
from triage.scoring.live import SEEN, seen_of
from triage.scoring.measures import average_precision, calibration_error
from triage.scoring.model import Scorer
from triage.scoring.training import Examples, TooLittle, train

# The newest payments with a known outcome are kept apart, to measure on.
TEST_DAYS = 7
# What is older says little of how fraud is done now, and costs time.
TRAIN_DAYS = 180
# Where the history of most customers and merchants has only begun, columns say little.
WARM_UP_DAYS = 28
BATCH = 5_000


def model_train(*, actor: Actor) -> TrainedModel:
    """Train on the tenant's payments whose outcome is known, measure on the newest week of them, and store the model.

    It ranks nothing until two officers have chosen it. Nothing of a customer is in it but thresholds of numbers.

    Raises:
        InvalidInput: there are too few payments, or too few frauds among them.
    """
    examples = _examples(until=timezone.now().timestamp() - LABEL_DELAY)
    if not len(examples.at):
        raise InvalidInput("There are no payments whose outcome is known yet: they are older than seven days.")
    end = float(examples.at[-1])
    test_from = end - TEST_DAYS * DAY
    learned = examples.between(max(float(examples.at[0]) + WARM_UP_DAYS * DAY, end - TRAIN_DAYS * DAY), test_from)
    test = examples.between(test_from, end + 1)
    try:
        measured = train(learned)
        # What is put in force has seen the newest week as well; how well it does is what its older twin did there.
        final = train(examples.between(float(learned.at[0]), end + 1))
    except (TooLittle, IndexError) as problem:
        known = str(problem) if isinstance(problem, TooLittle) else "The payments cover less than five weeks."
        raise InvalidInput(f"No model was trained. {known}") from problem
    return _store(actor, final, measured, learned, test)


@transaction.atomic
def _store(actor: Actor, final: Scorer, measured: Scorer, learned: Examples, test: Examples) -> TrainedModel:
    chances = measured.probabilities(test.rows) if len(test.at) else np.empty(0)
    model, is_new = TrainedModel.objects.get_or_create(
        sha256=final.sha256,
        defaults={
            "document": json.dumps(final.as_document(), separators=(",", ":")),
            "trained_from": datetime.fromtimestamp(float(learned.at[0]), UTC),
            "trained_to": datetime.fromtimestamp(float(test.at[-1] if len(test.at) else learned.at[-1]), UTC),
            "payments": len(learned.at) + len(test.at),
            "frauds": int(learned.is_fraud.sum() + test.is_fraud.sum()),
            "test_payments": len(test.at),
            "test_frauds": int(test.is_fraud.sum()),
            "average_precision": average_precision(test.is_fraud, chances),
            "calibration_error": calibration_error(test.is_fraud, chances, share=0.01),
        },
    )
    if is_new:
        record(
            actor=actor,
            action="scoring_model.trained",
            target=model,
            data={"sha256": model.sha256, "payments": model.payments, "frauds": model.frauds},
        )
    return model


def _examples(*, until: float) -> Examples:
    """Every payment up to then with its columns, computed in the order of time as if each had just been made."""
    stored = (
        Transaction.objects.filter(occurred_at__lte=datetime.fromtimestamp(until, UTC))
        .order_by("occurred_at", "id")
        .values_list("customer_id", "merchant_id", "currency", *SEEN)
    )  # fmt: skip
    customers: dict[tuple, CustomerPast] = {}
    merchants: dict[tuple, MerchantPast] = {}
    rows, frauds, times = [], [], []
    for customer_id, merchant_id, currency, *rest in stored.iterator(chunk_size=BATCH):
        payment = seen_of(*rest)
        customer = customers.setdefault((customer_id, currency), CustomerPast())
        merchant = merchants.setdefault((merchant_id, currency), MerchantPast())
        rows.append(customer.look(payment) + merchant.look(payment))
        frauds.append(payment.reported_at is not None)
        times.append(payment.at)
        customer.add(payment)
        merchant.add(payment)
    table = np.array(rows, dtype=np.float64).reshape(-1, len(COLUMNS))
    return Examples(table, np.array(frauds, dtype=np.int64), np.array(times, dtype=np.float64))
