"""What becomes known of a payment later: whose word counts, from when on, and who may say it."""

import json
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.models import Case
from fintech_ai.cases.services import case_decide, case_take, run_claim, run_finish
from fintech_ai.core.errors import Conflict, InvalidInput, NotAllowed
from fintech_ai.core.tenancy import tenant_scope
from tests.support.cases import a_draft
from tests.triage.build import NOW, a_row, an_alert, imported
from triage.features import features_of
from triage.models import FraudReport, Transaction
from triage.scoring.columns import COLUMNS
from triage.scoring.live import columns_of
from triage.services import fraud_report_submit, transactions_import

DAY = timedelta(days=1)


@pytest.fixture
def house(cast):
    with tenant_scope(cast.northgate.tenant.id):
        yield cast.northgate


def report(house, payment, kind="chargeback", *, at, **changes):
    return fraud_report_submit(
        actor=house.system.actor, transaction_id=payment.external_id, kind=kind, reported_at=at, **changes
    )


def label(payment):
    payment = Transaction.objects.get(id=payment.id)
    return payment.reported_fraud_at, payment.found_genuine_at


def decide(house, payment, outcome):
    """A person decides the payment's case."""
    case_id = an_alert(house, payment.external_id).case_id
    claim = run_claim(actor=house.worker, run_id=Case.objects.get(id=case_id).runs.get().id)
    run_finish(actor=house.worker, claim=claim, draft=a_draft(decision="review"))
    alice = house.people["alice"].actor
    version = case_take(actor=alice, case_id=case_id).version
    case_decide(actor=alice, case_id=case_id, version=version, outcome=outcome, reason="evidence_sufficient")


class TestReports:
    def test_it_never_changes(self, house):
        (payment,) = imported(house, a_row())
        report(house, payment, at=NOW + DAY)
        with pytest.raises(DatabaseError), transaction.atomic():
            FraudReport.objects.update(kind="issuer")

    def test_a_payment_is_fraud_from_the_earliest_report_on(self, house):
        (payment,) = imported(house, a_row())
        report(house, payment, at=NOW + 5 * DAY)
        report(house, payment, "customer", at=NOW + 2 * DAY)
        assert label(payment) == (NOW + 2 * DAY, None)

    def test_a_withdrawn_report_makes_it_genuine_until_a_later_one(self, house):
        (payment,) = imported(house, a_row())
        report(house, payment, at=NOW + DAY)
        report(house, payment, "withdrawn", at=NOW + 3 * DAY)
        assert label(payment) == (None, NOW + 3 * DAY)
        report(house, payment, "issuer", at=NOW + 2 * DAY)
        assert label(payment) == (None, NOW + 3 * DAY)
        report(house, payment, "issuer", at=NOW + 4 * DAY)
        assert label(payment)[0] == NOW + 4 * DAY

    def test_a_withdrawal_that_comes_late_does_not_undo_what_followed_it(self, house):
        (payment,) = imported(house, a_row())
        report(house, payment, at=NOW + 3 * DAY)
        report(house, payment, "withdrawn", at=NOW + 2 * DAY)
        assert label(payment)[0] == NOW + 3 * DAY

    def test_the_same_report_twice_is_stored_once(self, house):
        (payment,) = imported(house, a_row())
        first = report(house, payment, at=NOW + DAY, external_id="cb-1")
        again = report(house, payment, at=NOW + DAY, external_id="cb-1")
        assert (first.created, again.created, again.report) == (True, False, first.report)
        with pytest.raises(Conflict, match="cb-1"):
            report(house, payment, "issuer", at=NOW + DAY, external_id="cb-1")

    @pytest.mark.parametrize("at", [NOW - DAY, timezone.now() + DAY], ids=["before the payment", "in the future"])
    def test_a_time_that_cannot_be_is_refused(self, house, at):
        (payment,) = imported(house, a_row())
        with pytest.raises(InvalidInput) as refusal:
            report(house, payment, at=at)
        assert list(refusal.value.fields) == ["reported_at"]

    def test_only_systems_report(self, house):
        (payment,) = imported(house, a_row())
        with pytest.raises(NotAllowed):
            fraud_report_submit(
                actor=house.people["alice"].actor, transaction_id=payment.external_id, kind="issuer", reported_at=NOW
            )

    def test_it_is_recorded_with_the_label_before_and_after(self, house, sealed):
        (payment,) = imported(house, a_row())
        report(house, payment, at=NOW + DAY)
        sealed()
        data = AuditEvent.objects.get(action="fraud_report.received").data
        assert data["from"] == {"fraud_since": None} and data["to"] == {"fraud_since": (NOW + DAY).isoformat()}

    def test_posting_the_payment_again_is_still_a_repeat(self, house):
        (payment,) = imported(house, a_row())
        report(house, payment, at=NOW + DAY)
        assert transactions_import(actor=house.system.actor, rows=[a_row()]).already_there == 1


