"""Many calls at once through the gateway, while its provider misbehaves; and what has to be true of each of them."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from django.db import connections

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway.endpoints import Endpoint
from fintech_ai.gateway.models import DegradedReason, ModelCall, Outcome
from fintech_ai.gateway.requests import Completion
from tests.support.cast import House
from tests.support.gateway import ENDPOINT, Verdict, ask

THREADS = 16
PLAIN = Endpoint(name=ENDPOINT, version=1, schema=Verdict)
STREAMED = Endpoint(name=ENDPOINT, version=1, schema=Verdict, stream=True)
# Enough for three attempts and their waits; and nothing of the tenant's own limits in the way. A breaker opens for
# moments: the calls that it refuses end at once, so that while it is open a test would use up all of its own.
PATIENT = {
    "MODEL_CALL_DEADLINE_SECONDS": 10,
    "MODEL_ATTEMPT_SECONDS": 3,
    "MODEL_RATE_TENANT_PER_MINUTE": 1_000_000,
    "MODEL_BUDGET_MONTH_USD": 1_000_000,
    "MODEL_BREAKER_OPEN_SECONDS": 0.02,
}


def configure(settings: Any, found: dict[str, Any]) -> None:
    """Put these settings in force, and forget what earlier tests taught breaker and rate limits."""
    for name, value in found.items():
        setattr(settings, name, value)
    redis_client().flushdb()


@dataclass(frozen=True)
class Run:
    """What came of some calls: their completions and their rows, in no common order."""

    completions: list[Completion]
    calls: list[ModelCall]

    @property
    def answered(self) -> int:
        return sum(completion.value is not None for completion in self.completions)

    @property
    def reasons(self) -> Counter[str]:
        return Counter(completion.degraded_reason for completion in self.completions if completion.value is None)

    def check(self) -> None:
        """Each call ended in an answer of the schema or a reason, has its finished row, and at most three attempts."""
        for completion in self.completions:
            if completion.value is None:
                assert completion.degraded_reason in DegradedReason.values
            else:
                assert completion.degraded_reason == ""
                Verdict.model_validate(completion.value.model_dump())
        assert len(self.calls) == len(self.completions)
        assert {call.outcome for call in self.calls} <= set(Outcome.values)
        assert {len(call.attempts) for call in self.calls} <= {0, 1, 2, 3}
        assert sum(call.outcome != Outcome.DEGRADED for call in self.calls) == self.answered


def many(house: House, number: int) -> Run:
    """Ask this often, half of it streamed, each question a little different so that retries can be told from calls."""

    def some(first: int) -> list[Completion]:
        try:
            return [
                ask(house, endpoint=STREAMED if each % 2 else PLAIN, reference={"number": each})
                for each in range(first, number, THREADS)
            ]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(THREADS) as pool:
        completions = [each for some_of_them in pool.map(some, range(THREADS)) for each in some_of_them]
    with house.scope():
        return Run(completions, list(ModelCall.objects.all()))
