"""Reading many doctors' calendars at once, in a constant number of queries."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.contrib.postgres.fields import ArrayField, DateTimeRangeField
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.db.models import (
    Case,
    Count,
    Expression,
    F,
    FilteredRelation,
    Func,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from doctors.models import Mode
from scheduling.models import Calendar, ExtraHours, TimeOff, WeeklyHours
from scheduling.slots import (
    ExtraBlock,
    Interval,
    Rules,
    Slot,
    WeeklyBlock,
    hours_within,
    is_offered,
    open_slot,
    reach,
    slots,
)

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

# The columns that `DoctorTime.add_weekly` and `rules_of` take, in their order; the latter of `typed` calendars.
HOURS = ("weekday", "start", "minutes", KEPT_MODES, "place_id", "valid")
RULES = ("time_zone", "slot", "before", "after", "notice_minutes", "horizon_days")


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
    full: list[Interval] = field(default_factory=list)

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
                {"off": self.off, "busy": self.busy, "full": self.full}[kind].append(
                    Interval(period.lower, period.upper)
                )
            elif modes:
                self.extra.append(ExtraBlock(period.lower, period.upper, frozenset(modes), place))

    def slots(self, window: Interval, now: datetime) -> list[Slot]:
        return slots(
            self.rules,
            weekly=self.weekly,
            extra=self.extra,
            off=self.off,
            busy=self.busy,
            window=window,
            now=now,
            full=self.full,
        )

    def hours(self, window: Interval) -> list[Interval]:
        """The hours that touch the window, one for each block, whether or not the doctor is away."""
        return hours_within(self.rules.zone, weekly=self.weekly, extra=self.extra, window=window)

    def is_offered(self, period: Interval) -> bool:
        return is_offered(self.rules.zone, weekly=self.weekly, extra=self.extra, off=self.off, period=period)

    def open_slot(self, start: datetime, now: datetime) -> Slot | None:
        return open_slot(
            self.rules,
            weekly=self.weekly,
            extra=self.extra,
            off=self.off,
            busy=self.busy,
            start=start,
            now=now,
            full=self.full,
        )


def read_calendars(
    calendars: Collection[Calendar],
    window: Interval,
    busy: QuerySet[Any] | None,
    counted: QuerySet[Any] | None = None,
    rules: Mapping[int, Rules] | None = None,
) -> dict[int, DoctorTime]:
    """What the slots of these calendars follow from, by doctor id: two queries, however many doctors.

    `busy` is the floor above's: a queryset of its bookings with `doctor_id` and `blocked` (a range with the pauses),
    not yet narrowed to doctors or window; `counted` those with a `period` that a doctor's daily cap counts; None leaves
    them out of account. Bookings without a calendar among these are left out. `rules` by doctor id stand in for the
    calendars' own.
    """
    own = rules or {}
    times = {calendar.doctor_id: DoctorTime(own.get(calendar.doctor_id) or calendar.rules) for calendar in calendars}
    if not times:
        return times
    for doctor_id, *columns in WeeklyHours.objects.filter(doctor__in=times).values_list("doctor_id", *HOURS):
        times[doctor_id].add_weekly(*columns)

    # The widest reach of any of them: pauses and lengths differ from doctor to doctor.
    reaches = [reach(time.rules, window) for time in times.values()]
    seen = DateTimeTZRange(min(near.start for near in reaches), max(near.end for near in reaches))
    if not any(calendar.daily_cap for calendar in calendars):
        counted = None
    found = departures(Calendar.objects.filter(pk__in=times), seen, busy, counted)
    for kind, doctor_id, periods, modes, place in found:
        times[doctor_id].add_departure(kind, periods, modes, place)
    return times


def departures(
    calendars: QuerySet[Calendar],
    seen: Any,
    busy: QuerySet[Any] | None = None,
    counted: QuerySet[Any] | None = None,
) -> QuerySet[Any]:
    """What departs from the weekly hours of these calendars within `seen`: rows of kind (off, busy, full or extra),
    doctor, periods, modes and place, which `add_departure` takes. With `counted`, `seen` must be a range of Python's.

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
    if counted is not None:
        capped = calendars.filter(daily_cap__isnull=False)
        parts.append(capped.values_list(Value("full"), "pk", _full_days(counted, seen), NO_MODES, NO_PLACE))
    return extra.values_list(Value("extra"), "doctor_id", once, KEPT_MODES, "place_id").union(*parts, all=True)


