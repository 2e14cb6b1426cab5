"""The chance of fraud below which cases may be cleared, so that a stated share of frauds is missed and no more.

Conformal risk control (Angelopoulos, Bates, Fisch, Lei, Schuster: ICLR 2024) bounds the expected miss rate. A team
is held to what happens in each period, so the bound here is on that: put the k-th lowest chance among `n` known
frauds as the threshold, and the number of the next `m` frauds that fall below it is beta-binomial with parameters
k and n + 1 - k, whatever chances look like, as long as the next frauds are exchangeable with the known ones.
"""

from collections.abc import Sequence
from functools import lru_cache

from scipy.stats import betabinom

# How often the bound may fail: in one period of a hundred.
FAILS = 0.01
# A period has at least so many frauds; of fewer no share can be promised.
PERIOD_FRAUDS = 100


def clearing_threshold(chances: Sequence[float], *, miss: float, frauds_a_week: float) -> float | None:
    """The threshold: what has a lower chance of fraud may be cleared. None if too few frauds are known for any.

    Args:
        chances: of the frauds that are known, by a model that had not seen them.
        miss: the largest share of the frauds of a period that may be cleared, 0 to 1.
        frauds_a_week: how many a week brings; a period is a week, or as many weeks as bring PERIOD_FRAUDS.
    """
    known, period = sorted(chances), max(round(frauds_a_week), PERIOD_FRAUDS)
    rank = _highest_rank(len(known), period, int(miss * period))
    return known[rank - 1] if rank else None


def frauds_needed(*, miss: float, period: int = PERIOD_FRAUDS) -> int:
    """With fewer known frauds than these there is no threshold that keeps the bound."""
    allowed = int(miss * period)
    known = 1
    while not _highest_rank(known, period, allowed):
        known *= 2
    low = known // 2
    while known - low > 1:
        middle = (low + known) // 2
        low, known = (low, middle) if _highest_rank(middle, period, allowed) else (middle, known)
    return known


@lru_cache(maxsize=256)
def _highest_rank(known: int, period: int, allowed: int) -> int:
    """The highest k below which more than `allowed` of a period's frauds fall with chance FAILS or less."""
    low, high = 0, known
    while low < high:
        middle = (low + high + 1) // 2
        if betabinom.sf(allowed, period, middle, known + 1 - middle) <= FAILS:
            low = middle
        else:
            high = middle - 1
    return low
