"""Two roles on one database: the owner migrates, the plain role works."""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.conf import settings
from django.db import connection, migrations

# pgvector for meaning, pg_trgm and btree_gin for words inside a name; the last two come with PostgreSQL.
EXTENSIONS = ("vector", "pg_trgm", "btree_gin")


class OwnerMigrates:
    """Routes migrations to the "owner" connection and everything else to "default"."""

    def allow_migrate(self, db: str, app_label: str, **hints) -> bool:
        return db == "owner"

    def allow_relation(self, obj1, obj2, **hints) -> bool:
        return True


def app_role() -> str:
    """The name of the plain role that web and workers connect as."""
    return settings.DATABASES["default"]["USER"]


def refuse_inside_transaction(what: str) -> None:
    """Raise RuntimeError if a transaction is open, other than that of a test: as atomic(durable=True), but for nothing.

    `what` begins the sentence.
    """
    blocks = connection.atomic_blocks
    if blocks and not blocks[-1]._from_testcase:
        raise RuntimeError(f"{what} must be called outside transactions: what it stores has to be committed at once.")


def run_at_once(statement: str, values: Mapping[str, Any]) -> list[tuple]:
    """Run one statement that is a transaction by itself, in one round trip, and return its rows.

    It is prepared once per connection, which Django's cursor would not do. Values are as psycopg takes them: JSON as
    text. Where one may be None, the statement says of what type it is.
    """
    connection.ensure_connection()
    # Django's own cursors write the values into the statement, so that PostgreSQL would plan it anew each time.
    with connection.wrap_database_errors, psycopg.Cursor(connection.connection) as cursor:
        return cursor.execute(statement, values, prepare=True).fetchall()


class Immutable(migrations.RunSQL):
    """A migration operation: from now on the database refuses UPDATE, DELETE and TRUNCATE on `table`.

    Depends on core's migration 0001_refuse_change. It holds for every role, the owner included.
    """

    def __init__(self, table: str):
        self.table = table
        super().__init__(
            f"""
            CREATE TRIGGER {table}_rows_never_change BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION refuse_change();
            CREATE TRIGGER {table}_is_never_emptied BEFORE TRUNCATE ON {table}
                FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
            """,
            reverse_sql=f"""
            DROP TRIGGER {table}_rows_never_change ON {table};
            DROP TRIGGER {table}_is_never_emptied ON {table};
            """,
        )

    def deconstruct(self):
        return (type(self).__name__, [self.table], {})
