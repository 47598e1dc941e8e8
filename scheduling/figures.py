"""How many times doctors offered on each day, as far as hours are kept: from the hours as they are now.

A doctor's weeks are alike: each is worked out once, and a day by itself only where time off or extra hours depart.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from config.days import DAY, days, midnight, span
from doctors.models import Doctor
from scheduling.calendars import DoctorTime, read_calendars
from scheduling.models import Calendar
from scheduling.slots import Interval

# So many doctors are read at once.
BATCH = 500
FAR = timedelta(days=100_000)


def offered_by_day(first: date, last: date) -> Iterator[tuple[date, int]]:
    """The times of the usual visit that doctors who could be found offered on a day, taken or not."""
    found: Counter[date] = Counter()
    keys = list(Calendar.objects.filter(doctor__in=Doctor.objects.public()).order_by("pk").values_list("pk", flat=True))
    for place in range(0, len(keys), BATCH):
        calendars = Calendar.objects.filter(pk__in=keys[place : place + BATCH]).select_related("doctor")
        found.update(_offered(list(calendars), first, last))
    yield from sorted(found.items())


def _offered(calendars: list[Calendar], first: date, last: date) -> Counter[date]:
    begin, end = span(first, last)
    read = read_calendars(calendars, Interval(begin, end), None)
    found: Counter[date] = Counter()
    for calendar in calendars:
        time, modes = read[calendar.pk], frozenset(calendar.doctor.modes)
        # Whatever notice is asked for: each of them could be booked at some time.
        time.rules = replace(time.rules, notice=timedelta(), horizon=FAR)
        alike: dict[object, int] = {}
        for day in days(first, last):
            window = Interval(midnight(day), midnight(day + DAY))
            if calendar.doctor.verified_at is None or calendar.doctor.verified_at >= window.end:
                continue
            week = None if _departs(time, window) else _week(time, day, window)
            if week is None or week not in alike:
                count = sum(1 for slot in time.slots(window, window.start) if slot.modes & modes)
                if week is not None:
                    alike[week] = count
            else:
                count = alike[week]
            if count:
                found[day] += count
    return found


def _departs(time: DoctorTime, window: Interval) -> bool:
    """Whether anything but the weekly hours bears on this day; an extra block of the night before may, too."""
    near = (window.start - DAY, window.end + DAY)
    return any(each.start < near[1] and each.end > near[0] for each in [*time.off, *time.extra])


def _week(time: DoctorTime, day: date, window: Interval) -> object:
    """What the times of a day follow from, where nothing departs: the day of the week, where the doctor's clock stands,
    and which hours hold in the days around."""
    zone = time.rules.zone
    offsets = tuple((window.start + number * DAY).astimezone(zone).utcoffset() for number in (-1, 0, 1, 2))
    around = [day + number * DAY for number in range(-3, 4)]
    bounded = [block for block in time.weekly if block.valid_from is not None or block.valid_until is not None]
    valid = tuple(block.is_valid_on(each) for block in bounded for each in around)
    return day.weekday(), offsets, valid
