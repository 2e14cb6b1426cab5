"""The Fraud Detection Handbook's own way of measuring, and its own features for the peers.

Le Borgne, Siblini, Lebichot, Bontempi: Reproducible Machine Learning for Credit Card Fraud Detection (2022), chapters 3
and 4: train on a week, leave a week until its labels are known, test on the next week without the cards that are known
to be compromised by then; average precision over payments, and precision among the 100 cards most suspected each day.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DAY = 86_400
WEEK_DAYS = DELAY_DAYS = 7
TOP_CARDS = 100
WINDOWS = (1, 7, 30)
FEATURES = 15


@dataclass(frozen=True)
class Payments:
    """Arrays in the order of time. `at` is in seconds, `day` counts from the first day."""

    at: np.ndarray
    day: np.ndarray
    customer: np.ndarray
    terminal: np.ndarray
    amount: np.ndarray
    is_fraud: np.ndarray
    first_day: np.datetime64


def payments_in(path: Path) -> Payments:
    """The file's payments."""
    from pyarrow import compute, parquet

    table = parquet.read_table(path)
    table = table.take(compute.sort_indices(table, [("TX_DATETIME", "ascending"), ("TRANSACTION_ID", "ascending")]))
    at = table["TX_DATETIME"].to_numpy().astype("datetime64[s]")
    first_day = at[0].astype("datetime64[D]")
    return Payments(
        at=at.astype(np.int64).astype(np.float64),
        day=(at.astype("datetime64[D]") - first_day).astype(int),
        customer=table["CUSTOMER_ID"].to_numpy(),
        terminal=table["TERMINAL_ID"].to_numpy(),
        amount=np.round(table["TX_AMOUNT"].to_numpy().astype(np.float64), 2),
        is_fraud=table["TX_FRAUD"].to_numpy().astype(np.int64),
        first_day=first_day,
    )


def test_week(payments: Payments, train_from: int) -> np.ndarray:
    """Which payments of the test week count: those of cards not known to be compromised on their day."""
    day, customer, is_fraud = payments.day, payments.customer, payments.is_fraud == 1
    known = set(customer[(day >= train_from) & (day < train_from + WEEK_DAYS) & is_fraud])
    chosen = []
    for number in range(WEEK_DAYS):
        learned = train_from + WEEK_DAYS + number - 1
        known |= set(customer[(day == learned) & is_fraud])
        today = np.flatnonzero(day == train_from + WEEK_DAYS + DELAY_DAYS + number)
        chosen.append(today[~np.isin(customer[today], list(known))])
    return np.concatenate(chosen)


def card_precision(payments: Payments, chosen: np.ndarray, scores: np.ndarray) -> float:
    """The share of compromised cards among the most suspected of a day, without those found on an earlier one."""
    found: set[int] = set()
    shares = []
    for day in np.unique(payments.day[chosen]):
        suspicion: dict[int, float] = {}
        compromised: set[int] = set()
        for index in np.flatnonzero(payments.day[chosen] == day):
            card = int(payments.customer[chosen[index]])
            if card in found:
                continue
            suspicion[card] = max(suspicion.get(card, 0.0), float(scores[index]))
            if payments.is_fraud[chosen[index]]:
                compromised.add(card)
        top = sorted(suspicion, key=suspicion.__getitem__, reverse=True)[:TOP_CARDS]
        caught = compromised.intersection(top)
        shares.append(len(caught) / TOP_CARDS)
        found |= caught
    return float(np.mean(shares))


def features_of(payments: Payments) -> np.ndarray:
    """The handbook's 15 features: amount, weekend, night, and what customer and terminal did in 1, 7 and 30 days."""
    count = len(payments.at)
    table = np.zeros((count, FEATURES))
    weekday = (payments.day + (payments.first_day.astype(int) + 3)) % 7
    table[:, 0] = payments.amount
    table[:, 1] = weekday >= 5
    table[:, 2] = (payments.at % DAY) // 3600 <= 6
    for rows in _groups(payments.customer):
        at, amount = payments.at[rows], np.concatenate([[0], np.cumsum(payments.amount[rows])])
        here = np.arange(len(rows)) + 1
        for place, days in enumerate(WINDOWS):
            since = np.searchsorted(at, at - days * DAY, side="right")
            table[rows, 3 + 2 * place] = here - since
            table[rows, 4 + 2 * place] = (amount[here] - amount[since]) / (here - since)
    for rows in _groups(payments.terminal):
        at, frauds = payments.at[rows], np.concatenate([[0], np.cumsum(payments.is_fraud[rows])])
        known = np.searchsorted(at, at - DELAY_DAYS * DAY, side="right")
        for place, days in enumerate(WINDOWS):
            since = np.searchsorted(at, at - (DELAY_DAYS + days) * DAY, side="right")
            table[rows, 9 + 2 * place] = known - since
            table[rows, 10 + 2 * place] = (frauds[known] - frauds[since]) / np.maximum(known - since, 1)
    return table


def _groups(keys: np.ndarray) -> Iterator[np.ndarray]:
    order = np.argsort(keys, kind="stable")
    return iter(np.split(order, np.flatnonzero(np.diff(keys[order])) + 1))
