"""Reading many doctors' calendars at once, in a constant number of queries."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Case, F, Func, QuerySet, Value, When

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


@dataclass(slots=True)
class DoctorTime:
    """All that decides which times of one doctor are open, within the window that it was read for."""

    rules: Rules
    weekly: list[WeeklyBlock] = field(default_factory=list)
    extra: list[ExtraBlock] = field(default_factory=list)
    off: list[Interval] = field(default_factory=list)
    busy: list[Interval] = field(default_factory=list)

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
    weekly = WeeklyHours.objects.filter(doctor__in=times).annotate(kept_modes=KEPT_MODES).defer("week")
    for hours in weekly:
        if hours.kept_modes:
            times[hours.doctor_id].weekly.append(replace(hours.block, modes=frozenset(hours.kept_modes)))

    # The widest reach of any of them: pauses and lengths differ from doctor to doctor.
    reaches = [reach(time.rules, window) for time in times.values()]
    seen = (min(near.start for near in reaches), max(near.end for near in reaches))
    rows: Iterable[tuple[str, int, Any, list[str] | None, int | None]] = (
        TimeOff.objects.filter(doctor__in=times, period__overlap=seen)
        .values_list(Value("off"), "doctor_id", "period", NO_MODES, NO_PLACE)
        .union(
            ExtraHours.objects.filter(doctor__in=times, period__overlap=seen).values_list(
                Value("extra"), "doctor_id", "period", KEPT_MODES, "place_id"
            ),
            busy.filter(doctor__in=times, blocked__overlap=seen).values_list(
                Value("busy"), "doctor_id", F("blocked"), NO_MODES, NO_PLACE
            ),
            all=True,
        )
    )
    for kind, doctor_id, period, modes, place in rows:
        time = times[doctor_id]
        if kind == "extra":
            if modes:
                time.extra.append(ExtraBlock(period.lower, period.upper, frozenset(modes), place))
        else:
            (time.off if kind == "off" else time.busy).append(Interval(period.lower, period.upper))
    return times
