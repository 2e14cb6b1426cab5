"""bin/bench clearing: automatic clearing under a stated miss rate, week by week, over all payments of the handbook.

Every payment is treated as an alert. A model learns from five weeks, is renewed once, and from then on every week's
threshold comes from the frauds of the four weeks before whose outcome is known. What is not cleared, and one payment in
fifty of what could be, goes to people. Two ways of learning what became of it:

- outcomes after seven days only, which is all that the handbook has;
- what people decide counts the next day, and they recognise 72% of the frauds that are put before them, the share that
  people working alone got right (Baudel et al. 2021); the rest, and the frauds that were cleared, become known after
  seven days.

The peer is the plain threshold at which 95% of the frauds of the weeks before were above, and so on average 5% are not.
"""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from tests.benchmarks import handbook
from tests.benchmarks.report import arguments, table, write
from triage.automation.threshold import clearing_threshold
from triage.scoring.columns import COLUMNS, DAY, HOUR, LABEL_DELAY, CustomerPast, MerchantPast, Seen
from triage.scoring.model import Scorer
from triage.scoring.training import Examples, train

MISS = 0.05
AUDIT = 0.02
LEARN_DAYS, WINDOW_DAYS, KNOWN_DAYS = 35, 28, 7
# Whose frauds a new model has not seen, so that it has a threshold from its first day on.
HELD_BACK_DAYS = 14
# How long before the last day of the data each model is put in force.
RENEWED = (8 * handbook.WEEK_DAYS, 3 * handbook.WEEK_DAYS)
RECOGNISED = 0.72
SEED = 1


