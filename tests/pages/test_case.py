"""The case page: what it shows, what it lets whom do, and what it says when it refuses."""

import pytest
from django.urls import reverse

from fintech_ai.cases.models import Case, Decision
from fintech_ai.cases.services import case_decide, case_take
from fintech_ai.cases.states import CaseState
from tests.support.cases import a_case_in_review, a_draft, a_received_case


def url(name, case):
    return reverse(name, args=[case.id])


def page(person, case):
    response = person.client.get(url("case", case))
    assert response.status_code == 200
    return response.content.decode()


def decide(person, case, **data):
    return person.client.post(url("case-decide", case), {"version": case.version, **data})


def refreshed(cast, case):
    with cast.northgate.scope():
        return Case.objects.get(id=case.id)


def put_forward(cast, person=None):
    """A case of 900 USD that one person wants to block."""
    case = a_case_in_review(cast.northgate, amount="900.00")
    with cast.northgate.scope():
        case_decide(
            actor=(person or cast.alice).actor,
            case_id=case.id,
            version=case.version,
            outcome="block",
            reason="evidence_sufficient",
        )
    return refreshed(cast, case)


def test_it_shows_claims_with_what_code_found(cast):
    content = page(cast.alice, a_case_in_review(cast.northgate))
    assert "2 claims, 1 supported" in content
    assert "recomputed" in content
    assert "not supported" in content
    assert "9 h earlier and 40 km away" in content


def test_it_says_who_made_the_recommendation_and_why_no_model_did(cast):
    content = page(cast.alice, a_case_in_review(cast.northgate, draft=a_draft(degraded_reason="timeout")))
    assert "by the baseline; evidence checked. No model answered: it took too long." in content


def test_accepting_is_the_first_button(cast):
    content = page(cast.alice, a_case_in_review(cast.northgate))
    assert content.index("Accept: block") < content.index("Clear instead") < content.index("Escalate instead")


def test_where_the_machine_has_no_view_nothing_is_accepted(cast):
    content = page(cast.alice, a_case_in_review(cast.northgate, draft=a_draft(decision="review")))
    assert "Accept:" not in content
    assert "instead" not in content


def test_a_decision_goes_on_to_the_next_case(cast):
    first = a_case_in_review(cast.northgate, draft=a_draft(decision="clear", risk=90))
    second = a_case_in_review(cast.northgate, draft=a_draft(risk=80))
    response = decide(cast.alice, first, outcome="clear")
    assert response["Location"] == url("case", second)
    content = cast.alice.client.get(response["Location"]).content.decode()
    assert refreshed(cast, first).state == CaseState.DECIDED
    assert second.reference in content


def test_the_message_says_what_was_decided_and_what_is_next(cast):
    first = a_case_in_review(cast.northgate, draft=a_draft(decision="clear", risk=90))
    second = a_case_in_review(cast.northgate, draft=a_draft(risk=80))
    response = cast.alice.client.post(
        url("case-decide", first), {"version": first.version, "outcome": "clear"}, follow=True
    )
    assert f"{first.reference} decided: clear. Next: {second.reference}." in response.content.decode()


def test_the_last_decision_goes_back_to_the_queue(cast):
    case = a_case_in_review(cast.northgate, draft=a_draft(decision="clear"))
    assert decide(cast.alice, case, outcome="clear")["Location"] == reverse("queue", args=["triage"])


def test_filters_stay_in_the_address(cast):
    case = a_case_in_review(cast.northgate, draft=a_draft(decision="clear"))
    data = {"version": case.version, "outcome": "clear"}
    response = cast.alice.client.post(url("case-decide", case) + "?sort=due&min_risk=5", data)
    assert response["Location"] == reverse("queue", args=["triage"]) + "?sort=due&min_risk=5"


