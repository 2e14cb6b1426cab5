"""Shares of counts, with the uncertainty that a small count leaves."""

import math
from dataclasses import dataclass

# The 97.5th percentile of the standard normal distribution: intervals cover 95%.
Z = 1.959964
# With fewer on one side the interval for a difference covers too little to raise a flag by.
FEWEST_TO_COMPARE = 10


@dataclass(frozen=True)
class Share:
    """So many of so many. `low` and `high` bound the true share by Wilson's interval (1927), 0 to 1.

    With nothing to count, `value` is None and everything is possible.
    """

    some: int
    all: int

    @property
    def value(self) -> float | None:
        return self.some / self.all if self.all else None

    @property
    def low(self) -> float:
        return self._bound(-1)

    @property
    def high(self) -> float:
        return self._bound(1)

    def _bound(self, side: int) -> float:
        if not self.all:
            return float(side > 0)
        share, n = self.some / self.all, self.all
        middle = share + Z**2 / (2 * n)
        width = Z * math.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
        return min(1.0, max(0.0, (middle + side * width) / (1 + Z**2 / n)))


@dataclass(frozen=True)
class Difference:
    """How much one share exceeds another, in points of 1, with Newcombe's interval for independent samples.

    R. G. Newcombe, Interval estimation for the difference between independent proportions, Statistics in Medicine
    17 (1998), method 10.
    """

    first: Share
    second: Share

    @property
    def value(self) -> float | None:
        if self.first.value is None or self.second.value is None:
            return None
        return self.first.value - self.second.value

    @property
    def low(self) -> float:
        return self._bound(self.first.low, self.second.high, -1)

    @property
    def high(self) -> float:
        return self._bound(self.first.high, self.second.low, 1)

    @property
    def is_certain(self) -> bool:
        """Whether chance alone would hardly have made a difference: enough was counted, and zero lies outside."""
        enough = min(self.first.all, self.second.all) >= FEWEST_TO_COMPARE
        return enough and not self.low <= 0 <= self.high

    def _bound(self, first: float, second: float, side: int) -> float:
        if self.value is None:
            return float(side)
        return self.value + side * math.hypot(self.first.value - first, self.second.value - second)


def kappa(pairs: dict[tuple[str, str], int]) -> float | None:
    """How far two judges agree beyond chance, 1 at most (J. Cohen, 1960); None where chance alone leaves no room.

    Args:
        pairs: how often the first said one thing while the second said another.
    """
    total = sum(pairs.values())
    if not total:
        return None
    said = {said for pair in pairs for said in pair}
    agreed = sum(count for (first, second), count in pairs.items() if first == second) / total
    by_chance = sum(
        sum(count for (first, _), count in pairs.items() if first == each)
        * sum(count for (_, second), count in pairs.items() if second == each)
        for each in said
    ) / (total * total)
    return None if by_chance == 1 else (agreed - by_chance) / (1 - by_chance)
