"""Two roles on one database: the owner migrates, the plain role works."""

from django.conf import settings
from django.db import migrations


class OwnerMigrates:
    """Routes migrations to the "owner" connection and everything else to "default"."""

    def allow_migrate(self, db: str, app_label: str, **hints) -> bool:
        return db == "owner"

    def allow_relation(self, obj1, obj2, **hints) -> bool:
        return True


def app_role() -> str:
    """The name of the plain role that web and workers connect as."""
    return settings.DATABASES["default"]["USER"]


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
