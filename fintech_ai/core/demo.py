"""The whole product on one machine: `bin/demo`.

Starts PostgreSQL and Valkey from Python packages, prepares the database, loads the demo tenant, and watches over the
web server, the worker and the scheduler until it is told to stop. PORT and DATA_DIR say where.
"""

import base64
import contextlib
import fcntl
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from types import FrameType
from typing import Any

from fintech_ai.core.embedded.postgres import APP, OWNER, EmbeddedPostgres, Passwords
from fintech_ai.core.embedded.process import Server, ServerFailed, end_leftovers, free_port, is_free
from fintech_ai.core.embedded.valkey import EmbeddedValkey
from fintech_ai.core.private_files import write_private

PROJECT = Path(__file__).resolve().parents[2]
DATABASE = "fintech_ai"
NEEDED_BYTES = 500 * 1024 * 1024
READY_SECONDS = 60
RESTART_SECONDS = 2
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Refused(RuntimeError):
    """The demo cannot start; the message says what to do."""


class Part(Server):
    """One of our own processes."""

    def __init__(self, name: str, command: list[str], *, port: int, log: Path, env: dict[str, str]):
        super().__init__(port=port, log=log)
        self.name = name
        self.command = command
        self.env = env

    def start(self) -> None:
        """Run it in the project's folder."""
        self.spawn(self.command, cwd=PROJECT, env=self.env)


