"""Many writers at once, with real commits: one chain for each tenant, no fork, no gap, no deadlock, no false alarm."""

import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise

import pytest
from django.contrib.auth.models import Group
from django.db import DatabaseError, connection, transaction

from fintech_ai.accounts.models import Tenant, TenantGroup
from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.services import record
from fintech_ai.audit.verification import verify_chain
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from tests.support.audit import a_tenant

THREADS = 16
EVENTS = 40
PATIENCE_SECONDS = 60


def run_together(*jobs):
    """Run each job in a thread and on a connection of its own, all at once, and raise what any raised."""
    barrier = threading.Barrier(len(jobs))

    def run(job):
        try:
            with connection.cursor() as cursor:
                cursor.execute("SET statement_timeout = '30s'")
            barrier.wait()
            return job()
        finally:
            connection.close()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return [future.result(PATIENCE_SECONDS) for future in [pool.submit(run, job) for job in jobs]]


def note(tenant):
    with tenant_scope(tenant.id):
        record(actor=Actor.system(tenant_id=tenant.id), action="test.done", target=tenant)


def test_sixteen_threads_write_four_chains_without_fork_gap_or_false_alarm(committed_db):
    tenants = [a_tenant() for _ in range(4)]
    done = threading.Event()

    def write(seed):
        dice = random.Random(seed)
        for _ in range(EVENTS):
            tenant = dice.choice(tenants)
            with transaction.atomic():
                for _ in range(dice.randint(1, 3)):
                    note(tenant)
                if dice.random() < 0.2:
                    transaction.set_rollback(True)

    def watch():
        verdicts = []
        while not done.is_set():
            for tenant in tenants:
                with tenant_scope(tenant.id):
                    verdicts.append(verify_chain())
        return verdicts

    def write_all():
        try:
            run_together(*[lambda seed=seed: write(seed) for seed in range(THREADS)])
        finally:
            done.set()

    _, verdicts = run_together(write_all, watch)
    assert len(verdicts) >= 4
    assert [verdict for verdict in verdicts if not verdict.intact] == []
    for tenant in tenants:
        with tenant_scope(tenant.id):
            events = list(AuditEvent.objects.order_by("seq"))
            assert verify_chain().events == len(events) > EVENTS
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert all(earlier.at <= later.at for earlier, later in pairwise(events))
        assert all(earlier.hash == later.prev_hash for earlier, later in pairwise(events))


def test_transactions_that_touch_two_tenants_in_opposite_order_do_not_deadlock(committed_db):
    here, there = a_tenant(), a_tenant()

    def write(first, second):
        for _ in range(EVENTS):
            with transaction.atomic():
                note(first)
                note(second)

    run_together(*[lambda: write(here, there)] * 4, *[lambda: write(there, here)] * 4)
    for tenant in (here, there):
        with tenant_scope(tenant.id):
            assert verify_chain().events == 1 + 8 * EVENTS


def test_a_foreign_key_that_is_checked_at_commit_does_not_deadlock_with_a_locked_row(committed_db):
    """One transaction waits, at its commit, for a row that another holds; the other must still get to the chain."""
    tenant = a_tenant()
    recorded, locked = threading.Event(), threading.Event()

    def insert():
        with transaction.atomic():
            note(tenant)
            with tenant_scope(tenant.id):
                TenantGroup.objects.create(name="Late", group=Group.objects.create(name=uuid.uuid4().hex))
            recorded.set()
            assert locked.wait(10)

    def lock():
        with transaction.atomic():
            assert recorded.wait(10)
            Tenant.objects.select_for_update().get(id=tenant.id)
            locked.set()
            threading.Event().wait(0.5)
            note(tenant)

    run_together(insert, lock)
    with tenant_scope(tenant.id):
        assert verify_chain().events == 3


def test_a_writer_that_dies_before_its_commit_holds_nobody_up(committed_db):
    tenant = a_tenant()
    with pytest.raises(DatabaseError), transaction.atomic():
        note(tenant)
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    connection.close()
    with transaction.atomic():
        note(tenant)
    with tenant_scope(tenant.id):
        assert verify_chain().events == 2
