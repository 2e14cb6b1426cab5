"""Bad input gets a clear 4xx with the field named, and nothing is half written."""

import json
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from fintech_ai.accounts.models import IdempotencyKey
from fintech_ai.cases.models import Case
from tests.api.requests import (
    ALERTS,
    TRANSACTIONS,
    a_posted_transaction,
    a_transaction,
    an_alert,
    pointers,
    post,
    post_alert,
    post_transactions,
)
from tests.support.cases import a_case_in_review
from triage.models import Alert, Customer, Merchant, Transaction

pytestmark = pytest.mark.django_db
STORED = (Transaction, Customer, Merchant, Alert, Case, IdempotencyKey)
TOMORROW = (timezone.now() + timedelta(days=1)).isoformat()


def counts(cast):
    with cast.northgate.scope():
        return [model.objects.count() for model in STORED]


def assert_problem(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    problem = response.json()
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"]
    assert problem["request_id"] == response["X-Request-ID"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"currency": "USX"}, "/amount|/currency"),
        ({"currency": "usd"}, "/currency"),
        ({"currency": 840}, "/currency"),
        ({"amount": "twelve"}, "/amount"),
        ({"amount": "-1"}, "/amount"),
        ({"amount": 0}, "/amount"),
        ({"amount": "NaN"}, "/amount"),
        ({"amount": "Infinity"}, "/amount"),
        ({"amount": "1e400"}, "/amount"),
        ({"amount": "1_000"}, "/amount"),
        ({"amount": " 12.50"}, "/amount"),
        ({"amount": "\u0661\u0662"}, "/amount"),
        ({"amount": 10**400}, "/amount"),
        ({"amount": True}, "/amount"),
        ({"amount": None}, "/amount"),
        ({"amount": "12.345"}, "/amount"),
        ({"amount": "12.5", "currency": "JPY"}, "/amount"),
        ({"occurred_at": TOMORROW}, "/occurred_at"),
        ({"occurred_at": "2026-01-01T10:00:00"}, "/occurred_at"),
        ({"occurred_at": "yesterday"}, "/occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "/occurred_at"),
        ({"occurred_at": "1899-12-31T23:59:59Z"}, "/occurred_at"),
        ({"\ud800": 1}, "/\ud800"),
        ({"occurred_at": "2026-13-01T10:00:00Z"}, "/occurred_at"),
        ({"occurred_at": 1767225600}, "/occurred_at"),
        ({"channel": "pigeon"}, "/channel"),
        ({"id": ""}, "/id"),
        ({"id": "x" * 101}, "/id"),
        ({"id": 7}, "/id"),
        ({"id": "a\u0000b"}, "/id"),
        ({"id": "a\ud800b"}, "/id"),
        ({"amuont": "1"}, "/amuont"),
        ({"customer": "C-1"}, "/customer"),
        ({"customer": {}}, "/customer/id"),
        ({"customer": {"id": "C-1", "home_latitude": 91, "home_longitude": 0}}, "/customer/home_latitude"),
        ({"latitude": 10}, "/latitude|/longitude"),
        ({"latitude": "10", "longitude": "10"}, "/latitude"),
    ],
)
def test_a_row_that_is_wrong_is_named_and_none_of_the_call_is_stored(cast, changes, pointer):
    before = counts(cast)
    response = post_transactions(cast.ivan, a_transaction(), a_transaction(**changes))
    assert_problem(response, 400)
    allowed = {f"/transactions/1{part}" for part in pointer.split("|")}
    assert allowed & set(pointers(response)), response.content
    assert counts(cast) == before


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ('{"transactions": [', "line 1, column"),
        ("", "/transactions"),
        (b'{"transactions": "\xff"}', "UTF-8"),
        ('{"transactions": [{"amount": NaN}]}', "NaN"),
        ('{"transactions": [], "transactions": []}', "given twice"),
        ("[" * 100_000, "nested too deep"),
        ("[" * 30 + "]" * 30, "nested too deep"),
        ('{"transactions": 12' + "3" * 5_000 + "}", ""),
    ],
)
def test_what_is_not_good_json_is_refused_with_the_place(cast, body, detail):
    response = post(cast.ivan, TRANSACTIONS, body)
    assert_problem(response, 400)
    assert detail in response.json()["detail"]


@pytest.mark.parametrize("body", [[], {}, {"transactions": []}, "text", 7, None, [[]], [None], {"transactions": {}}])
def test_another_shape_of_json_is_refused(cast, body):
    assert_problem(post(cast.ivan, TRANSACTIONS, json.dumps(body)), 400)


def test_more_than_a_thousand_rows_are_refused(cast):
    assert_problem(post_transactions(cast.ivan, *(a_transaction() for _ in range(1001))), 400)


def test_too_large_a_body_is_refused(cast):
    assert_problem(post(cast.ivan, TRANSACTIONS, b" " * (6 * 1024 * 1024)), 413)


def test_only_json_is_taken(cast):
    response = cast.ivan.client.post(TRANSACTIONS, {"a": "b"})
    assert_problem(response, 415)


def test_only_post_is_taken(cast):
    response = cast.ivan.client.get(TRANSACTIONS)
    assert_problem(response, 405)
    assert "POST" in response["Allow"]


def test_an_unknown_address_is_a_problem_too(cast):
    assert_problem(cast.ivan.client.get("/api/v1/nowhere"), 404)


