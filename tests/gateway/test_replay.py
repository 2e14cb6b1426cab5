"""A stored call is run again from what was stored, as a call like any other, and compared."""

import uuid

import pytest
from django.core.management import CommandError, call_command

from fintech_ai.audit.models import AuditEvent
from fintech_ai.core.errors import Conflict, InvalidInput, NotAllowed, NotFound
from fintech_ai.gateway import endpoints
from fintech_ai.gateway.models import CallContent, CallRole, LedgerEntry, ModelCall
from fintech_ai.gateway.replay import run_again
from fintech_ai.gateway.targets import Target
from tests.support.audit import settle
from tests.support.calls import VERDICT, a_call, a_content
from tests.support.gateway import ENDPOINT, GOOD, ask, stored
from tests.support.model_server import Fault

OTHER = {"decision": "block", "confidence": 0.75, "summary": "another text"}


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """What the tests ask is what there is to ask again."""
    monkeypatch.setitem(endpoints._registered, ENDPOINT, VERDICT)


@pytest.fixture
def original(cast, provider):
    provider.script([GOOD])
    call = stored(cast.northgate, ask(cast.northgate))
    provider.script([OTHER])
    return call


def again(cast, call, **changes):
    with cast.northgate.scope():
        return run_again(**{"actor": cast.cora.actor, "call_id": call.id, "key": uuid.uuid4().hex, **changes})


def without_marker(request):
    """What was asked, without the marker that is made up anew for each call."""
    marker = request.body["messages"][1]["content"].split(">")[0].removeprefix("<")
    return str(request.body["messages"]).replace(marker, "")


def test_the_same_is_asked_again_and_both_answers_are_compared(cast, provider, original):
    provider.script([GOOD])
    before = ask(cast.northgate)
    (first,) = provider.requests
    provider.script([OTHER])
    comparison = again(cast, stored(cast.northgate, before))
    (second,) = provider.requests
    assert without_marker(first) == without_marker(second)
    assert not comparison.is_same
    assert [(line.name, line.before, line.after, line.is_same) for line in comparison.fields] == [
        ("decision", "clear", "block", False),
        ("confidence", 0.75, 0.75, True),
        ("summary", "text", "another text", False),
    ]


def test_what_is_the_same_is_called_the_same(cast, provider, original):
    provider.script([GOOD])
    assert again(cast, original).is_same


def test_it_is_a_call_like_any_other(cast, original):
    comparison = again(cast, original)
    repeat = comparison.repeat
    assert (repeat.role, repeat.original_id, repeat.subject) == (CallRole.REPLAY, original.id, original.subject)
    assert (repeat.outcome, repeat.case_id) == ("answered", None)
    with cast.northgate.scope():
        settle()
        assert LedgerEntry.objects.get(call=repeat).micro_usd > 0
        assert CallContent.objects.get(call=repeat).opened()["asked"] == original.content.opened()["asked"]
        event = AuditEvent.objects.filter(action="model.called").last()
    assert (event.actor_id, event.object_id) == (str(cast.cora.user.id), str(repeat.id))
    assert event.data["role"] == "replay"


def test_another_version_of_the_prompt_may_be_asked(cast, provider, original):
    comparison = again(cast, original, version=2)
    assert comparison.repeat.prompt_label == f"{ENDPOINT}-v2"
    assert comparison.repeat.prompt_sha256 == VERDICT.prompt(2).sha256 != original.prompt_sha256
    (request,) = provider.requests
    assert request.body["messages"][0]["content"].startswith(VERDICT.prompt(2).text)


def test_another_model_may_be_asked(cast, provider, original):
    comparison = again(cast, original, target=Target(original.provider, "gpt-4.1-nano"))
    assert comparison.repeat.model_requested == "gpt-4.1-nano"
    assert [request.body["model"] for request in provider.requests] == ["gpt-4.1-nano"]
    asked = next(line for line in comparison.facts if line.name == "Asked")
    assert (asked.before, asked.after) == (f"{original.provider}/gpt-4.1-mini", f"{original.provider}/gpt-4.1-nano")


def test_a_form_that_is_sent_twice_asks_once(cast, provider, original):
    first, second = (again(cast, original, key="the same") for _ in range(2))
    assert first.repeat.id == second.repeat.id
    assert len(provider.requests) == 1


def test_a_repeat_that_fails_is_compared_all_the_same(cast, provider, original):
    provider.script([Fault.TRUNCATED])
    comparison = again(cast, original)
    assert (comparison.repeat.degraded_reason, comparison.is_same) == ("truncated", False)
    assert [line.after for line in comparison.fields] == [None, None, None]


@pytest.mark.parametrize("who", ["alice", "lena", "ivan"])
def test_only_a_compliance_officer_runs_a_call_again(cast, provider, original, who):
    with pytest.raises(NotAllowed):
        again(cast, original, actor=getattr(cast, who).actor)
    assert provider.requests == []


