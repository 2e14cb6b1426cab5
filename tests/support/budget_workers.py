"""Many workers that call the gateway as fast as they can, and are killed at random.

Each is a process of its own, made by fork so that the imports are paid once, with connections of its own. With
`--naive` they ask for their holds as one would without a script: read, compare, add.
"""

import argparse
import json
import os
import random
import signal
import time
import uuid

WORKERS = 64


def main() -> None:
    """Keep 64 workers alive for --seconds, kill one every few milliseconds, then all. Prints how many were killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tenant", type=uuid.UUID)
    parser.add_argument("--cases", type=uuid.UUID, nargs="+")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--naive", action="store_true")
    options = parser.parse_args()
    import django

    django.setup()
    from django.db import connections

    _load()
    connections.close_all()
    workers = [_fork(options) for _ in range(WORKERS)]
    end, killed = time.monotonic() + options.seconds, 0
    while time.monotonic() < end:
        time.sleep(random.uniform(0.1, 0.3))
        _kill(workers.pop(random.randrange(WORKERS)))
        killed += 1
        workers.append(_fork(options))
    for worker in workers:
        _kill(worker)
    print(json.dumps({"killed": killed + WORKERS}))


def _load() -> None:
    """Pay once for what every worker needs."""
    import genai_prices  # noqa: F401

    from fintech_ai.gateway.providers import prepare
    from tests.support.gateway import VERDICT

    prepare()
    VERDICT.prompt()
    VERDICT.fixed_bytes  # noqa: B018


def _kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _fork(options: argparse.Namespace) -> int:
    pid = os.fork()
    if pid:
        return pid
    random.seed()
    # Or the one who forks and kills would hardly get a turn among 64.
    os.nice(10)
    try:
        _work(options)
    finally:
        os._exit(1)


def _work(options: argparse.Namespace) -> None:
    from fintech_ai.accounts.models import Tenant
    from tests.support.cast import House
    from tests.support.gateway import ask

    if options.naive:
        _be_naive()
    tenant = Tenant.objects.get(id=options.tenant)
    house = House(tenant=tenant, queue=None, analysts=None, leads=None, systems=None)
    while True:
        if not ask(house, case_id=random.choice(options.cases)).value:
            time.sleep(random.uniform(0.3, 1))


def _be_naive() -> None:
    from fintech_ai.core.redis import redis_client
    from fintech_ai.gateway import admission, gate
    from fintech_ai.gateway.admission import keys
    from fintech_ai.gateway.admission.money import micro_dollars
    from fintech_ai.gateway.models import DegradedReason

    def enter(*, tenant_id, call_id, attempt, target, hold, tokens, limits, rate, month, **_):
        key = keys.month(tenant_id, month)
        spent, held = (int(value or 0) for value in redis_client().hmget(key, "spent", "held"))
        if spent + held + hold > micro_dollars(limits.month_usd):
            return admission.Refused(DegradedReason.BUDGET_SPENT, budget="month")
        redis_client().hincrby(key, "held", hold)
        redis_client().hset(keys.call(call_id), mapping={"held": hold, "month": key, "case": ""})
        redis_client().zadd(keys.live(tenant_id), {str(call_id): time.time()})
        return admission.Entered(tenant_id, call_id, attempt, target, rate, tokens, probe=False, era=0)

    gate.admission = argparse.Namespace(**{**vars(admission), "enter": enter})


if __name__ == "__main__":
    main()
