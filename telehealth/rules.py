"""Who may be in a room, on which side, and what each side may do."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Status
from appointments.rules import is_doctor_of, is_patient_side
from doctors.models import Mode
from telehealth.models import CLOSES_AFTER, NO_SHOW_AFTER, Consultation, RoomStatus, Side

TEST_BEFORE = timedelta(days=7)


def side_of(user: User, appointment: Appointment) -> Side | None:
    """On which side the user may be; None for strangers, and for a doctor who may not practise now.

    Takes the doctor along. Whoever is both, as a doctor who is the guardian of the patient, is the doctor here.
    """
    doctor = appointment.doctor
    if is_doctor_of(user, appointment):
        return Side.DOCTOR if doctor.verified_at is not None and doctor.suspended_at is None else None
    return Side.PATIENT if is_patient_side(user, appointment) else None


def has_room(appointment: Appointment) -> bool:
    """By video, and confirmed at some time."""
    held = (Status.CONFIRMED, Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW)
    return appointment.mode == Mode.VIDEO and appointment.status in held


def has_visit_ahead(user: User) -> bool:
    """Whether a video visit of theirs, on either side, runs or comes within a week: they may test the relay."""
    now = timezone.now()
    live = Appointment.objects.visible_to(user).filter(
        mode=Mode.VIDEO,
        status__in=[Status.CONFIRMED, Status.IN_PROGRESS],
        period__startswith__lt=now + TEST_BEFORE,
        period__endswith__gt=now - CLOSES_AFTER,
    )
    return live.exists()


def can_admit(consultation: Consultation) -> bool:
    return consultation.status == RoomStatus.WAITING


def can_say_no_show(consultation: Consultation) -> bool:
    """From ten minutes after the start, of somebody who was never let in."""
    begun = timezone.now() >= consultation.appointment.start + NO_SHOW_AFTER
    return consultation.status == RoomStatus.WAITING and begun


def can_complete(consultation: Consultation) -> bool:
    return consultation.status == RoomStatus.IN_CALL
