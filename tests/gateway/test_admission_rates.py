"""Callers wait their turn where a rate limit asks for it, and tenants take turns."""

import threading
import time
import uuid
from collections import Counter

import pytest

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import admission
from fintech_ai.gateway.admission import keys
from fintech_ai.gateway.admission.health import target_health
from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.protocol import RateWindow
from tests.support.admission import a_target, all_at_once, enter, money, until

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def tenant():
    return uuid.uuid4()


@pytest.fixture
def target():
    return a_target()


def limit_provider(settings, *, requests=0, tokens=0):
    settings.MODEL_PROVIDER_RATES = {"openai": (requests, tokens)}


def in_line(target):
    return redis_client().zcard(f"{keys.target_window(target)}:line")


def let_in(answers):
    return [answer for answer in answers if isinstance(answer, admission.Entered)]


def test_without_limits_nobody_waits(tenant, target):
    begun = time.monotonic()
    assert len(let_in(enter(tenant, target=target) for _ in range(50))) == 50
    assert time.monotonic() - begun < 2


@pytest.mark.parametrize("whose", ["provider", "tenant"])
def test_a_tenth_of_the_minutes_requests_may_come_at_once_and_no_more(tenant, target, settings, whose):
    if whose == "provider":
        limit_provider(settings, requests=60)
    answers = [enter(tenant, target=target, rate=60 if whose == "tenant" else 0) for _ in range(9)]
    assert len(let_in(answers)) == 6
    refused = answers[-1]
    assert refused.reason == DegradedReason.RATE_LIMITED
    assert 0.8 < refused.wait_seconds < 1.2


def test_a_refused_request_holds_nothing(tenant, target):
    enter(tenant, target=target, rate=1)
    assert enter(tenant, target=target, rate=1).reason == DegradedReason.RATE_LIMITED
    assert money(tenant) == (0, 100_000)


def test_no_minute_has_more_requests_than_the_limit(tenant, target, settings):
    """Time is made to pass a quarter of a second with each try: 10 at once, then 90 a minute."""
    limit_provider(settings, requests=100)
    key, moments, begun = keys.target_window(target), [], time.monotonic()
    for step in range(600):
        if isinstance(enter(tenant, target=target), admission.Entered):
            moments.append(time.monotonic() - begun + 0.25 * step)
        redis_client().hset(key, "at", float(redis_client().hget(key, "at")) - 0.25)
    assert 230 < len(moments) < 245
    assert max(sum(begin <= moment < begin + 60 for moment in moments) for begin in moments) in (99, 100)


def test_a_caller_waits_for_its_turn_within_its_deadline(tenant, target, settings):
    limit_provider(settings, requests=600)
    for _ in range(60):
        enter(tenant, target=target)
    begun = time.monotonic()
    assert isinstance(enter(tenant, target=target, wait=2), admission.Entered)
    assert 0.02 < time.monotonic() - begun < 1


def test_a_wait_beyond_the_deadline_is_refused_at_once(tenant, target, settings):
    limit_provider(settings, requests=6)
    enter(tenant, target=target)
    begun = time.monotonic()
    refused = enter(tenant, target=target, wait=5)
    assert refused.reason == DegradedReason.RATE_LIMITED
    assert refused.wait_seconds > 5
    assert time.monotonic() - begun < 0.5


def test_waiting_callers_are_let_in_one_by_one_and_all_of_them(tenant, target, settings):
    """40 callers at 20 a second: no stampede, and nobody is forgotten."""
    limit_provider(settings, requests=1200)
    for _ in range(120):
        enter(tenant, target=target)
    moments = []

    def ask(_):
        answer = enter(tenant, target=target, wait=10)
        moments.append(time.monotonic())
        return answer

    answers = all_at_once(ask, 40)
    assert len(let_in(answers)) == 40
    moments.sort()
    assert moments[-1] - moments[0] > 1.5
    busiest = max(sum(begin <= moment < begin + 0.5 for moment in moments) for begin in moments)
    assert busiest <= 14


def test_tokens_are_limited_too_and_given_back_if_they_were_fewer(tenant, target, settings):
    limit_provider(settings, tokens=60_000)
    first = enter(tenant, target=target, tokens=5_900)
    assert enter(tenant, target=target, tokens=1_000).reason == DegradedReason.RATE_LIMITED
    admission.leave(first, ok=True, tokens=900)
    assert isinstance(enter(tenant, target=target, tokens=1_000), admission.Entered)


def test_a_request_larger_than_the_minutes_tokens_is_refused_whatever_its_deadline(tenant, target, settings):
    limit_provider(settings, tokens=1_000)
    refused = enter(tenant, target=target, tokens=1_001, wait=60)
    assert refused == admission.Refused(DegradedReason.RATE_LIMITED)


def test_a_request_larger_than_the_bucket_gets_in_when_it_is_full(tenant, target, settings):
    limit_provider(settings, tokens=1_000)
    assert isinstance(enter(tenant, target=target, tokens=900), admission.Entered)
    assert enter(tenant, target=target, tokens=50).wait_seconds > 45


