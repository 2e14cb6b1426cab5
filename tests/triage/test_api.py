"""The REST edge of triage: what is right comes through, what is wrong is named and leaves nothing behind."""

import json

import pytest
from django.urls import reverse

from fintech_ai.cases.models import Case
from tests.triage.build import a_row, imported
from triage.models import Alert, Transaction

MANY = 1_000


def a_payment(number: int = 0, **changes) -> dict:
    """A transaction as an integrator posts it."""
    fields = {
        "id": f"tx-{number}",
        "customer": {"id": "c-1", "home_country": "US"},
        "merchant": {"id": "m-1", "name": "Harber Inc", "category": "grocery"},
        "occurred_at": "2026-03-14T02:41:00Z",
        "amount": "60.00",
        "currency": "USD",
        "channel": "card_not_present",
    }
    return {**fields, **changes}


def an_alert_body(**changes) -> dict:
    return {"transaction": "tx-0", "channel": "monitoring", "raised_by": "Rule 7: velocity", **changes}


def post(client, name: str, body, **headers):
    content = body if isinstance(body, str | bytes) else json.dumps(body)
    return client.post(reverse(name), content, content_type="application/json", headers=headers)


def post_payments(client, body, **headers):
    return post(client, "api-triage-transactions", body, **headers)


def post_alert(client, body, key: str = "key-1"):
    return post(client, "api-triage-alerts", body, **{"Idempotency-Key": key})


def pointers(response) -> list[str]:
    assert response.headers["Content-Type"] == "application/problem+json", response.content
    return [error["pointer"] for error in response.json()["errors"]]


@pytest.fixture
def client(cast):
    return cast.ivan.client


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"transactions": rows}], ids=["list", "object"])
def test_a_thousand_transactions_in_one_call(cast, client, wrap):
    response = post_payments(client, wrap([a_payment(n) for n in range(MANY)]))
    assert (response.status_code, response.json()) == (200, {"created": MANY, "already_there": 0})
    again = post_payments(client, wrap([a_payment(n) for n in range(MANY)]))
    assert again.json() == {"created": 0, "already_there": MANY}
    with cast.northgate.scope():
        assert Transaction.objects.count() == MANY


WRONG = [
    ({"amount": "12,50"}, "amount"),
    ({"amount": "-12.50"}, "amount"),
    ({"amount": "NaN"}, "amount"),
    ({"amount": True}, "amount"),
    ({"amount": None}, "amount"),
    ({"amount": "1.234"}, "amount"),
    ({"amount": "1e400"}, "amount"),
    ({"amount": {"value": 1}}, "amount"),
    ({"currency": "DOL"}, "currency"),
    ({"currency": 840}, "currency"),
    ({"currency": "DOLLAR"}, "currency"),
    ({"occurred_at": "2036-03-14T02:41:00Z"}, "occurred_at"),
    ({"occurred_at": "2026-03-14T02:41:00"}, "occurred_at"),
    ({"occurred_at": "yesterday"}, "occurred_at"),
    ({"occurred_at": 1773456060}, "occurred_at"),
    ({"channel": "pigeon"}, "channel"),
    ({"channel": ["card_present"]}, "channel"),
    ({"rail": ""}, "rail"),
    ({"latitude": "51.2", "longitude": 1}, "latitude"),
    ({"latitude": True, "longitude": 1}, "latitude"),
    ({"latitude": 51.2}, "longitude"),
    ({"latitude": 10**400, "longitude": 1}, "latitude"),
    ({"country": "usa"}, "country"),
    ({"country": "us"}, "country"),
    ({"id": ""}, "id"),
    ({"id": "x" * 101}, "id"),
    ({"id": "a\x00b"}, "id"),
    ({"id": 7}, "id"),
    ({"device_id": "x" * 101}, "device_id"),
    ({"customer": "c-1"}, "customer"),
    ({"customer": {}}, "customer/id"),
    ({"customer": {"id": "c", "nmae": "typo"}}, "customer/nmae"),
    ({"customer": {"id": "c", "since": "2036-01-01"}}, "customer/since"),
    ({"customer": {"id": "c", "name": "\x00"}}, "customer/name"),
    ({"merchant": {"id": "m", "country": "UK"}}, "merchant/country"),
    ({"amout": "60"}, "amout"),
    ({"reported_fraud_at": "2026-03-13T02:41:00Z"}, "reported_fraud_at"),
]


