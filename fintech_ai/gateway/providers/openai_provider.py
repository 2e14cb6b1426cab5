"""OpenAI's chat completions, and any server that speaks the same protocol at another base URL.

The SDK builds and sends the request; it neither retries nor follows a redirect, and its lenient reading of replies is
not used: what we rely on is validated here, and the rest of a reply is ignored.
"""

import os
import re
from collections.abc import AsyncIterator, Mapping
from functools import lru_cache
from typing import Annotated, Any

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError

from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers import background
from fintech_ai.gateway.providers.protocol import MAX_OUTPUT_TOKENS, ProviderFailure, Question, Reply, Tokens
from fintech_ai.gateway.providers.retry_after import retry_after_seconds

OPENAI_URL = "https://api.openai.com/v1"
CONNECT_SECONDS = 5.0
MAX_REPLY_BYTES = 1024 * 1024
# The slugs that providers give errors, such as model_not_found. Nothing that could hold a key or a text.
ERROR_CODE = re.compile(r"[a-z_]{1,40}")
MODEL_NAME = re.compile(r"[\w.:/@+-]{1,100}", re.ASCII)

Count = Annotated[int, Field(ge=0, le=100_000_000)]


class WireDetails(BaseModel):
    cached_tokens: Count | None = None


class WireUsage(BaseModel):
    prompt_tokens: Count
    completion_tokens: Count
    prompt_tokens_details: WireDetails | None = None


class WireMessage(BaseModel):
    content: str | None = None
    refusal: str | None = None


class WireChoice(BaseModel):
    message: WireMessage
    finish_reason: str | None = None


class WireReply(BaseModel):
    """What we rely on of a chat completion. `usage` is read apart, since a wrong count does not spoil an answer."""

    choices: list[WireChoice] = Field(min_length=1)
    model: str = ""
    usage: Any = None


class ReplyTooLarge(Exception):
    """The body went over MAX_REPLY_BYTES, and was not read on."""


class ReplyEncoded(Exception):
    """The body came compressed, which was not asked for and would get round the limit of its size."""


class OpenAIProvider:
    """A model behind OpenAI's protocol. Without a base URL it is OpenAI itself."""

    name = "openai"

    def __init__(self, *, base_url: str, api_key: str, model: str):
        self.base_url = base_url or OPENAI_URL
        self.default_model = model
        self.region = ""
        # "store" keeps the provider from keeping the question and the answer for its own pages.
        self.parameters: Mapping[str, Any] = {"max_completion_tokens": MAX_OUTPUT_TOKENS, "store": False}
        self._api_key = api_key

    def __repr__(self) -> str:
        return f"OpenAIProvider({self.default_model})"

    def price_keys(self) -> tuple[Mapping[str, str], ...]:
        """By the base URL; a proxy that the list does not know is taken to lead to OpenAI's own models."""
        return {"provider_api_url": self.base_url}, {"provider_id": "openai"}

    def ask(self, question: Question, *, model: str, seconds: float) -> Reply:
        """See `Provider.ask`."""
        try:
            return background.run(self._ask(question, model), seconds=seconds)
        except ProviderFailure:
            raise
        except TimeoutError:
            raise ProviderFailure(DegradedReason.TIMEOUT, error="Deadline", retryable=True) from None
        except openai.APIStatusError as error:
            raise _status_failure(error) from None
        except openai.APIConnectionError as error:
            raise _connection_failure(error) from None
        except Exception as error:
            raise ProviderFailure(DegradedReason.PROVIDER_ERROR, error=type(error).__name__) from None

    async def _ask(self, question: Question, model: str) -> Reply:
        client = _client(os.getpid(), self.base_url, self._api_key)
        response = await client.chat.completions.with_raw_response.create(
            model=model,
            messages=[{"role": message.role, "content": message.text} for message in question.messages],
            response_format={
                "type": "json_schema",
                "json_schema": {"name": question.schema_name, "strict": True, "schema": dict(question.schema)},
            },
            extra_headers={"Idempotency-Key": question.idempotency_key},
            # Reading is bounded as a whole by `ask`: a bound on each read would not hold a server that drips.
            timeout=httpx2.Timeout(None, connect=CONNECT_SECONDS),
            **self.parameters,
        )
        return _read(response.http_response)


