"""The bookings of each day, as administrators see them: counted in the database, by the portal's days.

A visit counts on the day on which it begins, and a hold on the day on which it was taken; both as they stand now, so
that a day which is over changes with what is decided later.
"""

from collections.abc import Iterator
from datetime import date
from typing import Any

from django.db.models import Case, Count, F, TextField, Value, When
from django.db.models.functions import TruncDate, TruncMonth

from appointments.models import Appointment, AppointmentQuerySet, Status
from appointments.models.booking import never_booked
from config.days import span, zone
from doctors.models import DoctorSpecialty

# What became of a time that was held, where that is not its status: the visit is still to come, or goes on; it was
# never more than a hold.
AHEAD, LET_GO = "ahead", "let_go"
OVER = (Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED)
HELD, BOOKED = "held", "booked"


def _begun(first: date, last: date) -> AppointmentQuerySet:
    begin, end = span(first, last)
    return Appointment.objects.filter(period__startswith__gte=begin, period__startswith__lt=end).order_by()


def _day(moment: Any) -> TruncDate:
    return TruncDate(moment, tzinfo=zone())


def visits_by_day(first: date, last: date) -> Iterator[tuple[date, str, int]]:
    """How many visits of each outcome begin on a day."""
    outcome = Case(
        When(never_booked(), then=Value(LET_GO)),
        When(status__in=OVER, then=F("status")),
        default=Value(AHEAD),
        output_field=TextField(),
    )
    rows = _begun(first, last).values(day=_day(F("period__startswith")), outcome=outcome)
    yield from rows.annotate(visits=Count("pk")).values_list("day", "outcome", "visits")


def specialties_by_day(first: date, last: date) -> Iterator[tuple[date, str, int]]:
    """How many visits that were booked and not called off begin on a day, by the key of their doctor's first specialty,
    as it is now."""
    firsts = DoctorSpecialty.objects.order_by("doctor", "position", "pk").distinct("doctor").values("pk")
    kept = _begun(first, last).exclude(status__in=[Status.HELD, Status.EXPIRED, Status.CANCELLED])
    rows = kept.filter(doctor__doctor_specialties__in=firsts).values(
        day=_day(F("period__startswith")), specialty=F("doctor__doctor_specialties__specialty")
    )
    for day, specialty, visits in rows.annotate(visits=Count("pk")).values_list("day", "specialty", "visits"):
        yield day, str(specialty), visits


def holds_by_day(first: date, last: date) -> Iterator[tuple[date, str, int]]:
    """How many times were held on a day, and how many of these holds came to a booking: paid, free of charge, or to be
    paid at the desk. What took the place of another visit is no step of somebody who looks for a doctor."""
    begin, end = span(first, last)
    held = Appointment.objects.filter(created_at__gte=begin, created_at__lt=end, replaces=None).order_by()
    counts = {"held": Count("pk"), "booked": Count("pk", filter=~never_booked())}
    for day, holds, booked in held.values(day=_day("created_at")).annotate(**counts).values_list("day", *counts):
        yield day, HELD, holds
        yield day, BOOKED, booked


def active_by_month(first: date, last: date) -> Iterator[tuple[date, int, int]]:
    """How many doctors, and how many patients, had a visit that took place in these days, by month."""
    month = TruncMonth(F("period__startswith"), tzinfo=zone())
    took_place = _begun(first, last).filter(status=Status.COMPLETED).values(month=month)
    counts = {"doctors": Count("doctor", distinct=True), "patients": Count("patient", distinct=True)}
    for begin, doctors, patients in took_place.annotate(**counts).values_list("month", *counts):
        yield begin.astimezone(zone()).date(), doctors, patients
