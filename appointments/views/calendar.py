"""What is booked with a doctor: by week, by month, and as a list by day."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import groupby
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from appointments.forms import is_near
from appointments.models import Appointment, AppointmentQuerySet, Status
from appointments.views.practice import calendar_of, own_doctor
from doctors.models import Doctor
from scheduling.calendars import read_calendars
from scheduling.forms.fields import midnight
from scheduling.models import Calendar
from scheduling.slots import Interval
from scheduling.week import weekdays

WEEK = timedelta(days=7)
ONE_DAY = timedelta(days=1)
PAGE_SIZE = 50
# What a doctor sees of a booking that never came to be, or is off: nothing.
NOT_SHOWN = (Status.HELD, Status.EXPIRED, Status.CANCELLED)


@dataclass(slots=True)
class Day:
    """A day of a doctor's calendar, on the doctor's own clock."""

    date: date
    visits: list[Appointment] = field(default_factory=list)
    count: int = 0
    # The hours offered, as (from, until); and the time off that touches the day: whole, or from when until when.
    hours: list[tuple[datetime, datetime]] = field(default_factory=list)
    away: list[tuple[datetime, datetime]] = field(default_factory=list)
    is_away: bool = False
    is_other_month: bool = False


def _day_asked_for(request: HttpRequest, today: date) -> date:
    try:
        day = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        return today
    return day if is_near(day) else today


def _first_of_week(day: date) -> date:
    first = weekdays()[0].value
    return day - timedelta(days=(day.weekday() - first) % 7)


def _period(first: date, days: int, zone: ZoneInfo) -> DateTimeTZRange:
    return DateTimeTZRange(midnight(first, zone), midnight(first + timedelta(days=days), zone))


def _shown(doctor: Doctor, period: DateTimeTZRange) -> AppointmentQuerySet:
    return Appointment.objects.filter(doctor=doctor).begun_within(period).exclude(status__in=NOT_SHOWN)


def _days(calendar: Calendar, first: date, count: int) -> dict[date, Day]:
    """The days with their hours and time off: two queries."""
    zone = calendar.zone
    days = {day: Day(day) for day in (first + timedelta(days=offset) for offset in range(count))}
    period = _period(first, count, zone)
    window = Interval(period.lower, period.upper)
    if calendar.pk is None:
        return days
    read = read_calendars([calendar], window, Appointment.objects.none())[calendar.doctor_id]
    for hours in read.hours(window):
        if (day := days.get(hours.start.astimezone(zone).date())) is not None:
            day.hours.append((hours.start, hours.end))
    for day in days.values():
        begin, end = midnight(day.date, zone), midnight(day.date + ONE_DAY, zone)
        for off in read.off:
            if off.start < end and begin < off.end:
                day.is_away = day.is_away or (off.start <= begin and end <= off.end)
                day.away.append((max(off.start, begin), min(off.end, end)))
    return days


@never_cache
@login_required
@require_safe
def week(request: HttpRequest) -> HttpResponse:
    """Seven days side by side: the visits of each, the hours offered, the time off."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    zone = calendar.zone
    today = timezone.localdate(timezone=zone)
    first = _first_of_week(_day_asked_for(request, today))
    days = _days(calendar, first, 7)
    for visit in _shown(doctor, _period(first, 7, zone)).order_by("period").for_list():
        days[visit.start.astimezone(zone).date()].visits.append(visit)
    context = {
        "doctor": doctor,
        "zone": calendar.time_zone,
        "days": list(days.values()),
        "first": first,
        "last": first + timedelta(days=6),
        "today": today,
        "earlier": first - WEEK,
        "later": first + WEEK,
        "total": sum(len(day.visits) for day in days.values()),
    }
    return render(request, "appointments/calendar_week.html", context)


@never_cache
@login_required
@require_safe
def month(request: HttpRequest) -> HttpResponse:
    """How many visits each day of a month has, and where the doctor is away."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    zone = calendar.zone
    today = timezone.localdate(timezone=zone)
    asked = _day_asked_for(request, today).replace(day=1)
    following = (asked + timedelta(days=31)).replace(day=1)
    first = _first_of_week(asked)
    count = -(-(following - first).days // 7) * 7
    days = _days(calendar, first, count)
    for day, visits in _shown(doctor, _period(first, count, zone)).counts_by_day(zone):
        days[day].count = visits
    for day in days.values():
        day.is_other_month = day.date.month != asked.month
    listed = list(days.values())
    context = {
        "doctor": doctor,
        "month": asked,
        "weekdays": weekdays(),
        "weeks": [listed[start : start + 7] for start in range(0, count, 7)],
        "today": today,
        "earlier": (asked - ONE_DAY).replace(day=1),
        "later": following,
        "total": sum(day.count for day in listed if not day.is_other_month),
    }
    return render(request, "appointments/calendar_month.html", context)


@never_cache
@login_required
@require_safe
def agenda(request: HttpRequest) -> HttpResponse:
    """The visits from a day on, by day; or with `until` those before it, the latest first."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    zone = calendar.zone
    today = timezone.localdate(timezone=zone)
    day = _day_asked_for(request, today)
    backwards = "back" in request.GET
    begin = midnight(day, zone)
    visits = Appointment.objects.filter(doctor=doctor).exclude(status__in=NOT_SHOWN).for_list()
    if backwards:
        visits = visits.begun_before(begin).order_by("-period")
    else:
        visits = visits.begun_from(begin).order_by("period")
    page = Paginator(visits, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "doctor": doctor,
        "zone": calendar.time_zone,
        "page": page,
        "by_day": list(_by_day(page.object_list, zone)),
        "day": day,
        "today": today,
        "backwards": backwards,
    }
    return render(request, "appointments/calendar_agenda.html", context)


def _by_day(visits: list[Appointment], zone: ZoneInfo) -> Iterator[tuple[date, list[Appointment]]]:
    for day, of_it in groupby(visits, key=lambda visit: visit.start.astimezone(zone).date()):
        yield day, list(of_it)
