"""The whole product on servers of its own, which a test may kill without hurting other tests."""

import itertools
import json
import os
import secrets
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterable, Mapping
from pathlib import Path

import psycopg
from redis import Redis

from fintech_ai.core.embedded.postgres import APP, OWNER, SUPERUSER, EmbeddedPostgres, Passwords
from fintech_ai.core.embedded.process import free_port
from fintech_ai.core.embedded.valkey import EmbeddedValkey
from tests.support.processes import CeleryWorker, WebServer
from tests.support.servers import PROJECT, QUICK, environment

DATABASE = "site"
SETTLED_SECONDS = 60
QUICK_TO_NOTICE = {"RUN_LEASE_SECONDS": "4", "MODEL_CALL_DEADLINE_SECONDS": "2", "RUN_SWEEP_SECONDS": "1"}
TOUR = PROJECT / "triage" / "demo" / "tour" / "transactions.json"


def faults(accepted: Iterable[str], recommendations: Mapping[str, int]) -> list[str]:
    """What is wrong with the recommendations of the accepted alerts: none, or more than one; alerts are named by id."""
    counted = ((alert, recommendations.get(alert)) for alert in accepted)
    return [
        f"{alert} is lost" if count is None else f"{alert} has {count} recommendations"
        for alert, count in counted
        if count != 1
    ]


class Site:
    """PostgreSQL, Valkey, web and one worker, with the demo tenant in it."""

    def __init__(self, folder: Path):
        folder.chmod(0o711)
        self.accepted: set[str] = set()
        self._numbers = itertools.count(1)
        keys = [secrets.token_hex(12) for _ in range(4)]
        self.postgres = EmbeddedPostgres(
            folder=folder / "postgres",
            port=free_port(),
            log=folder / "postgres.log",
            passwords=Passwords(*keys[:3]),
            settings=QUICK,
        )
        self.valkey = EmbeddedValkey(
            folder=folder / "valkey", port=free_port(), log=folder / "valkey.log", password=keys[3]
        )
        self.env = {
            **environment(),
            **QUICK_TO_NOTICE,
            "DATABASE_URL": self.postgres.url(APP, DATABASE),
            "DATABASE_OWNER_URL": self.postgres.url(OWNER, DATABASE),
            "REDIS_URL": self.valkey.url(),
        }
        self.web = WebServer(env=self.env, folder=folder)
        self.worker = CeleryWorker(env=self.env, folder=folder)
        self.logins = folder / "logins.json"

    def __enter__(self) -> "Site":
        try:
            self.postgres.start()
            self.valkey.start()
            self.postgres.create_roles()
            self.postgres.create_database(DATABASE)
            self.manage("prepare_database")
            self.manage("load_demo", "--logins", str(self.logins))
            self.token = json.loads(self.logins.read_text())["token"]
            self.web.start()
            self.post("transactions", TOUR.read_bytes())
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc_info) -> None:
        for server in (self.worker, self.web, self.valkey, self.postgres):
            if server.is_running:
                os.killpg(server.process.pid, signal.SIGKILL)
                server.process.wait()

    def manage(self, *command: str) -> str:
        """Run a management command. Raises CalledProcessError when it fails."""
        program = [sys.executable, "manage.py", *command]
        return subprocess.run(program, cwd=PROJECT, env=self.env, check=True, capture_output=True, text=True).stdout

    def post(self, path: str, body: bytes, key: str = "") -> dict:
        """Post to the triage API. Raises URLError or OSError where nothing, or no success, is answered."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        request = urllib.request.Request(f"{self.web.url}/api/v1/triage/{path}", data=body, headers=headers)  # noqa: S310
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return json.load(response)

    def post_alert(self, *, patience: float = 0) -> None:
        """Post one alert; what is not answered is repeated with its key, for so many seconds."""
        number = next(self._numbers)
        body = {"transaction": f"TOUR-{number:05}", "channel": "monitoring", "raised_by": "Rule 7", "id": f"A-{number}"}
        until = time.monotonic() + patience
        while True:
            try:
                self.accepted.add(self.post("alerts", json.dumps(body).encode(), key=f"key-{number}")["id"])
                return
            except (urllib.error.URLError, OSError):
                if time.monotonic() > until:
                    raise
                time.sleep(0.2)

    def rows(self, query: str, *values: str) -> list[tuple]:
        """Read, or change, the database behind the application's back: as superuser, with every trigger off."""
        with psycopg.connect(self.postgres.url(SUPERUSER, DATABASE), autocommit=True) as connection:
            connection.execute("SET session_replication_role = replica")
            cursor = connection.execute(query, values)
            return cursor.fetchall() if cursor.description else []

    def running(self) -> int:
        """How many runs a worker holds now."""
        return self.rows("SELECT count(*) FROM cases_run WHERE state = 'running'")[0][0]

    def recommendations(self) -> dict[str, int]:
        """For each alert, how many recommendations its case has."""
        return dict(
            self.rows(
                "SELECT alert.id::text, count(made.id) FROM triage_alert alert "
                "LEFT JOIN cases_recommendation made ON made.case_id = alert.case_id GROUP BY alert.id"
            )
        )

    def redis(self) -> Redis:
        return Redis.from_url(self.valkey.url())

    def settle(self) -> None:
        """Wait until no run is waiting or running."""
        until = time.monotonic() + SETTLED_SECONDS
        while self.rows("SELECT count(*) FROM cases_run WHERE state IN ('waiting', 'running')")[0][0]:
            assert time.monotonic() < until, "runs are left over"
            time.sleep(0.2)

    def check(self) -> None:
        """Every accepted alert has exactly one recommendation, and the audit chain is whole."""
        self.settle()
        assert self.accepted
        found = faults(self.accepted, self.recommendations())
        assert not found, "; ".join(found)
        self.manage("audit_verify")
