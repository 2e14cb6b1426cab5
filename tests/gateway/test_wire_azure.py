"""Azure OpenAI over HTTP, by its v1 endpoint: a deployment is the model, and the rest is OpenAI's protocol."""

import json

import pytest

from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.protocol import RateWindow, Tokens, ToolCall
from fintech_ai.gateway.providers.vendors import AzureProvider
from tests.gateway.wire import BOTH, GOOD, LONG, QUESTIONS, TOOL, ask, failure, sent
from tests.support.model_server import Call, Fault, ModelServer, Step
from tests.support.published import problem_with


@pytest.fixture
def azure(vendor: ModelServer) -> AzureProvider:
    return AzureProvider(endpoint=vendor.root, api_key="azure-key", deployment="ours", deployed="gpt-4.1-mini")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_kind_of_question_is_what_azure_and_openai_publish(vendor, azure, name):
    ask(azure, QUESTIONS[name])
    assert vendor.requests[-1].vendor == "azure"
    assert problem_with("azure", sent(vendor)) == problem_with("openai", sent(vendor)) == ""


@pytest.mark.parametrize(
    ("break_it", "where"),
    [
        (lambda body: body.update(service_tier="default"), "service_tier"),
        (lambda body: body["messages"][1].update(role="oracle"), "messages/1"),
        (lambda body: body["response_format"]["json_schema"].pop("name"), "response_format"),
        (lambda body: body["tools"][0].update(strict=True), "tools/0"),
        (lambda body: body.update(stream_options={"usage": True}), "stream_options"),
    ],
)
def test_a_broken_request_would_be_noticed(vendor, azure, break_it, where):
    ask(azure, LONG)
    body = json.loads(json.dumps(sent(vendor)))
    break_it(body)
    assert where in problem_with("azure", body)


@pytest.mark.parametrize("ending", ["", "/", "/openai/v1", "/openai/v1/"])
def test_the_endpoint_is_taken_as_the_portal_shows_it_or_whole(vendor, ending):
    provider = AzureProvider(endpoint=vendor.root + ending, api_key="k", deployment="ours", deployed="ours")
    ask(provider)
    (request,) = vendor.requests
    assert (request.path, request.body["model"]) == ("/openai/v1/chat/completions", "ours")
    assert request.headers["authorization"] == "Bearer k"


@BOTH
def test_a_whole_reply(vendor, azure, stream):
    limits = {
        "x-ratelimit-limit-requests": "100",
        "x-ratelimit-remaining-requests": "99",
        "x-ratelimit-reset-requests": "6",
        "x-ratelimit-limit-tokens": "100000",
        "x-ratelimit-remaining-tokens": "98000",
    }
    vendor.script([Step(content=json.dumps(GOOD), headers=limits)])
    reply = ask(azure, stream=stream)
    assert (json.loads(reply.text), reply.model) == (GOOD, "gpt-4.1-mini-2025-04-14")
    assert reply.tokens == Tokens(input=1000, cached=200, output=100)
    # It need not say when the tokens are there again; its limits are per minute.
    assert reply.windows == (RateWindow("requests", 100, 99, 6), RateWindow("tokens", 100_000, 98_000, 60))


@BOTH
def test_tool_calls(vendor, azure, stream):
    vendor.script([Call("history", {"days": 7})])
    assert ask(azure, tools=(TOOL,), stream=stream).tool_calls == (ToolCall("call_1", "history", '{"days": 7}'),)


def test_a_prompt_that_its_filter_stops_is_filtered(vendor, azure):
    error = {"message": "…", "type": None, "param": "prompt", "code": "content_filter", "status": 400}
    vendor.script([Step(status=400, raw=json.dumps({"error": error}).encode())])
    failed = failure(azure)
    assert (failed.reason, failed.retryable, failed.may_have_cost) == (DegradedReason.FILTERED, False, False)


@BOTH
@pytest.mark.parametrize("fault", [Fault.FILTERED, Fault.TRUNCATED, Fault.REFUSED], ids=lambda fault: fault.name)
def test_a_reply_that_is_not_whole_is_refused(vendor, azure, fault, stream):
    vendor.script([fault])
    assert failure(azure, stream=stream).cut is not None


@pytest.mark.parametrize("fault", [Fault.BROKEN_STREAM, Fault.UNENDED_STREAM])
def test_a_stream_without_its_end_is_not_whole(vendor, azure, fault):
    vendor.script([fault])
    assert failure(azure, stream=True).error == "StreamBrokenOff"


def test_the_events_of_its_asynchronous_filter_are_passed_over(vendor, azure):
    """They are choices without anything new in them."""
    text = json.dumps(GOOD)
    event = 'data: {"id":"","object":"","created":0,"model":"","choices":[{"index":0,"finish_reason":null,%s}]}\n\n'
    said = 'data: {"choices":[{"index":0,"delta":{"content":%s},"finish_reason":%s}]}\n\n'
    raw = (
        said % (json.dumps(text), "null")
        + event % '"content_filter_offsets":{"check_offset":44,"start_offset":44,"end_offset":198}'
        + said % ('""', '"stop"')
        + "data: [DONE]\n\n"
    )
    vendor.script([Step(raw=raw.encode(), content_type="text/event-stream")])
    assert ask(azure, stream=True).text == text
