"""People decide: accept, override, second approval, stale pages."""

import pytest

from fintech_ai.audit.selectors import trail_of
from fintech_ai.cases.models import Decision
from fintech_ai.cases.permissions import check_can_approve, check_can_decide, why_not
from fintech_ai.cases.services import case_approve, case_assign, case_decide, case_send_back, case_take
from fintech_ai.cases.states import CaseState
from fintech_ai.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from tests.support.cases import a_case_in_review, a_draft, a_received_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(cast):
    return a_case_in_review(cast.northgate)


@pytest.fixture
def large_case(cast):
    return a_case_in_review(cast.northgate, amount="940.10")


@pytest.fixture(autouse=True)
def northgate_scope(cast):
    with cast.northgate.scope():
        yield


def test_a_decision_that_agrees_closes_the_case(cast, case):
    decision = case_decide(
        actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="block", reason="evidence_sufficient"
    )
    case.refresh_from_db()
    assert (case.state, case.outcome, case.assignee) == (CaseState.DECIDED, "block", cast.alice.user)
    assert case.closed_at is not None
    assert not decision.is_override


def test_an_override_needs_a_reason(cast, case):
    with pytest.raises(InvalidInput) as refusal:
        case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="clear")
    assert list(refusal.value.fields) == ["reason"]
    assert not Decision.objects.exists()


def test_an_override_with_a_reason_is_one(cast, case):
    decision = case_decide(
        actor=cast.alice.actor,
        case_id=case.id,
        version=case.version,
        outcome="clear",
        reason="customer_confirmed_payment",
    )
    assert decision.is_override
    assert decision.recommended == "block"


def test_an_adverse_decision_needs_a_reason_even_when_it_agrees(cast, case):
    with pytest.raises(InvalidInput):
        case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="block")


def test_nothing_is_overridden_where_the_machine_had_no_view(cast):
    case = a_case_in_review(cast.northgate, draft=a_draft(decision="review"))
    decision = case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="clear")
    assert not decision.is_override


@pytest.mark.parametrize(
    ("outcome", "reason", "field"),
    [("maybe", "", "outcome"), ("review", "", "outcome"), ("clear", "because", "reason")],
)
def test_it_refuses_what_is_not_on_the_list(cast, case, outcome, reason, field):
    with pytest.raises(InvalidInput) as refusal:
        case_decide(actor=cast.alice.actor, case_id=case.id, version=case.version, outcome=outcome, reason=reason)
    assert field in refusal.value.fields


def test_a_stale_page_cannot_decide(cast, case):
    stale = case.version
    case_assign(actor=cast.lena.actor, case_id=case.id, version=stale, assignee_id=cast.alice.user.id)
    with pytest.raises(Conflict, match="changed since you opened it"):
        case_decide(
            actor=cast.alice.actor, case_id=case.id, version=stale, outcome="clear", reason="customer_confirmed_payment"
        )


def test_nobody_decides_what_another_holds(cast, case):
    case_take(actor=cast.bob.actor, case_id=case.id)
    case.refresh_from_db()
    with pytest.raises(Conflict, match="Bob has held this case since"):
        case_decide(
            actor=cast.alice.actor,
            case_id=case.id,
            version=case.version,
            outcome="clear",
            reason="customer_confirmed_payment",
        )


def test_a_case_is_decided_once(cast, case):
    case_decide(
        actor=cast.alice.actor,
        case_id=case.id,
        version=case.version,
        outcome="clear",
        reason="customer_confirmed_payment",
    )
    case.refresh_from_db()
    with pytest.raises(Conflict, match="has been decided"):
        case_decide(
            actor=cast.alice.actor,
            case_id=case.id,
            version=case.version,
            outcome="escalate",
            reason="customer_confirmed_payment",
        )


def test_it_waits_for_the_recommendation(cast):
    case = a_received_case(cast.northgate)
    assert why_not(check_can_decide, cast.alice.actor, case) == "The recommendation for this case is still being made."


