"""The OpenAPI document: valid, and what the server really answers."""

import json

import jsonschema
import pytest
from django.core.management import call_command

from tests.api.requests import a_posted_transaction, a_transaction, an_alert, post_alert, post_transactions
from tests.support.cases import a_case_in_review

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def document():
    from drf_spectacular.generators import SchemaGenerator

    return json.loads(json.dumps(SchemaGenerator().get_schema(request=None, public=True), default=str))


def assert_matches(document, path, method, response):
    """The body is what the document promises for this status."""
    answers = document["paths"][path][method]["responses"]
    assert str(response.status_code) in answers, f"{response.status_code} is not documented: {sorted(answers)}"
    media_type = response["Content-Type"].split(";")[0]
    schema = answers[str(response.status_code)]["content"][media_type]["schema"]
    jsonschema.Draft202012Validator({**schema, "components": document["components"]}).validate(response.json())


def test_it_is_valid_and_complete(tmp_path):
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(tmp_path / "openapi.yaml"))


def test_it_is_version_3_1(document):
    assert document["openapi"].startswith("3.1")


def test_every_operation_names_how_to_authenticate_and_its_errors(document):
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert operation["security"], (path, method)
            assert {"401", "429"} <= set(operation["responses"]), (path, method)


def test_answers_are_what_it_promises(cast, document):
    triage = "/api/v1/triage"
    assert_matches(document, f"{triage}/transactions", "post", post_transactions(cast.ivan, a_transaction()))
    assert_matches(document, f"{triage}/transactions", "post", post_transactions(cast.ivan, {}))
    receipt = post_alert(cast.ivan, an_alert(a_posted_transaction(cast.ivan)))
    assert_matches(document, f"{triage}/alerts", "post", receipt)
    client = cast.ivan.client
    assert_matches(
        document, f"{triage}/alerts/{{alert_id}}", "get", client.get(f"{triage}/alerts/{receipt.json()['id']}")
    )
    case_id = receipt.json()["case"]["id"]
    assert_matches(document, "/api/v1/cases/{case_id}", "get", client.get(f"/api/v1/cases/{case_id}"))
    a_case_in_review(cast.northgate)
    assert_matches(document, "/api/v1/cases", "get", client.get("/api/v1/cases"))
    assert_matches(document, "/api/v1/queues", "get", client.get("/api/v1/queues"))
    assert_matches(document, "/api/v1/cases/{case_id}/trail", "get", client.get(f"/api/v1/cases/{case_id}/trail"))


def test_it_is_served_and_browsable(cast):
    assert cast.ivan.client.get("/api/v1/openapi").status_code == 200
    page = cast.alice.client.get("/api/v1/docs/")
    assert page.status_code == 200
    assert b"swagger" in page.content
