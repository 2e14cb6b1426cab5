"""OpenAI over HTTP: what is sent is what it publishes, and of what it says only what is whole is taken."""

import json
import signal
import time
from dataclasses import replace

import pytest
from celery.exceptions import SoftTimeLimitExceeded

from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.protocol import RateWindow, Tokens, ToolCall
from fintech_ai.gateway.providers.vendors import OpenAIProvider
from tests.gateway.wire import BOTH, GOOD, LONG, PLAIN, QUESTIONS, SCHEMA, TOOL, ask, failure, sent
from tests.support.model_server import Call, Fault, ModelServer, Step, closed_url
from tests.support.published import problem_with

KEY = "sk-test-0123456789abcdefghij"
LIMITS = {
    "x-ratelimit-limit-requests": "5000",
    "x-ratelimit-remaining-requests": "4999",
    "x-ratelimit-reset-requests": "12ms",
    "x-ratelimit-limit-tokens": "4000000",
    "x-ratelimit-remaining-tokens": "3999000",
    "x-ratelimit-reset-tokens": "1m0.5s",
}
WINDOWS = (RateWindow("requests", 5000, 4999, 0.012), RateWindow("tokens", 4_000_000, 3_999_000, 60.5))


@pytest.fixture
def openai(vendor: ModelServer) -> OpenAIProvider:
    return OpenAIProvider(base_url=vendor.url, api_key=KEY, model="gpt-4.1-mini")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_kind_of_question_is_what_openai_publishes(vendor, openai, name):
    ask(openai, QUESTIONS[name])
    assert problem_with("openai", sent(vendor)) == ""


@pytest.mark.parametrize(
    ("break_it", "where"),
    [
        (lambda body: body.update(max_tokens_of_output=1), "max_tokens_of_output"),
        (lambda body: body.update(max_completion_tokens="4096"), "max_completion_tokens"),
        (lambda body: body.pop("messages"), "messages"),
        (lambda body: body["messages"][0].update(role="oracle"), "messages/0"),
        (lambda body: body["messages"][0].update(text="x"), "messages/0"),
        (lambda body: body["messages"][3].pop("tool_call_id"), "messages/3"),
        (lambda body: body["tools"][0].update(strict=True), "tools/0"),
        (lambda body: body["tools"][0]["function"].pop("name"), "tools/0"),
        (lambda body: body["response_format"]["json_schema"].pop("name"), "response_format"),
        (lambda body: body["response_format"]["json_schema"].update(loose=True), "response_format"),
        (lambda body: body["stream_options"].update(usage=True), "stream_options"),
        (lambda body: body.update(tool_choice="perhaps"), "tool_choice"),
    ],
)
def test_a_broken_request_would_be_noticed(vendor, openai, break_it, where):
    ask(openai, LONG, stream=True)
    body = json.loads(json.dumps(sent(vendor)))
    break_it(body)
    assert where in problem_with("openai", body)


def test_the_question_is_asked_in_strict_mode_and_not_kept_there(vendor, openai):
    ask(openai)
    body = sent(vendor)
    assert body["response_format"] == {
        "type": "json_schema",
        "json_schema": {"name": "Verdict", "strict": True, "schema": SCHEMA},
    }
    assert (body["store"], body["max_completion_tokens"], body["service_tier"]) == (False, 4096, "default")
    assert "tools" not in body and "stream" not in body
    (request,) = vendor.requests
    assert request.headers["authorization"] == f"Bearer {KEY}"
    assert request.headers["idempotency-key"] == "call-1"
    assert request.headers["accept-encoding"] == "identity"


def test_what_is_sent_and_what_is_stored_as_parameters_agree(vendor, openai):
    ask(openai)
    assert openai.parameters.items() <= sent(vendor).items()


def test_tools_are_strict_and_one_at_a_time(vendor, openai):
    ask(openai, LONG)
    body = sent(vendor)
    assert body["tools"][0]["function"]["strict"] is True
    assert (body["tool_choice"], body["parallel_tool_calls"]) == ("auto", False)
    ask(openai, LONG, may_call=False)
    assert sent(vendor)["tool_choice"] == "none"


