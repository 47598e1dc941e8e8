"""A doctor's own pages: the day, and the week's hours."""

from datetime import datetime, time, timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from appointments import hours as practice
from appointments.models import OCCUPYING, Appointment, Status
from appointments.services import end_leave, lay_leave
from appointments.views.times import other_zone
from config.templatetags.portal import digits
from doctors.models import Doctor
from scheduling.forms import CalendarForm, HoursFormSet, TimeOffForm
from scheduling.models import Calendar, TimeOff
from scheduling.services import AlreadyOff, HoursOverlap


def own_doctor(request: HttpRequest) -> Doctor:
    """The profile of the signed-in doctor, its calendar and places with it; a 403 for everybody else."""
    doctor = Doctor.objects.select_related("calendar").prefetch_related("places").filter(user=request.user).first()
    if doctor is None:
        raise PermissionDenied
    return doctor


def calendar_of(doctor: Doctor) -> Calendar:
    """The doctor's calendar, or a new one with the usual rules."""
    return getattr(doctor, "calendar", None) or Calendar(doctor=doctor)


@never_cache
@login_required
@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The day's visits in order, and who comes next."""
    doctor = own_doctor(request)
    zone = calendar_of(doctor).zone
    midnight = datetime.combine(timezone.localdate(timezone=zone), time(), zone)
    day = (midnight, midnight + timedelta(days=1))
    visits = (
        Appointment.objects.filter(doctor=doctor, period__overlap=day)
        .exclude(status__in=[Status.HELD, Status.EXPIRED, Status.CANCELLED])
        .order_by("period")
        .for_list()
    )
    now = timezone.now()
    visits = list(visits)
    to_come = [visit for visit in visits if visit.end > now and visit.status in OCCUPYING]
    return render(
        request,
        "appointments/today.html",
        {
            "doctor": doctor,
            "visits": visits,
            "now": now,
            "to_come": len(to_come),
            "next_visit": to_come[0] if to_come else None,
            "other_zone": other_zone(doctor),
            "later": Appointment.objects.filter(doctor=doctor, status=Status.CONFIRMED, period__startswith__gte=day[1])
            .order_by("period")
            .for_list()[:5],
        },
    )


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def hours(request: HttpRequest) -> HttpResponse:
    """The rules and the hours of the week, in one form."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    data = request.POST if request.method == "POST" else None
    rules = CalendarForm(data, instance=calendar)
    week = HoursFormSet(data, form_kwargs={"doctor": doctor}, initial=None if data else _initial(doctor), prefix="week")
    status = 200
    if request.method == "POST":
        if rules.is_valid() and week.is_valid() and not any(week.errors):
            try:
                practice.save_week(doctor, rules.save(commit=False), week.rows())
            except HoursOverlap as refusal:
                rules.add_error(None, str(refusal.message))
            else:
                messages.success(request, _("Your hours are saved. Visits that are booked stay booked."))
                return redirect("appointments:hours")
        status = 422
    return render(request, "appointments/hours.html", _hours_page(doctor, calendar, rules, week), status=status)


def _initial(doctor: Doctor) -> list[dict[str, object]]:
    return [
        {"weekday": row.weekday, "start": row.start, "until": row.end, "modes": row.modes, "place": row.place_id}
        for row in doctor.weekly_hours.all()
    ]


def _hours_page(doctor: Doctor, calendar: Calendar, rules, week, time_off=None) -> dict[str, object]:
    return {
        "doctor": doctor,
        "calendar": calendar,
        "rules": rules,
        "week": week,
        "time_off": time_off or TimeOffForm(calendar),
        "outside": practice.visits_outside(doctor),
        "away": [
            _absence(row, calendar)
            for row in TimeOff.objects.filter(doctor=doctor, period__endswith__gt=timezone.now()).order_by("period")
        ],
    }


def _absence(time_off: TimeOff, calendar: Calendar) -> dict[str, object]:
    """A time off as people say it, on the doctor's own clock: whole days by their dates, else from when until when."""
    begin, end = (moment.astimezone(calendar.zone) for moment in (time_off.period.lower, time_off.period.upper))
    whole_days = begin.time() == end.time() == time()
    last = end.date() - timedelta(days=whole_days)
    return {
        "pk": time_off.pk,
        "whole_days": whole_days,
        "begin": begin,
        "end": end,
        "first": begin.date(),
        "last": last,
    }


@login_required
@require_POST
def add_time_off(request: HttpRequest) -> HttpResponse:
    """Close days or hours; who is booked in them is asked what to do."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    form = TimeOffForm(calendar, request.POST)
    if form.is_valid():
        try:
            outcome = lay_leave(doctor, form.cleaned_data["period"], by=request.user)
        except AlreadyOff as refusal:
            form.add_error("first", str(refusal.message))
        else:
            messages.success(request, _("Nobody can book in this time now."))
            if outcome.offers:
                told = ngettext(
                    "%(count)d patient is asked to choose another time, another doctor or the fee.",
                    "%(count)d patients are asked to choose another time, another doctor or the fee.",
                    len(outcome.offers),
                )
                messages.warning(request, digits(told % {"count": len(outcome.offers)}))
            return redirect("appointments:hours")
    week = HoursFormSet(form_kwargs={"doctor": doctor}, initial=_initial(doctor), prefix="week")
    page = _hours_page(doctor, calendar, CalendarForm(instance=calendar), week, form)
    return render(request, "appointments/hours.html", page, status=422)


@login_required
@require_POST
def remove_time_off(request: HttpRequest, pk: int) -> HttpResponse:
    doctor = own_doctor(request)
    end_leave(doctor, get_object_or_404(TimeOff, pk=pk, doctor=doctor))
    messages.success(request, _("This time is open again."))
    return redirect("appointments:hours")
