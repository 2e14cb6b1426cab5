"""How long a provider asks to be left alone."""

from datetime import UTC, datetime

import pytest

from fintech_ai.gateway.providers.limits import retry_after_seconds

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
