"""What a case page and the API show of an alert. Read in the tenant's scope; the case was found visible before."""

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, QuerySet
from django.utils import timezone

from fintech_ai.accounts.models import Role, Tenant
from fintech_ai.cases.models import Case, Queue, Step
from fintech_ai.cases.selectors import cases_visible_to, queues_visible_to
from fintech_ai.core.actors import Actor
from fintech_ai.core.errors import InvalidInput, NotFound
from fintech_ai.core.money import rounded, shown
from triage.features import FEATURES_VERSION, HISTORY, Features, customer_payments
from triage.models import Alert, Customer, FraudReport, ReportKind, Transaction
from triage.permissions import DRAFTERS, SUSPICIOUS, check_can_draft_sar
from triage.policy import Verdict
from triage.sar.draft import SarDraft
from triage.sar.draft import draft as sar_of

CHART_WIDTH, CHART_HEIGHT = 640, 130
# Inside the drawing: room for the labels above, for the axis below, and for half a mark at either side.
CHART_TOP, CHART_BOTTOM, CHART_LEFT, CHART_RIGHT = 26, 110, 8, 628
CHART_POINTS = 400
LINKED_CASES = 12
MOST_REPORTS = 5
SIMILAR_FOR = timedelta(days=30)
# The time in which an issuer may dispute a payment as fraud: 120 days (Visa Core Rules, conditions 10.1 to 10.5).
DISPUTE_TIME = timedelta(days=120)
FRAUD, GENUINE = frozenset({Verdict.ESCALATE, Verdict.BLOCK}), frozenset({Verdict.CLEAR})


@dataclass(frozen=True)
class Fact:
    """One line of a list of facts."""

    label: str
    value: str


@dataclass(frozen=True)
class ChartPoint:
    """One payment of the customer: where it is drawn, and its row in the chart's table."""

    x: float
    y: float
    at: datetime
    amount: str
    merchant: str
    category: str
    is_this: bool
    is_reported: bool


@dataclass(frozen=True)
class Chart:
    """Payments over 90 days as marks in an SVG of `width` by `height`; y grows downwards, the axis is at `axis_y`.

    `usual_y` is the height of the line at the customer's 99th percentile, None where too little is known.
    """

    width: int
    height: int
    axis_y: int
    points: tuple[ChartPoint, ...]
    usual_y: float | None
    usual_label: str
    description: str


@dataclass(frozen=True)
class LinkedCase:
    """Another case of the same queue that shares something with this one."""

    by: str
    case: Case
    raised_by: str
    occurred_at: datetime


def alert_visible_to(actor: Actor, alert_id: uuid.UUID) -> Alert:
    """The alert with its case and transaction. Raises NotFound if there is none, or none that the actor may view."""
    alert = (
        Alert.objects.filter(id=alert_id, case__in=cases_visible_to(actor).values("id"))
        .select_related("case__queue", "case__recommendation", "transaction__customer", "transaction__merchant")
        .first()
    )
    if alert is None:
        raise NotFound("There is no such alert, or you have no right to see it.")
    return alert


def fraud_reports_visible_to(actor: Actor) -> QuerySet[FraudReport]:
    """Reports on payments: all of the tenant's for a system that posts and for compliance, else of visible cases."""
    reports = FraudReport.objects.select_related("transaction")
    if actor.role in (Role.INTEGRATOR, Role.COMPLIANCE):
        return reports
    return reports.filter(transaction__alerts__case__in=cases_visible_to(actor).values("id")).distinct()


def queue_for_alerts(actor: Actor, slug: str = "") -> Queue:
    """The queue that the actor's alerts go to: the one named, or the only one there is.

    Raises InvalidInput (field `queue`) if there is no such queue, or several and none is named.
    """
    queues = list(queues_visible_to(actor).filter(capability="triage", **({"slug": slug} if slug else {}))[:2])
    if len(queues) == 1:
        return queues[0]
    message = "Name one of your queues for alerts." if queues else "There is no such queue for alerts that you may use."
    raise InvalidInput(message, fields={"queue": [message]})


