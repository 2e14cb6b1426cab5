"""The body of a reply: one JSON document, or a stream of server-sent events (HTML standard, section 9.2.6)."""

from collections.abc import Iterator
from contextlib import suppress

import httpcore2
import httpx2

from fintech_ai.core.transport import deadline_in
from fintech_ai.gateway.providers.failures import nonsense

# Longer than that, a new connection is the lesser evil.
END_SECONDS = 0.05


def json_body(response: httpx2.Response) -> bytes:
    """The whole body. Raises ProviderFailure if it does not even say that it is JSON."""
    if not response.headers.get("content-type", "").startswith("application/json"):
        raise nonsense(response, "NotJson")
    return response.read()


def events(response: httpx2.Response) -> Iterator[bytes]:
    """The data of each event as it comes; one that the end of the stream cuts off is left out, as the standard says.

    Lines are split at line feeds only. A reader that takes text apart at everything that Unicode calls a line break,
    as HTTP clients' own do, breaks JSON that holds one. Raises ProviderFailure if it is no stream of events.
    """
    if not response.headers.get("content-type", "").startswith("text/event-stream"):
        raise nonsense(response, "NotAStream")
    data: list[bytes] = []
    for line in _lines(response):
        if not line:
            if data:
                yield b"\n".join(data)
            data = []
        elif line.startswith(b"data:"):
            data.append(line[5:].removeprefix(b" "))


def finish(stream: Iterator[bytes]) -> None:
    """Read the end of the body, which is due after the last event, so that the connection can be used again."""
    with (
        deadline_in(END_SECONDS),
        suppress(httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError),
    ):
        for _ in stream:
            pass


def _lines(response: httpx2.Response) -> Iterator[bytes]:
    rest = b""
    for chunk in response.iter_raw():
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            yield line.removesuffix(b"\r")
