"""The servers behind the tests: one PostgreSQL and one Valkey, a database in each for every process of pytest.

Always servers of their own, whatever the environment names: tests commit, and must never do so in anybody's database.
"""

import base64
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from fintech_ai.core.embedded.postgres import APP, OWNER, EmbeddedPostgres, Passwords
from fintech_ai.core.embedded.process import free_port
from fintech_ai.core.embedded.valkey import EmbeddedValkey

PROJECT = Path(__file__).resolve().parents[2]
TEMPLATE = "test_template"
# Of the shell that started the tests: a real model must not be asked, nor a setting change what is tested.
FOREIGN = ("DEBUG", "TEST_PORTS", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")
FOREIGN_FAMILIES = ("OPENAI_", "AZURE_OPENAI_", "ANTHROPIC_", "MODEL_")
# Nothing that is committed is lost when PostgreSQL itself is killed; only the machine's own crash would be.
QUICK = {"fsync": "off", "full_page_writes": "off", "max_connections": "200"}


@dataclass
class Running:
    folder: Path
    postgres: EmbeddedPostgres
    valkey: EmbeddedValkey


_running: Running | None = None


def start() -> None:
    """Start both servers, migrate the template, and make this process' database. Sets the environment."""
    global _running
    for name in list(os.environ):
        if name.upper() in FOREIGN or name.startswith(FOREIGN_FAMILIES):
            del os.environ[name]
    folder = Path(tempfile.mkdtemp(prefix="fintech-ai-tests-"))
    folder.chmod(0o711)
    _running = Running(folder, _postgres(folder), _valkey(folder))
    _running.postgres.start()
    _running.valkey.start()
    _running.postgres.create_roles()
    _running.postgres.create_database(TEMPLATE)
    os.environ.update(
        SECRET_KEY=secrets.token_hex(25),
        MASTER_KEY=base64.b64encode(secrets.token_bytes(32)).decode(),
        HTTPS="no",
        API_RATE="100000/minute",
    )
    _use_database(TEMPLATE, 0)
    prepare = [sys.executable, "manage.py", "prepare_database"]
    subprocess.run(prepare, check=True, cwd=PROJECT, env=os.environ)
    use_of_worker("main")


def use_of_worker(worker: str) -> None:
    """Make the database of one process of pytest, and point the environment at it."""
    name = f"test_{worker}"
    postgres = _postgres(Path())
    postgres.drop_database(name)
    postgres.create_database(name, template=TEMPLATE)
    number = 0 if worker == "main" else int(worker.removeprefix("gw")) + 1
    _use_database(name, number)


def stop() -> None:
    """End the servers and remove their files."""
    if _running is None:
        return
    _running.valkey.kill()
    _running.postgres.kill()
    shutil.rmtree(_running.folder, ignore_errors=True)


def environment() -> dict[str, str]:
    """For child processes: this process' database and Valkey, and none of the settings of pytest."""
    return {**os.environ, "DJANGO_SETTINGS_MODULE": "fintech_ai.settings", "PYTHONUNBUFFERED": "1"}


def postgres() -> EmbeddedPostgres:
    """The server, for statements as superuser. Other processes run tests on it: do not stop it."""
    return _postgres(Path())


def _postgres(folder: Path) -> EmbeddedPostgres:
    port, _ = _ports()
    superuser, owner, app, _ = _passwords()
    return EmbeddedPostgres(
        folder=folder / "postgres",
        port=port,
        log=folder / "postgres.log",
        passwords=Passwords(superuser=superuser, owner=owner, app=app),
        settings=QUICK,
    )


def _valkey(folder: Path) -> EmbeddedValkey:
    _, port = _ports()
    return EmbeddedValkey(folder=folder / "valkey", port=port, log=folder / "valkey.log", password=_passwords()[3])


def _ports() -> tuple[int, int]:
    os.environ.setdefault("TEST_PORTS", f"{free_port()} {free_port()}")
    first, second = os.environ["TEST_PORTS"].split()
    return int(first), int(second)


def _passwords() -> list[str]:
    os.environ.setdefault("TEST_PASSWORDS", " ".join(secrets.token_hex(12) for _ in range(4)))
    return os.environ["TEST_PASSWORDS"].split()


def _use_database(name: str, number: int) -> None:
    server = _postgres(Path())
    os.environ["DATABASE_URL"] = server.url(APP, name)
    os.environ["DATABASE_OWNER_URL"] = server.url(OWNER, name)
    os.environ["REDIS_URL"] = _valkey(Path()).url(number)
