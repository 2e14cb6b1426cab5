"""What providers' replies look like on the wire: OpenAI's chat completions, Anthropic's messages, whole and streamed.

After OpenAI's API reference ("The chat completion object", "The chat completion chunk object") and Anthropic's
("Create a message", "Streaming messages"). A step is written in OpenAI's words, and said in those of whoever is asked.
"""

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

MODEL = "gpt-4.1-mini-2025-04-14"
CLAUDE = "claude-haiku-4-5-20251001"
# 1,000 tokens of input, 200 of them from the cache, and 100 of output; as each of them counts.
USAGE = {
    "prompt_tokens": 1000,
    "completion_tokens": 100,
    "total_tokens": 1100,
    "prompt_tokens_details": {"cached_tokens": 200},
}
CLAUDE_USAGE = {
    "input_tokens": 800,
    "cache_read_input_tokens": 200,
    "cache_creation_input_tokens": 0,
    "output_tokens": 100,
}
STOP_REASONS = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "refusal",
    "tool_calls": "tool_use",
    None: None,
}
PIECE = 7


@dataclass(frozen=True)
class Call:
    """The model asks for a tool. `arguments` are an object, or the text that it wrote instead."""

    name: str
    arguments: Mapping[str, Any] | str
    id: str = "call_1"

    @property
    def text(self) -> str:
        return self.arguments if isinstance(self.arguments, str) else json.dumps(self.arguments)


@dataclass(frozen=True)
class Step:
    """One reply. `raw` replaces the whole body; `content` is what the model says.

    `pause` is the seconds between the beginning of a stream and its first token, and `cut` ends a stream there, with a
    well-formed end of the body: "middle" in the middle of the text, "end" before the events that say that it is over.
    """

    content: str | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    finish_reason: str | None = "stop"
    refusal: str | None = None
    usage: Any = field(default_factory=lambda: USAGE)
    model: str | None = None
    content_type: str | None = None
    raw: bytes | None = None
    delay: float = 0.0
    calls: Sequence[Call] = ()
    pause: float = 0.0
    cut: str = ""
    stream_error: str = ""


def completion(step: Step) -> bytes:
    """A whole chat completion."""
    message = {"role": "assistant", "content": step.content, "refusal": step.refusal, "annotations": []}
    if step.calls:
        message["tool_calls"] = [_tool_call(call) for call in step.calls]
    choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": step.finish_reason}
    return json.dumps({**_frame("chat.completion", step), "choices": [choice], "usage": step.usage}).encode()


def completion_events(step: Step) -> Iterator[bytes]:
    """A chat completion as a stream. `usage` comes in an event of its own, as it was asked for."""
    frame = _frame("chat.completion.chunk", step)

    def chunk(delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        return _event(json.dumps({**frame, "choices": [choice], "usage": None}))

    # Azure begins with what its filter thinks of the prompt.
    yield _event(json.dumps({**frame, "choices": [], "prompt_filter_results": []}))
    yield chunk({"role": "assistant", "content": "", "refusal": None})
    if step.refusal:
        yield chunk({"refusal": step.refusal})
    pieces = _pieces(step.content or "")
    for number, piece in enumerate(pieces):
        if step.cut == "middle" and number > len(pieces) // 2:
            return
        yield chunk({"content": piece})
        if step.stream_error and number == 0:
            yield _event(
                json.dumps({"error": {"message": "Jane Doe", "type": "server_error", "code": step.stream_error}})
            )
            return
    for index, call in enumerate(step.calls):
        yield chunk({"tool_calls": [{"index": index, **_tool_call(call, arguments="")}]})
        for piece in _pieces(call.text):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    if step.cut == "end":
        return
    yield chunk({}, step.finish_reason)
    yield _event(json.dumps({**frame, "choices": [], "usage": step.usage}))
    yield _event("[DONE]")


def message(step: Step) -> bytes:
    """A whole message of Anthropic's."""
    body = {**_message_frame(step), "content": _blocks(step), "stop_reason": _stop_reason(step), "stop_sequence": None}
    return json.dumps({**body, "usage": _claude_usage(step)}).encode()


def message_events(step: Step) -> Iterator[bytes]:
    """A message of Anthropic's as a stream."""
    usage = _claude_usage(step)
    begun = {**usage, "output_tokens": 1} if isinstance(usage, dict) and "output_tokens" in usage else usage
    start = {**_message_frame(step), "content": [], "stop_reason": None, "stop_sequence": None, "usage": begun}
    yield _named("message_start", message=start)
    yield _named("ping")
    for index, block in enumerate(_blocks(step)):
        if block["type"] == "text":
            pieces = [{"type": "text_delta", "text": piece} for piece in _pieces(block["text"])]
            yield _named("content_block_start", index=index, content_block={"type": "text", "text": ""})
        else:
            text = json.dumps(block["input"])
            pieces = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *_pieces(text)]]
            yield _named("content_block_start", index=index, content_block={**block, "input": {}})
        for number, piece in enumerate(pieces):
            if step.cut == "middle" and number > len(pieces) // 2:
                return
            yield _named("content_block_delta", index=index, delta=piece)
            if step.stream_error and number == 0:
                yield _named("error", error={"type": step.stream_error, "message": "Jane Doe"})
                return
        yield _named("content_block_stop", index=index)
    if step.cut == "end":
        return
    ended = {"output_tokens": usage["output_tokens"]} if isinstance(usage, dict) and "output_tokens" in usage else usage
    yield _named("message_delta", delta={"stop_reason": _stop_reason(step), "stop_sequence": None}, usage=ended)
    yield _named("message_stop")


def _frame(kind: str, step: Step) -> dict[str, Any]:
    return {
        "id": "chatcmpl-test",
        "object": kind,
        "created": int(time.time()),
        "model": step.model or MODEL,
        "service_tier": "default",
        "system_fingerprint": "fp_test",
    }


def _tool_call(call: Call, *, arguments: str | None = None) -> dict[str, Any]:
    text = call.text if arguments is None else arguments
    return {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": text}}


def _message_frame(step: Step) -> dict[str, Any]:
    return {"id": "msg_test", "type": "message", "role": "assistant", "model": step.model or CLAUDE}


def _blocks(step: Step) -> list[dict[str, Any]]:
    text = [{"type": "text", "text": step.content}] if step.content else []
    uses = [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": json.loads(call.text)} for call in step.calls
    ]
    return [*text, *uses]


def _stop_reason(step: Step) -> str | None:
    return "refusal" if step.refusal else STOP_REASONS.get(step.finish_reason, step.finish_reason)


def _claude_usage(step: Step) -> Any:
    return CLAUDE_USAGE if step.usage is USAGE else step.usage


def _pieces(text: str) -> list[str]:
    return [text[start : start + PIECE] for start in range(0, len(text), PIECE)]


def _event(data: str) -> bytes:
    return f"data: {data}\n\n".encode()


def _named(kind: str, **fields: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps({'type': kind, **fields})}\n\n".encode()
