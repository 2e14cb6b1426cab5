"""A PostgreSQL and a Valkey of their own for a benchmark: fresh, with our tables, waiting for the disk (fsync on)."""

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
from fintech_ai.core.embedded.valkey import EmbeddedValkey

NAME = "bench"


@contextmanager
def fresh_database(*, redis_url: str = "redis://127.0.0.1:1/0") -> Iterator[EmbeddedPostgres]:
    """Start it, and point Django at it as the plain role, and at no Redis unless one is named; gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="fintech-ai-bench-"))
    folder.chmod(0o711)
    passwords = Passwords(*(secrets.token_hex(12) for _ in range(3)))
    log = folder / "postgres.log"
    postgres = EmbeddedPostgres(folder=folder / "postgres", port=free_port(), log=log, passwords=passwords)
    try:
        postgres.start()
        postgres.create_roles()
        postgres.create_database(NAME)
        _use(postgres, redis_url)
        yield postgres
    finally:
        postgres.stop()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def fresh_valkey() -> Iterator[str]:
    """Start a server as production would run it; its URL. It is gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="fintech-ai-bench-"))
    log = folder / "valkey.log"
    valkey = EmbeddedValkey(folder=folder / "valkey", port=free_port(), log=log, password=secrets.token_hex(12))
    try:
        valkey.start()
        yield valkey.url()
    finally:
        valkey.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _use(postgres: EmbeddedPostgres, redis_url: str) -> None:
    os.environ.update(
        DJANGO_SETTINGS_MODULE="fintech_ai.settings",
        SECRET_KEY=secrets.token_hex(25),
        MASTER_KEY=base64.b64encode(secrets.token_bytes(32)).decode(),
        DATABASE_URL=postgres.url(APP, NAME),
        DATABASE_OWNER_URL=postgres.url(OWNER, NAME),
        REDIS_URL=redis_url,
    )
    import django
    from django.core.management import call_command

    django.setup()
    call_command("prepare_database")
