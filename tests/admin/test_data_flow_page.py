"""The data-flow map says what the catalogue and the configuration say, and nothing else."""

import csv
from datetime import date
from io import StringIO

import pytest
from django.urls import reverse

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.gateway import configuration
from fintech_ai.gateway.models import Route
from fintech_ai.privacy.catalogue import catalogue
from tests.support.cast import a_review

pytestmark = pytest.mark.django_db


@pytest.fixture
def url():
    return reverse("admin:data_flow")


@pytest.fixture
def page(cast, url):
    return lambda **query: cast.cora.client.get(url, query).content.decode()


def in_force(cast, proposal) -> None:
    with cast.northgate.scope():
        approve(actor=cast.colin.actor, proposal=propose(actor=cast.cora.actor, proposal=proposal))
    configuration.forget()


def test_without_a_provider_nothing_leaves(page, settings):
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = settings.ANTHROPIC_API_KEY = ""
    assert "Nobody: no provider is configured" in page()


def test_it_names_the_vendor_its_region_and_how_long_it_keeps(cast, page, settings):
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-secret-key", ""
    in_force(cast, a_review(legal_name="OpenAI Ireland Ltd", region="EU (Ireland)", retention="30 days"))
    shown = page()
    for text in ("OpenAI Ireland Ltd", "EU (Ireland)", "30 days", "api.openai.com", "current until 31 December 2099"):
        assert text in shown
    assert "sk-secret-key" not in shown


def test_a_review_that_has_ended_is_said_in_words(cast, page, settings):
    settings.OPENAI_API_KEY, settings.OPENAI_BASE_URL = "sk-test", ""
    in_force(cast, a_review(reviewed_on=date(2024, 1, 1), valid_until=date(2024, 12, 31)))
    assert "The review of OpenAI ended on 31 December 2024." in page()


def test_it_follows_the_route(cast, page, settings):
    settings.OPENAI_API_KEY, settings.ANTHROPIC_API_KEY = "sk-test", "sk-test"
    in_force(cast, Route(endpoint="triage.recommend", targets=["anthropic/claude-sonnet-4-5"], why="A test"))
    shown = page(endpoint="triage.recommend")
    assert "anthropic/claude-sonnet-4-5" in shown
    assert "openai/" not in shown


def test_notes_leave_masked_only(page):
    assert "triage.read_notes, masked" in page(leaves="yes", **{"class": "content"})


def test_what_leaves_can_be_looked_at_alone(page):
    shown = page(leaves="yes")
    assert "password" not in shown.partition("Fields (")[2]
    assert "password" in page(leaves="no")


def test_the_csv_holds_every_field_once(cast, url):
    response = cast.cora.client.get(url, {"format": "csv"})
    rows = list(csv.DictReader(StringIO(response.content.decode())))
    assert response["Content-Type"].startswith("text/csv")
    listed = {(source, name) for source, names in catalogue().fields.items() for name in names}
    assert {(row["source"], row["field"]) for row in rows} == listed and len(rows) == len(listed)
    (secret,) = [row for row in rows if (row["source"], row["field"]) == ("accounts.User", "password")]
    assert (secret["class"], secret["leaves for"]) == ("secret", "")


def test_it_is_for_compliance_alone(cast, url):
    assert cast.alice.client.get(url).status_code == 404
    assert cast.cora.client.post(url).status_code == 405
