"""How bytes go to another server and come back: within a deadline, up to a size, and nowhere else.

A synchronous HTTP client bounds each read but not their sum: a server that sends one byte a second holds it for ever.
Here every step on the network may take what is left until the deadline and no more, so that the sum is bounded too.
What ends the caller, such as a signal, ends the request with it: no other thread or loop has a part in it.
"""

import select
import socket
import ssl
import threading
import time
import urllib.request
import weakref
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import Any, ParamSpec, TypeVar

import httpcore2
import httpx2
from django.core.exceptions import ImproperlyConfigured

P = ParamSpec("P")
T = TypeVar("T")

CONNECT_SECONDS = 5.0
MAX_REPLY_BYTES = 1024 * 1024
# Below the idle time after which providers and what stands before them close connections.
KEEP_SECONDS = 30.0
# A peer that has vanished is noticed by the kernel, and so the connection is not used again.
KEEPALIVE = [(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)]

# By time.monotonic(), for the request that this thread makes.
_deadline: ContextVar[float] = ContextVar("deadline")


class ReplyTooLarge(Exception):
    """The body went over MAX_REPLY_BYTES, and was not read on."""


class ReplyEncoded(Exception):
    """The body came compressed, which was not asked for and would get round the limit of its size."""


@contextmanager
def deadline_in(seconds: float) -> Iterator[None]:
    """Bound everything that the block does on the network. Past it, httpcore2's timeouts are raised."""
    token = _deadline.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _deadline.reset(token)


def kept(make: Callable[P, T]) -> Callable[P, T]:
    """Remember what `make` made for its last eight arguments. Threads that ask at the same time get the same one."""
    remembered, lock = lru_cache(maxsize=8)(make), threading.Lock()

    @wraps(make)
    def once(*args: P.args, **kwargs: P.kwargs) -> T:
        with lock:
            return remembered(*args, **kwargs)

    return once


def http_client(base_url: str, *, may_connect: Callable[[str], bool] | None = None) -> httpx2.Client:
    """A client for one server, with its connections. Redirects are not followed: they lead where nobody agreed to.

    Args:
        may_connect: whether the address of a peer, once reached and before anything is said to it, is a good one. It is
            looked at then and not when the name is looked up, which may answer otherwise the next time. Where the
            environment names a proxy, that decides.
    """
    return httpx2.Client(
        transport=_Transport(base_url, may_connect),
        follow_redirects=False,
        headers={"Accept-Encoding": "identity"},
    )


class _Transport(httpx2.BaseTransport):
    def __init__(self, base_url: str, may_connect: Callable[[str], bool] | None):
        options: dict[str, Any] = {
            "ssl_context": httpx2.create_ssl_context(),
            # How many may be asked at once is for admission to say.
            "max_connections": None,
            "keepalive_expiry": KEEP_SECONDS,
            "network_backend": _Network(may_connect if _proxy_for(httpx2.URL(base_url)) is None else None),
            "socket_options": KEEPALIVE,
        }
        proxy = _proxy_for(httpx2.URL(base_url))
        if proxy is None:
            self._pool = httpcore2.ConnectionPool(**options)
        else:
            signature = (proxy.username, proxy.password) if proxy.username else None
            address = str(proxy.copy_with(userinfo=b""))
            self._pool = httpcore2.HTTPProxy(address, proxy_auth=signature, **options)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        url = request.url
        response = self._pool.handle_request(
            httpcore2.Request(
                method=request.method,
                url=httpcore2.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                headers=request.headers.raw,
                content=request.stream,
                extensions=request.extensions,
            )
        )
        headers = httpx2.Headers(response.headers)
        if headers.get("content-encoding", "identity") != "identity":
            response.close()
            raise ReplyEncoded
        return httpx2.Response(
            response.status, headers=headers, stream=_Limited(response), extensions=response.extensions
        )

    def close(self) -> None:
        self._pool.close()


class _Limited(httpx2.SyncByteStream):
    """A body that is read up to MAX_REPLY_BYTES and no further."""

    def __init__(self, response: httpcore2.Response):
        self._response = response

    def __iter__(self) -> Iterator[bytes]:
        size = 0
        for chunk in self._response.iter_stream():
            size += len(chunk)
            if size > MAX_REPLY_BYTES:
                raise ReplyTooLarge
            yield chunk

    def close(self) -> None:
        self._response.close()


