"""The detectors' own process: started when first needed, stopped when it is late, gone with its parent.

Patterns and models run on text that anybody may have written. Out here a pattern that never ends and a library that
crashes can be cut off, the memory is not the web server's or the worker's, and there are no keys to lose.
"""

import atexit
import json
import os
import select
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

from .errors import RedactionFailed
from .spans import Span

_HEADER = struct.Struct(">I")
_MAX_BYTES = 8_000_000
_START_SECONDS = 30.0  # on top, once: the model is read from disk


class _Process:
    """One child and the pipe to it. Calls are made one at a time."""

    def __init__(self):
        self.lock = threading.Lock()
        self.child: subprocess.Popen | None = None

    def ask(self, texts: list[str], seconds: float) -> list[list[Span]]:
        deadline = time.monotonic() + seconds
        if not self.lock.acquire(timeout=seconds):
            raise RedactionFailed("The detectors were busy for too long.")
        try:
            if self.child is None or self.child.poll() is not None:
                self._start()
                deadline += _START_SECONDS
            self._send(json.dumps(texts).encode(), deadline)
            answer = json.loads(self._receive(deadline))
            return [[Span(*span) for span in found] for found in self._checked(answer, texts)]
        except RedactionFailed:
            self.stop()
            raise
        except (OSError, ValueError, TypeError) as problem:
            self.stop()
            raise RedactionFailed(f"The detectors failed: {type(problem).__name__}.") from None
        finally:
            self.lock.release()

    def stop(self) -> None:
        """End the child of this process, if there is one."""
        child, self.child = self.child, None
        if child is not None:
            child.kill()
            child.stdin.close()
            child.stdout.close()
            child.wait()

    def _start(self) -> None:
        self.stop()
        self.child = subprocess.Popen(
            [sys.executable, "-m", "detection"],
            cwd=Path(__file__).parent,
            env={"PATH": os.environ.get("PATH", ""), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # an error message could quote the text
            bufsize=0,
        )
        os.set_blocking(self.child.stdin.fileno(), False)
        os.set_blocking(self.child.stdout.fileno(), False)

    def _send(self, body: bytes, deadline: float) -> None:
        if len(body) > _MAX_BYTES:
            raise RedactionFailed("The text is too long to search.")
        data, sent = _HEADER.pack(len(body)) + body, 0
        while sent < len(data):
            self._wait(deadline, writing=True)
            sent += os.write(self.child.stdin.fileno(), data[sent : sent + 65536])

    def _receive(self, deadline: float) -> bytes:
        (length,) = _HEADER.unpack(self._read(_HEADER.size, deadline))
        return self._read(length, deadline)

    def _read(self, length: int, deadline: float) -> bytes:
        data = b""
        while len(data) < length:
            self._wait(deadline, writing=False)
            more = os.read(self.child.stdout.fileno(), length - len(data))
            if not more:
                raise RedactionFailed("The detectors died.")
            data += more
        return data

    def _wait(self, deadline: float, *, writing: bool) -> None:
        left = deadline - time.monotonic()
        streams = [[], [self.child.stdin]] if writing else [[self.child.stdout], []]
        if left <= 0 or not any(select.select(*streams, [], left)):
            raise RedactionFailed("The detectors took too long.")

    def _checked(self, answer: object, texts: list[str]) -> list:
        if not isinstance(answer, list) or len(answer) != len(texts):
            raise RedactionFailed("The detectors did not answer for every text.")
        return answer


_process = _Process()


def _forget() -> None:
    """After a fork: the child process is the parent's, and the pipe to it must close when the parent does."""
    global _process
    if _process.child is not None:
        os.close(_process.child.stdin.fileno())
        os.close(_process.child.stdout.fileno())
    _process = _Process()


atexit.register(lambda: _process.stop())
os.register_at_fork(after_in_child=_forget)


def detect(texts: list[str], *, seconds: float) -> list[list[Span]]:
    """What the detectors find in each text. Raises RedactionFailed if they raise, die, or take longer."""
    return _process.ask(texts, seconds)


def process_id() -> int | None:
    """The detectors' process, if one runs: for health checks."""
    child = _process.child
    return child.pid if child is not None and child.poll() is None else None