@dataclass
class Desk:
    """What happens to the payments of the file, day by day. `recognised` is None where decisions teach nothing."""

    payments: handbook.Payments
    recognised: float | None
    rows: np.ndarray = field(init=False)
    chances: np.ndarray = field(init=False)
    cleared: np.ndarray = field(init=False)
    below_plain: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        count = len(self.payments.at)
        self.rows = np.empty((count, len(COLUMNS)))
        self.chances = np.full(count, np.nan)
        self.cleared, self.below_plain = np.zeros(count, bool), np.zeros(count, bool)
        self._dice = np.random.default_rng(SEED)
        self._customers: dict[Any, CustomerPast] = defaultdict(CustomerPast)
        self._merchants: dict[Any, MerchantPast] = defaultdict(MerchantPast)

    def weeks(self) -> Iterator[int]:
        """Run through the file; yields the first day of each week with a threshold, once it is over."""
        last = int(self.payments.day[-1])
        renewed = [last - before + 1 for before in RENEWED]
        scorer, learned_to, threshold, plain, week = None, 0, None, None, None
        for day in range(last + 1):
            if day in renewed:
                learned_to = day - KNOWN_DAYS - HELD_BACK_DAYS
                scorer = self._learn(learned_to - LEARN_DAYS, learned_to)
                self.chances[:] = np.nan
                since = (self.payments.day >= learned_to) & (self.payments.day < day)
                self.chances[since] = scorer.probabilities(self.rows[since])
            if scorer is not None and (last + 1 - day) % handbook.WEEK_DAYS == 0:
                if week is not None:
                    yield week
                threshold, plain = self._threshold(learned_to, day)
                week = day if threshold is not None else None
            self._work(day, scorer, threshold, plain)
        if week is not None:
            yield week

    def _learn(self, first: int, end: int) -> Scorer:
        chosen = (self.payments.day >= first) & (self.payments.day < end)
        return train(Examples(self.rows[chosen], self.payments.is_fraud[chosen], self.payments.at[chosen]))

    def _threshold(self, learned_to: int, day: int) -> tuple[float | None, float | None]:
        """The threshold that keeps the promise, and the plain one."""
        known_to, first = day - KNOWN_DAYS, max(learned_to, day - KNOWN_DAYS - WINDOW_DAYS)
        days = self.payments.day
        chosen = (days >= first) & (days < known_to) & (self.payments.is_fraud == 1)
        frauds = self.chances[chosen]
        a_week = len(frauds) / max((known_to - first) / handbook.WEEK_DAYS, 1)
        return clearing_threshold(frauds.tolist(), miss=MISS, frauds_a_week=a_week), float(np.quantile(frauds, MISS))

    def _work(self, day: int, scorer: Scorer | None, threshold: float | None, plain: float | None) -> None:
        today = np.flatnonzero(self.payments.day == day)
        for index in today:
            payment, customer, merchant = self._seen(index), *self._pasts(index)
            self.rows[index] = customer.look(payment) + merchant.look(payment)
            customer.pay(payment)
            merchant.pay(payment)
        if scorer is not None:
            self.chances[today] = scorer.probabilities(self.rows[today])
        if threshold is not None:
            self.cleared[today] = (self.chances[today] < threshold) & (self._dice.random(len(today)) >= AUDIT)
            self.below_plain[today] = self.chances[today] < plain
        for index in today:
            for past in self._pasts(index):
                past.settle(self._outcome(index))

    def _pasts(self, index: int) -> tuple[CustomerPast, MerchantPast]:
        return self._customers[self.payments.customer[index]], self._merchants[self.payments.terminal[index]]

    def _seen(self, index: int, **outcome: float | None) -> Seen:
        at = float(self.payments.at[index])
        return Seen(at, float(self.payments.amount[index]), "", int(at % DAY // HOUR), **outcome)

    def _outcome(self, index: int) -> Seen:
        """The payment with the moments at which its outcome becomes known."""
        at, is_fraud = float(self.payments.at[index]), bool(self.payments.is_fraud[index])
        if self.recognised is None or self.cleared[index]:
            return self._seen(index, reported_at=at + LABEL_DELAY if is_fraud else None)
        if not is_fraud:
            return self._seen(index, genuine_at=at + DAY)
        if self._recognises(index):
            return self._seen(index, reported_at=at + DAY)
        return self._seen(index, reported_at=at + LABEL_DELAY, genuine_at=at + DAY)

    def _recognises(self, index: int) -> bool:
        # The same for customer and merchant, and in every run.
        return np.random.default_rng((SEED, index)).random() < self.recognised


def main() -> None:
    """Measure both ways of learning."""
    options = arguments(__doc__)
    (path,) = sorted((options.data / "triage").glob("handbook_*.parquet"))[:1]
    payments = handbook.payments_in(path)
    figures: dict[str, float | int] = {}
    for key, name, recognised in (
        ("delayed", "outcomes after seven days only", None),
        ("decided", f"people's decisions count the next day; they recognise {RECOGNISED:.0%}", RECOGNISED),
    ):
        figures |= _measured(key, name, Desk(payments, recognised))
    write(figures, options.json)


def _measured(key: str, name: str, desk: Desk) -> dict[str, float | int]:
    payments = desk.payments
    rows, cleared, missed, plain_cleared, plain_missed = [], [], [], [], []
    for first in desk.weeks():
        week = (payments.day >= first) & (payments.day < first + handbook.WEEK_DAYS)
        frauds = payments.is_fraud[week] == 1
        cleared.append(float(desk.cleared[week].mean()))
        missed.append(float(desk.cleared[week][frauds].mean()))
        plain_cleared.append(float(desk.below_plain[week].mean()))
        plain_missed.append(float(desk.below_plain[week][frauds].mean()))
        began = payments.first_day + first
        rows.append((f"from {began}", int(frauds.sum()), cleared[-1], missed[-1], plain_cleared[-1], plain_missed[-1]))
    rows.append(("mean", "", *(float(np.mean(some)) for some in (cleared, missed, plain_cleared, plain_missed))))
    rows.append(("worst", "", min(cleared), max(missed), min(plain_cleared), max(plain_missed)))
    table(
        f"All payments, at most {MISS:.0%} of a week's frauds cleared: {name}",
        ["week", "frauds", "cleared", "missed", "plain: cleared", "plain: missed"],
        rows,
    )
    return {
        f"{key}_weeks": len(missed),
        f"{key}_weeks_within_bound": sum(share <= MISS for share in missed),
        f"{key}_plain_weeks_within_bound": sum(share <= MISS for share in plain_missed),
        f"{key}_cleared_mean": float(np.mean(cleared)),
        f"{key}_cleared_least": min(cleared),
        f"{key}_missed_mean": float(np.mean(missed)),
        f"{key}_missed_most": max(missed),
        f"{key}_plain_cleared_mean": float(np.mean(plain_cleared)),
    }


if __name__ == "__main__":
    main()
