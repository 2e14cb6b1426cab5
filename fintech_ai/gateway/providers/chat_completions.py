"""OpenAI's chat completions, as OpenAI, Azure and servers of one's own speak them, through the `openai` SDK.

What we rely on of a reply is validated here, and the rest of it is ignored.
"""

import os
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any

import httpx2
import openai
from pydantic import BaseModel, Field, ValidationError

from fintech_ai.core.transport import http_client, kept
from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers import asking
from fintech_ai.gateway.providers.asking import milliseconds_since
from fintech_ai.gateway.providers.bodies import events, finish, json_body
from fintech_ai.gateway.providers.failures import broken_off, nonsense, not_whole
from fintech_ai.gateway.providers.limits import rate_windows
from fintech_ai.gateway.providers.protocol import Message, ProviderFailure, Question, Reply, Tokens, ToolCall
from fintech_ai.gateway.targets import MODEL_NAME

Count = Annotated[int, Field(ge=0, le=100_000_000)]
# Replies cut off, filtered or refused. A reply with tool calls may end either way, by the server.
CUT = {"length": DegradedReason.TRUNCATED, "content_filter": DegradedReason.FILTERED}
DONE = b"[DONE]"
MAX_TOOL_CALLS = 32


class WireDetails(BaseModel):
    cached_tokens: Count | None = None
    cache_write_tokens: Count | None = None


class WireUsage(BaseModel):
    prompt_tokens: Count
    completion_tokens: Count
    prompt_tokens_details: WireDetails | None = None


class WireFunction(BaseModel):
    name: str = Field(max_length=100)
    arguments: str


class WireToolCall(BaseModel):
    id: str = Field(default="", max_length=200)
    function: WireFunction


class WireMessage(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[WireToolCall] | None = None


class WireChoice(BaseModel):
    message: WireMessage
    finish_reason: str | None = None


class WireReply(BaseModel):
    """`usage` is read apart, since a wrong count does not spoil an answer."""

    choices: list[WireChoice] = Field(min_length=1)
    model: str = ""
    usage: Any = None


class WireFunctionDelta(BaseModel):
    name: str | None = Field(default=None, max_length=100)
    arguments: str | None = None


class WireToolCallDelta(BaseModel):
    index: int = Field(ge=0, lt=MAX_TOOL_CALLS)
    id: str | None = Field(default=None, max_length=200)
    function: WireFunctionDelta | None = None


class WireDelta(BaseModel):
    content: str | None = None
    refusal: str | None = None
    tool_calls: list[WireToolCallDelta] | None = None


class WireChunkChoice(BaseModel):
    index: int = 0
    delta: WireDelta = Field(default_factory=WireDelta)
    finish_reason: str | None = None


class WireChunk(BaseModel):
    """One event of a stream. The last one has no choices and the usage of all."""

    choices: list[WireChunkChoice] = Field(default_factory=list)
    model: str = ""
    usage: Any = None
    error: Any = None


def request_body(question: Question, *, model: str, limit_name: str) -> dict[str, Any]:
    """The request as OpenAI publishes it; `limit_name` is what the server calls the limit of the reply's length."""
    body = {
        "model": model,
        "messages": [_sent(message) for message in question.messages],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": question.schema_name, "strict": True, "schema": question.schema},
        },
        limit_name: question.max_output_tokens,
    }
    if question.tools:
        body["tools"] = [
            {
                "type": "function",
                "function": {
                    "name": tool.name,
                    "description": tool.description,
                    "parameters": tool.schema,
                    "strict": True,
                },
            }
            for tool in question.tools
        ]
        body["tool_choice"] = "auto" if question.may_call else "none"
        body["parallel_tool_calls"] = False
    if question.stream:
        body |= {"stream": True, "stream_options": {"include_usage": True}}
    return body


def _sent(message: Message) -> dict[str, Any]:
    if message.role == "tool":
        return {"role": "tool", "tool_call_id": message.tool_call_id, "content": message.text}
    if not message.tool_calls:
        return {"role": message.role, "content": message.text}
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in message.tool_calls
    ]
    return {"role": "assistant", "content": message.text or None, "tool_calls": calls}


def ask(base_url: str, api_key: str, body: Mapping[str, Any], *, question: Question, seconds: float) -> Reply:
    """Send `body`, made of `question`, and read the reply. Raises ProviderFailure, and nothing else."""
    post = partial(_client(os.getpid(), base_url, api_key).post, "/chat/completions", stream_cls=openai.Stream)
    return asking.ask(post, body, question, _read_stream if question.stream else _read_whole, seconds=seconds)


