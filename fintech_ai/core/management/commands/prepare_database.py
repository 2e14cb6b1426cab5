"""manage.py prepare_database: everything that the owner does, so that web and workers never need to be her."""

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import DatabaseError, OperationalError, connections
from django.db.backends.utils import CursorWrapper
from psycopg import sql

from fintech_ai.core.database import EXTENSIONS, app_role


class Command(BaseCommand):
    help = (
        "Migrate as the owner (DATABASE_OWNER_URL) and grant the plain role (DATABASE_URL) what it needs. Repeatable."
    )

    def handle(self, *args, **options) -> None:
        if "owner" not in settings.DATABASES:
            raise CommandError(
                "DATABASE_OWNER_URL is not set. It names the database as in DATABASE_URL, but as the role that owns it."
            )
        if settings.DATABASES["owner"]["USER"] == app_role():
            raise CommandError(
                "DATABASE_URL and DATABASE_OWNER_URL name the same role. The plain role must own nothing."
            )
        try:
            self._grant()
            call_command("migrate", database="owner", interactive=False, verbosity=options["verbosity"] - 1)
        except OperationalError as error:
            raise CommandError(f"PostgreSQL cannot be reached: {error}") from error

    def _grant(self) -> None:
        """Before migrating, since migrations narrow what these defaults grant: the audit trail is read-only."""
        role = sql.Identifier(app_role())
        tables = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}"
        sequences = "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {}"
        with connections["owner"].cursor() as cursor:
            for extension in EXTENSIONS:
                self._create_extension(cursor, extension)
            for statement in (tables, sequences, "GRANT USAGE ON SCHEMA public TO {}"):
                cursor.execute(sql.SQL(statement).format(role))

    def _create_extension(self, cursor: CursorWrapper, extension: str) -> None:
        try:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        except OperationalError:
            raise
        except DatabaseError as error:
            reason = str(error).strip().splitlines()[0]
            database = connections["owner"].settings_dict["NAME"]
            raise CommandError(
                f"The extension {extension} cannot be created: {reason}. Ask the database administrator to install it "
                f"and to run, in the database {database}: CREATE EXTENSION {extension}; Then repeat this command."
            ) from error
