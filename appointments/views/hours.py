"""A doctor's hours: of the week, extra hours and time off; and the kinds of visit."""

from datetime import time, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from appointments import hours as practice
from appointments.services import end_leave
from appointments.views.practice import calendar_of, own_doctor
from config.templatetags.portal import digits
from doctors.models import Doctor
from scheduling.forms import CalendarForm, CopyForm, ExtraHoursForm, HoursFormSet, TimeOffForm, VisitTypeFormSet
from scheduling.forms.visits import initial_of
from scheduling.models import Calendar, ExtraHours, TimeOff
from scheduling.services import AlreadyOff, ExtraOverlap, HoursOverlap, NameTaken
from scheduling.visits import kinds_of
from scheduling.week import names_of

# What the page that names the visits sends beside the form that it repeats.
NOT_REPEATED = ("csrfmiddlewaretoken", "seen", "edit")


# The week ----------------------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def hours(request: HttpRequest) -> HttpResponse:
    """The rules and the hours of the week, in one form: to save, to copy a day in, or to look at once more."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    if request.method != "POST":
        return _page(request, doctor, calendar)
    rules, week = CalendarForm(request.POST, instance=calendar), _week(doctor, request.POST)
    if "edit" in request.POST:
        return _page(request, doctor, calendar, rules=rules, week=week)
    if "copy" in request.POST:
        return _copy(request, doctor, calendar, rules, week)
    if rules.is_valid() and week.is_valid() and not any(week.errors):
        try:
            practice.save_week(doctor, rules.save(commit=False), week.rows(), seen=_seen(request))
        except practice.ConcernsVisits as refusal:
            return _concerns(request, refusal, doing="hours")
        except HoursOverlap as refusal:
            rules.add_error(None, str(refusal.message))
        else:
            messages.success(request, _("Your hours are saved. Visits that are booked stay booked."))
            return redirect("appointments:hours")
    return _page(request, doctor, calendar, rules=rules, week=week, status=422)


def _copy(request: HttpRequest, doctor: Doctor, calendar: Calendar, rules: CalendarForm, week: Any) -> HttpResponse:
    """The form again, the hours of one day put into others: nothing is saved."""
    copy = CopyForm(request.POST)
    if not week.is_valid() or any(week.errors) or not copy.is_valid():
        return _page(request, doctor, calendar, rules=rules, week=week, copy=copy, status=422)
    week = _week(doctor, initial=copy.copied(week.typed()))
    return _page(request, doctor, calendar, rules=rules, week=week, copied=True)


def _week(doctor: Doctor, data: Any = None, initial: list[dict[str, Any]] | None = None) -> Any:
    return HoursFormSet(data, form_kwargs={"doctor": doctor}, initial=initial, prefix="week")


def _stored(doctor: Doctor) -> list[dict[str, Any]]:
    return [
        {
            "weekday": row.weekday,
            "start": row.start,
            "until": row.end,
            "modes": row.modes,
            "place": row.place_id,
            "first": row.first,
            "last": row.last,
        }
        for row in doctor.weekly_hours.all()
    ]


def _page(
    request: HttpRequest,
    doctor: Doctor,
    calendar: Calendar,
    *,
    rules: CalendarForm | None = None,
    week: Any = None,
    status: int = 200,
    **more: Any,
) -> HttpResponse:
    now = timezone.now()
    extra = ExtraHours.objects.filter(doctor=doctor, period__endswith__gt=now).order_by("period")
    away = TimeOff.objects.filter(doctor=doctor, period__endswith__gt=now).order_by("period")
    places = {place.pk: place for place in doctor.places.all()}
    context = {
        "doctor": doctor,
        "calendar": calendar,
        "rules": rules or CalendarForm(instance=calendar),
        "week": week or _week(doctor, initial=_stored(doctor)),
        "copy": CopyForm(),
        "shown_day": _shown_day(request, calendar),
        "time_off": TimeOffForm(calendar),
        "extra": ExtraHoursForm(doctor, calendar, prefix="extra"),
        "outside": practice.visits_outside(doctor),
        "extra_hours": [(row, names_of(row.modes), places.get(row.place_id)) for row in extra],
        "away": [_absence(row, calendar) for row in away],
    }
    return render(request, "appointments/hours.html", context | more, status=status)


def _shown_day(request: HttpRequest, calendar: Calendar) -> int:
    """The weekday that a phone shows: the one that was chosen there, or today's."""
    shown = request.POST.get("shown", "")
    return (
        int(shown)
        if shown in {"0", "1", "2", "3", "4", "5", "6"}
        else timezone.localdate(timezone=calendar.zone).weekday()
    )


