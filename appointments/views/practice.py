"""What all pages of a practice ask first."""

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest

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
