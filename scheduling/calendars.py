"""Reading many doctors' calendars at once, in a constant number of queries."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.db.models import Case, Expression, F, Func, OuterRef, QuerySet, Subquery, Value, When

from doctors.models import Mode
from scheduling.models import Calendar, ExtraHours, TimeOff, WeeklyHours
from scheduling.slots import ExtraBlock, Interval, Rules, Slot, WeeklyBlock, is_offered, open_slot, reach, slots

NO_MODES = Value(None, output_field=ArrayField(models.CharField()))
NO_PLACE = Value(None, output_field=models.BigIntegerField())

# How patients are seen in these hours: at a place that the doctor has closed since, nobody is seen in person.
KEPT_MODES = Case(
    When(
        place__is_active=False,
        then=Func(F("modes"), Value(Mode.IN_PERSON.value), function="array_remove"),
    ),
    default=F("modes"),
    output_field=ArrayField(models.CharField()),
)

# The columns that `DoctorTime.add_weekly` and `rules_of` take, in their order.
HOURS = ("weekday", "start", "minutes", KEPT_MODES, "place_id", "valid")
RULES = ("time_zone", "slot_minutes", "buffer_before_minutes", "buffer_after_minutes", "notice_minutes", "horizon_days")


class DateTimeMultiRangeField(models.Field):  # type: ignore[type-arg]  # generic for the type checker alone
    """What PostgreSQL makes of many periods."""

    def db_type(self, connection: Any) -> str:
        return "tstzmultirange"


@dataclass(slots=True)
class DoctorTime:
    """All that decides which times of one doctor are open, within the window that it was read for."""

    rules: Rules
    weekly: list[WeeklyBlock] = field(default_factory=list)
    extra: list[ExtraBlock] = field(default_factory=list)
    off: list[Interval] = field(default_factory=list)
    busy: list[Interval] = field(default_factory=list)

    def add_weekly(
        self, weekday: int, start: time, minutes: int, modes: list[str], place: int | None, valid: DateRange
    ) -> None:
        """Take in a row of weekly hours, its columns HOURS."""
        if modes:
            last = valid.upper - timedelta(days=1) if valid.upper else None
            minute = start.hour * 60 + start.minute
            self.weekly.append(WeeklyBlock(weekday, minute, minutes, frozenset(modes), place, valid.lower, last))

    def add_departure(
        self, kind: str, periods: Iterable[Any] | None, modes: list[str] | None, place: int | None
    ) -> None:
        """Take in a row of `departures`."""
        for period in periods or ():
            if kind != "extra":
                (self.off if kind == "off" else self.busy).append(Interval(period.lower, period.upper))
            elif modes:
                self.extra.append(ExtraBlock(period.lower, period.upper, frozenset(modes), place))

    def slots(self, window: Interval, now: datetime) -> list[Slot]:
        return slots(
            self.rules, weekly=self.weekly, extra=self.extra, off=self.off, busy=self.busy, window=window, now=now
        )

    def is_offered(self, period: Interval) -> bool:
        return is_offered(self.rules.zone, weekly=self.weekly, extra=self.extra, off=self.off, period=period)

    def open_slot(self, start: datetime, now: datetime) -> Slot | None:
        return open_slot(
            self.rules, weekly=self.weekly, extra=self.extra, off=self.off, busy=self.busy, start=start, now=now
        )


def read_calendars(calendars: Collection[Calendar], window: Interval, busy: QuerySet[Any]) -> dict[int, DoctorTime]:
    """What the slots of these calendars follow from, by doctor id: two queries, however many doctors.

    `busy` is the floor above's: a queryset of its bookings with `doctor_id` and `blocked` (a range with the pauses),
    not yet narrowed to doctors or window. Bookings without a calendar among these are left out.
    """
    times = {calendar.doctor_id: DoctorTime(calendar.rules) for calendar in calendars}
    if not times:
        return times
    for doctor_id, *columns in WeeklyHours.objects.filter(doctor__in=times).values_list("doctor_id", *HOURS):
        times[doctor_id].add_weekly(*columns)

    # The widest reach of any of them: pauses and lengths differ from doctor to doctor.
    reaches = [reach(time.rules, window) for time in times.values()]
    seen = DateTimeTZRange(min(near.start for near in reaches), max(near.end for near in reaches))
    for kind, doctor_id, periods, modes, place in departures(Calendar.objects.filter(pk__in=times), seen, busy):
        times[doctor_id].add_departure(kind, periods, modes, place)
    return times


def departures(calendars: QuerySet[Calendar], seen: Any, busy: QuerySet[Any] | None = None) -> QuerySet[Any]:
    """What departs from the weekly hours of these calendars within `seen`: rows of kind (off, busy or extra), doctor,
    periods, modes and place, which `add_departure` takes.

    A doctor's bookings are looked up from the doctor's calendar: with a list of doctors PostgreSQL would read
    everybody's bookings of that time, for an index of ranges cannot be searched for several doctors at once.
    """
    once = Func(F("period"), function="tstzmultirange", output_field=DateTimeMultiRangeField())
    extra = ExtraHours.objects.filter(doctor__in=calendars.values("pk"), period__overlap=seen)
    parts = [
        calendars.values_list(Value("off"), "pk", _joined(TimeOff.objects.all(), "period", seen), NO_MODES, NO_PLACE)
    ]
    if busy is not None:
        parts.append(calendars.values_list(Value("busy"), "pk", _joined(busy, "blocked", seen), NO_MODES, NO_PLACE))
    return extra.values_list(Value("extra"), "doctor_id", once, KEPT_MODES, "place_id").union(*parts, all=True)


def _joined(rows: QuerySet[Any], period: str, seen: Any) -> Subquery:
    """The periods of the rows of one doctor within a time, for a query of calendars; NULL where there are none."""
    joined = Func(F(period), function="range_agg", output_field=DateTimeMultiRangeField())
    mine = rows.filter(doctor=OuterRef("pk"), **{f"{period}__overlap": seen})
    return Subquery(mine.order_by().values(joined=joined))


def around(start: Expression) -> Func:
    """What slots.reach says of the one slot that starts there, in SQL, for a query of calendars."""

    def minutes(count: Any) -> Func:
        return Func(count, template="make_interval(mins => %(expressions)s)", output_field=models.DurationField())

    begin = start - minutes(F("buffer_before_minutes"))
    end = start + minutes(F("slot_minutes") + F("buffer_after_minutes"))
    return Func(begin, end, function="tstzrange", output_field=DateTimeRangeField())


def rules_of(zone: str, slot: int, before: int, after: int, notice: int, horizon: int) -> Rules:
    """The rules that a calendar's columns RULES are."""
    return Calendar(
        time_zone=zone,
        slot_minutes=slot,
        buffer_before_minutes=before,
        buffer_after_minutes=after,
        notice_minutes=notice,
        horizon_days=horizon,
    ).rules
