"""No budget is ever overdrawn, whoever asks at the same time, and what Redis forgets is in PostgreSQL."""

import uuid
from datetime import UTC, date, datetime

import pytest
import uuid6

from fintech_ai.audit.models import AuditEvent
from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import admission
from fintech_ai.gateway.admission import keys, ledger
from fintech_ai.gateway.admission.months import end_of, month_of
from fintech_ai.gateway.models import DegradedReason
from tests.support.admission import a_call, all_at_once, enter, finish, forget, limits, money, this_month
from tests.support.cast import build_cast

pytestmark = pytest.mark.usefixtures("committed_db")


@pytest.fixture
def tenant():
    return uuid.uuid4()


@pytest.fixture
def house(committed_db):
    return build_cast().northgate


def test_what_a_request_can_cost_is_held_until_its_call_is_settled(tenant):
    entered = enter(tenant, hold=100_000)
    assert money(tenant) == (0, 100_000)
    admission.leave(entered, ok=True, settle=40_000)
    assert money(tenant) == (40_000, 0)


@pytest.mark.parametrize(
    ("budget", "tight"),
    [("request", limits(request="0.099999")), ("case", limits(case="0.15")), ("month", limits(month="0.15"))],
)
def test_what_does_not_fit_a_budget_is_refused_and_nothing_is_held(tenant, budget, tight):
    case_id = uuid.uuid4()
    if budget != "request":
        assert enter(tenant, case_id=case_id, limits=tight)
    before = money(tenant)
    refused = enter(tenant, case_id=case_id, limits=tight)
    assert refused == admission.Refused(DegradedReason.BUDGET_SPENT, budget=budget)
    assert money(tenant) == before


def test_a_budget_may_be_spent_to_the_last_micro_dollar(tenant):
    tight = limits(request="0.1", case="0.2", month="0.2")
    case_id = uuid.uuid4()
    for _ in range(2):
        assert isinstance(enter(tenant, case_id=case_id, limits=tight), admission.Entered)
    assert isinstance(enter(tenant, hold=1, limits=tight), admission.Refused)


def test_a_case_that_has_spent_its_budget_takes_nothing_from_another(tenant):
    tight = limits(case="0.1")
    first, second = uuid.uuid4(), uuid.uuid4()
    assert isinstance(enter(tenant, case_id=first, limits=tight), admission.Entered)
    assert isinstance(enter(tenant, case_id=second, limits=tight), admission.Entered)
    assert enter(tenant, case_id=first, limits=tight).budget == "case"


def test_entering_again_changes_nothing(tenant):
    call_id = uuid.uuid4()
    first = enter(tenant, call_id=call_id, limits=limits(month="0.1"))
    again = enter(tenant, call_id=call_id, target=first.target, limits=limits(month="0.1"))
    assert again == first
    assert money(tenant) == (0, 100_000)


def test_the_next_request_of_a_call_holds_what_all_of_them_can_cost(tenant):
    call_id, case_id = uuid.uuid4(), uuid.uuid4()
    first = enter(tenant, call_id=call_id, case_id=case_id, hold=100_000)
    admission.leave(first, ok=False)
    assert money(tenant) == (0, 100_000)
    tight = limits(request="0.25", case="0.25", month="0.25")
    second = enter(tenant, call_id=call_id, case_id=case_id, attempt=2, hold=250_000, limits=tight)
    assert money(tenant) == (0, 250_000)
    admission.leave(second, ok=True, settle=130_000)
    assert money(tenant) == (130_000, 0)
    assert enter(tenant, case_id=case_id, hold=120_001, limits=tight).budget == "case"
    assert isinstance(enter(tenant, case_id=case_id, hold=120_000, limits=tight), admission.Entered)


def test_settling_again_changes_nothing(tenant):
    call_id = uuid.uuid4()
    entered = enter(tenant, call_id=call_id)
    for _ in range(2):
        admission.leave(entered, ok=True, settle=40_000)
        admission.settle(tenant_id=tenant, call_id=call_id, cost=40_000)
    assert money(tenant) == (40_000, 0)


def test_a_settled_call_cannot_enter_again(tenant):
    """A worker that was taken for dead wakes up: its call has been charged."""
    call_id = uuid.uuid4()
    entered = enter(tenant, call_id=call_id)
    admission.settle(tenant_id=tenant, call_id=call_id, cost=100_000)
    assert enter(tenant, call_id=call_id, attempt=2) == admission.Refused(DegradedReason.IN_PROGRESS)
    admission.leave(entered, ok=True, settle=40_000)
    assert money(tenant) == (100_000, 0)


def test_each_month_has_a_budget_of_its_own(tenant):
    tight = limits(month="0.1")
    enter(tenant, limits=tight)
    assert enter(tenant, limits=tight).budget == "month"
    assert isinstance(enter(tenant, limits=tight, month=date(2026, 12, 1)), admission.Entered)


def test_the_month_in_which_a_call_began_pays_for_all_of_it(tenant):
    call_id = uuid.uuid4()
    admission.leave(enter(tenant, call_id=call_id), ok=False)
    second = enter(tenant, call_id=call_id, attempt=2, hold=200_000, month=date(2026, 12, 1))
    admission.leave(second, ok=True, settle=150_000)
    assert money(tenant) == (150_000, 0)
    assert money(tenant, date(2026, 12, 1)) == (0, 0)


def test_many_that_ask_at_once_never_overdraw_a_budget(tenant):
    tight, case_id = limits(month="1.00", case="0.70"), uuid.uuid4()
    answers = all_at_once(lambda n: enter(tenant, case_id=case_id if n % 2 else None, limits=tight), 40)
    let_in = [answer for answer in answers if isinstance(answer, admission.Entered)]
    assert len(let_in) == 10
    assert money(tenant) == (0, 1_000_000)


