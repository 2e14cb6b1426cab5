"""Tools: what a model may look up, what it may choose, and that each use is counted and audited."""

from typing import Annotated, Any, Literal

import pytest
from django.db import InternalError
from pydantic import Field

from fintech_ai.audit.models import AuditEvent
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.tools import tool
from fintech_ai.privacy.services import Cleared, minimise
from tests.support.gateway import ENDPOINT, GOOD, Verdict, ask, stored
from tests.support.model_server import Call
from triage.models import Merchant


def channel_of(value: str) -> Cleared:
    return minimise(endpoint=ENDPOINT, source="triage.Alert", values={"channel": value})


@tool
def channel(house: Any, *, days: Literal[7, 30]) -> Cleared:
    """The channel of the last days."""
    return channel_of(f"{house.tenant.slug} {days}")


def with_tools(*tools) -> Endpoint[Verdict]:
    return Endpoint(name=ENDPOINT, version=1, schema=Verdict, tools=tools)


@pytest.mark.django_db
def test_the_model_looks_something_up_and_then_answers(cast, provider):
    provider.script([Call("channel", {"days": 7}), GOOD])
    completion = ask(cast.northgate, endpoint=with_tools(channel), looking_at=cast.northgate)
    assert completion.value.decision == "clear"
    first, second = provider.requests
    (told,) = first.body["tools"]
    assert told["function"]["name"] == "channel"
    assert told["function"]["parameters"]["properties"] == {"days": {"type": "integer", "enum": [7, 30]}}
    said, result = second.body["messages"][-2:]
    assert said["tool_calls"][0]["function"]["name"] == "channel"
    assert cast.northgate.tenant.slug in result["content"]
    assert result["content"].startswith("<data-")
    call = stored(cast.northgate, completion)
    assert [attempt["error"] for attempt in call.attempts] == [""]
    assert call.lookups == [
        {"tool": "channel", "arguments": {"days": 7}, "error": "", "latency_ms": call.lookups[0]["latency_ms"]}
    ]
    assert call.tokens_input == 2000


@pytest.mark.django_db
def test_each_look_is_audited(cast, provider, sealed):
    provider.script([Call("channel", {"days": 7}), Call("channel", {"days": 30}), GOOD])
    completion = ask(cast.northgate, endpoint=with_tools(channel), looking_at=cast.northgate)
    sealed()
    with cast.northgate.scope():
        events = AuditEvent.objects.filter(action="model.looked_up", object_id=str(completion.call_id))
        assert [event.data for event in events] == [{"tool": "channel", "found": True}] * 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        (Call("channel", {"days": 8}), "days: Input should be 7 or 30"),
        (Call("channel", {"days": 7, "tenant": "southbank"}), "tenant: Extra inputs are not permitted"),
        (Call("channel", "no JSON"), "it is not one JSON object"),
        (Call("delete_everything", {}), "There is no such tool."),
    ],
)
def test_what_the_model_may_not_choose_it_is_told(cast, provider, asked, problem):
    provider.script([asked, GOOD])
    completion = ask(cast.northgate, endpoint=with_tools(channel), looking_at=cast.northgate)
    assert completion.value
    assert problem in provider.requests[1].body["messages"][-1]["content"]
    (lookup,) = stored(cast.northgate, completion).lookups
    assert problem in lookup["error"]


@pytest.mark.django_db
def test_looking_things_up_comes_to_an_end(cast, provider):
    provider.script([Call("channel", {"days": 7})])
    completion = ask(cast.northgate, endpoint=with_tools(channel), looking_at=cast.northgate)
    assert completion.degraded_reason == "tools_exhausted"
    assert [request.body.get("tool_choice", "auto") for request in provider.requests] == ["auto"] * 3 + ["none"]
    assert len(stored(cast.northgate, completion).attempts) == 1


@pytest.mark.django_db
def test_a_tool_cannot_write(cast, provider):
    @tool
    def plant(house: Any, *, days: Literal[7]) -> Cleared:
        """Writes, which no tool may."""
        Merchant.objects.create(external_id="planted")
        return channel_of("")

    provider.script([Call("plant", {"days": 7}), GOOD])
    with pytest.raises(InternalError, match="read-only"):
        ask(cast.northgate, endpoint=with_tools(plant), looking_at=cast.northgate)


@pytest.mark.django_db
def test_a_tool_gives_only_what_was_minimised(cast, provider):
    @tool
    def leak(house: Any, *, days: Literal[7]) -> Cleared:
        """Gives what did not pass the door."""
        return {"name": "Jane Doe"}

    provider.script([Call("leak", {"days": 7}), GOOD])
    with pytest.raises(TypeError, match="minimise"):
        ask(cast.northgate, endpoint=with_tools(leak), looking_at=cast.northgate)
    assert len(provider.requests) == 1


@pytest.mark.parametrize("hint", [str, dict, list[int], Any, dict[str, int]])
def test_a_parameter_that_takes_anything_is_refused(hint):
    def open_ended(house, *, what):
        """Takes anything."""

    open_ended.__annotations__["what"] = hint
    with pytest.raises(TypeError, match=r"open_ended\.what"):
        tool(open_ended)


@pytest.mark.parametrize("hint", [int, bool, Literal["a", "b"], Annotated[str, Field(max_length=200)]])
def test_a_bounded_parameter_is_taken(hint):
    def bounded(house, *, what):
        """Takes this much."""

    bounded.__annotations__["what"] = hint
    assert tool(bounded).spec.name == "bounded"


def test_a_tool_says_what_it_is_for():
    def silent(house): ...

    with pytest.raises(TypeError, match="docstring"):
        tool(silent)