def test_a_token_does_not_decide(cast, case):
    with pytest.raises(NotAllowed, match="Only a person"):
        case_decide(
            actor=cast.ivan.actor,
            case_id=case.id,
            version=case.version,
            outcome="clear",
            reason="customer_confirmed_payment",
        )


def test_a_compliance_officer_reads_and_does_not_decide(cast, case):
    with pytest.raises(NotAllowed, match="not decide"):
        case_decide(
            actor=cast.cora.actor,
            case_id=case.id,
            version=case.version,
            outcome="clear",
            reason="customer_confirmed_payment",
        )


def test_a_stranger_finds_nothing(cast, case):
    with cast.southbank.scope(), pytest.raises(NotFound):
        case_decide(
            actor=cast.charlie.actor,
            case_id=case.id,
            version=case.version,
            outcome="clear",
            reason="customer_confirmed_payment",
        )


def put_forward(cast, case):
    decision = case_decide(
        actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="block", reason="evidence_sufficient"
    )
    case.refresh_from_db()
    return decision


def test_policy_asks_for_a_second_person_from_the_threshold_on(cast, large_case):
    put_forward(cast, large_case)
    assert (large_case.state, large_case.outcome, large_case.assignee) == (CaseState.AWAITING_APPROVAL, "", None)


def test_the_second_approval_makes_it_stand(cast, large_case):
    first = put_forward(cast, large_case)
    second = case_approve(actor=cast.lena.actor, case_id=large_case.id, version=large_case.version)
    large_case.refresh_from_db()
    assert (large_case.state, large_case.outcome) == (CaseState.DECIDED, "block")
    assert second.answers == first
    assert not second.is_override


def test_nobody_approves_her_own_decision(cast, large_case):
    decision = case_decide(
        actor=cast.lena.actor,
        case_id=large_case.id,
        version=large_case.version,
        outcome="block",
        reason="evidence_sufficient",
    )
    large_case.refresh_from_db()
    sentence = "You made the first decision; the approval needs a second person."
    assert why_not(check_can_approve, cast.lena.actor, large_case) == sentence
    with pytest.raises(NotAllowed, match=sentence):
        case_approve(actor=cast.lena.actor, case_id=large_case.id, version=large_case.version)
    assert list(Decision.objects.filter(case=large_case)) == [decision]


def test_an_analyst_without_that_right_does_not_approve(cast, large_case):
    put_forward(cast, large_case)
    with pytest.raises(NotAllowed, match="does not include second approvals"):
        case_approve(actor=cast.bob.actor, case_id=large_case.id, version=large_case.version)


def test_sending_back_returns_it_to_the_first_person_and_it_can_be_decided_again(cast, large_case):
    put_forward(cast, large_case)
    case_send_back(
        actor=cast.lena.actor, case_id=large_case.id, version=large_case.version, note="Call the customer first."
    )
    large_case.refresh_from_db()
    assert (large_case.state, large_case.assignee) == (CaseState.IN_REVIEW, cast.alice.user)
    put_forward(cast, large_case)
    case_approve(actor=cast.lena.actor, case_id=large_case.id, version=large_case.version)
    large_case.refresh_from_db()
    assert large_case.outcome == "block"


def test_sending_back_says_why(cast, large_case):
    put_forward(cast, large_case)
    with pytest.raises(InvalidInput):
        case_send_back(actor=cast.lena.actor, case_id=large_case.id, version=large_case.version, note=" ")


def test_the_trail_tells_who_and_from_what_to_what(cast, case, sealed):
    case_decide(
        actor=cast.alice.actor,
        case_id=case.id,
        version=case.version,
        outcome="clear",
        reason="customer_confirmed_payment",
        note="Called her.",
    )
    sealed()
    events = list(trail_of(case.id))
    assert [event.action for event in events] == ["case.opened", "run.claimed", "recommendation.made", "case.decided"]
    decided = events[-1]
    assert decided.actor_id == str(cast.alice.user.id)
    data = decided.data
    assert data["from"] == {"state": "in_review", "assignee": None}
    assert data["to"]["state"] == "decided"
    assert data["override"] is True
    assert "Called her" not in decided.body
