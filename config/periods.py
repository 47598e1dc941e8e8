"""The weeks and months that figures are told for: those that are over, and the one that runs, as far as it has come."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db.models import DateTimeField, Func, IntegerField, TextChoices, Value
from django.db.models.expressions import Combinable
from django.utils.translation import gettext_lazy as _

from config.days import first_of

SHOWN = 12


class By(TextChoices):
    WEEK = "week", _("By week")
    MONTH = "month", _("By month")


@dataclass(frozen=True, slots=True)
class Stretch:
    """From one moment on and before another; `parts` are the moments at which its parts begin, the first of them its
    own beginning."""

    parts: tuple[datetime, ...]
    until: datetime

    @property
    def begin(self) -> datetime:
        return self.parts[0]


@dataclass(frozen=True, slots=True)
class Periods:
    """So many weeks or months by the days on which they begin, oldest first; the last of them runs.

    `up_to_now` is all of them together. `before` is of the one before the last as much as has passed of the last: what
    a figure of the running one is to be held against.
    """

    days: list[date]
    up_to_now: Stretch
    before: Stretch


def periods(by: By, *, now: datetime, zone: ZoneInfo, first_weekday: int = 0, count: int = SHOWN) -> Periods:
    """The last so many on the zone's clock. A week begins on the weekday of that number, where 0 is Monday."""
    today = now.astimezone(zone).date()
    if by == By.MONTH:
        days = [first_of(today, later=-earlier) for earlier in reversed(range(count))]
    else:
        first = today - timedelta(days=(today.weekday() - first_weekday) % 7)
        days = [first - timedelta(weeks=earlier) for earlier in reversed(range(count))]
    begins = tuple(datetime.combine(day, time(), zone) for day in days)
    # Of a month that is longer than the one before it, all of the one before.
    passed = (today - days[-1]).days
    same_day = datetime.combine(days[-2] + timedelta(days=passed), now.astimezone(zone).time(), zone)
    return Periods(days, Stretch(begins, now), Stretch(begins[-2:-1], min(same_day, begins[-1])))


class PartOf(Func):
    """Which part of a stretch a moment is in, from 0 on; what lies before it is in -1."""

    function = "WIDTH_BUCKET"
    template = "(%(function)s(%(expressions)s) - 1)"

    def __init__(self, moment: Combinable, stretch: Stretch) -> None:
        begins = Value(list(stretch.parts), output_field=ArrayField(DateTimeField()))
        super().__init__(moment, begins, output_field=IntegerField())
