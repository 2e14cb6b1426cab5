"""What was known of a payment when it was made: from its customer's, merchant's and device's history up to then.

Nothing later ever counts: history is strictly before the payment (payments of the same instant in the order of their
ids), and a fraud label counts only if it was reported before. `compute` is the one definition of every feature; live
scoring, evidence and benchmarks all go through it.
"""

import math
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from django.db.models import Count, F, FloatField, Func, Q, QuerySet
from pydantic import BaseModel, ConfigDict, Field

from fintech_ai.core.money import rounded
from triage.models import PHYSICAL_CHANNELS, EntryMode, Transaction

# Changes whenever a feature is added, dropped or computed differently; stored with every recommendation.
FEATURES_VERSION = 1

HISTORY = timedelta(days=90)
# A payment that nobody has reported for this long counts as genuine (Fraud Detection Handbook, chapter 3: 7 days).
LABEL_DELAY = timedelta(days=7)
MERCHANT_WINDOW = timedelta(days=30)
# Bounds on what one alert reads, newest first: no customer, merchant or device is too large to be scored in time.
MAX_HISTORY = 5_000
MAX_LINKED = 2_000
# A merchant's share of fraud starts from 0.5% over 20 payments, so that one report among three is not a wave.
PRIOR_PAYMENTS = 20
PRIOR_SHARE = 0.005

HOUR, DAY = 3_600, 86_400
EARTH_RADIUS_KM = 6_371.0088  # the mean radius, IUGG
PHYSICAL = frozenset(PHYSICAL_CHANNELS)


class Event(NamedTuple):
    """The payment that is looked at."""

    at: datetime
    amount: Decimal
    currency: str
    channel: str
    merchant_id: uuid.UUID
    category: str = ""
    rail: str = "card"
    entry_mode: str = ""
    three_ds: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    device_id: str = ""
    ip_country: str = ""
    home_country: str = ""
    home_latitude: float | None = None
    home_longitude: float | None = None


class Past(NamedTuple):
    """An earlier payment of the same customer. Times are seconds since 1970: thousands are read for one alert."""

    at: float
    amount: Decimal
    currency: str
    channel: str
    merchant_id: uuid.UUID
    category: str = ""
    entry_mode: str = ""
    country: str = ""
    latitude: float | None = None
    longitude: float | None = None
    device_id: str = ""
    reported_fraud_at: float | None = None


class Seconds(Func):
    """A time as seconds since 1970, exact to the microsecond."""

    template = "extract(epoch FROM %(expressions)s)::float8"
    output_field = FloatField()


class MerchantRecord(NamedTuple):
    """Payments at the merchant whose outcome was known, and how many of them were fraud."""

    payments: int = 0
    frauds: int = 0


class DeviceRecord(NamedTuple):
    """What the device did for other customers."""

    other_customers: int = 0
    frauds: int = 0