def test_what_redis_has_lost_is_made_from_the_ledger_and_the_rows_of_unfinished_calls(house):
    case_id = uuid.uuid4()
    done, open_ = a_call(house, case_id=case_id), a_call(house, hold=70_000, case_id=case_id)
    finish(house, done, cost=30_000)
    forget(house.tenant.id)
    tight = limits(month="0.20", case="0.15")
    month = this_month(house)
    assert enter(house.tenant.id, hold=100_001, limits=tight, month=month).budget == "month"
    assert money(house.tenant.id, month) == (30_000, 70_000)
    assert enter(house.tenant.id, case_id=case_id, hold=50_001, limits=tight, month=month).budget == "case"
    assert isinstance(
        enter(house.tenant.id, case_id=case_id, hold=50_000, limits=tight, month=month), admission.Entered
    )
    admission.settle(tenant_id=house.tenant.id, call_id=open_.id, cost=20_000)
    assert money(house.tenant.id, month) == (50_000, 50_000)


def test_a_case_is_asked_for_in_postgresql_unless_it_is_newer_than_what_redis_knows(house, django_assert_num_queries):
    month = this_month(house)
    old, key = uuid6.uuid7(), keys.month(house.tenant.id, month)
    enter(house.tenant.id, month=month)
    redis_client().hincrbyfloat(key, "built", -100)
    new = uuid6.uuid7()
    with django_assert_num_queries(0):
        assert isinstance(enter(house.tenant.id, case_id=new, month=month), admission.Entered)
    redis_client().hincrbyfloat(key, "built", 100)
    with django_assert_num_queries(1):
        assert isinstance(enter(house.tenant.id, case_id=old, month=month), admission.Entered)
    assert enter(house.tenant.id, case_id=new, limits=limits(case="0.1"), month=month).budget == "case"


def test_many_that_find_redis_empty_make_the_month_once(house):
    call = a_call(house, hold=300_000)
    finish(house, a_call(house), cost=400_000)
    month = this_month(house)
    answers = all_at_once(lambda _: enter(house.tenant.id, limits=limits(month="1.00"), month=month), 12)
    assert sum(isinstance(answer, admission.Entered) for answer in answers) == 3
    assert money(house.tenant.id, month) == (400_000, 600_000)
    admission.settle(tenant_id=house.tenant.id, call_id=call.id, cost=0)
    assert money(house.tenant.id, month) == (400_000, 300_000)


def test_a_call_that_ends_while_a_month_is_made_stays_held_until_the_reconciliation(house):
    """The safe side: PostgreSQL was read before it ended, Redis is written after it."""
    call = a_call(house, hold=90_000)
    month = this_month(house)
    enter(house.tenant.id, hold=1, month=month)
    finish(house, call, cost=20_000)
    assert money(house.tenant.id, month) == (0, 90_001)
    redis_client().zadd(keys.live(house.tenant.id), {str(call.id): 1})
    ledger.reconcile()
    assert money(house.tenant.id, month)[0] == 20_000


def events(house, action: str) -> list[dict]:
    with house.scope():
        return [event.data for event in AuditEvent.objects.filter(action=action)]


def test_it_is_recorded_once_in_a_month_that_the_budget_is_nearly_and_then_all_spent(house):
    month, tight = this_month(house), limits(month="1.00")

    def spend(cost: int) -> None:
        admission.leave(enter(house.tenant.id, hold=cost, limits=tight, month=month), ok=True, settle=cost)

    spend(790_000)
    assert events(house, "budget.nearly_spent") == []
    spend(10_000)
    spend(10_000)
    expected = {"month": f"{month:%Y-%m}", "spent_usd": "0.8", "limit_usd": "1"}
    assert events(house, "budget.nearly_spent") == [expected]
    assert events(house, "budget.spent") == []
    for _ in range(3):
        assert enter(house.tenant.id, hold=190_001, limits=tight, month=month).budget == "month"
    assert events(house, "budget.spent") == [{**expected, "spent_usd": "0.81"}]
    forget(house.tenant.id)
    spend(10_000)
    enter(house.tenant.id, hold=500_000, limits=tight, month=month)
    assert len(events(house, "budget.spent") + events(house, "budget.nearly_spent")) == 2


def test_a_budget_that_is_only_held_is_not_called_spent(house):
    month, tight = this_month(house), limits(month="1.00")
    held = enter(house.tenant.id, hold=900_000, limits=tight, month=month)
    assert enter(house.tenant.id, hold=200_000, limits=tight, month=month).budget == "month"
    assert events(house, "budget.spent") == []
    admission.leave(held, ok=True, settle=100_000)
    assert isinstance(enter(house.tenant.id, hold=200_000, limits=tight, month=month), admission.Entered)


def test_news_that_were_not_recorded_are_recorded_by_the_reconciliation(house):
    month = this_month(house)
    key = keys.month(house.tenant.id, month)
    enter(house.tenant.id, hold=1, month=month)
    redis_client().hset(key, mapping={"spent": 850_000, "limit": 1_000_000, "nearly_spent": 1})
    redis_client().set(f"{key}:compared", 1)
    ledger.reconcile()
    ledger.reconcile()
    assert [event["spent_usd"] for event in events(house, "budget.nearly_spent")] == ["0.85"]


def test_a_month_begins_and_ends_by_the_tenants_own_clock():
    at = datetime(2026, 12, 1, 3, tzinfo=UTC)
    assert month_of(at, "America/New_York") == date(2026, 11, 1)
    assert month_of(at, "Asia/Tokyo") == date(2026, 12, 1)
    assert end_of(date(2026, 12, 1), "America/New_York") == datetime(2027, 1, 1, 5, tzinfo=UTC)
