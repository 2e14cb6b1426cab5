"""Errors as problem details (RFC 9457), each wrong field named by a JSON pointer (RFC 6901)."""

import logging
import traceback
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404, HttpRequest, JsonResponse
from rest_framework import exceptions

from fintech_ai.core.errors import AppError, InvalidInput

logger = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: "The input is not valid",
    401: "You have to say who you are",
    403: "You may not do this",
    404: "Not found",
    405: "This address does not take that method",
    406: "Only JSON is served here",
    409: "The request conflicts with the present state",
    411: "The length of the body is missing",
    413: "The request is too large",
    415: "Only JSON is taken here",
    429: "Too many requests",
    500: "Something went wrong on our side",
}


def problem(status: int, detail: str, *, title: str = "", code: str = "", errors: list[dict] | None = None) -> dict:
    """The members of a problem: `code` is stable and for programs, `detail` is for people."""
    body = {
        "type": "about:blank",
        "title": title or TITLES.get(status, HTTPStatus(status).phrase),
        "status": status,
        "code": code or HTTPStatus(status).phrase.lower().replace(" ", "-"),
        "detail": detail,
    }
    return {**body, "errors": errors} if errors else body


def exception_handler(error: Exception, context: dict[str, Any]) -> JsonResponse:
    """What REST framework calls for every error that a view raises."""
    request = context["request"]
    if isinstance(error, AppError):
        return _respond(request, error.status, _of_app_error(error))
    if isinstance(error, Http404):
        error = exceptions.NotFound("There is nothing here, or nothing that you may see.")
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE // 2**20
        return _respond(request, 413, problem(413, f"A body may have {limit} MB at the most; send less at a time."))
    if not isinstance(error, exceptions.APIException):
        return _respond(request, 500, _unexpected(error, request))
    headers = {}
    if wait := getattr(error, "wait", None):
        headers["Retry-After"] = str(int(wait) + 1)
    if challenge := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = challenge
    return _respond(request, error.status_code, _of_api_error(error), headers)


def problem_response(request: HttpRequest, status: int, detail: str) -> JsonResponse:
    """A problem for what never reaches a view of the API, such as an unknown address."""
    return _respond(request, status, problem(status, detail))


def _respond(request: Any, status: int, body: dict, headers: dict[str, str] | None = None) -> JsonResponse:
    """Not a Response of REST framework: that would be rendered as the view's own answers are, such as YAML or HTML."""
    body["request_id"] = getattr(getattr(request, "_request", request), "request_id", "")
    return JsonResponse(body, status=status, headers=headers, content_type=MEDIA_TYPE)


def _of_app_error(error: AppError) -> dict:
    errors = []
    if isinstance(error, InvalidInput):
        errors = [
            {"pointer": f"/{field}", "detail": message}
            for field, messages in error.fields.items()
            for message in messages
        ]
    return problem(error.status, error.message, title=error.title, code=error.code, errors=errors)


def _of_api_error(error: exceptions.APIException) -> dict:
    if isinstance(error, exceptions.ValidationError):
        errors = [{"pointer": pointer, "detail": detail} for pointer, detail in _leaves(error.detail, "")]
        named = ", ".join(dict.fromkeys(item["pointer"] for item in errors[:3])) or "the body"
        return problem(400, f"Correct {named}.", code="invalid-input", errors=errors)
    detail = error.detail if isinstance(error.detail, str) else str(error)
    return problem(error.status_code, str(detail), code=error.default_code.replace("_", "-"))


def _leaves(detail: Any, pointer: str) -> Iterator[tuple[str, str]]:
    """Each message of nested validation errors with the pointer to its field."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            part = "" if name == "non_field_errors" else f"/{_escaped(str(name))}"
            yield from _leaves(inner, pointer + part)
    elif isinstance(detail, list):
        for position, inner in enumerate(detail):
            if isinstance(inner, dict):
                yield from _leaves(inner, f"{pointer}/{position}")
            else:
                yield from _leaves(inner, pointer)
    else:
        yield pointer, str(detail)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _unexpected(error: Exception, request: Any) -> dict:
    request_id = getattr(getattr(request, "_request", request), "request_id", "")
    # Frames only: the text of an error may quote personal data.
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("Request %s failed with %s\n%s", request_id, type(error).__name__, frames)
    return problem(500, "It has been noted. Try again; if it stays so, tell us the request_id.")
