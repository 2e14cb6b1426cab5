"""The queue page: what it lists, in which order, and what it says when there is nothing."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from fintech_ai.cases.models import Case
from fintech_ai.cases.services import case_decide, case_take
from tests.support.cases import a_case_in_review, a_draft, a_received_case


def page(person, query=""):
    response = person.client.get(reverse("queue", args=["triage"]) + query)
    assert response.status_code == 200
    return response.content.decode()


def test_the_riskiest_case_comes_first(cast):
    a_case_in_review(cast.northgate, subject="Calm Ltd", draft=a_draft(risk=20))
    a_case_in_review(cast.northgate, subject="Wild Ltd", draft=a_draft(risk=95))
    content = page(cast.alice)
    assert content.index("Wild Ltd") < content.index("Calm Ltd")


def test_the_order_is_part_of_the_address(cast):
    a_case_in_review(cast.northgate, subject="Dear Ltd", amount="900.00", draft=a_draft(risk=20))
    a_case_in_review(cast.northgate, subject="Cheap Ltd", amount="9.00", draft=a_draft(risk=95))
    content = page(cast.alice, "?sort=amount")
    assert content.index("Dear Ltd") < content.index("Cheap Ltd")
    assert "?sort=amount" in content


@pytest.mark.parametrize("query", ["?min_risk=50", "?min_amount=100", "?text=wild"])
def test_filters_narrow_the_list(cast, query):
    a_case_in_review(cast.northgate, subject="Calm Ltd", amount="9.00", draft=a_draft(risk=20))
    a_case_in_review(cast.northgate, subject="Wild Ltd", amount="900.00", draft=a_draft(risk=95))
    content = page(cast.alice, query)
    assert "Wild Ltd" in content
    assert "Calm Ltd" not in content


def test_a_case_is_found_by_its_number(cast):
    case = a_case_in_review(cast.northgate, subject="Wild Ltd")
    a_case_in_review(cast.northgate, subject="Calm Ltd")
    content = page(cast.alice, f"?text={case.reference}")
    assert "Wild Ltd" in content
    assert "Calm Ltd" not in content


@pytest.mark.parametrize(
    "query", ["?sort=colour", "?min_risk=many", "?min_amount=NaN", "?page=last-but-one", "?page=0"]
)
def test_a_senseless_filter_is_left_out_and_said(cast, query):
    a_case_in_review(cast.northgate, subject="Wild Ltd")
    assert "Wild Ltd" in page(cast.alice, query)


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ("", "Nothing waits for you here"),
        ("?show=open", "The queue is empty"),
        ("?show=approval", "Nothing waits for a second person"),
        ("?show=decided", "Nothing has been decided yet"),
        ("?text=nobody", "No case fits these filters"),
    ],
)
def test_an_empty_list_says_what_to_do(cast, query, sentence):
    assert sentence in page(cast.alice, query)


def test_what_another_holds_is_under_all_open_with_her_name(cast):
    case = a_case_in_review(cast.northgate, subject="Wild Ltd")
    with cast.northgate.scope():
        case_take(actor=cast.bob.actor, case_id=case.id)
    assert "Wild Ltd" not in page(cast.alice)
    content = page(cast.alice, "?show=open")
    assert "Wild Ltd" in content
    assert "Bob" in content


def test_it_says_how_much_time_is_left_and_how_long_it_has_been_over(cast):
    soon = a_case_in_review(cast.northgate)
    late = a_case_in_review(cast.northgate)
    now = timezone.now()
    with cast.northgate.scope():
        Case.objects.filter(id=soon.id).update(due_at=now + timedelta(minutes=12, seconds=30))
        Case.objects.filter(id=late.id).update(due_at=now - timedelta(hours=2, minutes=40, seconds=10))
    content = page(cast.alice)
    assert "12 min left" in content
    assert "2 h 40 over" in content
    assert "1 overdue" in content


def test_an_answer_of_the_baseline_is_labelled_as_such(cast):
    a_case_in_review(cast.northgate, draft=a_draft(degraded_reason="timeout"))
    assert "baseline answered" in page(cast.alice)


def test_a_case_that_waits_for_its_recommendation_says_so(cast):
    a_received_case(cast.northgate)
    assert "recommendation being made" in page(cast.alice)


def test_an_amount_is_shown_in_the_currency_of_the_case(cast):
    a_case_in_review(cast.northgate, amount="1284.40")
    assert "1,284.40 USD" in page(cast.alice)


def test_a_long_list_has_pages(cast):
    for _ in range(51):
        a_received_case(cast.northgate)
    assert "Page 1 of 2" in page(cast.alice)
    assert "Page 2 of 2" in page(cast.alice, "?page=2")
    assert "51 cases" in page(cast.alice)


def test_names_are_escaped(cast):
    a_case_in_review(cast.northgate, subject="<script>alert(1)</script>")
    assert "<script>alert" not in page(cast.alice)


def test_the_next_case_is_taken_and_opened(cast):
    case = a_case_in_review(cast.northgate)
    response = cast.alice.client.post(reverse("queue-next", args=["triage"]))
    assert response["Location"] == reverse("case", args=[case.id])
    with cast.northgate.scope():
        assert Case.objects.get(id=case.id).assignee == cast.alice.user


def test_when_nothing_is_free_the_next_case_is_the_queue_itself(cast):
    response = cast.alice.client.post(reverse("queue-next", args=["triage"]), follow=True)
    assert "Nothing else in Card alerts is free." in response.content.decode()


def test_a_lead_assigns_several_cases_at_once(cast):
    cases = [a_case_in_review(cast.northgate) for _ in range(2)]
    chosen = [f"{case.id}.{case.version}" for case in cases]
    data = {"case": chosen, "assignee": str(cast.bob.user.id)}
    response = cast.lena.client.post(reverse("queue-assign", args=["triage"]), data, follow=True)
    assert "2 cases assigned" in response.content.decode()
    with cast.northgate.scope():
        assert Case.objects.filter(assignee=cast.bob.user).count() == 2


def test_one_that_changed_meanwhile_holds_up_no_other(cast):
    fresh, stale = a_case_in_review(cast.northgate), a_case_in_review(cast.northgate)
    chosen = [f"{fresh.id}.{fresh.version}", f"{stale.id}.{stale.version - 1}", "nonsense"]
    data = {"case": chosen, "assignee": str(cast.bob.user.id)}
    content = cast.lena.client.post(reverse("queue-assign", args=["triage"]), data, follow=True).content.decode()
    assert "1 case assigned" in content
    assert "has changed since you opened it" in content


def test_an_analyst_assigns_nothing(cast):
    case = a_case_in_review(cast.northgate)
    assert 'name="assignee"' not in page(cast.alice)
    data = {"case": [f"{case.id}.{case.version}"], "assignee": str(cast.bob.user.id)}
    content = cast.alice.client.post(reverse("queue-assign", args=["triage"]), data, follow=True).content.decode()
    assert "Only a team lead of this queue may assign its cases." in content


def test_a_decided_case_shows_its_outcome(cast):
    case = a_case_in_review(cast.northgate)
    with cast.northgate.scope():
        case_decide(
            actor=cast.alice.actor, case_id=case.id, version=case.version, outcome="clear", reason="false_alert"
        )
    assert "clear" in page(cast.alice, "?show=decided")


def test_a_long_queue_costs_no_more_queries(cast, django_assert_max_num_queries):
    client = cast.alice.client
    address = reverse("queue", args=["triage"])
    for _ in range(20):
        a_case_in_review(cast.northgate)
    client.get(address)
    with django_assert_max_num_queries(14):
        client.get(address)


def test_a_search_is_paged_and_ordered_like_everything_else(cast, monkeypatch):
    monkeypatch.setattr("fintech_ai.cases.views.queue.PAGE_SIZE", 2)
    for risk in (10, 90, 50):
        a_case_in_review(cast.northgate, subject=f"Shop {risk}", draft=a_draft(risk=risk))
    first, second = page(cast.alice, "?text=shop"), page(cast.alice, "?text=shop&page=2")
    assert first.index("Shop 90") < first.index("Shop 50") and "Shop 10" not in first
    assert "Shop 10" in second and "Shop 90" not in second
    assert "3 cases in this view" in first and "Page 2 of 2" in second
