"""A request ends by its deadline, whatever the other side does, and good connections are kept."""

import gc
import signal
import socket
import ssl
import threading
import time
import warnings
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import httpcore2
import httpx2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.exceptions import ImproperlyConfigured

from fintech_ai.core.transport import MAX_REPLY_BYTES, ReplyTooLarge, deadline_in, http_client
from tests.support.model_server import ModelServer

SECONDS = 0.4


@contextmanager
def talking(piece: bytes, *, first: bytes = b"") -> Iterator[str]:
    """A server that says `first` at once and then `piece` every 50 ms; its address."""
    stop = threading.Event()
    listener = socket.create_server(("127.0.0.1", 0))

    def talk() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(first)
            while not stop.wait(0.05):
                try:
                    connection.sendall(piece)
                except OSError:
                    return

    thread = threading.Thread(target=talk, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
    finally:
        stop.set()
        listener.close()
        thread.join(5)


def seconds_of(client: httpx2.Client, url: str) -> float:
    """How long it takes until the client gives up by time."""
    begun = time.monotonic()
    with deadline_in(SECONDS), pytest.raises(httpcore2.TimeoutException):
        client.get(url)
    return time.monotonic() - begun


@pytest.fixture
def client() -> Iterator[httpx2.Client]:
    with http_client("http://127.0.0.1") as made:
        yield made


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"", b""),
        (b"H", b"T"),
        (b"HTTP/1.1 200 OK\r\nX-A: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n", b" "),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    ],
    ids=["silence", "status line", "headers", "body", "chunks"],
)
def test_a_server_that_drips_is_left_at_the_deadline(client, first, piece):
    with talking(piece, first=first) as url:
        assert SECONDS - 0.01 < seconds_of(client, url) < SECONDS + 0.3


def test_a_handshake_that_never_ends_is_left_too(client):
    with talking(b"") as url:
        assert seconds_of(client, url.replace("http:", "https:")) < SECONDS + 0.3


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate for 127.0.0.1 with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(
            name, name, key.public_key(), x509.random_serial_number(), now, now + timedelta(hours=1)
        )
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.fixture
def secure(certificate) -> Iterator[ModelServer]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with ModelServer(["{}"], tls=context) as server:
        yield server


def test_a_server_is_reached_over_tls_and_the_connection_kept(secure, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with http_client(secure.url) as trusting:
        for _ in range(2):
            with deadline_in(5):
                assert trusting.post(f"{secure.url}/no", json={}).status_code == 404
    assert len({request.port for request in secure.requests}) == 1


def test_a_server_whose_certificate_nobody_vouches_for_is_told_nothing(secure, client):
    with deadline_in(5), pytest.raises(httpcore2.ConnectError):
        client.post(f"{secure.url}/no", json={})
    assert not secure.requests


def test_a_name_that_does_not_resolve_in_time_is_left_too(client, monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2) or [])
    assert seconds_of(client, "http://slow.example/") < SECONDS + 0.3


def test_a_name_that_is_unknown_is_no_connection(client):
    with deadline_in(20), pytest.raises(httpcore2.ConnectError):
        client.get("http://nobody.invalid/")


def test_the_next_address_is_tried_when_one_refuses(client, monkeypatch):
    with ModelServer(["{}"]) as server:
        port = int(server.url.split(":")[2].split("/")[0])
        real = socket.getaddrinfo
        known = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in ("127.0.0.9", "127.0.0.1")]
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *rest, **more: known if host == "two.example" else real(host, *rest, **more),
        )
        with deadline_in(5):
            response = client.post(f"http://two.example:{port}/v1/nothing", json={})
    assert response.status_code == 404


def test_connections_are_kept_from_one_deadline_to_the_next(client):
    with ModelServer(["{}"]) as server:
        streams = set()
        for _ in range(3):
            with deadline_in(5), client.stream("POST", f"{server.url}/no", json={}) as response:
                response.read()
                streams.add(response.extensions["network_stream"].get_extra_info("socket").getsockname())
        assert len(streams) == 1


def test_connections_end_with_the_client_that_nobody_holds_any_more():
    with ModelServer(["{}"]) as server:
        held = []
        for _ in range(20):
            client = http_client(server.url)
            client.itself = client  # as the SDKs' clients hold themselves
            with deadline_in(5):
                client.post(f"{server.url}/no", json={})
            held.append(client)
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            del held, client
            gc.collect()
    assert [str(warning.message) for warning in warned if warning.category is ResourceWarning] == []


def test_a_body_is_read_up_to_its_limit_and_no_further(client):
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b" " * MAX_REPLY_BYTES
    with talking(b" ", first=head) as url, deadline_in(5), pytest.raises(ReplyTooLarge):
        client.get(url)


def test_a_signal_ends_a_request_under_way(client):
    """As Celery's time limit does, or somebody who presses Ctrl-C."""

    class Ended(Exception):
        pass

    def end(*_: object) -> None:
        raise Ended

    before = signal.signal(signal.SIGALRM, end)
    signal.setitimer(signal.ITIMER_REAL, 0.1)
    begun = time.monotonic()
    try:
        with talking(b"") as url, deadline_in(20), pytest.raises(Ended):
            client.get(url)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert time.monotonic() - begun < 1


def test_nothing_is_asked_without_a_deadline(client):
    with ModelServer(["{}"]) as server, pytest.raises(LookupError):
        client.get(server.url)


def test_a_proxy_is_told_who_asks(monkeypatch):
    with ModelServer(["{}"]) as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.root.replace("://", "://us%40bank:pass@"))
        for name in ("NO_PROXY", "no_proxy"):
            monkeypatch.delenv(name, raising=False)
        with http_client("http://provider.example/") as client, deadline_in(5):
            client.post("http://provider.example/v1/x", json={})
    (request,) = proxy.requests
    assert request.headers["proxy-authorization"] == f"Basic {b64encode(b'us@bank:pass').decode()}"
    assert request.path == "http://provider.example/v1/x"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1", "https://127.0.0.1:1"])
def test_a_proxy_that_cannot_be_held_to_a_deadline_is_refused(monkeypatch, proxy):
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    with pytest.raises(ImproperlyConfigured, match="only http://"):
        http_client("https://provider.example/")


def test_no_proxy_is_asked_where_none_is_wanted(monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "socks5://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ModelServer(["{}"]) as server, http_client(server.url) as client, deadline_in(5):
        assert client.post(f"{server.url}/x", json={}).status_code == 404


def test_proxies_of_the_environment_are_used_and_held_too(monkeypatch):
    with talking(b"") as url:
        monkeypatch.setenv("HTTP_PROXY", url)
        monkeypatch.delenv("NO_PROXY", raising=False)
        monkeypatch.delenv("no_proxy", raising=False)
        with http_client("http://provider.example/") as client:
            assert seconds_of(client, "http://provider.example/") < SECONDS + 0.3
