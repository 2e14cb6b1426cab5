"""How the API knows who is asking. The middleware has found out already; these classes only say so to DRF."""

from django.http import HttpRequest
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from fintech_ai.core.actors import Actor, ActorKind


class TokenPrincipal:
    """Stands in for a user where DRF asks for one and a token is calling."""

    is_authenticated = True
    is_active = True
    is_anonymous = False

    def __init__(self, actor: Actor):
        self.actor = actor
        self.pk = actor.id


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer fai_…`"""

    def authenticate(self, request: Request) -> tuple[TokenPrincipal, Actor] | None:
        http_request: HttpRequest = request._request
        if "Authorization" not in http_request.headers:
            return None
        if http_request.actor is None or http_request.actor.kind != ActorKind.TOKEN:
            raise AuthenticationFailed(
                "The token is unknown, expired or revoked. Send it as: Authorization: Bearer fai_…"
            )
        return TokenPrincipal(http_request.actor), http_request.actor

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="fintech_ai"'


class MemberSessionAuthentication(SessionAuthentication):
    """The session of a signed-in member, with CSRF protection; a person without a tenant is nobody here."""

    def authenticate(self, request: Request):
        if request._request.actor is None:
            return None
        return super().authenticate(request)
