"""Any mix of faults, many calls at once: each ends in a valid answer or a reason, and has its row."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections

from fintech_ai.gateway.models import DegradedReason, ModelCall
from tests.support.cast import build_cast
from tests.support.gateway import GOOD, ask
from tests.support.model_server import Fault

CALLS = 200
SEED = 20261123


@pytest.mark.slow
def test_every_call_ends_well_or_says_why(committed_db, provider, settings):
    settings.MODEL_CALL_DEADLINE_SECONDS = 3
    settings.MODEL_ATTEMPT_SECONDS = 0.5
    dice = random.Random(SEED)
    # Half of it goes well, else the circuit breaker would answer instead.
    provider.script(lambda request: dice.choice([GOOD, dice.choice(list(Fault))]))
    house = build_cast().northgate

    def call(number: int):
        try:
            return ask(house, idempotency_key=f"chaos-{number}")
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        completions = list(pool.map(call, range(CALLS)))
    answered = [completion for completion in completions if completion.value]
    assert all((completion.value is None) == bool(completion.degraded_reason) for completion in completions)
    assert {completion.degraded_reason for completion in completions} <= {"", *DegradedReason.values}
    assert 0 < len(answered) < CALLS
    with house.scope():
        calls = list(ModelCall.objects.all())
    assert len(calls) == CALLS and all(call.outcome for call in calls)
    assert sum(len(call.attempts) for call in calls) >= len(provider.requests)
    assert max(len(call.attempts) for call in calls) == 3
    assert max(call.latency_ms for call in calls) < 3_500
