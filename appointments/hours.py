"""Every save of hours or leave: under the doctor's lock, so that no booking slips in between."""

from collections.abc import Sequence

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from appointments.models import OCCUPYING, Appointment, Status
from config.db import lock
from doctors.models import Doctor
from doctors.services import mark_stale
from scheduling import services as scheduling
from scheduling.calendars import read_calendars
from scheduling.models import Calendar, TimeOff, WeeklyHours
from scheduling.slots import Interval


@transaction.atomic
def save_week(doctor: Doctor, calendar: Calendar, hours: Sequence[WeeklyHours]) -> None:
    """Replace the doctor's rules and weekly hours. Visits that are booked stay booked. Locks the doctor's row."""
    lock(Doctor.objects.all(), [doctor.pk])
    scheduling.save_week(calendar, hours)
    mark_stale([doctor.pk])


@transaction.atomic
def take_time_off(doctor: Doctor, period: DateTimeTZRange) -> list[Appointment]:
    """Close this time for bookings and answer which booked visits lie in it: they stay booked until they are
    cancelled. Locks the doctor's row; raises scheduling's AlreadyOff."""
    lock(Doctor.objects.all(), [doctor.pk])
    scheduling.take_time_off(doctor, period)
    mark_stale([doctor.pk])
    inside = Appointment.objects.filter(doctor=doctor, period__overlap=period, status__in=OCCUPYING)
    return list(inside.exclude(status=Status.HELD).filter(period__endswith__gt=timezone.now()).for_list())


def visits_outside(doctor: Doctor) -> list[Appointment]:
    """The booked visits to come that the hours no longer hold, or that lie in time off: they stay booked.

    One query where nothing is booked, else four.
    """
    booked = list(Appointment.objects.filter(doctor=doctor).exclude(status=Status.HELD).coming().for_list())
    calendar = Calendar.objects.filter(doctor=doctor).first() if booked else None
    if calendar is None:
        return booked
    window = Interval(booked[0].start, max(visit.end for visit in booked))
    time = read_calendars([calendar], window, Appointment.objects.none())[doctor.pk]
    return [visit for visit in booked if not time.is_offered(Interval(visit.start, visit.end))]


@transaction.atomic
def come_back(doctor: Doctor, time_off: TimeOff) -> None:
    """Open this time again."""
    lock(Doctor.objects.all(), [doctor.pk])
    time_off.delete()
    mark_stale([doctor.pk])