def test_what_a_provider_says_of_its_limits_is_learned(tenant, target):
    windows = (RateWindow("requests", 600, 0, 60.0), RateWindow("tokens", 30_000, 29_000, 2.0))
    admission.leave(enter(tenant, target=target), ok=True, windows=windows)
    health = target_health(target)
    assert (health.requests_per_minute, health.tokens_per_minute) == (600, 30_000)
    refused = enter(tenant, target=target)
    assert refused.reason == DegradedReason.RATE_LIMITED
    assert refused.wait_seconds < 0.2


def test_the_lower_of_the_configured_and_the_learned_limit_holds(tenant, target, settings):
    limit_provider(settings, requests=50)
    admission.leave(enter(tenant, target=target), ok=True, windows=(RateWindow("requests", 600, 599, 0.1),))
    assert target_health(target).requests_per_minute == 50
    admission.leave(enter(tenant, target=target), ok=True, windows=(RateWindow("requests", 20, 19, 0.1),))
    assert target_health(target).requests_per_minute == 20


def test_a_retry_after_pauses_the_target_for_everybody(tenant, target):
    admission.leave(enter(tenant, target=target), ok=None, retry_after=0.5)
    refused = enter(uuid.uuid4(), target=target)
    assert refused.reason == DegradedReason.RATE_LIMITED
    assert 0.3 < refused.wait_seconds < 0.7
    assert isinstance(enter(uuid.uuid4(), target=a_target()), admission.Entered)
    begun = time.monotonic()
    assert isinstance(enter(uuid.uuid4(), target=target, wait=3), admission.Entered)
    assert 0.2 < time.monotonic() - begun < 1


def test_after_a_pause_the_waiting_do_not_all_come_at_once(tenant, target):
    admission.leave(enter(tenant, target=target), ok=None, retry_after=0.5)
    paused, moments = time.monotonic() + 0.5, []

    def ask(_):
        answer = enter(uuid.uuid4(), target=target, wait=10)
        moments.append(time.monotonic() - paused)
        return answer

    assert len(let_in(all_at_once(ask, 30))) == 30
    assert min(moments) > -0.05
    assert sum(moment < 0.2 for moment in moments) <= 8
    assert max(moments) > 0.4


def test_tenants_take_turns_at_a_shared_limit(target, settings):
    """One stands in line 25 times before the other comes with 5: these are served among the next."""
    greedy, modest = uuid.uuid4(), uuid.uuid4()
    enter(modest)
    limit_provider(settings, requests=400)
    for _ in range(40):
        enter(greedy, target=target)
    served, threads = [], []

    def ask(tenant):
        if isinstance(enter(tenant, target=target, wait=15), admission.Entered):
            served.append(tenant)

    for tenant in [greedy] * 25 + [modest] * 5:
        threads.append(threading.Thread(target=ask, args=[tenant]))
        threads[-1].start()
        until(lambda: in_line(target) + len(served) >= len(threads))
    before = len(served)
    for thread in threads:
        thread.join()
    assert Counter(served) == {greedy: 25, modest: 5}
    assert before < 8, "they were served before the other came, so nothing was tested"
    assert max(position for position, tenant in enumerate(served) if tenant == modest) < before + 13


def test_within_a_tenant_the_first_to_come_is_the_first_to_go(tenant, target, settings):
    limit_provider(settings, requests=600)
    for _ in range(60):
        enter(tenant, target=target)
    order, threads = [], []
    for position in range(8):

        def ask(position=position):
            enter(tenant, target=target, wait=10)
            order.append(position)

        threads.append(threading.Thread(target=ask))
        threads[-1].start()
        until(lambda: in_line(target) + len(order) > position)  # noqa: B023 - called within the round
    for thread in threads:
        thread.join()
    assert order == sorted(order)


def test_a_ticket_that_nobody_shows_any_more_does_not_hold_up_the_others(tenant, target, settings):
    limit_provider(settings, requests=60)
    for _ in range(6):
        enter(tenant, target=target)
    line = f"{keys.target_window(target)}:line"
    redis_client().zadd(line, {f"dead {number}": 0.5 for number in range(20)})
    redis_client().hset(f"{line}:tickets", mapping={f"dead {number}": "100 1.0" for number in range(20)})
    begun = time.monotonic()
    assert isinstance(enter(tenant, target=target, wait=5), admission.Entered)
    assert time.monotonic() - begun < 2


def test_waiting_for_one_target_does_not_hold_up_the_tenants_others(tenant, settings):
    """The tenant's own limit has room for both; the first target asks to be left alone."""
    slow, free = a_target(), a_target()
    admission.leave(enter(tenant, target=slow, rate=600), ok=None, retry_after=1.5)
    waiting = [threading.Thread(target=enter, args=[tenant], kwargs={"target": slow, "rate": 600, "wait": 5})]
    for thread in waiting:
        thread.start()
    until(lambda: in_line(slow) == 1)
    begun = time.monotonic()
    assert isinstance(enter(tenant, target=free, rate=600, wait=5), admission.Entered)
    assert time.monotonic() - begun < 0.5
    for thread in waiting:
        thread.join()
