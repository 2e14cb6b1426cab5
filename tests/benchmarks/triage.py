"""bin/bench triage: the statistical model beside its peers, the additive baseline, and how quickly one alert is scored.

The statistical model: see `scoring`. The baseline ranks the Sparkov sample, replayed in the order of time, beside
logistic regression: both see only what was known at each payment, and labels are known seven days later. Trained (or,
for the baseline, weighed) on days 30 to 58, tested from day 66 on. Speed: one alert of a customer with 3,000 payments
in 90 days, features read from PostgreSQL and scored.
"""

import time
import uuid
from collections import defaultdict, deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.benchmarks.database import fresh_database
from tests.benchmarks.report import arguments, table, write
from tests.benchmarks.scoring import scoring_figures

TRAIN_FROM, TRAIN_TO, TEST_FROM = (timedelta(days=days) for days in (30, 59, 66))
HEAVY_PAYMENTS, LIGHT_PAYMENTS, TIMED = 3_000, 150, 300


@dataclass(frozen=True)
class Scored:
    """One payment of the replay: its features, what became of it, whether a plain rule would have alerted it."""

    at: datetime
    features: Any
    is_fraud: bool
    is_alert: bool


def main() -> None:
    """Measure ranking on the sample and the latency of one alert."""
    options = arguments(__doc__)
    with fresh_database():
        payments = list(_replay(_sample(options.data)))
        figures = _ranking(payments) | _bands(payments) | _latency() | scoring_figures(options.data)
    write(figures, options.json)


def _sample(data: Path) -> list[dict[str, Any]]:
    """The rows of the Sparkov file, in the order of time."""
    from pyarrow import parquet

    (path,) = sorted((data / "triage").glob("sparkov_*.parquet"))[:1]
    rows = parquet.read_table(path).to_pylist()
    return sorted(rows, key=lambda row: (row["unix_time"], row["trans_num"]))


def _replay(rows: list[dict[str, Any]]) -> Iterator[Scored]:
    """Each payment from day 30 on, with its features as of its moment."""
    from triage.demo.rules import rule_that_raises
    from triage.features import HISTORY, LABEL_DELAY, MERCHANT_WINDOW, MerchantRecord, Past, compute

    start = datetime.fromtimestamp(rows[0]["unix_time"], UTC).replace(hour=0, minute=0, second=0)
    of_customer: dict[int, deque[Past]] = defaultdict(deque)
    of_merchant: dict[str, deque[tuple[datetime, bool]]] = defaultdict(deque)
    for row in rows:
        event, is_fraud = _event(row), bool(row["is_fraud"])
        history, visits = of_customer[row["cc_num"]], of_merchant[event.merchant_id]
        now = event.at.timestamp()
        while history and history[0].at < now - HISTORY.total_seconds():
            history.popleft()
        while visits and visits[0][0] < event.at - LABEL_DELAY - MERCHANT_WINDOW:
            visits.popleft()
        if event.at >= start + TRAIN_FROM:
            known = [fraud for at, fraud in visits if at < event.at - LABEL_DELAY]
            features = compute(event, history, MerchantRecord(payments=len(known), frauds=sum(known)))
            in_hour = features.payments_1h + 1
            rule = rule_that_raises(amount=event.amount, hour=event.at.hour, payments_in_hour=in_hour)
            yield Scored(at=event.at, features=features, is_fraud=is_fraud, is_alert=bool(rule))
        same = {name: getattr(event, name) for name in Past._fields if name in event._fields and name != "at"}
        reported_at = now + LABEL_DELAY.total_seconds() if is_fraud else None
        history.append(Past(at=now, **same, reported_fraud_at=reported_at))
        visits.append((event.at, is_fraud))


def _event(row: dict[str, Any]) -> Any:
    """A row as triage sees it. The generator has no devices and no countries but one."""
    from triage.features import Event
    from triage.models import Channel, EntryMode

    online = row["category"].endswith("_net")
    return Event(
        at=datetime.fromtimestamp(row["unix_time"], UTC),
        amount=Decimal(f"{row['amt']:.2f}"),
        currency="USD",
        channel=Channel.CARD_NOT_PRESENT if online else Channel.CARD_PRESENT,
        merchant_id=f"{row['merchant'].removeprefix('fraud_')}.{row['category']}",
        category=row["category"],
        entry_mode=EntryMode.ECOMMERCE if online else EntryMode.CHIP,
        country="US",
        latitude=None if online else row["merch_lat"],
        longitude=None if online else row["merch_long"],
        home_country="US",
        home_latitude=row["lat"],
        home_longitude=row["long"],
    )


def _ranking(payments: list[Scored]) -> dict[str, float | int]:
    """Average precision and area under the curve on the test weeks, over all payments and over alerts alone."""
    from sklearn.metrics import average_precision_score, roc_auc_score

    from triage.baseline import score

    start = payments[0].at.replace(hour=0, minute=0, second=0) - TRAIN_FROM
    train = [payment for payment in payments if payment.at < start + TRAIN_TO]
    test = [payment for payment in payments if payment.at >= start + TEST_FROM]
    peer = _logistic_regression(train)
    rankers: dict[str, Callable[[list[Scored]], list[float]]] = {
        "baseline": lambda some: [sum(score(payment.features).points.values()) for payment in some],
        "logistic_regression": lambda some: list(peer.decision_function([_numbers(p.features) for p in some])),
    }
    figures: dict[str, float | int] = {}
    rows = []
    for population, some in (("all", test), ("alerts", [payment for payment in test if payment.is_alert])):
        labels = [payment.is_fraud for payment in some]
        figures[f"{population}_payments"], figures[f"{population}_frauds"] = len(some), sum(labels)
        for name, rank in rankers.items():
            ranks = rank(some)
            precision = round(float(average_precision_score(labels, ranks)), 4)
            area = round(float(roc_auc_score(labels, ranks)), 4)
            figures[f"{population}_{name}_ap"], figures[f"{population}_{name}_auc"] = precision, area
            rows.append((f"{population}: {name.replace('_', ' ')}", len(some), sum(labels), precision, area))
    table("Ranking, Sparkov, out of time", ["", "payments", "frauds", "AP", "AUC"], rows)
    return figures


