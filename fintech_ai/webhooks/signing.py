"""Standard Webhooks signatures, version 1: HMAC-SHA256 over id, time and body (standardwebhooks.com, specification)."""

import base64
import hmac
import secrets
from collections.abc import Sequence

PREFIX = "whsec_"
# The specification asks for 24 to 64 bytes.
SECRET_BYTES = 32


def new_secret() -> bytes:
    """A secret, as it is stored."""
    return secrets.token_bytes(SECRET_BYTES)


def as_told(secret: bytes) -> str:
    """The secret as a receiver configures it."""
    return PREFIX + base64.b64encode(secret).decode()


def headers(*, message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The headers of one try. With several secrets it is signed by each, so that a receiver may know either.

    Args:
        timestamp: seconds since 1970 of this try; receivers refuse one that is minutes old.
    """
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.digest(key, signed, "sha256")).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
