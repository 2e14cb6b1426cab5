"""How well the statistical model ranks and how far its probabilities can be trusted, beside peers of the same run.

On the Fraud Detection Handbook's payments by its own protocol, then on rolling weeks; on the Sparkov sample with the
same code out of time. And how many payments a second are looked at and scored.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tests.benchmarks import handbook
from tests.benchmarks.calibration import error_by_chance
from tests.benchmarks.report import table
from triage.scoring.columns import COLUMNS, DAY, HOUR, LABEL_DELAY, CustomerPast, MerchantPast, Seen
from triage.scoring.measures import calibration_error
from triage.scoring.training import Examples, train

# The week that the handbook trains on; of a file without it, the last one that can be tested.
HANDBOOK_WEEK = np.datetime64("2018-07-25")
ROLLING_WEEKS = 3
# Five weeks whose outcome is known: what a tenant would train on.
MORE_WEEKS = 4
TOP_SHARE = 0.01
# The Sparkov sample: trained on days 30 to 58, tested from day 66 on, when the labels of the others are known.
SPARKOV_TRAIN, SPARKOV_TEST_FROM = (30, 59), 66
PUBLISHED = ("best published, neural networks and forests", "", 0.694, 0.304, "", "")
HEADINGS = ["", "AUC", "AP", "CP@100", "ECE, top 1%", "by chance alone"]


def scoring_figures(data: Path) -> dict[str, float | int]:
    """Measure all of it; the figures."""
    return _on_handbook(data) | _on_sparkov(data)


def looked_at(payments: list[Seen], customers: list[Any], merchants: list[Any]) -> tuple[np.ndarray, float]:
    """The columns of each payment, in the order of time, and how many were computed a second."""
    pasts: dict[Any, CustomerPast] = defaultdict(CustomerPast)
    places: dict[Any, MerchantPast] = defaultdict(MerchantPast)
    rows = np.empty((len(payments), len(COLUMNS)))
    began = time.perf_counter()
    for number, (payment, customer, merchant) in enumerate(zip(payments, customers, merchants, strict=True)):
        past, place = pasts[customer], places[merchant]
        rows[number] = past.look(payment) + place.look(payment)
        past.add(payment)
        place.add(payment)
    return rows, len(payments) / (time.perf_counter() - began)


def _on_handbook(data: Path) -> dict[str, float | int]:
    (path,) = sorted((data / "triage").glob("handbook_*.parquet"))[:1]
    payments = handbook.payments_in(path)
    seen = [
        Seen(at, amount, "", int(at % DAY // HOUR), at + LABEL_DELAY if is_fraud else None)
        for at, amount, is_fraud in zip(
            payments.at.tolist(), payments.amount.tolist(), payments.is_fraud.tolist(), strict=True
        )
    ]
    rows, looked = looked_at(seen, payments.customer.tolist(), payments.terminal.tolist())
    examples = Examples(rows, payments.is_fraud, payments.at)
    theirs = handbook.features_of(payments)
    last = int(payments.day[-1]) - 3 * handbook.WEEK_DAYS + 1
    week = min(int((HANDBOOK_WEEK - payments.first_day).astype(int)), last)
    figures: dict[str, float | int] = {}
    found = []

    def judge(name: str, key: str, chosen: np.ndarray, chances: np.ndarray) -> None:
        figures.update(_judged(payments, chosen, chances, key))
        found.append((name, *(figures[f"{key}_{figure}"] for figure in ("auc", "ap", "cp100", "ece", "ece_chance"))))

    chosen = handbook.test_week(payments, week)
    for name, chances in _peers(payments, theirs, week, chosen).items():
        judge(f"{name}, the handbook's features", f"handbook_{name.replace(' ', '_')}", chosen, chances)
    for weeks in (0, MORE_WEEKS):
        scorer = train(_weeks(examples, payments, week - weeks * handbook.WEEK_DAYS, week + handbook.WEEK_DAYS))
        name = "ours, trained on the same week" if not weeks else f"ours, trained on it and the {weeks} weeks before"
        judge(name, f"handbook_ours_{weeks + 1}w", chosen, scorer.probabilities(rows[chosen]))
    begun = time.perf_counter()
    scorer.probabilities(rows[chosen])
    scored = len(chosen) / (time.perf_counter() - begun)
    found.append(PUBLISHED)
    began = payments.first_day + week
    table(f"Handbook: trained on the week from {began}, tested two weeks later", HEADINGS, found)
    both = 1 / (1 / looked + 1 / scored)
    figures |= {"columns_per_second": looked, "scores_per_second": scored, "payments_per_second": both}
    table("Payments a second, on one core but for the trees", ["", "a second"], [
        ("columns", looked), ("trees and calibration", scored), ("both", both),
    ])  # fmt: skip
    return figures | _rolling(payments, examples, week)


def _rolling(payments: handbook.Payments, examples: Examples, last: int) -> dict[str, float]:
    """The same, five weeks of training each, for test weeks one after another."""
    found, figures, all_chances, all_frauds = [], {}, [], []
    for number in reversed(range(1, ROLLING_WEEKS + 1)):
        week = last - number * handbook.WEEK_DAYS
        chosen = handbook.test_week(payments, week)
        begin = week - MORE_WEEKS * handbook.WEEK_DAYS
        scorer = train(_weeks(examples, payments, begin, week + handbook.WEEK_DAYS))
        chances = scorer.probabilities(examples.rows[chosen])
        judged = _judged(payments, chosen, chances, "week")
        all_chances.append(chances)
        all_frauds.append(payments.is_fraud[chosen])
        test_from = payments.first_day + week + handbook.WEEK_DAYS + handbook.DELAY_DAYS
        found.append(
            (f"from {test_from}", *(judged[f"week_{name}"] for name in ("auc", "ap", "cp100", "ece", "ece_chance")))
        )
    pooled, frauds = np.concatenate(all_chances), np.concatenate(all_frauds)
    names = ("auc", "ap", "cp100")
    means = [float(np.mean([row[place + 1] for row in found])) for place in range(len(names))]
    ece, chance = calibration_error(frauds, pooled, share=TOP_SHARE), error_by_chance(pooled, TOP_SHARE)
    found.append(("mean; calibration of all together", *means, ece, chance))
    figures |= {f"rolling_{name}": mean for name, mean in zip(names, means, strict=True)}
    figures |= {"rolling_ece": ece, "rolling_ece_chance": chance}
    table("Handbook: rolling test weeks, five weeks of training each", HEADINGS, found)
    return figures


def _weeks(examples: Examples, payments: handbook.Payments, first: int, end: int) -> Examples:
    midnight = float(payments.first_day.astype("datetime64[s]").astype(np.int64))
    return examples.between(midnight + first * DAY, midnight + end * DAY)


def _judged(payments: handbook.Payments, chosen: np.ndarray, chances: np.ndarray, key: str) -> dict[str, float]:
    from sklearn.metrics import average_precision_score, roc_auc_score

    is_fraud = payments.is_fraud[chosen]
    return {
        f"{key}_auc": float(roc_auc_score(is_fraud, chances)),
        f"{key}_ap": float(average_precision_score(is_fraud, chances)),
        f"{key}_cp100": handbook.card_precision(payments, chosen, chances),
        f"{key}_ece": calibration_error(is_fraud, chances, share=TOP_SHARE),
        f"{key}_ece_chance": error_by_chance(chances, TOP_SHARE),
    }


def _peers(payments: handbook.Payments, features: np.ndarray, week: int, chosen: np.ndarray) -> dict[str, np.ndarray]:
    """The handbook's models with its settings, trained on the week."""
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from xgboost import XGBClassifier

    trained = (payments.day >= week) & (payments.day < week + handbook.WEEK_DAYS)
    models = {
        "logistic regression": make_pipeline(StandardScaler(), LogisticRegression(max_iter=1_000)),
        "random forest": RandomForestClassifier(n_estimators=100, random_state=0, n_jobs=2),
        "XGBoost": XGBClassifier(random_state=0, n_jobs=2),
    }
    chances = {}
    for name, model in models.items():
        model.fit(features[trained], payments.is_fraud[trained])
        chances[name] = model.predict_proba(features[chosen])[:, 1]
    return chances


