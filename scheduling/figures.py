"""How many times doctors offered on each day, as far as hours are kept: from the hours as they are now.

A doctor's weeks are alike, so most days follow from their day of the week, by counting, once for all doctors who keep
the same week; where clocks change, where hours begin or end to hold, and where time off or extra hours depart, the
times are laid out as for patients.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from config.days import DAY, days, midnight, span
from doctors.models import Doctor
from scheduling.calendars import DoctorTime, read_calendars
from scheduling.models import Calendar
from scheduling.slots import DAY_MINUTES, Interval

# So many doctors are read at once.
BATCH = 500
FAR = timedelta(days=100_000)
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Week:
    """What hours come to that are the same each week: from which minute of which weekday, and for how long."""

    zone: ZoneInfo
    slot: timedelta
    step: timedelta
    blocks: tuple[tuple[int, int, int], ...]

    @classmethod
    def of(cls, time: DoctorTime, modes: frozenset[str]) -> "Week":
        """Of the hours in which the doctor sees patients by one of these ways."""
        blocks = ((block.weekday, block.start, block.minutes) for block in time.weekly if block.modes & modes)
        return cls(time.rules.zone, time.rules.slot, time.rules.step, tuple(sorted(blocks)))

    def times_on(self, weekday: int, lag: int) -> int:
        """How many times begin on the portal's day, on that day of the week: those of the doctor's days around it, as
        slots.slots lays them out from where their hours begin."""
        slot, step = self.slot // MINUTE, self.step // MINUTE
        count = 0
        for number in (-2, -1, 0, 1, 2):
            for block_weekday, block_start, minutes in self.blocks:
                if block_weekday == (weekday + number) % 7:
                    start = number * DAY_MINUTES + lag + block_start
                    starts = range(start, start + minutes - slot + 1, step)
                    count += bisect_left(starts, DAY_MINUTES) - bisect_left(starts, 0)
        return count


def offered_by_day(first: date, last: date) -> Iterator[tuple[date, int]]:
    """The times of the usual visit that doctors who could be found offered on a day, taken or not."""
    found: Counter[date] = Counter()
    kept: Counter[Week] = Counter()
    keys = list(Calendar.objects.filter(doctor__in=Doctor.objects.public()).order_by("pk").values_list("pk", flat=True))
    for place in range(0, len(keys), BATCH):
        calendars = Calendar.objects.filter(pk__in=keys[place : place + BATCH]).select_related("doctor")
        _offered(list(calendars), first, last, found, kept)
    for week, doctors in kept.items():
        times = lru_cache(maxsize=None)(week.times_on)
        for day, lag in zip(days(first, last), _lags(week.zone, first, last), strict=True):
            if lag is not None:
                found[day] += doctors * times(day.weekday(), lag)
    yield from sorted((+found).items())


def _offered(calendars: list[Calendar], first: date, last: date, found: Counter[date], kept: Counter[Week]) -> None:
    """Add to `found` what doctors offer on days that depart from their week, and to `kept` who kept a week on all days
    on which no clock changes."""
    read = read_calendars(calendars, Interval(*span(first, last)), None)
    windows = [(day, Interval(midnight(day), midnight(day + DAY))) for day in days(first, last)]
    for calendar in calendars:
        time, modes = read[calendar.pk], frozenset(calendar.doctor.modes)
        # Whatever notice is asked for: each of them could be booked at some time.
        time.rules = replace(time.rules, notice=timedelta(), horizon=FAR)
        week, lags = Week.of(time, modes), _lags(time.rules.zone, first, last)
        verified_at = calendar.doctor.verified_at
        is_plain = all(block.valid_from is None and block.valid_until is None for block in time.weekly)
        was_there = verified_at is not None and verified_at < windows[0][1].end
        is_kept = is_plain and was_there and not (time.off or time.extra)
        if is_kept:
            kept[week] += 1
            if None not in lags:
                continue
        for (day, window), lag in zip(windows, lags, strict=True):
            if (is_kept and lag is not None) or verified_at is None or verified_at >= window.end:
                continue
            if not is_plain or lag is None or _departs(time, window):
                found[day] += sum(1 for slot in time.slots(window, window.start) if slot.modes & modes)
            else:
                found[day] += week.times_on(day.weekday(), lag)


@lru_cache(maxsize=64)
def _lags(zone: ZoneInfo, first: date, last: date) -> list[int | None]:
    """By how many minutes later than the portal's a doctor's midnight is, for each day; None where a clock changes."""
    found: list[int | None] = []
    for day in days(first, last):
        around = [midnight(day + number * DAY) for number in (-2, -1, 0, 1, 2, 3)]
        apart = {
            ((instant.utcoffset() or timedelta()), instant.astimezone(zone).utcoffset() or timedelta())
            for instant in around
        }
        portals, doctors = next(iter(apart))
        found.append((portals - doctors) // MINUTE if len(apart) == 1 else None)
    return found


def _departs(time: DoctorTime, window: Interval) -> bool:
    """Whether anything but the weekly hours bears on this day; an extra block of the night before may, too."""
    since, until = window.start - DAY, window.end + DAY
    return any(each.start < until and each.end > since for each in (*time.off, *time.extra))
