"""Redis and the ledger agree to the micro-dollar, or are made to; without Redis nothing is sent."""

import time
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from redis.exceptions import RedisError

from fintech_ai.core.embedded.process import free_port
from fintech_ai.core.embedded.valkey import EmbeddedValkey
from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import admission
from fintech_ai.gateway.admission import budgets, keys, ledger, scripts
from fintech_ai.gateway.configuration import forget as forget_configuration
from fintech_ai.gateway.models import DegradedReason, LedgerEntry, ModelCall
from tests.support.admission import a_call, enter, finish, forget, limits, money, this_month
from tests.support.cast import build_cast

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def house(committed_db):
    return build_cast().northgate


@pytest.fixture
def month(house):
    return this_month(house)


def begin(house, month, *, hold=100_000, **changes):
    """A call that has entered, as its worker would."""
    call = a_call(house, hold=hold, **changes)
    entered = enter(house.tenant.id, call_id=call.id, case_id=call.case_id, hold=hold, month=month)
    assert isinstance(entered, admission.Entered)
    return call, entered


def age(house, call, seconds=60):
    """As if it had entered so long ago."""
    redis_client().zincrby(keys.live(house.tenant.id), -seconds, str(call.id))


def test_a_call_whose_worker_was_lost_is_charged_with_all_that_it_held(house, month):
    call, _ = begin(house, month, lease_seconds=-1)
    age(house, call)
    ledger.reconcile()
    with house.scope():
        lost, charge = ModelCall.objects.get(id=call.id), LedgerEntry.objects.get(call=call)
    assert (lost.outcome, lost.degraded_reason) == ("degraded", DegradedReason.WORKER_LOST)
    assert (charge.micro_usd, charge.kind, charge.month) == (100_000, "assumed", month)
    assert money(house.tenant.id, month) == (100_000, 0)


def test_a_call_whose_worker_was_lost_before_it_was_let_in_costs_nothing(house, month):
    begin(house, month)
    call = a_call(house, lease_seconds=-1)
    ledger.reconcile()
    with house.scope():
        assert LedgerEntry.objects.get(call=call).micro_usd == 0
    late = enter(house.tenant.id, call_id=call.id, month=month)
    assert late == admission.Refused(DegradedReason.IN_PROGRESS)
    assert money(house.tenant.id, month) == (0, 100_000)
    assert ledger.compare(house.tenant.id, month).agrees


def test_a_worker_that_was_taken_for_dead_changes_nothing_any_more(house, month):
    call, entered = begin(house, month, lease_seconds=-1)
    age(house, call)
    ledger.reconcile()
    admission.leave(entered, ok=True, settle=10_000)
    assert money(house.tenant.id, month) == (100_000, 0)
    assert ledger.compare(house.tenant.id, month).agrees


def test_a_call_that_is_under_way_is_left_alone(house, month):
    call, _ = begin(house, month)
    age(house, call)
    ledger.reconcile()
    assert money(house.tenant.id, month) == (0, 100_000)


def test_a_worker_that_died_between_storing_and_settling_leaves_a_hold_that_is_settled(house, month):
    call, _ = begin(house, month)
    finish(house, call, cost=40_000)
    age(house, call)
    assert ledger.reconcile() >= 1
    assert money(house.tenant.id, month) == (40_000, 0)


def test_the_comparison_is_exact_while_calls_come_and_go(house, month):
    for cost in (1, 22, 333):
        call, entered = begin(house, month)
        finish(house, call, cost=cost)
        admission.leave(entered, ok=True, settle=cost)
    begin(house, month, hold=5_000)
    unsettled, _ = begin(house, month, hold=7_000)
    finish(house, unsettled, cost=4_444)
    found = ledger.compare(house.tenant.id, month)
    assert found.agrees
    assert (found.spent, found.held) == (356, 12_000)


@pytest.mark.parametrize(("field", "by"), [("spent", 1), ("spent", -1), ("held", 1), ("held", -1)])
def test_a_difference_of_a_micro_dollar_is_found_and_mended(house, month, field, by):
    call, entered = begin(house, month)
    finish(house, call, cost=40_000)
    admission.leave(entered, ok=True, settle=40_000)
    begin(house, month)
    redis_client().hincrby(keys.month(house.tenant.id, month), field, by)
    assert not ledger.compare(house.tenant.id, month).agrees
    ledger.compare(house.tenant.id, month, repair=True)
    assert ledger.compare(house.tenant.id, month).agrees
    assert money(house.tenant.id, month) == (40_000, 100_000)