def _on_sparkov(data: Path) -> dict[str, float | int]:
    """The same code on payments of another kind, beside LightGBM as it comes on the same columns."""
    import lightgbm
    from pyarrow import parquet
    from sklearn.metrics import average_precision_score, roc_auc_score

    (path,) = sorted((data / "triage").glob("sparkov_*.parquet"))[:1]
    payments = sorted(parquet.read_table(path).to_pylist(), key=lambda row: (row["unix_time"], row["trans_num"]))
    seen = [
        Seen(
            float(row["unix_time"]),
            float(row["amt"]),
            row["category"],
            datetime.fromtimestamp(row["unix_time"], UTC).hour,
            row["unix_time"] + LABEL_DELAY if row["is_fraud"] else None,
        )
        for row in payments
    ]
    merchants = [f"{row['merchant']} {row['category']}" for row in payments]
    rows, _ = looked_at(seen, [row["cc_num"] for row in payments], merchants)
    at = np.array([payment.at for payment in seen])
    examples = Examples(rows, np.array([int(row["is_fraud"]) for row in payments]), at)
    start = at[0] // DAY * DAY
    first, end = SPARKOV_TRAIN
    learned = examples.between(start + first * DAY, start + end * DAY)
    test = examples.between(start + SPARKOV_TEST_FROM * DAY, at[-1] + 1)
    plain = lightgbm.train(
        {"objective": "binary", "verbosity": -1, "seed": 1, "num_threads": 2},
        lightgbm.Dataset(learned.rows, learned.is_fraud),
    )
    rankers: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "lightgbm": plain.predict,
        "ours": train(learned).probabilities,
    }
    figures: dict[str, float | int] = {"sparkov_payments": len(test.at), "sparkov_frauds": int(test.is_fraud.sum())}
    found = []
    for name, rank in rankers.items():
        chances = rank(test.rows)
        figures[f"sparkov_{name}_ap"] = float(average_precision_score(test.is_fraud, chances))
        figures[f"sparkov_{name}_auc"] = float(roc_auc_score(test.is_fraud, chances))
        figures[f"sparkov_{name}_ece"] = calibration_error(test.is_fraud, chances, share=TOP_SHARE)
        measured = (figures[f"sparkov_{name}_{figure}"] for figure in ("auc", "ap", "ece"))
        found.append((name, *measured, error_by_chance(chances, TOP_SHARE)))
    table(
        f"Sparkov, out of time: {len(test.at):,} payments, {int(test.is_fraud.sum())} frauds",
        ["", "AUC", "AP", "ECE, top 1%", "by chance alone"],
        found,
    )
    return figures
