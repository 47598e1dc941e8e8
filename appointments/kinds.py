"""Which kinds of visit a person can choose with a doctor: those that the doctor offers, and to whom."""

from datetime import datetime
from typing import Any

from appointments.models import Appointment, Status
from doctors.models import Doctor
from scheduling.models import Calendar, VisitKind
from scheduling.visits import OfferedVisit, follow_up_until, kinds_of, within

# In the place of a type's number: whichever of the doctor's types is for those who come again.
FOLLOW_UP = VisitKind.FOLLOW_UP.value


def kinds_for(user: Any, doctor: Doctor, calendar: Calendar, *, now: datetime) -> tuple[list[OfferedVisit], bool]:
    """What this person can book, the usual visit first, and whether that leaves out follow-ups that the doctor offers:
    they are for times that still follow a visit of somebody for whom the person acts.

    One query, and two more where the doctor offers follow-ups. A hold looks again, at the one patient.
    """
    kinds = kinds_of(calendar, doctor, doctor.visit_types.filter(is_active=True))
    if not any(visit.is_follow_up for visit in kinds):
        return kinds, False
    seen_at = _last_seen(user, doctor)
    until = follow_up_until(doctor, calendar, seen_at) if seen_at else None
    if until is None or until <= now:
        return [visit for visit in kinds if not visit.is_follow_up], True
    return [within(visit, until, now) if visit.is_follow_up else visit for visit in kinds], False


def _last_seen(user: Any, doctor: Doctor) -> datetime | None:
    """When the latest visit of those for whom the user acts was over."""
    if not user.is_authenticated:
        return None
    done = Appointment.objects.held_by(user).filter(doctor=doctor, status=Status.COMPLETED)
    latest = done.order_by("-period").values_list("period", flat=True).first()
    return latest.upper if latest else None


def chosen(kinds: list[OfferedVisit], wanted: str) -> OfferedVisit | None:
    """The kind of visit that an address names, the usual one where it names none; None where it is not among them."""
    if not wanted:
        return kinds[0] if kinds else None
    if wanted == FOLLOW_UP:
        return next((visit for visit in kinds if visit.is_follow_up), None)
    return next((visit for visit in kinds if str(visit.type_id) == wanted), None)


def number_of(wanted: str) -> int | None:
    """The type's number that an address names; None for the usual visit, and 0, which no type has, for nonsense."""
    if not wanted:
        return None
    return int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else 0
