"""What did it cost, and what can it cost at most? By the list of `genai-prices` as it is installed: nothing is fetched.

The list's own calculation takes 0.2 ms, so the rates are read from the list and multiplied here;
tests/gateway/test_prices.py holds both against each other for every model of the list.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from fintech_ai.gateway.providers.protocol import Provider, Tokens

MICRO_DOLLAR = Decimal("0.000001")
MILLION = 1_000_000


@dataclass(frozen=True)
class Price:
    """`usd` is exact to the micro-dollar; `price_list` names the list, `day` the day whose prices were taken."""

    usd: Decimal
    price_list: str
    day: date


@dataclass(frozen=True)
class Rate:
    """Dollars per million tokens. From more than `start` tokens of input on, a tier's rate holds for all tokens."""

    base: Decimal
    tiers: tuple[tuple[int, Decimal], ...] = ()

    def at(self, input_tokens: int) -> Decimal:
        """For a request with so many tokens of input."""
        return next((rate for start, rate in reversed(self.tiers) if input_tokens > start), self.base)

    def most(self, input_tokens: int) -> Decimal:
        """The highest for a request with up to so many."""
        return max([self.base, *(rate for start, rate in self.tiers if input_tokens > start)])

    @property
    def highest(self) -> Decimal:
        """Of all tiers."""
        return max([self.base, *(rate for _, rate in self.tiers)])


@dataclass(frozen=True)
class Rates:
    """Of one model on one day. The list leaves out what costs as much as other input."""

    input: Rate
    cached: Rate
    written: Rate
    output: Rate

    def cost(self, tokens: Tokens) -> Decimal:
        """Dollars, times a million."""
        plain = max(0, tokens.input - tokens.cached - tokens.written)
        return (
            plain * self.input.at(tokens.input)
            + tokens.cached * self.cached.at(tokens.input)
            + tokens.written * self.written.at(tokens.input)
            + tokens.output * self.output.at(tokens.input)
        )

    def most(self, input_tokens: int, output_tokens: int) -> Decimal:
        """Dollars, times a million, for up to so many tokens, however the provider's cache comes in."""
        dearest = max(rate.most(input_tokens) for rate in (self.input, self.cached, self.written))
        return input_tokens * dearest + output_tokens * self.output.most(input_tokens)


def price_of(provider: Provider, model: str, metered: Iterable[Tokens], *, at: datetime) -> Price | None:
    """The price of all attempts together, or None if the list does not know the model at any of the provider's keys.

    Attempts are priced one by one, since some prices depend on the length of one request, and rounded once.
    """
    rates = _rates(_keys(provider), provider.priced_as(model), at.astimezone(UTC).date())
    if rates is None:
        return None
    total = sum((rates.cost(tokens) for tokens in metered), Decimal(0)) / MILLION
    return Price(
        usd=total.quantize(MICRO_DOLLAR, ROUND_HALF_UP), price_list=_price_list(), day=at.astimezone(UTC).date()
    )


def worst_case(provider: Provider, model: str, prompt_bytes: int, max_output_tokens: int) -> int | None:
    """What one request can cost at most, in micro-dollars. A token is never less than a byte.

    An unknown model is taken for the dearest of its vendor. On a server of one's own nobody knows what it costs: None.
    """
    keys, today = _keys(provider), datetime.now(UTC).date()
    rates = _rates(keys, provider.priced_as(model), today)
    if rates is None and provider.name == "compatible":
        return None
    return math.ceil((rates or _dearest(keys, today)).most(prompt_bytes, max_output_tokens))


Keys = tuple[tuple[tuple[str, str], ...], ...]


def _keys(provider: Provider) -> Keys:
    return tuple(tuple(keys.items()) for keys in provider.price_keys())


@lru_cache(maxsize=1024)
def _rates(keys: Keys, model: str, day: date) -> Rates | None:
    """The rates of a model at the first of the keys that knows it."""
    from genai_prices.data_snapshot import get_snapshot

    snapshot = get_snapshot()
    for key in keys:
        names = dict(key)
        try:
            _, found = snapshot.find_provider_model(
                model, None, names.get("provider_id"), names.get("provider_api_url")
            )
        except LookupError:
            continue
        return _rates_of(found, day)
    return None


@lru_cache(maxsize=16)
def _dearest(keys: Keys, day: date) -> Rates:
    """The highest rates of all models that the vendor sells, at its own prices or at another's."""
    from genai_prices.data_snapshot import get_snapshot

    wanted = {names["provider_id"] for names in map(dict, keys) if "provider_id" in names}
    vendors = (vendor for vendor in get_snapshot().providers if vendor.id in wanted)
    found = [rates for vendor in vendors for model in vendor.models if (rates := _rates_of(model, day)) is not None]
    dear = Rate(max(rate.highest for rates in found for rate in (rates.input, rates.cached, rates.written)))
    return Rates(input=dear, cached=dear, written=dear, output=Rate(max(rates.output.highest for rates in found)))


def _rates_of(model: Any, day: date) -> Rates | None:
    """From the list's own words; None if the model is not paid by its tokens."""
    # Prices by the hour of the day exist at none of the vendors that we name: noon stands for the day.
    prices = vars(model.get_prices(datetime(day.year, day.month, day.day, 12, tzinfo=UTC)))
    if prices.get("input_mtok") is None:
        return None
    plain = _rate(prices["input_mtok"])
    written = prices.get("cache_write_mtok")
    return Rates(
        input=plain,
        cached=_rate(prices["cache_read_mtok"]) if prices.get("cache_read_mtok") is not None else plain,
        written=_rate(written) if written is not None else plain,
        output=_rate(prices["output_mtok"]) if prices.get("output_mtok") is not None else Rate(Decimal(0)),
    )


def _rate(price: Any) -> Rate:
    if isinstance(price, Decimal):
        return Rate(price)
    return Rate(price.base, tuple((tier.start, tier.price) for tier in price.tiers))


@lru_cache(maxsize=1)
def _price_list() -> str:
    import genai_prices

    return f"genai-prices {genai_prices.__version__}"[:40]
