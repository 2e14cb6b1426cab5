"""POST made repeatable: the same Idempotency-Key with the same body gets the same answer, and nothing twice.

After draft-ietf-httpapi-idempotency-key-header-07. The key is inserted in the transaction that does the work: a
repeat that comes at the same time waits on the unique index, then finds the answer, or does the work itself if the
first attempt has failed. Only success is kept, so a corrected request may use its key again.
"""

import hashlib
import json
import re
from collections.abc import Callable
from functools import wraps

from django.db import transaction
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response

from fintech_ai.accounts.models import IdempotencyKey
from fintech_ai.core.errors import InvalidInput, Unprocessable

HEADER = "Idempotency-Key"
VALID_KEY = re.compile(r"[\x21-\x7e]{1,255}")
KEPT_HEADERS = ("Location", "Retry-After")


def idempotent(*, required: bool) -> Callable:
    """Decorates a view's `post`. With `required`, a request without the header is refused.

    Raises InvalidInput for a missing or malformed key, Unprocessable for a key that came with another request.
    """

    def decorate(post: Callable[..., Response]) -> Callable[..., Response]:
        @wraps(post)
        def repeatable(view, request: Request, *args, **kwargs) -> Response:
            key = request.headers.get(HEADER)
            if key is None and not required:
                return post(view, request, *args, **kwargs)
            _check_key(key)
            with transaction.atomic():
                stored, is_new = _reserve(request, key)
                if not is_new:
                    return _replay(stored, request)
                response = post(view, request, *args, **kwargs)
                _keep(stored, response)
            return response

        return repeatable

    return decorate


def _check_key(key: str | None) -> None:
    if key is None:
        raise InvalidInput(
            f"Send the header {HEADER}, with a value of your own such as a UUID, so that a repeat is safe."
        )
    if not VALID_KEY.fullmatch(key):
        raise InvalidInput(f"{HEADER} must be 1 to 255 visible ASCII characters.")


def _reserve(request: Request, key: str) -> tuple[IdempotencyKey, bool]:
    actor = request._request.actor
    return IdempotencyKey.objects.get_or_create(
        actor_kind=actor.kind,
        actor_id=actor.id,
        key=key,
        defaults={"method": request.method, "path": request.path, "body_sha256": _digest(request)},
    )


def _replay(stored: IdempotencyKey, request: Request) -> Response:
    sent = (request.method, request.path, _digest(request))
    if sent != (stored.method, stored.path, stored.body_sha256):
        raise Unprocessable(f"This {HEADER} came with another request before. Use a new one for a new request.")
    return Response(
        json.loads(stored.body), status=stored.status, headers={**stored.headers, "Idempotency-Replayed": "true"}
    )


def _keep(stored: IdempotencyKey, response: Response) -> None:
    stored.status = response.status_code
    stored.headers = {name: response[name] for name in KEPT_HEADERS if response.has_header(name)}
    stored.body = JSONRenderer().render(response.data).decode()
    stored.save(update_fields=["status", "headers", "body"])


def _digest(request: Request) -> str:
    """Of what the body means, not of its bytes: a client that repeats may order its fields anew."""
    return hashlib.sha256(json.dumps(request.data, sort_keys=True).encode()).hexdigest()
