"""Changing a doctor's calendar. Appointments calls these, under the doctor's lock: it knows who is booked."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _

from config.db import constraint_name
from config.errors import DomainError
from doctors.models import Doctor
from scheduling.models import Calendar, TimeOff, WeeklyHours


class HoursOverlap(DomainError):
    message = _("Some of these hours overlap.")


class AlreadyOff(DomainError):
    message = _("You are away in a part of this time already.")


@transaction.atomic
def save_week(calendar: Calendar, hours: Sequence[WeeklyHours]) -> None:
    """Put these rules and hours in the place of the doctor's old ones. Raises HoursOverlap."""
    calendar.save()
    WeeklyHours.objects.filter(doctor=calendar.doctor_id).delete()
    try:
        with transaction.atomic():
            WeeklyHours.objects.bulk_create(hours)
    except IntegrityError as error:
        if constraint_name(error) == "weekly_hours_not_overlapping":
            raise HoursOverlap from error
        raise


@transaction.atomic
def take_time_off(doctor: Doctor, period: DateTimeTZRange) -> TimeOff:
    """Close this time. Raises AlreadyOff where it overlaps other time off."""
    try:
        with transaction.atomic():
            return TimeOff.objects.create(doctor=doctor, period=period)
    except IntegrityError as error:
        if constraint_name(error) == "time_off_not_overlapping":
            raise AlreadyOff from error
        raise
