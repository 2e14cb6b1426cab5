"""Several cases at once: each is checked by itself, and what was refused is said."""

import pytest
from django.urls import reverse

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.models import Case
from fintech_ai.cases.services import case_take
from fintech_ai.cases.states import CaseState
from tests.support.cases import a_case_in_review, a_draft


def decide(person, cases, **fields):
    body = {"case": [f"{case.id}.{case.version}" for case in cases], "outcome": "clear", **fields}
    response = person.client.post(reverse("queue-decide", args=["triage"]), body, follow=True)
    assert response.status_code == 200
    return response.content.decode()


def states(cast, cases):
    with cast.northgate.scope():
        return [Case.objects.get(id=case.id).state for case in cases]


def test_the_chosen_are_decided_for_one_reason_and_recorded_one_by_one(cast, sealed):
    cases = [a_case_in_review(cast.northgate) for _ in range(3)]
    assert "3 cases decided in Card alerts." in decide(cast.alice, cases, reason="false_alert")
    assert states(cast, cases) == [CaseState.DECIDED] * 3
    sealed()
    with cast.northgate.scope():
        events = AuditEvent.objects.filter(action="case.decided")
        assert {event.data["reason"] for event in events} == {"false_alert"} and len(events) == 3


def test_what_another_holds_or_has_changed_is_refused_and_named(cast):
    free, held, stale = (a_case_in_review(cast.northgate, draft=a_draft(decision="clear")) for _ in range(3))
    with cast.northgate.scope():
        case_take(actor=cast.bob.actor, case_id=held.id)
        Case.objects.filter(id=stale.id).update(version=9)
    content = decide(cast.alice, [free, held, stale])
    assert "1 case decided" in content
    assert f"{held.reference}: Bob has held this case since" in content
    assert f"{stale.reference}: This case has changed" in content
    assert states(cast, [free, held, stale]) == [CaseState.DECIDED, CaseState.IN_REVIEW, CaseState.IN_REVIEW]


def test_an_override_without_a_reason_is_refused_for_each(cast):
    cases = [a_case_in_review(cast.northgate) for _ in range(2)]
    content = decide(cast.alice, cases)
    assert "An override of the recommendation needs a reason." in content
    assert states(cast, cases) == [CaseState.IN_REVIEW] * 2


def test_a_second_person_is_asked_for_as_ever(cast):
    large = a_case_in_review(cast.northgate, amount="900.00")
    decide(cast.alice, [large], outcome="block", reason="evidence_sufficient")
    assert states(cast, [large]) == [CaseState.AWAITING_APPROVAL]


def test_without_a_choice_it_says_so(cast):
    assert "Choose the cases first." in decide(cast.alice, [])


@pytest.mark.parametrize("outcome", ["", "set_on_fire"])
def test_a_decision_that_does_not_exist_decides_nothing(cast, outcome):
    case = a_case_in_review(cast.northgate)
    decide(cast.alice, [case], outcome=outcome, reason="false_alert")
    assert states(cast, [case]) == [CaseState.IN_REVIEW]


def test_whoever_only_reads_is_offered_nothing_to_choose(cast):
    a_case_in_review(cast.northgate)
    page = cast.cora.client.get(reverse("queue", args=["triage"])).content.decode()
    assert "data-choose" not in page
    assert "data-choose" in cast.alice.client.get(reverse("queue", args=["triage"])).content.decode()