def alert_of(case: Case) -> Alert | None:
    """The alert that opened the case, with payment, customer and merchant; None for a case opened by other means."""
    return Alert.objects.select_related("transaction__customer", "transaction__merchant").filter(case=case).first()


def evidence_context(case: Case) -> dict[str, Any]:
    """What `triage/evidence.html` shows beside the case, its recommendation and claims.

    alert: Alert (`raised_by`, `get_channel_display`, `notes`, `received_at`, `external_id`); None, and nothing else
        in the context, for a case that was opened by other means
    transaction: Transaction with `customer` and `merchant`
    payment_facts, customer_facts, merchant_facts: lists of Fact(label, value)
    chart: Chart; None when the customer has no earlier payment
    linked: list of LinkedCase(by, case, raised_by, occurred_at), newest first
    as_of: datetime up to which history counts
    suspicious, drafters: the outcomes of which a report may be drafted, and the roles that may
    """
    alert = alert_of(case)
    if alert is None:
        return {"alert": None}
    transaction = alert.transaction
    features = features_on_record(case)
    return {
        "alert": alert,
        "transaction": transaction,
        "as_of": transaction.occurred_at,
        "payment_facts": payment_facts(transaction),
        "customer_facts": customer_facts(transaction, features),
        "merchant_facts": merchant_facts(transaction, features),
        "chart": chart(transaction, features.percentile_99 if features else None),
        "linked": linked_cases(alert, case),
        "suspicious": SUSPICIOUS,
        "drafters": DRAFTERS,
    }


def sar_visible_to(actor: Actor, case: Case) -> SarDraft:
    """The draft report of a visible case. Raises NotAllowed, Conflict (not decided so), NotFound (no alert)."""
    check_can_draft_sar(actor, case)
    alert = alert_of(case)
    if alert is None:
        raise NotFound("This case was opened without an alert, so there is no payment to report.")
    return sar_of(
        alert=alert,
        claims=case.recommendation.claims.all() if case.recommendation else (),
        decisions=case.decisions.exclude(step=Step.RETURN),
        institution=Tenant.objects.get(id=case.tenant_id).name,
    )


def cases_known_by(text: str) -> QuerySet:
    """The ids of the cases whose alert, payment or customer has this id with the bank."""
    payments = Transaction.objects.filter(external_id=text).values("id")
    customers = Customer.objects.filter(external_id=text).values("id")
    theirs = Transaction.objects.filter(customer__in=customers).values("id")
    known = Alert.objects.filter(external_id=text).values("case_id")
    return known.union(
        Alert.objects.filter(transaction__in=payments).values("case_id"),
        Alert.objects.filter(transaction__in=theirs).values("case_id"),
    )


def similar_counts(cases: Sequence[Case]) -> dict[uuid.UUID, int]:
    """How many other cases of the queue were opened for the same customer within SIMILAR_FOR, in two statements."""
    payers = dict(Alert.objects.filter(case__in=cases).values_list("case_id", "transaction__customer_id"))
    if not payers:
        return {}
    opened = Alert.objects.filter(
        transaction__customer__in=set(payers.values()),
        case__queue=cases[0].queue_id,
        received_at__gte=timezone.now() - SIMILAR_FOR,
    )
    counts = dict(opened.order_by().values_list("transaction__customer_id").annotate(count=Count("id")))
    recent = timezone.now() - SIMILAR_FOR
    others = {
        case.id: counts.get(payers[case.id], 0) - (case.created_at >= recent) for case in cases if case.id in payers
    }
    return {case_id: count for case_id, count in others.items() if count > 0}


