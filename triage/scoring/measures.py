"""How well chances rank, and how far they are from what happens."""

import numpy as np

BINS = 10


def average_precision(is_fraud: np.ndarray, chances: np.ndarray) -> float | None:
    """The area under precision over recall, by steps; payments of equal chance count together. None without fraud."""
    total = int(is_fraud.sum())
    if not total:
        return None
    order = np.argsort(-chances, kind="stable")
    last_of_equal = np.append(np.flatnonzero(np.diff(chances[order])), len(order) - 1)
    caught = np.cumsum(is_fraud[order])[last_of_equal]
    precision, recall = caught / (last_of_equal + 1), caught / total
    return float(np.sum(np.diff(np.concatenate([[0.0], recall])) * precision))


def calibration_error(is_fraud: np.ndarray, chances: np.ndarray, *, share: float) -> float | None:
    """Expected calibration error among the `share` of highest chances, in ten bins of equal width (Guo et al. 2017).

    None without payments. Of few payments even right chances show an error.
    """
    if not len(chances):
        return None
    top = np.argsort(-chances, kind="stable")[: max(int(len(chances) * share), BINS)]
    happened, said = is_fraud[top], chances[top]
    bins = np.minimum((said * BINS).astype(int), BINS - 1)
    errors = (abs(happened[bins == one].mean() - said[bins == one].mean()) * (bins == one).mean() for one in set(bins))
    return float(sum(errors))
