"""The pages of a model call: what was sent and received, run again, compared, and challengers in shadow."""

import pytest
from django.urls import reverse
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.gateway.displayed import displayed
from fintech_ai.gateway.models import CallRole, DegradedReason, Outcome
from tests.support.audit import settle
from tests.support.calls import MASKED, a_call, a_content, a_document, a_repeat

LOOK = {"reason": "complaint", "reference": "C-7"}


@pytest.fixture
def call(cast):
    with cast.northgate.scope():
        call = a_call()
        a_content(call)
    return call


@pytest.fixture
def cora(cast):
    return cast.cora.client


def page_of(name, call):
    return reverse(f"admin:gateway_call_{name}", args=[call.id])


def events(cast, prefix="model_call."):
    with cast.northgate.scope():
        settle()
        return [event.action for event in AuditEvent.objects.all() if event.action.startswith(prefix)]


class TestContent:
    def test_the_page_asks_for_a_reason_and_shows_nothing(self, cast, cora, call):
        page = cora.get(page_of("content", call)).content.decode()
        assert "Record and show" in page
        assert "Weigh the facts" not in page
        assert events(cast) == []

    def test_a_look_shows_the_messages_and_the_reply_of_each_request(self, cast, cora, call):
        response = cora.post(page_of("content", call), LOOK)
        page = response.content.decode()
        assert "Request 1 to openai/gpt-4.1-mini" in page
        assert "Request 2 to anthropic/claude-sonnet-4-5" in page
        assert "Weigh the facts." in page
        assert "history({&quot;days&quot;: 7})" in page
        assert "None, or none that was text." in page
        assert MASKED not in page
        assert "no-store" in response["Cache-Control"]
        assert events(cast) == ["model_call.read"]

    def test_hostile_text_is_shown_and_does_nothing(self, cora, call):
        page = cora.post(page_of("content", call), LOOK).content.decode()
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
        assert "\u202e" not in page
        assert "⟨U+202E⟩gnp.exe⟨U+2066⟩ ⟨U+0000⟩ ⟨U+D83D⟩" in page

    def test_the_masked_values_are_shown_by_a_second_step(self, cast, cora, call):
        page = cora.post(page_of("content", call), {**LOOK, "originals": "on"}).content.decode()
        assert MASKED in page
        assert events(cast) == ["model_call.originals_read"]

    def test_those_who_looked_are_listed(self, cast, cora, call):
        cora.post(page_of("content", call), LOOK)
        cast.alice.client.post(page_of("content", call), LOOK)
        settle()
        page = cora.get(page_of("content", call)).content.decode()
        assert "Cora" in page
        assert "A customer has complained" in page
        assert "C-7" in page
        assert "Alice" in page
        assert "refused" in page

    @pytest.mark.parametrize("sent", [{}, {"reason": "curiosity"}, {"reason": "complaint", "reference": "Jane Roe"}])
    def test_without_a_good_reason_the_form_comes_back(self, cast, cora, call, sent):
        response = cora.post(page_of("content", call), sent)
        assert response.status_code == 400
        assert "Weigh the facts" not in response.content.decode()
        assert events(cast) == []

    @pytest.mark.parametrize("who", ["alice", "lena"])
    def test_for_others_there_is_no_such_page_and_their_attempt_is_recorded(self, cast, call, who):
        client = getattr(cast, who).client
        assert client.get(page_of("content", call)).status_code == 404
        assert client.post(page_of("content", call), LOOK).status_code == 404
        assert events(cast) == ["model_call.read_refused"]

    def test_a_superuser_with_another_role_is_told_that_she_may_not(self, cast, call):
        cast.alice.user.is_superuser = True
        cast.alice.user.save()
        response = cast.alice.client.post(page_of("content", call), LOOK)
        assert response.status_code == 403
        assert events(cast) == ["model_call.read_refused"]

    def test_a_call_without_content_says_so(self, cast, cora):
        with cast.northgate.scope():
            call = a_call()
        assert "is not stored, or no longer" in cora.get(page_of("content", call)).content.decode()
        assert cora.post(page_of("content", call), LOOK).status_code == 404

    def test_without_the_master_key_it_says_what_is_missing(self, cast, cora, call, settings):
        settings.MASTER_KEY = None
        response = cora.post(page_of("content", call), LOOK)
        assert response.status_code == 503
        assert "MASTER_KEY is not set" in response.content.decode()