def _logistic_regression(train: list[Scored]) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000))
    return model.fit([_numbers(payment.features) for payment in train], [payment.is_fraud for payment in train])


def _numbers(features: Any) -> list[float]:
    """The features that vary in this sample, as numbers; a missing ratio counts as 1, a missing share as even."""
    import math

    return [
        math.log(float(features.amount)),
        math.log(features.ratio_to_median or 1),
        math.log(features.ratio_to_category_median or 1),
        float(features.category_payments == 0),
        features.payments_1h,
        features.payments_24h,
        features.payments_7d,
        math.log1p(float(features.amount_24h)),
        12.5 if features.hour_share is None else features.hour_share,
        features.merchant_fraud_share,
        features.frauds_30d,
        features.merchant_visits,
        math.log1p(features.seconds_since_last or 0),
    ]


def _bands(payments: list[Scored]) -> dict[str, int]:
    """What became of the alerts of the test weeks in each band of risk: the source of `baseline.CALIBRATION`."""
    from triage.baseline import CALIBRATION, score

    start = payments[0].at.replace(hour=0, minute=0, second=0) - TRAIN_FROM
    alerts = [payment for payment in payments if payment.is_alert and payment.at >= start + TEST_FROM]
    risks = [(score(payment.features).risk, payment.is_fraud) for payment in alerts]
    figures, rows = {}, []
    for band, above in zip(CALIBRATION, [*(band.risk_from for band in CALIBRATION[1:]), 101], strict=True):
        found = [fraud for risk, fraud in risks if band.risk_from <= risk < above]
        figures[f"risk_{band.risk_from}_alerts"], figures[f"risk_{band.risk_from}_frauds"] = len(found), sum(found)
        share = sum(found) / len(found) if found else 0.0
        rows.append((f"{band.risk_from} to {above - 1}", len(found), sum(found), share, band.share))
    table("Calibration on alerts", ["risk", "alerts", "frauds", "share", "stated"], rows)
    return figures


def _latency() -> dict[str, float]:
    """Milliseconds for the features and the score of one stored payment."""
    from django.db import reset_queries

    from fintech_ai.accounts.services import tenant_create
    from fintech_ai.core.tenancy import tenant_scope
    from triage.baseline import score
    from triage.features import features_of
    from triage.models import Transaction

    tenant = tenant_create(slug="bench", name="Bench")
    figures: dict[str, float] = {}
    rows = []
    with tenant_scope(tenant.id):
        for name, payments in (("light", LIGHT_PAYMENTS), ("heavy", HEAVY_PAYMENTS)):
            last = _customer_with(name, payments, actor_tenant=tenant.id)
            times = []
            for _ in range(TIMED):
                started = time.perf_counter()
                stored = Transaction.objects.select_related("customer", "merchant").get(id=last)
                score(features_of(stored))
                times.append(1_000 * (time.perf_counter() - started))
            reset_queries()
            p50, p99 = (round(sorted(times)[int(share * TIMED)], 2) for share in (0.5, 0.99))
            figures[f"{name}_p50_ms"], figures[f"{name}_p99_ms"] = p50, p99
            rows.append((f"{payments:,} payments in 90 days", p50, p99))
    table("Features and score of one alert, ms", ["customer", "p50", "p99"], rows)
    return figures


def _customer_with(name: str, payments: int, *, actor_tenant: uuid.UUID) -> uuid.UUID:
    """Store a customer with so many payments over 90 days; returns the last one's id."""
    from fintech_ai.core.actors import Actor
    from triage.models import Transaction
    from triage.rows import CustomerRow, MerchantRow, TransactionRow
    from triage.services import MAX_ROWS, transactions_import

    actor = Actor.system(tenant_id=actor_tenant, name="bench")
    end = datetime.now(UTC).replace(microsecond=0)
    step = timedelta(days=89) / payments
    rows = [
        TransactionRow(
            id=f"{name}-{number}",
            customer=CustomerRow(id=name, home_country="US", home_latitude=40.7, home_longitude=-74.0),
            merchant=MerchantRow(id=f"merchant-{number % 40}", category=f"category-{number % 8}"),
            occurred_at=end - step * (payments - number),
            amount=Decimal(20 + number % 90),
            currency="USD",
            channel="card_present",
            country="US",
            latitude=40.7,
            longitude=-74.0,
            device_id=f"device-{name}",
        )
        for number in range(payments)
    ]
    for first in range(0, payments, MAX_ROWS):
        transactions_import(actor=actor, rows=rows[first : first + MAX_ROWS])
    return Transaction.objects.get(external_id=rows[-1].id).id


if __name__ == "__main__":
    main()