@BOTH
def test_a_whole_reply(vendor, openai, stream):
    vendor.script([Step(content=json.dumps(GOOD), headers=LIMITS)])
    reply = ask(openai, stream=stream)
    assert json.loads(reply.text) == GOOD
    assert (reply.model, reply.http_status, reply.tool_calls) == ("gpt-4.1-mini-2025-04-14", 200, ())
    assert reply.tokens == Tokens(input=1000, cached=200, output=100)
    assert reply.windows == WINDOWS
    assert (reply.first_token_ms is None) is not stream


@BOTH
def test_tool_calls(vendor, openai, stream):
    vendor.script(
        [Step(calls=(Call("history", {"days": 7}), Call("history", "no", id="b")), finish_reason="tool_calls")]
    )
    reply = ask(openai, tools=(TOOL,), stream=stream)
    assert reply.text == ""
    assert reply.tool_calls == (ToolCall("call_1", "history", '{"days": 7}'), ToolCall("b", "history", "no"))


@BOTH
def test_an_announced_tool_call_that_does_not_come_is_no_reply(vendor, openai, stream):
    vendor.script([Step(content="Let me see.", finish_reason="tool_calls")])
    assert failure(openai, tools=(TOOL,), stream=stream).error == "NotFinished"


def test_the_time_to_the_first_token_is_taken(vendor, openai):
    vendor.script([Step(content=json.dumps(GOOD), pause=0.2)])
    assert 200 <= ask(openai, stream=True).first_token_ms < 1000


def test_unicode_line_breaks_in_a_stream_break_nothing(vendor, openai):
    text = "a\u2028b\x85c\x0bd\u2029e \U0001f4b6"
    vendor.script([Step(content=text)])
    assert ask(openai, stream=True).text == text


@BOTH
@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Fault.TRUNCATED, DegradedReason.TRUNCATED),
        (Fault.FILTERED, DegradedReason.FILTERED),
        (Fault.REFUSED, DegradedReason.REFUSED),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_a_reply_that_is_not_whole_is_refused_and_has_been_paid_for(vendor, openai, fault, reason, stream):
    vendor.script([fault])
    failed = failure(openai, stream=stream)
    assert (failed.reason, failed.retryable, failed.may_have_cost) == (reason, False, True)
    assert failed.cut.tokens == Tokens(input=1000, cached=200, output=100)


def test_a_cut_off_tool_call_is_refused(vendor, openai):
    vendor.script([Step(calls=(Call("history", '{"da'),), finish_reason="length")])
    assert failure(openai, tools=(TOOL,), stream=True).reason == DegradedReason.TRUNCATED


@pytest.mark.parametrize("fault", [Fault.BROKEN_STREAM, Fault.UNENDED_STREAM, Fault.UNFINISHED])
def test_a_stream_without_its_end_is_not_whole(vendor, openai, fault):
    vendor.script([fault])
    failed = failure(openai, stream=True)
    assert (failed.reason, failed.error) == (DegradedReason.PROVIDER_ERROR, "StreamBrokenOff")
    assert (failed.retryable, failed.may_have_cost, failed.cut) == (True, True, None)


def test_the_sdk_itself_takes_such_a_stream_for_whole(vendor):
    """Why we read streams ourselves."""
    import openai as sdk

    vendor.script([Fault.BROKEN_STREAM])
    client = sdk.OpenAI(base_url=vendor.url, api_key="k", max_retries=0)
    wanted = {"type": "json_schema", "json_schema": {"name": "V", "strict": True, "schema": SCHEMA}}
    chunks = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "u"}], response_format=wanted, stream=True
    )
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


def test_an_error_in_a_stream_is_told_by_its_slug_alone(vendor, openai):
    vendor.script([Fault.FAILING_STREAM])
    failed = failure(openai, stream=True)
    assert (failed.error, failed.retryable, failed.may_have_cost) == ("overloaded_error", True, True)
    vendor.script([Step(content="text", stream_error="Jane Doe, 4111 1111 1111 1111")])
    assert failure(openai, stream=True).error == "StreamBrokenOff"


@BOTH
@pytest.mark.parametrize("fault", [Fault.HTML, Fault.EMPTY, Fault.JUNK, Fault.NOT_A_COMPLETION, Fault.WRONG_TYPE])
def test_what_is_no_reply_may_pass(vendor, openai, fault, stream):
    vendor.script([fault])
    failed = failure(openai, stream=stream)
    assert (failed.reason, failed.retryable, failed.http_status) == (DegradedReason.PROVIDER_ERROR, True, 200)


