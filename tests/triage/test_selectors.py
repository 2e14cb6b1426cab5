"""What a case page shows: the payment, how the customer usually pays, and what is linked."""

from datetime import timedelta
from decimal import Decimal

import pytest

from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.models import Case
from fintech_ai.cases.services import run_claim, run_finish
from tests.support.cases import a_received_case
from tests.triage.build import NOW, a_row, an_alert, imported
from triage.answer import from_baseline
from triage.features import features_of
from triage.models import Alert
from triage.rows import CustomerRow, MerchantRow
from triage.selectors import CHART_BOTTOM, CHART_LEFT, CHART_RIGHT, CHART_TOP, evidence_context


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


def recommended(house, alert: Alert) -> Case:
    """The alert's case with the baseline's recommendation."""
    payment = alert.transaction
    draft = from_baseline(features_of(payment), as_of=payment.occurred_at, degraded_reason="no_provider")
    run_finish(actor=house.worker, claim=run_claim(actor=house.worker, run_id=alert.case.runs.get().id), draft=draft)
    return Case.objects.select_related("recommendation").get(id=alert.case_id)


def facts(context: dict, name: str) -> dict[str, str]:
    return {fact.label: fact.value for fact in context[f"{name}_facts"]}


def test_the_payment_the_customer_and_the_merchant_are_told_in_facts(house):
    habit = [a_row(-24 * day) for day in range(40, 0, -1)]
    told = a_row(0, amount=Decimal("1284.40"), three_ds="failed", device_id="tablet", ip_country="RO")
    imported(house, *habit, told)
    context = evidence_context(recommended(house, an_alert(house, "tx-0")))
    assert facts(context, "payment")["Amount"] == "1,284.40 USD"
    assert facts(context, "payment")["3-D Secure"] == "Failed"
    assert facts(context, "payment")["Place"] == "40.71° N, 74.01° W"
    assert facts(context, "customer")["Usual amount"] == "60.00 USD"
    assert facts(context, "customer")["Payments in 90 days"] == "40"
    assert facts(context, "merchant")["This customer before"] == "40 payments"
    assert context["as_of"] == NOW


def test_what_was_not_sent_is_left_out(house):
    imported(house, a_row(0, latitude=None, longitude=None, entry_mode=""))
    assert {"Place", "Device", "Entry mode", "IP country"}.isdisjoint(
        facts(evidence_context(an_alert(house, "tx-0").case), "payment")
    )


def test_the_chart_draws_every_payment_inside_its_frame(house):
    rows = [a_row(-days * 24, amount=Decimal(10 + days)) for days in range(89, 0, -1)]
    fraud = a_row(id="fraud", occurred_at=NOW - timedelta(days=20), reported_fraud_at=NOW - timedelta(days=10))
    later = a_row(id="late", occurred_at=NOW - timedelta(days=5), reported_fraud_at=NOW + timedelta(days=1))
    imported(house, *rows, fraud, later, a_row(0, amount=Decimal(500)))
    chart = evidence_context(recommended(house, an_alert(house, "tx-0")))["chart"]
    assert len(chart.points) == 92
    assert all(CHART_LEFT <= point.x <= CHART_RIGHT for point in chart.points)
    assert all(CHART_TOP <= point.y <= CHART_BOTTOM for point in chart.points)
    this = chart.points[-1]
    assert (this.is_this, this.y, this.x) == (True, CHART_TOP, CHART_RIGHT)
    assert sum(point.is_reported for point in chart.points) == 1
    assert chart.usual_y is not None
    assert chart.description == "91 payments of the customer in the 90 days before; this one is the highest."


def test_a_first_payment_has_no_chart(house):
    imported(house, a_row(0))
    assert evidence_context(an_alert(house, "tx-0").case)["chart"] is None


def test_cases_that_share_something_are_linked_by_the_strongest_tie(house):
    stranger = {"customer": CustomerRow(id="c-9"), "merchant": MerchantRow(id="m-9")}
    imported(
        house,
        a_row(1, device_id="phone"),
        a_row(2, device_id="phone"),
        a_row(3, merchant=MerchantRow(id="m-2")),
        a_row(4, customer=CustomerRow(id="c-2")),
        a_row(5, **stranger),
    )
    cases = {n: an_alert(house, f"tx-{n}").case for n in range(1, 6)}
    linked = evidence_context(cases[1])["linked"]
    assert [(link.by, link.case.id) for link in linked] == [
        ("same merchant", cases[4].id),
        ("same customer", cases[3].id),
        ("same device", cases[2].id),
    ]


def test_a_case_that_was_opened_without_an_alert_has_no_evidence_to_show(house):
    case = a_received_case(house)
    assert evidence_context(case) == {"alert": None}
    assert capability_named("triage").api_subject(case) == {}


def test_features_of_an_older_definition_are_not_misread(house):
    imported(house, a_row(-24), a_row(0))
    case = recommended(house, an_alert(house, "tx-0"))
    case.recommendation.inputs["features_version"] = 0
    context = evidence_context(case)
    assert "Usual amount" not in facts(context, "customer")
    assert context["chart"].usual_y is None


def test_the_api_tells_of_alert_and_payment(house):
    imported(house, a_row(0))
    subject = capability_named("triage").api_subject(an_alert(house, "tx-0", external_id="A-1").case)
    assert subject["alert"]["external_id"] == "A-1"
    assert subject["transaction"]["amount"] == "60.00"
    assert subject["transaction"]["merchant"]["name"] == "Harber Inc"
