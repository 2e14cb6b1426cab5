"""A provider that keeps failing is left alone, by all processes, and tried out carefully."""

import time
import uuid

import pytest

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import admission
from fintech_ai.gateway.admission import keys
from fintech_ai.gateway.admission.health import target_health
from fintech_ai.gateway.models import DegradedReason
from tests.support.admission import a_target, all_at_once, enter

pytestmark = pytest.mark.usefixtures("committed_db")

OPEN_SECONDS = 0.2


@pytest.fixture(autouse=True)
def short_times(settings):
    settings.MODEL_BREAKER_OPEN_SECONDS = OPEN_SECONDS


@pytest.fixture
def tenant():
    return uuid.uuid4()


@pytest.fixture
def target():
    return a_target()


def ask(tenant, target, *, ok):
    """A request and how it went; the refusal if it was not let in."""
    entered = enter(tenant, target=target)
    if isinstance(entered, admission.Entered):
        admission.leave(entered, ok=ok, settle=0)
    return entered


def trip(tenant, target):
    for _ in range(5):
        ask(tenant, target, ok=False)
    assert target_health(target).state == "open"


def wait_until_half_open(target):
    time.sleep(target_health(target).open_seconds + 0.01)


def test_five_failures_open_it_and_requests_are_refused_at_once(tenant, target):
    for _ in range(5):
        assert isinstance(ask(tenant, target, ok=False), admission.Entered)
    refused = ask(tenant, target, ok=True)
    assert refused.reason == DegradedReason.CIRCUIT_OPEN
    assert 0 < refused.wait_seconds <= 1.25 * OPEN_SECONDS


def test_others_models_of_the_same_provider_are_not_concerned(tenant, target):
    trip(tenant, target)
    assert isinstance(ask(tenant, a_target(), ok=True), admission.Entered)


def test_it_counts_the_share_of_failures_and_not_only_those_in_a_row(tenant, target):
    for position in range(16):
        ask(tenant, target, ok=position % 4 == 0)
    assert target_health(target).state == "open"


def test_half_of_a_few_failing_may_be_chance_and_does_not_open_it(tenant, target):
    for position in range(24):
        ask(tenant, target, ok=position % 2 == 0)
    assert target_health(target).state == "closed"


def test_a_few_failures_among_many_successes_do_not_open_it(tenant, target):
    for position in range(40):
        ask(tenant, target, ok=position % 4 != 0)
    health = target_health(target)
    assert (health.state, health.answered, health.failed) == ("closed", 30, 10)


def test_what_says_nothing_about_health_is_not_counted(tenant, target):
    for _ in range(20):
        ask(tenant, target, ok=None)
    health = target_health(target)
    assert (health.state, health.answered, health.failed) == ("closed", 0, 0)


def test_reporting_again_is_not_counted_again(tenant, target):
    entered = enter(tenant, target=target)
    for _ in range(9):
        admission.leave(entered, ok=False)
    assert target_health(target).failed == 1


def test_half_open_it_lets_two_probes_in_at_a_time(tenant, target):
    trip(tenant, target)
    wait_until_half_open(target)
    answers = all_at_once(lambda _: enter(tenant, target=target), 12)
    probes = [answer for answer in answers if isinstance(answer, admission.Entered)]
    assert [probe.probe for probe in probes] == [True, True]
    assert {answer.reason for answer in answers if answer not in probes} == {DegradedReason.CIRCUIT_OPEN}


def test_two_good_probes_close_it(tenant, target):
    trip(tenant, target)
    wait_until_half_open(target)
    ask(tenant, target, ok=True)
    assert target_health(target).state == "half_open"
    ask(tenant, target, ok=True)
    assert target_health(target).state == "closed"
    assert not ask(tenant, target, ok=True).probe


def test_a_failing_probe_opens_it_again_for_about_twice_as_long(tenant, target):
    trip(tenant, target)
    for row in (2, 4):
        wait_until_half_open(target)
        assert ask(tenant, target, ok=False).probe
        health = target_health(target)
        assert health.state == "open"
        assert 0.7 * row * OPEN_SECONDS < health.open_seconds <= 1.25 * row * OPEN_SECONDS


def test_a_probe_that_says_nothing_gives_its_place_back(tenant, target):
    trip(tenant, target)
    wait_until_half_open(target)
    for _ in range(3):
        assert ask(tenant, target, ok=None).probe
    assert target_health(target).state == "half_open"


def test_a_probe_whose_worker_died_does_not_keep_its_place(tenant, target, settings, monkeypatch):
    settings.MODEL_ATTEMPT_SECONDS = 0.2
    monkeypatch.setattr("fintech_ai.gateway.admission.gate.PROBE_GRACE_SECONDS", 0.1)
    trip(tenant, target)
    wait_until_half_open(target)
    for _ in range(2):
        assert enter(tenant, target=target).probe
    refused = enter(tenant, target=target)
    assert refused.reason == DegradedReason.CIRCUIT_OPEN
    assert refused.wait_seconds <= 0.3
    time.sleep(refused.wait_seconds + 0.01)
    assert enter(tenant, target=target).probe


def test_what_began_before_it_opened_says_nothing_about_now(tenant, target):
    late = [enter(tenant, target=target) for _ in range(6)]
    trip(tenant, target)
    wait_until_half_open(target)
    for entered in late:
        admission.leave(entered, ok=True)
    assert target_health(target).state == "half_open"
    for _ in range(2):
        ask(tenant, target, ok=True)
    for entered in late:
        admission.leave(entered, ok=False)
    assert target_health(target).state == "closed"


def test_the_periods_differ_so_that_not_all_come_back_together(tenant):
    targets = [a_target() for _ in range(8)]
    for target in targets:
        trip(tenant, target)
    ends = {redis_client().hget(keys.breaker(target), "until") for target in targets}
    assert len(ends) == 8


def test_all_that_it_keeps_goes_away_by_itself(tenant, target):
    trip(tenant, target)
    wait_until_half_open(target)
    enter(tenant, target=target, rate=60)
    names = list(redis_client().scan_iter(f"{keys.PREFIX}:*{target.label}*"))
    names += list(redis_client().scan_iter(f"{keys.PREFIX}:*{tenant}*"))
    assert len(names) >= 5
    assert [name for name in names if redis_client().ttl(name) < 0] == []
