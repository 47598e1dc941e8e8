"""Changing a doctor's calendar. Appointments calls these, under the doctor's lock: it knows who is booked."""

from collections.abc import Sequence

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext_lazy as _

from config.db import constraint_name
from config.errors import DomainError
from doctors.models import Doctor
from scheduling.models import Calendar, ExtraHours, TimeOff, VisitType, WeeklyHours


class HoursOverlap(DomainError):
    message = _("Some of these hours overlap.")


class AlreadyOff(DomainError):
    message = _("You are away in a part of this time already.")


class ExtraOverlap(DomainError):
    message = _("These hours overlap extra hours that you offer already.")


class NameTaken(DomainError):
    message = _("Two kinds of visit have the same name.")


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


@transaction.atomic
def add_extra_hours(hours: ExtraHours) -> None:
    """Offer these hours once. Raises ExtraOverlap where they overlap others of that sort."""
    try:
        with transaction.atomic():
            hours.save()
    except IntegrityError as error:
        if constraint_name(error) == "extra_hours_not_overlapping":
            raise ExtraOverlap from error
        raise


@transaction.atomic
def save_visit_types(doctor: Doctor, types: Sequence[VisitType]) -> None:
    """Put these kinds of visit in the place of the doctor's old ones; those with a key stay the same row. Visits that
    are booked keep the name, the length and the fee that they were booked with. Raises NameTaken."""
    kept = [each.pk for each in types if each.pk is not None]
    VisitType.objects.filter(doctor=doctor).exclude(pk__in=kept).delete()
    # Out of each other's way: two may have exchanged their names.
    for old in VisitType.objects.filter(doctor=doctor):
        old.label = f"\N{MIDDLE DOT}{old.pk}"
        old.save(update_fields=["label"])
    try:
        with transaction.atomic():
            for each in types:
                each.save()
    except IntegrityError as error:
        if constraint_name(error) == "visit_type_not_twice_for_a_doctor":
            raise NameTaken from error
        raise
