"""A challenger is asked after the fact, for a share of the calls, and changes nothing of what anybody sees."""

import threading
import time
import uuid
from dataclasses import dataclass

import pytest

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway import endpoints, prompts
from fintech_ai.gateway.agreement import closed_fields, wilson
from fintech_ai.gateway.configuration import Challenger
from fintech_ai.gateway.models import CallRole, LedgerEntry, ModelCall
from fintech_ai.gateway.requests import Completion
from fintech_ai.gateway.shadow import is_drawn, ring_for_challenger
from fintech_ai.gateway.tasks import ask_challenger
from tests.support.audit import settle
from tests.support.calls import VERDICT
from tests.support.gateway import ENDPOINT, GOOD, ask, stored
from tests.support.model_server import Fault

OTHER = {"decision": "block", "confidence": 0.5, "summary": "another text"}
QUEUE = "celery-default"


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    monkeypatch.setitem(endpoints._registered, ENDPOINT, VERDICT)


@dataclass
class Chosen:
    """A configuration in which version 2 is tried on a share of the calls."""

    share: float

    def challenger(self, endpoint):
        return Challenger(endpoint.prompt(2), self.share) if self.share else None


@dataclass
class Asker:
    """As much of a request as the bell looks at."""

    actor: object
    role: CallRole = CallRole.PRIMARY
    endpoint: object = VERDICT


def rung(house, *, share=1.0, role=CallRole.PRIMARY, value=GOOD, call_id=None):
    """Whether a worker was woken."""
    redis_client().delete(QUEUE)
    completion = Completion(value, "", call_id or uuid.uuid4(), "v1")
    ring_for_challenger(Asker(house.worker, role), completion, Chosen(share))
    until = time.monotonic() + (3 if share and role == CallRole.PRIMARY and value else 0.3)
    while not (found := redis_client().llen(QUEUE)) and time.monotonic() < until:
        time.sleep(0.01)
    redis_client().delete(QUEUE)
    return bool(found)


class TestDraw:
    def test_the_same_call_is_always_drawn_or_never(self):
        for call_id in (uuid.uuid4() for _ in range(50)):
            assert len({is_drawn(call_id, 0.5) for _ in range(3)}) == 1

    @pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
    def test_about_the_share_is_drawn(self, share):
        drawn = sum(is_drawn(uuid.UUID(int=number), share) for number in range(10_000))
        assert drawn / 10_000 == pytest.approx(share, abs=0.02)

    def test_none_and_all_are_exact(self):
        ids = [uuid.UUID(int=number) for number in range(1_000)]
        assert not any(is_drawn(call_id, 0) for call_id in ids)
        assert all(is_drawn(call_id, 1) for call_id in ids)

    def test_a_larger_share_draws_whom_the_smaller_one_drew(self):
        ids = [uuid.UUID(int=number) for number in range(1_000)]
        assert {i for i in ids if is_drawn(i, 0.1)} < {i for i in ids if is_drawn(i, 0.3)}


@pytest.mark.django_db
class TestBell:
    def test_a_drawn_call_wakes_a_worker(self, cast):
        assert rung(cast.northgate)

    @pytest.mark.parametrize(
        "changes", [{"share": 0}, {"role": CallRole.REPLAY}, {"role": CallRole.SHADOW}, {"value": None}], ids=str
    )
    def test_others_do_not(self, cast, changes):
        assert not rung(cast.northgate, **changes)

    def test_a_prompt_file_that_is_gone_is_logged_and_the_answer_stays(self, cast, caplog):
        class Gone(Chosen):
            def challenger(self, endpoint):
                return Challenger(prompts.load("triage", "recommend-v99"), 1.0)

        ring_for_challenger(Asker(cast.northgate.worker), Completion(GOOD, "", uuid.uuid4(), "v1"), Gone(1.0))
        assert "cannot be asked: There is no prompt" in caplog.text

    def test_a_broker_that_is_away_delays_nobody(self, cast, settings):
        settings.REDIS_URL = "redis://192.0.2.1:6379/0"
        redis_client.cache_clear()
        before, begun = set(threading.enumerate()), time.monotonic()
        ring_for_challenger(Asker(cast.northgate.worker), Completion(GOOD, "", uuid.uuid4(), "v1"), Chosen(1.0))
        took = time.monotonic() - begun
        for thread in set(threading.enumerate()) - before:
            thread.join()
        redis_client.cache_clear()
        assert took < 0.1


@pytest.mark.django_db
class TestChallenge:
    @pytest.fixture
    def primary(self, cast, provider):
        provider.script([GOOD])
        call = stored(cast.northgate, ask(cast.northgate, case_id=uuid.uuid4()))
        provider.script([OTHER])
        return call

    def shadows(self, cast):
        with cast.northgate.scope():
            settle()
            return list(ModelCall.objects.filter(role=CallRole.SHADOW))

    def test_it_is_asked_the_same_by_its_own_prompt(self, cast, provider, primary):
        ask_challenger(str(cast.northgate.tenant.id), str(primary.id), "2")
        (shadow,) = self.shadows(cast)
        assert (shadow.original_id, shadow.prompt_version, shadow.reply) == (primary.id, 2, OTHER)
        assert (shadow.provider, shadow.model_requested) == (primary.provider, primary.model_requested)
        (request,) = provider.requests
        assert request.body["messages"][0]["content"].startswith(VERDICT.prompt(2).text)

    def test_a_message_that_comes_twice_asks_once(self, cast, provider, primary):
        for _ in range(2):
            ask_challenger(str(cast.northgate.tenant.id), str(primary.id), "2")
        assert len(self.shadows(cast)) == len(provider.requests) == 1

    def test_the_case_neither_pays_nor_shows_it(self, cast, primary):
        from fintech_ai.audit.selectors import trail_of

        ask_challenger(str(cast.northgate.tenant.id), str(primary.id), "2")
        (shadow,) = self.shadows(cast)
        with cast.northgate.scope():
            assert LedgerEntry.objects.get(call=shadow).case_id is None
            assert [event.object_id for event in trail_of(primary.case_id)] == [str(primary.id)]

    def test_the_primary_stays_as_it_was(self, cast, primary):
        ask_challenger(str(cast.northgate.tenant.id), str(primary.id), "2")
        with cast.northgate.scope():
            assert ModelCall.objects.values().get(id=primary.id) == {
                name: getattr(primary, name) for name in ModelCall.objects.values().get(id=primary.id)
            }

    def test_its_failure_is_stored_and_stops_nothing(self, cast, provider, primary):
        provider.script([Fault.TRUNCATED])
        ask_challenger(str(cast.northgate.tenant.id), str(primary.id), "2")
        (shadow,) = self.shadows(cast)
        assert (shadow.outcome, shadow.degraded_reason) == ("degraded", "truncated")

    def test_a_version_that_is_gone_is_logged_and_stops_nothing(self, cast, primary, caplog):
        ask_challenger(str(cast.northgate.tenant.id), str(primary.id), "99")
        assert self.shadows(cast) == []
        assert "no version 99" in caplog.text


@pytest.mark.parametrize(
    ("agreed", "compared", "low", "high"),
    # Newcombe 1998, table I, method 3.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(agreed, compared, low, high):
    assert wilson(agreed, compared) == pytest.approx((low, high), abs=0.00006)


def test_of_nothing_nothing_is_known():
    assert wilson(0, 0) == (0.0, 1.0)


def test_answers_are_compared_by_what_is_chosen_from_a_list():
    assert closed_fields(VERDICT) == ("decision",)
