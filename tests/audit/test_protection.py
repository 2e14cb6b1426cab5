"""What the database refuses, whoever asks: nothing gets into the trail but through `record`, and nothing leaves it."""

import pytest
from django.db import DatabaseError, connection, transaction

from fintech_ai.audit.models import AuditEvent
from fintech_ai.audit.services import record
from fintech_ai.core.actors import Actor
from fintech_ai.core.tenancy import tenant_scope
from tests.support.audit import a_tenant, owner_cursor

CHANGES = [
    "UPDATE audit_event SET body = body",
    "UPDATE audit_event SET at = now()",
    "DELETE FROM audit_event",
    "TRUNCATE audit_event",
]
FORGERIES = [
    "INSERT INTO audit_event (tenant_id, body) VALUES ({tenant}, '{{}}')",
    "INSERT INTO audit_lock (tenant_id) VALUES ({tenant})",
    "SELECT * FROM audit_lock FOR UPDATE",
    "DELETE FROM audit_lock",
    "TRUNCATE audit_lock",
    "INSERT INTO audit_inbox (tenant_id, body, transaction_id) VALUES ({tenant}, '{{\"action\":\"a.b\"}}', '1')",
    "UPDATE audit_inbox SET body = '{{}}'",
    "DELETE FROM audit_inbox",
    "TRUNCATE audit_inbox",
    "SELECT * FROM audit_inbox",
    "SELECT audit_event_chain()",
    "ALTER TABLE audit_event DISABLE TRIGGER USER",
    "DROP TRIGGER audit_event_rows_never_change ON audit_event",
    "DROP TABLE audit_event",
    "SET session_replication_role = replica",
]


@pytest.fixture
def tenant(committed_db):
    return a_tenant()


@pytest.mark.parametrize("statement", CHANGES + FORGERIES)
def test_the_plain_role_cannot_change_or_forge(tenant, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format(tenant=f"'{tenant.id}'"))


@pytest.mark.parametrize("statement", CHANGES)
def test_the_owner_cannot_change_either(tenant, statement):
    with pytest.raises(DatabaseError, match="never change"), owner_cursor() as cursor:
        cursor.execute(statement)


def test_what_the_owner_inserts_takes_its_place_in_the_chain_like_all_else(tenant):
    body = '{"action":"a.b","actor":{"id":"x","kind":"x"},"object":{"id":"x","type":"x"},"trail":null}'
    with owner_cursor() as cursor:
        cursor.execute(
            "INSERT INTO audit_event (tenant_id, seq, at, prev_hash, hash, body) VALUES (%s, 9, 'epoch', 'x', 'y', %s)",
            [tenant.id, body],
        )
    with tenant_scope(tenant.id):
        first, second = AuditEvent.objects.order_by("seq")
    assert (second.seq, second.prev_hash) == (2, first.hash)
    assert second.at > first.at


def test_the_columns_that_are_searched_cannot_be_set_apart_from_the_body(tenant):
    with pytest.raises(DatabaseError), owner_cursor() as cursor:
        cursor.execute("INSERT INTO audit_event (tenant_id, body, action) VALUES (%s, '{}', 'x.y')", [tenant.id])


def test_a_table_of_the_same_name_does_not_lead_the_owners_functions_astray(tenant):
    """A temporary table is found before all others unless a function says otherwise."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE audit_lock (tenant_id uuid) ON COMMIT DROP")
        cursor.execute("CREATE TEMPORARY TABLE audit_event (LIKE public.audit_event) ON COMMIT DROP")
        with tenant_scope(tenant.id):
            record(actor=Actor.system(tenant_id=tenant.id), action="test.done", target=tenant)
    with tenant_scope(tenant.id):
        assert list(AuditEvent.objects.values_list("seq", flat=True)) == [1, 2]


def test_the_plain_role_has_no_right_beyond_reading_the_trail_and_filling_the_inbox(committed_db):
    role = connection.settings_dict["USER"]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT table_name, string_agg(DISTINCT privilege_type, ' ' ORDER BY privilege_type)
            FROM information_schema.table_privileges
            WHERE grantee IN (%s, 'PUBLIC') AND table_name LIKE 'audit\\_%%' GROUP BY table_name
            """,
            [role],
        )
        assert dict(cursor.fetchall()) == {"audit_event": "SELECT"}
        cursor.execute(
            """
            SELECT column_name FROM information_schema.column_privileges
            WHERE grantee IN (%s, 'PUBLIC') AND table_name = 'audit_inbox' AND privilege_type = 'INSERT'
            """,
            [role],
        )
        assert {column for (column,) in cursor.fetchall()} == {"tenant_id", "body"}
        cursor.execute(
            """
            SELECT proname FROM pg_proc
            WHERE proname LIKE 'audit\\_%%' AND has_function_privilege(%s, oid, 'EXECUTE')
            """,
            [role],
        )
        assert cursor.fetchall() == []
