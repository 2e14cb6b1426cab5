"""Audit trails for tests: made through `record`, read where nothing commits, tampered with as the owner."""

import itertools
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.db import connection, connections, transaction

from fintech_ai.accounts.models import Tenant
from fintech_ai.accounts.services import tenant_create
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope

# What JSON, SQL and line-oriented files have been known to stumble over.
WORDS = ("café", "日本", "a\nb", '"quoted"', "\\u0041", "\u2028", "🦉", "", " ", "\t", "<b>", "ſ", "e\u0301")


def settle() -> None:
    """Make the database append what was recorded so far, as it does at a commit, in a test that never commits."""
    connection.check_constraints()


def a_tenant() -> Tenant:
    """A tenant of the test's own; its trail begins with one event."""
    return tenant_create(slug=f"trail-{uuid.uuid4().hex[:8]}", name="Trail Bank")


def record_events(tenant: Tenant, count: int, **data: Any) -> None:
    """Record this many events, each in a transaction of its own."""
    actor = Actor.system(tenant_id=tenant.id, name="test")
    with tenant_scope(tenant.id):
        for number, word in zip(range(count), itertools.cycle(WORDS), strict=False):
            with transaction.atomic():
                record(actor=actor, action="test.done", target=tenant, data={"number": number, "word": word, **data})


@contextmanager
def owner_cursor() -> Iterator[psycopg.Cursor]:
    """The database as the owner of the tables sees it; commits at the end."""
    with connections["owner"].cursor() as cursor:
        yield cursor


@contextmanager
def triggers_off() -> Iterator[psycopg.Cursor]:
    """The owner at her worst: no trigger on the events fires, so the rows can be changed."""
    with transaction.atomic(using="owner"), owner_cursor() as cursor:
        cursor.execute("ALTER TABLE audit_event DISABLE TRIGGER USER")
        yield cursor
        cursor.execute("ALTER TABLE audit_event ENABLE TRIGGER USER")


def lines_of(export: bytes) -> list[dict[str, Any]]:
    """The objects of an export's lines."""
    return [json.loads(line) for line in export.splitlines()]