def test_the_same_id_with_other_content_is_a_conflict(cast):
    row = a_transaction()
    assert post_transactions(cast.ivan, row).json() == {"created": 1, "already_there": 0}
    assert post_transactions(cast.ivan, row).json() == {"created": 0, "already_there": 1}
    response = post_transactions(cast.ivan, {**row, "amount": "1.00"})
    assert_problem(response, 409)
    assert row["id"] in response.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"transaction": "T-unknown"}, "/transaction"),
        ({"transaction": None}, "/transaction"),
        ({"channel": "rumour"}, "/channel"),
        ({"raised_by": ""}, "/raised_by"),
        ({"notes": "x" * 5000}, "/notes"),
        ({"notes": "bell \u0007"}, "/notes"),
        ({"queue": "nowhere"}, "/queue"),
        ({"severity": 3}, "/severity"),
    ],
)
def test_an_alert_that_is_wrong_opens_no_case(cast, changes, pointer):
    alert = {**an_alert(a_posted_transaction(cast.ivan)), **changes}
    before = counts(cast)
    response = post_alert(cast.ivan, alert)
    assert response.status_code in {400, 404, 422}, response.content
    assert_problem(response, response.status_code)
    assert pointer in pointers(response), response.content
    assert counts(cast) == before


def test_a_transaction_of_another_tenant_is_unknown(cast):
    theirs = a_posted_transaction(cast.igor)
    response = post_alert(cast.ivan, an_alert(theirs))
    assert "/transaction" in pointers(response)
    assert counts(cast)[4] == 0


@pytest.mark.parametrize("case_id", ["00000000-0000-7000-8000-000000000000", "1", "..%2f..", "T-1001"])
def test_a_forged_case_id_is_not_found(cast, case_id):
    assert_problem(cast.ivan.client.get(f"/api/v1/cases/{case_id}"), 404)


@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("cursor=abc", "/cursor"),
        ("cursor=cD1hYmM%3D", "/cursor"),  # p=abc, well formed and made up
        ("page_size=x", "/page_size"),
        ("page_size=0", "/page_size"),
        ("page_size=201", "/page_size"),
        ("state=lost", "/state"),
        ("min_risk=high", "/min_risk"),
        ("assignee=nobody", "/assignee"),
        ("created_after=0001-01-01T00:00:00%2B23:59", "/created_after"),
        ("created_before=9999-12-31T23:59:59-23:59", "/created_before"),
        ("queue=%00", "/queue"),
        ("stat=decided", "/stat"),
    ],
)
def test_a_bad_query_is_refused_by_name(cast, query, pointer):
    response = cast.ivan.client.get(f"/api/v1/cases?{query}")
    assert_problem(response, 400)
    assert pointers(response) == [pointer]


def test_a_made_up_cursor_in_a_trail_is_refused(cast):
    case = a_case_in_review(cast.northgate)
    assert_problem(cast.ivan.client.get(f"/api/v1/cases/{case.id}/trail?cursor=cD1hYmM%3D"), 400)


def test_a_repeated_name_among_many_is_found_at_once(cast):
    """Looking through all names for each name would take minutes here."""
    names = ",".join(f'"n{number}":1' for number in range(100_000))
    started = time.monotonic()
    response = post(cast.ivan, TRANSACTIONS, f'{{{names},"n99999":2}}')
    assert_problem(response, 400)
    assert "'n99999' is given twice" in response.json()["detail"]
    assert time.monotonic() - started < 20


def test_of_many_unknown_names_a_few_are_listed(cast):
    body = {f"n{number}": 1 for number in range(100_000)}
    response = post(cast.ivan, TRANSACTIONS, body)
    assert_problem(response, 400)
    assert len(response.content) < 10_000


def test_a_post_to_an_unknown_address_is_not_found(cast):
    client = Client(enforce_csrf_checks=True, headers={"Authorization": f"Bearer {cast.ivan.secret}"})
    assert_problem(client.post("/api/v1/nowhere", "{}", content_type="application/json"), 404)


@pytest.mark.parametrize("path", ["openapi", "docs/"])
def test_a_stranger_gets_a_problem_from_the_documentation_too(cast, path):
    assert_problem(Client().get(f"/api/v1/{path}"), 401)


@pytest.mark.parametrize("changes", [{"version": "1"}, {"version": True}, {"approve": "yes"}, {"approve": 1}])
def test_an_approval_is_given_in_plain_types(cast, changes):
    case = a_case_in_review(cast.northgate)
    body = {"version": case.version, "approve": True, **changes}
    response = cast.lena.client.post(f"/api/v1/cases/{case.id}/approvals", body, content_type="application/json")
    assert_problem(response, 400)
    assert pointers(response) == [f"/{next(iter(changes))}"]


def test_naughty_text_is_kept_as_it_was(cast):
    name = "Robert'); DROP TABLE students;-- <script>alert(1)</script> ‮ ﷽ 🏴‍☠️ Ω≈ç√"
    a_posted_transaction(cast.ivan, merchant={"id": "M-naughty", "name": name})
    with cast.northgate.scope():
        assert Merchant.objects.get(external_id="M-naughty").name == name


def test_an_alert_needs_an_idempotency_key(cast):
    response = post(cast.ivan, ALERTS, an_alert(a_posted_transaction(cast.ivan)))
    assert_problem(response, 400)
    assert "Idempotency-Key" in response.json()["detail"]
