"""Building blocks of the tests of triage: payments, histories and alerts, stored through the services."""

import random
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tests.support.cast import House
from triage.features import DeviceRecord, Event, Features, MerchantRecord, Past, compute
from triage.models import Alert, Channel, EntryMode, Rail, ThreeDS, Transaction
from triage.rows import CustomerRow, MerchantRow, TransactionRow
from triage.services import alert_submit, transactions_import

NOW = datetime(2026, 3, 14, 2, 41, tzinfo=UTC)
GROCER, JEWELLER = uuid.UUID(int=1), uuid.UUID(int=2)
HOME = (40.71, -74.01)


def an_event(**changes) -> Event:
    """An ordinary payment in person, at noon, of 60 dollars."""
    fields = {
        "at": NOW.replace(hour=12),
        "amount": Decimal("60.00"),
        "currency": "USD",
        "channel": Channel.CARD_PRESENT,
        "merchant_id": GROCER,
        "category": "grocery",
        "entry_mode": EntryMode.CHIP,
        "country": "US",
        "latitude": HOME[0],
        "longitude": HOME[1],
        "home_country": "US",
        "home_latitude": HOME[0],
        "home_longitude": HOME[1],
    }
    return Event(**{**fields, **changes})


def a_past(event: Event, *, hours: float, **changes) -> Past:
    """A payment like `event`'s, so many hours earlier."""
    same = {name: getattr(event, name) for name in Past._fields if name in Event._fields and name != "at"}
    return Past(**{**same, "at": (event.at - timedelta(hours=hours)).timestamp(), **changes})


def a_habit(event: Event, *, days: int = 60, **changes) -> list[Past]:
    """One payment a day before `event`, at its hour, oldest first."""
    return [a_past(event, hours=24 * day, **changes) for day in range(days, 0, -1)]


def features_from(event: Event, history: list[Past] = (), **records) -> Features:
    return compute(event, history, records.get("merchant", MerchantRecord()), records.get("device"))


def random_features(dice: random.Random) -> Features:
    """Any payment after any history: the whole range of each field, gaps included."""
    currencies, countries, devices = ("USD", "USD", "JPY", "BHD"), ("US", "MX", ""), ("", "d1", "d2")
    merchants = [uuid.UUID(int=number) for number in range(4)]

    def place() -> tuple[float | None, float | None]:
        return (None, None) if dice.random() < 0.3 else (dice.uniform(-90, 90), dice.uniform(-180, 180))

    latitude, longitude = place()
    home_latitude, home_longitude = place()
    event = Event(
        at=NOW + timedelta(minutes=dice.randrange(1440)),
        amount=Decimal(dice.choice([100, 500, dice.randint(1, 900_000)])) / dice.choice([1, 100]),
        currency=dice.choice(currencies),
        channel=dice.choice(Channel.values),
        merchant_id=dice.choice(merchants),
        category=dice.choice(["", "grocery", "travel"]),
        rail=dice.choice(Rail.values),
        entry_mode=dice.choice(["", *EntryMode.values]),
        three_ds=dice.choice(["", *ThreeDS.values]),
        country=dice.choice(countries),
        latitude=latitude,
        longitude=longitude,
        device_id=dice.choice(devices),
        ip_country=dice.choice(countries),
        home_country=dice.choice(countries),
        home_latitude=home_latitude,
        home_longitude=home_longitude,
    )
    history = []
    for age in sorted(dice.choice([3_600, 86_400, 7_776_000]) * dice.random() for _ in range(dice.randrange(80))):
        latitude, longitude = place()
        at = event.at.timestamp() - age
        history.append(
            Past(
                at=at,
                amount=Decimal(dice.randint(1, 90_000)) / 100,
                currency=dice.choice(currencies),
                channel=dice.choice(Channel.values),
                merchant_id=dice.choice(merchants),
                category=dice.choice(["", "grocery", "travel"]),
                entry_mode=dice.choice(["", *EntryMode.values]),
                country=dice.choice(countries),
                latitude=latitude,
                longitude=longitude,
                device_id=dice.choice(devices),
                reported_fraud_at=at + 1_728_000 * dice.random() if dice.random() < 0.1 else None,
            )
        )
    payments = dice.randrange(60)
    return compute(
        event,
        history[::-1],
        MerchantRecord(payments=payments, frauds=dice.randint(0, payments)),
        DeviceRecord(other_customers=dice.randrange(6), frauds=dice.randrange(3)),
    )


def a_row(number: int = 0, **changes) -> TransactionRow:
    """An ordinary payment as an integrator sends it; `number` makes it another one, an hour later."""
    fields = {
        "id": f"tx-{number}",
        "customer": CustomerRow(id="c-1", name="", home_country="US", home_latitude=HOME[0], home_longitude=HOME[1]),
        "merchant": MerchantRow(id="m-1", name="Harber Inc", category="grocery", country="US"),
        "occurred_at": NOW + timedelta(hours=number),
        "amount": Decimal("60.00"),
        "currency": "USD",
        "channel": Channel.CARD_PRESENT,
        "entry_mode": EntryMode.CHIP,
        "country": "US",
        "latitude": HOME[0],
        "longitude": HOME[1],
    }
    return TransactionRow(**{**fields, **changes})


def imported(house: House, *rows: TransactionRow) -> list[Transaction]:
    """The rows, stored. Call it in the tenant's scope."""
    transactions_import(actor=house.system.actor, rows=rows)
    known = Transaction.objects.select_related("customer", "merchant").filter(external_id__in=[row.id for row in rows])
    stored = {transaction.external_id: transaction for transaction in known}
    return [stored[row.id] for row in rows]


def an_alert(house: House, transaction_id: str, **changes) -> Alert:
    """An alert on a stored transaction, with its case. Call it in the tenant's scope."""
    fields = {"channel": "monitoring", "raised_by": "Rule 7: velocity", **changes}
    receipt = alert_submit(actor=house.system.actor, queue=house.queue, transaction_id=transaction_id, **fields)
    return receipt.alert
