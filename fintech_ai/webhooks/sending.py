"""One try to hand a message over: signed, bounded in time, and never into a network that is not meant for it."""

import ipaddress
import time

import httpcore2
import httpx2
from django.conf import settings

from fintech_ai.core.transport import ReplyEncoded, ReplyTooLarge, deadline_in, http_client, kept
from fintech_ai.webhooks.signing import headers

# Well within the lease of the worker that sends.
SECONDS = 15.0
FAILURES = (
    httpx2.HTTPError,
    httpx2.InvalidURL,
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    ReplyEncoded,
    ReplyTooLarge,
    OSError,
)


class NotSent(Exception):
    """Nothing was answered. The message is the class of what went wrong."""


def send(*, url: str, message_id: str, body: bytes, keys: list[bytes]) -> int:
    """Post the body; returns the status that was answered. A redirect is an answer like any other.

    Raises NotSent: no connection, no answer in SECONDS, an address within a private network, no sense.
    """
    signed = headers(message_id=message_id, timestamp=int(time.time()), body=body, keys=keys)
    try:
        with deadline_in(SECONDS):
            answer = _client(_origin(url)).post(
                url, content=body, headers={"Content-Type": "application/json", "User-Agent": "fintech_ai", **signed}
            )
    except FAILURES as error:
        raise NotSent(type(error).__name__) from None
    return answer.status_code


@kept
def _client(origin: str) -> httpx2.Client:
    return http_client(origin, may_connect=None if settings.WEBHOOKS_TO_PRIVATE_NETWORKS else is_public)


def is_public(address: str) -> bool:
    """Whether an address of a peer belongs to everybody's internet: not this machine's, nor a network's behind it."""
    found = ipaddress.ip_address(address.partition("%")[0])
    found = getattr(found, "ipv4_mapped", None) or found
    return found.is_global and not found.is_multicast


def _origin(url: str) -> str:
    parts = httpx2.URL(url)
    return f"{parts.scheme}://{parts.netloc.decode('ascii')}"