def test_a_call_of_another_tenant_is_not_there(cast, original):
    with cast.southbank.scope(), pytest.raises(NotFound):
        run_again(actor=cast.carla.actor, call_id=original.id, key="x")


def test_what_is_no_longer_stored_cannot_be_asked(cast, provider, original):
    with cast.northgate.scope():
        bare = a_call()
    with pytest.raises(Conflict, match="not stored, or no longer"):
        again(cast, bare)
    assert provider.requests == []


def test_what_could_not_be_masked_then_is_not_asked_now(cast, provider, original):
    """Its content was never let out, so what is stored of it is empty."""
    with cast.northgate.scope():
        lost = {"outcome": "degraded", "degraded_reason": "redaction_failed", "reply": None}
        unmasked = a_call(**lost)
        a_content(unmasked)
    with pytest.raises(Conflict, match="could not be masked"):
        again(cast, unmasked)
    assert provider.requests == []


def test_a_version_that_does_not_exist_is_refused(cast, original):
    with pytest.raises(InvalidInput, match="no version 99"):
        again(cast, original, version=99)


def test_an_endpoint_that_is_gone_is_explained(cast, original, monkeypatch):
    monkeypatch.delitem(endpoints._registered, ENDPOINT)
    with pytest.raises(Conflict, match=r"Nothing is called triage\.recommend any more"):
        again(cast, original)


def test_a_provider_that_is_not_configured_is_not_asked(cast, original):
    with pytest.raises(Conflict, match="Nobody was asked: none is configured"):
        again(cast, original, target=Target("azure", "gpt-4.1"))


class TestCommand:
    def test_it_prints_both_side_by_side(self, cast, original, capsys):
        call_command(
            "replay_call",
            str(original.id),
            "--tenant",
            cast.northgate.tenant.slug,
            "--prompt",
            "2",
            "--target",
            f"{original.provider}/gpt-4.1-nano",
        )
        lines = [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]
        assert "decision clear ≠ block" in lines
        assert "confidence 0.75 = 0.75" in lines
        assert "Prompt triage.recommend-v1 ≠ triage.recommend-v2" in lines
        assert "The answers differ." in lines
        with cast.northgate.scope():
            assert ModelCall.objects.filter(original=original).count() == 1

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            (["--target", "openai"], "names no model"),
            (["--target", "acme/gpt"], "does not begin with a provider"),
            (["--prompt", "99"], "no version 99"),
        ],
    )
    def test_it_says_what_is_wrong(self, cast, original, options, said):
        with pytest.raises(CommandError, match=said):
            call_command("replay_call", str(original.id), "--tenant", cast.northgate.tenant.slug, *options)

    def test_it_knows_no_other_tenant(self, cast, original):
        with pytest.raises(CommandError, match="no tenant"):
            call_command("replay_call", str(original.id), "--tenant", "nobody")
        with pytest.raises(CommandError, match="no such model call"):
            call_command("replay_call", str(original.id), "--tenant", cast.southbank.tenant.slug)


class TestPage:
    def page(self, call):
        return f"/admin/gateway/modelcall/{call.id}/again/"

    def test_it_offers_versions_and_targets(self, cast, original):
        page = cast.cora.client.get(self.page(original)).content.decode()
        assert "version 1, as before" in page
        assert ">version 2<" in page
        assert f"{original.provider}/gpt-4.1-mini, as before" in page

    def test_it_asks_and_leads_to_the_comparison(self, cast, original):
        form = {"version": 2, "target": f"{original.provider}/gpt-4.1-mini", "key": uuid.uuid4()}
        response = cast.cora.client.post(self.page(original), form, follow=True)
        page = response.content.decode()
        assert "The answers differ." in page
        assert "another text" in page
        with cast.northgate.scope():
            (repeat,) = ModelCall.objects.filter(original=original)
        assert response.request["PATH_INFO"] == f"/admin/gateway/modelcall/{repeat.id}/compare/"
        assert f"/{repeat.id}/compare/" in cast.cora.client.get(self.page(original)).content.decode()

    @pytest.mark.parametrize("change", [{"version": 99}, {"target": "openai/evil"}, {"key": "x"}], ids=str)
    def test_what_was_not_offered_is_refused(self, cast, provider, original, change):
        form = {"version": 1, "target": f"{original.provider}/gpt-4.1-mini", "key": uuid.uuid4(), **change}
        assert cast.cora.client.post(self.page(original), form).status_code == 400
        assert provider.requests == []

    def test_it_says_why_it_cannot(self, cast):
        with cast.northgate.scope():
            bare = a_call()
        page = cast.cora.client.get(self.page(bare)).content.decode()
        assert "What was asked is not stored, or no longer" in page
        assert '<button type="submit">Run again' not in page

    def test_it_is_there_for_compliance_only(self, cast, original):
        assert cast.alice.client.get(self.page(original)).status_code == 404
        assert cast.alice.client.post(self.page(original), {}).status_code == 404
