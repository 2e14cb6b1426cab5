"""The scripts that run inside Redis, each from the parts that it needs."""

import hashlib
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.exceptions import ConnectionError, NoScriptError, TimeoutError

from fintech_ai.core.redis import redis_client

FOLDER = Path(__file__).parent / "lua"

Value = str | int | float


class Script:
    """Runs as one step for everybody: nothing else happens in Redis meanwhile. Running it again must change nothing."""

    def __init__(self, *parts: str):
        self.text = "\n".join((FOLDER / f"{part}.lua").read_text() for part in parts)
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[Value]) -> Any:
        """Its reply, with texts as bytes. Raises RedisError."""
        try:
            return _line().answer("EVALSHA", self.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return _line().answer("EVAL", self.text, len(keys), *keys, *arguments)


class _Line:
    """A connection of one thread's own: twice as quick as one from a pool, which asks first whether it still lives."""

    def __init__(self) -> None:
        pool = redis_client().connection_pool
        self.process = os.getpid()
        self.connection = pool.connection_class(**pool.connection_kwargs)

    def __del__(self) -> None:
        if self.process == os.getpid():
            self.connection.disconnect()

    def answer(self, *command: Value) -> Any:
        packed = self.connection.pack_command(*command)
        try:
            return self._exchange(packed)
        except TimeoutError:
            raise
        except ConnectionError:
            # The server may have been restarted since the last time. It is asked once more by a new connection.
            return self._exchange(packed)

    def _exchange(self, packed: list[bytes]) -> Any:
        """Both halves close the connection if they fail, whatever with."""
        self.connection.send_packed_command(packed, check_health=False)
        return self.connection.read_response()


_of_thread = threading.local()


def _line() -> _Line:
    """This thread's. A forked process makes its own."""
    line = getattr(_of_thread, "line", None)
    if line is None or line.process != os.getpid():
        line = _of_thread.line = _Line()
    return line


def hang_up() -> None:
    """End this thread's connection; the next script makes another."""
    _of_thread.line = None


ENTER = Script("clock", "breaker", "windows", "line", "budgets", "enter")
LEAVE = Script("clock", "breaker", "health", "windows", "learning", "budgets", "settling", "leave")
SETTLE = Script("clock", "budgets", "settling", "settle")
SHUT_OUT = Script("clock", "budgets", "shut_out")
BUILD_MONTH = Script("clock", "budgets", "build_month")
BUILD_CASE = Script("clock", "budgets", "build_case")
LOOK_MONTH = Script("clock", "look_month")
LOOK_TARGET = Script("clock", "breaker", "health", "windows", "look_target")
