"""Every save of hours or leave: under the doctor's lock, so that no booking slips in between."""

from collections.abc import Sequence

from django.db import transaction

from appointments.models import Appointment, Status
from config.db import lock
from doctors.models import Doctor
from doctors.services import mark_stale
from scheduling import services as scheduling
from scheduling.calendars import read_calendars
from scheduling.models import Calendar, WeeklyHours
from scheduling.slots import Interval


@transaction.atomic
def save_week(doctor: Doctor, calendar: Calendar, hours: Sequence[WeeklyHours]) -> None:
    """Replace the doctor's rules and weekly hours. Visits that are booked stay booked. Locks the doctor's row."""
    lock(Doctor.objects.all(), [doctor.pk])
    scheduling.save_week(calendar, hours)
    mark_stale([doctor.pk])


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
