"""Train the model, and measure it on weeks that it has not seen."""

from dataclasses import dataclass

import lightgbm
import numpy as np
from scipy.optimize import minimize

from triage.scoring.columns import COLUMNS
from triage.scoring.model import LEAST, Calibration, Scorer

# Three boosters that differ in what they are shown, so that the vote depends less on chance.
SEEDS = (11, 23, 47)
# Stretches of time, each judged by a model that was trained on the others, to calibrate on.
FOLDS = 3
ROUNDS = 400
FEWEST_FRAUDS = 50
PARAMETERS = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.03,
    "min_data_in_leaf": 40,
    "lambda_l2": 5.0,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "feature_fraction": 0.6,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 2,
    "verbosity": -1,
}


class TooLittle(ValueError):
    """There are too few frauds to learn from."""


@dataclass(frozen=True)
class Examples:
    """Payments with their outcome: `rows` of COLUMNS, `is_fraud` 0 or 1, `at` in seconds since 1970, ascending."""

    rows: np.ndarray
    is_fraud: np.ndarray
    at: np.ndarray

    def between(self, start: float, end: float) -> "Examples":
        """Those from `start` on and before `end`."""
        chosen = (self.at >= start) & (self.at < end)
        return Examples(self.rows[chosen], self.is_fraud[chosen], self.at[chosen])


def train(examples: Examples) -> Scorer:
    """A model of these payments.

    Raises:
        TooLittle: fewer than FEWEST_FRAUDS of them are fraud.
    """
    frauds = int(examples.is_fraud.sum())
    if frauds < FEWEST_FRAUDS:
        raise TooLittle(f"There are {frauds} frauds with a known outcome; {FEWEST_FRAUDS} are needed to learn from.")
    boosters = tuple(_boosted(examples, seed) for seed in SEEDS)
    return Scorer(boosters, calibrated(_judged_unseen(examples), examples.is_fraud))


def calibrated(scores: np.ndarray, is_fraud: np.ndarray) -> Calibration:
    """The beta curve under which these outcomes are the likeliest."""
    s = np.clip(scores, LEAST, 1 - LEAST)
    inputs = np.column_stack([np.log(s), -np.log1p(-s), np.ones_like(s)])

    def loss(weights: np.ndarray) -> tuple[float, np.ndarray]:
        logits = inputs @ weights
        chance = 1 / (1 + np.exp(-logits))
        return float(np.mean(np.logaddexp(0, logits) - is_fraud * logits)), inputs.T @ (chance - is_fraud) / len(s)

    # A slope below zero would turn the order round.
    found = minimize(loss, [1.0, 1.0, 0.0], jac=True, bounds=[(0, None), (0, None), (None, None)], method="L-BFGS-B")
    return Calibration(*map(float, found.x))


def _boosted(examples: Examples, seed: int) -> str:
    data = lightgbm.Dataset(examples.rows, examples.is_fraud, feature_name=list(COLUMNS))
    return lightgbm.train({**PARAMETERS, "seed": seed}, data, ROUNDS).model_to_string()


def _judged_unseen(examples: Examples) -> np.ndarray:
    """A raw score for each payment by a model that has not seen the stretch of time in which it was made."""
    scores = np.empty(len(examples.at))
    for fold in np.array_split(np.arange(len(examples.at)), FOLDS):
        others = np.ones(len(examples.at), dtype=bool)
        others[fold] = False
        seen = Examples(examples.rows[others], examples.is_fraud[others], examples.at[others])
        booster = lightgbm.Booster(model_str=_boosted(seen, SEEDS[0]))
        scores[fold] = booster.predict(examples.rows[fold])
    return scores
