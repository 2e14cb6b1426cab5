"""Anthropic over HTTP, by its own protocol: what is sent is what it publishes, and only what is whole is taken."""

import json
import time
from dataclasses import replace

import pytest

from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.protocol import RateWindow, Tokens, ToolCall
from fintech_ai.gateway.providers.vendors import AnthropicProvider
from tests.gateway.wire import ARGUMENTS, BOTH, GOOD, LONG, PLAIN, QUESTIONS, SCHEMA, TOOL, ask, failure, sent
from tests.support.model_server import Call, Fault, ModelServer, Step
from tests.support.published import problem_with

KEY = "sk-ant-test-0123456789abcdefghij"
LIMITS = {
    "anthropic-ratelimit-requests-limit": "4000",
    "anthropic-ratelimit-requests-remaining": "3999",
    "anthropic-ratelimit-requests-reset": "2020-01-01T00:00:00Z",
    "anthropic-ratelimit-input-tokens-limit": "1",
    "anthropic-ratelimit-input-tokens-remaining": "1",
    "anthropic-ratelimit-input-tokens-reset": "2020-01-01T00:00:00Z",
    "anthropic-ratelimit-tokens-limit": "480000",
    "anthropic-ratelimit-tokens-remaining": "479000",
    "anthropic-ratelimit-tokens-reset": "2020-01-01T00:00:00Z",
}
WINDOWS = (RateWindow("requests", 4000, 3999, 0), RateWindow("tokens", 480_000, 479_000, 0))


@pytest.fixture
def claude(vendor: ModelServer) -> AnthropicProvider:
    return AnthropicProvider(base_url=vendor.root, api_key=KEY, model="claude-haiku-4-5")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_kind_of_question_is_what_anthropic_publishes(vendor, claude, name):
    ask(claude, QUESTIONS[name])
    assert problem_with("anthropic", sent(vendor)) == ""
    assert vendor.requests[-1].path == "/v1/messages"


@pytest.mark.parametrize(
    ("break_it", "where"),
    [
        (lambda body: body.update(max_completion_tokens=1), "max_completion_tokens"),
        (lambda body: body.update(response_format={"type": "json_schema"}), "response_format"),
        (lambda body: body.pop("max_tokens"), "max_tokens"),
        (lambda body: body["messages"][0].update(role="tool"), "messages/0"),
        (lambda body: body["messages"][1]["content"][1].update(arguments="{}"), "messages/1"),
        (lambda body: body["messages"][1]["content"][1].update(id="call:1"), "messages/1"),
        (lambda body: body["messages"][2]["content"][0].pop("tool_use_id"), "messages/2"),
        (lambda body: body["tools"][0].update(parameters={}), "tools/0"),
        (lambda body: body["tools"][0].pop("input_schema"), "tools/0"),
        (lambda body: body["output_config"]["format"].pop("schema"), "output_config"),
        (lambda body: body["output_config"]["format"].update(strict=True), "output_config"),
        (lambda body: body.update(tool_choice="auto"), "tool_choice"),
    ],
)
def test_a_broken_request_would_be_noticed(vendor, claude, break_it, where):
    ask(claude, LONG)
    body = json.loads(json.dumps(sent(vendor)))
    break_it(body)
    assert where in problem_with("anthropic", body)


def test_its_own_structured_output_is_used(vendor, claude):
    ask(claude)
    body = sent(vendor)
    assert body["output_config"] == {"format": {"type": "json_schema", "schema": SCHEMA}}
    assert body["system"] == "You are asked by a bank."
    assert body["messages"] == [{"role": "user", "content": [{"type": "text", "text": "Is it fraud?"}]}]
    assert body["max_tokens"] == 4096 and "tools" not in body and "stream" not in body
    (request,) = vendor.requests
    assert KEY in str(request.headers) and request.headers["anthropic-version"]
    assert request.headers["idempotency-key"] == "call-1"


def test_what_is_sent_and_what_is_stored_as_parameters_agree(vendor, claude):
    ask(claude)
    assert claude.parameters.items() <= sent(vendor).items()


def test_tools_are_strict_and_one_at_a_time(vendor, claude):
    ask(claude, LONG)
    body = sent(vendor)
    assert body["tools"] == [
        {"name": "history", "description": "What happened before.", "input_schema": ARGUMENTS, "strict": True}
    ]
    assert body["tool_choice"] == {"type": "auto", "disable_parallel_tool_use": True}
    ask(claude, LONG, may_call=False)
    assert sent(vendor)["tool_choice"] == {"type": "none"}