def test_redis_emptied_under_calls_ends_in_agreement(house, month):
    done, first = begin(house, month)
    finish(house, done, cost=40_000)
    admission.leave(first, ok=True, settle=40_000)
    open_, second = begin(house, month, hold=60_000)
    forget(house.tenant.id)
    admission.leave(second, ok=True, settle=20_000)
    finish(house, open_, cost=20_000)
    begin(house, month, hold=50_000)
    assert money(house.tenant.id, month) == (60_000, 50_000)
    assert ledger.compare(house.tenant.id, month).agrees


def test_pages_are_told_what_is_spent_held_and_left(house, month, settings):
    settings.MODEL_BUDGET_MONTH_USD = limits(month="0.50").month_usd
    forget_configuration()
    call, entered = begin(house, month)
    finish(house, call, cost=40_000)
    admission.leave(entered, ok=True, settle=40_000)
    begin(house, month, hold=60_000)
    forget(house.tenant.id)
    state = budgets.budget_state(house.tenant)
    assert [str(value) for value in (state.spent, state.held, state.limit)] == ["0.04", "0.06", "0.5"]
    assert (state.month, state.is_spent, state.is_nearly_spent, state.is_known) == (month, False, False, True)
    assert state.resets_at.day == 1
    assert enter(house.tenant.id, hold=470_000, limits=limits(month="0.50"), month=month).budget == "month"
    assert budgets.budget_state(house.tenant).is_spent
    settings.MODEL_BUDGET_MONTH_USD = limits(month="5").month_usd
    forget_configuration()
    assert not budgets.budget_state(house.tenant).is_spent
    forget_configuration()


@pytest.fixture
def own_valkey(settings, tmp_path):
    """A server that the test may kill, as the one of this process."""
    server = EmbeddedValkey(folder=tmp_path / "valkey", port=free_port(), log=tmp_path / "valkey.log", password="x")
    server.start()
    settings.REDIS_URL = server.url()
    _hang_up()
    yield server
    server.kill()
    _hang_up()


def _hang_up():
    redis_client().close()
    redis_client.cache_clear()
    scripts.hang_up()


def test_without_redis_nothing_is_let_in(house, month, own_valkey):
    _, entered = begin(house, month)
    own_valkey.kill()
    begun = time.monotonic()
    assert enter(house.tenant.id, month=month) == admission.Refused(DegradedReason.LIMITS_UNAVAILABLE)
    admission.leave(entered, ok=True, settle=1)
    admission.settle(tenant_id=house.tenant.id, call_id=entered.call_id, cost=1)
    assert time.monotonic() - begun < 3
    assert not budgets.budget_state(house.tenant).is_known
    with pytest.raises(RedisError):
        ledger.reconcile()


def test_redis_that_comes_back_is_found_again_with_what_it_has_missed(house, month, own_valkey):
    call, entered = begin(house, month)
    own_valkey.kill()
    finish(house, call, cost=40_000)
    admission.leave(entered, ok=True, settle=40_000)
    own_valkey.start()
    assert isinstance(enter(house.tenant.id, hold=1, month=month), admission.Entered)
    if money(house.tenant.id, month)[0] == 0:
        age(house, call)
    ledger.reconcile()
    assert money(house.tenant.id, month) == (40_000, 1)


def test_the_command_says_whether_they_agree_and_mends_what_does_not(house, month):
    begin(house, month)
    out = StringIO()
    call_command("budget_check", tenant=house.tenant.slug, stdout=out)
    assert "0 USD spent and 0.1 USD held, as in the ledger." in out.getvalue()
    redis_client().hincrby(keys.month(house.tenant.id, month), "spent", 7)
    with pytest.raises(CommandError, match="1 of 1 budgets differ"):
        call_command("budget_check", tenant=house.tenant.slug, stdout=out)
    assert "Redis has 0.000007 USD spent" in out.getvalue()
    call_command("budget_check", tenant=house.tenant.slug, repair=True, stdout=out)
    call_command("budget_check", tenant=house.tenant.slug, stdout=out)