@lru_cache(maxsize=8)
def _client(pid: int, base_url: str, api_key: str) -> openai.AsyncOpenAI:
    """One client, with its connections, per process, address and key."""
    transport = openai.DefaultAsyncHttpxClient(
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
        event_hooks={"response": [_limit]},
    )
    # The SDK insists on a key, also where a server of one's own asks for none.
    return openai.AsyncOpenAI(base_url=base_url, api_key=api_key or "none", max_retries=0, http_client=transport)


class _Limited(httpx2.AsyncByteStream):
    """A body that is read up to MAX_REPLY_BYTES and no further."""

    def __init__(self, stream: httpx2.AsyncByteStream):
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for chunk in self._stream:
            size += len(chunk)
            if size > MAX_REPLY_BYTES:
                raise ReplyTooLarge
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()


async def _limit(response: httpx2.Response) -> None:
    if response.headers.get("content-encoding", "identity") != "identity":
        raise ReplyEncoded
    response.stream = _Limited(response.stream)


def _read(response: httpx2.Response) -> Reply:
    """The reply in our own words. Only one that ended of its own accord is whole."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        raise _nonsense(response, "NotJson")
    try:
        wire = WireReply.model_validate_json(response.content)
    except ValidationError:
        raise _nonsense(response, "NotAChatCompletion") from None
    choice = wire.choices[0]
    reply = Reply(
        text=choice.message.content or "",
        model=wire.model if MODEL_NAME.fullmatch(wire.model) else "",
        tokens=_tokens(wire.usage),
        http_status=response.status_code,
    )
    if choice.message.refusal or choice.finish_reason != "stop":
        raise _cut(choice, reply)
    return reply


def _tokens(usage: Any) -> Tokens | None:
    try:
        counted = WireUsage.model_validate(usage)
    except ValidationError:
        return None
    details = counted.prompt_tokens_details
    cached = (details.cached_tokens if details else None) or 0
    return Tokens(
        input=counted.prompt_tokens, cached=min(cached, counted.prompt_tokens), output=counted.completion_tokens
    )


def _cut(choice: WireChoice, reply: Reply) -> ProviderFailure:
    reasons = {"length": DegradedReason.TRUNCATED, "content_filter": DegradedReason.FILTERED}
    if choice.finish_reason in reasons:
        reason, error = reasons[choice.finish_reason], choice.finish_reason
    elif choice.message.refusal:
        reason, error = DegradedReason.REFUSED, "refusal"
    else:
        reason, error = DegradedReason.PROVIDER_ERROR, "NotFinished"
    return ProviderFailure(reason, error=error, http_status=reply.http_status, cut=reply)


def _nonsense(response: httpx2.Response, error: str) -> ProviderFailure:
    """A 200 that is no chat completion: most often the page of a proxy on the way, so it may pass."""
    return ProviderFailure(DegradedReason.PROVIDER_ERROR, error=error, retryable=True, http_status=response.status_code)


def _status_failure(error: openai.APIStatusError) -> ProviderFailure:
    status = error.status_code
    code = error.code if isinstance(error.code, str) and ERROR_CODE.fullmatch(error.code) else ""
    retryable = status in {408, 409, 429} or status >= 500
    if code == "insufficient_quota":
        reason, retryable = DegradedReason.QUOTA_SPENT, False
    elif code == "content_filter":
        reason = DegradedReason.FILTERED
    elif status in {401, 403}:
        reason = DegradedReason.NOT_AUTHORISED
    elif status == 408:
        reason = DegradedReason.TIMEOUT
    elif status == 429:
        reason = DegradedReason.RATE_LIMITED
    else:
        reason = DegradedReason.PROVIDER_ERROR if retryable else DegradedReason.REJECTED
    return ProviderFailure(
        reason,
        error=code or type(error).__name__,
        retryable=retryable,
        http_status=status,
        retry_after=retry_after_seconds(error.response.headers),
    )


def _connection_failure(error: openai.APIConnectionError) -> ProviderFailure:
    """No connection, none in time, or one that broke."""
    cause = type(error.__cause__ or error).__name__
    return ProviderFailure(DegradedReason.UNREACHABLE, error=cause, retryable=True)