@pytest.mark.parametrize(("changes", "path"), WRONG, ids=[f"{path}-{n}" for n, (_, path) in enumerate(WRONG)])
def test_what_is_wrong_is_named_by_its_place(cast, client, changes, path):
    rows = [a_payment(1), a_payment(2, **changes)]
    response = post_payments(client, {"transactions": rows})
    assert response.status_code == 400
    assert pointers(response) == [f"/transactions/1/{path}"]
    assert pointers(post_payments(client, rows)) == [f"/1/{path}"]
    with cast.northgate.scope():
        assert not Transaction.objects.exists()


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[{]",
        '"text"',
        "null",
        "7",
        "[]",
        "{}",
        '{"transactions": []}',
        '{"transactions": {}}',
        '{"transactions": [null]}',
        "[[]]",
        '[{"amount": NaN}]',
        b"\xff\xfe",
    ],
)
def test_a_body_that_is_no_list_of_transactions_is_refused(client, body):
    response = post_payments(client, body)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize("wrap", [lambda rows: rows, lambda rows: {"transactions": rows}], ids=["list", "object"])
def test_more_than_a_thousand_are_refused(cast, client, wrap):
    response = post_payments(client, wrap([a_payment(n) for n in range(MANY + 1)]))
    assert response.status_code == 400
    with cast.northgate.scope():
        assert not Transaction.objects.exists()


def test_the_same_id_with_other_content_is_a_conflict(client):
    post_payments(client, [a_payment(0)])
    response = post_payments(client, [a_payment(1), a_payment(0, amount="61.00")])
    assert response.status_code == 409
    assert "tx-0 (row 1)" in response.json()["detail"]


def test_nobody_posts_without_a_token_and_analysts_not_at_all(cast, client):
    assert post_payments(type(client)(), [a_payment()]).status_code == 401
    assert post_payments(cast.alice.client, [a_payment()]).status_code == 403


def test_an_alert_is_accepted_and_read_back(cast, client):
    post_payments(client, [a_payment(0)])
    response = post_alert(client, an_alert_body(id="A-1", notes="Customer\nnot reached."))
    assert response.status_code == 202, response.content
    body = response.json()
    assert body["state"] == "received"
    assert body["case"]["page"].endswith(f"/cases/{body['case']['id']}/")
    assert body["case"]["url"].endswith(f"/api/v1/cases/{body['case']['id']}")
    read = client.get(response.headers["Location"])
    assert read.status_code == 200
    assert read.headers["Retry-After"]
    assert read.json()["notes"] == "Customer\nnot reached."
    assert read.json()["recommendation"] is None


def test_a_repeat_gives_the_same_answer_and_no_second_case(cast, client):
    post_payments(client, [a_payment(0)])
    first, second = post_alert(client, an_alert_body()), post_alert(client, an_alert_body())
    assert (first.status_code, first.json()) == (second.status_code, second.json())
    assert second.headers["Location"] == first.headers["Location"]
    assert post_alert(client, an_alert_body(notes="more")).status_code == 422
    with cast.northgate.scope():
        assert Case.objects.count() == Alert.objects.count() == 1


def test_an_alert_needs_a_key(client):
    response = post(client, "api-triage-alerts", an_alert_body())
    assert response.status_code == 400
    assert "Idempotency-Key" in response.json()["detail"]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"transaction": "tx-9"}, "/transaction"),
        ({"transaction": ""}, "/transaction"),
        ({"transaction": None}, "/transaction"),
        ({"channel": "smoke"}, "/channel"),
        ({"raised_by": ""}, "/raised_by"),
        ({"raised_by": "x" * 101}, "/raised_by"),
        ({"notes": "x" * 4001}, "/notes"),
        ({"notes": "\x00"}, "/notes"),
        ({"notes": ["a"]}, "/notes"),
        ({"queue": "elsewhere"}, "/queue"),
        ({"transacton": "tx-0"}, "/transacton"),
    ],
)
def test_what_is_wrong_with_an_alert_is_named_and_nothing_is_stored(cast, client, changes, pointer):
    post_payments(client, [a_payment(0)])
    response = post_alert(client, an_alert_body(**changes))
    assert response.status_code == 400
    assert pointers(response) == [pointer]
    with cast.northgate.scope():
        assert not Case.objects.exists()
    assert post_alert(client, an_alert_body()).status_code == 202, "a corrected request may use its key again"


def test_an_open_case_is_named_in_the_conflict(client):
    post_payments(client, [a_payment(0)])
    case = post_alert(client, an_alert_body()).json()["case"]
    response = post_alert(client, an_alert_body(raised_by="Another rule"), key="key-2")
    assert response.status_code == 409
    assert case["reference"] in response.json()["detail"]
    assert f"/cases/{case['id']}/" in response.json()["detail"]


def test_another_tenant_sees_neither_transaction_nor_alert(cast, client):
    post_payments(client, [a_payment(0)])
    stranger = cast.igor.client
    assert pointers(post_alert(stranger, an_alert_body())) == ["/transaction"]
    location = post_alert(client, an_alert_body()).headers["Location"]
    assert stranger.get(location).status_code == 404
    assert cast.charlie.client.get(location).status_code == 404
    assert cast.alice.client.get(location).status_code == 200


def test_a_transaction_that_was_stored_by_other_means_is_known_too(cast, client):
    with cast.northgate.scope():
        imported(cast.northgate, a_row(0))
    assert post_alert(client, an_alert_body()).status_code == 202
