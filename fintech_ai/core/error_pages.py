"""What a person or program is shown when a request cannot be answered: what happened, and what to do now."""

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import Resolver404

from fintech_ai.core.api.problems import problem_response
from fintech_ai.core.errors import AppError

TITLES = {
    400: "This request cannot be read",
    403: "You may not do this",
    404: "There is nothing here",
    409: "This has changed in the meantime",
    413: "This is too large",
    429: "Too many requests",
}
WHAT_TO_DO = {
    400: "Go back, check what you entered, and send it again.",
    403: "If you need it for your work, ask your team lead or whoever runs your tenant.",
    404: "The address is wrong, or what was here is not yours to see. Start again from your queues.",
    409: "Go back, reload the page, and look at it again.",
    413: "Send less at a time.",
    429: "Wait a minute, then try again.",
}


def error_page(request: HttpRequest, status: int, *, what: str = "") -> HttpResponse:
    """The page, or for the API the problem, of this status. `what` is a sentence for people."""
    if _is_for_a_program(request):
        return problem_response(request, status, what or WHAT_TO_DO[status])
    context = {
        "status": status,
        "title": TITLES.get(status, TITLES[400]),
        "what": what,
        "todo": WHAT_TO_DO.get(status, ""),
    }
    return render(request, "errors/error.html", context, status=status)


def page_of_error(request: HttpRequest, error: AppError) -> HttpResponse:
    """The page of an error that a service or selector raised."""
    return error_page(request, error.status, what=error.message)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of what is malformed, suspicious or too large."""
    return error_page(request, 413 if isinstance(exception, RequestDataTooBig) else 400)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of PermissionDenied."""
    return error_page(request, 403, what=str(exception))


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form that did not come from a page of this session."""
    return error_page(
        request, 403, what="The page that you sent was too old: you have signed in or out since. Reload it."
    )


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """Django's handler of addresses that do not exist; a sentence that came with the error is shown."""
    sentence = exception.args[0] if exception.args and not isinstance(exception, Resolver404) else ""
    return error_page(request, 404, what=sentence if isinstance(sentence, str) else "")


def server_error(request: HttpRequest) -> HttpResponse:
    """What failed may be the database, so this page asks nothing of it."""
    request_id = getattr(request, "request_id", "")
    if _is_for_a_program(request):
        return problem_response(request, 500, "It has been noted. Try again; if it stays so, tell us the request_id.")
    return HttpResponse(render_to_string("errors/500.html", {"request_id": request_id}), status=500)


def _is_for_a_program(request: HttpRequest) -> bool:
    return request.path.startswith("/api/")