class Demo:
    """Everything that runs, in the order in which it starts. `stop` ends it in reverse."""

    def __init__(self, *, port: int, folder: Path):
        self.port = port
        self.folder = folder
        self.logs = folder / "logs"
        self.logins = folder / "logins.json"
        self.running: list[Server] = []

    def start(self) -> None:
        """Bring everything up. Raises Refused or ServerFailed with a sentence."""
        self._check_place()
        kept = self._kept()
        passwords = Passwords(superuser=kept["superuser"], owner=kept["owner"], app=kept["app"])
        postgres = EmbeddedPostgres(
            folder=self.folder / "postgres",
            port=kept["postgres_port"],
            log=self.logs / "postgres.log",
            passwords=passwords,
        )
        valkey = EmbeddedValkey(
            folder=self.folder / "valkey",
            port=kept["valkey_port"],
            log=self.logs / "valkey.log",
            password=kept["valkey"],
        )
        for server in (postgres, valkey):
            self.running.append(server)
            server.start()
        postgres.create_roles()
        postgres.create_database(DATABASE)
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("DATABASE_OWNER_URL")},
            "DATABASE_URL": postgres.url(APP, DATABASE),
            "REDIS_URL": valkey.url(),
            "SECRET_KEY": kept["secret_key"],
            "MASTER_KEY": kept["master_key"],
            "HTTPS": "no",
            "DEBUG": "no",
            "DJANGO_SETTINGS_MODULE": "fintech_ai.settings",
        }
        self._manage("prepare_database", env={**env, "DATABASE_OWNER_URL": postgres.url(OWNER, DATABASE)})
        self._manage("load_demo", "--logins", str(self.logins), env=env)
        for part in self._parts(env):
            self.running.append(part)
            part.start()
        self._wait_until_up()

    def watch(self) -> None:
        """Start again whatever ends by itself. Raises ServerFailed for a server that does not come back."""
        while True:
            time.sleep(RESTART_SECONDS)
            for server in self.running:
                if server.is_running:
                    continue
                print(f"{server.name} has ended and is started again. Its log: {server.log}", flush=True)
                server.start()

    def stop(self) -> None:
        """End everything, last started first."""
        for server in reversed(self.running):
            server.stop()

    def greet(self) -> None:
        """Print where it is and who may sign in."""
        print(f"\n  fintech_ai is up: http://localhost:{self.port}\n")
        if self.logins.exists():
            self._print_logins(json.loads(self.logins.read_text()))
        else:
            print(f"  The logins are lost with {self.logins}. Remove {self.folder} for a new demo.\n")
        print(f"  Data and logs are in {self.folder}. Ctrl-C stops everything.\n", flush=True)

    def _print_logins(self, logins: dict[str, Any]) -> None:
        for person in logins["people"]:
            print(f"  {person['role']:<20} {person['email']}")
        print(f"  {'password of all':<20} {logins['password']}")
        print(f"  {'token (integrator)':<20} {logins['token']}\n")

    def _check_place(self) -> None:
        self.folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        self.logs.mkdir(mode=0o700, exist_ok=True)
        self._lock = (self.folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"A demo is running on {self.folder} already. Stop it, or choose another DATA_DIR.") from None
        end_leftovers(self.logs)
        if not is_free(self.port):
            raise Refused(f"Port {self.port} is taken. Choose another: PORT=8100 bin/demo")
        if (free := shutil.disk_usage(self.folder).free) < NEEDED_BYTES:
            raise Refused(
                f"Only {free // 2**20} MB are free in {self.folder}; the demo needs 500. Make room, or set DATA_DIR."
            )

    def _kept(self) -> dict[str, Any]:
        """Passwords, keys and ports, kept from the first start on; a port that somebody took meanwhile is replaced."""
        path = self.folder / "secrets.json"
        known = json.loads(path.read_text()) if path.exists() else {}
        kept = dict(known)
        for name in ("superuser", "owner", "app", "valkey", "secret_key"):
            kept.setdefault(name, secrets.token_hex(25))
        kept.setdefault("master_key", base64.b64encode(secrets.token_bytes(32)).decode())
        for name in ("postgres_port", "valkey_port"):
            if name not in kept or not is_free(kept[name]):
                kept[name] = free_port()
        if kept != known:
            write_private(path, json.dumps(kept, indent=2))
        return kept

    def _manage(self, command: str, *arguments: str, env: dict[str, str]) -> None:
        program = [sys.executable, "manage.py", command, *arguments]
        run = subprocess.run(program, env=env, cwd=PROJECT, capture_output=True, text=True)
        with (self.logs / f"{command}.log").open("a") as log:
            log.write(run.stderr)
        if run.returncode:
            lines = run.stderr.strip().splitlines()
            raise Refused(f"manage.py {command} failed: {lines[-1] if lines else 'it said nothing'}. Log: {log.name}")

    def _parts(self, env: dict[str, str]) -> list[Part]:
        python = [sys.executable, "-m"]
        # Without its control socket, which lies in the home folder and which two demos would share.
        gunicorn = ["gunicorn", "fintech_ai.wsgi", "--bind", f"127.0.0.1:{self.port}", "--no-control-socket"]
        gunicorn += ["--worker-class", "gthread", "--workers", "1", "--threads", "8", "--access-logfile", "-"]
        celery = ["celery", "-A", "fintech_ai"]
        worker = [*celery, "worker", "--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO"]
        scheduler = [*celery, "beat", "--schedule", str(self.folder / "beat"), "--pidfile", ""]
        commands = {"web": gunicorn, "worker": worker, "scheduler": scheduler}
        return [
            Part(name, python + command, port=self.port, log=self.logs / f"{name}.log", env=env)
            for name, command in commands.items()
        ]

    def _wait_until_up(self) -> None:
        deadline = time.monotonic() + READY_SECONDS
        web = next(part for part in self.running if part.name == "web")
        while time.monotonic() < deadline and web.is_running:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{self.port}/healthz", timeout=2).close()
                return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise web.failure()


def _interrupt(signum: int, frame: FrameType | None) -> None:
    """Stop once; a second Ctrl-C must not cut the stopping short."""
    for each in STOP_SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    """Run the demo until Ctrl-C, SIGTERM or the end of its terminal. Returns the exit code."""
    for each in STOP_SIGNALS:
        signal.signal(each, _interrupt)
    port = os.environ.get("PORT", "8000")
    if not port.isdigit() or not 0 < int(port) < 65536:
        print(f"PORT is {port!r}; it must be a number from 1 to 65535.", file=sys.stderr)
        return 2
    demo = Demo(port=int(port), folder=Path(os.environ.get("DATA_DIR", PROJECT / ".data")).resolve())
    try:
        demo.start()
        demo.greet()
        demo.watch()
    except KeyboardInterrupt:
        with contextlib.suppress(OSError):  # the terminal may be gone
            print("\nStopping.", flush=True)
        return 0
    except (Refused, ServerFailed) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        demo.stop()


if __name__ == "__main__":
    sys.exit(main())
