"""What the gateway and a provider say to each other, in no provider's own words."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from fintech_ai.gateway.models import DegradedReason

# Above any honest answer. It bounds what one attempt can cost.
MAX_OUTPUT_TOKENS = 4096


@dataclass(frozen=True)
class ToolCall:
    """The model asks for a tool. `arguments` is the raw text that it wrote, which need not even be JSON."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True)
class ToolSpec:
    """A tool as the model is told of it; `schema` is the strict JSON schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, Any]


@dataclass(frozen=True)
class Message:
    """A turn. An assistant's may hold `tool_calls`; a tool's answers the one named `tool_call_id`."""

    role: Literal["system", "user", "assistant", "tool"]
    text: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True)
class Question:
    """One request.

    Args:
        messages: the system's first, then user and assistant in turn; those of tools directly after the assistant's
            that asked for them.
        idempotency_key: the same for each retry of the same question, so that a provider that knows such keys charges
            once.
        tools: what the model may look up before it answers.
        may_call: whether it still may. If not, the tools are told all the same, since the conversation mentions them.
        stream: whether the reply is streamed, so that the time to its first token is known.
    """

    messages: tuple[Message, ...]
    schema_name: str
    schema: Mapping[str, Any]
    idempotency_key: str
    tools: tuple[ToolSpec, ...] = ()
    may_call: bool = True
    stream: bool = False
    max_output_tokens: int = MAX_OUTPUT_TOKENS


@dataclass(frozen=True)
class Tokens:
    """As the provider counted them.

    `cached` and `written` are parts of `input`: read from the provider's cache, which costs less, and written to it,
    which costs more where it is charged for at all.
    """

    input: int
    cached: int
    output: int
    written: int = 0


@dataclass(frozen=True)
class RateWindow:
    """What is left of a rate limit: `remaining` of `limit`, all of it again in `reset_seconds`."""

    kind: Literal["requests", "tokens"]
    limit: int
    remaining: int
    reset_seconds: float


@dataclass(frozen=True)
class Reply:
    """A reply that the provider gave whole: neither cut off, nor filtered, nor refused.

    With `tool_calls` the model wants to look something up first, and `text` is what it said beside that. `model` is the
    model that answered, "" if it did not say; `tokens` is None if it did not count; `first_token_ms` only if streamed.
    """

    text: str
    model: str
    tokens: Tokens | None
    http_status: int
    tool_calls: tuple[ToolCall, ...] = ()
    first_token_ms: int | None = None
    windows: tuple[RateWindow, ...] = ()


class ProviderFailure(Exception):
    """There is no whole reply. Everything that goes wrong at a provider becomes this, and nothing else leaves it.

    Args:
        reason: why, in the closed list that is stored and shown.
        error: the class of what happened, for the engineer; never a text that the provider wrote.
        retryable: whether the same question may be asked again.
        http_status: None if there was no answer at all.
        retry_after: seconds for which the provider asks to be left alone; None if it did not say.
        cut: the reply that was not whole (cut off, filtered or refused): it has been paid for.
        may_have_cost: whether the provider may have worked on it. No connection, a 4xx and a 503 cost nothing; a
            time-out or a reply that broke off may have cost as much as a whole one.
        windows: the provider's rate limits, if it said.
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
        may_have_cost: bool = True,
        windows: tuple[RateWindow, ...] = (),
    ):
        super().__init__(f"{reason}: {error}")
        self.reason = reason
        self.error = error
        self.retryable = retryable
        self.http_status = http_status
        self.retry_after = retry_after
        self.cut = cut
        self.may_have_cost = may_have_cost
        self.windows = windows


class Provider(Protocol):
    """A way to the models of one vendor, or of a server of one's own.

    Args:
        name: one of openai, azure, anthropic, compatible.
        region: where it works, as configured; "" if nobody said.
        default_model: asked where the tenant has no route of its own.
        parameters: sent with each question and stored with each call.
    """

    name: str
    region: str
    default_model: str
    parameters: Mapping[str, Any]

    def prepare(self) -> None:
        """Load what the first question needs, which takes a second or more, so that it need not wait for that."""

    def ask(self, question: Question, *, model: str, seconds: float) -> Reply:
        """The reply, within `seconds`. Raises ProviderFailure, and nothing else, for whatever goes wrong there."""

    def priced_as(self, model: str) -> str:
        """What the price list may know the model as, where it goes by another name here."""

    def price_keys(self) -> tuple[Mapping[str, str], ...]:
        """How the price list may know this provider, the best way first; see `prices.price_of`."""
