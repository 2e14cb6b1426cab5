"""Anthropic's messages, through its own SDK and with its own structured output.

What we rely on of a reply is validated here, and the rest of it is ignored."""

import json
import os
import re
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Annotated, Any

import anthropic
import httpx2
import pydantic_core
from pydantic import BaseModel, Field, ValidationError

from fintech_ai.core.transport import http_client, kept
from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers import asking
from fintech_ai.gateway.providers.asking import milliseconds_since
from fintech_ai.gateway.providers.bodies import events, finish, json_body
from fintech_ai.gateway.providers.failures import broken_off, nonsense, not_whole
from fintech_ai.gateway.providers.limits import rate_windows
from fintech_ai.gateway.providers.protocol import Message, Question, Reply, Tokens, ToolCall, ToolSpec
from fintech_ai.gateway.targets import MODEL_NAME

Count = Annotated[int, Field(ge=0, le=100_000_000)]
MAX_BLOCKS = 100
# How a reply that is not whole ended. We send no stop sequences and use none of the tools that pause a turn.
CUT = {
    "max_tokens": DegradedReason.TRUNCATED,
    "model_context_window_exceeded": DegradedReason.TRUNCATED,
    "refusal": DegradedReason.REFUSED,
}
FOREIGN = re.compile(r"[^a-zA-Z0-9_-]")


class WireUsage(BaseModel):
    """`input_tokens` are those that the cache had no part in, and the two others come beside them."""

    input_tokens: Count
    output_tokens: Count
    cache_read_input_tokens: Count | None = None
    cache_creation_input_tokens: Count | None = None


class WireBlock(BaseModel):
    """Text, a use of a tool, or something that we did not ask for and do not look at, such as thinking."""

    type: str
    text: str = ""
    id: str = Field(default="", max_length=200)
    name: str = Field(default="", max_length=100)
    input: Any = None


class WireReply(BaseModel):
    """`usage` is read apart, since a wrong count does not spoil an answer."""

    type: str = Field(pattern="^message$")
    content: list[WireBlock] = Field(max_length=MAX_BLOCKS)
    stop_reason: str | None = None
    model: str = ""
    usage: Any = None


class WireStart(BaseModel):
    model: str = ""
    usage: Any = None


class WireDelta(BaseModel):
    type: str = ""
    text: str = ""
    partial_json: str = ""
    stop_reason: str | None = None


class WireEvent(BaseModel):
    """One event of a stream; which fields it has depends on its type."""

    type: str
    index: int = Field(default=0, ge=0, lt=MAX_BLOCKS)
    message: WireStart | None = None
    content_block: WireBlock | None = None
    delta: WireDelta | None = None
    usage: Any = None
    error: Any = None


def request_body(question: Question, *, model: str) -> dict[str, Any]:
    """The request as Anthropic publishes it."""
    system = "\n\n".join(message.text for message in question.messages if message.role == "system")
    body = {
        "model": model,
        "max_tokens": question.max_output_tokens,
        "system": system,
        "messages": _turns(message for message in question.messages if message.role != "system"),
        "output_config": {"format": {"type": "json_schema", "schema": question.schema}},
    }
    if question.tools:
        body["tools"] = [_tool(tool) for tool in question.tools]
        # Uses one after the other can build on what was found, and are counted.
        once = {"type": "auto", "disable_parallel_tool_use": True}
        body["tool_choice"] = once if question.may_call else {"type": "none"}
    if question.stream:
        body["stream"] = True
    return body


def _tool(tool: ToolSpec) -> dict[str, Any]:
    return {"name": tool.name, "description": tool.description, "input_schema": tool.schema, "strict": True}


def _turns(messages: Iterable[Message]) -> list[dict[str, Any]]:
    """User and assistant in turn; what tools found is said by the user, all of it in one turn."""
    turns: list[dict[str, Any]] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        if turns and turns[-1]["role"] == role:
            turns[-1]["content"] += _blocks(message)
        else:
            turns.append({"role": role, "content": _blocks(message)})
    return turns


def _blocks(message: Message) -> list[dict[str, Any]]:
    if message.role == "tool":
        return [{"type": "tool_result", "tool_use_id": _id(message.tool_call_id), "content": message.text}]
    # A text of nothing but spaces is refused.
    text = [{"type": "text", "text": message.text}] if message.text.strip() else []
    uses = [
        {"type": "tool_use", "id": _id(call.id), "name": call.name, "input": _arguments(call.arguments)}
        for call in message.tool_calls
    ]
    return [*text, *uses]


def _id(text: str) -> str:
    """Ids have a form here, and one that another provider gave need not have it."""
    return FOREIGN.sub("_", text) or "_"


