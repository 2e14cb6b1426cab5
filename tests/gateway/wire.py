"""A question with everything in it, for the tests of what providers are sent and what they say."""

from dataclasses import replace
from typing import Any

import pytest

from fintech_ai.gateway.providers.protocol import (
    Message,
    Provider,
    ProviderFailure,
    Question,
    Reply,
    ToolCall,
    ToolSpec,
)
from tests.support.model_server import ModelServer

SCHEMA = {
    "type": "object",
    "properties": {"decision": {"type": "string", "enum": ["clear", "block"]}},
    "required": ["decision"],
    "additionalProperties": False,
}
ARGUMENTS = {
    "type": "object",
    "properties": {"days": {"type": "integer", "enum": [7, 30]}},
    "required": ["days"],
    "additionalProperties": False,
}
GOOD = {"decision": "clear"}
TOOL = ToolSpec("history", "What happened before.", ARGUMENTS)
PLAIN = Question(
    messages=(Message("system", "You are asked by a bank."), Message("user", "Is it fraud?")),
    schema_name="Verdict",
    schema=SCHEMA,
    idempotency_key="call-1",
)
# A round of looking things up, and a reply that did not fit.
LONG = replace(
    PLAIN,
    messages=(
        *PLAIN.messages,
        Message("assistant", "Let me see.", tool_calls=(ToolCall("call_1", "history", '{"days": 7}'),)),
        Message("tool", "3 payments", tool_call_id="call_1"),
        Message("assistant", "", tool_calls=(ToolCall("call:2", "history", "no JSON"),)),
        Message("tool", "it is not one JSON object", tool_call_id="call:2"),
        Message("assistant", '{"verdict": "fine"}'),
        Message("user", "That did not fit."),
    ),
    tools=(TOOL,),
)
QUESTIONS = {
    "plain": PLAIN,
    "streamed": replace(PLAIN, stream=True),
    "with a tool": replace(PLAIN, tools=(TOOL,)),
    "in the middle": LONG,
    "streamed in the middle": replace(LONG, stream=True),
    "at the last round": replace(LONG, may_call=False),
}
BOTH = pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])


def ask(provider: Provider, question: Question = PLAIN, *, seconds: float = 5, **changes: Any) -> Reply:
    """Ask the default model."""
    return provider.ask(replace(question, **changes), model=provider.default_model, seconds=seconds)


def failure(provider: Provider, question: Question = PLAIN, *, seconds: float = 5, **changes: Any) -> ProviderFailure:
    """Ask, and return what went wrong."""
    with pytest.raises(ProviderFailure) as failed:
        ask(provider, question, seconds=seconds, **changes)
    return failed.value


def sent(server: ModelServer) -> Any:
    """The body of the last request."""
    return server.requests[-1].body
