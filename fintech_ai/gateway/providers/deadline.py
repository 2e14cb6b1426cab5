"""One deadline for everything that a request does on the network.

An HTTP client bounds each read, but not their sum: a server that sends one byte a second holds it for ever. Here every
operation on a connection may only take what is left of the whole, however many there are.
"""

import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import httpcore2
import httpx2

_deadline: ContextVar[float] = ContextVar("deadline")


@contextmanager
def until(deadline: float) -> Iterator[None]:
    """Whatever a bounded client does inside ends by `deadline` (by time.monotonic), with httpx2.TimeoutException."""
    token = _deadline.set(deadline)
    try:
        yield
    finally:
        _deadline.reset(token)


def bounded(client: httpx2.Client) -> httpx2.Client:
    """Hold `client` to the deadline of `until`, outside of which it does nothing. Proxies that it uses are held too."""
    # httpx2 has no argument for the network beneath a transport, and a transport of one's own would ignore the
    # proxies that the environment names. tests/gateway/test_deadline.py fails if this place moves.
    for transport in (client._transport, *client._mounts.values()):
        if transport is not None:
            transport._pool._network_backend = _Network()
    return client


def _left(timeout: float | None) -> float:
    """Seconds that may still be used. Raises ReadTimeout if there are none."""
    left = _deadline.get() - time.monotonic()
    if left <= 0:
        raise httpcore2.ReadTimeout("The deadline has come.")
    return left if timeout is None else min(timeout, left)


class _Stream(httpcore2.NetworkStream):
    """A connection on which nothing lasts longer than the deadline."""

    def __init__(self, stream: httpcore2.NetworkStream):
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, _left(timeout)))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


class _Network(httpcore2.NetworkBackend):
    """Connections over TCP, each address of a host in turn, until the deadline."""

    def __init__(self) -> None:
        self._backend = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        addresses = _addresses(host, port, _left(timeout))
        for address in addresses[:-1]:
            try:
                return self._connect(address, port, timeout, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout):
                continue
        return self._connect(addresses[-1], port, timeout, local_address, socket_options)

    def _connect(self, address: str, port: int, timeout: float | None, *rest: Any) -> httpcore2.NetworkStream:
        return _Stream(self._backend.connect_tcp(address, port, _left(timeout), *rest))

    def sleep(self, seconds: float) -> None:
        time.sleep(_left(seconds))


def _addresses(host: str, port: int, seconds: float) -> list[str]:
    """The host's addresses. The system's resolver knows no time-out, so it is left behind when it takes too long."""
    found: list[str] = []
    problems: list[OSError] = []

    def resolve() -> None:
        try:
            found.extend(dict.fromkeys(info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as problem:
            problems.append(problem)

    resolver = threading.Thread(target=resolve, name="models-resolver", daemon=True)
    resolver.start()
    resolver.join(seconds)
    if resolver.is_alive():
        raise httpcore2.ConnectTimeout(f"{host} was not resolved in time.")
    if not found:
        raise httpcore2.ConnectError(str(problems[0]) if problems else f"{host} has no address.")
    return found
