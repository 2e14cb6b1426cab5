"""What the statistical model looks at: numbers about a payment, from what was known when it was made.

Payments are taken in the order of time, and each sees only those before it: `look` before `add`. The same two classes
serve a bulk of millions, in which they are kept up payment by payment, and one alert, for which they are filled with
what is stored. An outcome counts from the moment at which it is known: when a fraud is reported, when a person finds
a payment genuine, or after seven days without either (Fraud Detection Handbook, chapter 3).

Times are seconds since 1970, amounts are in the payment's own currency, and a number that cannot be known is NaN.
"""

import math
from bisect import bisect_left, bisect_right, insort
from collections import defaultdict, deque
from heapq import heappop, heappush
from typing import NamedTuple

HOUR, DAY = 3_600.0, 86_400.0
HISTORY = 90 * DAY
LABEL_DELAY = 7 * DAY
# An amount this many times the customer's median is out of pattern.
HIGH = 3.0
# A fraud of an amount this many times the merchant's usual one says more of the card than of the merchant.
UNUSUAL_THERE = 3.0
# Longer ago than this is as good as never.
LONG_AGO_DAYS = 120.0
# Changes whenever a column is added, dropped or computed differently: a model is for the columns it was trained on.
COLUMNS_VERSION = 2

NAN = math.nan


class Seen(NamedTuple):
    """A payment as the columns need it.

    `hour` is of the day, UTC, 0 to 23. `reported_at` is when it became known to be fraud, `genuine_at` when a person
    found it genuine; None if nobody did.
    """

    at: float
    amount: float
    category: str
    hour: int
    reported_at: float | None = None
    genuine_at: float | None = None


class CustomerPast:
    """A customer's payments, in the order of time."""

    COLUMNS = (
        "log_amount", "hour", "payments_1h", "payments_1d", "payments_7d", "payments_30d",
        "mean_1d", "mean_7d", "mean_30d", "mean_90d", "deviation_90d", "median_90d", "max_90d",
        "ratio_to_median", "deviations_above_mean", "ratio_to_max",
        "high_3d", "high_14d", "high_share_7d", "days_since_high", "days_since_last",
        "category_payments_90d", "ratio_to_category_mean", "hour_share_90d",
        "frauds_28d", "days_since_fraud",
    )  # fmt: skip

    def __init__(self) -> None:
        self._times: list[float] = []
        self._sums, self._squares = [0.0], [0.0]
        self._high: list[float] = []
        self._frauds: list[float] = []
        self._by_hour: dict[int, list[float]] = defaultdict(list)
        self._by_category: dict[str, tuple[list[float], list[float]]] = defaultdict(lambda: ([], [0.0]))
        self._window: deque[tuple[float, float]] = deque()
        self._sorted: list[float] = []

    def look(self, payment: Seen) -> list[float]:
        """The columns of a payment, from what was added before it."""
        at, amount = payment.at, payment.amount
        self._forget(at - HISTORY)
        count = len(self._times)
        since = {days: bisect_left(self._times, at - days * DAY) for days in (1, 3, 7, 30, 90)}
        mean, deviation = self._moments(since[90])
        ratio = self._ratio(amount)
        there, there_sums = self._by_category[payment.category]
        first = bisect_left(there, at - HISTORY)
        usual = _mean(there_sums, first, len(there))
        high = [len(self._high) - bisect_left(self._high, at - days * DAY) for days in (3, 7, 14)]
        near = sum(self._since(self._by_hour[(payment.hour + step) % 24], at - HISTORY) for step in (-1, 0, 1))
        known = bisect_right(self._frauds, at)
        return [
            math.log(amount + 0.01),
            payment.hour,
            count - bisect_left(self._times, at - HOUR),
            *(count - since[days] for days in (1, 7, 30)),
            *(_mean(self._sums, since[days], count) for days in (1, 7, 30)),
            mean,
            deviation,
            _median(self._sorted),
            self._sorted[-1] if self._sorted else NAN,
            ratio,
            (amount - mean) / deviation if deviation > 0 else NAN,
            amount / self._sorted[-1] if self._sorted else NAN,
            high[0],
            high[2],
            high[1] / max(count - since[7], 1),
            _days(at, self._high[-1] if self._high else None),
            _days(at, self._times[-1] if self._times else None),
            len(there) - first,
            amount / usual if usual > 0 else NAN,
            near / (count - since[90]) if count > since[90] else NAN,
            known - bisect_left(self._frauds, at - 28 * DAY),
            _days(at, self._frauds[known - 1] if known else None),
        ]

    def add(self, payment: Seen) -> None:
        """The payment is past from now on, and its outcome known when it says."""
        self.pay(payment)
        self.settle(payment)

    def settle(self, payment: Seen) -> None:
        """When the outcome of a payment that is past becomes known."""
        if payment.reported_at is not None:
            insort(self._frauds, payment.reported_at)

    def pay(self, payment: Seen) -> None:
        """The payment is past from now on, its outcome open."""
        at, amount = payment.at, payment.amount
        self._forget(at - HISTORY)
        if self._ratio(amount) > HIGH:
            self._high.append(at)
        self._times.append(at)
        self._sums.append(self._sums[-1] + amount)
        self._squares.append(self._squares[-1] + amount * amount)
        self._by_hour[payment.hour].append(at)
        there, there_sums = self._by_category[payment.category]
        there.append(at)
        there_sums.append(there_sums[-1] + amount)
        self._window.append((at, amount))
        insort(self._sorted, amount)

    def _forget(self, before: float) -> None:
        while self._window and self._window[0][0] < before:
            del self._sorted[bisect_left(self._sorted, self._window.popleft()[1])]

    def _ratio(self, amount: float) -> float:
        median = _median(self._sorted)
        return amount / median if median > 0 else NAN

    def _moments(self, first: int) -> tuple[float, float]:
        count = len(self._times)
        if count == first:
            return NAN, NAN
        mean = _mean(self._sums, first, count)
        return mean, math.sqrt(max(_mean(self._squares, first, count) - mean * mean, 0.0))

    @staticmethod
    def _since(times: list[float], start: float) -> int:
        return len(times) - bisect_left(times, start)


