"""What went wrong at a provider, in our own words. Nothing that a provider wrote is kept, save a slug."""

import re
from typing import Any

import httpcore2
import httpx2
import pydantic_core
from billiard.exceptions import SoftTimeLimitExceeded

from fintech_ai.core.transport import ReplyEncoded, ReplyTooLarge
from fintech_ai.gateway.models import DegradedReason
from fintech_ai.gateway.providers.limits import rate_windows, retry_after_seconds
from fintech_ai.gateway.providers.protocol import ProviderFailure, Reply

# The slugs that providers give errors, such as model_not_found. Nothing that could hold a key or a text.
SLUG = re.compile(r"[a-z_]{1,40}")
NO_CREDIT = frozenset({"insufficient_quota", "billing_error", "billing_hard_limit_reached"})
BUSY = frozenset({"rate_limit_error", "rate_limit_exceeded"})
NETWORK = (
    httpcore2.TimeoutException,
    httpcore2.NetworkError,
    httpcore2.ProtocolError,
    httpcore2.ProxyError,
    ReplyTooLarge,
    ReplyEncoded,
)
# Answered before any work was done: not accepted, or no capacity. 529 is Anthropic's word for that.
UNWORKED = frozenset({*range(300, 500), 503, 529})


def failure_of(error: Exception) -> ProviderFailure:
    """Whatever an SDK or the network raised, as the one failure that leaves a provider."""
    if isinstance(error, ProviderFailure):
        return error
    response = getattr(error, "response", None)
    if isinstance(response, httpx2.Response):
        return _status_failure(response)
    cause = _unwrapped(error)
    name = type(cause).__name__
    if isinstance(cause, httpcore2.ReadTimeout | httpcore2.WriteTimeout):
        return ProviderFailure(DegradedReason.TIMEOUT, error="Deadline", retryable=True)
    if isinstance(cause, httpcore2.ConnectError | httpcore2.ConnectTimeout | httpcore2.ProxyError):
        return ProviderFailure(DegradedReason.UNREACHABLE, error=name, retryable=True, may_have_cost=False)
    if isinstance(cause, httpcore2.NetworkError | httpcore2.ProtocolError):
        return ProviderFailure(DegradedReason.UNREACHABLE, error=name, retryable=True)
    return ProviderFailure(DegradedReason.PROVIDER_ERROR, error=name)


def cancelled(error: Exception) -> SoftTimeLimitExceeded | None:
    """The worker's time limit, if that is what ended the request. It hits anywhere, and the SDKs wrap it."""
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, SoftTimeLimitExceeded):
        cause = cause.__cause__ or cause.__context__
    return cause


def _unwrapped(error: Exception) -> BaseException:
    """What happened on the network, which the SDKs wrap in errors of their own."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, NETWORK):
            return cause
        cause = cause.__cause__
    return error


def nonsense(response: httpx2.Response, error: str) -> ProviderFailure:
    """A 200 that is no reply: most often the page of a proxy on the way, so it may pass."""
    return ProviderFailure(
        DegradedReason.PROVIDER_ERROR,
        error=error,
        retryable=True,
        http_status=response.status_code,
        windows=rate_windows(response.headers),
    )


def broken_off(response: httpx2.Response, slug: Any = None) -> ProviderFailure:
    """A stream that ended before its end: silently, or with an error in the provider's own words, of which the slug."""
    known = slug if isinstance(slug, str) and SLUG.fullmatch(slug) else ""
    return ProviderFailure(
        DegradedReason.RATE_LIMITED if known in BUSY else DegradedReason.PROVIDER_ERROR,
        error=known or "StreamBrokenOff",
        retryable=True,
        http_status=response.status_code,
        windows=rate_windows(response.headers),
    )


def not_whole(reason: DegradedReason, *, error: str, reply: Reply) -> ProviderFailure:
    """A reply that came and is not whole. It has been paid for."""
    return ProviderFailure(reason, error=error, http_status=reply.http_status, cut=reply, windows=reply.windows)


def _status_failure(response: httpx2.Response) -> ProviderFailure:
    status, slug = response.status_code, _slug(response)
    retryable = status in {408, 409, 429} or status >= 500
    if slug in NO_CREDIT or status == 402:
        reason, retryable = DegradedReason.QUOTA_SPENT, False
    elif slug == "content_filter":
        reason = DegradedReason.FILTERED
    elif status in {401, 403}:
        reason = DegradedReason.NOT_AUTHORISED
    elif status == 408:
        reason = DegradedReason.TIMEOUT
    elif status == 429:
        reason = DegradedReason.RATE_LIMITED
    else:
        reason = DegradedReason.PROVIDER_ERROR if retryable else DegradedReason.REJECTED
    return ProviderFailure(
        reason,
        error=slug or f"Status{status}",
        # Both vendors say in a header when asking again is no use.
        retryable=retryable and response.headers.get("x-should-retry") != "false",
        http_status=status,
        retry_after=retry_after_seconds(response.headers),
        may_have_cost=status not in UNWORKED,
        windows=rate_windows(response.headers),
    )


def _slug(response: httpx2.Response) -> str:
    """OpenAI's `error.code`, or the `error.type` that Anthropic has instead; "" if it is no slug."""
    try:
        body = pydantic_core.from_json(response.content)
    except ValueError:
        return ""
    error = body.get("error") if isinstance(body, dict) else None
    if not isinstance(error, dict):
        return ""
    return next(
        (value for value in (error.get("code"), error.get("type")) if isinstance(value, str) and SLUG.fullmatch(value)),
        "",
    )
