"""Visits that took place and what was said of them, with as little as that takes."""

from datetime import timedelta
from itertools import count
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Case, Status
from doctors.models import Mode
from patients.models import Patient
from reviews.models import Review
from reviews.services import Words, post_review

_minutes = count()


def visited(
    doctor: User, by: User, *, ago: timedelta = timedelta(days=1), patient: Patient | None = None, **facts: Any
) -> Appointment:
    """A visit that ended so long ago: written as it stands at its end, each a little before the one before."""
    end = timezone.now() - ago - timedelta(seconds=next(_minutes))
    period = DateTimeTZRange(end - timedelta(minutes=15), end)
    facts = {"status": Status.COMPLETED, "mode": Mode.VIDEO, "fee": 0} | facts
    return Appointment.objects.create(
        doctor=doctor.doctor, patient=patient or by.patient, booked_by=by, period=period, blocked=period, **facts
    )


def reviewed(doctor: User, by: User, stars: int = 5, *, signed_as: str = "", **words: Any) -> Review:
    """A review of a visit of its own, through the service that the page calls."""
    said = Words(stars=stars, signed_as=signed_as, **words)
    review, is_new = post_review(visited(doctor, by), said, by=by)
    assert is_new
    return review


def contested(visit: Appointment, *, by: User) -> Case:
    """The doctor said that the visit did not take place, and was right."""
    return Case.objects.create(
        appointment=visit,
        kind=Case.Kind.CONTEST,
        side="doctor",
        status=Case.Status.DECIDED,
        outcome=Case.Outcome.PATIENT_MISSED,
        by=by,
        closed_at=timezone.now(),
    )