class Features(BaseModel):
    """The features of one payment. None means: could not be known. Money is in the payment's own currency.

    Every description names the unit; it is shown to people and sent to the model as it stands. "Before" is always
    the 90 days before the payment unless a shorter time is named.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: Decimal = Field(description="amount of this payment")
    currency: str = Field(description="ISO 4217 code")
    channel: str = Field(description="where the payer was")
    rail: str = Field(description="what carries the money")
    entry_mode: str = Field(description="how the card's data reached the merchant; empty if not sent")
    three_ds: str = Field(description="3-D Secure outcome; empty if not sent")
    category: str = Field(description="category of the merchant; empty if not sent")
    hour: int = Field(description="hour of the day, UTC, 0 to 23")
    is_round: bool = Field(description="the amount is a whole multiple of 100")

    payments_90d: int = Field(description="payments of the customer in the 90 days before")
    history_days: int = Field(description="days since the oldest payment known of the customer, at most 90")
    payments_1h: int = Field(description="payments in the hour before")
    payments_24h: int = Field(description="payments in the 24 hours before")
    payments_7d: int = Field(description="payments in the 7 days before")
    payments_30d: int = Field(description="payments in the 30 days before")
    amount_1h: Decimal = Field(description="sum of payments in the hour before")
    amount_24h: Decimal = Field(description="sum of payments in the 24 hours before")
    amount_7d: Decimal = Field(description="sum of payments in the 7 days before")
    amount_30d: Decimal = Field(description="sum of payments in the 30 days before")
    frauds_30d: int = Field(description="payments in the 30 days before that were already reported as fraud")

    median: Decimal | None = Field(description="median amount before")
    percentile_99: Decimal | None = Field(description="99th percentile of amounts before")
    ratio_to_median: float | None = Field(description="amount divided by the median")
    category_payments: int = Field(description="payments before in this merchant category")
    category_median: Decimal | None = Field(description="median amount before in this merchant category")
    ratio_to_category_median: float | None = Field(description="amount divided by the category's median")

    merchant_visits: int = Field(description="payments of the customer before at this merchant")
    merchant_payments: int = Field(description="payments of all customers at this merchant whose outcome was known")
    merchant_frauds: int = Field(description="of those, how many were reported as fraud")
    merchant_fraud_share: float = Field(description="share of fraud at this merchant, smoothed, in percent")

    seconds_since_last: int | None = Field(description="seconds since the customer's last payment")
    hour_share: float | None = Field(description="share of payments before within an hour of this time of day, percent")

    known_devices: int = Field(description="devices that the customer used before")
    device_is_new: bool | None = Field(description="the customer did not use this device before")
    device_age_days: int | None = Field(description="days since the customer's first payment with this device")
    device_customers: int | None = Field(description="other customers that used this device before")
    device_frauds: int | None = Field(description="payments with this device already reported as fraud")

    home_km: int | None = Field(description="km between home and the place of a card-present payment")
    travel_km: int | None = Field(description="km from the customer's last card-present payment to this one")
    travel_hours: float | None = Field(description="hours between those two")
    travel_kmh: int | None = Field(description="speed that the way between those two takes, km/h")
    country: str = Field(description="country of the payment, ISO 3166-1; empty if not sent")
    country_is_new: bool | None = Field(description="neither the home country nor one paid in before")
    ip_country: str = Field(description="country of the payer's IP address; empty if not sent")
    ip_country_differs: bool | None = Field(description="it is neither the home country nor that of the payment")
    chip_payments: int = Field(description="payments before by chip or contactless")


def features_of(transaction: Transaction) -> Features:
    """The features of a stored transaction, as of the moment it occurred. Four queries at most."""
    return compute(
        event_of(transaction),
        customer_history(transaction),
        merchant_record(transaction),
        device_record(transaction),
    )


def event_of(transaction: Transaction) -> Event:
    """The transaction with what its customer and merchant add to it."""
    customer, merchant = transaction.customer, transaction.merchant
    return Event(
        at=transaction.occurred_at.astimezone(UTC),
        amount=transaction.amount,
        currency=transaction.currency,
        channel=transaction.channel,
        merchant_id=transaction.merchant_id,
        category=merchant.category,
        rail=transaction.rail,
        entry_mode=transaction.entry_mode,
        three_ds=transaction.three_ds,
        country=transaction.country,
        latitude=transaction.latitude,
        longitude=transaction.longitude,
        device_id=transaction.device_id,
        ip_country=transaction.ip_country,
        home_country=customer.home_country,
        home_latitude=customer.home_latitude,
        home_longitude=customer.home_longitude,
    )


def up_to(transaction: Transaction, *, window: timedelta) -> Q:
    """Payments of the window before this one; those of the same instant count in the order of their ids."""
    at = transaction.occurred_at
    # The range is what an index is searched by; the rest only settles ties.
    return Q(occurred_at__range=(at - window, at)) & (Q(occurred_at__lt=at) | Q(id__lt=transaction.id))


def customer_payments(transaction: Transaction) -> QuerySet[Transaction]:
    """The same customer's payments of the 90 days before, newest first, as many as are read."""
    payments = Transaction.objects.filter(up_to(transaction, window=HISTORY), customer=transaction.customer_id)
    return payments.order_by("-occurred_at", "-id")[:MAX_HISTORY]


def customer_history(transaction: Transaction) -> list[Past]:
    """Those payments, oldest first, as `compute` takes them."""
    columns = {
        "at": Seconds("occurred_at"),
        "category": F("merchant__category"),
        "reported_fraud_at": Seconds("reported_fraud_at"),
    }
    rows = customer_payments(transaction).values_list(*(columns.get(name, name) for name in Past._fields))
    return [Past._make(row) for row in list(rows)[::-1]]


