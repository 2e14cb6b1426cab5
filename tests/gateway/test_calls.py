"""What is stored of a call, what it cost, and that the same key is asked once."""

import threading
import uuid
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from fintech_ai.audit.models import AuditEvent
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import ModelCall
from fintech_ai.gateway.records import give_up
from fintech_ai.gateway.services import complete
from tests.support.admission import enter, this_month
from tests.support.cast import build_cast
from tests.support.gateway import ENDPOINT, GOOD, Verdict, ask, stored
from tests.support.model_server import Fault, Step


@pytest.fixture
def answered(cast, provider):
    """A call that was answered."""
    provider.script([GOOD])
    return stored(cast.northgate, ask(cast.northgate, idempotency_key="answered"))


@pytest.mark.django_db
def test_the_row_says_who_was_asked_what(cast, answered):
    assert (answered.outcome, answered.reply, answered.degraded_reason) == ("answered", GOOD, "")
    assert (answered.endpoint, answered.prompt_label) == (ENDPOINT, "triage.recommend-v1")
    assert (answered.provider, answered.model_requested) == ("compatible", "gpt-4.1-mini")
    assert answered.model_returned == "gpt-4.1-mini-2025-04-14"
    assert answered.parameters == {
        "max_tokens": 4096,
        "data_block": "gateway.data_block-v2",
        "repair": "gateway.repair-v1",
    }
    assert answered.latency_ms >= answered.attempts[0]["latency_ms"]
    assert answered.finished_at >= answered.created_at
    (attempt,) = answered.attempts
    assert attempt["tokens"] == {"input": 1000, "cached": 200, "output": 100, "written": 0}
    assert (attempt["number"], attempt["kind"], attempt["http_status"], attempt["error"]) == (1, "first", 200, "")


@pytest.mark.django_db
def test_the_cost_is_exact_to_the_micro_dollar(answered):
    # gpt-4.1-mini: $0.40 per million tokens, $0.10 if cached, $1.60 for the reply.
    assert answered.cost_usd == Decimal("0.000500")
    assert (answered.tokens_input, answered.tokens_cached, answered.tokens_output) == (1000, 200, 100)
    assert answered.price_list.startswith("genai-prices ")
    assert answered.price_date == datetime.now(UTC).date()


@pytest.mark.django_db
def test_a_repair_costs_twice(cast, provider):
    provider.script([Fault.NOT_JSON, GOOD])
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.outcome, call.cost_usd, call.tokens_input) == ("repaired", Decimal("0.001000"), 2000)


@pytest.mark.django_db
def test_a_reply_that_was_cut_off_has_been_paid_for(cast, provider):
    provider.script([Fault.TRUNCATED])
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.outcome, call.cost_usd) == ("degraded", Decimal("0.000500"))


@pytest.mark.django_db
@pytest.mark.parametrize("script", [[Fault.NO_USAGE], [Fault.MAD_USAGE], [Step(content=None, usage=None), GOOD]])
def test_what_was_not_counted_is_not_known(cast, provider, script):
    provider.script(script)
    call = stored(cast.northgate, ask(cast.northgate))
    assert call.reply is not None
    assert (call.tokens_input, call.tokens_cached, call.tokens_output, call.cost_usd) == (None, None, None, None)


@pytest.mark.django_db
def test_a_model_without_a_price_costs_an_unknown_amount(cast, provider, settings):
    settings.OPENAI_MODEL = "our-own-model"
    provider.script([Step(content='{"decision": "clear", "confidence": 1, "summary": ""}', model="our-own-model")])
    call = stored(cast.northgate, ask(cast.northgate))
    assert (call.tokens_input, call.cost_usd, call.price_date, call.price_list) == (1000, None, None, "")


@pytest.mark.django_db
def test_a_call_is_audited_with_ids_and_counts(cast, provider, sealed):
    provider.script([GOOD])
    trail = uuid.uuid4()
    completion = ask(cast.northgate, case_id=trail)
    sealed()
    with cast.northgate.scope():
        event = AuditEvent.objects.get(action="model.called")
    assert (event.object_id, event.trail_id) == (str(completion.call_id), trail)
    assert event.data["outcome"] == "answered"
    assert (event.data["tokens"], event.data["charged_micro_usd"]) == ([1000, 200, 100], 500)
    assert "text" not in event.body


