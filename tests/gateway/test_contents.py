"""Only a compliance officer looks, for a reason, and each look is in the trail before anything is shown."""

import json
import uuid

import pytest
from django.db import transaction
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.core.errors import InvalidInput, NotAllowed, NotFound
from fintech_ai.gateway.contents import content_read, contents_forget
from fintech_ai.gateway.models import CallContent, ModelCall
from fintech_ai.gateway.tasks import forget_contents
from fintech_ai.privacy.vault import NotSealedHere
from tests.support.audit import owner_cursor, settle
from tests.support.calls import MASKED, a_call, a_content, a_document
from tests.support.cast import build_cast
from tests.support.gateway import GOOD, ask, stored


@pytest.fixture
def house(cast):
    with cast.northgate.scope():
        yield cast.northgate


@pytest.fixture
def call(house):
    call = a_call(case_id=uuid.uuid4())
    a_content(call)
    return call


def looks():
    """The events of looking, the oldest first."""
    settle()
    return [event for event in AuditEvent.objects.all() if event.action.startswith("model_call.")]


def test_a_compliance_officer_sees_what_was_sent_and_received_without_what_was_masked(cast, call):
    document = content_read(actor=cast.cora.actor, call_id=call.id, reason="complaint", reference="C-2031/7")
    assert document == {**a_document(), "replacements": {"[PERSON_1]": ""}}
    (event,) = looks()
    assert (event.action, event.actor_id, event.object_id) == (
        "model_call.read", str(cast.cora.user.id), str(call.id),
    )  # fmt: skip
    assert event.trail_id is None, "the case's own trail is read by those who work it"
    assert event.data == {"content": str(call.content.id), "reason": "complaint", "reference": "C-2031/7"}


def test_the_masked_values_are_another_look(cast, call):
    document = content_read(actor=cast.cora.actor, call_id=call.id, reason="incident", originals=True)
    assert document["replacements"] == {"[PERSON_1]": MASKED}
    assert [event.action for event in looks()] == ["model_call.originals_read"]


@pytest.mark.parametrize("who", ["alice", "bob", "lena", "ivan"])
def test_everybody_else_is_refused_and_it_is_recorded(cast, call, who):
    with pytest.raises(NotAllowed, match="Only a compliance officer"):
        content_read(actor=getattr(cast, who).actor, call_id=call.id, reason="quality")
    (event,) = looks()
    assert (event.action, event.actor_id) == ("model_call.read_refused", getattr(cast, who).actor.id)


def test_a_process_is_refused_too(cast, call):
    with pytest.raises(NotAllowed):
        content_read(actor=cast.northgate.worker, call_id=call.id, reason="quality")


def test_a_stranger_finds_nothing(cast, call):
    with cast.southbank.scope(), pytest.raises(NotFound):
        content_read(actor=cast.carla.actor, call_id=call.id, reason="quality")


@pytest.mark.parametrize("reason", ["", "curiosity", "Jane Roe complained"])
def test_without_a_known_reason_nothing_is_shown(cast, call, reason):
    with pytest.raises(InvalidInput, match="why you look"):
        content_read(actor=cast.cora.actor, call_id=call.id, reason=reason)
    assert looks() == []


@pytest.mark.parametrize("reference", ["Jane Roe", "JANE", "jane7", "7 ROE", "A" * 40 + "7", "INC-1\n"])
def test_a_reference_is_a_number_and_never_a_name(cast, call, reference):
    with pytest.raises(InvalidInput, match="capitals and digits"):
        content_read(actor=cast.cora.actor, call_id=call.id, reason="complaint", reference=reference)


def test_what_cannot_be_recorded_is_not_shown(committed_db):
    """The look is committed before it returns: a look inside a transaction could still be undone."""
    cast = build_cast()
    with cast.northgate.scope():
        call = a_call()
        a_content(call)
        with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
            content_read(actor=cast.cora.actor, call_id=call.id, reason="complaint")


def test_the_look_is_recorded_even_if_nothing_could_be_opened(committed_db):
    cast = build_cast()
    with cast.northgate.scope():
        call, other = a_call(), a_call()
        a_content(call)
        moved = a_content(other)
        with owner_cursor() as cursor:
            cursor.execute("ALTER TABLE gateway_callcontent DISABLE TRIGGER USER")
            cursor.execute(
                "UPDATE gateway_callcontent SET ciphertext = %s WHERE call_id = %s", [moved.ciphertext, call.id]
            )
            cursor.execute("ALTER TABLE gateway_callcontent ENABLE TRIGGER USER")
        with pytest.raises(NotSealedHere):
            content_read(actor=cast.cora.actor, call_id=call.id, reason="auditor")
        assert AuditEvent.objects.last().action == "model_call.read"


class TestOfACall:
    """What the gateway itself stores."""

    def test_it_is_what_went_over_the_line_byte_by_byte(self, cast, provider):
        provider.script(["not JSON", GOOD])
        call = stored(cast.northgate, ask(cast.northgate))
        with cast.northgate.scope():
            document = content_read(actor=cast.cora.actor, call_id=call.id, reason="quality")
        assert [
            [(message["role"], message["text"]) for message in exchange["messages"]]
            for exchange in document["exchanges"]
        ] == [
            [(message["role"], message["content"]) for message in request.body["messages"]]
            for request in provider.requests
        ]
        assert [exchange["received"] for exchange in document["exchanges"]] == ["not JSON", json.dumps(GOOD)]

    def test_it_lies_in_the_database_only_sealed(self, cast, provider):
        provider.script([GOOD])
        call = stored(cast.northgate, ask(cast.northgate))
        with cast.northgate.scope():
            ciphertext = bytes(CallContent.objects.get(call=call).ciphertext)
        assert b"alert" not in ciphertext
        assert b"decision" not in ciphertext

    def test_without_a_master_key_nobody_is_asked(self, cast, provider, settings):
        settings.MASTER_KEY = None
        completion = ask(cast.northgate)
        assert (completion.value, completion.degraded_reason) == (None, "vault_closed")
        assert provider.requests == []
        with cast.northgate.scope():
            assert not CallContent.objects.exists()


class TestForgetting:
    def test_what_is_over_is_deleted_and_the_rest_is_kept(self, committed_db, settings):
        cast = build_cast()
        with cast.northgate.scope():
            over, kept = a_call(), a_call()
            a_content(kept)
            settings.MODEL_CONTENT_DAYS = -1
            a_content(over)
        forget_contents()
        with cast.northgate.scope():
            assert [content.call_id for content in CallContent.objects.all()] == [kept.id]
            assert ModelCall.objects.count() == 2
            last = AuditEvent.objects.last()
            assert (last.action, last.data) == ("model_content.forgotten", {"contents": 1})
            with pytest.raises(NotFound, match="time is over"):
                content_read(actor=cast.cora.actor, call_id=over.id, reason="complaint")

    def test_nothing_is_recorded_where_nothing_is_over(self, house, call):
        assert contents_forget(actor=house.worker) == 0
        settle()
        assert not AuditEvent.objects.filter(action="model_content.forgotten").exists()

    def test_it_is_kept_for_as_many_days_as_the_settings_say(self, call, settings):
        days = (call.content.keep_until - timezone.now()).total_seconds() / 86_400
        assert days == pytest.approx(settings.MODEL_CONTENT_DAYS, abs=0.01)
