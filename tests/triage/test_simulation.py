"""Other rules on what has happened: the rules in force change nothing, and others change what they should."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.models import Case
from fintech_ai.cases.services import run_claim, run_finish
from fintech_ai.core.errors import InvalidInput, NotAllowed
from tests.triage.build import a_row, an_alert, imported
from tests.triage.trained import a_trained_model
from triage.baseline import risk_of
from triage.policy import Bounds, Verdict
from triage.scoring.live import columns_of, scorer_of
from triage.services import fraud_report_submit
from triage.simulation import ADDITIVE, Rules, simulate

ALERTS = 6


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


@pytest.fixture
def alerts(house):
    """Alerts that were really recommended on, the last of them reported as fraud since."""
    rows = [a_row(number) for number in range(ALERTS)]
    payments = imported(house, *rows)
    found = [an_alert(house, payment.external_id) for payment in payments]
    for alert in found:
        run = alert.case.runs.get()
        claim = run_claim(actor=house.worker, run_id=run.id)
        run.refresh_from_db()
        run_finish(actor=house.worker, claim=claim, draft=capability_named("triage").recommend(run))
    last = payments[-1]
    fraud_report_submit(
        actor=house.system.actor, transaction_id=last.external_id, kind="issuer", reported_at=last.occurred_at
    )
    return found


def replayed(cast, house, rules):
    now = timezone.now()
    return simulate(cast.lena.actor, house.queue, rules, since=now - timedelta(days=1), until=now)


def test_under_the_rules_in_force_nothing_changes(cast, house, alerts):
    found = replayed(cast, house, Rules())
    assert (found.replayed, found.changes, found.left_out) == (ALERTS, 0, 0)
    assert found.was == found.would and sum(found.frauds_was.values()) == 1


def test_lower_bounds_recommend_more_severely_and_name_the_cases(cast, house, alerts):
    found = replayed(cast, house, Rules(Bounds(review=0, escalate=0, block=101)))
    assert found.would == {Verdict.ESCALATE: ALERTS}
    assert found.changes == sum(count for verdict, count in found.was.items() if verdict != Verdict.ESCALATE)
    assert {each.case_id for each in found.changed} <= {alert.case_id for alert in alerts}
    assert found.frauds_would == {Verdict.ESCALATE: 1}


def test_another_model_ranks_by_its_own_chance(cast, house, alerts):
    model = a_trained_model()
    additive = replayed(cast, house, Rules(ranked_by=ADDITIVE))
    assert (additive.replayed, additive.changes) == (ALERTS, 0)
    by_model = replayed(cast, house, Rules(ranked_by=model.sha256))
    rows = [columns_of(alert.transaction) for alert in alerts]
    chances = scorer_of(house.tenant.id, model.sha256).probabilities(rows)
    assert by_model.replayed == sum(by_model.would.values()) == ALERTS
    assert {each.risk_would for each in by_model.changed} <= {round(risk_of(float(chance))) for chance in chances}
    with pytest.raises(InvalidInput):
        replayed(cast, house, Rules(ranked_by="0" * 64))


def test_nothing_is_written(cast, house, alerts):
    before = list(Case.objects.order_by("id").values()), AuditEvent.objects.count()
    replayed(cast, house, Rules(Bounds(review=0, escalate=0, block=0)))
    assert (list(Case.objects.order_by("id").values()), AuditEvent.objects.count()) == before


def test_a_blind_case_is_counted_and_not_named(cast, house, alerts):
    Case.objects.update(is_blind=True)
    found = replayed(cast, house, Rules(Bounds(review=0, escalate=0, block=101)))
    assert found.changes > 0 and found.changed == []


def test_only_leads_and_compliance_may(cast, house, alerts):
    address = reverse("triage-simulation", args=["triage"])
    assert cast.alice.client.get(address).status_code == 403
    assert cast.cora.client.get(address).status_code == 200
    now = timezone.now()
    with pytest.raises(NotAllowed):
        simulate(cast.ivan.actor, house.queue, Rules(), since=now, until=now)


def test_the_page_replays_and_says_what_is_wrong_with_the_rules(cast, house, alerts):
    address = reverse("triage-simulation", args=["triage"])
    lena = cast.lena.client
    assert f"0 of {ALERTS} alerts" in lena.get(address).content.decode()
    assert "would have been recommended otherwise" in lena.get(f"{address}?escalate=10&review=0").content.decode()
    assert "Each bound must be at least" in lena.get(f"{address}?escalate=99&block=50").content.decode()
    assert "Select a valid choice" in lena.get(f"{address}?ranked_by=nobody").content.decode()
    assert address in lena.get(reverse("queue", args=["triage"])).content.decode()
