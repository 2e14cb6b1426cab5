"""bin/bench audit: how many audit events are written in a second, beside a plain INSERT without a chain.

Real commits, as the plain role, on a PostgreSQL that waits for its disk (fsync on).
"""

import threading
import time
import uuid
from collections.abc import Callable

from fintech_ai.core.embedded.postgres import APP
from tests.benchmarks.database import NAME, fresh_database
from tests.benchmarks.report import arguments, table, write

EVENTS = 4_000
WRITERS = 16


def main() -> None:
    """Measure one tenant and sixteen, chained and plain, and the verification of what was written."""
    options = arguments(__doc__)
    with fresh_database() as postgres:
        postgres.execute(
            f"CREATE TABLE plain_event (id uuid PRIMARY KEY, tenant_id uuid, at timestamptz DEFAULT now(), body text);"
            f"GRANT ALL ON plain_event TO {APP}",
            database=NAME,
        )
        figures = _measure()
    rows = [
        ("one tenant, 16 writers", figures["chained_1_tenant_per_s"], figures["plain_1_tenant_per_s"]),
        ("16 tenants, 16 writers", figures["chained_16_tenants_per_s"], figures["plain_16_tenants_per_s"]),
    ]
    table(
        "Audit events per second, each committed by itself",
        ["", "chained", "plain INSERT", "share"],
        [(*row, row[1] / row[2]) for row in rows],
    )
    print(f"\nVerified {figures['verified_events']:,} events at {figures['verified_per_s']:,} per second.")
    write(figures, options.json)


def _measure() -> dict[str, float | int]:
    figures: dict[str, float | int] = {}
    for tenants in (1, WRITERS):
        ids = [uuid.uuid4() for _ in range(tenants)]
        name = f"{tenants}_tenant{'s' if tenants > 1 else ''}_per_s"
        figures[f"plain_{name}"] = _rate(ids, _plain)
        figures[f"chained_{name}"] = _rate(ids, _chained)
    verified, seconds = _verify(ids)
    figures["verified_events"] = verified
    figures["verified_per_s"] = round(verified / seconds)
    return figures


def _rate(tenants: list[uuid.UUID], write_one: Callable[[uuid.UUID], None]) -> int:
    """Events per second over WRITERS threads, each with a connection of its own."""
    from django.db import connection

    barrier = threading.Barrier(WRITERS + 1)

    def work(position: int) -> None:
        connection.ensure_connection()
        barrier.wait()
        for _ in range(EVENTS // WRITERS):
            write_one(tenants[position % len(tenants)])
        connection.close()

    threads = [threading.Thread(target=work, args=[position]) for position in range(WRITERS)]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return round(EVENTS / (time.perf_counter() - started))


def _chained(tenant_id: uuid.UUID) -> None:
    from django.db import transaction

    from fintech_ai.accounts.models import Tenant
    from fintech_ai.audit.services import record
    from fintech_ai.core.actors import Actor
    from fintech_ai.core.tenancy import tenant_scope

    with tenant_scope(tenant_id), transaction.atomic():
        record(
            actor=Actor.worker(tenant_id=tenant_id, name="bench"),
            action="bench.measured",
            target=Tenant(id=tenant_id),
            data={"from": {"state": "received"}, "to": {"state": "in_review"}},
        )


def _plain(tenant_id: uuid.UUID) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO plain_event (id, tenant_id, body) VALUES (%s, %s, %s)", [uuid.uuid4(), tenant_id, "x" * 300]
        )


def _verify(tenants: list[uuid.UUID]) -> tuple[int, float]:
    from fintech_ai.audit.verification import verify_chain
    from fintech_ai.core.tenancy import tenant_scope

    started, events = time.perf_counter(), 0
    for tenant_id in tenants:
        with tenant_scope(tenant_id):
            events += verify_chain().events
    return events, time.perf_counter() - started


if __name__ == "__main__":
    main()
