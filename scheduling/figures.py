"""How many times doctors offered on each day, as far as hours are kept: from the hours as they are now.

A doctor's weeks are alike, so most days follow from their day of the week, by counting; where clocks change, where
hours begin or end to hold, and where time off or extra hours depart, the times are laid out as for patients.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
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


def offered_by_day(first: date, last: date) -> Iterator[tuple[date, int]]:
    """The times of the usual visit that doctors who could be found offered on a day, taken or not."""
    found: Counter[date] = Counter()
    keys = list(Calendar.objects.filter(doctor__in=Doctor.objects.public()).order_by("pk").values_list("pk", flat=True))
    for place in range(0, len(keys), BATCH):
        calendars = Calendar.objects.filter(pk__in=keys[place : place + BATCH]).select_related("doctor")
        found.update(_offered(list(calendars), first, last))
    yield from sorted(found.items())


def _offered(calendars: list[Calendar], first: date, last: date) -> Counter[date]:
    read = read_calendars(calendars, Interval(*span(first, last)), None)
    windows = [(day, Interval(midnight(day), midnight(day + DAY))) for day in days(first, last)]
    found: Counter[date] = Counter()
    for calendar in calendars:
        time, modes = read[calendar.pk], frozenset(calendar.doctor.modes)
        # Whatever notice is asked for: each of them could be booked at some time.
        time.rules = replace(time.rules, notice=timedelta(), horizon=FAR)
        is_plain = all(block.valid_from is None and block.valid_until is None for block in time.weekly)
        lags = _lags(time.rules.zone, first, last)
        alike: dict[tuple[int, int], int] = {}
        for (day, window), lag in zip(windows, lags, strict=True):
            if calendar.doctor.verified_at is None or calendar.doctor.verified_at >= window.end:
                continue
            if not is_plain or lag is None or _departs(time, window):
                found[day] += sum(1 for slot in time.slots(window, window.start) if slot.modes & modes)
                continue
            week = (day.weekday(), lag)
            if week not in alike:
                alike[week] = _counted(time, modes, *week)
            found[day] += alike[week]
    return +found


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


def _counted(time: DoctorTime, modes: frozenset[str], weekday: int, lag: int) -> int:
    """How many times begin on the portal's day, on that day of the week, where nothing departs from the weekly hours:
    those of the doctor's days around it, as slots.slots lays them out from where their hours begin."""
    slot, step = time.rules.slot // MINUTE, time.rules.step // MINUTE
    count = 0
    for number in (-2, -1, 0, 1, 2):
        for block in time.weekly:
            if block.weekday != (weekday + number) % 7 or not block.modes & modes:
                continue
            start = number * DAY_MINUTES + lag + block.start
            starts = range(start, start + block.minutes - slot + 1, step)
            count += sum(1 for each in starts if 0 <= each < DAY_MINUTES)
    return count
