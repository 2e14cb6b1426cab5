"""bin/demo's supervisor: up, again, beside another, and after the worst end."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from fintech_ai.core.embedded.process import free_port
from tests.support.servers import PROJECT, environment

pytestmark = pytest.mark.slow

READY_SECONDS = 90
PARTS = {"postgres", "valkey", "web", "worker", "scheduler"}


class Supervisor:
    """One `bin/demo`, without the installation of packages."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.port = free_port()
        self.output = folder.with_suffix(".out")

    def launch(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "fintech_ai.core.demo"]
        env = {**environment(), "PORT": str(self.port), "DATA_DIR": str(self.folder)}
        with self.output.open("wb") as output:
            return subprocess.Popen(command, cwd=PROJECT, env=env, stdout=output, stderr=output, start_new_session=True)

    def start(self) -> None:
        """Start it and wait until it greets."""
        self.process = self.launch()
        until = time.monotonic() + READY_SECONDS
        while "Ctrl-C" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.1)

    def end(self, signum: int) -> int:
        self.process.send_signal(signum)
        return self.process.wait(60)

    def refusal(self) -> str:
        """What a start says that must not succeed."""
        assert self.launch().wait(READY_SECONDS) == 1
        return self.said

    @property
    def said(self) -> str:
        return self.output.read_text()

    @property
    def token(self) -> str:
        return json.loads((self.folder / "logins.json").read_text())["token"]

    def get(self, path: str, **headers: str) -> dict:
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=20) as response:  # noqa: S310
            return json.load(response)

    def processes(self) -> dict[str, int]:
        return {path.stem: int(path.read_text().split()[0]) for path in (self.folder / "logs").glob("*.pid")}


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()


@pytest.fixture(scope="module")
def demo() -> Iterator[Supervisor]:
    with TemporaryDirectory(prefix="fintech-ai-demo-") as folder:
        Path(folder).chmod(0o711)
        supervisor = Supervisor(Path(folder) / "data")
        supervisor.start()
        yield supervisor
        if supervisor.process.poll() is None:
            supervisor.end(signal.SIGTERM)


def test_it_comes_up_and_its_token_works(demo):
    assert demo.get("/healthz") == {"status": "ok"}
    assert demo.get("/readyz") == {"status": "ok", "database": "ok", "redis": "ok"}
    assert demo.get("/api/v1/cases", Authorization=f"Bearer {demo.token}")["results"]
    assert set(demo.processes()) == PARTS


def test_a_second_one_on_its_folder_or_its_port_is_refused_with_a_sentence(demo):
    same_folder = Supervisor(demo.folder)
    same_folder.output = demo.folder.with_suffix(".second")
    assert "A demo is running on" in same_folder.refusal()
    same_port = Supervisor(demo.folder.with_name("other"))
    same_port.port = demo.port
    assert f"Port {demo.port} is taken" in same_port.refusal()


def test_servers_that_are_killed_come_back(demo):
    before = demo.processes()
    for name in ("postgres", "valkey"):
        os.kill(before[name], signal.SIGKILL)
    until = time.monotonic() + 30
    while not all(demo.processes()[name] != before[name] for name in ("postgres", "valkey")):
        assert time.monotonic() < until, demo.said
        time.sleep(0.2)
    while demo.said.count("is started again") < 2 or demo.get("/readyz")["redis"] != "ok":
        assert time.monotonic() < until, demo.said
        time.sleep(0.2)


def test_after_its_own_kill_it_starts_again_with_the_same_data(demo):
    token, orphans = demo.token, demo.processes()
    demo.end(signal.SIGKILL)
    assert all(is_alive(pid) for pid in orphans.values())
    demo.start()
    assert not any(is_alive(pid) for pid in orphans.values())
    assert demo.token == token
    assert demo.get("/api/v1/cases", Authorization=f"Bearer {token}")["results"]


def test_two_run_side_by_side_and_stop_without_a_trace(demo):
    beside = Supervisor(demo.folder.with_name("beside"))
    beside.start()
    assert beside.token != demo.token
    assert beside.get("/healthz") == demo.get("/healthz") == {"status": "ok"}
    for supervisor, how in ((beside, signal.SIGHUP), (demo, signal.SIGTERM)):
        processes = supervisor.processes()
        assert supervisor.end(how) == 0
        assert not [name for name, pid in processes.items() if is_alive(pid)]
