"""Transactions come in all or none and once; an alert opens one case."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connections, transaction
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.selectors import trail_of
from fintech_ai.cases.models import Case, Run
from fintech_ai.cases.services import case_decide, run_claim, run_finish
from fintech_ai.core.errors import Conflict, InvalidInput, NotAllowed
from tests.support.cases import a_draft
from tests.support.cast import build_cast
from tests.triage.build import NOW, a_row, an_alert, imported
from triage.models import Alert, Customer, Merchant, Transaction
from triage.rows import CustomerRow, MerchantRow
from triage.services import MAX_ROWS, ImportResult, alert_submit, transactions_import


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


def import_rows(house, *rows) -> ImportResult:
    return transactions_import(actor=house.system.actor, rows=rows)


def test_a_call_stores_its_transactions_customers_and_merchants(house):
    assert import_rows(house, a_row(1), a_row(2)) == ImportResult(created=2, already_there=0)
    stored = Transaction.objects.get(external_id="tx-1")
    assert (stored.amount, stored.currency, stored.channel) == (Decimal("60.00"), "USD", "card_present")
    assert stored.customer.home_country == "US"
    assert str(stored.merchant) == "Harber Inc"
    assert (Customer.objects.count(), Merchant.objects.count()) == (1, 1)


def test_the_same_again_is_counted_and_not_stored(house):
    import_rows(house, a_row(1))
    assert import_rows(house, a_row(1), a_row(2), a_row(2)) == ImportResult(created=1, already_there=2)
    assert Transaction.objects.count() == 2


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": Decimal("60.01")},
        {"occurred_at": NOW},
        {"customer": CustomerRow(id="c-2")},
        {"merchant": MerchantRow(id="m-2")},
        {"device_id": "phone"},
        {"reported_fraud_at": NOW + timedelta(hours=30)},
    ],
)
def test_an_id_never_stands_for_two_payments(house, changes):
    import_rows(house, a_row(1))
    with pytest.raises(Conflict, match=r"tx-1 \(row 1\)"):
        import_rows(house, a_row(2), a_row(1, **changes))
    assert not Transaction.objects.filter(external_id="tx-2").exists()


def test_an_id_never_stands_for_two_payments_within_one_call(house):
    with pytest.raises(Conflict, match=r"tx-1 \(row 1\)"):
        import_rows(house, a_row(1), a_row(1, amount=Decimal(7)))
    assert not Transaction.objects.exists()


def test_all_faults_are_named_and_nothing_is_stored(house):
    ahead = timezone.now() + timedelta(minutes=6)
    faulty = a_row(2, amount=Decimal("-1"), currency="ZZZ", occurred_at=ahead, latitude=91.0, country="XX")
    with pytest.raises(InvalidInput) as caught:
        import_rows(house, a_row(1), faulty)
    assert set(caught.value.fields) == {
        f"transactions/1/{name}" for name in ("amount", "currency", "occurred_at", "latitude", "country")
    }
    assert not Customer.objects.exists()


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"amount": Decimal(0)}, "amount"),
        ({"amount": Decimal("NaN")}, "amount"),
        ({"amount": Decimal("Infinity")}, "amount"),
        ({"amount": Decimal("1E15")}, "amount"),
        ({"amount": Decimal("1.001")}, "amount"),
        ({"amount": Decimal("1.5"), "currency": "JPY"}, "amount"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "XXX"}, "currency"),
        ({"currency": ""}, "currency"),
        ({"occurred_at": NOW.replace(tzinfo=None)}, "occurred_at"),
        ({"reported_fraud_at": NOW - timedelta(days=1)}, "reported_fraud_at"),
        ({"longitude": None}, "longitude"),
        ({"longitude": float("nan")}, "longitude"),
        ({"customer": CustomerRow(id="c", home_latitude=1.0)}, "customer/home_longitude"),
        ({"customer": CustomerRow(id="c", home_country="us")}, "customer/home_country"),
        ({"merchant": MerchantRow(id="m", country="ZZ")}, "merchant/country"),
        ({"ip_country": "UK"}, "ip_country"),
        ({"customer": CustomerRow(id="c", since=timezone.now().date() + timedelta(days=3))}, "customer/since"),
    ],
)
def test_what_cannot_be_is_refused_by_name(house, changes, path):
    with pytest.raises(InvalidInput) as caught:
        import_rows(house, a_row(1, **changes))
    assert list(caught.value.fields) == [f"transactions/0/{path}"]


def test_what_currencies_allow_is_stored(house):
    import_rows(house, a_row(1, currency="BHD", amount=Decimal("1.234")), a_row(2, currency="JPY", amount=Decimal("7")))
    assert Transaction.objects.get(external_id="tx-1").amount == Decimal("1.234")


def test_a_clock_may_be_a_little_ahead(house):
    import_rows(house, a_row(1, occurred_at=timezone.now() + timedelta(minutes=4)))


@pytest.mark.parametrize("count", [0, MAX_ROWS + 1])
def test_a_call_holds_one_to_a_thousand_rows(house, count):
    with pytest.raises(InvalidInput):
        import_rows(house, *[a_row(1)] * count)


def test_what_a_row_tells_of_a_customer_replaces_and_silence_does_not(house):
    import_rows(house, a_row(1, customer=CustomerRow(id="c-1", name="Old", home_city="Ulm")))
    import_rows(house, a_row(2, customer=CustomerRow(id="c-1", name="New")))
    customer = Customer.objects.get()
    assert (customer.name, customer.home_city) == ("New", "Ulm")


def test_only_systems_may_post(cast):
    queue = cast.northgate.queue
    with cast.northgate.scope():
        for person in (cast.alice.actor, cast.lena.actor, cast.cora.actor):
            with pytest.raises(NotAllowed):
                transactions_import(actor=person, rows=[a_row(1)])
            with pytest.raises(NotAllowed):
                alert_submit(actor=person, queue=queue, transaction_id="tx-1", channel="analyst", raised_by="x")


def test_tenants_have_their_own_ids(cast):
    for house in (cast.northgate, cast.southbank):
        with house.scope():
            assert import_rows(house, a_row(1)).created == 1


def test_an_import_is_audited(house, sealed):
    import_rows(house, a_row(1))
    sealed()
    event = AuditEvent.objects.get(action="transactions.imported")
    assert event.content["data"]["created"] == 1
    assert "Harber" not in str(event.content)


def test_an_alert_opens_a_case_with_a_waiting_run(house, sealed):
    imported(house, a_row(1))
    alert = an_alert(house, "tx-1", notes="Customer not reached.", external_id="A-1")
    case = alert.case
    assert (case.subject, case.amount, case.currency, case.state) == ("Harber Inc", 60, "USD", "received")
    assert Run.objects.filter(case=case, state="waiting").count() == 1
    sealed()
    event = trail_of(case.id).get(action="alert.received")
    assert "reached" not in str(event.content)


def test_an_alert_needs_its_transaction(house):
    with pytest.raises(InvalidInput) as caught:
        an_alert(house, "tx-9")
    assert list(caught.value.fields) == ["transaction"]
    assert not Case.objects.exists()


def test_a_payment_has_one_open_case_at_a_time(cast, house):
    imported(house, a_row(1))
    case = an_alert(house, "tx-1").case
    with pytest.raises(Conflict, match=f"{case.reference} already, at /cases/{case.id}/"):
        an_alert(house, "tx-1", raised_by="Another rule")
    run_finish(
        actor=house.worker,
        claim=run_claim(actor=house.worker, run_id=case.runs.get().id),
        draft=a_draft(decision="clear"),
    )
    case_decide(actor=cast.alice.actor, case_id=case.id, version=2, outcome="clear")
    assert an_alert(house, "tx-1", raised_by="Another rule").case_id != case.id


def test_the_same_alert_twice_is_stored_once(house):
    imported(house, a_row(1), a_row(2))
    first = an_alert(house, "tx-1", external_id="A-1")
    assert an_alert(house, "tx-1", external_id="A-1") == first
    with pytest.raises(Conflict, match="A-1 stands for another alert"):
        an_alert(house, "tx-2", external_id="A-1")
    assert Alert.objects.count() == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": 0},
        {"amount": -1},
        {"currency": "usd"},
        {"channel": "carrier pigeon"},
        {"rail": "monorail"},
        {"entry_mode": "thought"},
        {"three_ds": "perhaps"},
        {"latitude": 91},
        {"longitude": None},
        {"reported_fraud_at": NOW - timedelta(days=30)},
    ],
)
def test_the_database_itself_refuses_what_cannot_be(house, changes):
    (stored,) = imported(house, a_row(1))
    with pytest.raises(IntegrityError), transaction.atomic():
        Transaction.objects.filter(id=stored.id).update(**changes)


@pytest.mark.slow
def test_two_calls_with_the_same_rows_in_other_orders_store_them_once(committed_db):
    house = build_cast().northgate
    rows = [a_row(n, customer=CustomerRow(id=f"c-{n % 7}", name="X")) for n in range(200)]
    outcomes = []

    def post(order: list) -> None:
        try:
            with house.scope():
                outcomes.append(import_rows(house, *order).created)
        except (Conflict, IntegrityError) as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=post, args=[order]) for order in (rows, rows[::-1], rows[100:] + rows[:100])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with house.scope():
        assert Transaction.objects.count() == 200
    assert sum(outcome for outcome in outcomes if isinstance(outcome, int)) == 200


@pytest.mark.slow
def test_two_alerts_at_one_moment_open_one_case(committed_db):
    house = build_cast().northgate
    with house.scope():
        imported(house, a_row(1))
    outcomes = []

    def alert() -> None:
        try:
            with house.scope():
                outcomes.append(an_alert(house, "tx-1"))
        except Conflict as error:
            outcomes.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=alert) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(isinstance(outcome, Alert) for outcome in outcomes) == 1
    with house.scope():
        assert Case.objects.count() == 1
