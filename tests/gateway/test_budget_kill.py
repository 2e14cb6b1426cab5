"""64 workers on one budget, killed at random: it is never overdrawn, and nothing stays held."""

import json
import subprocess
import sys
import threading
import time
import uuid
from dataclasses import dataclass, field

import pytest

from fintech_ai.core.redis import redis_client
from fintech_ai.gateway.admission import keys, ledger
from fintech_ai.gateway.admission.rebuild import build
from fintech_ai.gateway.models import LedgerEntry, ModelCall
from tests.gateway.conftest import KEY
from tests.support.admission import this_month
from tests.support.cast import House, build_cast
from tests.support.gateway import GOOD
from tests.support.model_server import ModelServer, Step
from tests.support.processes import CeleryWorker
from tests.support.servers import PROJECT

pytestmark = pytest.mark.slow

MONTH, CASE = 500_000, 180_000
# A call may take 3 seconds, and is taken for dead 8 seconds later.
SECONDS = {"MODEL_CALL_DEADLINE_SECONDS": "3", "MODEL_ATTEMPT_SECONDS": "2"}
SETTLED_WITHIN_SECONDS = 60


@dataclass
class Monitor:
    """Reads what is spent and held, by month and case, all the time."""

    month: str
    cases: list[str]
    samples: int = 0
    most: int = 0
    most_of_case: int = 0
    ended: threading.Event = field(default_factory=threading.Event)

    def watch(self) -> None:
        while not self.ended.is_set():
            with redis_client().pipeline() as pipeline:
                pipeline.hmget(self.month, "spent", "held")
                for case in self.cases:
                    pipeline.hvals(case)
                totals, *cases = pipeline.execute()
            self.samples += 1
            self.most = max(self.most, sum(int(value or 0) for value in totals))
            self.most_of_case = max(self.most_of_case, *(sum(int(value) for value in case) for case in cases))
            time.sleep(0.005)


def run(house: House, env: dict[str, str], *, seconds: float, naive: bool = False) -> tuple[Monitor, int]:
    """The workers at work under the monitor; returns it, and how many of them were killed."""
    month, cases = this_month(house), [uuid.uuid4() for _ in range(4)]
    build("month", tenant_id=house.tenant.id, month=month, case_id=None)
    monitor = Monitor(keys.month(house.tenant.id, month), [keys.case(house.tenant.id, case) for case in cases])
    watcher = threading.Thread(target=monitor.watch)
    watcher.start()
    # A second to answer, so that most workers die while they hold something.
    answer = Step(content=json.dumps(GOOD), delay=1)
    try:
        with ModelServer(lambda _: answer) as server:
            command = [sys.executable, "-m", "tests.support.budget_workers", str(house.tenant.id)]
            options = ["--seconds", str(seconds), *(["--naive"] if naive else []), "--cases", *map(str, cases)]
            limits = {"MODEL_BUDGET_MONTH_USD": str(MONTH / 1e6), "MODEL_BUDGET_CASE_USD": str(CASE / 1e6)}
            if naive:
                limits["MODEL_BUDGET_CASE_USD"] = "1000"
            done = subprocess.run(
                [*command, *options],
                cwd=PROJECT,
                env={
                    **env, **SECONDS, **limits,
                    "OPENAI_BASE_URL": server.url, "OPENAI_API_KEY": KEY, "LOG_LEVEL": "ERROR",
                    "MODEL_RATE_TENANT_PER_MINUTE": "1000000",
                },
                capture_output=True, text=True, timeout=seconds + 60,
            )  # fmt: skip
        assert done.returncode == 0, done.stderr[-2000:]
    finally:
        monitor.ended.set()
        watcher.join()
    return monitor, json.loads(done.stdout)["killed"]


def test_64_workers_killed_at_random_never_overdraw_a_budget_and_leave_nothing_held(committed_db, app_env, tmp_path):
    redis_client().flushdb()
    house = build_cast().northgate
    month = this_month(house)
    with CeleryWorker(env={**app_env, **SECONDS}, folder=tmp_path):
        monitor, killed = run(house, app_env, seconds=15)
        killed_at = time.monotonic()
        while int(redis_client().hget(monitor.month, "held")) and time.monotonic() - killed_at < SETTLED_WITHIN_SECONDS:
            time.sleep(0.1)
        took = time.monotonic() - killed_at
    assert monitor.samples > 500
    assert 0.9 * MONTH < monitor.most <= MONTH, "the budget was overdrawn, or never came near"
    assert monitor.most_of_case <= CASE
    assert int(redis_client().hget(monitor.month, "held")) == 0
    found = ledger.compare(house.tenant.id, month)
    assert found.agrees
    with house.scope():
        charges = list(LedgerEntry.objects.values_list("micro_usd", flat=True))
        lost = ModelCall.objects.filter(degraded_reason="worker_lost").count()
        refused = ModelCall.objects.filter(degraded_reason="budget_spent").count()
        assert not ModelCall.objects.filter(outcome="").exists()
    assert found.spent == sum(charges) <= MONTH
    assert min(lost, refused) > 10, "no worker was killed while it held, or none was refused: nothing was tested"
    print(
        f"{killed} kills, {len(charges)} calls, {lost} lost, {refused} refused; at most {monitor.most} of {MONTH} "
        f"in {monitor.samples} samples; all settled after {took:.1f} s"
    )


def test_the_harness_sees_a_budget_that_is_overdrawn(committed_db, app_env):
    """The same workers and the same monitor, with holds that are taken by reading, comparing and adding."""
    redis_client().flushdb()
    monitor, _ = run(build_cast().northgate, app_env, seconds=6, naive=True)
    assert monitor.most > MONTH
    print(f"naive: at most {monitor.most} of {MONTH} in {monitor.samples} samples")