def day_start(moment: Any, zone: Any) -> Func:
    """The midnight, on the clocks of a zone, with which the day of a moment begins; in SQL."""
    return Func(Value("day"), moment, zone, function="date_trunc", output_field=models.DateTimeField())


def days_later(moment: Any, days: Any, zone: Any) -> Func:
    """The same time of day so many days later, on the clocks of a zone; in SQL."""
    count = Func(days, template="make_interval(days => %(expressions)s)", output_field=models.DurationField())
    return Func(moment, count, zone, function="date_add", output_field=models.DateTimeField())


def beginning_at(moment: Any) -> Func:
    """What a period that begins at or after this moment is not less than, as PostgreSQL orders ranges: so an index of
    periods finds those that begin between two moments."""
    return Func(moment, moment, Value("[]"), function="tstzrange", output_field=DateTimeRangeField())


def begun_on_the_day_of(moment: Any, zone: Any) -> Q:
    """Which periods begin on that day of a zone, for a queryset of bookings."""
    midnight = day_start(moment, zone)
    next_midnight = days_later(midnight, Value(1), zone)
    return Q(period__gte=beginning_at(midnight), period__lt=beginning_at(next_midnight))


# A day of any zone that a moment belongs to begins and ends within so much of it.
A_DAY_ANYWHERE = timedelta(hours=26)


def _full_days(counted: QuerySet[Any], seen: Any) -> Func:
    """The days on which as many visits begin as the doctor takes, for a query of calendars; NULL where there are none.

    Those of the days around are read as well, for they are counted whole.
    """
    # By the booking's own way to its doctor's calendar: what rows are grouped by cannot point out of a subquery.
    zone, cap = F("doctor__calendar__time_zone"), F("doctor__calendar__daily_cap")
    ends = (seen.lower - A_DAY_ANYWHERE, seen.upper + A_DAY_ANYWHERE)
    first, last = (beginning_at(Value(end, output_field=models.DateTimeField())) for end in ends)
    midnight = day_start(F("period__startswith"), zone)
    day = Func(midnight, days_later(midnight, Value(1), zone), function="tstzrange", output_field=DateTimeRangeField())
    mine = counted.filter(doctor=OuterRef("pk"), period__gte=first, period__lt=last).order_by()
    days = mine.values(day=day, cap=cap).annotate(visits=Count("pk")).filter(visits__gte=F("cap"))
    return Func(
        ArraySubquery(days.values("day")),
        template="tstzmultirange(VARIADIC %(expressions)s)",
        output_field=DateTimeMultiRangeField(),
    )


def _joined(rows: QuerySet[Any], period: str, seen: Any) -> Subquery:
    """The periods of the rows of one doctor within a time, for a query of calendars; NULL where there are none."""
    joined = Func(F(period), function="range_agg", output_field=DateTimeMultiRangeField())
    mine = rows.filter(doctor=OuterRef("pk"), **{f"{period}__overlap": seen})
    return Subquery(mine.order_by().values(joined=joined))


def typed(calendars: QuerySet[Calendar], visit_type: Any) -> QuerySet[Calendar]:
    """The calendars with one of their doctor's visit types that are offered as `visit`, where it is among them; and
    how long a visit of it takes, with its pauses: what the type leaves open is as the calendar says."""
    chosen = FilteredRelation(
        "doctor__visit_types",
        condition=Q(doctor__visit_types__pk=visit_type, doctor__visit_types__is_active=True),
    )
    return calendars.annotate(visit=chosen).annotate(
        slot=Coalesce(F("visit__minutes"), F("slot_minutes")),
        before=Coalesce(F("visit__buffer_before_minutes"), F("buffer_before_minutes")),
        after=Coalesce(F("visit__buffer_after_minutes"), F("buffer_after_minutes")),
    )


def around(start: Expression) -> Func:
    """What slots.reach says of the one slot that starts there, in SQL, for a query of `typed` calendars."""

    def minutes(count: Any) -> Func:
        return Func(count, template="make_interval(mins => %(expressions)s)", output_field=models.DurationField())

    begin = start - minutes(F("before"))
    end = start + minutes(F("slot") + F("after"))
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
