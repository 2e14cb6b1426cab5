"""What a provider says of its limits, and how long it asks to be left alone."""

from datetime import UTC, datetime

import pytest

from fintech_ai.gateway.providers.limits import rate_windows, retry_after_seconds
from fintech_ai.gateway.providers.protocol import RateWindow

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:20 GMT"}, 20),
        ({"retry-after": "Mon, 23 Nov 2026 12:00:20 -0000"}, 20),
        ({"retry-after": "Mon, 23 Nov 2026 11:00:00 GMT"}, 0),
        ({"retry-after": "Mon, 99 Nov 2026 11:00:00 GMT"}, None),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"retry-after-ms": "soon", "retry-after": "1"}, 1),
    ],
    ids=str,
)
def test_seconds_dates_and_nonsense(headers, seconds):
    assert retry_after_seconds(headers, now=NOW) == seconds


def openai(kind: str, limit: str, remaining: str, reset: str) -> dict[str, str]:
    """Headers as OpenAI and Azure send them."""
    values = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"x-ratelimit-{name}-{kind}": value for name, value in values.items()}


def anthropic(kind: str, limit: str, remaining: str, reset: str) -> dict[str, str]:
    """Headers as Anthropic sends them."""
    values = {"limit": limit, "remaining": remaining, "reset": reset}
    return {f"anthropic-ratelimit-{kind}-{name}": value for name, value in values.items()}


@pytest.mark.parametrize(
    ("reset", "seconds"),
    [
        ("1s", 1),
        ("120ms", 0.12),
        ("6m0s", 360),
        ("1h2m3.5s", 3723.5),
        ("7", 7),
        ("0", 0),
        ("2026-11-23T12:00:30Z", 30),
        ("2026-11-23T11:00:00Z", 0),
        ("400d", None),
        ("-1s", None),
        ("soon", None),
        ("", None),
        ("9" * 400, None),
    ],
    ids=str,
)
def test_when_a_window_is_full_again(reset, seconds):
    windows = rate_windows(openai("requests", "100", "99", reset), now=NOW)
    assert windows == (() if seconds is None else (RateWindow("requests", 100, 99, seconds),))


@pytest.mark.parametrize("count", ["", "-1", "1.5", "1_0", "٣", "many", "9" * 30, "NaN"], ids=str)
def test_a_count_that_is_none_is_left_out(count):
    assert rate_windows(openai("tokens", count, "5", "1s"), now=NOW) == ()
    assert rate_windows(openai("tokens", "5", count, "1s"), now=NOW) == ()


def test_more_cannot_remain_than_there_is():
    assert rate_windows(openai("tokens", "5", "9", "1s"), now=NOW) == (RateWindow("tokens", 5, 5, 1),)


def test_no_window_is_longer_than_a_day():
    assert rate_windows(openai("tokens", "5", "0", "9999h"), now=NOW)[0].reset_seconds == 24 * 60 * 60


def test_anthropics_narrowest_limit_of_tokens_counts():
    until = "2026-11-23T12:00:10Z"
    headers = (
        anthropic("input-tokens", "9", "9", until)
        | anthropic("tokens", "8", "7", until)
        | anthropic("requests", "6", "5", until)
    )
    assert rate_windows(headers, now=NOW) == (RateWindow("requests", 6, 5, 10), RateWindow("tokens", 8, 7, 10))
    headers = anthropic("input-tokens", "9", "8", until)
    assert rate_windows(headers, now=NOW) == (RateWindow("tokens", 9, 8, 10),)


def test_without_headers_nothing_is_known():
    assert rate_windows({}, now=NOW) == ()