def _arguments(text: str) -> dict[str, Any]:
    """What a model wrote, as the object that it has to be here. If it is none, the tool's result says so."""
    try:
        value = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def ask(base_url: str, api_key: str, body: Mapping[str, Any], *, question: Question, seconds: float) -> Reply:
    """Send `body`, made of `question`, and read the reply. Raises ProviderFailure, and nothing else."""
    post = partial(_client(os.getpid(), base_url, api_key).post, "/v1/messages", stream_cls=anthropic.Stream)
    return asking.ask(post, body, question, _read_stream if question.stream else _read_whole, seconds=seconds)


@kept
def _client(pid: int, base_url: str, api_key: str) -> anthropic.Anthropic:
    """One client, with its connections, per process, address and key; `pid` makes a forked child open its own."""
    return anthropic.Anthropic(
        base_url=base_url,
        api_key=api_key,
        max_retries=0,
        http_client=http_client(base_url),
        # Told so by a variable of the environment, the SDK would put questions and answers into traces.
        open_telemetry=False,
    )


def _read_whole(response: httpx2.Response, begun: float) -> Reply:
    """The reply in our own words. Only one that ended of its own accord is whole; others raise ProviderFailure."""
    try:
        wire = WireReply.model_validate_json(json_body(response))
    except ValidationError:
        raise nonsense(response, "NotAMessage") from None
    calls = [(block, json.dumps(block.input)) for block in wire.content if block.type == "tool_use"]
    text = "".join(block.text for block in wire.content if block.type == "text")
    return _checked(response, wire.model, wire.usage, text, calls, wire.stop_reason, first_token_ms=None)


def _read_stream(response: httpx2.Response, begun: float) -> Reply:
    """The same, put together from its pieces. A stream that just ends, which the SDK takes for whole, is not."""
    blocks: dict[int, WireBlock] = {}
    pieces: dict[int, list[str]] = {}
    start, usage, stop_reason, first_token_ms = WireStart(), {}, None, None
    stream = events(response)
    for data in stream:
        try:
            event = WireEvent.model_validate_json(data)
        except ValidationError:
            raise nonsense(response, "NotAnEvent") from None
        if event.type == "message_start" and event.message:
            start = event.message
            usage = _known(start.usage)
        elif event.type == "content_block_start" and event.content_block:
            blocks[event.index], pieces[event.index] = event.content_block, [event.content_block.text]
        elif event.type == "content_block_delta" and event.delta and event.index in blocks:
            piece = event.delta.text or event.delta.partial_json
            pieces[event.index].append(piece)
            if first_token_ms is None and piece:
                first_token_ms = milliseconds_since(begun)
        elif event.type == "message_delta" and event.delta:
            stop_reason = event.delta.stop_reason or stop_reason
            # Its counts are totals so far, and may leave out those of the beginning.
            usage |= _known(event.usage)
        elif event.type == "error":
            raise broken_off(response, event.error.get("type") if isinstance(event.error, dict) else None)
        elif event.type == "message_stop":
            finish(stream)
            break
    else:
        raise broken_off(response)
    if stop_reason is None:
        raise broken_off(response)
    texts = ("".join(pieces[index]) for index in sorted(blocks) if blocks[index].type == "text")
    calls = [
        (blocks[index], "".join(pieces[index]) or "{}") for index in sorted(blocks) if blocks[index].type == "tool_use"
    ]
    text = "".join(texts)
    return _checked(response, start.model, usage, text, calls, stop_reason, first_token_ms=first_token_ms)


def _known(usage: Any) -> dict[str, Any]:
    """The counts that an event has."""
    return {name: count for name, count in usage.items() if count is not None} if isinstance(usage, dict) else {}


def _checked(
    response: httpx2.Response,
    model: str,
    usage: Any,
    text: str,
    uses: list[tuple[WireBlock, str]],
    stop_reason: str | None,
    *,
    first_token_ms: int | None,
) -> Reply:
    reply = Reply(
        text=text,
        model=model if MODEL_NAME.fullmatch(model) else "",
        tokens=_tokens(usage),
        http_status=response.status_code,
        tool_calls=tuple(ToolCall(id=block.id, name=block.name, arguments=arguments) for block, arguments in uses),
        first_token_ms=first_token_ms,
        windows=rate_windows(response.headers),
    )
    if stop_reason in CUT:
        raise not_whole(CUT[stop_reason], error=stop_reason, reply=reply)
    if stop_reason != ("tool_use" if uses else "end_turn"):
        raise not_whole(DegradedReason.PROVIDER_ERROR, error="NotFinished", reply=reply)
    return reply


def _tokens(usage: Any) -> Tokens | None:
    try:
        counted = WireUsage.model_validate(usage)
    except ValidationError:
        return None
    cached, written = counted.cache_read_input_tokens or 0, counted.cache_creation_input_tokens or 0
    return Tokens(
        input=counted.input_tokens + cached + written, cached=cached, written=written, output=counted.output_tokens
    )
