"""Whom we ask: along the tenant's route, past what fails, and nobody who may not be asked."""

from datetime import date
from decimal import Decimal

import pytest

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.gateway import configuration, providers
from fintech_ai.gateway.models import BudgetLimits, LedgerEntry, Route
from tests.gateway.conftest import KEY
from tests.support.cast import a_review
from tests.support.gateway import GOOD, ask, stored
from tests.support.model_server import Fault

pytestmark = pytest.mark.django_db

OWN, CLAUDE = "compatible/gpt-4.1-mini", "anthropic/claude-sonnet-4-5"


def in_force(cast, proposal) -> None:
    with cast.northgate.scope():
        approve(actor=cast.colin.actor, proposal=propose(actor=cast.cora.actor, proposal=proposal))
    configuration.forget()


@pytest.fixture
def two(cast, provider, running_model_server, settings):
    """A server of one's own, then Anthropic; `two.by_vendor(openai=…, anthropic=…)` says what each does."""
    settings.ANTHROPIC_BASE_URL, settings.ANTHROPIC_API_KEY = running_model_server.root, KEY
    in_force(cast, Route(endpoint="triage.recommend", targets=[OWN, CLAUDE], why="A test"))
    providers.prepare()

    def script(**steps):
        def step(request):
            mine = steps[request.vendor]
            number = sum(1 for earlier in provider.requests if earlier.vendor == request.vendor)
            return mine[min(number, len(mine)) - 1]

        provider.script(step)

    provider.by_vendor = script
    return provider


def test_what_fails_at_one_is_asked_of_the_next_at_once(cast, two):
    two.by_vendor(openai=[Fault.ERROR], anthropic=[GOOD])
    call = stored(cast.northgate, ask(cast.northgate))
    assert [(attempt["kind"], attempt["provider"]) for attempt in call.attempts] == [
        ("first", "compatible"),
        ("fallback", "anthropic"),
    ]
    assert (call.outcome, call.provider, call.model_requested.partition("-")[0]) == ("answered", "anthropic", "claude")
    first, second = two.requests
    assert second.at - first.at < 0.4


def test_a_provider_that_cannot_is_not_asked_again(cast, two):
    two.by_vendor(openai=[Fault.BAD_KEY], anthropic=[Fault.ERROR, GOOD])
    call = stored(cast.northgate, ask(cast.northgate))
    assert [attempt["provider"] for attempt in call.attempts] == ["compatible", "anthropic", "anthropic"]
    assert [attempt["kind"] for attempt in call.attempts] == ["first", "fallback", "retry"]
    assert call.outcome == "answered"


def test_three_attempts_are_all_over_all_providers(cast, two):
    two.by_vendor(openai=[Fault.ERROR], anthropic=[Fault.DOWN])
    call = stored(cast.northgate, ask(cast.northgate))
    assert (len(two.requests), len(call.attempts)) == (3, 3)
    assert (call.outcome, call.degraded_reason) == ("degraded", "provider_error")


@pytest.mark.parametrize(("fault", "reason"), [(Fault.REFUSED, "refused"), (Fault.TRUNCATED, "truncated")])
def test_a_reply_that_is_not_whole_is_not_carried_to_another_model(cast, two, fault, reason):
    two.by_vendor(openai=[fault], anthropic=[GOOD])
    assert ask(cast.northgate).degraded_reason == reason
    assert len(two.requests) == 1


def test_a_repair_is_asked_of_who_gave_the_answer(cast, two):
    two.by_vendor(openai=[Fault.ERROR], anthropic=[Fault.WRONG_SCHEMA, GOOD])
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.outcome, [attempt["kind"] for attempt in call.attempts]) == (
        "repaired",
        ["first", "fallback", "repair"],
    )
    assert [request.vendor for request in two.requests] == ["openai", "anthropic", "anthropic"]


def test_the_tenants_route_is_followed(cast, two):
    two.by_vendor(openai=[GOOD], anthropic=[GOOD])
    in_force(cast, Route(endpoint="triage.recommend", targets=[CLAUDE], why="Better"))
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.provider, call.model_requested) == ("anthropic", "claude-sonnet-4-5")
    in_force(cast, Route(endpoint="triage.recommend", targets=[OWN], why="Ours again"))
    assert stored(cast.northgate, ask(cast.northgate)).provider == "compatible"


def test_without_a_route_all_that_is_configured_is_asked_in_a_fixed_order(cast, two):
    two.by_vendor(openai=[GOOD], anthropic=[Fault.ERROR])
    call = stored(cast.southbank, ask(cast.southbank))
    assert [attempt["provider"] for attempt in call.attempts] == ["anthropic", "compatible"]


def test_a_vendor_without_a_current_review_is_sent_nothing(cast, two):
    two.by_vendor(openai=[GOOD], anthropic=[GOOD])
    ended = {"reviewed_on": date(2024, 1, 1), "valid_until": date(2024, 12, 31)}
    in_force(cast, a_review(vendor="compatible", **ended))
    assert stored(cast.northgate, ask(cast.northgate)).provider == "anthropic"
    in_force(cast, a_review(vendor="anthropic", **ended))
    completion = ask(cast.northgate)
    assert (completion.value, completion.degraded_reason, completion.call_id) == (None, "no_reviewed_vendor", None)
    assert [request.vendor for request in two.requests] == ["anthropic"]


def test_a_spent_budget_sends_nothing_and_says_so(cast, provider):
    provider.script([GOOD])
    limits = {"request_usd": Decimal("0.5"), "case_usd": Decimal(2), "requests_per_minute": 60}
    in_force(cast, BudgetLimits(month_usd=Decimal(0), why="A test", **limits))
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.outcome, call.degraded_reason, call.attempts) == ("degraded", "budget_spent", [])
    assert (call.hold_micro_usd, provider.requests) == (0, [])
    with cast.northgate.scope():
        assert LedgerEntry.objects.get(call=call).micro_usd == 0


def test_every_call_is_in_the_ledger_to_the_micro_dollar(cast, provider):
    provider.script([GOOD, Fault.WRONG_SCHEMA, GOOD, Fault.REFUSED])
    calls = [stored(cast.northgate, ask(cast.northgate)) for _ in range(3)]
    with cast.northgate.scope():
        assert [LedgerEntry.objects.get(call=call).micro_usd for call in calls] == [500, 1000, 500]
        assert [call.cost_usd for call in calls] == [Decimal("0.0005"), Decimal("0.001"), Decimal("0.0005")]


def test_without_a_master_key_nothing_is_sent(cast, provider, settings):
    provider.script([GOOD])
    settings.MASTER_KEY = None
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.degraded_reason, provider.requests) == ("vault_closed", [])


def test_a_reply_is_stored_encrypted_with_what_was_sent(cast, provider):
    provider.script([GOOD])
    call = stored(cast.northgate, ask(cast.northgate))
    with cast.northgate.scope():
        document = call.content.opened()
    (exchange,) = document["exchanges"]
    assert exchange["target"] == "compatible/gpt-4.1-mini"
    assert exchange["messages"][1]["text"] == provider.requests[0].body["messages"][1]["content"]
    assert '"decision"' in exchange["received"]
    assert b"decision" not in bytes(call.content.ciphertext)
