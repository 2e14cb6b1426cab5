"""How much does a provider let us ask, and how long does it ask to be left alone? By the headers of its replies.

`Retry-After` is RFC 9110 section 10.2.3; `retry-after-ms` and `x-ratelimit-…` are OpenAI's and Azure's own (OpenAI's
guides, "Rate limits"), `anthropic-ratelimit-…` is Anthropic's ("Rate limits", response headers).
"""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Literal

from fintech_ai.gateway.providers.protocol import RateWindow

# kind, then the headers with the limit, with what remains, and with when all of it is there again. The first that are
# whole count: Anthropic's "tokens" is the narrowest of its token limits.
HEADERS: tuple[tuple[Literal["requests", "tokens"], str, str, str], ...] = (
    ("requests", "x-ratelimit-limit-requests", "x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("tokens", "x-ratelimit-limit-tokens", "x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    (
        "requests",
        "anthropic-ratelimit-requests-limit",
        "anthropic-ratelimit-requests-remaining",
        "anthropic-ratelimit-requests-reset",
    ),
    (
        "tokens",
        "anthropic-ratelimit-tokens-limit",
        "anthropic-ratelimit-tokens-remaining",
        "anthropic-ratelimit-tokens-reset",
    ),
    (
        "tokens",
        "anthropic-ratelimit-input-tokens-limit",
        "anthropic-ratelimit-input-tokens-remaining",
        "anthropic-ratelimit-input-tokens-reset",
    ),
)
# Above any real one; a header with more is nonsense.
MOST = 10**12
A_DAY = 24 * 60 * 60.0
# Azure does not say when a window is over. Its limits are per minute.
A_MINUTE = 60.0
DURATION = re.compile(r"(?:(\d+(?:\.\d+)?)h)?(?:(\d+(?:\.\d+)?)m(?!s))?(?:(\d+(?:\.\d+)?)s)?(?:(\d+(?:\.\d+)?)ms)?")


def rate_windows(headers: Mapping[str, str], *, now: datetime | None = None) -> tuple[RateWindow, ...]:
    """The limits that the headers speak of, at most one of each kind. What is nonsense is left out."""
    windows: dict[str, RateWindow] = {}
    for kind, limit_name, remaining_name, reset_name in HEADERS:
        if kind in windows or remaining_name not in headers:
            continue
        limit, remaining = _count(headers.get(limit_name)), _count(headers[remaining_name])
        reset = _seconds(headers.get(reset_name), now) if reset_name in headers else A_MINUTE
        if limit is None or remaining is None or reset is None:
            continue
        windows[kind] = RateWindow(kind, limit, min(remaining, limit), min(reset, A_DAY))
    return tuple(windows.values())


def retry_after_seconds(headers: Mapping[str, str], *, now: datetime | None = None) -> float | None:
    """Seconds from now on, never negative; None if the headers do not say, or say nonsense."""
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        seconds = _number(headers.get(name, ""))
        if seconds is not None:
            return seconds * unit
    try:
        until = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return _until(until, now)


def _count(text: str | None) -> int | None:
    # An integer of ASCII digits and nothing else: int() would take "1_0" and "٣".
    if text is None or not re.fullmatch(r"[0-9]{1,13}", text):
        return None
    return int(text) if int(text) <= MOST else None


def _seconds(text: str | None, now: datetime | None) -> float | None:
    """Seconds as OpenAI writes them ("6m0s", "120ms"), as a number, or until a time (RFC 3339) as Anthropic does."""
    if not text or len(text) > 40:
        return None
    number = _number(text)
    if number is not None:
        return number
    if match := DURATION.fullmatch(text):
        units = zip(match.groups(), (3600, 60, 1, 0.001), strict=True)
        return sum(float(value) * unit for value, unit in units if value)
    try:
        return _until(datetime.fromisoformat(text), now)
    except ValueError:
        return None


def _until(moment: datetime, now: datetime | None) -> float:
    # A date without a zone is meant in GMT.
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - (now or datetime.now(UTC))).total_seconds())


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return max(0.0, number) if math.isfinite(number) else None
