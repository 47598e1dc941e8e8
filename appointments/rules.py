"""Who may do what with an appointment, and when."""

from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from appointments.models import OCCUPYING, Appointment, Case, Offer, Status
from doctors.models import Mode
from patients.models import Patient


def is_patient_side(user: User, appointment: Appointment) -> bool:
    """The patient, or a current guardian of the patient."""
    return Patient.objects.acted_for_by(user).filter(pk=appointment.patient_id).exists()


def is_doctor_of(user: User, appointment: Appointment) -> bool:
    return appointment.doctor.user_id == user.pk


def is_booker(user: User, appointment: Appointment) -> bool:
    """The account that holds the time: it pays."""
    return appointment.booked_by_id == user.pk


def can_cancel(user: User, appointment: Appointment) -> bool:
    """Either side, until the visit begins; what is not confirmed yet only the patient's."""
    if appointment.status == Status.PAYMENT_REVIEW or appointment.is_live_hold:
        return is_patient_side(user, appointment)
    if appointment.status != Status.CONFIRMED or appointment.start <= timezone.now():
        return False
    return is_doctor_of(user, appointment) or is_patient_side(user, appointment)


def can_move(user: User, appointment: Appointment) -> bool:
    """The patient's side until the hour that the terms name or while it has a say, the doctor until it begins."""
    if appointment.status != Status.CONFIRMED or appointment.start <= timezone.now():
        return False
    if not is_patient_side(user, appointment):
        return is_doctor_of(user, appointment)
    return timezone.now() < appointment.move_until or has_say(appointment)


def has_say(appointment: Appointment) -> bool:
    """Whether the patient is still asked about what the doctor changed."""
    return Offer.objects.open().filter(appointment=appointment).exists()


def can_pay(user: User, appointment: Appointment) -> bool:
    return is_booker(user, appointment) and appointment.is_live_hold


def can_extend(user: User, appointment: Appointment) -> bool:
    return can_pay(user, appointment) and not appointment.hold_extended


def can_attach(user: User, appointment: Appointment) -> bool:
    """Whether files can be put to the visit: by the patient's side, from the hold to the visit's end."""
    if appointment.status == Status.HELD and not appointment.is_live_hold:
        return False
    return appointment.status in OCCUPYING and is_patient_side(user, appointment)


def is_left_open(appointment: Appointment) -> bool:
    """Whether it was over a day ago, and nobody has said what came of it."""
    open_still = appointment.status in (Status.CONFIRMED, Status.IN_PROGRESS)
    return open_still and appointment.end <= timezone.now() - settings.LEFT_OPEN_AFTER


def can_finish(user: User, appointment: Appointment, *, outcome: str) -> bool:
    """Whether the doctor may say what came of a visit at the chamber: missed only after the grace."""
    if not is_doctor_of(user, appointment) or appointment.mode != Mode.IN_PERSON:
        return False
    grace = settings.NO_SHOW_GRACE if outcome == "no_show" else timedelta(0)
    open_still = appointment.status in (Status.CONFIRMED, Status.IN_PROGRESS)
    return open_still and appointment.start + grace <= timezone.now()


def may_contest(appointment: Appointment, *, side: str) -> bool:
    """Whether that side may still say that it was otherwise: who is said not to have come, and the patient's side of a
    visit that is said to have taken place; once, and some days long."""
    match appointment.status:
        case Status.NO_SHOW:
            concerned = appointment.no_show_by == side
        case Status.COMPLETED:
            concerned = side == "patient"
        case _:
            return False
    said = appointment.events.filter(new=appointment.status).order_by("-pk").first()
    if not concerned or said is None or said.at <= timezone.now() - settings.CONTEST_WITHIN:
        return False
    asked = Case.objects.filter(appointment=appointment)
    return not asked.filter(Q(status=Case.Status.OPEN) | Q(kind=Case.Kind.CONTEST, side=side)).exists()


def has_begun(appointment: Appointment) -> bool:
    """The patient was let in, or the time of the visit has come."""
    return appointment.status == Status.IN_PROGRESS or appointment.start <= timezone.now()
