"""How many requests one token or person may make."""

import logging

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

logger = logging.getLogger(__name__)


class PerActorThrottle(SimpleRateThrottle):
    """One allowance per token or person, at the rate of the setting API_RATE; strangers are counted by address."""

    scope = "actor"

    def allow_request(self, request: Request, view) -> bool:
        """Lets a request pass when the counts cannot be read: work goes on without Redis."""
        try:
            return super().allow_request(request, view)
        except RedisError:
            logger.warning("Requests are not counted: Redis does not answer.")
            return True

    def get_cache_key(self, request: Request, view) -> str:
        actor = request._request.actor
        return f"throttle:{actor.kind}:{actor.id}" if actor else f"throttle:address:{self.get_ident(request)}"
