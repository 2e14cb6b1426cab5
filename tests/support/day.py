"""Real worker processes on the alerts of a day."""

import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from fintech_ai.cases.models import Run, RunState
from tests.support.processes import CeleryWorker

# What workers need so that a day passes in minutes: a model's failures cost seconds otherwise, as they should.
HASTE = {
    "OPENAI_API_KEY": "sk-test",
    "MODEL_ATTEMPT_SECONDS": "0.7",
    "MODEL_CALL_DEADLINE_SECONDS": "3",
    "MODEL_BREAKER_OPEN_SECONDS": "0.2",
    "MODEL_RATE_TENANT_PER_MINUTE": "10000000",
    "MODEL_BUDGET_MONTH_USD": "1000000",
}


@contextmanager
def workers(count: int, *, env: Mapping[str, str], model_url: str, folder: Path) -> Iterator[None]:
    """So many Celery workers with schedulers of their own, asking the model at `model_url`."""
    with ExitStack() as stack:
        for number in range(count):
            own = folder / f"worker-{number}"
            own.mkdir(parents=True)
            stack.enter_context(CeleryWorker(env={**env, **HASTE, "OPENAI_BASE_URL": model_url}, folder=own))
        yield


def wait_until_worked(*, seconds: float) -> int:
    """Wait until no run of the tenant in scope is unfinished; how many still are when time is up."""
    until = time.monotonic() + seconds
    unfinished = Run.objects.filter(state__in=[RunState.WAITING, RunState.RUNNING])
    while (left := unfinished.count()) and time.monotonic() < until:
        time.sleep(0.5)
    return left
