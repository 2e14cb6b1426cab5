"""Transactions come in by the thousand: all of a call or none, and sent twice is stored once."""

import dataclasses
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from django.db import transaction
from django.utils import timezone

from fintech_ai.accounts.models import Tenant
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import Conflict, InvalidInput
from triage.models import Customer, Merchant, Transaction
from triage.permissions import check_can_post
from triage.rows import CustomerRow, MerchantRow, TransactionRow, problems

MAX_ROWS = 1_000
NAMED_IN_MESSAGE = 10
CONTENT = tuple(
    field.name for field in dataclasses.fields(TransactionRow) if field.name not in {"id", "customer", "merchant"}
)

Party = TypeVar("Party", Customer, Merchant)


@dataclass(frozen=True)
class ImportResult:
    """How many rows were stored now, and how many were there before with the same content."""

    created: int
    already_there: int


@transaction.atomic
def transactions_import(*, actor: Actor, rows: Sequence[TransactionRow]) -> ImportResult:
    """Store up to 1,000 transactions, with the customers and merchants that they name.

    Raises:
        NotAllowed: the actor is no integrator.
        InvalidInput: too many rows, or a row is wrong; `fields` has a path for each fault, such as
            "transactions/17/amount".
        Conflict: a transaction of the same id, but with other content, is stored or is in the same call.
    """
    check_can_post(actor)
    _check(rows)
    customers = _upserted(Customer, (row.customer for row in rows))
    merchants = _upserted(Merchant, (row.merchant for row in rows))
    wanted: dict[str, Transaction] = {}
    for row in rows:
        if row.id not in wanted:
            wanted[row.id] = _built(row, customers, merchants)
    stored = {known.external_id: known for known in Transaction.objects.filter(external_id__in=wanted)}
    _refuse_other_content(rows, {**wanted, **stored}, customers, merchants)
    # Rows go in by id, so that two calls with the same rows wait for each other instead of deadlocking.
    missing = sorted(wanted.keys() - stored.keys())
    Transaction.objects.bulk_create([wanted[external_id] for external_id in missing])
    result = ImportResult(created=len(missing), already_there=len(rows) - len(missing))
    record(
        actor=actor,
        action="transactions.imported",
        target=Tenant(id=actor.tenant_id),
        data={
            "created": result.created,
            "already_there": result.already_there,
            "created_ids_sha256": hashlib.sha256("\n".join(missing).encode()).hexdigest(),
        },
    )
    return result


def _check(rows: Sequence[TransactionRow]) -> None:
    if not rows:
        raise InvalidInput("There is no transaction in the call.", fields={"transactions": ["Send at least one."]})
    if len(rows) > MAX_ROWS:
        message = f"A call holds at most {MAX_ROWS:,} transactions; this one has {len(rows):,}."
        raise InvalidInput(message, fields={"transactions": [message]})
    now = timezone.now()
    faults: dict[str, list[str]] = {}
    for index, row in enumerate(rows):
        for path, message in problems(row, now=now):
            faults.setdefault(f"transactions/{index}/{path}", []).append(message)
    if faults:
        raise InvalidInput(f"{len(faults)} values are wrong; nothing was stored.", fields=faults)


def _built(row: TransactionRow, customers: Mapping[str, Customer], merchants: Mapping[str, Merchant]) -> Transaction:
    return Transaction(
        external_id=row.id,
        customer=customers[row.customer.id],
        merchant=merchants[row.merchant.id],
        **{name: getattr(row, name) for name in CONTENT},
    )


def _refuse_other_content(
    rows: Sequence[TransactionRow],
    kept: Mapping[str, Transaction],
    customers: Mapping[str, Customer],
    merchants: Mapping[str, Merchant],
) -> None:
    """Raise Conflict for rows whose id stands for another payment, in the database or earlier in the call."""
    differing = [
        f"{row.id} (row {index})"
        for index, row in enumerate(rows)
        if _differs(kept[row.id], row, customers[row.customer.id], merchants[row.merchant.id])
    ]
    if differing:
        named = ", ".join(differing[:NAMED_IN_MESSAGE])
        more = f" and {len(differing) - NAMED_IN_MESSAGE} more" if len(differing) > NAMED_IN_MESSAGE else ""
        raise Conflict(f"Nothing was stored: these ids stand for other transactions already: {named}{more}.")


def _differs(kept: Transaction, row: TransactionRow, customer: Customer, merchant: Merchant) -> bool:
    return (
        kept.customer_id != customer.id
        or kept.merchant_id != merchant.id
        or any(getattr(kept, name) != getattr(row, name) for name in CONTENT if name != "reported_fraud_at")
        # What became known of a payment since it was posted does not make it another.
        or row.reported_fraud_at not in (None, kept.reported_fraud_at)
    )


def _upserted(model: type[Party], rows: Iterable[CustomerRow | MerchantRow]) -> dict[str, Party]:
    """The stored parties by external id: created where new, changed where a row tells something else.

    Where rows differ, the last one counts. Rows are locked and inserted by id, so that calls never deadlock.
    """
    told: dict[str, dict] = {}
    for row in rows:
        told.setdefault(row.id, {}).update(_told(row))
    new = told.keys() - set(model.objects.filter(external_id__in=told).values_list("external_id", flat=True))
    model.objects.bulk_create(
        [model(external_id=external_id, **told[external_id]) for external_id in sorted(new)], ignore_conflicts=True
    )
    locked = model.objects.filter(external_id__in=told).order_by("external_id").select_for_update(no_key=True)
    parties = {party.external_id: party for party in locked}
    changed = []
    for external_id, values in told.items():
        party = parties[external_id]
        if any(getattr(party, name) != value for name, value in values.items()):
            for name, value in values.items():
                setattr(party, name, value)
            changed.append(party)
    fields = [field.name for field in dataclasses.fields(CustomerRow if model is Customer else MerchantRow)]
    model.objects.bulk_update(changed, [name for name in fields if name != "id"])
    return parties


def _told(row: CustomerRow | MerchantRow) -> dict:
    """What a row says beyond the id."""
    return {name: value for name, value in vars(row).items() if name != "id" and value not in ("", None)}
