"""Where a request came from, for the audit trail: set by the middleware, read by `audit`."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Origin:
    """`channel` is "page", "api", "admin", "worker" or "command"; the rest is empty outside a request."""

    channel: str = "command"
    address: str = ""
    request_id: str = ""


_origin: ContextVar[Origin | None] = ContextVar("origin", default=None)


@contextmanager
def origin_scope(origin: Origin) -> Iterator[None]:
    """Everything inside is recorded as coming from `origin`."""
    token = _origin.set(origin)
    try:
        yield
    finally:
        _origin.reset(token)


def current_origin() -> Origin:
    """Where the work at hand came from."""
    return _origin.get() or Origin()
