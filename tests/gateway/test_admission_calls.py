"""What admission means for a whole call: along the route, in the ledger, and where nothing may be sent."""

import time

import pytest

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import admission, configuration, providers
from fintech_ai.gateway.admission import keys, ledger
from fintech_ai.gateway.targets import Target
from tests.gateway.conftest import KEY
from tests.support.admission import enter, limits, money, this_month
from tests.support.gateway import GOOD, ask, stored
from tests.support.model_server import Fault, Step

pytestmark = pytest.mark.django_db

OWN = Target("compatible", "gpt-4.1-mini")


@pytest.fixture
def house(cast):
    configuration.forget()
    yield cast.northgate
    configuration.forget()


def pause(house, seconds):
    """The first target has asked somebody else to leave it alone."""
    entered = enter(house.tenant.id, target=OWN, month=this_month(house), hold=0)
    admission.leave(entered, ok=None, retry_after=seconds, settle=0)


def test_what_a_call_cost_is_the_same_in_its_row_the_ledger_and_redis(house, provider):
    provider.script([Fault.WRONG_SCHEMA, GOOD])
    call = stored(house, ask(house))
    assert call.outcome == "repaired"
    with house.scope():
        charge = call.charge
    assert charge.micro_usd == int(call.cost_usd * 1_000_000) > 0
    assert money(house.tenant.id, this_month(house)) == (charge.micro_usd, 0)
    assert ledger.compare(house.tenant.id, this_month(house)).agrees


def test_an_attempt_that_broke_off_is_charged_as_if_it_had_been_answered_at_length(house, provider):
    provider.script([Fault.CUT, GOOD])
    call = stored(house, ask(house))
    assert (call.outcome, call.cost_usd, call.charge.kind) == ("answered", None, "assumed")
    assert money(house.tenant.id, this_month(house)) == (call.charge.micro_usd, 0)


def test_without_budget_nothing_is_sent_and_nothing_charged(house, provider, settings):
    settings.MODEL_BUDGET_MONTH_USD = limits(month="0.000001").month_usd
    call = stored(house, ask(house))
    assert (call.outcome, call.degraded_reason) == ("degraded", "budget_spent")
    assert (provider.requests, call.charge.micro_usd) == ([], 0)


def test_a_provider_that_asks_to_be_left_alone_is_waited_for_where_there_is_no_other(house, provider):
    provider.script([GOOD])
    pause(house, 0.6)
    begun = time.monotonic()
    assert ask(house).value
    assert time.monotonic() - begun > 0.4


def test_it_is_passed_over_where_there_is_another(house, provider, running_model_server, settings):
    settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_API_KEY = running_model_server.root, KEY
    providers.prepare()
    provider.script([GOOD])
    pause(house, 8)
    begun = time.monotonic()
    assert stored(house, ask(house)).provider == "anthropic"
    assert time.monotonic() - begun < 2


def test_a_retry_after_of_one_call_holds_for_all(house, provider):
    provider.script([Step(status=429, headers={"Retry-After": "20"})])
    assert ask(house).degraded_reason == "rate_limited"
    provider.script([GOOD])
    assert ask(house).degraded_reason == "rate_limited"
    assert provider.requests == []


def test_a_provider_that_keeps_failing_is_not_asked_by_the_next_call(house, provider):
    provider.script([Fault.ERROR])
    for _ in range(2):
        assert ask(house).degraded_reason in {"provider_error", "circuit_open"}
    asked = len(provider.requests)
    assert stored(house, ask(house)).degraded_reason == "circuit_open"
    assert len(provider.requests) == asked == 5


def test_what_redis_keeps_of_calls_names_nobody_and_goes_away_by_itself(house, provider):
    provider.script([GOOD])
    call = stored(house, ask(house))
    names = list(redis_client().scan_iter(f"{keys.PREFIX}:*"))
    assert keys.call(call.id).encode() in names
    assert [name for name in names if redis_client().ttl(name) < 0] == []
