"""What became known of a payment turns into its label: reports from outside, and what the team's own people decided.

A report weighs more than a decision, and of two reports the later one. A label counts from the moment at which it was
known, so that no feature and no training sees it earlier.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from fintech_ai.audit.services import record
from fintech_ai.cases.models import Case, Decision
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import Conflict, InvalidInput
from triage.models import Alert, FraudReport, ReportKind, Transaction
from triage.permissions import check_can_post
from triage.policy import Verdict
from triage.rows import CLOCK_SKEW


@dataclass(frozen=True)
class ReportReceipt:
    """The report, and whether this call stored it."""

    report: FraudReport
    created: bool


@transaction.atomic
def fraud_report_submit(
    *,
    actor: Actor,
    transaction_id: str,
    kind: str,
    reported_at: datetime,
    reason_code: str = "",
    external_id: str = "",
) -> ReportReceipt:
    """Store a report on a payment that was posted before. The same report sent twice, by its own id, is stored once.

    Raises:
        NotAllowed: the actor is no integrator.
        InvalidInput: there is no such transaction, or the time is wrong (fields `transaction`, `reported_at`).
        Conflict: the report's id stands for another report.
    """
    check_can_post(actor)
    payment = _locked(transaction_id)
    if not payment.occurred_at <= reported_at <= timezone.now() + CLOCK_SKEW:
        message = "It must lie between the payment and now."
        raise InvalidInput(message, fields={"reported_at": [message]})
    report = FraudReport(
        external_id=external_id, transaction=payment, kind=kind, reason_code=reason_code, reported_at=reported_at
    )
    if known := _sent_before(report):
        return ReportReceipt(report=known, created=False)
    try:
        with transaction.atomic():
            report.save()
    except IntegrityError:
        raise Conflict(f"The id {external_id} has just been used for another report.") from None
    before = payment.reported_fraud_at
    _label(payment, report)
    record(
        actor=actor,
        action="fraud_report.received",
        target=report,
        data={
            "transaction": str(payment.id),
            "kind": kind,
            "reason_code": reason_code,
            "from": {"fraud_since": before.isoformat() if before else None},
            "to": {"fraud_since": payment.reported_fraud_at.isoformat() if payment.reported_fraud_at else None},
        },
    )
    return ReportReceipt(report=report, created=True)


@transaction.atomic
def label_decided(*, actor: Actor, case: Case, decision: Decision) -> None:
    """Learn from a person's final decision: blocked is fraud, cleared is genuine, and escalated is neither.

    A report from outside stands whatever is decided, and a policy's decision teaches nothing.
    """
    alert = Alert.objects.select_related("transaction").filter(case=case).first()
    if alert is None or decision.decided_by_id is None:
        return
    payment = Transaction.objects.select_for_update(of=("self",), no_key=True).get(id=alert.transaction_id)
    now = timezone.now()
    if decision.outcome == Verdict.BLOCK and payment.reported_fraud_at is None:
        payment.reported_fraud_at = now
    elif decision.outcome == Verdict.CLEAR and payment.found_genuine_at is None and payment.reported_fraud_at is None:
        payment.found_genuine_at = now
    else:
        return
    payment.save(update_fields=["reported_fraud_at", "found_genuine_at"])
    record(
        actor=actor,
        action="transaction.labelled",
        target=payment,
        trail=case.id,
        data={"label": "fraud" if payment.reported_fraud_at else "genuine", "by": "decision"},
    )


def _label(payment: Transaction, report: FraudReport) -> None:
    """The payment's label with one report more; one that says less than what is known changes nothing."""
    if report.kind != ReportKind.WITHDRAWN:
        later = payment.fraud_reports.filter(kind=ReportKind.WITHDRAWN, reported_at__gt=report.reported_at)
        if later.exists():
            return
        known = payment.reported_fraud_at
        payment.reported_fraud_at = min(known, report.reported_at) if known else report.reported_at
    elif payment.fraud_reports.exclude(kind=ReportKind.WITHDRAWN).filter(reported_at__gt=report.reported_at).exists():
        return
    else:
        payment.reported_fraud_at, payment.found_genuine_at = None, report.reported_at
    payment.save(update_fields=["reported_fraud_at", "found_genuine_at"])


def _locked(transaction_id: str) -> Transaction:
    payment = (
        Transaction.objects.select_for_update(of=("self",), no_key=True).filter(external_id=transaction_id).first()
    )
    if payment is None:
        message = "There is no transaction with this id. Post it before the report."
        raise InvalidInput(message, fields={"transaction": [message]})
    return payment


def _sent_before(report: FraudReport) -> FraudReport | None:
    """The stored report with the same id; raises Conflict if it says something else."""
    if not report.external_id:
        return None
    known = FraudReport.objects.select_related("transaction").filter(external_id=report.external_id).first()
    told = ("transaction_id", "kind", "reason_code", "reported_at")
    if known and any(getattr(known, name) != getattr(report, name) for name in told):
        raise Conflict(f"The id {report.external_id} stands for another report already, on {known.transaction}.")
    return known
