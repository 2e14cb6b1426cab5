"""How many requests one token or person may make."""

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle


class PerActorThrottle(SimpleRateThrottle):
    """One allowance per token or person, at the rate of the setting API_RATE; strangers are counted by address."""

    scope = "actor"

    def get_cache_key(self, request: Request, view) -> str:
        actor = request._request.actor
        return f"throttle:{actor.kind}:{actor.id}" if actor else f"throttle:address:{self.get_ident(request)}"
