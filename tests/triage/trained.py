"""Payments of which some are fraud, and a model that was trained on them."""

import json
from datetime import UTC, datetime
from functools import cache

import numpy as np

from triage.models import TrainedModel
from triage.scoring.columns import COLUMNS
from triage.scoring.model import Scorer
from triage.scoring.training import Examples, train

RATIO = COLUMNS.index("ratio_to_median")


def examples(count: int = 2_000, *, seed: int = 7) -> Examples:
    """Numbers in which fraud is likelier the further an amount is above the customer's median."""
    dice = np.random.default_rng(seed)
    rows = dice.exponential(1.0, (count, len(COLUMNS)))
    chance = 1 / (1 + np.exp(6 - 2 * rows[:, RATIO]))
    return Examples(rows, (dice.random(count) < chance).astype(np.int64), np.arange(count, dtype=np.float64))


@cache
def a_scorer() -> Scorer:
    """Trained once for all tests."""
    return train(examples())


def a_trained_model() -> TrainedModel:
    """The scorer, stored for the tenant in scope."""
    scorer = a_scorer()
    return TrainedModel.objects.create(
        sha256=scorer.sha256,
        document=json.dumps(scorer.as_document()),
        trained_from=datetime(2026, 6, 1, tzinfo=UTC),
        trained_to=datetime(2026, 9, 1, tzinfo=UTC),
        payments=4_000,
        frauds=100,
        test_payments=0,
        test_frauds=0,
    )