@BOTH
@pytest.mark.parametrize(
    ("fault", "error"), [(Fault.HUGE, "ReplyTooLarge"), (Fault.BOMB, "ReplyEncoded")], ids=["huge", "bomb"]
)
def test_no_more_is_read_than_is_allowed(vendor, openai, fault, error, stream):
    vendor.script([fault])
    failed = failure(openai, stream=stream)
    assert (failed.error, failed.retryable, failed.may_have_cost) == (error, False, True)


@BOTH
@pytest.mark.parametrize("fault", [Fault.HANG, Fault.DRIP, Fault.DRIP_HEADERS], ids=lambda fault: fault.name)
def test_an_attempt_ends_at_its_deadline(vendor, openai, fault, stream):
    vendor.script([fault])
    begun = time.monotonic()
    failed = failure(openai, stream=stream, seconds=0.4)
    assert time.monotonic() - begun < 0.8
    assert (failed.reason, failed.retryable, failed.may_have_cost) == (DegradedReason.TIMEOUT, True, True)


def test_a_stream_that_stops_in_the_middle_ends_at_the_deadline(vendor, openai):
    vendor.script([Step(content=json.dumps(GOOD), pause=5)])
    begun = time.monotonic()
    assert failure(openai, stream=True, seconds=0.4).reason == DegradedReason.TIMEOUT
    assert time.monotonic() - begun < 0.8


@pytest.mark.parametrize(
    ("fault", "may_have_cost"),
    [(Fault.BUSY, False), (Fault.DOWN, False), (Fault.BAD_KEY, False), (Fault.BAD_REQUEST, False), (Fault.ERROR, True)],
    ids=lambda value: getattr(value, "name", ""),
)
def test_what_was_surely_not_worked_on_costs_nothing(vendor, openai, fault, may_have_cost):
    vendor.script([fault])
    assert failure(openai).may_have_cost is may_have_cost


def test_a_connection_that_was_refused_costs_nothing():
    failed = failure(OpenAIProvider(base_url=closed_url(), api_key=KEY, model="m"))
    assert (failed.reason, failed.retryable, failed.may_have_cost) == (DegradedReason.UNREACHABLE, True, False)


def test_limits_are_learned_from_refusals_too(vendor, openai):
    vendor.script([Step(status=429, raw=b"{}", headers={**LIMITS, "retry-after-ms": "1500"})])
    failed = failure(openai)
    assert (failed.reason, failed.retry_after, failed.windows) == (DegradedReason.RATE_LIMITED, 1.5, WINDOWS)


def test_a_provider_that_says_not_to_ask_again_is_not(vendor, openai):
    vendor.script([Step(status=500, raw=b"{}", headers={"x-should-retry": "false"})])
    assert failure(openai).retryable is False


def test_cache_writes_are_counted(vendor, openai):
    details = {"cached_tokens": 100, "cache_write_tokens": 300}
    usage = {"prompt_tokens": 1000, "completion_tokens": 10, "total_tokens": 1010, "prompt_tokens_details": details}
    vendor.script([Step(content="{}", usage=usage)])
    assert ask(openai).tokens == Tokens(input=1000, cached=100, output=10, written=300)


@BOTH
def test_a_workers_time_limit_ends_a_request_and_is_not_hidden(vendor, openai, stream):
    def end(*_: object) -> None:
        raise SoftTimeLimitExceeded

    vendor.script([Fault.HANG])
    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    begun = time.monotonic()
    try:
        with pytest.raises(SoftTimeLimitExceeded):
            ask(openai, stream=stream)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begun < 1


def test_connections_are_kept(vendor, openai):
    for stream in (False, True, False):
        ask(openai, stream=stream)
    assert len({request.port for request in vendor.requests}) == 1


def test_no_key_or_text_of_the_provider_is_in_what_is_raised(vendor, openai):
    for fault in (Fault.BAD_KEY, Fault.REFUSED, Fault.FAILING_STREAM, Fault.HTML):
        vendor.script([fault])
        failed = failure(openai, replace(PLAIN, stream=True))
        assert failed.__cause__ is None and failed.__suppress_context__
        assert not any(secret in f"{failed!r} {failed}" for secret in (KEY, "sk-", "cannot help", "Jane", "Sign in"))
    assert KEY not in repr(openai)