@pytest.mark.parametrize(("outcome", "sentence"), [
    ("block", "A decision against the customer needs a reason."),
    ("clear", "An override of the recommendation needs a reason."),
    ("burn", "Choose one of: clear, escalate, block."),
    ("", "Choose a decision."),
])  # fmt: skip
def test_what_is_missing_is_said_and_the_note_is_kept(cast, outcome, sentence):
    case = a_case_in_review(cast.northgate)
    response = decide(cast.alice, case, outcome=outcome, note="Spoke to the shop.")
    content = response.content.decode()
    assert response.status_code == 400
    assert sentence in content
    assert "Spoke to the shop." in content
    assert refreshed(cast, case).state == CaseState.IN_REVIEW


@pytest.mark.parametrize("version", ["", "0", "x", "99999999999999"])
def test_a_form_without_a_version_decides_nothing(cast, version):
    case = a_case_in_review(cast.northgate)
    data = {"version": version, "outcome": "clear", "reason": "false_alert"}
    assert cast.alice.client.post(url("case-decide", case), data).status_code == 400
    assert refreshed(cast, case).state == CaseState.IN_REVIEW


def test_an_unknown_reason_is_refused(cast):
    response = decide(cast.alice, a_case_in_review(cast.northgate), outcome="block", reason="mood")
    assert response.status_code == 400
    assert "Choose a reason from the list." in response.content.decode()


def test_a_stale_page_is_refused_in_place_with_what_changed(cast, sealed):
    case = a_case_in_review(cast.northgate)
    with cast.northgate.scope():
        case_take(actor=cast.alice.actor, case_id=case.id)
    sealed()
    response = decide(cast.alice, case, outcome="block", reason="evidence_sufficient", note="Spoke to the shop.")
    content = response.content.decode()
    assert response.status_code == 409
    assert "has changed since you opened it" in content
    assert "What has happened since you opened it" in content
    assert "Alice: taken" in content
    assert "Spoke to the shop." in content
    assert f'name="version" value="{case.version + 1}"' in content


def test_what_another_decided_first_is_refused_and_the_note_is_kept(cast, sealed):
    case = a_case_in_review(cast.northgate)
    decide(cast.bob, case, outcome="clear", reason="false_alert")
    sealed()
    response = decide(cast.alice, case, outcome="clear", reason="false_alert", note="Spoke to the shop.")
    content = response.content.decode()
    assert response.status_code == 409
    assert "This case has been decided." in content
    assert "Bob: decided" in content
    assert "Spoke to the shop." in content
    with cast.northgate.scope():
        assert Decision.objects.filter(case=case).count() == 1


def test_a_case_that_another_holds_has_disabled_buttons_that_say_why(cast):
    case = a_case_in_review(cast.northgate)
    with cast.northgate.scope():
        case_take(actor=cast.bob.actor, case_id=case.id)
    content = page(cast.alice, case)
    assert 'aria-disabled="true"' in content
    assert "Bob has held this case since" in content
    assert 'name="outcome"' not in content


def test_whoever_only_reads_is_told_so(cast):
    content = page(cast.cora, a_case_in_review(cast.northgate))
    assert "You may read this queue, but not decide its cases." in content
    assert 'name="outcome"' not in content


def test_taking_and_releasing(cast):
    case = a_case_in_review(cast.northgate)
    content = cast.alice.client.post(url("case-take", case), follow=True).content.decode()
    assert f"{case.reference} is yours." in content
    assert "Release" in content
    content = cast.alice.client.post(url("case-release", case), follow=True).content.decode()
    assert f"{case.reference} is free again." in content


def test_taking_what_another_holds_names_her(cast):
    case = a_case_in_review(cast.northgate)
    cast.bob.client.post(url("case-take", case))
    content = cast.alice.client.post(url("case-take", case), follow=True).content.decode()
    assert "Bob has held this case since" in content


def test_a_lead_assigns_the_case(cast):
    case = a_case_in_review(cast.northgate)
    data = {"version": case.version, "assignee": str(cast.bob.user.id)}
    content = cast.lena.client.post(url("case-assign", case), data, follow=True).content.decode()
    assert f"{case.reference} is assigned." in content
    assert refreshed(cast, case).assignee == cast.bob.user