class _Network(httpcore2.NetworkBackend):
    def __init__(self, may_connect: Callable[[str], bool] | None):
        self._may_connect = may_connect

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        # Looking up a name cannot be bounded, and each of its addresses may take its time: so another thread does it.
        seconds = _left(httpcore2.ConnectTimeout, at_most=CONNECT_SECONDS)
        connecting: Future[socket.socket] = Future()
        threading.Thread(target=_connect, args=(connecting, (host, port), seconds), daemon=True).start()
        try:
            connected = connecting.result(seconds)
        except TimeoutError:
            connecting.add_done_callback(_close_late)
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            raise httpcore2.ConnectError(type(error).__name__) from error
        except BaseException:
            connecting.add_done_callback(_close_late)
            raise
        if self._may_connect and not self._may_connect(connected.getpeername()[0]):
            connected.close()
            raise httpcore2.ConnectError("NotAllowed")
        for option in (*(socket_options or ()), (socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)):
            connected.setsockopt(*option)
        return _Stream(connected)


def _connect(connecting: "Future[socket.socket]", address: tuple[str, int], seconds: float) -> None:
    try:
        connecting.set_result(socket.create_connection(address, seconds))
    except BaseException as error:
        connecting.set_exception(error)


def _close_late(connecting: "Future[socket.socket]") -> None:
    """Nobody waits for this connection any more."""
    if connecting.exception() is None:
        connecting.result().close()


class _Stream(httpcore2.NetworkStream):
    """A connection. The timeouts that it is handed are for single steps, and are not used."""

    def __init__(self, connected: socket.socket):
        self._socket = connected
        # `kept` lets go of a client without a word; its connections end with it.
        weakref.finalize(self, connected.close)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._socket.settimeout(_left(httpcore2.ReadTimeout))
        try:
            return self._socket.recv(max_bytes)
        except TimeoutError:
            raise httpcore2.ReadTimeout from None
        except OSError as error:
            raise httpcore2.ReadError(type(error).__name__) from error

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        if not buffer:
            return
        self._socket.settimeout(_left(httpcore2.WriteTimeout))
        try:
            self._socket.sendall(buffer)
        except TimeoutError:
            raise httpcore2.WriteTimeout from None
        except OSError as error:
            raise httpcore2.WriteError(type(error).__name__) from error

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore2.NetworkStream:
        try:
            self._socket.settimeout(_left(httpcore2.ConnectTimeout, at_most=CONNECT_SECONDS))
            return _Stream(ssl_context.wrap_socket(self._socket, server_hostname=server_hostname))
        except TimeoutError:
            self.close()
            raise httpcore2.ConnectTimeout from None
        except OSError as error:
            self.close()
            raise httpcore2.ConnectError(type(error).__name__) from error
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self._socket.close()

    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable":
            # An idle connection with something to read has been closed by the other side.
            return self._socket.fileno() < 0 or _has_something_to_read(self._socket)
        if info == "ssl_object":
            return self._socket if isinstance(self._socket, ssl.SSLSocket) else None
        return self._socket if info == "socket" else None


def _has_something_to_read(connected: socket.socket) -> bool:
    poll = select.poll()
    poll.register(connected, select.POLLIN)
    return bool(poll.poll(0))


def _left(late: type[Exception], *, at_most: float | None = None) -> float:
    """Seconds until the deadline. Raises `late` if it has come."""
    seconds = _deadline.get() - time.monotonic()
    if seconds <= 0:
        raise late
    return seconds if at_most is None else min(seconds, at_most)


def _proxy_for(url: httpx2.URL) -> httpx2.URL | None:
    """The proxy that the environment names for an address: HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY.

    Raises ImproperlyConfigured for one that is spoken to otherwise than by HTTP: past it there would be no deadline.
    """
    proxies = urllib.request.getproxies()
    named = proxies.get(url.scheme) or proxies.get("all")
    if not named or urllib.request.proxy_bypass(url.host):
        return None
    proxy = httpx2.URL(named if "://" in named else f"http://{named}")
    if proxy.scheme != "http":
        raise ImproperlyConfigured(f"The proxy for {url.host} is at {proxy.scheme}://; only http:// is supported.")
    return proxy
