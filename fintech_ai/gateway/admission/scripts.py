"""The scripts that run inside Redis, each from the parts that it needs."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from fintech_ai.core.redis import redis_client

FOLDER = Path(__file__).parent / "lua"


class Script:
    """Runs as one step for everybody: nothing else happens in Redis meanwhile."""

    def __init__(self, *parts: str):
        self.text = "\n".join((FOLDER / f"{part}.lua").read_text() for part in parts)
        self.sha = hashlib.sha1(self.text.encode(), usedforsecurity=False).hexdigest()

    def __call__(self, keys: Sequence[str], arguments: Sequence[str | int | float]) -> Any:
        """Its reply, with texts as bytes. Raises RedisError."""
        try:
            return redis_client().execute_command("EVALSHA", self.sha, len(keys), *keys, *arguments)
        except NoScriptError:
            return redis_client().execute_command("EVAL", self.text, len(keys), *keys, *arguments)


ENTER = Script("clock", "breaker", "rates", "budgets", "enter")
LEAVE = Script("clock", "breaker", "rates", "budgets", "leave")
SETTLE = Script("clock", "budgets", "settle")
BUILD_MONTH = Script("clock", "budgets", "build_month")
BUILD_CASE = Script("clock", "budgets", "build_case")
LOOK_MONTH = Script("clock", "look_month")
LOOK_TARGET = Script("clock", "breaker", "rates", "look_target")
