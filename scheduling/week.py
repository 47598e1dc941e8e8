"""The picture of a week's hours: a grid of quarters of an hour, one column a day. The page's script draws the same."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from typing import Any

from django.utils.formats import get_format

from doctors.models import Mode
from scheduling.models import MINUTES_A_DAY, Weekday

QUARTER = 15
# The part of the day that is shown unless there are hours outside it.
DAY_BEGINS, DAY_ENDS = 7 * 60, 22 * 60


@dataclass(slots=True)
class Cell:
    """A quarter of an hour of one weekday, and the hours in it: how, and from when until when.

    `place` is which quarter of the hours it is in its column: the first one shows how, the second shows when.
    """

    weekday: int
    minute: int
    modes: frozenset[str] = frozenset()
    label: str = ""
    start: time | None = None
    until: time | None = None
    place: int = 0
    for_a_time: bool = False

    @property
    def kind(self) -> str:
        """How patients are seen then: a mode, `both`, or nothing."""
        return "both" if len(self.modes) > 1 else next(iter(self.modes), "")


@dataclass(slots=True)
class Row:
    """A quarter of an hour, with its cell for each day in the order of the columns."""

    minute: int
    cells: list[Cell]

    @property
    def clock(self) -> time:
        return time(*divmod(self.minute, 60))

    @property
    def is_hour(self) -> bool:
        return self.minute % 60 == 0

    @property
    def is_night(self) -> bool:
        return not DAY_BEGINS <= self.minute < DAY_ENDS


@dataclass(slots=True)
class Grid:
    days: list[Weekday]
    today: date
    rows: list[Row] = field(default_factory=list)
    # Whether something is offered in the part of the day that is folded away.
    at_night: bool = False


def weekdays() -> list[Weekday]:
    """The days of the week in the order in which people of the active language count them."""
    first = (get_format("FIRST_DAY_OF_WEEK") - 1) % 7
    return [Weekday((first + offset) % 7) for offset in range(7)]


def draw(stretches: Iterable[Mapping[str, Any]], today: date) -> Grid:
    """The grid of these hours: `weekday`, `start`, `until`, `minutes`, `modes`, `first`, `last` and `label` of each.

    Hours that run past midnight go on in the next day's column. Those that are over for good are left out; where hours
    of different times of the year lie on each other, those that hold now are drawn.
    """
    cells = {(day, minute): Cell(day, minute) for day in range(7) for minute in range(0, MINUTES_A_DAY, QUARTER)}
    at_night = False
    # What holds only for a time is drawn first, what holds today over it.
    for hours in sorted(stretches, key=lambda hours: _holds_on(today, hours)):
        if hours.get("last") and hours["last"] < today:
            continue
        begin = hours["start"].hour * 60 + hours["start"].minute
        end = begin + hours["minutes"]
        covered = range(begin - begin % QUARTER, end, QUARTER)
        place = 0
        for minute in covered:
            over, local = divmod(minute, MINUTES_A_DAY)
            cell = cells[((hours["weekday"] + over) % 7, local)]
            cell.modes, cell.label = frozenset(hours["modes"]), hours["label"]
            cell.start, cell.until = hours["start"], hours["until"]
            cell.for_a_time = bool(hours.get("first") or hours.get("last"))
            place = 1 if minute == covered[0] or local == 0 else place + 1
            cell.place = place
            at_night = at_night or not DAY_BEGINS <= local < DAY_ENDS
    days = weekdays()
    rows = [Row(minute, [cells[(day.value, minute)] for day in days]) for minute in range(0, MINUTES_A_DAY, QUARTER)]
    return Grid(days, today, rows, at_night)


def _holds_on(day: date, hours: Mapping[str, Any]) -> bool:
    first, last = hours.get("first"), hours.get("last")
    return (first is None or first <= day) and (last is None or day <= last)


def names_of(modes: Iterable[str]) -> str:
    return ", ".join(str(Mode(mode).label) for mode in modes)
