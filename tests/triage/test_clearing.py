"""Automatic clearing: a promise on frauds missed that is kept, a slice for people, and reasons to stop."""

from datetime import timedelta
from decimal import Decimal

import numpy as np
import pytest
from django.db import DatabaseError, transaction
from django.utils import timezone

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.audit.models import AuditEvent
from fintech_ai.cases.capability import capability_named
from fintech_ai.cases.models import Case, Decision
from fintech_ai.cases.services import case_decide, case_take, run_claim, run_finish
from fintech_ai.cases.states import CaseState
from fintech_ai.cases.trail import trail_entries
from fintech_ai.core.errors import InvalidInput
from fintech_ai.core.tenancy import tenant_scope
from tests.support.cases import a_draft
from tests.triage.build import a_row, an_alert, imported
from tests.triage.trained import a_scorer, a_trained_model, examples
from triage.automation.drift import SHIFTED, misses_too_many, shift
from triage.automation.threshold import FAILS, clearing_threshold, frauds_needed
from triage.models import Clearing, ClearingCheck, ClearingPolicy, ScoringChoice
from triage.scoring.columns import COLUMNS
from triage.services import clearing, clearing_check, policies_in_force
from triage.tasks import check_clearing

LOW, HIGH = 0.0, 6.0


class TestThreshold:
    @pytest.mark.parametrize(("known", "miss"), [(300, 0.05), (1_000, 0.05), (150, 0.1)])
    def test_a_period_breaks_the_promise_as_rarely_as_it_says(self, known, miss):
        dice, periods, broken = np.random.default_rng(3), 4_000, 0
        for _ in range(periods):
            threshold = clearing_threshold(list(dice.random(known)), miss=miss, frauds_a_week=100)
            broken += (dice.random(100) < threshold).sum() > miss * 100
        assert broken / periods < 1.5 * FAILS

    def test_it_uses_what_the_promise_allows(self):
        dice = np.random.default_rng(4)
        missed = [clearing_threshold(list(dice.random(5_000)), miss=0.05, frauds_a_week=600) for _ in range(50)]
        assert 0.025 < np.mean(missed) < 0.05

    def test_there_is_one_from_as_many_frauds_as_it_says_are_needed(self):
        for miss in (0.02, 0.05, 0.2):
            needed = frauds_needed(miss=miss)
            assert clearing_threshold([0.5] * needed, miss=miss, frauds_a_week=10) == 0.5
            assert clearing_threshold([0.5] * (needed - 1), miss=miss, frauds_a_week=10) is None
        assert clearing_threshold([], miss=0.05, frauds_a_week=0) is None

    def test_a_promise_of_none_needs_no_threshold_that_frauds_reach(self):
        assert clearing_threshold([0.1] * 1_000, miss=0.0, frauds_a_week=100) is None


class TestDrift:
    def test_misses_are_held_against_the_promise(self):
        assert not misses_too_many(missed=0, frauds=0, miss=0.05)
        assert not misses_too_many(missed=8, frauds=100, miss=0.05)
        assert misses_too_many(missed=15, frauds=100, miss=0.05)

    def test_a_shift_is_seen_and_chance_is_not_taken_for_one(self):
        dice = np.random.default_rng(5)
        before = dice.beta(1, 30, 2_000)
        assert shift(before, dice.beta(1, 30, 400)) < SHIFTED / 2
        assert shift(before, dice.beta(2, 20, 400)) > SHIFTED

    def test_equal_chances_do_not_divide_by_zero(self):
        assert shift([0.1] * 300, [0.1] * 300) == pytest.approx(0)


@pytest.fixture
def house(cast):
    with tenant_scope(cast.northgate.tenant.id):
        a_trained_model()
        put_in_force(cast.northgate, ScoringChoice(model_sha256=a_scorer().sha256, why="For the tests"))
        yield cast.northgate


def put_in_force(house, proposal):
    first, second = house.people["cora"].actor, house.people["colin"].actor
    return approve(actor=second, proposal=propose(actor=first, proposal=proposal))


def a_policy(house, **changes):
    fields = {"queue": house.queue.slug, "max_miss_percent": Decimal(20), "audit_percent": 1, "why": "For the tests"}
    return put_in_force(house, ClearingPolicy(**{**fields, **changes}))


_numbers = iter(range(10**6))