def outcomes_found_right(cases: QuerySet[Case]) -> dict[uuid.UUID, frozenset[str]]:
    """What turned out right, by what came from outside: a report, or a cleared payment that nobody disputed in time.

    The desk's own decision never counts: it would always find itself right. Of a blocked payment that was genuine
    nobody reports anything, so its case is known only where the bank withdraws the suspicion.
    """
    reports = FraudReport.objects.filter(transaction__alerts__case__in=cases).order_by("reported_at", "id")
    found = {
        case_id: GENUINE if kind == ReportKind.WITHDRAWN else FRAUD
        for case_id, kind in reports.values_list("transaction__alerts__case_id", "kind")
    }
    undisputed = Alert.objects.filter(
        case__in=cases.filter(outcome=Verdict.CLEAR),
        transaction__occurred_at__lt=timezone.now() - DISPUTE_TIME,
        transaction__fraud_reports__isnull=True,
    )
    return found | dict.fromkeys(undisputed.values_list("case_id", flat=True), GENUINE)


def features_on_record(case: Case) -> Features | None:
    """The features that the recommendation rests on; None before there is one, or if it is of an older definition."""
    inputs = case.recommendation.inputs if case.recommendation else {}
    return Features.model_validate(inputs["features"]) if inputs.get("features_version") == FEATURES_VERSION else None


def api_subject(case: Case) -> dict[str, Any]:
    """The alert and its payment, as the API shows them inside a case."""
    alert = alert_of(case)
    if alert is None:
        return {}
    transaction = alert.transaction
    return {
        "alert": {
            "id": str(alert.id),
            "external_id": alert.external_id,
            "channel": alert.channel,
            "raised_by": alert.raised_by,
            "received_at": alert.received_at.isoformat(),
        },
        "transaction": {
            "id": transaction.external_id,
            "customer": transaction.customer.external_id,
            "merchant": {"id": transaction.merchant.external_id, "name": transaction.merchant.name},
            "occurred_at": transaction.occurred_at.isoformat(),
            "amount": str(rounded(transaction.amount, transaction.currency)),
            "currency": transaction.currency,
            "channel": transaction.channel,
        },
    }


def payment_facts(transaction: Transaction) -> list[Fact]:
    """What was sent of the payment; what was not sent is left out."""
    return _told(
        ("Amount", shown(transaction.amount, transaction.currency)),
        ("Channel", transaction.get_channel_display()),
        ("Rail", transaction.get_rail_display()),
        ("Entry mode", transaction.get_entry_mode_display()),
        ("3-D Secure", transaction.get_three_ds_display()),
        ("Country", transaction.country),
        ("Place", _place(transaction.latitude, transaction.longitude)),
        ("Device", transaction.device_id),
        ("IP country", transaction.ip_country),
        ("Transaction", transaction.external_id),
        *_reports(transaction),
    )


def customer_facts(transaction: Transaction, features: Features | None) -> list[Fact]:
    """Who paid, and how she usually pays."""
    customer = transaction.customer
    home = ", ".join(part for part in (customer.home_city, customer.home_country) if part)
    facts = _told(
        ("Customer", customer.name or customer.external_id),
        ("Customer since", f"{customer.since:%B %Y}" if customer.since else ""),
        ("Home", home),
    )
    if features is None:
        return facts
    median = shown(features.median, features.currency) if features.median is not None else ""
    return facts + _told(
        ("Payments in 90 days", f"{features.payments_90d:,}"),
        ("Usual amount", median),
        ("Last 24 hours", f"{features.payments_24h} for {shown(features.amount_24h, features.currency)}"),
        ("Near this hour", f"{features.hour_share:g}% of payments" if features.hour_share is not None else ""),
        ("Known devices", str(features.known_devices) if features.known_devices else ""),
        ("Reported fraud, 30 days", str(features.frauds_30d)),
    )


def merchant_facts(transaction: Transaction, features: Features | None) -> list[Fact]:
    """Who was paid, and what became of payments there."""
    merchant = transaction.merchant
    facts = _told(("Merchant", str(merchant)), ("Category", merchant.category), ("Country", merchant.country))
    if features is None:
        return facts
    return facts + _told(
        ("Reported fraud, 30 days", f"{features.merchant_frauds} of {features.merchant_payments} with known outcome"),
        ("This customer before", f"{features.merchant_visits} payments"),
    )


