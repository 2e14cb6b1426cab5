"""Servers of one's own that speak OpenAI's protocol, each with its ways: vLLM, llama.cpp, Ollama."""

import json

import pytest

from fintech_ai.gateway import providers
from fintech_ai.gateway.providers.protocol import ToolCall
from fintech_ai.gateway.providers.vendors import CompatibleProvider
from tests.gateway.wire import BOTH, GOOD, QUESTIONS, TOOL, ask, failure, sent
from tests.support.model_server import Call, Fault, ModelServer, Step
from tests.support.published import problem_with


@pytest.fixture
def ours(vendor: ModelServer) -> CompatibleProvider:
    return CompatibleProvider(base_url=vendor.url, api_key="", model="qwen3:8b")


@pytest.mark.parametrize("name", QUESTIONS)
def test_every_kind_of_question_is_what_openai_publishes(vendor, ours, name):
    ask(ours, QUESTIONS[name])
    assert problem_with("openai", sent(vendor)) == ""


def test_it_is_sent_what_every_such_server_knows(vendor, ours):
    """Ollama ignores `max_completion_tokens`; the others take both names."""
    ask(ours)
    assert sent(vendor)["max_tokens"] == 4096
    assert not sent(vendor).keys() & {"max_completion_tokens", "store", "service_tier"}
    assert ours.parameters == {"max_tokens": 4096}


@BOTH
def test_a_tool_call_that_ends_with_stop_and_has_no_id_is_one(vendor, ours, stream):
    vendor.script([Step(calls=(Call("history", {"days": 7}, id=""),), finish_reason="stop")])
    assert ask(ours, tools=(TOOL,), stream=stream).tool_calls == (ToolCall("call_0", "history", '{"days": 7}'),)


@BOTH
def test_a_server_that_counts_nothing_is_not_known_to_cost(vendor, ours, stream):
    vendor.script([Step(content=json.dumps(GOOD), usage=None)])
    assert ask(ours, stream=stream).tokens is None


def test_a_stream_without_its_end_is_not_whole(vendor, ours):
    vendor.script([Fault.UNENDED_STREAM])
    assert failure(ours, stream=True).error == "StreamBrokenOff"


@pytest.fixture
def nothing(settings):
    """No provider is configured."""
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_ENDPOINT", "AZURE_OPENAI_API_KEY"):
        setattr(settings, name, "")
    settings.ANTHROPIC_API_KEY = settings.ANTHROPIC_BASE_URL = ""
    return settings


@pytest.mark.parametrize(
    ("configured", "names"),
    [
        ({}, []),
        ({"OPENAI_API_KEY": "k"}, ["openai"]),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://eu.api.openai.com/v1"}, ["openai"]),
        ({"OPENAI_BASE_URL": "https://api.openai.com/v1"}, []),
        ({"OPENAI_BASE_URL": "http://vllm:8000/v1"}, ["compatible"]),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": "https://api.openai.com.evil.example/v1"}, ["compatible"]),
        ({"AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com", "AZURE_OPENAI_API_KEY": "k"}, ["azure"]),
        ({"AZURE_OPENAI_API_KEY": "k"}, []),
        ({"ANTHROPIC_API_KEY": "k"}, ["anthropic"]),
        (
            {
                "OPENAI_API_KEY": "k",
                "AZURE_OPENAI_ENDPOINT": "https://x.openai.azure.com",
                "AZURE_OPENAI_API_KEY": "k",
                "ANTHROPIC_API_KEY": "k",
            },
            ["openai", "azure", "anthropic"],
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, list) else "",
)
def test_the_environment_says_who_can_be_asked(nothing, configured, names):
    for name, value in configured.items():
        setattr(nothing, name, value)
    found = providers.configured()
    assert list(found) == names
    assert all(found[name].name == name and found[name].default_model for name in found)
