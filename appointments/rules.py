"""Who may do what with an appointment, and when."""

from django.utils import timezone

from accounts.models import User
from appointments.models import OCCUPYING, Appointment, Status


def is_patient_side(user: User, appointment: Appointment) -> bool:
    """The patient, or a current guardian of the patient."""
    return Appointment.objects.held_by(user).filter(pk=appointment.pk).exists()


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


def can_pay(user: User, appointment: Appointment) -> bool:
    return is_booker(user, appointment) and appointment.is_live_hold


def can_extend(user: User, appointment: Appointment) -> bool:
    return can_pay(user, appointment) and not appointment.hold_extended


def can_attach(user: User, appointment: Appointment) -> bool:
    """Whether files can be put to the visit: by the patient's side, from the hold to the visit's end."""
    if appointment.status == Status.HELD and not appointment.is_live_hold:
        return False
    return appointment.status in OCCUPYING and is_patient_side(user, appointment)


def has_begun(appointment: Appointment) -> bool:
    """The patient was let in, or the time of the visit has come."""
    return appointment.status == Status.IN_PROGRESS or appointment.start <= timezone.now()
