"""A server as a child process: started, waited for, stopped, and found again by whoever comes after a crash."""

import os
import random
import signal
import socket
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

STOP_SECONDS = 15
# In the statistics of a process, counted behind its name: proc(5).
STATE, GROUP, STARTED = 0, 2, 19
# Below those that Linux gives to connections (32768 and up): one of them could take the port before the server does, or
# while it is started again.
PORTS = range(20_000, 32_000)


class ServerFailed(RuntimeError):
    """A server did not start; the message says why and where its log is."""


class Server:
    """Base of the embedded servers. Children get a session of their own, so that Ctrl-C reaches only their parent.

    Beside its log stands a file that says which process it is, for `end_leftovers`.
    """

    name = "server"
    stop_signal = signal.SIGTERM

    def __init__(self, *, port: int, log: Path):
        self.port = port
        self.log = log
        self.process: subprocess.Popen | None = None

    def spawn(
        self,
        command: list[str | Path],
        *,
        stdin: bytes | None = None,
        user: str | None = None,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        """Run the command with its output in the log."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [str(part) for part in command],
                stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=user,
                group=user,
                extra_groups=[] if user else None,
                cwd=cwd,
                env=env,
            )
        self.log.with_suffix(".pid").write_text(f"{self.process.pid} {_birth(self.process.pid)}")
        if stdin is not None:
            self.process.stdin.write(stdin)
            self.process.stdin.close()

    @property
    def is_running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def stop(self) -> None:
        """Ask the server to finish, and end it if it does not."""
        if not self.is_running:
            return
        self.process.send_signal(self.stop_signal)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End the server at once, as a power cut would."""
        if self.is_running:
            os.kill(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def failure(self) -> ServerFailed:
        """What to raise when it does not answer: the end of its log, in a sentence."""
        lines = self.log.read_text(errors="replace").strip().splitlines() if self.log.exists() else []
        return ServerFailed(
            f"{self.name} did not start: {lines[-1] if lines else 'it said nothing'}. Its log: {self.log}"
        )


def end_leftovers(folder: Path) -> None:
    """End the servers with logs in `folder` that outlived their parent, as after its kill -9, with their children."""
    for path in folder.glob("*.pid"):
        pid, _, birth = path.read_text().partition(" ")
        if birth and _birth(int(pid)) == birth:
            os.killpg(int(pid), signal.SIGKILL)
            # All of them: a child that takes longer to die still has its parent's port.
            while _has_members(int(pid)):
                time.sleep(0.05)
        path.unlink()


def _birth(pid: int) -> str:
    """When this process began, in a form that no other process of the same number shares; "" if it has ended."""
    fields = _stat(pid)
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    return f"{boot} {fields[STARTED]}" if fields else ""


def _has_members(group: int) -> bool:
    """Whether a process of this group is left that holds anything."""
    pids = (int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit())
    return any(fields and int(fields[GROUP]) == group for fields in map(_stat, pids))


def _stat(pid: int) -> list[str]:
    """The fields of proc(5) after the command's name; none if the process has ended, waited for or not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []
    return [] if fields[STATE] in "ZX" else fields


def free_port() -> int:
    """A TCP port on loopback that nobody listens on at the moment.

    Raises OSError if there is none.
    """
    for port in random.sample(PORTS, 100):
        if is_free(port):
            return port
    raise OSError("No TCP port of loopback is free.")


def is_free(port: int) -> bool:
    """Whether a server could listen on this port of loopback."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
