"""The demo's data: what ships is what its README says, and it loads through the services."""

import gzip
import json
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.models import Case, Run
from triage.demo.load import ALERTS, HERE, raised, sample_rows
from triage.models import Alert, Customer, Transaction
from triage.rows import problems


def test_the_sample_is_the_newest_quarter_and_nothing_lies_in_the_future():
    now = timezone.now()
    rows = list(sample_rows(now=now))
    assert len(rows) == 6_330
    assert timedelta(0) <= now - rows[-1].occurred_at < timedelta(days=1)
    assert [row.occurred_at for row in rows] == sorted(row.occurred_at for row in rows)
    assert not [problem for row in rows for problem in problems(row, now=now)]


def test_a_fraud_is_known_a_week_later():
    reported = [row for row in sample_rows(now=timezone.now()) if row.reported_fraud_at]
    assert len(reported) == 93
    assert {row.reported_fraud_at - row.occurred_at for row in reported} == {timedelta(days=7)}


def test_the_rules_never_see_a_label():
    """The same payments with every label taken away raise the same alerts."""
    rows = list(sample_rows(now=timezone.now()))
    blind = [row.__class__(**{**vars(row), "reported_fraud_at": None}) for row in rows]
    assert [(row.id, rule) for row, rule in raised(rows)] == [(row.id, rule) for row, rule in raised(blind)]


def test_the_prefix_of_the_generator_is_gone():
    with gzip.open(HERE / "transactions.csv.gz", "rt") as file:
        assert "fraud_" not in file.read()
    assert "fraud_" not in (HERE / "tour" / "transactions.json").read_text()


def test_what_ships_is_small():
    assert sum(path.stat().st_size for path in HERE.rglob("*.*") if path.is_file()) < 1_500_000


@pytest.mark.slow
@pytest.mark.django_db
def test_it_loads_through_the_services_and_leaves_the_runs_to_the_worker(cast):
    house = cast.northgate
    with house.scope():
        capability_named("triage").load_demo(tenant=house.tenant, queue=house.queue)
        assert (Customer.objects.count(), Transaction.objects.count()) == (44, 6_330)
        assert Alert.objects.count() == Case.objects.count() == ALERTS
        assert Run.objects.filter(state="waiting").count() == ALERTS


@pytest.mark.slow
def test_the_tour_can_be_posted_as_it_stands(cast):
    client = cast.ivan.client
    transactions, alert = ((HERE / "tour" / name).read_text() for name in ("transactions.json", "alert.json"))
    assert len(json.loads(transactions)["transactions"]) == 1_000
    response = client.post(reverse("api-triage-transactions"), transactions, content_type="application/json")
    assert response.json() == {"created": 1_000, "already_there": 0}
    response = client.post(
        reverse("api-triage-alerts"), alert, content_type="application/json", headers={"Idempotency-Key": "tour"}
    )
    assert response.status_code == 202