class TestComparison:
    def test_it_shows_what_is_the_same_and_what_is_not(self, cast, cora, call):
        with cast.northgate.scope():
            repeat = a_repeat(call, reply={"decision": "block", "confidence": 0.75}, latency_ms=1200)
        page = cora.get(page_of("compare", repeat)).content.decode()
        assert "The answers differ." in page
        for shown in ("clear", "block", "triage.recommend-v1", "triage.recommend-v2", "900 ms", "1,200 ms"):
            assert f"<pre>{shown}</pre>" in page

    def test_a_call_without_an_answer_can_be_compared_too(self, cast, cora, call):
        with cast.northgate.scope():
            lost = {"outcome": Outcome.DEGRADED, "degraded_reason": DegradedReason.TIMEOUT, "reply": None}
            repeat = a_repeat(call, role=CallRole.REPLAY, **lost)
        page = cora.get(page_of("compare", repeat)).content.decode()
        assert "Not answered: it took too long" in page

    def test_a_call_that_is_under_way_can_be_compared_too(self, cast, cora, call):
        with cast.northgate.scope():
            running = {"outcome": "", "reply": None, "latency_ms": None, "finished_at": None}
            repeat = a_repeat(call, lease_until=timezone.now(), **running)
        page = cora.get(page_of("compare", repeat)).content.decode()
        assert "<pre>Under way</pre>" in page
        assert cora.get(reverse("admin:gateway_shadow")).status_code == 200

    def test_a_call_that_repeats_none_has_no_comparison(self, cora, call):
        assert cora.get(page_of("compare", call)).status_code == 404

    def test_the_page_of_a_call_leads_to_all_of_it(self, cast, cora, call):
        with cast.northgate.scope():
            repeat = a_repeat(call)
        page = cora.get(reverse("admin:gateway_modelcall_change", args=[repeat.id])).content.decode()
        for name in ("content", "again", "compare"):
            assert f'href="{page_of(name, repeat)}"' in page
        assert page_of("compare", call) not in page


class TestShadow:
    def test_it_counts_who_agrees_by_the_decision_alone(self, cast, cora):
        with cast.northgate.scope():
            for decision in ("clear", "clear", "block"):
                a_repeat(a_call(), reply={"decision": decision, "confidence": 0.1})
            lost = {"outcome": Outcome.DEGRADED, "degraded_reason": DegradedReason.TIMEOUT, "reply": None}
            a_repeat(a_call(), **lost)
            a_repeat(a_call(), role=CallRole.REPLAY, reply={"decision": "block"})
        page = cora.get(reverse("admin:gateway_shadow")).content.decode()
        row = page.split("<tbody>")[1].split("</tr>")[0]
        assert "triage.recommend-v2" in row
        assert "decision" in row
        assert "66.7% (2)" in row
        assert "20.8–93.9%" in row
        assert page.count("yes</td>") == 2
        assert page.count("no</td>") == 1

    def test_it_shows_nothing_of_another_tenant(self, cast):
        with cast.northgate.scope():
            a_repeat(a_call())
        page = cast.carla.client.get(reverse("admin:gateway_shadow")).content.decode()
        assert "No challenger has been asked." in page


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain\n\ttext é 漢 🦉", "plain\n\ttext é 漢 🦉"),
        ("a\u200bb", "a⟨U+200B⟩b"),
        ("\r\n", "⟨U+000D⟩\n"),
        ("\U000e0041", "⟨U+E0041⟩"),
    ],
)
def test_hidden_characters_are_written_out(text, shown):
    assert displayed(text) == shown


def test_what_a_document_holds_is_what_the_tests_say():
    """Else hostile text might be missing from the tests above."""
    assert "<script>" in a_document()["exchanges"][0]["messages"][1]["text"]
