"""Amounts and times in the words that people read them in."""

from datetime import datetime, timedelta
from decimal import Decimal

from django import template
from django.utils import timezone

from fintech_ai.core.money import shown

register = template.Library()


@register.filter
def money(amount: Decimal | None, currency: str) -> str:
    """1,284.40 USD; "no amount" where there is none."""
    return "no amount" if amount is None else shown(amount, currency)


@register.filter
def span(seconds: timedelta) -> str:
    """The length of a time in its two largest units: 12 min, 2 h 40, 3 d 4 h."""
    minutes = int(abs(seconds).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 24 * 60:
        return f"{minutes // 60} h {minutes % 60:02}"
    return f"{minutes // (24 * 60)} d {minutes // 60 % 24} h"


@register.filter
def left(due_at: datetime) -> str:
    """What is left until a time, or how long it has been over."""
    rest = due_at - timezone.now()
    return f"{span(rest)} left" if rest > timedelta(0) else f"{span(rest)} over"


@register.filter
def urgency(due_at: datetime) -> str:
    """How near a time is: "over", "soon" (within the hour) or "later"."""
    rest = due_at - timezone.now()
    if rest <= timedelta(0):
        return "over"
    return "soon" if rest < timedelta(hours=1) else "later"


@register.filter
def percent(share: Decimal | float) -> str:
    """0.87 as 87%."""
    return f"{round(float(share) * 100)}%"


@register.filter
def points(difference: float) -> str:
    """0.04 as +4 points."""
    rounded = round(difference * 100)
    return f"{rounded:+d} {'point' if abs(rounded) == 1 else 'points'}"
