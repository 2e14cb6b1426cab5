"""Cases by REST: read by programs, decided by people."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from fintech_ai.cases.models import Case
from tests.support.cases import a_case_in_review, a_received_case
from triage.models import Alert

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(cast):
    return a_case_in_review(cast.northgate)


@pytest.fixture(autouse=True)
def without_alert(monkeypatch):
    """These cases were opened without an alert behind them, so the capability has nothing of its own to say."""
    monkeypatch.setattr("triage.selectors.api_subject", lambda case: {})


def send(client, path, **body):
    return client.post(path, body, content_type="application/json")


def test_the_list_holds_what_one_may_see(cast, case):
    assert [row["id"] for row in cast.ivan.client.get("/api/v1/cases").json()["results"]] == [str(case.id)]
    assert cast.igor.client.get("/api/v1/cases").json()["results"] == []


def test_the_list_is_filtered(cast, case):
    def found(query):
        return len(cast.ivan.client.get(f"/api/v1/cases?{query}").json()["results"])

    assert found("state=in_review&queue=triage&min_risk=91&assignee=none") == 1
    assert found("state=decided") == found("min_risk=92") == found(f"assignee={cast.alice.user.id}") == 0


def test_a_token_is_nobodys_assignee(cast, case):
    assert cast.ivan.client.get("/api/v1/cases?assignee=me").json()["results"] == []


def test_the_list_is_paged_by_cursor(cast):
    for _ in range(3):
        a_case_in_review(cast.northgate)
    page = cast.ivan.client.get("/api/v1/cases?page_size=2").json()
    rest = cast.ivan.client.get(page["next"]).json()
    assert (len(page["results"]), len(rest["results"]), rest["next"]) == (2, 1, None)


def test_the_list_costs_the_same_however_long(cast):
    client = cast.ivan.client
    client.get("/api/v1/queues")  # notes that the token is in use
    a_case_in_review(cast.northgate)
    with CaptureQueriesContext(connection) as one:
        client.get("/api/v1/cases")
    for _ in range(5):
        a_case_in_review(cast.northgate)
    with CaptureQueriesContext(connection) as six:
        client.get("/api/v1/cases")
    assert len(six) == len(one)


def test_a_case_shows_recommendation_claims_and_what_supports_them(cast, case):
    body = cast.ivan.client.get(f"/api/v1/cases/{case.id}").json()
    assert body["state"] == "in_review"
    recommendation = body["recommendation"]
    assert (recommendation["decision"], recommendation["made_by"]) == ("block", "baseline")
    assert recommendation["confidence"] == "0.870"
    assert [claim["supported"] for claim in recommendation["claims"]] == [True, False]
    assert recommendation["claims"][1]["finding"]


def test_one_who_polls_is_told_when_to_come_back(cast):
    case = a_received_case(cast.northgate)
    response = cast.ivan.client.get(f"/api/v1/cases/{case.id}")
    assert response.json()["state"] == "received"
    assert response["Retry-After"] == "1"


def test_a_person_decides(cast, case):
    client = cast.alice.client
    response = send(
        client,
        f"/api/v1/cases/{case.id}/decisions",
        version=case.version,
        outcome="clear",
        reason="customer_confirmed_payment",
    )
    assert response.status_code == 201, response.content
    assert response.json()["is_override"] is True
    with cast.northgate.scope():
        assert Case.objects.get(id=case.id).outcome == "clear"


def test_a_stale_version_is_a_conflict(cast, case):
    client = cast.alice.client
    assert send(client, f"/api/v1/cases/{case.id}/take").status_code == 200
    response = send(
        client, f"/api/v1/cases/{case.id}/decisions", version=case.version, outcome="escalate", reason="other"
    )
    assert response.status_code == 409


def test_a_token_reads_and_does_not_decide(cast, case):
    response = send(cast.ivan.client, f"/api/v1/cases/{case.id}/decisions", version=case.version, outcome="clear")
    assert response.status_code == 403
    assert "Only a person" in response.json()["detail"]


def test_another_hears_who_holds_it(cast, case):
    send(cast.alice.client, f"/api/v1/cases/{case.id}/take")
    response = send(cast.bob.client, f"/api/v1/cases/{case.id}/take")
    assert response.status_code == 409
    assert "Alice has held this case" in response.json()["detail"]


def test_the_lead_assigns_and_approves(cast):
    case = a_case_in_review(cast.northgate, amount="900.00")
    lena = cast.lena.client
    assigned = send(
        lena, f"/api/v1/cases/{case.id}/assignment", version=case.version, assignee=str(cast.alice.user.id)
    ).json()
    assert assigned["assignee"]["name"] == "Alice"
    send(
        cast.alice.client,
        f"/api/v1/cases/{case.id}/decisions",
        version=assigned["version"],
        outcome="block",
        reason="evidence_sufficient",
    )
    waiting = lena.get(f"/api/v1/cases/{case.id}").json()
    assert waiting["state"] == "awaiting_approval"
    answer = send(lena, f"/api/v1/cases/{case.id}/approvals", version=waiting["version"], approve=True)
    assert answer.status_code == 201, answer.content
    assert lena.get(f"/api/v1/cases/{case.id}").json()["outcome"] == "block"


def test_the_trail_is_in_order(cast, case, sealed):
    sealed()
    results = cast.ivan.client.get(f"/api/v1/cases/{case.id}/trail").json()["results"]
    assert [event["action"] for event in results] == ["case.opened", "run.claimed", "recommendation.made"]
    assert [event["seq"] for event in results] == sorted(event["seq"] for event in results)


def test_there_is_no_alert_behind_these_cases(cast, case):
    with cast.northgate.scope():
        assert not Alert.objects.exists()
