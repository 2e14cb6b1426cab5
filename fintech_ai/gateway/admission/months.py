"""Which month pays? The calendar month in the tenant's own time zone, as it is when a call begins."""

from datetime import date, datetime
from zoneinfo import ZoneInfo


def month_of(at: datetime, zone: str) -> date:
    """The first day of the calendar month that it is at that moment in that time zone."""
    return at.astimezone(ZoneInfo(zone)).date().replace(day=1)


def end_of(month: date, zone: str) -> datetime:
    """The first moment of the next month, there."""
    following = date(month.year + month.month // 12, month.month % 12 + 1, 1)
    return datetime(following.year, following.month, 1, tzinfo=ZoneInfo(zone))
