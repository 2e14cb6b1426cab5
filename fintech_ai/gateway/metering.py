"""What may a call cost, and what has it cost? Holds before each attempt, counts after it."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from fintech_ai.gateway.models import ChargeKind
from fintech_ai.gateway.prices import Price, price_of, worst_case
from fintech_ai.gateway.providers.protocol import Provider, ProviderFailure, Question, Reply, Tokens

MICRO = 1_000_000
# Roles and separators, by which a message is longer than its text. No chat template known to us needs as many tokens.
TOKENS_PER_MESSAGE = 64


@dataclass
class Meter:
    """The money of one call, in micro-dollars: what was counted, and what has to be assumed.

    `cost_usd` is None as soon as one attempt could not be counted; `charge` is always known. `fixed_bytes` is the size
    of what goes with each question beside its messages: schema and tools.
    """

    fixed_bytes: int
    metered: list[Tokens | None] = field(default_factory=list)
    price: Price | None = None
    counted: Decimal = Decimal(0)
    assumed: int = 0
    is_known: bool = True
    _worst: int = 0

    def hold_for(self, provider: Provider, model: str, question: Question) -> int:
        """What the call can have cost after one more attempt at most. A token is never less than one byte."""
        self._worst = worst_case(provider, model, self.most_tokens(question), question.max_output_tokens) or 0
        return self.charge + self._worst

    def most_tokens(self, question: Question) -> int:
        """How many tokens the question can have at most."""
        texts = sum(len(message.text.encode()) + TOKENS_PER_MESSAGE for message in question.messages)
        calls = sum(len(call.arguments) for message in question.messages for call in message.tool_calls)
        return texts + calls + self.fixed_bytes

    def count_reply(self, provider: Provider, model: str, reply: Reply) -> None:
        """A reply has come, whole or not: it has been paid for."""
        self.metered.append(reply.tokens)
        if reply.tokens is None:
            self._assume()
            return
        price = price_of(provider, reply.model or model, [reply.tokens], at=datetime.now(UTC))
        if price is None:
            self.is_known = False
            self.assumed += self._worst
        else:
            self.price = price
            self.counted += price.usd

    def count_failure(self, provider: Provider, model: str, failure: ProviderFailure) -> None:
        """No reply has come. Where the provider may have worked on it, the most is assumed."""
        if failure.cut is not None:
            self.count_reply(provider, model, failure.cut)
        elif failure.may_have_cost:
            self.metered.append(None)
            self._assume()

    @property
    def charge(self) -> int:
        """What the budgets are charged."""
        return int((self.counted * MICRO).to_integral_value(ROUND_HALF_UP)) + self.assumed

    @property
    def kind(self) -> ChargeKind:
        return ChargeKind.ASSUMED if self.assumed else ChargeKind.COUNTED

    @property
    def cost_usd(self) -> Decimal | None:
        """By the tokens that were counted; None if a reply did not say, or the price is not known."""
        if not self.is_known or not self.metered:
            return None
        return self.counted.quantize(Decimal(1) / MICRO, ROUND_HALF_UP)

    @property
    def tokens(self) -> Tokens | None:
        """The sum over all replies, or None if there was none or one of them did not say."""
        if not self.metered or None in self.metered:
            return None
        return Tokens(
            input=sum(tokens.input for tokens in self.metered),
            cached=sum(tokens.cached for tokens in self.metered),
            output=sum(tokens.output for tokens in self.metered),
        )

    def _assume(self) -> None:
        self.is_known = False
        self.assumed += self._worst
