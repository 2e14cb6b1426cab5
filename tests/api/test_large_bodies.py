"""Bodies that are too large or of unknown length, sent to the real server as curl sends them."""

import subprocess

import pytest

from fintech_ai.core.api.problems import MEDIA_TYPE
from tests.api.requests import TRANSACTIONS
from tests.support.cast import build_cast

pytestmark = pytest.mark.slow
FIFTY_MEGABYTES = 50_000_000


@pytest.fixture
def send(committed_db, server, tmp_path):
    """Send a body with these headers more; returns status, media type and the bytes that were sent."""
    secret = build_cast().ivan.secret

    def curl(size: int, *headers: str) -> tuple[str, str, int]:
        body = tmp_path / "body.json"
        body.write_bytes(b" " * size)
        given = ["Content-Type: application/json", f"Authorization: Bearer {secret}", *headers]
        answer = subprocess.run(
            ["curl", "--silent", "--output", str(tmp_path / "answer"), "--data-binary", f"@{body}"]
            + ["--write-out", "%{http_code} %{content_type} %{size_upload}", "--max-time", "30"]
            + [part for header in given for part in ("--header", header)]
            + [server.url + TRANSACTIONS],
            capture_output=True,
            text=True,
        ).stdout
        status, media_type, sent = answer.split()
        return status, media_type, int(sent)

    return curl


def test_fifty_megabytes_are_refused_before_they_are_all_read(send):
    status, media_type, sent = send(FIFTY_MEGABYTES)
    assert (status, media_type) == ("413", MEDIA_TYPE)
    assert sent < FIFTY_MEGABYTES / 2


@pytest.mark.parametrize("size", [100, FIFTY_MEGABYTES])
def test_a_body_in_chunks_is_asked_for_its_length(send, size):
    status, media_type, sent = send(size, "Transfer-Encoding: chunked", "Expect:")
    assert (status, media_type) == ("411", MEDIA_TYPE)
    assert sent < FIFTY_MEGABYTES / 2
