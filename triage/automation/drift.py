"""Signs that what was learned of fraud no longer holds, each of which switches automatic clearing off."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import binomtest

# So unlikely under the promised share, and it is not chance.
SURPRISE = 0.01
# A population stability index above this counts as a different population (Siddiqi: Credit Risk Scorecards, 2006).
SHIFTED = 0.25
BINS = 10


def misses_too_many(*, missed: int, frauds: int, miss: float) -> bool:
    """Whether so many misses among so many frauds speak against a true share of `miss` or less."""
    return frauds > 0 and binomtest(missed, frauds, miss, alternative="greater").pvalue < SURPRISE


def shift(before: Sequence[float], now: Sequence[float]) -> float:
    """The population stability index between two samples of chances, over the deciles of the first.

    Half a case is added to each bin, so that an empty one does not make it infinite.
    """
    bounds = np.unique(np.quantile(before, np.linspace(0, 1, BINS + 1)[1:-1]))
    shares = []
    for sample in (before, now):
        counts = np.bincount(np.searchsorted(bounds, sample, side="right"), minlength=len(bounds) + 1) + 0.5
        shares.append(counts / counts.sum())
    then, today = shares
    return float(np.sum((today - then) * np.log(today / then)))