def chart(transaction: Transaction, usual: Decimal | None) -> Chart | None:
    """The customer's payments in this currency over the 90 days before, and this one."""
    payments = customer_payments(transaction)[:CHART_POINTS].select_related("merchant")
    earlier = [payment for payment in reversed(payments) if payment.currency == transaction.currency]
    if not earlier:
        return None
    start = transaction.occurred_at - HISTORY
    top = max(transaction.amount, usual or 0, *(payment.amount for payment in earlier))

    def across(at: datetime) -> float:
        return round(CHART_LEFT + (CHART_RIGHT - CHART_LEFT) * ((at - start) / HISTORY), 1)

    def down(amount: Decimal) -> float:
        return round(CHART_BOTTOM - (CHART_BOTTOM - CHART_TOP) * float(amount / top), 1)

    points = tuple(
        ChartPoint(
            x=across(payment.occurred_at),
            y=down(payment.amount),
            at=payment.occurred_at,
            amount=shown(payment.amount, payment.currency),
            merchant=str(payment.merchant),
            category=payment.merchant.category,
            is_this=payment.id == transaction.id,
            is_reported=payment.reported_fraud_at is not None and payment.reported_fraud_at < transaction.occurred_at,
        )
        for payment in [*earlier, transaction]
    )
    higher = sum(payment.amount > transaction.amount for payment in earlier)
    rank = "this one is the highest" if not higher else f"{higher} of them higher than this one"
    return Chart(
        width=CHART_WIDTH,
        height=CHART_HEIGHT,
        axis_y=CHART_BOTTOM,
        points=points,
        usual_y=down(usual) if usual is not None else None,
        usual_label=f"99th percentile, {shown(usual, transaction.currency)}" if usual is not None else "",
        description=f"{len(earlier)} payments of the customer in the 90 days before; {rank}.",
    )


def linked_cases(alert: Alert, case: Case) -> list[LinkedCase]:
    """Cases of the same queue, so that whoever sees this one may see them, about the same things."""
    transaction = alert.transaction
    others = Alert.objects.filter(case__queue=case.queue_id).exclude(id=alert.id)
    others = others.select_related("case", "transaction").order_by("-received_at")
    found: dict[uuid.UUID, LinkedCase] = {}
    for by, same in (
        ("same payment", {"transaction": transaction}),
        ("same device", {"transaction__device_id": transaction.device_id}),
        ("same customer", {"transaction__customer": transaction.customer_id}),
        ("same merchant", {"transaction__merchant": transaction.merchant_id}),
    ):
        if not all(same.values()):
            continue
        for other in others.filter(**same)[:LINKED_CASES]:
            link = LinkedCase(
                by=by, case=other.case, raised_by=other.raised_by, occurred_at=other.transaction.occurred_at
            )
            found.setdefault(other.id, link)
    return sorted(found.values(), key=lambda link: link.occurred_at, reverse=True)[:LINKED_CASES]


def _reports(transaction: Transaction) -> Iterator[tuple[str, str]]:
    for report in transaction.fraud_reports.order_by("reported_at")[:MOST_REPORTS]:
        day = timezone.localtime(report.reported_at)
        yield report.get_kind_display(), f"{day:%-d %b %Y} {report.reason_code}".strip()


def _told(*pairs: tuple[str, str]) -> list[Fact]:
    return [Fact(label, value) for label, value in pairs if value]


def _place(latitude: float | None, longitude: float | None) -> str:
    if latitude is None or longitude is None:
        return ""
    return (
        f"{abs(latitude):.2f}° {'N' if latitude >= 0 else 'S'}, {abs(longitude):.2f}° {'E' if longitude >= 0 else 'W'}"
    )
