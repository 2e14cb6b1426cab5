"""Bodies of unknown length."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from fintech_ai.core.api.problems import problem_response


class LengthRequiredMiddleware:
    """Refuses a body that comes in chunks. Django reads none of it, so it would pass for an empty one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if "Transfer-Encoding" in request.headers:
            return problem_response(request, 411, "Send the body with its Content-Length, not in chunks.")
        return self.get_response(request)
