"""The product's own processes, as a test starts, kills and restarts them."""

import subprocess
import sys
import time
import urllib.error
import urllib.request
from abc import abstractmethod
from pathlib import Path

from fintech_ai.core.embedded.process import Server, free_port
from tests.support.servers import PROJECT

READY_SECONDS = 60


class _Process(Server):
    """A child process that works in the project's folder."""

    def __init__(self, *, env: dict[str, str], folder: Path):
        super().__init__(port=free_port(), log=folder / f"{self.name}.log")
        self.env = env
        self.folder = folder

    @abstractmethod
    def command(self) -> list[str]:
        """What is run."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it can be used by now."""

    def start(self) -> None:
        """Start it and wait until it is ready. Raises ServerFailed."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(), stdout=log, stderr=log, cwd=PROJECT, env=self.env, start_new_session=True
            )
        deadline = time.monotonic() + READY_SECONDS
        while not self.is_ready():
            if not self.is_running or time.monotonic() > deadline:
                raise self.failure()
            time.sleep(0.1)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exc_info) -> None:
        self.stop()


class WebServer(_Process):
    """gunicorn, as production runs it."""

    name = "web"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        options = ["--bind", f"127.0.0.1:{self.port}", "--worker-class", "gthread", "--threads", "8"]
        return [sys.executable, "-m", "gunicorn", "fintech_ai.wsgi", *options]

    def is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/healthz", timeout=2) as response:  # noqa: S310
                return response.status == 200
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False


class CeleryWorker(_Process):
    """One worker process, its scheduler inside."""

    name = "worker"

    def command(self) -> list[str]:
        schedule = self.folder / "beat-schedule"
        options = ["--pool", "solo", "--beat", "--schedule", str(schedule), "--loglevel", "INFO"]
        return [sys.executable, "-m", "celery", "-A", "fintech_ai", "worker", *options]

    def is_ready(self) -> bool:
        return self.log.exists() and " ready." in self.log.read_text(errors="replace")
