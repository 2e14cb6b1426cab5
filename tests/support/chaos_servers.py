"""Model servers of other authors that misbehave on purpose: what they call a well-behaved client is not our opinion.

llmock (PyPI) judges how a client took its faults. aimock (npm) drops, mangles and cuts what it answers.
"""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

from fintech_ai.core.embedded.process import Server, free_port
from tests.support.servers import PROJECT

START_SECONDS = 30
AIMOCK_PACKAGE = PROJECT / "tests" / "support" / "aimock"
AIMOCK_INSTALLED = PROJECT / ".aimock"
OLDEST_NODE = (20, 15)


class Missing(Exception):
    """What is missing on this machine to run a server, in a sentence."""


class ChaosServer(Server):
    """A server on loopback that speaks all three protocols. `settings` of ours that lead to it: `leading_to`."""

    def __init__(self, folder: Path):
        super().__init__(port=free_port(), log=folder / f"{self.name}.log")

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def post(self, path: str, body: Any, method: str = "POST") -> Any:
        """What the server's own control API answers."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.root}{path}", data, method=method)  # noqa: S310
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return json.loads(response.read())

    def get(self, path: str) -> Any:
        return self.post(path, None, "GET")

    def wait(self) -> Self:
        """Until it answers. Raises ServerFailed."""
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                self.get("/health")
                return self
            except (urllib.error.URLError, ConnectionError, ValueError):
                if not self.is_running or time.monotonic() > deadline:
                    raise self.failure() from None
                time.sleep(0.05)

    def __exit__(self, *_: object) -> None:
        self.stop()


class LLMock(ChaosServer):
    """llmock: errors and broken streams by chance or by script, a journal of all requests, and a verdict on the client.

    Args:
        chaos: shares of requests, by what happens to them: a status such as 429, or one of "disconnect", "truncate",
            "stall" and "malformed", which befall streams only.
    """

    name = "llmock"

    def __init__(self, folder: Path, chaos: Mapping[int | str, float] | None = None):
        super().__init__(folder)
        self.chaos = chaos or {}

    def __enter__(self) -> Self:
        shares = {
            f"LLMOCK_ERROR_RATE_{what}" if isinstance(what, int) else f"LLMOCK_STREAM_FAULT_{what.upper()}": str(share)
            for what, share in self.chaos.items()
        }
        environment = {**os.environ, **shares, "LLMOCK_STREAM_STALL_SECONDS": "5"}
        self.spawn([sys.executable, "-m", "tests.support.llmock_app", str(self.port)], cwd=PROJECT, env=environment)
        return self.wait()

    def leading_to(self, provider: str) -> dict[str, str]:
        """The settings with which this provider of ours asks the server."""
        return settings_for(provider, openai=f"{self.root}/v1", azure=self.root, anthropic=f"{self.root}/anthropic")

    def script(self, *behaviours: Mapping[str, Any]) -> None:
        """What it does with the next requests, see llmock.scenarios."""
        self.post("/_llmock/scenario", {"behaviors": behaviours})

    def say(self, answer: Any) -> None:
        """What it answers to everything from now on: its own examples do not know Anthropic's structured output."""
        self.script({"type": "reply", "text": json.dumps(answer), "times": None})

    def reset(self) -> None:
        """Forget script and journal."""
        self.post("/_llmock/reset", {})

    def requests(self) -> list[dict[str, Any]]:
        return self.get("/_llmock/requests")["requests"]

    def verdict(self) -> dict[str, Any]:
        return self.get("/_llmock/verdict")


class AIMock(ChaosServer):
    """aimock: it always says the same, unless a share of its answers is dropped, malformed, disconnected or limited."""

    name = "aimock"

    def __init__(self, folder: Path, answer: Any):
        super().__init__(folder)
        self.fixture = folder / "aimock.json"
        reply = {"match": {"endpoint": "chat"}, "response": {"content": json.dumps(answer)}}
        self.fixture.write_text(json.dumps({"fixtures": [reply]}))

    def __enter__(self) -> Self:
        program = AIMOCK_INSTALLED / "node_modules" / "@copilotkit" / "aimock" / "dist" / "cli.js"
        options = ["--port", self.port, "--fixtures", self.fixture, "--log-level", "warn", "--journal-max", 0]
        self.spawn([_node(), program, *options])
        return self.wait()

    def leading_to(self, provider: str) -> dict[str, str]:
        """The settings with which this provider of ours asks the server."""
        return settings_for(provider, openai=f"{self.root}/v1", azure=self.root, anthropic=self.root)

    def misbehave(self, **shares: float) -> None:
        """From now on do so to these shares of requests: dropRate, malformedRate, disconnectRate, rateLimitRate."""
        self.post("/__aimock/chaos", shares)


def settings_for(provider: str, *, openai: str, azure: str, anthropic: str) -> dict[str, str]:
    """The settings that configure this provider and no other."""
    none = dict.fromkeys(
        ("OPENAI_API_KEY", "OPENAI_BASE_URL", "AZURE_OPENAI_API_KEY", "AZURE_OPENAI_ENDPOINT", "ANTHROPIC_API_KEY"), ""
    )
    return (
        none
        | {
            "compatible": {"OPENAI_API_KEY": "sk-chaos", "OPENAI_BASE_URL": openai, "OPENAI_MODEL": "gpt-4.1-mini"},
            "azure": {
                "AZURE_OPENAI_API_KEY": "chaos",
                "AZURE_OPENAI_ENDPOINT": azure,
                "AZURE_OPENAI_DEPLOYMENT": "gpt-4.1-mini",
            },
            "anthropic": {"ANTHROPIC_API_KEY": "sk-ant-chaos", "ANTHROPIC_BASE_URL": anthropic},
        }[provider]
    )


def install_aimock() -> None:
    """Install it once into .aimock/, as its lock file says.

    Raises:
        Missing: Node.js or npm is not here, or too old, or npm could not install it.
    """
    _node()
    npm = shutil.which("npm")
    if npm is None:
        raise Missing("npm was not found; aimock is installed by it. Install npm, which comes with Node.js.")
    AIMOCK_INSTALLED.mkdir(exist_ok=True)
    with (AIMOCK_INSTALLED / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted = (AIMOCK_PACKAGE / "package-lock.json").read_bytes()
        done = AIMOCK_INSTALLED / "installed.json"
        if done.exists() and done.read_bytes() == wanted:
            return
        for name in ("package.json", "package-lock.json"):
            shutil.copy(AIMOCK_PACKAGE / name, AIMOCK_INSTALLED)
        install = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        found = subprocess.run(install, cwd=AIMOCK_INSTALLED, capture_output=True, text=True)
        if found.returncode:
            raise Missing(f"aimock could not be installed; npm says: {found.stderr.strip()[-300:]}")
        done.write_bytes(wanted)


def _node() -> str:
    node = shutil.which("node")
    wanted = ".".join(map(str, OLDEST_NODE))
    if node is None:
        raise Missing(f"Node.js was not found; aimock runs on it. Install Node.js {wanted} or newer, with npm.")
    version = subprocess.run([node, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if tuple(int(part) for part in version.removeprefix("v").split(".")[:2]) < OLDEST_NODE:
        raise Missing(f"Node.js {version} is too old for aimock: it needs {wanted} or newer.")
    return node
