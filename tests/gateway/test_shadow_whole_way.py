"""The whole way of a challenger: chosen with four eyes, rung for, asked by a real worker, and shown to nobody else."""

import time
import uuid

import pytest

from fintech_ai.accounts.four_eyes.services import approve, propose
from fintech_ai.gateway import configuration
from fintech_ai.gateway.endpoints import endpoint_named
from fintech_ai.gateway.models import CallRole, ModelCall, PromptChoice
from fintech_ai.gateway.shadow import is_drawn
from tests.gateway.conftest import KEY
from tests.support.cast import build_cast
from tests.support.gateway import ENDPOINT, ask, stored
from tests.support.model_server import ModelServer
from tests.support.processes import CeleryWorker

pytestmark = pytest.mark.slow

ANSWER = {"decision": "clear", "confidence": 0.6, "reason_codes": [], "summary": [], "missing": []}
CALLS = 16


@pytest.fixture
def provider(settings):
    with ModelServer([ANSWER]) as server:
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = server.url, KEY
        yield server


@pytest.fixture
def worker(provider, app_env, tmp_path, django_db_setup):
    env = {**app_env, "OPENAI_BASE_URL": provider.url, "OPENAI_API_KEY": KEY}
    with CeleryWorker(env=env, folder=tmp_path) as celery:
        yield celery


def test_half_of_the_calls_are_asked_of_the_challenger_too(committed_db, provider, worker):
    cast = build_cast()
    house = cast.northgate
    with house.scope():
        choice = PromptChoice(endpoint=ENDPOINT, version=1, challenger=2, shadow_percent=50, why="Is it better?")
        approve(actor=house.people["colin"].actor, proposal=propose(actor=cast.cora.actor, proposal=choice))
    configuration.forget()
    calls = [stored(house, ask(house, endpoint=endpoint_named(ENDPOINT), case_id=uuid.uuid4())) for _ in range(CALLS)]
    drawn = {call.id for call in calls if is_drawn(call.id, 0.5)}
    assert 0 < len(drawn) < CALLS
    until = time.monotonic() + 30
    while len(shadows := asked_in_shadow(house)) < len(drawn) and time.monotonic() < until:
        time.sleep(0.2)
    assert {shadow.original_id for shadow in shadows} == drawn
    assert {(shadow.prompt_label, shadow.outcome) for shadow in shadows} == {("triage.recommend-v2", "answered")}
    assert {call.prompt_label for call in calls} == {"triage.recommend-v1"}
    page = cast.cora.client.get("/admin/gateway/modelcall/shadow/").content.decode()
    assert f"100.0% ({len(drawn)})" in page


def asked_in_shadow(house):
    """The challenger's calls that have ended."""
    with house.scope():
        return list(ModelCall.objects.filter(role=CallRole.SHADOW).exclude(outcome=""))
