"""A doctor's day, and what all pages of a practice ask first."""

from datetime import datetime, time, timedelta

from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from appointments.models import OCCUPYING, Appointment, Status, Wait
from appointments.views.times import other_zone
from doctors.models import Doctor
from scheduling.models import Calendar


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
            "waiting": Wait.objects.filter(doctor=doctor).waiting(midnight.date()).count(),
            "later": Appointment.objects.filter(doctor=doctor, status=Status.CONFIRMED, period__startswith__gte=day[1])
            .order_by("period")
            .for_list()[:5],
        },
    )
