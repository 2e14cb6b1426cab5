"""The guard of every HTML page."""

from collections.abc import Callable
from functools import wraps

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def member_required(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Strangers go to the sign-in page; a person without an active membership is told so (403)."""

    @login_required
    @wraps(view)
    def guarded(request: HttpRequest, *args, **kwargs) -> HttpResponse:
        if request.membership is None:
            return render(request, "accounts/no_membership.html", status=403)
        return view(request, *args, **kwargs)

    guarded.is_guarded = True
    return guarded
