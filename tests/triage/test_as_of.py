"""Features are those of the moment of the payment: what happens later, or is learned later, never changes them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.triage.build import NOW, a_row, imported
from triage.features import LABEL_DELAY, features_of
from triage.models import Channel, Transaction
from triage.rows import CustomerRow, MerchantRow

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


def a_past_life():
    """Rows of customer, merchant and device before the payment, frauds with early and late labels among them."""
    rows = [a_row(-n, device_id="phone") for n in range(30, 0, -1)]
    for n, days in enumerate((10, 20, 30)):
        at = NOW - days * DAY
        stranger = CustomerRow(id=f"stranger-{n}")
        rows.append(
            a_row(id=f"old-{n}", occurred_at=at, customer=stranger, device_id="phone", reported_fraud_at=at + 5 * DAY)
        )
    return rows


def test_the_future_never_changes_them(house):
    *_, payment = imported(house, *a_past_life(), a_row(0, device_id="phone"))
    before = features_of(payment)
    assert (before.payments_90d, before.merchant_frauds, before.device_frauds) == (30, 3, 3)
    later = [
        a_row(n, amount=Decimal(5000), device_id="phone", reported_fraud_at=NOW + n * DAY, customer=customer)
        for n, customer in enumerate([CustomerRow(id="c-1"), CustomerRow(id="c-2"), CustomerRow(id="c-3")], start=1)
    ]
    imported(house, *later)
    # The same instant, but imported after: ties are settled by id.
    imported(house, a_row(id="tie", occurred_at=NOW, amount=Decimal(9000), device_id="phone"))
    assert features_of(payment) == before


def test_a_label_that_is_reported_later_never_changes_them(house):
    *_, payment = imported(house, *a_past_life(), a_row(0, device_id="phone"))
    before = features_of(payment)
    earlier = Transaction.objects.filter(occurred_at__lt=NOW, reported_fraud_at=None)
    earlier.update(reported_fraud_at=NOW)
    assert features_of(payment) == before
    earlier = Transaction.objects.filter(occurred_at__lt=NOW, reported_fraud_at=NOW)
    earlier.update(reported_fraud_at=NOW - timedelta(seconds=1), occurred_at=NOW - timedelta(minutes=1))
    assert features_of(payment) != before


def test_what_is_older_than_90_days_never_counts(house):
    old = a_row(id="old", occurred_at=NOW - 90 * DAY - timedelta(seconds=1))
    edge = a_row(id="edge", occurred_at=NOW - 90 * DAY)
    *_, payment = imported(house, old, edge, a_row(0))
    assert features_of(payment).payments_90d == 1


def test_a_merchants_payment_counts_once_its_outcome_is_known(house):
    stranger = CustomerRow(id="stranger")
    ripe = a_row(id="ripe", occurred_at=NOW - LABEL_DELAY - DAY, customer=stranger)
    fresh = a_row(id="fresh", occurred_at=NOW - DAY, customer=stranger)
    fraud = a_row(id="fraud", occurred_at=NOW - DAY, customer=stranger, reported_fraud_at=NOW - DAY / 2)
    *_, payment = imported(house, ripe, fresh, fraud, a_row(0))
    features = features_of(payment)
    assert (features.merchant_payments, features.merchant_frauds) == (2, 1)


def test_another_tenants_payments_never_count(cast):
    with cast.southbank.scope():
        imported(cast.southbank, *a_past_life())
    with cast.northgate.scope():
        (payment,) = imported(cast.northgate, a_row(0, device_id="phone"))
        features = features_of(payment)
    assert (features.payments_90d, features.merchant_payments, features.device_customers) == (0, 0, 0)


def test_what_is_stored_and_what_is_computed_agree(house):
    """Each stored column reaches the feature that reads it."""
    habit = [a_row(-24 * n, device_id="phone") for n in range(40, 0, -1)]
    odd = a_row(
        0,
        amount=Decimal("600.00"),
        merchant=MerchantRow(id="m-2", category="jewellery"),
        channel=Channel.CARD_NOT_PRESENT,
        entry_mode="ecommerce",
        three_ds="failed",
        country="MX",
        ip_country="RO",
        latitude=None,
        longitude=None,
        device_id="tablet",
    )
    *_, payment = imported(house, *habit, odd)
    features = features_of(payment)
    assert (features.category, features.category_payments, features.merchant_visits) == ("jewellery", 0, 0)
    assert (features.three_ds, features.entry_mode, features.chip_payments) == ("failed", "ecommerce", 40)
    assert (features.country_is_new, features.ip_country_differs, features.device_is_new) == (True, True, True)
    assert (features.ratio_to_median, features.history_days, features.known_devices) == (10.0, 40, 1)


def test_it_takes_a_handful_of_queries(house):
    *_, payment = imported(house, *a_past_life(), a_row(0, device_id="phone"))
    with CaptureQueriesContext(
        connection,
    ) as queries:
        features_of(payment)
    assert len(queries) == 3
