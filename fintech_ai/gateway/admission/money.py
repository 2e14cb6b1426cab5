"""Budgets are counted in whole micro-dollars, so that sums in Redis and in PostgreSQL can agree exactly."""

from decimal import Decimal

MICRO = 1_000_000


def micro_dollars(usd: Decimal) -> int:
    """The amount in micro-dollars; what is finer is cut off."""
    return int(usd * MICRO)


def dollars(micro_usd: int) -> Decimal:
    """The amount in dollars, exactly."""
    return Decimal(micro_usd) / MICRO