def test_a_round_of_looking_up_is_said_in_turns(vendor, claude):
    ask(claude, LONG)
    turns = sent(vendor)["messages"]
    assert [turn["role"] for turn in turns] == ["user", "assistant", "user", "assistant", "user", "assistant", "user"]
    assert turns[1]["content"] == [
        {"type": "text", "text": "Let me see."},
        {"type": "tool_use", "id": "call_1", "name": "history", "input": {"days": 7}},
    ]
    assert turns[2]["content"] == [{"type": "tool_result", "tool_use_id": "call_1", "content": "3 payments"}]
    # What another model wrote: an id of another form, arguments that are none, and no text.
    assert turns[3]["content"] == [{"type": "tool_use", "id": "call_2", "name": "history", "input": {}}]
    assert turns[4]["content"][0]["tool_use_id"] == "call_2"


@BOTH
def test_a_whole_reply(vendor, claude, stream):
    vendor.script([Step(content=json.dumps(GOOD), headers=LIMITS)])
    reply = ask(claude, stream=stream)
    assert json.loads(reply.text) == GOOD
    assert (reply.model, reply.http_status, reply.tool_calls) == ("claude-haiku-4-5-20251001", 200, ())
    # It counts what came from the cache beside the input, and we count it in.
    assert reply.tokens == Tokens(input=1000, cached=200, output=100)
    assert reply.windows == WINDOWS
    assert (reply.first_token_ms is None) is not stream


@BOTH
def test_cache_writes_are_counted(vendor, claude, stream):
    usage = {
        "input_tokens": 100,
        "cache_read_input_tokens": 200,
        "cache_creation_input_tokens": 300,
        "output_tokens": 10,
    }
    vendor.script([Step(content="{}", usage=usage)])
    assert ask(claude, stream=stream).tokens == Tokens(input=600, cached=200, output=10, written=300)


@BOTH
def test_tool_calls(vendor, claude, stream):
    calls = (Call("history", {"days": 7}, id="toolu_1"), Call("now", {}, id="toolu_2"))
    vendor.script([Step(content="Let me see.", calls=calls, finish_reason="tool_calls")])
    reply = ask(claude, tools=(TOOL,), stream=stream)
    assert reply.text == "Let me see."
    assert [(call.id, call.name, json.loads(call.arguments)) for call in reply.tool_calls] == [
        ("toolu_1", "history", {"days": 7}),
        ("toolu_2", "now", {}),
    ]


def test_what_it_asked_for_can_be_sent_back(vendor, claude):
    vendor.script([Call("history", {"days": 7}, id="toolu_1"), GOOD])
    reply = ask(claude, tools=(TOOL,))
    said = replace(PLAIN.messages[1], role="assistant", text=reply.text, tool_calls=reply.tool_calls)
    found = replace(PLAIN.messages[1], role="tool", text="3 payments", tool_call_id=reply.tool_calls[0].id)
    ask(claude, messages=(*PLAIN.messages, said, found), tools=(TOOL,))
    assert sent(vendor)["messages"][1]["content"][0]["input"] == {"days": 7}
    assert reply.tool_calls == (ToolCall("toolu_1", "history", '{"days": 7}'),)


@BOTH
def test_an_announced_tool_call_that_does_not_come_is_no_reply(vendor, claude, stream):
    vendor.script([Step(content="Let me see.", finish_reason="tool_calls")])
    assert failure(claude, tools=(TOOL,), stream=stream).error == "NotFinished"


def test_the_time_to_the_first_token_is_taken(vendor, claude):
    vendor.script([Step(content=json.dumps(GOOD), pause=0.2)])
    assert 200 <= ask(claude, stream=True).first_token_ms < 1000


@BOTH
@pytest.mark.parametrize(
    ("step", "reason"),
    [
        (Fault.TRUNCATED, DegradedReason.TRUNCATED),
        (
            Step(content='{"decision": "clear"}', finish_reason="model_context_window_exceeded"),
            DegradedReason.TRUNCATED,
        ),
        (Fault.REFUSED, DegradedReason.REFUSED),
        (Step(content='{"decision": "clear"}', finish_reason="pause_turn"), DegradedReason.PROVIDER_ERROR),
        (Step(content='{"decision": "clear"}', finish_reason="stop_sequence"), DegradedReason.PROVIDER_ERROR),
        (Step(content='{"decision": "clear"}', finish_reason="a_new_reason"), DegradedReason.PROVIDER_ERROR),
    ],
    ids=lambda value: getattr(value, "name", getattr(value, "finish_reason", "")),
)
def test_a_reply_that_is_not_whole_is_refused_and_has_been_paid_for(vendor, claude, step, reason, stream):
    vendor.script([step])
    failed = failure(claude, stream=stream)
    assert (failed.reason, failed.retryable, failed.may_have_cost) == (reason, False, True)
    assert failed.cut.tokens == Tokens(input=1000, cached=200, output=100)


