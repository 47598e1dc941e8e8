"""The figures of each day: counted by the rooms, written down here, read by the admin's home.

A day is counted again as long as it can change: what is decided later changes a visit of long ago. A month at a time,
each in a transaction of its own, so that whoever reads sees the old figures of it or the new ones.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone

from appointments.figures import active_by_month, holds_by_day, specialties_by_day, visits_by_day
from config.days import DAY, days, midnight, months, today
from config.models import CountedDay, DailyFigure, Name
from doctors.figures import steps_by_day
from payments.figures import by_day as money_by_day
from scheduling.figures import offered_by_day
from telehealth.figures import calls_by_day

type Row = tuple[date, str, int | Decimal]

# For so long after a day its figures are counted again every night.
CHANGES_FOR = timedelta(days=400)


def _holds(first: date, last: date) -> Iterable[Row]:
    return [*steps_by_day(first, last), *holds_by_day(first, last)]


def _money(first: date, last: date) -> Iterator[Row]:
    for day in money_by_day(last, days=(last - first).days + 1):
        sums = {"online": day.online.total, "cash": day.cash.total, "fee": day.fee, "back": day.back.total}
        yield from ((day.day, of, total) for of, total in sums.items())


def _active(first: date, last: date) -> Iterator[Row]:
    for month, doctors, patients in active_by_month(first, last):
        yield month, "doctors", doctors
        yield month, "patients", patients


SOURCES: dict[Name, Callable[[date, date], Iterable[Row]]] = {
    Name.VISITS: visits_by_day,
    Name.SPECIALTY: specialties_by_day,
    Name.FUNNEL: _holds,
    Name.CALLS: calls_by_day,
    Name.MONEY: _money,
    Name.ACTIVE: _active,
}


def count_days(first: date, last: date) -> Iterator[tuple[date, int]]:
    """Count the months of these days anew, up to today; each month that is done, and its number of figures. It may be
    broken off and run again, and twice at once."""
    for month in months(first, min(last, today())):
        yield month, _count_month(month)


def refresh_days() -> None:
    """Count those days again that are going on, or have just ended."""
    for _month in count_days(today() - DAY, today()):
        pass


def recount_days() -> None:
    """Count all days again that can still change."""
    for _month in count_days(today() - CHANGES_FOR, today()):
        pass


@transaction.atomic
def _count_month(month: date) -> int:
    # One after the other: what is counted last is what stands there.
    connection.cursor().execute("SELECT pg_advisory_xact_lock(hashtext('config.figures'))")
    now = timezone.now()
    last = min(_last_of(month), today())
    rows = [
        DailyFigure(day=day, name=name, of=of, value=value)
        for name, source in SOURCES.items()
        for day, of, value in source(month, last)
        if value
    ]
    # What was offered on a day that is over is known from then on: hours that are changed leave no trace.
    kept = {
        day.day
        for day in CountedDay.objects.filter(day__range=(month, last))
        if day.counted_at >= midnight(day.day + DAY)
    }
    open_days = [day for day in days(month, last) if day not in kept]
    if open_days:
        offered = offered_by_day(open_days[0], open_days[-1])
        rows += [DailyFigure(day=day, name=Name.OFFERED, value=value) for day, value in offered if day not in kept]
    DailyFigure.objects.filter(day__range=(month, last)).exclude(name=Name.OFFERED, day__in=kept).delete()
    DailyFigure.objects.bulk_create(rows, batch_size=2000)
    CountedDay.objects.bulk_create(
        [CountedDay(day=day, counted_at=now) for day in days(month, last)],
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["counted_at"],
    )
    return len(rows)


def _last_of(month: date) -> date:
    return next(iter(months(month + 31 * DAY, month + 31 * DAY))) - DAY
