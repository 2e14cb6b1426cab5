"""The trained model: boosted trees, and a curve that turns their vote into a probability to be taken at its word."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import lightgbm
import numpy as np

from triage.scoring.columns import COLUMNS, COLUMNS_VERSION

FORMAT = 1
# A probability is kept this far from 0 and 1: nothing in the data can bear out more.
LEAST = 1e-6


class WrongModel(ValueError):
    """The document is no model, or one for other columns than ours."""


@dataclass(frozen=True)
class Chance:
    """The probability of fraud of one payment, by which model, and from which numbers: enough to compute it again."""

    probability: float
    model_sha256: str
    columns: Mapping[str, float | None]


@dataclass(frozen=True)
class Calibration:
    """Beta calibration: logit(p) = a ln(s) - b ln(1 - s) + c, which leaves the order of scores as it is.

    Kull, Silva Filho, Flach: Beyond sigmoids (Electronic Journal of Statistics 11, 2017).
    """

    a: float = 1.0
    b: float = 1.0
    c: float = 0.0

    def apply(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities for raw scores between 0 and 1."""
        s = np.clip(scores, LEAST, 1 - LEAST)
        return 1 / (1 + np.exp(-(self.a * np.log(s) - self.b * np.log1p(-s) + self.c)))


@dataclass(frozen=True)
class Scorer:
    """Boosters in LightGBM's own text format, whose votes are averaged and then calibrated."""

    boosters: tuple[str, ...]
    calibration: Calibration

    def probabilities(self, rows: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
        """The probability of fraud for each row of COLUMNS."""
        return self.calibration.apply(self.scores(rows))

    def scores(self, rows: Sequence[Sequence[float]] | np.ndarray) -> np.ndarray:
        """The vote of the trees before it is calibrated, 0 to 1."""
        table = np.asarray(rows, dtype=np.float64).reshape(-1, len(COLUMNS))
        return np.mean([booster.predict(table) for booster in self._loaded], axis=0)

    @cached_property
    def _loaded(self) -> list[lightgbm.Booster]:
        return [lightgbm.Booster(model_str=text) for text in self.boosters]

    def as_document(self) -> dict[str, Any]:
        """The model as JSON, with the columns that it is for."""
        return {
            "format": FORMAT,
            "columns_version": COLUMNS_VERSION,
            "columns": list(COLUMNS),
            "calibration": [self.calibration.a, self.calibration.b, self.calibration.c],
            "boosters": list(self.boosters),
        }

    @classmethod
    def from_document(cls, document: Any) -> Self:
        """The model of a document.

        Raises:
            WrongModel: it is of another format, or for columns that are computed differently by now.
        """
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise WrongModel("This is no scoring model of a format that is known here.")
        if document["columns_version"] != COLUMNS_VERSION or document["columns"] != list(COLUMNS):
            raise WrongModel("The model is for other columns than this version computes: train it again.")
        return cls(tuple(document["boosters"]), Calibration(*document["calibration"]))

    @cached_property
    def sha256(self) -> str:
        """The hash of its document, which names it in every score."""
        text = json.dumps(self.as_document(), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()
