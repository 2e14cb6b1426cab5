"""Runs: claimed once, finished once, found again when their worker or their message is lost."""

from datetime import timedelta

import pytest
from django.db.models.functions import Now

from fintech_ai.cases.models import Case, Recommendation, Run, RunState
from fintech_ai.cases.services import run_claim, run_fail, run_finish, runs_to_ring
from fintech_ai.cases.states import CaseState
from tests.support.cases import a_draft, a_received_case

pytestmark = pytest.mark.django_db


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


@pytest.fixture
def run(house):
    return a_received_case(house).runs.get()


def let_lease_expire(run):
    Run.objects.filter(id=run.id).update(lease_until=Now() - timedelta(seconds=1), wake_at=Now() - timedelta(seconds=1))


def test_a_run_is_claimed_once(house, run):
    assert run_claim(actor=house.worker, run_id=run.id).tries == 1
    assert run_claim(actor=house.worker, run_id=run.id) is None


def test_a_run_whose_lease_has_expired_is_claimed_again(house, run):
    run_claim(actor=house.worker, run_id=run.id)
    let_lease_expire(run)
    assert run_claim(actor=house.worker, run_id=run.id).tries == 2


def test_finishing_stores_the_recommendation_and_opens_the_review(house, run):
    claim = run_claim(actor=house.worker, run_id=run.id)
    recommendation = run_finish(actor=house.worker, claim=claim, draft=a_draft())
    case = Case.objects.get(id=run.case_id)
    assert case.state == CaseState.IN_REVIEW
    assert (case.recommendation, case.risk) == (recommendation, 91)
    assert [claim.supported for claim in recommendation.claims.all()] == [True, False]


def test_a_worker_that_was_taken_for_dead_can_no_longer_finish(house, run):
    late = run_claim(actor=house.worker, run_id=run.id)
    let_lease_expire(run)
    current = run_claim(actor=house.worker, run_id=run.id)
    assert run_finish(actor=house.worker, claim=late, draft=a_draft()) is None
    assert run_finish(actor=house.worker, claim=current, draft=a_draft()) is not None
    assert Recommendation.objects.filter(case=run.case_id).count() == 1


def test_a_finished_run_is_never_claimed(house, run):
    claim = run_claim(actor=house.worker, run_id=run.id)
    run_finish(actor=house.worker, claim=claim, draft=a_draft())
    assert run_claim(actor=house.worker, run_id=run.id) is None
    assert run_finish(actor=house.worker, claim=claim, draft=a_draft()) is None


def test_a_failed_try_waits_for_the_next(house, run):
    claim = run_claim(actor=house.worker, run_id=run.id)
    run_fail(actor=house.worker, claim=claim, error="ValueError")
    run.refresh_from_db()
    assert (run.state, run.error) == (RunState.WAITING, "ValueError")
    assert run_claim(actor=house.worker, run_id=run.id).tries == 2


def test_after_the_last_try_a_person_gets_the_case_without_a_recommendation(house, run, settings):
    settings.RUN_MAX_TRIES = 2
    for _ in range(2):
        claim = run_claim(actor=house.worker, run_id=run.id)
        run_fail(actor=house.worker, claim=claim, error="ValueError")
    run.refresh_from_db()
    case = Case.objects.get(id=run.case_id)
    assert run.state == RunState.FAILED
    assert (case.state, case.recommendation) == (CaseState.IN_REVIEW, None)


def rung_for():
    return [claim.run_id for _, claim in runs_to_ring()]


def test_the_sweep_leaves_a_fresh_run_alone(house, run):
    assert run.id not in rung_for()


def test_the_sweep_rings_for_a_run_whose_message_was_lost_and_then_waits(house, run):
    Run.objects.filter(id=run.id).update(wake_at=Now() - timedelta(seconds=1))
    assert run.id in rung_for()
    assert run.id not in rung_for()


def test_the_sweep_rings_for_a_run_whose_worker_was_lost(house, run):
    run_claim(actor=house.worker, run_id=run.id)
    let_lease_expire(run)
    assert run.id in rung_for()


def test_the_sweep_leaves_finished_runs_alone(house, run):
    claim = run_claim(actor=house.worker, run_id=run.id)
    run_finish(actor=house.worker, claim=claim, draft=a_draft())
    Run.objects.filter(id=run.id).update(wake_at=Now() - timedelta(days=1))
    assert run.id not in rung_for()
