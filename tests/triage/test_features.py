"""Each feature, computed by hand beside the code."""

from decimal import Decimal

import pytest

from tests.triage.build import HOME, JEWELLER, a_habit, a_past, an_event, features_from
from triage.features import DeviceRecord, MerchantRecord, distance_km
from triage.models import Channel


def test_a_first_payment_has_no_pattern_to_differ_from():
    features = features_from(an_event())
    assert features.payments_90d == 0
    assert features.median is features.ratio_to_median is features.hour_share is features.seconds_since_last is None


def test_velocity_counts_and_sums_each_window():
    event = an_event()
    history = [
        a_past(event, hours=hours, amount=Decimal(amount))
        for hours, amount in ((800, 1), (700, 2), (160, 4), (23, 8), (1, 16), (0.5, 32))
    ]
    features = features_from(event, history)
    assert (features.payments_1h, features.payments_24h, features.payments_7d, features.payments_30d) == (2, 3, 4, 5)
    assert (features.amount_1h, features.amount_24h) == (Decimal("48.00"), Decimal("56.00"))
    assert (features.amount_7d, features.amount_30d) == (Decimal("60.00"), Decimal("62.00"))
    assert features.payments_90d == 6
    assert features.seconds_since_last == 1800


def test_amounts_in_another_currency_are_payments_but_not_money():
    event = an_event()
    features = features_from(event, [a_past(event, hours=2, currency="JPY", amount=Decimal(90_000))])
    assert features.payments_24h == 1
    assert features.amount_24h == 0
    assert features.median is None


def test_median_and_percentile_interpolate():
    event = an_event(amount=Decimal("279"))
    history = [a_past(event, hours=100 - n, amount=Decimal(n)) for n in range(1, 12)]
    features = features_from(event, history)
    assert features.median == Decimal("6.00")
    assert features.percentile_99 == Decimal("10.90")
    assert features.ratio_to_median == 46.5


def test_the_category_has_its_own_median():
    event = an_event(amount=Decimal("60"), category="jewellery")
    history = [*a_habit(event, days=10, category="grocery"), a_past(event, hours=3, amount=Decimal("20"))]
    features = features_from(event, history)
    assert (features.category_payments, features.category_median, features.ratio_to_category_median) == (1, 20, 3.0)


def test_a_label_counts_only_if_it_was_reported_before():
    event = an_event()
    now = event.at.timestamp()
    before = a_past(event, hours=48, reported_fraud_at=now - 1)
    at_once = a_past(event, hours=47, reported_fraud_at=now)
    after = a_past(event, hours=46, reported_fraud_at=now + 3_600)
    assert features_from(event, [before, at_once, after]).frauds_30d == 1


def test_the_merchants_share_is_smoothed_towards_the_base_rate():
    event = an_event()
    assert features_from(event).merchant_fraud_share == 0.5
    assert features_from(event, merchant=MerchantRecord(3, 1)).merchant_fraud_share == 4.8
    assert features_from(event, merchant=MerchantRecord(980, 98)).merchant_fraud_share == 9.8


def test_a_device_is_new_only_where_another_is_known():
    event = an_event(device_id="phone", channel=Channel.CARD_NOT_PRESENT)
    record = DeviceRecord(other_customers=2, frauds=1)
    unknown = features_from(event, a_habit(event, days=5, device_id=""), device=record)
    new = features_from(event, a_habit(event, days=5, device_id="tablet"), device=record)
    known = features_from(event, a_habit(event, days=5), device=record)
    assert (unknown.device_is_new, new.device_is_new, known.device_is_new) == (None, True, False)
    assert (new.known_devices, known.device_age_days) == (1, 5)
    assert (new.device_customers, new.device_frauds) == (2, 1)


def test_without_a_device_nothing_is_said_of_it():
    features = features_from(an_event(), a_habit(an_event(), device_id="phone"))
    assert features.device_is_new is features.device_customers is features.device_frauds is None


def test_travel_is_measured_from_the_last_payment_in_person():
    event = an_event(latitude=51.47, longitude=-0.45)
    online = a_past(event, hours=1, channel=Channel.CARD_NOT_PRESENT, latitude=None, longitude=None)
    features = features_from(event, [a_past(event, hours=2, latitude=40.64, longitude=-73.78), online])
    assert features.travel_km == pytest.approx(5540, abs=10)
    assert features.travel_hours == 2.0
    assert features.travel_kmh == pytest.approx(2770, abs=5)
    assert features.home_km == pytest.approx(5560, abs=20)


def test_two_readings_at_one_moment_are_not_an_infinite_speed():
    event = an_event(latitude=HOME[0] + 0.01)
    assert features_from(event, [a_past(event, hours=0, latitude=HOME[0])]).travel_kmh < 900


def test_a_payment_online_has_no_place():
    features = features_from(an_event(channel=Channel.CARD_NOT_PRESENT), a_habit(an_event()))
    assert features.home_km is features.travel_km is None


def test_distance_agrees_with_a_known_one():
    assert distance_km(48.8566, 2.3522, 52.5200, 13.4050) == pytest.approx(877.5, abs=1)
    assert distance_km(0, 179.9, 0, -179.9) == pytest.approx(22.2, abs=0.1)


def test_the_hour_wraps_around_midnight():
    event = an_event(at=an_event().at.replace(hour=0))
    history = [a_past(event, hours=hours) for hours in (49, 36, 25, 24, 23)]
    assert features_from(event, history).hour_share == 80.0


@pytest.mark.parametrize(("country", "paid_in", "new"), [("US", "", False), ("MX", "", True), ("MX", "MX", False)])
def test_a_country_is_new_if_neither_home_nor_paid_in(country, paid_in, new):
    event = an_event(country=country)
    assert features_from(event, [a_past(event, hours=5, country=paid_in)]).country_is_new is new


def test_an_ip_country_fits_home_and_the_place_of_the_payment():
    assert features_from(an_event(ip_country="US", country="MX")).ip_country_differs is False
    assert features_from(an_event(ip_country="MX", country="MX")).ip_country_differs is False
    assert features_from(an_event(ip_country="RO", country="MX")).ip_country_differs is True
    assert features_from(an_event(ip_country="RO", country="", home_country="")).ip_country_differs is None


def test_visits_count_this_merchant_only():
    event = an_event()
    history = [*a_habit(event, days=4), a_past(event, hours=1, merchant_id=JEWELLER)]
    assert features_from(event, history).merchant_visits == 4


def test_money_is_rounded_as_its_currency_is():
    event = an_event(currency="JPY", amount=Decimal(1001))
    history = [a_past(event, hours=2, amount=Decimal(100)), a_past(event, hours=1, amount=Decimal(101))]
    assert str(features_from(event, history).median) == "101"
