"""Who may call the API, and how often."""

import pytest
from django.core.cache import cache
from django.test import Client

from fintech_ai.accounts.services import token_revoke
from fintech_ai.accounts.throttling import PerActorThrottle
from tests.support.cases import a_case_in_review

pytestmark = pytest.mark.django_db
CASES = "/api/v1/cases"


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer fai_wrong", "Bearer é", "Token x", "Basic YTpi"])
def test_strangers_are_asked_who_they_are(cast, header):
    client = Client(headers={"Authorization": header} if header else {})
    response = client.get(CASES)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")
    assert response["Content-Type"] == "application/problem+json"


def test_a_revoked_token_is_refused_at_once(cast):
    assert cast.ivan.client.get(CASES).status_code == 200
    with cast.northgate.scope():
        token_revoke(actor=cast.northgate.worker, token=cast.ivan.token)
    assert cast.ivan.client.get(CASES).status_code == 401


def test_a_wrong_token_does_not_fall_back_on_the_session(cast):
    client = cast.alice.client
    assert client.get(CASES).status_code == 200
    assert client.get(CASES, headers={"Authorization": "Bearer fai_wrong"}).status_code == 401


def test_a_session_needs_its_csrf_token_to_change_anything(cast):
    case = a_case_in_review(cast.northgate)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.alice.user, backend="django.contrib.auth.backends.ModelBackend")
    response = client.post(f"{CASES}/{case.id}/take", content_type="application/json")
    assert response.status_code == 403
    assert "CSRF" in response.json()["detail"]


def test_a_person_without_a_tenant_is_nobody(cast):
    cast.alice.membership.is_active = False
    with cast.northgate.scope():
        cast.alice.membership.save()
    assert cast.alice.client.get(CASES).status_code == 401


def test_too_many_requests_are_told_when_to_come_back(cast, monkeypatch):
    cache.clear()
    monkeypatch.setattr(PerActorThrottle, "THROTTLE_RATES", {"actor": "3/minute"})
    client = cast.ivan.client
    assert [client.get(CASES).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert int(client.get(CASES)["Retry-After"]) > 0
    assert cast.igor.client.get(CASES).status_code == 200