@pytest.mark.django_db
def test_the_same_key_gets_the_stored_answer(cast, provider):
    provider.script([GOOD, {**GOOD, "decision": "block"}])
    same = {"idempotency_key": "k", "subject": "run:1"}
    first, second = ask(cast.northgate, **same), ask(cast.northgate, **same)
    assert first == second
    assert len(provider.requests) == 1


@pytest.mark.django_db
def test_the_same_key_gets_the_stored_failure(cast, provider):
    provider.script([Fault.REFUSED, GOOD])
    same = {"idempotency_key": "k", "subject": "run:1"}
    assert ask(cast.northgate, **same) == ask(cast.northgate, **same)
    assert len(provider.requests) == 1


@pytest.mark.django_db
def test_the_stored_answer_outlives_the_provider(cast, provider, settings):
    provider.script([GOOD])
    same = {"idempotency_key": "k", "subject": "run:1"}
    first = ask(cast.northgate, **same)
    settings.OPENAI_API_KEY = settings.OPENAI_BASE_URL = ""
    assert ask(cast.northgate, **same) == first


@pytest.mark.django_db
def test_a_key_is_good_for_one_question(cast, provider, answered):
    completion = ask(cast.northgate, idempotency_key="answered", subject="run:other")
    assert (completion.value, completion.degraded_reason) == (None, "key_reused")
    assert len(provider.requests) == 1


@pytest.mark.django_db
def test_a_key_belongs_to_its_tenant(cast, provider, answered):
    completion = ask(cast.southbank, idempotency_key="answered")
    assert completion.value and completion.call_id != answered.id
    with cast.southbank.scope():
        assert ModelCall.objects.count() == 1


@pytest.mark.django_db
def test_a_call_that_another_worker_is_making_is_waited_for_and_not_made(cast, provider, settings, answered):
    settings.MODEL_CALL_DEADLINE_SECONDS = 0.3
    unfinished(cast.northgate, answered, minutes=1)
    completion = ask(cast.northgate, idempotency_key="lost")
    assert (completion.value, completion.degraded_reason) == (None, "in_progress")
    assert len(provider.requests) == 1


@pytest.mark.django_db
def test_the_call_of_a_worker_that_died_is_given_up_and_asked_anew(cast, provider, answered):
    lost = unfinished(cast.northgate, answered, minutes=-1)
    enter(cast.northgate.tenant.id, call_id=lost.id, hold=7_000, month=this_month(cast.northgate))
    same = {"idempotency_key": "lost", "subject": "run:1"}
    completion = ask(cast.northgate, **same)
    assert completion.value and completion.call_id != lost.id
    with cast.northgate.scope():
        lost.refresh_from_db()
        assert (lost.outcome, lost.degraded_reason, lost.lease_until) == ("degraded", "worker_lost", None)
        assert (lost.charge.micro_usd, lost.charge.kind) == (7_000, "assumed")
        assert stored(cast.northgate, completion).idempotency_key == "lost+"
    assert ask(cast.northgate, **same) == completion