# What a save concerns ----------------------------------------------------------------------------------------------


def _seen(request: HttpRequest) -> set[UUID]:
    """The visits that the page named which the form was sent from."""
    found = set()
    for text in request.POST.getlist("seen"):
        try:
            found.add(UUID(text))
        except ValueError:
            continue
    return found


def _concerns(request: HttpRequest, refusal: practice.ConcernsVisits, *, doing: str) -> HttpResponse:
    """The visits that this would concern, and what becomes of each; the form is repeated below, to be sent again."""
    fields = [(name, value) for name, values in request.POST.lists() for value in values if name not in NOT_REPEATED]
    context = {
        "doing": doing,
        "visits": refusal.visits,
        "fields": fields,
        "zone": calendar_of(own_doctor(request)).time_zone,
    }
    return render(request, "appointments/hours_conflicts.html", context, status=409)


# Extra hours and time off ------------------------------------------------------------------------------------------


@login_required
@require_POST
def add_extra_hours(request: HttpRequest) -> HttpResponse:
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    form = ExtraHoursForm(doctor, calendar, request.POST, prefix="extra")
    if form.is_valid():
        try:
            practice.add_extra_hours(form.hours())
        except ExtraOverlap as refusal:
            form.add_error("start", str(refusal.message))
        else:
            messages.success(request, _("Patients can book these hours now."))
            return redirect("appointments:hours")
    return _page(request, doctor, calendar, extra=form, status=422)


@login_required
@require_POST
def remove_extra_hours(request: HttpRequest, pk: int) -> HttpResponse:
    doctor = own_doctor(request)
    extra = get_object_or_404(ExtraHours, pk=pk, doctor=doctor)
    try:
        practice.remove_extra_hours(doctor, extra, seen=_seen(request))
    except practice.ConcernsVisits as refusal:
        return _concerns(request, refusal, doing="extra")
    messages.success(request, _("These hours are not offered any more."))
    return redirect("appointments:hours")


@login_required
@require_POST
def add_time_off(request: HttpRequest) -> HttpResponse:
    """Close days or hours; booked visits in them are named first."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    form = TimeOffForm(calendar, request.POST)
    if "edit" in request.POST:
        return _page(request, doctor, calendar, time_off=form)
    if form.is_valid():
        try:
            outcome = practice.take_time_off(doctor, form.cleaned_data["period"], by=request.user, seen=_seen(request))
        except practice.ConcernsVisits as refusal:
            return _concerns(request, refusal, doing="leave")
        except AlreadyOff as refusal:
            form.add_error("first", str(refusal.message))
        else:
            messages.success(request, _("Nobody can book in this time now."))
            if outcome.offers:
                told = ngettext(
                    "%(count)s patient is asked to choose another time, another doctor or the fee.",
                    "%(count)s patients are asked to choose another time, another doctor or the fee.",
                    len(outcome.offers),
                )
                messages.warning(request, told % {"count": digits(len(outcome.offers))})
            return redirect("appointments:hours")
    return _page(request, doctor, calendar, time_off=form, status=422)


@login_required
@require_POST
def remove_time_off(request: HttpRequest, pk: int) -> HttpResponse:
    doctor = own_doctor(request)
    end_leave(doctor, get_object_or_404(TimeOff, pk=pk, doctor=doctor))
    messages.success(request, _("This time is open again."))
    return redirect("appointments:hours")


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


# Kinds of visit ----------------------------------------------------------------------------------------------------


@never_cache
@login_required
@require_http_methods(["GET", "POST"])
def visit_types(request: HttpRequest) -> HttpResponse:
    """The kinds of visit beside the usual one."""
    doctor = own_doctor(request)
    calendar = calendar_of(doctor)
    data = request.POST if request.method == "POST" else None
    initial = None if data is not None else initial_of(list(doctor.visit_types.all()))
    types = VisitTypeFormSet(data, form_kwargs={"doctor": doctor}, initial=initial, prefix="types")
    if data is not None and types.is_valid() and not any(types.errors):
        try:
            practice.save_visit_types(doctor, types.types(doctor))
        except NameTaken as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("Your kinds of visit are saved. Visits that are booked stay as they are."))
            return redirect("appointments:visit_types")
    context = {
        "doctor": doctor,
        "calendar": calendar,
        "types": types,
        "formsets": [types],
        "usual": next(iter(kinds_of(calendar, doctor, [])), None),
    }
    return render(request, "appointments/visit_types.html", context, status=200 if data is None else 422)
