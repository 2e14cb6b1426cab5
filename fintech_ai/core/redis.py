"""A plain client of the Redis server that also serves as broker and cache.

It gives up within a second and does not retry: what is kept there can always be done without.
"""

from functools import cache

from django.conf import settings
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

TIMEOUT_SECONDS = 1.0


@cache
def redis_client() -> Redis:
    """One pool of connections for this process."""
    return Redis.from_url(
        settings.REDIS_URL,
        socket_connect_timeout=TIMEOUT_SECONDS,
        socket_timeout=TIMEOUT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def redis_answers() -> bool:
    """Whether the server can be talked to right now."""
    try:
        return bool(redis_client().ping())
    except RedisError:
        return False
