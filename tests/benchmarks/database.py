"""A PostgreSQL of its own for a benchmark: fresh, with our tables, waiting for its disk (fsync on)."""

import base64
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fintech_ai.core.embedded.postgres import APP, OWNER, EmbeddedPostgres, Passwords
from fintech_ai.core.embedded.process import free_port

NAME = "bench"


@contextmanager
def fresh_database() -> Iterator[EmbeddedPostgres]:
    """Start it, and point Django at it as the plain role; it is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="fintech-ai-bench-"))
    folder.chmod(0o711)
    passwords = Passwords(*(secrets.token_hex(12) for _ in range(3)))
    log = folder / "postgres.log"
    postgres = EmbeddedPostgres(folder=folder / "postgres", port=free_port(), log=log, passwords=passwords)
    try:
        postgres.start()
        postgres.create_roles()
        postgres.create_database(NAME)
        _use(postgres)
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _use(postgres: EmbeddedPostgres) -> None:
    os.environ.update(
        DJANGO_SETTINGS_MODULE="fintech_ai.settings",
        SECRET_KEY=secrets.token_hex(25),
        MASTER_KEY=base64.b64encode(secrets.token_bytes(32)).decode(),
        DATABASE_URL=postgres.url(APP, NAME),
        DATABASE_OWNER_URL=postgres.url(OWNER, NAME),
        REDIS_URL="redis://127.0.0.1:1/0",
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("prepare_database")
