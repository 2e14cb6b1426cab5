"""Every request runs in the scope of one tenant, or of none: then every query for a tenant's rows raises."""

import uuid
import zoneinfo
from collections.abc import Callable
from contextlib import ExitStack

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from fintech_ai.accounts.selectors import memberships_of, token_for_secret
from fintech_ai.core.origin import Origin, origin_scope
from fintech_ai.core.tenancy import tenant_scope

SESSION_TENANT = "tenant"


class ScopeMiddleware:
    """Finds who is asking, by bearer token or session, and enters that tenant's scope.

    Sets `request.actor` (None when nobody is known), `request.membership` (None for tokens), `request.tenant` and
    `request.request_id`. A request with an Authorization header is judged by that header alone: a wrong token is
    nobody, whatever session cookie comes with it.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.actor = request.membership = request.tenant = None
        request.request_id = uuid.uuid4().hex
        if "Authorization" in request.headers:
            self._from_token(request)
        elif request.user.is_authenticated:
            self._from_session(request)
        with ExitStack() as stack:
            stack.enter_context(origin_scope(_origin_of(request)))
            if request.tenant is not None:
                stack.enter_context(tenant_scope(request.tenant.id))
                stack.enter_context(timezone.override(zoneinfo.ZoneInfo(request.tenant.timezone)))
            response = self.get_response(request)
        response["X-Request-ID"] = request.request_id
        return response

    def _from_token(self, request: HttpRequest) -> None:
        scheme, _, secret = request.headers["Authorization"].partition(" ")
        if scheme.lower() != "bearer" or (token := token_for_secret(secret.strip())) is None:
            return
        with tenant_scope(token.tenant_id):
            request.actor = token.as_actor()
        request.tenant = token.tenant

    def _from_session(self, request: HttpRequest) -> None:
        memberships = list(memberships_of(request.user))
        chosen = request.session.get(SESSION_TENANT)
        membership = next(
            (m for m in memberships if str(m.tenant_id) == chosen), memberships[0] if memberships else None
        )
        if membership is None:
            return
        with tenant_scope(membership.tenant_id):
            request.actor = membership.as_actor()
        request.membership = membership
        request.tenant = membership.tenant


def _origin_of(request: HttpRequest) -> Origin:
    section = request.path.split("/")[1]
    channel = section if section in {"api", "admin"} else "page"
    return Origin(channel=channel, address=request.META.get("REMOTE_ADDR", ""), request_id=request.request_id)