def a_case(house, columns, *, days_ago=0.0, fraud=False, decision="clear", alert=None, **row):
    """A case of a payment with these columns, recommended by the chance of the model in force."""
    at = timezone.now() - timedelta(days=days_ago)
    fields = {"occurred_at": at, "reported_fraud_at": at + timedelta(days=1) if fraud else None, **row}
    (payment,) = imported(house, a_row(next(_numbers), **fields))
    case_id = an_alert(house, payment.external_id, **(alert or {})).case_id
    claim = run_claim(actor=house.worker, run_id=Case.objects.get(id=case_id).runs.get().id)
    scoring = {
        "probability": float(a_scorer().probabilities([columns])[0]),
        "model_sha256": a_scorer().sha256,
        "columns": dict(zip(COLUMNS, map(float, columns), strict=True)),
    }
    draft = a_draft(decision=decision, risk=3, inputs={"scoring": scoring})
    run_finish(actor=house.worker, claim=claim, draft=draft)
    return Case.objects.select_related("recommendation").get(id=case_id)


def ratio(value):
    """Columns of which the model reads little but this one."""
    row = examples(1)
    row.rows[0][COLUMNS.index("ratio_to_median")] = value
    return row.rows[0]


def a_past(house, *, harmless=4, frauds=24, days_ago=14):
    """Cases whose outcome is known."""
    for _ in range(harmless):
        a_case(house, ratio(LOW), days_ago=days_ago, decision="review")
    for _ in range(frauds):
        a_case(house, ratio(HIGH), days_ago=days_ago, decision="review", fraud=True)


@pytest.fixture
def on(house):
    """A policy that is followed."""
    a_past(house)
    policy = a_policy(house)
    check = clearing_check(actor=house.worker, policy=policy)
    assert check.is_on, check.why
    return policy


def events(action):
    return list(AuditEvent.objects.filter(action=action))


class TestFollowing:
    def test_a_harmless_case_is_decided_by_the_policy_and_says_so(self, house, on, sealed, monkeypatch):
        monkeypatch.setattr(clearing.secrets, "randbelow", lambda below: below - 1)
        case = a_case(house, ratio(LOW))
        assert (case.state, case.outcome, case.assignee_id) == (CaseState.DECIDED, "clear", None)
        decision = Decision.objects.get(case=case)
        assert decision.decided_by is None and not decision.is_override
        assert decision.decider == "Automatic clearing: at most 20% of frauds missed"
        assert Clearing.objects.get(case=case).check_followed.policy == on
        sealed()
        told = trail_entries(capability_named("triage"), case)[-1]
        assert told.what == "Decided by the written policy" and "at most 20%" in told.detail

    def test_a_slice_goes_to_people_who_cannot_tell(self, house, on, sealed):
        policy = a_policy(house, audit_percent=100)
        clearing_check(actor=house.worker, policy=policy)
        case = a_case(house, ratio(LOW))
        assert case.state == CaseState.IN_REVIEW
        assert Clearing.objects.get(case=case).for_audit
        sealed()
        assert len(events("clearing.drawn_for_people")) == 1
        told = " ".join(f"{entry.what} {entry.detail}" for entry in trail_entries(capability_named("triage"), case))
        assert "lear" not in told.replace("Clear, by the baseline", "")

    @pytest.mark.parametrize(
        ("columns", "changes"),
        [
            (ratio(HIGH), {}),
            (ratio(LOW), {"decision": "review"}),
            (ratio(LOW), {"alert": {"channel": "customer"}}),
            (ratio(LOW), {"amount": Decimal(500)}),
        ],
        ids=["likely", "not recommended", "reported by the customer", "too large"],
    )
    def test_what_may_not_be_cleared_goes_to_people(self, house, on, columns, changes):
        policy = a_policy(house, below_amount=Decimal(500))
        clearing_check(actor=house.worker, policy=policy)
        assert a_case(house, columns, **changes).state == CaseState.IN_REVIEW
        assert not Clearing.objects.exists()

    def test_without_a_policy_or_at_zero_nothing_is_cleared(self, house):
        assert a_case(house, ratio(LOW)).state == CaseState.IN_REVIEW
        a_policy(house, max_miss_percent=0)
        assert policies_in_force() == []
        assert a_case(house, ratio(LOW)).state == CaseState.IN_REVIEW

    def test_a_policy_that_nobody_has_checked_lately_is_not_followed(self, house, on, monkeypatch):
        monkeypatch.setattr(clearing, "CHECK_LASTS", timedelta(0))
        assert a_case(house, ratio(LOW)).state == CaseState.IN_REVIEW

    def test_another_model_has_to_be_checked_first(self, house, on):
        put_in_force(house, ScoringChoice(model_sha256="", why="Back to the baseline"))
        assert a_case(house, ratio(LOW)).state == CaseState.IN_REVIEW

    def test_a_fault_in_it_leaves_the_case_to_people(self, house, on, caplog):
        (payment,) = imported(house, a_row(next(_numbers), occurred_at=timezone.now()))
        case = Case.objects.get(id=an_alert(house, payment.external_id).case_id)
        claim = run_claim(actor=house.worker, run_id=case.runs.get().id)
        broken = {"scoring": {"model_sha256": a_scorer().sha256}}
        run_finish(actor=house.worker, claim=claim, draft=a_draft(decision="clear", risk=3, inputs=broken))
        case.refresh_from_db()
        assert case.state == CaseState.IN_REVIEW and case.recommendation is not None
        assert "could not be followed: KeyError" in caplog.text