def test_callers_with_one_key_ask_once_and_get_one_answer(committed_db, provider):
    house = build_cast().northgate
    provider.script(lambda request: Step(content=Verdict(**GOOD).model_dump_json(), delay=0.3))
    completions = []

    def call() -> None:
        try:
            completions.append(ask(house, idempotency_key="k", subject="run:1"))
        finally:
            connection.close()

    threads = [threading.Thread(target=call) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(provider.requests) == 1
    assert len(completions) == 6 and len(set(map(repr, completions))) == 1
    assert completions[0].value.model_dump() == GOOD


def test_the_row_is_there_while_the_provider_is_asked(committed_db, provider):
    house = build_cast().northgate
    seen = []

    def look(request) -> dict:
        with house.scope():
            call = ModelCall.objects.get()
        seen.append((call.outcome, call.finished_at, call.lease_until is not None))
        connection.close()
        return GOOD

    provider.script(look)
    assert ask(house).value
    assert seen == [("", None, True)]


def test_a_worker_that_was_taken_for_dead_changes_nothing(committed_db, provider):
    house = build_cast().northgate

    def take_for_dead(request) -> dict:
        with house.scope():
            ModelCall.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
            assert give_up(ModelCall.objects.get())
        connection.close()
        return GOOD

    provider.script(take_for_dead)
    completion = ask(house)
    assert (completion.value, completion.degraded_reason) == (None, "in_progress")
    call = stored(house, completion)
    assert (call.outcome, call.degraded_reason, call.reply) == ("degraded", "worker_lost", None)
    with house.scope():
        assert call.charge.kind == "assumed" and call.charge.micro_usd > 0


def test_it_refuses_to_be_called_in_a_transaction(committed_db, provider):
    house = build_cast().northgate
    with pytest.raises(RuntimeError, match="outside transactions"), transaction.atomic():
        ask(house)
    assert provider.requests == []


@pytest.mark.django_db
def test_it_takes_only_what_was_minimised_for_this_endpoint(cast, provider):
    with pytest.raises(TypeError, match="minimise"):
        ask(cast.northgate, content={"alert": {"notes": "Jane Doe called"}})
    with pytest.raises(TypeError, match="minimise"):
        ask(cast.northgate, endpoint=Endpoint(name="copilot.answer", version=1, schema=Verdict))
    assert provider.requests == []


@pytest.mark.django_db
def test_the_arguments_are_named(cast):
    with pytest.raises(TypeError):
        complete(cast.northgate.worker)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"reply": {"decision": "block"}},
        {"outcome": "", "finished_at": None},
        {"cost_usd": 0},
        {"attempts": []},
        {"tenant_id": uuid.uuid4()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_finished_call_never_changes(cast, answered, change):
    with cast.northgate.scope(), pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        ModelCall.objects.filter(id=answered.id).update(**change)


@pytest.mark.django_db
def test_no_call_is_ever_deleted(cast, answered):
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM gateway_modelcall")
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE gateway_modelcall CASCADE")


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        {"outcome": "guessed"},
        {"outcome": "degraded", "reply": None},
        {"outcome": "degraded", "degraded_reason": "mood", "reply": None},
        {"degraded_reason": "timeout"},
        {"reply": None},
        {"finished_at": None},
        {"lease_until": datetime(2026, 1, 1, tzinfo=UTC)},
        {"attempts": [{}] * 4},
        {"tokens_input": None},
        {"tokens_cached": 2000},
        {"tokens_output": None},
        {"cost_usd": -1},
        {"price_date": None},
        {"price_list": ""},
        {"prompt_sha256": "none"},
        {"request_sha256": "A" * 64},
        {"endpoint": ""},
        {"provider": ""},
    ],
    ids=str,
)
def test_the_database_refuses_what_can_never_be_true(cast, answered, change):
    with cast.northgate.scope():
        answered.pk = uuid.uuid4()
        answered.idempotency_key = "another"
        for name, value in change.items():
            setattr(answered, name, value)
        with pytest.raises(IntegrityError), transaction.atomic():
            answered.save(force_insert=True)


@pytest.mark.django_db
def test_a_key_exists_once_per_tenant(cast, answered):
    answered.pk = uuid.uuid4()
    with cast.northgate.scope(), pytest.raises(IntegrityError, match="model_call_key_is_unique"), transaction.atomic():
        answered.save(force_insert=True)


def unfinished(house, call: ModelCall, *, minutes: int) -> ModelCall:
    """A call that some worker began; its lease ends in so many minutes."""
    begun = ModelCall(
        **{
            name: getattr(call, name)
            for name in (
                "endpoint subject prompt_id prompt_version prompt_sha256 schema_sha256 request_sha256 provider "
                "model_requested parameters"
            ).split()
        },
        idempotency_key="lost",
        hold_micro_usd=7_000,
        lease_until=datetime.now(UTC) + timedelta(minutes=minutes),
    )
    with house.scope():
        begun.save()
    return begun