@pytest.mark.parametrize("fault", [Fault.BROKEN_STREAM, Fault.UNENDED_STREAM, Fault.UNFINISHED])
def test_a_stream_without_its_end_is_not_whole(vendor, claude, fault):
    vendor.script([fault])
    failed = failure(claude, stream=True)
    assert (failed.reason, failed.error) == (DegradedReason.PROVIDER_ERROR, "StreamBrokenOff")
    assert (failed.retryable, failed.may_have_cost, failed.cut) == (True, True, None)


def test_an_error_in_a_stream_is_told_by_its_slug_alone(vendor, claude):
    vendor.script([Fault.FAILING_STREAM])
    failed = failure(claude, stream=True)
    assert (failed.error, failed.retryable, failed.may_have_cost) == ("overloaded_error", True, True)
    vendor.script([Step(content="text", stream_error="Jane Doe, 4111 1111 1111 1111")])
    assert failure(claude, stream=True).error == "StreamBrokenOff"


def test_an_event_of_a_kind_to_come_is_passed_over(vendor, claude):
    vendor.script([Step(content=json.dumps(GOOD))])
    # The scripted vendor sends pings, of which we know nothing.
    assert json.loads(ask(claude, stream=True).text) == GOOD


@pytest.mark.parametrize(
    ("status", "slug", "reason", "retryable", "may_have_cost"),
    [
        (529, "overloaded_error", DegradedReason.PROVIDER_ERROR, True, False),
        (429, "rate_limit_error", DegradedReason.RATE_LIMITED, True, False),
        (402, "billing_error", DegradedReason.QUOTA_SPENT, False, False),
        (413, "request_too_large", DegradedReason.REJECTED, False, False),
        (401, "authentication_error", DegradedReason.NOT_AUTHORISED, False, False),
        (500, "api_error", DegradedReason.PROVIDER_ERROR, True, True),
        (504, "timeout_error", DegradedReason.PROVIDER_ERROR, True, True),
    ],
)
def test_its_errors_are_known_by_their_type(vendor, claude, status, slug, reason, retryable, may_have_cost):
    body = json.dumps({"type": "error", "error": {"type": slug, "message": "Jane Doe"}, "request_id": "req_1"})
    vendor.script([Step(status=status, raw=body.encode(), headers={**LIMITS, "retry-after": "3"})])
    failed = failure(claude)
    assert (failed.reason, failed.error, failed.http_status) == (reason, slug, status)
    assert (failed.retryable, failed.may_have_cost) == (retryable, may_have_cost)
    assert (failed.retry_after, failed.windows) == (3, WINDOWS)


@BOTH
@pytest.mark.parametrize("fault", [Fault.HTML, Fault.EMPTY, Fault.JUNK, Fault.NOT_A_COMPLETION, Fault.WRONG_TYPE])
def test_what_is_no_reply_may_pass(vendor, claude, fault, stream):
    vendor.script([fault])
    failed = failure(claude, stream=stream)
    assert (failed.reason, failed.retryable, failed.http_status) == (DegradedReason.PROVIDER_ERROR, True, 200)


@BOTH
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP, Fault.DRIP_HEADERS], ids=lambda fault: fault.name)
def test_an_attempt_ends_at_its_deadline(vendor, claude, fault, stream):
    vendor.script([fault])
    begun = time.monotonic()
    failed = failure(claude, stream=stream, seconds=0.4)
    assert time.monotonic() - begun < 0.8
    assert (failed.reason, failed.retryable, failed.may_have_cost) == (DegradedReason.TIMEOUT, True, True)


def test_no_key_or_text_of_the_provider_is_in_what_is_raised(vendor, claude):
    for fault in (Fault.BAD_KEY, Fault.REFUSED, Fault.FAILING_STREAM, Fault.HTML):
        vendor.script([fault])
        failed = failure(claude, stream=True)
        assert failed.__cause__ is None and failed.__suppress_context__
        assert not any(secret in f"{failed!r} {failed}" for secret in (KEY, "sk-", "cannot help", "Jane", "Sign in"))
    assert KEY not in repr(claude)


def test_what_the_environment_says_to_the_sdk_is_not_heard(vendor, claude, monkeypatch):
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "another")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    ask(AnthropicProvider(base_url=vendor.root, api_key="a-key-of-its-own", model="claude-haiku-4-5"))
    assert "another" not in str(vendor.requests[-1].headers)
