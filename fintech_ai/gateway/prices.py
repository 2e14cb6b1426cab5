"""What did it cost? By the list of the `genai-prices` package as it is installed: nothing is fetched."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal

from fintech_ai.gateway.providers.protocol import Provider, Tokens

MICRO_DOLLAR = Decimal("0.000001")


@dataclass(frozen=True)
class Price:
    """`usd` is exact to the micro-dollar; `price_list` names the list, `day` the day whose prices were taken."""

    usd: Decimal
    price_list: str
    day: date


def price_of(provider: Provider, model: str, metered: Iterable[Tokens], *, at: datetime) -> Price | None:
    """The price of all attempts together, or None if the list does not know the model at any of the provider's keys.

    Attempts are priced one by one, since some prices depend on the length of one request, and rounded once.
    """
    import genai_prices

    attempts = [
        genai_prices.Usage(input_tokens=tokens.input, cache_read_tokens=tokens.cached, output_tokens=tokens.output)
        for tokens in metered
    ]
    for keys in provider.price_keys():
        try:
            costs = [
                genai_prices.calc_price(usage, model, genai_request_timestamp=at, **keys).total_price
                for usage in attempts
            ]
        except (LookupError, ValueError):
            continue
        return Price(
            usd=sum(costs, Decimal(0)).quantize(MICRO_DOLLAR, ROUND_HALF_UP),
            price_list=f"genai-prices {genai_prices.__version__}"[:40],
            day=at.astimezone(UTC).date(),
        )
    return None