def merchant_record(transaction: Transaction) -> MerchantRecord:
    """The merchant's latest payments whose outcome was known: reported by then, or not reported for the label delay."""
    at = transaction.occurred_at
    known = Transaction.objects.filter(
        up_to(transaction, window=LABEL_DELAY + MERCHANT_WINDOW),
        Q(occurred_at__lt=at - LABEL_DELAY) | Q(reported_fraud_at__lt=at),
        merchant=transaction.merchant_id,
    )
    latest = known.order_by("-occurred_at", "-id").values("id", "reported_fraud_at")[:MAX_LINKED]
    counted = latest.aggregate(payments=Count("id"), frauds=Count("id", filter=Q(reported_fraud_at__lt=at)))
    return MerchantRecord(**counted)


def device_record(transaction: Transaction) -> DeviceRecord | None:
    """What the device did before; None if the payment names none."""
    if not transaction.device_id:
        return None
    uses = Transaction.objects.filter(up_to(transaction, window=HISTORY), device_id=transaction.device_id)
    latest = uses.order_by("-occurred_at", "-id").values("id", "customer_id", "reported_fraud_at")[:MAX_LINKED]
    counted = latest.aggregate(
        other_customers=Count("customer_id", distinct=True, filter=~Q(customer_id=transaction.customer_id)),
        frauds=Count("id", filter=Q(reported_fraud_at__lt=transaction.occurred_at)),
    )
    return DeviceRecord(**counted)


def compute(
    event: Event, history: Sequence[Past], merchant: MerchantRecord, device: DeviceRecord | None = None
) -> Features:
    """The features of `event`. Pure.

    `history` is the customer's payments of the 90 days before, oldest first; amounts in another currency than the
    event's count as payments, not as money.
    """
    same_currency = [past for past in history if past.currency == event.currency]
    median, percentile_99 = _quantiles(sorted(past.amount for past in same_currency), event.currency)
    in_category = sorted(past.amount for past in same_currency if past.category == event.category)
    category_median, _ = _quantiles(in_category, event.currency)
    now = event.at.timestamp()
    share = (merchant.frauds + PRIOR_PAYMENTS * PRIOR_SHARE) / (merchant.payments + PRIOR_PAYMENTS)
    last = history[-1] if history else None
    return Features(
        amount=rounded(event.amount, event.currency),
        currency=event.currency,
        channel=event.channel,
        rail=event.rail,
        entry_mode=event.entry_mode,
        three_ds=event.three_ds,
        category=event.category,
        hour=event.at.hour,
        is_round=event.amount % 100 == 0,
        payments_90d=len(history),
        history_days=int(now - history[0].at) // DAY if history else 0,
        **_velocity(event, history, now),
        median=median,
        percentile_99=percentile_99,
        ratio_to_median=_ratio(event.amount, median),
        category_payments=sum(past.category == event.category for past in history),
        category_median=category_median,
        ratio_to_category_median=_ratio(event.amount, category_median),
        merchant_visits=sum(past.merchant_id == event.merchant_id for past in history),
        merchant_payments=merchant.payments,
        merchant_frauds=merchant.frauds,
        merchant_fraud_share=round(100 * share, 1),
        seconds_since_last=int(now - last.at) if last else None,
        hour_share=_hour_share(event, history),
        **_device(event, history, device, now),
        **_place(event, history, now),
        chip_payments=sum(past.entry_mode in (EntryMode.CHIP, EntryMode.CONTACTLESS) for past in history),
    )


def distance_km(from_latitude: float, from_longitude: float, to_latitude: float, to_longitude: float) -> float:
    """Great-circle distance in km between two points in degrees, by the haversine formula."""
    phi_1, phi_2 = math.radians(from_latitude), math.radians(to_latitude)
    half_phi, half_lambda = (phi_2 - phi_1) / 2, math.radians(to_longitude - from_longitude) / 2
    h = math.sin(half_phi) ** 2 + math.cos(phi_1) * math.cos(phi_2) * math.sin(half_lambda) ** 2
    return 2 * EARTH_RADIUS_KM * math.asin(min(1, math.sqrt(h)))


