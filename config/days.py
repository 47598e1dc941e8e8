"""The portal's days: books and figures are kept by them, wherever somebody looks from."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

DAY = timedelta(days=1)


def zone() -> ZoneInfo:
    return ZoneInfo(settings.PORTAL_TIME_ZONE)


def today() -> date:
    return timezone.localdate(timezone=zone())


def midnight(day: date) -> datetime:
    """The instant at which that day begins."""
    return datetime.combine(day, time(), zone())


def span(first: date, last: date) -> tuple[datetime, datetime]:
    """From the first day's midnight until the one after the last day."""
    return midnight(first), midnight(last + DAY)


def first_of(month: date, *, later: int = 0) -> date:
    """The first day of the month that is so many months later."""
    years, index = divmod(month.year * 12 + month.month - 1 + later, 12)
    return date(years, index + 1, 1)


def months(first: date, last: date) -> Iterator[date]:
    """The first days of the months from that of `first` to that of `last`."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield date(number // 12, number % 12 + 1, 1)


def days(first: date, last: date) -> list[date]:
    return [first + number * DAY for number in range((last - first).days + 1)]
