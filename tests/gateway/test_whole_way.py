"""The whole way: an alert, a real worker, a provider over HTTP, a recommendation with its call."""

import time
from collections.abc import Iterator

import pytest

from fintech_ai.audit.selectors import trail_of
from fintech_ai.cases.models import Author, Recommendation
from fintech_ai.cases.services import RUN_EXECUTE
from fintech_ai.core.jobs import ring
from fintech_ai.gateway.models import ModelCall
from tests.gateway.conftest import KEY
from tests.support.cast import House, build_cast
from tests.support.model_server import Fault, ModelServer
from tests.support.processes import CeleryWorker
from tests.triage.build import a_row, an_alert, imported

pytestmark = pytest.mark.slow

ANSWER = {"decision": "clear", "confidence": 0.6, "reason_codes": [], "summary": [], "missing": []}
NOTE = "Jane Doe of 12 Elm Street says it was not her"


@pytest.fixture(scope="module")
def provider() -> Iterator[ModelServer]:
    with ModelServer([ANSWER]) as server:
        yield server


@pytest.fixture(scope="module")
def worker(provider, app_env, tmp_path_factory, django_db_setup) -> Iterator[CeleryWorker]:
    """A worker that asks the scripted provider; without the pool of one, so that it forks as in production."""
    env = {**app_env, "OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": KEY, "MODEL_CALL_DEADLINE_SECONDS": "5"}
    with ForkingWorker(env=env, folder=tmp_path_factory.mktemp("worker")) as celery:
        yield celery


class ForkingWorker(CeleryWorker):
    """Two children, as production has them."""

    def command(self) -> list[str]:
        command = super().command()
        command[command.index("solo")] = "prefork"
        return [*command, "--concurrency", "2"]


@pytest.fixture
def house(committed_db) -> House:
    return build_cast().northgate


def recommended(house: House) -> Recommendation:
    """What the worker recommends for an alert with a note about a person."""
    with house.scope():
        imported(house, a_row())
        case = an_alert(house, "tx-0", notes=NOTE).case
        ring(RUN_EXECUTE, house.tenant.id, case.runs.get().id)
        until = time.monotonic() + 30
        while not (found := case.recommendations.first()):
            assert time.monotonic() < until, "the worker recommends nothing"
            time.sleep(0.1)
        return found


def test_a_model_recommends_and_no_personal_data_leaves(house, provider, worker):
    provider.script([ANSWER])
    recommendation = recommended(house)
    with house.scope():
        call = ModelCall.objects.get()
        actions = [event.action for event in trail_of(recommendation.case_id)]
    assert (recommendation.made_by, recommendation.model_call_id) == (Author.MODEL, call.id)
    assert recommendation.prompt_version == "triage.recommend-v3"
    assert (call.outcome, call.subject) == ("answered", f"run:{recommendation.run_id}")
    assert "model.called" in actions
    # The worker may also find runs that other tests have left waiting.
    (request,) = [sent for sent in provider.requests if sent.headers["idempotency-key"] == str(call.id)]
    assert set(request.data) == {"alert", "features"}
    sent = str(request.body)
    for personal in ("Jane", "Elm", "Harber", "tx-0", "c-1", "m-1", "40.71", "Rule 7", str(recommendation.case_id)):
        assert personal not in sent


def test_a_failing_provider_leaves_a_labelled_baseline(house, provider, worker):
    provider.script([Fault.TRUNCATED])
    recommendation = recommended(house)
    assert (recommendation.made_by, recommendation.degraded_reason) == (Author.BASELINE, "truncated")


def test_the_worker_logs_neither_key_nor_question(worker):
    log = worker.log.read_text()
    assert "was not answered: truncated" in log
    assert KEY not in log and "merchant_fraud_share" not in log and "Jane" not in log
