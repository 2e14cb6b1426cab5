"""A blind case shows nobody what the machine recommends until a person has decided, by no way at all."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.agreement import agreement
from fintech_ai.cases.models import Case, Decision
from fintech_ai.cases.services import case_decide, queue_blind_set, run_claim, run_finish
from fintech_ai.core.errors import InvalidInput, NotAllowed
from tests.support.audit import settle
from tests.support.cases import a_case_in_review, a_draft
from tests.triage.build import a_row, an_alert, imported
from triage.services import fraud_report_submit

SAYS = a_draft(headline="Amount out of pattern", summary="Four times what she pays.", risk=91)
TELLING = (
    "Amount out of pattern",
    "Four times what she pays",
    "impossible_travel",
    "0.870",
    "recommendation.made",
    ">91<",
)


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


@pytest.fixture
def drawn(monkeypatch):
    """Every lot wins, and the place that is drawn is 17."""
    monkeypatch.setattr("fintech_ai.cases.services.blind.secrets.randbelow", lambda most: 0 if most == 100 else 17)


@pytest.fixture
def case(cast, house, drawn):
    queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=10)
    return a_case_in_review(house, draft=SAYS)


def decided(person, case, outcome, reason=""):
    return case_decide(actor=person.actor, case_id=case.id, version=case.version, outcome=outcome, reason=reason)


def test_the_share_that_is_drawn_is_the_share_that_was_set(cast, house):
    queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=50)
    cases = [a_case_in_review(house, draft=SAYS) for _ in range(60)]
    # Outside of this a fair draw of 60 falls less than once in a hundred thousand times.
    assert 13 <= sum(case.is_blind for case in cases) <= 47


def test_its_row_says_nothing_of_what_was_recommended(case):
    assert case.is_blind and (case.risk, case.headline) == (17, "")
    assert (case.shown_risk, case.shown_recommendation) == (None, None)


def test_no_page_and_no_answer_of_the_api_says_what_was_recommended(cast, case):
    pages = [reverse("case", args=[case.id]), reverse("queue", args=["triage"]), reverse("case-trail", args=[case.id])]
    asked = [reverse("api-case", args=[case.id]), reverse("api-cases"), reverse("api-case-trail", args=[case.id])]
    settle()
    for client, addresses in (
        (cast.alice.client, [*pages, *asked]),
        (cast.lena.client, pages),
        (cast.ivan.client, asked),
    ):
        for address in addresses:
            response = client.get(address)
            assert response.status_code == 200
            said = response.content.decode()
            assert not [telling for telling in TELLING if telling in said], address
    assert "drawn for the blind sample" in cast.alice.client.get(pages[0]).content.decode()


def test_an_alert_read_back_by_another_system_says_nothing_either(cast, house, drawn):
    queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=10)
    (payment,) = imported(house, a_row(1))
    alert = an_alert(house, payment.external_id)
    claim = run_claim(actor=house.worker, run_id=alert.case.runs.get().id)
    run_finish(actor=house.worker, claim=claim, draft=SAYS)
    answer = cast.ivan.client.get(reverse("api-triage-alert", args=[alert.id])).json()
    assert answer["state"] == "in_review" and answer["recommendation"] is None


def test_deciding_shows_it_and_puts_it_on_record(cast, case):
    decision = decided(cast.alice, case, "clear")
    assert decision.blind and decision.recommended == "block" and not decision.is_override
    case.refresh_from_db()
    assert (case.is_blind, case.risk, case.headline) == (False, 91, "Amount out of pattern")
    settle()
    assert AuditEvent.objects.get(action="case.decided").data["blind"] is True
    said = cast.alice.client.get(reverse("case", args=[case.id])).content.decode()
    assert "decided blind; recommended was block" in said and "Amount out of pattern" in said


def test_the_page_tells_what_was_recommended_once_it_is_decided(cast, case):
    response = cast.alice.client.post(
        reverse("case-decide", args=[case.id]), {"version": case.version, "outcome": "clear"}, follow=True
    )
    assert "You decided blind; the recommendation was: block." in response.content.decode()


def test_an_adverse_decision_still_gives_its_reason(cast, case):
    with pytest.raises(InvalidInput):
        decided(cast.alice, case, "block")


def test_it_cannot_be_decided_with_others_in_one_go(cast, case):
    response = cast.alice.client.post(
        reverse("queue-decide", args=["triage"]),
        {"case": f"{case.id}.{case.version}", "outcome": "clear", "reason": "false_alert"},
        follow=True,
    )
    assert "A blind case is decided on its own page" in response.content.decode()
    assert not Decision.objects.exists()


def test_what_has_no_view_and_what_the_policy_decides_are_not_drawn(cast, house, drawn):
    queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=10)
    assert not a_case_in_review(house, draft=a_draft(decision="review", risk=30)).is_blind


@pytest.mark.parametrize("percent", [-1, 51])
def test_a_share_that_makes_no_sense_is_refused(cast, house, percent):
    with pytest.raises(InvalidInput):
        queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=percent)


def test_only_a_lead_sets_the_share_and_it_is_audited(cast, house):
    for person in (cast.alice, cast.cora, cast.ivan):
        with pytest.raises(NotAllowed):
            queue_blind_set(actor=person.actor, queue=house.queue, percent=5)
    queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=5)
    queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=5)
    settle()
    (event,) = AuditEvent.objects.filter(action="queue.blind_changed")
    assert (event.data["from"], event.data["to"]) == ({"percent": 0}, {"percent": 5})


def figures(cast, house):
    now = timezone.now()
    return agreement(cast.lena.actor, house.queue, since=now - timedelta(days=30), until=now + timedelta(minutes=1))


def test_agreement_blind_and_in_sight_are_told_apart_by_person(cast, house, case):
    decided(cast.alice, case, "clear")
    decided(cast.alice, a_case_in_review(house, draft=a_draft(decision="clear")), "clear")
    queue_blind_set(actor=cast.lena.actor, queue=house.queue, percent=0)
    house.queue.refresh_from_db()
    for _ in range(3):
        shown = a_case_in_review(house, draft=a_draft(decision="clear"))
        Case.objects.filter(id=shown.id).update(is_blind=False)
        shown.refresh_from_db()
        decided(cast.bob, shown, "clear")
    found = figures(cast, house)
    alice, bob = found.people
    assert (alice.name, alice.blind.some, alice.blind.all, alice.open.all) == ("Alice", 1, 2, 0)
    assert (bob.name, bob.open.some, bob.open.all, bob.blind.all) == ("Bob", 3, 3, 0)
    assert found.total.pull.value == pytest.approx(0.5)


def test_overrides_are_judged_by_what_came_from_outside(cast, house):
    (payment,) = imported(house, a_row(1))
    alert = an_alert(house, payment.external_id)
    claim = run_claim(actor=house.worker, run_id=alert.case.runs.get().id)
    run_finish(actor=house.worker, claim=claim, draft=a_draft(decision="escalate"))
    case = Case.objects.get(id=alert.case_id)
    decided(cast.alice, case, "clear", reason="false_alert")
    assert figures(cast, house).total.overridden_right.all == 0
    fraud_report_submit(
        actor=house.system.actor, transaction_id=payment.external_id, kind="chargeback", reported_at=timezone.now()
    )
    total = figures(cast, house).total
    assert (total.overridden_right.some, total.overridden_right.all, total.overridden_wrong.all) == (1, 1, 0)


def test_colleagues_do_not_see_how_each_other_decide(cast, house):
    address = reverse("queue-agreement", args=["triage"])
    assert cast.alice.client.get(address).status_code == 403
    assert cast.lena.client.get(address).status_code == 200
    assert cast.cora.client.get(address).status_code == 200
    assert cast.charlie.client.get(address).status_code == 403


def test_the_lead_sets_the_share_on_the_page(cast, house):
    response = cast.lena.client.post(reverse("queue-blind", args=["triage"]), {"percent": "7"}, follow=True)
    assert "From now on 7% of new cases are decided blind" in response.content.decode()
    refused = cast.lena.client.post(reverse("queue-blind", args=["triage"]), {"percent": "70"}, follow=True)
    assert "less than or equal to 50" in refused.content.decode()
    house.queue.refresh_from_db()
    assert house.queue.blind_percent == 7
