"""bin/bench admission: what reserving and settling a budget costs, beside a check without a script and `limits`.

On an embedded Valkey with its append-only file, one call after the other as a worker makes them, the kinds in turn so
that all meet the same machine. Ours decides over circuit breaker, two rate limits and three budgets, and takes in
health, rate limits and cost; the naive check reads, compares and adds to one budget, and others may do so in between;
`limits` counts one rate limit. Then 16 threads ask for more than a budget has.
"""

import os
import random
import secrets
import shutil
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace

from fintech_ai.core.embedded.process import free_port
from fintech_ai.core.embedded.valkey import EmbeddedValkey
from tests.benchmarks.report import arguments, table, write

CALLS, WARM_UP = 4_000, 300
CASES = 1_000
HOLD, COST = 8_000, 600
MONTH = date(2026, 11, 1)
THREADS, ROOM = 16, 100


def main() -> None:
    """Measure, print, write."""
    options = arguments(__doc__)
    with _valkey():
        from fintech_ai.core.redis import redis_client

        kinds = {"ours": _ours(), "naive": _naive(), "limits": _limits(), "ping": redis_client().ping}
        times = _measure(kinds)
        overdrawn = {"ours": _overdrawn(_ours_once), "naive": _overdrawn(_naive_once)}
    names = {
        "ours": "breaker, rates, 3 budgets: reserve + settle",
        "naive": "naive GET, compare, INCRBY; INCRBY, INCRBY",
        "limits": "limits: moving window, hit alone",
        "ping": "one PING",
    }
    figures: dict[str, float | int] = {}
    for kind, found in times.items():
        figures |= {f"{kind}_{name}_ms": found[int(share * len(found))] for name, share in SHARES.items()}
    figures |= {f"{kind}_let_in_of_{ROOM}": count for kind, count in overdrawn.items()}
    rows = [[names[kind], *(figures[f"{kind}_{name}_ms"] for name in SHARES)] for kind in kinds]
    table(f"Milliseconds for a call, of {CALLS:,} each", ["", *SHARES], rows)
    let_in = [[kind, count, "yes" if count > ROOM else "no"] for kind, count in overdrawn.items()]
    table(f"{THREADS} threads on a budget with room for {ROOM} calls", ["", "let in", "overdrawn"], let_in)
    write(figures, options.json)


SHARES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def _measure(kinds: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for _ in range(CALLS + WARM_UP):
        for kind, call in kinds.items():
            begun = time.perf_counter()
            call()
            times[kind].append(1000 * (time.perf_counter() - begun))
    return {kind: sorted(found[WARM_UP:]) for kind, found in times.items()}


@contextmanager
def _valkey() -> Iterator[None]:
    """A server of its own, and Django pointed at it; there is no database."""
    folder = Path(tempfile.mkdtemp(prefix="fintech-ai-bench-"))
    password = secrets.token_hex(12)
    server = EmbeddedValkey(folder=folder / "valkey", port=free_port(), log=folder / "valkey.log", password=password)
    os.environ.update(
        DJANGO_SETTINGS_MODULE="fintech_ai.settings",
        SECRET_KEY=secrets.token_hex(25),
        DATABASE_URL="postgresql://nobody@127.0.0.1:1/none",
        REDIS_URL=server.url(),
    )
    try:
        server.start()
        import django

        django.setup()
        yield
    finally:
        server.kill()
        shutil.rmtree(folder, ignore_errors=True)


def _a_tenant() -> uuid.UUID:
    """One whose month is there already, as that of an empty ledger."""
    from fintech_ai.gateway.admission import keys, rebuild, scripts

    tenant_id = uuid.uuid4()
    names = [keys.month(tenant_id, MONTH), keys.live(tenant_id)]
    scripts.BUILD_MONTH(names, [0, rebuild.MONTH_SECONDS, keys.CALL_PREFIX])
    return tenant_id


def _ours(month_usd: Decimal = Decimal(1_000_000), *, settle: bool = True) -> Callable[[], bool]:
    from fintech_ai.gateway import admission
    from fintech_ai.gateway.admission import keys, scripts
    from fintech_ai.gateway.targets import Target

    tenant_id, target = _a_tenant(), Target("openai", "gpt-4.1-mini")
    cases = [uuid.uuid4() for _ in range(CASES)]
    for case_id in cases:
        scripts.BUILD_CASE([keys.case(tenant_id, case_id)], [])
    limits = SimpleNamespace(request_usd=Decimal("0.5"), case_usd=month_usd, month_usd=month_usd)

    def call() -> bool:
        entered = admission.enter(
            tenant_id=tenant_id, call_id=uuid.uuid4(), attempt=1, target=target, case_id=random.choice(cases),
            hold=HOLD, tokens=900, limits=limits, rate=100_000_000, month=MONTH, deadline=time.monotonic() + 10,
        )  # fmt: skip
        if isinstance(entered, admission.Refused):
            return False
        if settle:
            admission.leave(entered, ok=True, tokens=1_100, settle=COST)
        return True

    return call


def _naive(room: int = 10**12, *, settle: bool = True) -> Callable[[], bool]:
    from fintech_ai.core.redis import redis_client

    name = f"naive:{uuid.uuid4()}"

    def call() -> bool:
        redis = redis_client()
        spent, held = (int(value or 0) for value in redis.mget(f"{name}:spent", f"{name}:held"))
        if spent + held + HOLD > room:
            return False
        redis.incrby(f"{name}:held", HOLD)
        if settle:
            redis.decrby(f"{name}:held", HOLD)
            redis.incrby(f"{name}:spent", COST)
        return True

    return call


def _limits() -> Callable[[], bool]:
    from limits import parse
    from limits.storage import storage_from_string
    from limits.strategies import MovingWindowRateLimiter

    limiter, rate = MovingWindowRateLimiter(storage_from_string(os.environ["REDIS_URL"])), parse("100000/minute")
    return lambda: limiter.hit(rate, "tenant")


def _ours_once() -> Callable[[], bool]:
    return _ours(Decimal(ROOM * HOLD) / 1_000_000, settle=False)


def _naive_once() -> Callable[[], bool]:
    return _naive(ROOM * HOLD, settle=False)


def _overdrawn(make: Callable[[], Callable[[], bool]]) -> int:
    """How many of the threads' calls are let in where there is room for ROOM."""
    call, barrier, let_in = make(), threading.Barrier(THREADS), []

    def work() -> None:
        barrier.wait()
        while call():
            let_in.append(True)

    threads = [threading.Thread(target=work) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(let_in)


if __name__ == "__main__":
    main()
