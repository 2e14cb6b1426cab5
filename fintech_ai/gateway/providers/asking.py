"""One request to a provider through its SDK, whichever it is.

The SDK authorises, builds and sends the request. It neither retries nor follows a redirect, and its lenient reading of
replies (missing fields become None, other types pass, a stream that breaks off looks whole) is not used.
"""

import logging
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from typing import Any

import httpx2

from fintech_ai.core.transport import deadline_in
from fintech_ai.gateway.providers.failures import cancelled, failure_of
from fintech_ai.gateway.providers.protocol import Question, Reply

# Told to write logs by a variable of the environment, the SDKs would write addresses and headers into them.
for sdk in ("openai", "anthropic", "httpx2", "httpcore2"):
    logging.getLogger(sdk).setLevel(logging.WARNING)


def ask(
    post: Callable[..., httpx2.Response],
    body: Mapping[str, Any],
    question: Question,
    read: Callable[[httpx2.Response, float], Reply],
    *,
    seconds: float,
) -> Reply:
    """Send `body` with the SDK's `post` and `read` the reply, within `seconds`. Raises ProviderFailure.

    Nothing else, save what ends the caller: a worker's time limit closes the connection and goes on to it.

    `read` is given the response, its body still to come, and when the request began by time.monotonic().
    """
    begun = time.monotonic()
    try:
        with deadline_in(seconds):
            # The way that both SDKs document for requests of one's own making: what their methods for a typed request
            # add is a walk through the body that takes longer than all else. "stream" leaves the body to be read by us.
            response = post(
                cast_to=httpx2.Response,
                body=body,
                options={"headers": {"Idempotency-Key": question.idempotency_key}, "timeout": seconds},
                stream=True,
            )
            with closing(response):
                return read(response, begun)
    except Exception as error:
        raise cancelled(error) or failure_of(error) from None


def milliseconds_since(begun: float) -> int:
    return round(1000 * (time.monotonic() - begun))
