"""The guard of every HTML page."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_cache_control

from fintech_ai.core.error_pages import page_of_error
from fintech_ai.core.errors import AppError


def member_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Strangers go to the sign-in page; a person without an active membership is told so (403).

    An AppError that the view lets through becomes a page that says what to do. Nothing is kept in the browser's
    cache, so that going back never shows what is no longer so.
    """

    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if not request.user.is_authenticated:
            return _to_sign_in(request)
        if request.membership is None:
            return render(request, "accounts/no_membership.html", status=403)
        try:
            response = view(request, *args, **kwargs)
        except AppError as error:
            response = page_of_error(request, error)
        patch_cache_control(response, no_store=True, private=True)
        return response

    guarded.is_guarded = True
    return guarded


def _to_sign_in(request: HttpRequest) -> HttpResponse:
    response = redirect_to_login(request.get_full_path())
    if "HX-Request" not in request.headers:
        return response
    # htmx would follow a plain redirect and put the sign-in page's parts into the page that asked.
    return HttpResponse(status=204, headers={"HX-Redirect": response.url})
