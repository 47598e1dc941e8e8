"""Which kinds of visit a person can choose with a doctor: those that the doctor offers, and to whom."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Max

from appointments.models import Appointment, Status, Wait
from appointments.rules import has_say
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
    found = [_following(visit, doctor, calendar, seen_at, now) if visit.is_follow_up else visit for visit in kinds]
    kept = [visit for visit in found if visit is not None]
    return kept, len(kept) < len(kinds)


def _following(
    visit: OfferedVisit, doctor: Doctor, calendar: Calendar, seen_at: datetime | None, now: datetime
) -> OfferedVisit | None:
    """This follow-up, for times that still follow what was over then; None where there are none any more."""
    until = follow_up_until(doctor, calendar, seen_at) if seen_at else None
    return within(visit, until, now) if until is not None and until > now else None


def _last_seen(user: Any, doctor: Doctor) -> datetime | None:
    """When the latest visit of those for whom the user acts was over."""
    if not user.is_authenticated:
        return None
    done = Appointment.objects.held_by(user).filter(doctor=doctor, status=Status.COMPLETED)
    latest = done.order_by("-period").values_list("period", flat=True).first()
    return latest.upper if latest else None


def kinds_waited_for(
    waits: Collection[Wait], doctor: Doctor, calendar: Calendar, *, now: datetime
) -> dict[UUID, OfferedVisit]:
    """What each of these waits is for, by its key; without those for which the doctor has no such visit any more, or
    for a follow-up of what lies too long ago.

    No query beside the waits' with their types, and one where somebody waits for a follow-up.
    """
    types = {wait.visit_type_id: wait.visit_type for wait in waits if wait.visit_type is not None}
    offered = {visit.type_id: visit for visit in kinds_of(calendar, doctor, types.values())}
    found = {wait.pk: visit for wait in waits if (visit := offered.get(wait.visit_type_id)) is not None}
    following = [wait for wait in waits if wait.pk in found and found[wait.pk].is_follow_up]
    seen_at = _last_seen_of({wait.patient_id for wait in following}, doctor) if following else {}
    for wait in following:
        visit = _following(found.pop(wait.pk), doctor, calendar, seen_at.get(wait.patient_id), now)
        if visit is not None:
            found[wait.pk] = visit
    return found


def moves_until(appointment: Appointment, *, side: str) -> datetime | None:
    """Before when that side may let the visit begin; None for no end but the horizon.

    A follow-up stays one within its days, unless it is the doctor who moves it or had changed it.
    """
    if side == "doctor" or appointment.visit_kind != VisitKind.FOLLOW_UP or has_say(appointment):
        return None
    calendar = Calendar.objects.filter(doctor=appointment.doctor_id).first()
    seen_at = _last_seen_of({appointment.patient_id}, appointment.doctor).get(appointment.patient_id)
    return follow_up_until(appointment.doctor, calendar, seen_at) if calendar and seen_at else None


def _last_seen_of(patients: Collection[UUID], doctor: Doctor) -> dict[UUID, datetime]:
    """When the latest visit of each of these patients with this doctor was over."""
    done = Appointment.objects.filter(patient__in=patients, doctor=doctor, status=Status.COMPLETED).order_by()
    return dict(done.values("patient").annotate(at=Max("period__endswith")).values_list("patient", "at"))


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
