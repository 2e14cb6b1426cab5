"""What a request cost, and what it can cost at most: to the micro-dollar, and fast enough for every call."""

import math
import random
import time
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import genai_prices
import pytest
from genai_prices.data_snapshot import get_snapshot

from fintech_ai.gateway.prices import MICRO_DOLLAR, price_of, worst_case
from fintech_ai.gateway.providers.protocol import Provider, Tokens
from fintech_ai.gateway.providers.vendors import AnthropicProvider, AzureProvider, CompatibleProvider, OpenAIProvider

NOW = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
SEED = 20261124
OPENAI = OpenAIProvider(base_url="https://api.openai.com/v1", api_key="k", model="gpt-4.1-mini")
ANTHROPIC = AnthropicProvider(base_url="https://api.anthropic.com", api_key="k", model="claude-haiku-4-5")
AZURE = AzureProvider(endpoint="https://x.openai.azure.com", api_key="k", deployment="ours", deployed="gpt-4.1-mini")
OWN = CompatibleProvider(base_url="http://vllm:8000/v1", api_key="", model="qwen3:8b")


def models(provider_id: str) -> list[str]:
    """All models of the list that are paid by their tokens."""
    (vendor,) = [vendor for vendor in get_snapshot().providers if vendor.id == provider_id]
    return [model.id for model in vendor.models if "MTok" in str(model.get_prices(NOW)) and model.is_match(model.id)]


def usd(provider: Provider, model: str, tokens: Tokens) -> Decimal:
    return price_of(provider, model, [tokens], at=NOW).usd


def by_the_list(provider_id: str, model: str, tokens: Tokens) -> Decimal:
    """The list's own calculation."""
    usage = genai_prices.Usage(
        input_tokens=tokens.input,
        cache_read_tokens=tokens.cached,
        cache_write_tokens=tokens.written,
        output_tokens=tokens.output,
    )
    price = genai_prices.calc_price(usage, model, provider_id=provider_id, genai_request_timestamp=NOW)
    return price.total_price.quantize(MICRO_DOLLAR, ROUND_HALF_UP)


@pytest.mark.parametrize("provider", [OPENAI, ANTHROPIC], ids=lambda provider: provider.name)
def test_it_agrees_with_the_list_for_every_model(provider):
    dice = random.Random(SEED)
    names = models(provider.name)
    assert len(names) > 20
    for model in names:
        for _ in range(5):
            whole = dice.choice([100, 3_000, 150_000, 250_000, 900_000])
            cached = dice.randint(0, whole)
            written = dice.randint(0, whole - cached)
            tokens = Tokens(input=whole, cached=cached, output=dice.randint(0, 5_000), written=written)
            assert usd(provider, model, tokens) == by_the_list(provider.name, model, tokens), (model, tokens)


def test_reading_from_the_cache_costs_less_and_writing_to_it_more():
    # claude-haiku-4-5, dollars per million tokens: input 1, cache read 0.10, cache write 1.25, output 5.
    plain, cached, written = (
        usd(ANTHROPIC, "claude-haiku-4-5", Tokens(input=1_000_000, cached=read, output=0, written=wrote))
        for read, wrote in ((0, 0), (1_000_000, 0), (0, 1_000_000))
    )
    assert (plain, cached, written) == (Decimal(1), Decimal("0.1"), Decimal("1.25"))


def test_attempts_are_priced_one_by_one():
    short, long = Tokens(input=150_000, cached=0, output=0), Tokens(input=300_000, cached=0, output=0)
    # Above 200,000 tokens a request costs twice as much per token; two short ones do not.
    assert price_of(ANTHROPIC, "claude-sonnet-4-5", [short, short], at=NOW).usd == Decimal("0.9")
    assert price_of(ANTHROPIC, "claude-sonnet-4-5", [long], at=NOW).usd == Decimal("1.8")


def test_a_price_says_where_and_when_it_is_from():
    price = price_of(OPENAI, "gpt-4.1-mini", [Tokens(input=1000, cached=200, output=100)], at=NOW)
    assert (price.usd, price.day) == (Decimal("0.000500"), NOW.date())
    assert price.price_list == f"genai-prices {genai_prices.__version__}"


def test_a_deployment_is_priced_by_the_model_behind_it():
    assert worst_case(AZURE, "ours", 1000, 4096) == worst_case(OPENAI, "gpt-4.1-mini", 1000, 4096)
    # Azure's reply names the model itself.
    tokens = Tokens(input=1000, cached=200, output=100)
    assert usd(AZURE, "gpt-4.1-mini-2025-04-14", tokens) == usd(AZURE, "ours", tokens) == Decimal("0.000500")


@pytest.mark.parametrize("provider", [OPENAI, ANTHROPIC], ids=lambda provider: provider.name)
def test_no_request_costs_more_than_its_worst_case(provider):
    dice = random.Random(SEED)
    for model in models(provider.name):
        for most in (3_000, 150_000, 250_000, 900_000):
            worst = worst_case(provider, model, most, 4096)
            for _ in range(3):
                whole = dice.randint(0, most)
                cached = dice.randint(0, whole)
                written = dice.choice([0, whole - cached])
                tokens = Tokens(input=whole, cached=cached, output=dice.randint(0, 4096), written=written)
                assert usd(provider, model, tokens) * 1_000_000 <= worst, (model, tokens)


@pytest.mark.parametrize("provider", [OPENAI, ANTHROPIC, AZURE], ids=lambda provider: provider.name)
def test_an_unknown_model_is_held_for_the_dearest(provider):
    names = models("openai" if provider is AZURE else provider.name)
    known = max(worst_case(provider, model, 3_000, 4096) for model in names)
    assert worst_case(provider, "a-model-of-next-year", 3_000, 4096) >= known > 0
    assert price_of(provider, "a-model-of-next-year", [Tokens(1, 0, 1)], at=NOW) is None


def test_nobody_knows_what_a_server_of_ones_own_costs():
    assert worst_case(OWN, "qwen3:8b", 3_000, 4096) is None
    assert price_of(OWN, "qwen3:8b", [Tokens(1, 0, 1)], at=NOW) is None


def test_a_worst_case_is_a_whole_number_of_micro_dollars_and_never_too_low():
    # 1,001 tokens at $0.40 and 1 at $1.60 per million: 400.4 + 1.6.
    assert worst_case(OPENAI, "gpt-4.1-mini", 1001, 1) == math.ceil(402.0)
    assert worst_case(OPENAI, "gpt-4.1-mini", 1, 0) == 1


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "a-model-of-next-year"])
def test_both_are_fast(model):
    """The target is 50 µs a call; ten times that is allowed for a busy machine."""
    tokens = [Tokens(input=1000, cached=200, output=100)]

    def once() -> None:
        price_of(OPENAI, model, tokens, at=NOW)
        worst_case(OPENAI, model, 10_000, 4096)

    once()
    begun = time.perf_counter()
    for _ in range(200):
        once()
    assert (time.perf_counter() - begun) / 200 < 2 * 500e-6