@kept
def _client(pid: int, base_url: str, api_key: str) -> openai.OpenAI:
    """One client, with its connections, per process, address and key; `pid` makes a forked child open its own."""
    # The SDK insists on a key, also where a server of one's own asks for none.
    return openai.OpenAI(base_url=base_url, api_key=api_key or "none", max_retries=0, http_client=http_client(base_url))


def _read_whole(response: httpx2.Response, begun: float) -> Reply:
    """The reply in our own words. Only one that ended of its own accord is whole; others raise ProviderFailure."""
    try:
        wire = WireReply.model_validate_json(json_body(response))
    except ValidationError:
        raise nonsense(response, "NotAChatCompletion") from None
    choice = wire.choices[0]
    return _checked(response, wire.model, wire.usage, choice.message, choice.finish_reason, first_token_ms=None)


def _read_stream(response: httpx2.Response, begun: float) -> Reply:
    """The same, put together from its pieces. A stream that just ends, which the SDK takes for whole, is not."""
    message, calls = WireMessage(), {}
    texts: list[str] = []
    model, usage, finish_reason, first_token_ms = "", None, None, None
    stream = events(response)
    for event in stream:
        if event == DONE:
            finish(stream)
            break
        try:
            chunk = WireChunk.model_validate_json(event)
        except ValidationError:
            raise nonsense(response, "NotAChunk") from None
        if chunk.error is not None:
            raise broken_off(response, chunk.error.get("code") if isinstance(chunk.error, dict) else None)
        model, usage = chunk.model or model, chunk.usage or usage
        for choice in chunk.choices:
            if choice.index:
                continue
            delta = choice.delta
            finish_reason = choice.finish_reason or finish_reason
            if first_token_ms is None and (delta.content or delta.refusal or delta.tool_calls):
                first_token_ms = milliseconds_since(begun)
            if delta.content:
                texts.append(delta.content)
            message.refusal = delta.refusal or message.refusal
            for piece in delta.tool_calls or ():
                _add(calls, piece)
    else:
        raise broken_off(response)
    if finish_reason is None:
        raise broken_off(response)
    message.content = "".join(texts)
    message.tool_calls = [calls[index] for index in sorted(calls)]
    return _checked(response, model, usage, message, finish_reason, first_token_ms=first_token_ms)


def _add(calls: dict[int, WireToolCall], piece: WireToolCallDelta) -> None:
    call = calls.setdefault(piece.index, WireToolCall(function=WireFunction(name="", arguments="")))
    call.id = piece.id or call.id
    if piece.function:
        call.function.name = piece.function.name or call.function.name
        call.function.arguments += piece.function.arguments or ""


def _checked(
    response: httpx2.Response,
    model: str,
    usage: Any,
    message: WireMessage,
    finish_reason: str | None,
    *,
    first_token_ms: int | None,
) -> Reply:
    calls = tuple(
        ToolCall(id=call.id or f"call_{number}", name=call.function.name, arguments=call.function.arguments)
        for number, call in enumerate(message.tool_calls or ())
    )
    reply = Reply(
        text=message.content or "",
        model=model if MODEL_NAME.fullmatch(model) else "",
        tokens=_tokens(usage),
        http_status=response.status_code,
        tool_calls=calls,
        first_token_ms=first_token_ms,
        windows=rate_windows(response.headers),
    )
    if message.refusal or finish_reason not in ("stop", *(["tool_calls"] if calls else [])):
        raise _cut(reply, message, finish_reason)
    return reply


def _cut(reply: Reply, message: WireMessage, finish_reason: str | None) -> ProviderFailure:
    if finish_reason in CUT:
        return not_whole(CUT[finish_reason], error=finish_reason, reply=reply)
    if message.refusal:
        return not_whole(DegradedReason.REFUSED, error="refusal", reply=reply)
    return not_whole(DegradedReason.PROVIDER_ERROR, error="NotFinished", reply=reply)


def _tokens(usage: Any) -> Tokens | None:
    try:
        counted = WireUsage.model_validate(usage)
    except ValidationError:
        return None
    details = counted.prompt_tokens_details or WireDetails()
    cached = min(details.cached_tokens or 0, counted.prompt_tokens)
    written = min(details.cache_write_tokens or 0, counted.prompt_tokens - cached)
    return Tokens(input=counted.prompt_tokens, cached=cached, written=written, output=counted.completion_tokens)
