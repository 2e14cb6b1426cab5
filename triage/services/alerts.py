"""An alert opens a case, or says which open case its payment has already."""

import hashlib
from dataclasses import dataclass

from django.db import IntegrityError, transaction

from fintech_ai.audit.services import record
from fintech_ai.cases.models import Queue
from fintech_ai.cases.services import case_open
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import Conflict, InvalidInput
from triage.models import Alert, Transaction
from triage.permissions import check_can_post


@dataclass(frozen=True)
class AlertReceipt:
    """The alert, and whether this call stored it."""

    alert: Alert
    created: bool


@transaction.atomic
def alert_submit(
    *,
    actor: Actor,
    queue: Queue,
    transaction_id: str,
    channel: str,
    raised_by: str,
    notes: str = "",
    external_id: str = "",
) -> AlertReceipt:
    """Store an alert on a transaction and open a case for it.

    A payment has one open case at a time: two people must not decide it twice, so a second alert is refused while
    the first is open, with the reference to add to. Once that case is decided, a new alert is new knowledge and opens
    a new case. The same alert sent twice, by its own id, is stored once.

    Args:
        transaction_id: the bank's own id of a transaction that was imported before.
        external_id: the bank's own id of the alert, if it has one.

    Raises:
        NotAllowed: the actor is no integrator.
        InvalidInput: there is no such transaction (field `transaction`).
        Conflict: the transaction has an open case, or the alert's id stands for another alert.
    """
    check_can_post(actor)
    # The lock makes two alerts on one payment take turns.
    payment = (
        Transaction.objects.select_for_update(of=("self",), no_key=True)
        .select_related("merchant")
        .filter(external_id=transaction_id)
        .first()
    )
    if payment is None:
        message = "There is no transaction with this id. Post it before the alert."
        raise InvalidInput(message, fields={"transaction": [message]})
    alert = Alert(external_id=external_id, transaction=payment, channel=channel, raised_by=raised_by, notes=notes)
    if known := _sent_before(alert):
        return AlertReceipt(alert=known, created=False)
    _refuse_second_open_case(payment)
    run = case_open(
        actor=actor,
        queue=queue,
        subject=str(payment.merchant)[:200],
        amount=payment.amount,
        currency=payment.currency,
    )
    alert.case_id = run.case_id
    try:
        alert.save()
    except IntegrityError:
        raise Conflict(f"The id {external_id} has just been used for another alert.") from None
    record(
        actor=actor,
        action="alert.received",
        target=alert,
        trail=run.case_id,
        data={
            "transaction": str(payment.id),
            "channel": channel,
            "notes_sha256": hashlib.sha256(notes.encode()).hexdigest() if notes else None,
        },
    )
    return AlertReceipt(alert=alert, created=True)


def _sent_before(alert: Alert) -> Alert | None:
    """The stored alert with the same id; raises Conflict if it says something else."""
    if not alert.external_id:
        return None
    known = Alert.objects.select_related("case").filter(external_id=alert.external_id).first()
    told = ("transaction_id", "channel", "raised_by", "notes")
    if known and any(getattr(known, name) != getattr(alert, name) for name in told):
        raise Conflict(f"The id {alert.external_id} stands for another alert already, that of {known.case.reference}.")
    return known


def _refuse_second_open_case(payment: Transaction) -> None:
    for alert in payment.alerts.select_related("case"):
        if alert.case.is_open:
            raise Conflict(
                f"This transaction has the open case {alert.case.reference} already, at /cases/{alert.case_id}/."
            )