def test_a_second_person_approves(cast):
    case = put_forward(cast)
    assert "Alice decided <b>block</b>" in page(cast.lena, case)
    data = {"version": case.version}
    content = cast.lena.client.post(url("case-approve", case), data, follow=True).content.decode()
    assert f"{case.reference} approved. Nothing else waits for your approval." in content
    assert refreshed(cast, case).outcome == "block"


def test_after_an_approval_the_next_one_opens(cast):
    first, second = put_forward(cast), put_forward(cast, cast.bob)
    response = cast.lena.client.post(url("case-approve", first), {"version": first.version})
    assert response["Location"] == url("case", second)


def test_ones_own_decision_cannot_be_approved_and_the_page_says_why(cast):
    case = put_forward(cast, cast.lena)
    content = page(cast.lena, case)
    assert "You made the first decision; the approval needs a second person." in content
    response = cast.lena.client.post(url("case-approve", case), {"version": case.version})
    assert response.status_code == 403
    assert refreshed(cast, case).state == CaseState.AWAITING_APPROVAL


def test_sending_back_asks_for_a_note(cast):
    case = put_forward(cast)
    response = cast.lena.client.post(url("case-send-back", case), {"version": case.version})
    assert response.status_code == 400
    assert "Say what is missing." in response.content.decode()


def test_what_is_sent_back_goes_to_whoever_decided_with_the_note(cast):
    case = put_forward(cast)
    data = {"version": case.version, "note": "Ask the shop."}
    cast.lena.client.post(url("case-send-back", case), data)
    content = page(cast.alice, case)
    assert "held by you" in content
    assert "Ask the shop." in content


def test_while_the_run_goes_on_it_says_so_and_asks_again(cast):
    case = a_received_case(cast.northgate)
    content = page(cast.alice, case)
    assert 'hx-trigger="every 2s"' in content
    assert '<noscript><meta http-equiv="refresh"' in content
    assert 'name="outcome"' not in content
    asked_again = cast.alice.client.get(url("case", case), headers={"HX-Request": "true"})
    assert asked_again.status_code == 204


def test_once_the_run_is_done_it_asks_no_more(cast):
    content = page(cast.alice, a_case_in_review(cast.northgate))
    assert "hx-trigger" not in content
    assert "http-equiv" not in content


def test_the_trail_says_who_what_when_from_and_to(cast, sealed):
    case = a_case_in_review(cast.northgate)
    decide(cast.alice, case, outcome="clear", reason="false_alert", note="Spoke to the shop.")
    sealed()
    content = cast.bob.client.get(url("case-trail", case)).content.decode()
    for words in (
        "Alice",
        "Clear; override of block; reason: false alert of the rule",
        "Spoke to the shop.",
        "In review, held by nobody",
        "Decided, held by Alice",
        "America/New_York",
        "Block, by the baseline; 1 of 2 claims supported",
        "token Northgate switch",
    ):
        assert words in content, words


@pytest.mark.parametrize("name", ["case", "case-trail"])
def test_a_case_of_another_tenant_is_not_there(cast, name):
    case = a_case_in_review(cast.northgate)
    response = cast.charlie.client.get(url(name, case))
    assert response.status_code == 404
    assert "There is nothing here" in response.content.decode()


def test_a_page_is_never_kept_by_the_browser(cast):
    response = cast.alice.client.get(url("case", a_case_in_review(cast.northgate)))
    assert "no-store" in response["Cache-Control"]


def test_a_long_queue_costs_no_more_queries(cast, django_assert_max_num_queries):
    cases = [a_case_in_review(cast.northgate) for _ in range(20)]
    client = cast.alice.client
    client.get(url("case", cases[0]))
    with django_assert_max_num_queries(22):
        client.get(url("case", cases[0]))