class MerchantPast:
    """The payments at a merchant or terminal, or to a payee, and their outcomes as they become known."""

    COLUMNS = (
        "merchant_payments_1d", "merchant_payments_7d", "merchant_payments_30d", "merchant_ratio_to_mean",
        "merchant_known_1d", "merchant_known_7d", "merchant_known_28d",
        "merchant_frauds_1d", "merchant_frauds_7d", "merchant_frauds_14d", "merchant_frauds_28d",
        "merchant_fraud_share_28d", "merchant_last_is_fraud", "merchant_frauds_of_last_3", "merchant_frauds_in_a_row",
        "merchant_days_since_first_of_row", "merchant_days_since_fraud", "merchant_days_since_genuine",
    )  # fmt: skip

    def __init__(self) -> None:
        self._times: list[float] = []
        self._sums = [0.0]
        self._outcomes: list[tuple[float, int, bool, float]] = []
        self._added = 0
        self._known: list[float] = []
        self._frauds: list[float] = []
        self._last: deque[bool] = deque(maxlen=3)
        self._row, self._row_began = 0, NAN
        self._genuine_at = NAN

    def look(self, payment: Seen) -> list[float]:
        """The columns of a payment, from what was known when it was made."""
        at = payment.at
        self._learn(at)
        count = len(self._times)
        usual = _mean(self._sums, bisect_left(self._times, at - HISTORY), count)
        known = {days: len(self._known) - bisect_left(self._known, at - days * DAY) for days in (1, 7, 28)}
        frauds = {days: len(self._frauds) - bisect_left(self._frauds, at - days * DAY) for days in (1, 7, 14, 28)}
        return [
            *(count - bisect_left(self._times, at - days * DAY) for days in (1, 7, 30)),
            payment.amount / usual if usual > 0 else NAN,
            *known.values(),
            *frauds.values(),
            frauds[28] / max(known[28], 1),
            float(bool(self._last) and self._last[-1]),
            sum(self._last),
            self._row,
            _days(at, self._row_began if self._row else None),
            _days(at, self._frauds[-1] if self._frauds else None),
            _days(at, None if math.isnan(self._genuine_at) else self._genuine_at),
        ]

    def add(self, payment: Seen) -> None:
        """The payment is past from now on, and its outcome known when it says."""
        self.settle(payment)
        self.pay(payment)

    def pay(self, payment: Seen) -> None:
        """The payment is past from now on, its outcome open."""
        self._times.append(payment.at)
        self._sums.append(self._sums[-1] + payment.amount)

    def settle(self, payment: Seen) -> None:
        """When the outcome of a payment becomes known."""
        at = payment.at
        usual = _mean(self._sums, bisect_left(self._times, at - HISTORY), bisect_left(self._times, at))
        ordinary = not payment.amount > UNUSUAL_THERE * usual
        settled = at + LABEL_DELAY if payment.genuine_at is None else min(payment.genuine_at, at + LABEL_DELAY)
        if payment.reported_at is None or payment.reported_at > settled:
            self._expect(settled, False, at)
        if payment.reported_at is not None and ordinary:
            self._expect(payment.reported_at, True, at)

    def _expect(self, known_at: float, is_fraud: bool, paid_at: float) -> None:
        heappush(self._outcomes, (known_at, self._added, is_fraud, paid_at))
        self._added += 1

    def _learn(self, until: float) -> None:
        """Take note of the outcomes that have become known by then."""
        while self._outcomes and self._outcomes[0][0] <= until:
            known_at, _, is_fraud, paid_at = heappop(self._outcomes)
            self._known.append(known_at)
            self._last.append(is_fraud)
            if not is_fraud:
                self._row, self._genuine_at = 0, paid_at
                continue
            self._frauds.append(known_at)
            if self._row == 0:
                self._row_began = paid_at
            self._row += 1


COLUMNS = CustomerPast.COLUMNS + MerchantPast.COLUMNS


def _mean(sums: list[float], first: int, end: int) -> float:
    return (sums[end] - sums[first]) / (end - first) if end > first else NAN


def _median(ordered: list[float]) -> float:
    count = len(ordered)
    if not count:
        return NAN
    middle = count // 2
    return ordered[middle] if count % 2 else (ordered[middle - 1] + ordered[middle]) / 2


def _days(now: float, then: float | None) -> float:
    return LONG_AGO_DAYS if then is None else min((now - then) / DAY, LONG_AGO_DAYS)
