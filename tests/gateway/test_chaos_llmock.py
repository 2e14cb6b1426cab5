"""llmock, a fault-injecting server by another author, and its own verdict on how we take its faults."""

from collections import Counter
from collections.abc import Iterator
from typing import Any, Literal

import pytest

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import Outcome
from fintech_ai.gateway.tools import tool
from fintech_ai.privacy.services import Cleared, minimise
from tests.support.cast import House, build_cast
from tests.support.chaos_calls import PATIENT, PLAIN, STREAMED, configure, many
from tests.support.chaos_servers import LLMock
from tests.support.gateway import ENDPOINT, GOOD, Verdict, ask, stored

PROVIDERS = ("compatible", "azure", "anthropic")
# A thousand each pass as well, and take four minutes; aimock's are a thousand.
CALLS = 300
# Of all requests, and of the streamed ones. Truncated streams have their own test: llmock calls one that is not asked
# for again accepted, even if it was the third attempt and nothing was made of it. Each error makes everybody wait.
CHAOS = {429: 0.02, 500: 0.02, 503: 0.02, "disconnect": 0.12, "malformed": 0.1}


@tool
def channel(_: Any, *, days: Literal[7, 30]) -> Cleared:
    """The channel that raised the alert, in the last days."""
    return minimise(endpoint=ENDPOINT, source="triage.Alert", values={"channel": f"customer, {days} days"})


WITH_TOOLS = Endpoint(name=ENDPOINT, version=1, schema=Verdict, tools=(channel,))
SHAPES = {"plain": PLAIN, "streamed": STREAMED, "tools": WITH_TOOLS}


@pytest.fixture(scope="module")
def llmock(tmp_path_factory) -> Iterator[LLMock]:
    with LLMock(tmp_path_factory.mktemp("llmock")) as server:
        yield server


@pytest.fixture
def house(committed_db) -> House:
    return build_cast().northgate


@pytest.fixture(params=PROVIDERS)
def provider(request, llmock, settings) -> str:
    """Each provider in turn, with llmock at its address."""
    configure(settings, {**PATIENT, **llmock.leading_to(request.param), "MODEL_ATTEMPT_SECONDS": 1})
    return request.param


def fail(status: int, *, times: int = 1, **more: Any) -> dict[str, Any]:
    return {"type": "fail", "status": status, "times": times, **more}


def broken_stream(kind: str, *, after: int) -> dict[str, Any]:
    return {"type": "stream_fault", "kind": kind, "after_chunks": after, "stall_seconds": 5.0}


def start_anew(llmock: LLMock) -> None:
    """Forget the trouble before, and what the circuit breaker made of it."""
    llmock.reset()
    redis_client().flushdb()


def expect_no_error(llmock: LLMock) -> None:
    verdict = llmock.verdict()
    assert verdict["errors"] == 0, verdict["findings"]


def outcome(house: House, endpoint: Endpoint) -> tuple[str, int]:
    """Ask, and say how it ended and after how many attempts."""
    call = stored(house, ask(house, endpoint=endpoint))
    return call.degraded_reason or call.outcome, len(call.attempts)


# What befalls a call, and how it must end after how many attempts.
TROUBLES = {
    "nothing": ([], ("answered", 1)),
    "429": ([fail(429, retry_after=0.4)], ("answered", 2)),
    "500 and 503": ([fail(500), fail(503)], ("answered", 3)),
    "503 thrice": ([fail(503, times=3)], ("provider_error", 3)),
    "400": ([fail(400)], ("rejected", 1)),
    "401": ([fail(401)], ("not_authorised", 1)),
    "404": ([fail(404)], ("rejected", 1)),
}
BROKEN_STREAMS = {
    f"{kind} after {after}": ([broken_stream(kind, after=after)], ("answered", 2))
    for kind in ("disconnect", "truncate", "malformed", "stall")
    for after in (0, 1, 3)
}


@pytest.mark.slow
@pytest.mark.parametrize("shape", SHAPES)
def test_llmock_finds_no_error_in_how_we_take_an_error(house, llmock, provider, shape):
    ended = {}
    for name, (trouble, _) in TROUBLES.items():
        start_anew(llmock)
        if shape == "tools":
            llmock.script({"type": "reply", "tool_calls": [{"name": "channel", "arguments": {"days": 7}}]})
        llmock.say(GOOD)
        if trouble:
            llmock.script(*trouble)
        ended[name] = outcome(house, SHAPES[shape])
        expect_no_error(llmock)
        with_tools = {request["body"].get("tools") is not None for request in llmock.requests()}
        assert with_tools == {shape == "tools"}
    assert ended == {name: expected for name, (_, expected) in TROUBLES.items()}


@pytest.mark.slow
def test_llmock_finds_no_error_in_how_we_take_a_broken_stream(house, llmock, provider):
    ended = {}
    for name, (trouble, _) in BROKEN_STREAMS.items():
        start_anew(llmock)
        llmock.say(GOOD)
        llmock.script(*trouble)
        ended[name] = outcome(house, STREAMED)
        expect_no_error(llmock)
    assert ended == {name: expected for name, (_, expected) in BROKEN_STREAMS.items()}


@pytest.mark.slow
def test_a_reply_of_the_wrong_schema_is_repaired(house, llmock, provider):
    start_anew(llmock)
    llmock.script({"type": "reply", "text": '{"verdict": "fine"}'})
    llmock.say(GOOD)
    assert outcome(house, PLAIN) == (Outcome.REPAIRED, 2)
    expect_no_error(llmock)


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVIDERS)
def test_hundreds_of_chaotic_calls_each_end_well(committed_db, settings, tmp_path, name):
    house = build_cast().northgate
    with LLMock(tmp_path, CHAOS) as server:
        configure(settings, {**PATIENT, **server.leading_to(name)})
        server.say(GOOD)
        run = many(house, CALLS)
        expect_no_error(server)
        requests = server.requests()
    run.check()
    assert run.answered > CALLS / 2, run.reasons
    assert max(Counter(request["fingerprint"] for request in requests).values()) <= 3
    assert len(requests) == sum(len(call.attempts) for call in run.calls)
    assert sum(request["fault"] is not None for request in requests) > CALLS / 10
