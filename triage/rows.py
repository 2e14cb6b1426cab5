"""Rows as they come in, typed, and what must be true of each beyond its types. Shared by API, demo and commands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

import pycountry

from fintech_ai.core.money import is_currency, minor_digits

# How far ahead another system's clock may be.
CLOCK_SKEW = timedelta(minutes=5)
MAX_AMOUNT_DIGITS = 15


@dataclass(frozen=True)
class CustomerRow:
    """A customer; empty fields leave what is stored as it is."""

    id: str
    name: str = ""
    home_country: str = ""
    home_city: str = ""
    home_latitude: float | None = None
    home_longitude: float | None = None
    since: date | None = None


@dataclass(frozen=True)
class MerchantRow:
    """A merchant or payee; empty fields leave what is stored as it is."""

    id: str
    name: str = ""
    category: str = ""
    country: str = ""


@dataclass(frozen=True)
class TransactionRow:
    """One payment; see models.Transaction for the fields."""

    id: str
    customer: CustomerRow
    merchant: MerchantRow
    occurred_at: datetime
    amount: Decimal
    currency: str
    channel: str
    rail: str = "card"
    entry_mode: str = ""
    three_ds: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    device_id: str = ""
    ip_country: str = ""
    reported_fraud_at: datetime | None = None


def problems(row: TransactionRow, *, now: datetime) -> Iterator[tuple[str, str]]:
    """What is wrong with a row: the field's path, and a sentence."""
    if not is_currency(row.currency):
        yield "currency", "This is not a currency of ISO 4217, such as USD."
    if not row.amount.is_finite() or row.amount <= 0:
        yield "amount", "The amount must be above zero."
    elif row.amount.adjusted() >= MAX_AMOUNT_DIGITS:
        yield "amount", f"The amount has more than {MAX_AMOUNT_DIGITS} digits before the point."
    elif row.amount != round(row.amount, minor_digits(row.currency)):
        yield "amount", f"{row.currency} has {minor_digits(row.currency)} decimals; this amount has more."
    for path, code in (
        ("country", row.country),
        ("ip_country", row.ip_country),
        ("customer/home_country", row.customer.home_country),
        ("merchant/country", row.merchant.country),
    ):
        if code and not is_country(code):
            yield path, "This is not a country of ISO 3166-1 alpha-2, such as US."
    yield from _time_problems(row, now)
    yield from _place_problems("", row.latitude, row.longitude)
    yield from _place_problems("customer/home_", row.customer.home_latitude, row.customer.home_longitude)
    # Somewhere it is tomorrow already.
    if row.customer.since and row.customer.since > (now + timedelta(days=1)).date():
        yield "customer/since", "This date lies in the future."


@lru_cache(maxsize=1_000)
def is_country(code: str) -> bool:
    """Whether it is an upper-case ISO 3166-1 alpha-2 code."""
    return code.isupper() and pycountry.countries.get(alpha_2=code) is not None


def _time_problems(row: TransactionRow, now: datetime) -> Iterator[tuple[str, str]]:
    for name, at in (("occurred_at", row.occurred_at), ("reported_fraud_at", row.reported_fraud_at)):
        if at is None:
            continue
        if at.tzinfo is None:
            yield name, "Give the offset from UTC, as in 2026-03-14T02:41:00Z."
        elif at > now + CLOCK_SKEW:
            yield name, "This time lies in the future."
    times = (row.occurred_at, row.reported_fraud_at)
    if all(at is not None and at.tzinfo for at in times) and row.reported_fraud_at < row.occurred_at:
        yield "reported_fraud_at", "Fraud cannot be reported before the payment occurred."


def _place_problems(prefix: str, latitude: float | None, longitude: float | None) -> Iterator[tuple[str, str]]:
    for name, value, limit in (("latitude", latitude, 90), ("longitude", longitude, 180)):
        # Written so that NaN, which compares with nothing, is refused too.
        if value is not None and not -limit <= value <= limit:
            yield f"{prefix}{name}", f"A {name} lies between -{limit} and {limit} degrees."
    if (latitude is None) != (longitude is None):
        missing = "latitude" if latitude is None else "longitude"
        yield f"{prefix}{missing}", "Give both coordinates or neither."