class TestDecisions:
    @pytest.mark.parametrize(("outcome", "fraud", "genuine"), [("block", True, False), ("clear", False, True)])
    def test_what_a_person_decides_is_a_label_from_then_on(self, house, outcome, fraud, genuine):
        (payment,) = imported(house, a_row())
        decide(house, payment, outcome)
        reported_at, genuine_at = label(payment)
        assert (reported_at is not None, genuine_at is not None) == (fraud, genuine)
        assert timezone.now() - (reported_at or genuine_at) < timedelta(minutes=5)

    def test_an_escalated_case_says_neither(self, house):
        (payment,) = imported(house, a_row())
        decide(house, payment, "escalate")
        assert label(payment) == (None, None)

    def test_a_report_stands_whatever_is_decided(self, house):
        (payment,) = imported(house, a_row())
        report(house, payment, at=NOW + DAY)
        decide(house, payment, "clear")
        assert label(payment) == (NOW + DAY, None)

    def test_a_report_corrects_what_was_decided(self, house):
        (payment,) = imported(house, a_row())
        decide(house, payment, "clear")
        report(house, payment, at=timezone.now())
        assert label(payment)[0] is not None


class TestTheLoop:
    def test_a_later_payment_sees_the_report_and_an_earlier_one_does_not(self, house):
        fraud, earlier, later = imported(
            house, a_row(0), a_row(1, occurred_at=NOW + DAY), a_row(2, occurred_at=NOW + 3 * DAY)
        )
        report(house, fraud, at=NOW + 2 * DAY)
        assert (features_of(earlier).frauds_30d, features_of(later).frauds_30d) == (0, 1)
        place = COLUMNS.index("merchant_frauds_28d")
        assert (columns_of(earlier)[place], columns_of(later)[place]) == (0, 1)

    def test_what_a_person_found_genuine_is_known_before_seven_days_are_over(self, house):
        known, later = imported(house, a_row(0), a_row(1, occurred_at=NOW + 3 * DAY))
        place = COLUMNS.index("merchant_known_28d")
        assert columns_of(later)[place] == 0
        Transaction.objects.filter(id=known.id).update(found_genuine_at=NOW + DAY)
        assert columns_of(later)[place] == 1


class TestApi:
    def post(self, client, key="r-1", **changes):
        body = {"transaction": "tx-0", "kind": "chargeback", "reported_at": (NOW + DAY).isoformat(), **changes}
        return client.post(
            reverse("api-triage-fraud-reports"),
            json.dumps(body),
            content_type="application/json",
            headers={"Idempotency-Key": key},
        )

    def test_a_report_is_posted_and_read_back(self, cast, house):
        imported(house, a_row())
        response = self.post(cast.ivan.client, id="cb-1", reason_code="10.4")
        assert response.status_code == 201, response.content
        assert response.json()["fraud_since"] == (NOW + DAY).isoformat().replace("+00:00", "Z")
        listed = cast.ivan.client.get(
            reverse("api-triage-fraud-reports"), {"transaction": "tx-0", "kind": "chargeback"}
        )
        assert [row["external_id"] for row in listed.json()["results"]] == ["cb-1"]

    def test_the_same_key_stores_it_once(self, cast, house):
        imported(house, a_row())
        first, again = self.post(cast.ivan.client), self.post(cast.ivan.client)
        assert first.content == again.content and FraudReport.objects.count() == 1

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"kind": "rumour"}, "/kind"),
            ({"transaction": "none"}, "/transaction"),
            ({"reported_at": "soon"}, "/reported_at"),
        ],
    )
    def test_what_is_wrong_is_named(self, cast, house, changes, pointer):
        imported(house, a_row())
        response = self.post(cast.ivan.client, **changes)
        assert response.status_code == 400
        assert [error["pointer"] for error in response.json()["errors"]] == [pointer]

    def test_an_analyst_reads_those_of_her_cases_and_no_others(self, cast, house):
        mine, other = imported(house, a_row(0), a_row(1))
        an_alert(house, mine.external_id)
        for payment in (mine, other):
            report(house, payment, at=payment.occurred_at)
        listed = cast.alice.client.get(reverse("api-triage-fraud-reports")).json()["results"]
        assert [row["transaction"] for row in listed] == [mine.external_id]
        assert cast.charlie.client.get(reverse("api-triage-fraud-reports")).json()["results"] == []