class TestChecking:
    def test_it_says_what_is_missing(self, house):
        policy = a_policy(house)
        assert "at least" in clearing_check(actor=house.worker, policy=policy).why
        put_in_force(house, ScoringChoice(model_sha256="", why="Back to the baseline"))
        assert "No trained model" in clearing_check(actor=house.worker, policy=policy).why

    def test_the_newest_week_waits_until_its_outcomes_are_known(self, house):
        a_past(house, days_ago=3)
        check = clearing_check(actor=house.worker, policy=a_policy(house))
        assert (check.is_on, check.cases) == (False, 0)

    def test_what_the_teams_own_people_blocked_counts_as_fraud(self, house, on):
        alice = house.people["alice"].actor
        case = a_case(house, ratio(LOW), days_ago=10, decision="review")
        version = case_take(actor=alice, case_id=case.id).version
        case_decide(actor=alice, case_id=case.id, version=version, outcome="block", reason="known_pattern")
        before = on.checks.latest("checked_at").frauds
        assert Case.objects.get(id=case.id).outcome == "block"
        assert clearing_check(actor=house.worker, policy=on).frauds == before + 1

    def test_too_many_misses_stop_it_until_officers_approve_anew(self, house, on, monkeypatch):
        monkeypatch.setattr(clearing.secrets, "randbelow", lambda below: below - 1)
        missed = [a_case(house, ratio(LOW), days_ago=8) for _ in range(20)]
        assert {case.state for case in missed} == {CaseState.DECIDED}
        for case in missed:
            payment = case.alert.transaction
            type(payment).objects.filter(id=payment.id).update(reported_fraud_at=timezone.now())
        check = clearing_check(actor=house.worker, policy=on)
        assert (check.is_on, check.stops, check.missed) == (False, True, 20)
        assert "20 of" in check.why
        assert a_case(house, ratio(LOW)).state == CaseState.IN_REVIEW
        type(payment).objects.filter(id__in=[case.alert.transaction_id for case in missed]).update(
            reported_fraud_at=None
        )
        assert not clearing_check(actor=house.worker, policy=on).is_on
        assert clearing_check(actor=house.worker, policy=a_policy(house)).is_on

    def test_cases_unlike_those_before_stop_it(self, house, on, monkeypatch):
        monkeypatch.setattr(clearing, "FEWEST_TO_COMPARE", 20)
        for _ in range(20):
            a_case(house, ratio(2.5), days_ago=2, decision="review")
        check = clearing_check(actor=house.worker, policy=on)
        assert check.stops and check.shift > SHIFTED and "unlike" in check.why

    def test_the_hourly_task_checks_every_tenant(self, house, on):
        before = ClearingCheck.objects.count()
        assert check_clearing() >= 1
        assert ClearingCheck.objects.count() == before + 1

    def test_a_check_that_changes_something_is_recorded(self, house, on, sealed):
        sealed()
        data = events("clearing.checked")[-1].data
        assert data["to"] == {"on": True} and data["from"] == {"on": None} and data["queue"] == house.queue.slug


class TestPolicy:
    def test_it_is_for_a_queue_of_alerts_and_always_audits(self, house):
        for changes in ({"queue": "no-such"}, {"audit_percent": 0}, {"max_miss_percent": 50}):
            with pytest.raises(InvalidInput):
                a_policy(house, **changes)

    def test_checks_and_clearings_never_change(self, house, on):
        for rows in (ClearingCheck.objects.all(), on.checks.all()):
            with pytest.raises(DatabaseError), transaction.atomic():
                rows.update(is_on=True)