def _velocity(event: Event, history: Sequence[Past], now: float) -> dict[str, int | Decimal]:
    """Counts and sums of the last hour, day, week and month."""
    spans = {"1h": HOUR, "24h": DAY, "7d": 7 * DAY, "30d": 30 * DAY}
    payments, amounts, frauds = dict.fromkeys(spans, 0), dict.fromkeys(spans, Decimal(0)), 0
    for past in reversed(history):
        age = now - past.at
        if age > spans["30d"]:
            break
        frauds += past.reported_fraud_at is not None and past.reported_fraud_at < now
        for name, seconds in spans.items():
            if age <= seconds:
                payments[name] += 1
                if past.currency == event.currency:
                    amounts[name] += past.amount
    return {
        **{f"payments_{name}": count for name, count in payments.items()},
        **{f"amount_{name}": rounded(amount, event.currency) for name, amount in amounts.items()},
        "frauds_30d": frauds,
    }


def _device(
    event: Event, history: Sequence[Past], device: DeviceRecord | None, now: float
) -> dict[str, int | bool | None]:
    """Whether the customer knows the device; new only if she is known to have used another."""
    known = {past.device_id for past in history if past.device_id}
    first_use = next((past.at for past in history if past.device_id == event.device_id), None)
    told = bool(event.device_id)
    return {
        "known_devices": len(known),
        "device_is_new": event.device_id not in known if told and known else None,
        "device_age_days": int(now - first_use) // DAY if told and first_use else None,
        "device_customers": device.other_customers if told and device else None,
        "device_frauds": device.frauds if told and device else None,
    }


def _place(event: Event, history: Sequence[Past], now: float) -> dict[str, int | float | bool | str | None]:
    """Distances of a card-present payment, and countries."""
    here = (event.latitude, event.longitude) if event.channel in PHYSICAL else (None, None)
    home = (event.home_latitude, event.home_longitude)
    last = next((past for past in reversed(history) if past.channel in PHYSICAL and past.latitude is not None), None)
    home_km = travel_km = hours = speed = None
    if None not in here and None not in home:
        home_km = round(distance_km(*home, *here))
    if None not in here and last is not None:
        seconds = now - last.at
        exact_km = distance_km(last.latitude, last.longitude, *here)
        # Two readings within one minute would make any distance a flight.
        travel_km, hours, speed = round(exact_km), round(seconds / HOUR, 1), round(exact_km * HOUR / max(seconds, 60))
    home_countries = {event.home_country} - {""}
    paid_in = {past.country for past in history if past.country} | home_countries
    usual = home_countries | ({event.country} - {""})
    return {
        "home_km": home_km,
        "travel_km": travel_km,
        "travel_hours": hours,
        "travel_kmh": speed,
        "country": event.country,
        "country_is_new": event.country not in paid_in if event.country and paid_in else None,
        "ip_country": event.ip_country,
        "ip_country_differs": event.ip_country not in usual if event.ip_country and usual else None,
    }


def _hour_share(event: Event, history: Sequence[Past]) -> float | None:
    """Percent of the history whose hour of the day is this one, the one before or the one after."""
    if not history:
        return None
    near = {(event.at.hour + step) % 24 for step in (-1, 0, 1)}
    return round(100 * sum(past.at // HOUR % 24 in near for past in history) / len(history), 1)


def _quantiles(amounts: Sequence[Decimal], currency: str) -> tuple[Decimal | None, Decimal | None]:
    """Median and 99th percentile of sorted amounts, interpolated as PostgreSQL's percentile_cont does."""
    if not amounts:
        return None, None
    return rounded(_at_share(amounts, Decimal("0.5")), currency), rounded(_at_share(amounts, Decimal("0.99")), currency)


def _at_share(amounts: Sequence[Decimal], share: Decimal) -> Decimal:
    position = share * (len(amounts) - 1)
    below = int(position)
    above = min(below + 1, len(amounts) - 1)
    return amounts[below] + (amounts[above] - amounts[below]) * (position - below)


def _ratio(amount: Decimal, median: Decimal | None) -> float | None:
    return round(float(amount / median), 2) if median else None
