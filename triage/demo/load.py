"""Fill a demo tenant: payments of a quarter, and the alerts that plain rules raise on the last of them."""

import csv
import gzip
from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from django.utils import timezone

from fintech_ai.cases.models import Queue
from fintech_ai.core.actors import Actor
from triage.demo.rules import rule_that_raises
from triage.features import LABEL_DELAY
from triage.models import AlertChannel, Channel, EntryMode
from triage.rows import CustomerRow, MerchantRow, TransactionRow
from triage.services import MAX_ROWS, alert_submit, transactions_import

HERE = Path(__file__).parent
ALERTS = 60
NOTES = (
    "",
    "Customer not reached yet.",
    "Customer called earlier this week about an unrelated statement.",
    "Second alert of this rule on the card this month.",
    "Card was reissued in the spring.",
    "",
    "Customer is known to travel for work.",
)


def load(*, tenant, queue: Queue) -> None:
    """Import the sample as the newest quarter and open cases for its latest alerts; workers do the rest."""
    actor = Actor.system(tenant_id=tenant.id, name="demo")
    rows = list(sample_rows(now=timezone.now()))
    for start in range(0, len(rows), MAX_ROWS):
        transactions_import(actor=actor, rows=rows[start : start + MAX_ROWS])
    for index, (row, rule) in enumerate(raised(rows)[-ALERTS:]):
        alert_submit(
            actor=actor,
            queue=queue,
            transaction_id=row.id,
            channel=AlertChannel.MONITORING,
            raised_by=rule,
            notes=NOTES[index % len(NOTES)],
            external_id=f"A-{row.id}",
        )


def sample_rows(*, now: datetime) -> Iterator[TransactionRow]:
    """The sample in the order of time, moved by whole days so that its newest payment is just past.

    A fraud is reported a week after its payment, if that week is over by now.
    """
    with (HERE / "customers.csv").open() as file:
        customers = {line["id"]: _customer(line) for line in csv.DictReader(file)}
    with gzip.open(HERE / "transactions.csv.gz", "rt") as file:
        lines = list(csv.DictReader(file))
    shift = timedelta(days=(now - datetime.fromisoformat(lines[-1]["occurred_at"])).days)
    for line in lines:
        occurred_at = datetime.fromisoformat(line["occurred_at"]) + shift
        reported_at = occurred_at + LABEL_DELAY
        in_person = bool(line["latitude"])
        yield TransactionRow(
            id=line["id"],
            customer=customers[line["customer"]],
            merchant=MerchantRow(
                id=line["merchant"], name=line["merchant_name"], category=line["category"], country="US"
            ),
            occurred_at=occurred_at,
            amount=Decimal(line["amount"]),
            currency="USD",
            channel=Channel.CARD_PRESENT if in_person else Channel.CARD_NOT_PRESENT,
            entry_mode=EntryMode.CHIP if in_person else EntryMode.ECOMMERCE,
            country="US",
            latitude=float(line["latitude"]) if in_person else None,
            longitude=float(line["longitude"]) if in_person else None,
            reported_fraud_at=reported_at if line["fraud"] == "1" and reported_at < now else None,
        )


def raised(rows: list[TransactionRow]) -> list[tuple[TransactionRow, str]]:
    """The payments that a rule raises, each with the rule's name. `rows` are in the order of time."""
    found, recent = [], {}
    for row in rows:
        hour_before = row.occurred_at - timedelta(hours=1)
        times = [at for at in recent.get(row.customer.id, ()) if at >= hour_before] + [row.occurred_at]
        recent[row.customer.id] = times
        if rule := rule_that_raises(amount=row.amount, hour=row.occurred_at.hour, payments_in_hour=len(times)):
            found.append((row, rule))
    return found


def _customer(line: dict[str, str]) -> CustomerRow:
    return CustomerRow(
        id=line["id"],
        home_country="US",
        home_city=line["city"],
        home_latitude=float(line["latitude"]),
        home_longitude=float(line["longitude"]),
    )
