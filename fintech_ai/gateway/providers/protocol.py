"""What the gateway and a provider say to each other, in no provider's own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from fintech_ai.gateway.models import DegradedReason


@dataclass(frozen=True)
class Question:
    """One request. `messages` are pairs of a role (system, user, assistant) and a text.

    `idempotency_key` is the same for each retry of the same question, so that a provider that knows such keys
    charges once.
    """

    messages: tuple[tuple[str, str], ...]
    schema_name: str
    schema: Mapping[str, Any]
    idempotency_key: str


@dataclass(frozen=True)
class Tokens:
    """As the provider counted them; `cached` is a part of `input`."""

    input: int
    cached: int
    output: int


@dataclass(frozen=True)
class Reply:
    """A reply that the provider gave whole: neither cut off, nor filtered, nor refused.

    `model` is the model that answered, "" if it did not say; `tokens` is None if it did not count.
    """

    text: str
    model: str
    tokens: Tokens | None
    http_status: int


class ProviderFailure(Exception):
    """There is no whole reply. Everything that goes wrong at a provider becomes this, and nothing else leaves it.

    Args:
        reason: why, in the closed list that is stored and shown.
        error: the class of what happened, for the engineer; never a text that the provider wrote.
        retryable: whether the same question may be asked again.
        http_status: None if there was no answer at all.
        retry_after: seconds for which the provider asks to be left alone; None if it did not say.
        cut: the reply that was not whole (cut off, filtered or refused): it has been paid for.
    """

    def __init__(
        self,
        reason: DegradedReason,
        *,
        error: str,
        retryable: bool = False,
        http_status: int | None = None,
        retry_after: float | None = None,
        cut: Reply | None = None,
    ):
        super().__init__(f"{reason}: {error}")
        self.reason = reason
        self.error = error
        self.retryable = retryable
        self.http_status = http_status
        self.retry_after = retry_after
        self.cut = cut


class Provider(Protocol):
    """A way to one model. `parameters` are sent with each question and stored with each call."""

    name: str
    model: str
    parameters: Mapping[str, Any]

    def ask(self, question: Question, *, seconds: float) -> Reply:
        """The reply, within `seconds`. Raises ProviderFailure, and nothing else, for whatever goes wrong there."""

    def price_keys(self) -> tuple[Mapping[str, str], ...]:
        """How the price list may know this provider, the best way first; see `prices.price_of`."""
