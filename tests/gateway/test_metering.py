"""What a call is charged: what was counted, and the most where nothing was."""

from decimal import Decimal

from fintech_ai.gateway.metering import Meter
from fintech_ai.gateway.models import ChargeKind, DegradedReason
from fintech_ai.gateway.providers.protocol import Message, ProviderFailure, Question, Reply, Tokens
from fintech_ai.gateway.providers.vendors import OpenAIProvider

MODEL = "gpt-4.1-mini"
QUESTION = Question(messages=(Message("user", "x" * 936),), schema_name="V", schema={}, idempotency_key="k")


def begun() -> tuple[Meter, OpenAIProvider, int]:
    meter = Meter(fixed_bytes=0)
    provider = OpenAIProvider(base_url="", api_key="k", model=MODEL)
    return meter, provider, meter.hold_for(provider, MODEL, QUESTION)


def reply(tokens: Tokens | None) -> Reply:
    return Reply(text="{}", tool_calls=(), model=MODEL, tokens=tokens, http_status=200, first_token_ms=None, windows=())


def test_the_hold_is_the_most_that_one_attempt_can_cost():
    _, _, hold = begun()
    # 1,000 tokens at $0.40 and 4,096 at $1.60 per million.
    assert hold == 400 + 6_554


def test_a_counted_reply_costs_what_was_counted():
    meter, provider, _ = begun()
    meter.count_reply(provider, MODEL, reply(Tokens(input=1000, cached=200, output=100)))
    assert (meter.charge, meter.kind, meter.cost_usd) == (500, ChargeKind.COUNTED, Decimal("0.000500"))


def test_an_uncounted_reply_costs_the_most():
    meter, provider, hold = begun()
    meter.count_reply(provider, MODEL, reply(None))
    assert (meter.charge, meter.kind, meter.cost_usd, meter.tokens) == (hold, ChargeKind.ASSUMED, None, None)


def test_a_failure_costs_the_most_if_the_provider_may_have_worked():
    meter, provider, hold = begun()
    meter.count_failure(provider, MODEL, ProviderFailure(DegradedReason.TIMEOUT, error="x", may_have_cost=True))
    assert (meter.charge, meter.cost_usd) == (hold, None)


def test_a_failure_costs_nothing_if_it_did_not():
    meter, provider, _ = begun()
    meter.count_failure(provider, MODEL, ProviderFailure(DegradedReason.RATE_LIMITED, error="x", may_have_cost=False))
    assert (meter.charge, meter.kind) == (0, ChargeKind.COUNTED)


def test_the_next_attempt_is_held_on_top_of_what_was_spent():
    meter, provider, hold = begun()
    meter.count_reply(provider, MODEL, reply(Tokens(input=1000, cached=200, output=100)))
    assert meter.hold_for(provider, MODEL, QUESTION) == 500 + hold
