"""Recorded numbers as plain sentences, worded so that they are true whether a rule holds or not."""

from fintech_ai.core.money import shown
from triage.features import Features
from triage.models import Channel, EntryMode, Rail, ThreeDS


def times(ratio: float | None) -> str:
    return f"{ratio:.1f}×" if ratio is not None and ratio < 100 else f"{ratio:,.0f}×"


def _span(seconds: float) -> str:
    """A length of time as people say it."""
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size or (unit != "d" and seconds >= size):
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _plural(count: int, noun: str) -> str:
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def amount(f: Features) -> str:
    if f.median is None:
        return f"No earlier payment in {f.currency} is known to compare with."
    return (
        f"{times(f.ratio_to_median)} this customer's usual amount "
        f"(median {shown(f.median, f.currency)}, {_plural(f.payments_90d, 'payment')} in 90 days)."
    )


def category_amount(f: Features) -> str:
    if f.category_median is None:
        return f"No earlier payment of this customer in {_category(f)} is known to compare with."
    return (
        f"{times(f.ratio_to_category_median)} this customer's usual amount in {_category(f)} "
        f"(median {shown(f.category_median, f.currency)}, {_plural(f.category_payments, 'payment')} in 90 days)."
    )


def tail(f: Features) -> str:
    if f.percentile_99 is None:
        return f"No earlier payment in {f.currency} is known to compare with."
    side = "Above" if f.amount > f.percentile_99 else "Not above"
    return (
        f"{side} the 99th percentile of this customer's payments "
        f"({shown(f.percentile_99, f.currency)}, {_plural(f.payments_90d, 'payment')} in 90 days)."
    )


def _category(f: Features) -> str:
    return f"“{f.category}”" if f.category else "this category"


def category_use(f: Features) -> str:
    if not f.category:
        return "No merchant category was sent."
    return f"{_plural(f.category_payments, 'payment')} in {_category(f)} among {f.payments_90d:,} in 90 days."


def velocity(f: Features) -> str:
    return (
        f"{_plural(f.payments_1h, 'payment')} in the hour before and {f.payments_24h:,} in 24 hours; "
        f"{f.payments_30d / 30:.1f} a day over 30 days."
    )


def spending(f: Features) -> str:
    return (
        f"{shown(f.amount_24h + f.amount, f.currency)} in 24 hours with this payment; "
        f"{shown(f.amount_30d / 30, f.currency)} a day over 30 days."
    )


def hour(f: Features) -> str:
    if f.hour_share is None:
        return "No earlier payment is known to compare the hour with."
    return (
        f"{f.hour_share:g}% of {_plural(f.payments_90d, 'payment')} in 90 days were made within an hour of "
        f"{f.hour:02d}:00 UTC."
    )


def merchant(f: Features) -> str:
    return (
        f"{f.merchant_frauds:,} of {_plural(f.merchant_payments, 'payment')} at this merchant whose outcome was known "
        f"were reported as fraud ({f.merchant_fraud_share:g}%, smoothed)."
    )


def visits(f: Features) -> str:
    return f"{_plural(f.merchant_visits, 'payment')} of this customer at this merchant in 90 days."


def device(f: Features) -> str:
    if f.device_is_new is None:
        return "Whether the device is new cannot be known: it, or any earlier one, was not sent."
    if f.device_is_new:
        return f"This device was not used before; {_plural(f.known_devices, 'other')} in 90 days."
    return f"The customer first used this device {_plural(f.device_age_days or 0, 'day')} before."


def shared_device(f: Features) -> str:
    if f.device_customers is None:
        return "No device was sent."
    return f"{_plural(f.device_customers, 'other customer')} used this device in 90 days."


def device_fraud(f: Features) -> str:
    if f.device_frauds is None:
        return "No device was sent."
    return f"{_plural(f.device_frauds, 'payment')} with this device had been reported as fraud by then."


def customer_fraud(f: Features) -> str:
    return f"{_plural(f.frauds_30d, 'payment')} of this customer in 30 days had been reported as fraud by then."


def travel(f: Features) -> str:
    if f.travel_km is None or f.travel_hours is None:
        return "The way from the last card-present payment cannot be known: a place is missing."
    return (
        f"The last card-present payment was {_span(f.travel_hours * 3_600)} earlier and {f.travel_km:,} km away "
        f"({f.travel_kmh:,} km/h)."
    )


def home(f: Features) -> str:
    if f.home_km is None:
        return "The distance from home cannot be known: a place is missing."
    return f"The card was used {f.home_km:,} km from the customer's home."


def country(f: Features) -> str:
    if f.country_is_new is None:
        return "Whether the country is new cannot be known: it, or any earlier one, was not sent."
    known = "neither the home country nor one paid in" if f.country_is_new else "the home country or one paid in"
    return f"{f.country} is {known} in 90 days."


def ip(f: Features) -> str:
    if f.ip_country_differs is None:
        return "Whether the IP country fits cannot be known: a country is missing."
    fits = "neither the home country nor that of the payment" if f.ip_country_differs else "one that fits"
    return f"The IP address is in {f.ip_country}, {fits}."


def three_ds(f: Features) -> str:
    return f"3-D Secure: {ThreeDS(f.three_ds).label.lower()}." if f.three_ds else "No 3-D Secure result was sent."


def entry(f: Features) -> str:
    if not f.entry_mode:
        return "No entry mode was sent."
    return f"{EntryMode(f.entry_mode).label}; {_plural(f.chip_payments, 'payment')} by chip or contactless in 90 days."


def payee(f: Features) -> str:
    return f"{Rail(f.rail).label}; {_plural(f.merchant_visits, 'payment')} to this payee in 90 days."


def round_amount(f: Features) -> str:
    kind = "a whole multiple" if f.is_round else "not a multiple"
    return f"{shown(f.amount, f.currency)} by {Channel(f.channel).label.lower()}, {kind} of 100."


def history(f: Features) -> str:
    return f"{_plural(f.payments_90d, 'payment')} of this customer known, over {_plural(f.history_days, 'day')}."
