"""How are the providers, as all processes see them?"""

from dataclasses import dataclass
from typing import Literal

from django.conf import settings

from fintech_ai.gateway.admission import keys, scripts
from fintech_ai.gateway.targets import Target


@dataclass(frozen=True)
class TargetHealth:
    """A provider's model in this minute.

    Args:
        state: of the circuit breaker.
        open_seconds: for how long nobody is let in, since it has been failing.
        answered, failed: requests of the last minute that say something about its health.
        paused_seconds: for how long it asked to be left alone.
        waiting: requests that stand in line for its rate limit.
        requests_per_minute, tokens_per_minute: the limit, configured or learned; None if none is known.
    """

    target: Target
    state: Literal["closed", "open", "half_open"]
    open_seconds: float
    answered: int
    failed: int
    paused_seconds: float
    waiting: int
    requests_per_minute: int | None
    tokens_per_minute: int | None


def target_health(target: Target) -> TargetHealth:
    """How it is now. Raises RedisError if Redis does not answer."""
    rates = settings.MODEL_PROVIDER_RATES.get(target.provider, (0, 0))
    names = [keys.breaker(target), keys.target_window(target)]
    state, opened, answered, failed, paused, waiting, requests, tokens = scripts.LOOK_TARGET(names, rates)
    return TargetHealth(
        target=target,
        state=state.decode(),
        open_seconds=float(opened),
        answered=answered,
        failed=failed,
        paused_seconds=float(paused),
        waiting=waiting,
        requests_per_minute=int(requests) if requests else None,
        tokens_per_minute=int(tokens) if tokens else None,
    )
