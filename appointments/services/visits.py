"""The visit itself: begun, done, or missed by a side."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments import notices, rules
from appointments.errors import IllegalChange
from appointments.models import Appointment, Status
from appointments.services.cases import settle_cases
from appointments.services.door import change_status, lock_booking
from payments.models import Charge, Refund
from payments.services import earn_charge, request_refund, void_charge


@transaction.atomic
def begin_visit(appointment: Appointment, *, by: User) -> Appointment:
    """The patient is with the doctor now; begun already, nothing changes. Raises IllegalChange if called off."""
    _charge, appointment = lock_booking(appointment)
    if appointment.status != Status.IN_PROGRESS:
        change_status(appointment, Status.IN_PROGRESS, by=by)
    return appointment


@transaction.atomic
def complete_visit(appointment: Appointment, *, by: User | None, code: str = "") -> Appointment:
    """The doctor is done: the fee is earned, and the patient's side is told; done already, nothing changes.

    Raises IllegalChange when it was called off or missed meanwhile, or has not begun.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.COMPLETED:
        return appointment
    if appointment.status == Status.NO_SHOW or not rules.has_begun(appointment):
        raise IllegalChange
    change_status(appointment, Status.COMPLETED, by=by, code=code)
    settle_cases(appointment)
    if charge is not None:
        earn_charge(charge, doctor=appointment.doctor)
    notices.completed(appointment)
    return appointment


@transaction.atomic
def mark_no_show(appointment: Appointment, *, side: str, by: User | None, code: str = "") -> Appointment:
    """`side` did not come, and both are told; written down already, nothing changes.

    The time of a patient who stays away was kept, and the fee is earned; that of a doctor who does goes back whole.
    Raises IllegalChange when it was called off or is done, or its time has not come.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.NO_SHOW:
        return appointment
    if appointment.status == Status.COMPLETED or appointment.start > timezone.now():
        raise IllegalChange
    change_status(appointment, Status.NO_SHOW, by=by, code=code, no_show_by=side)
    settle_cases(appointment)
    if charge is not None:
        _settle_no_show(charge, appointment)
    notices.missed(appointment)
    return appointment


@transaction.atomic
def ask_to_follow_up(appointment: Appointment) -> None:
    """Ask the patient's side, once, to book a follow-up of a visit that took place. Raises IllegalChange for others."""
    _charge, appointment = lock_booking(appointment)
    if appointment.status != Status.COMPLETED:
        raise IllegalChange
    notices.follow_up(appointment)


def _settle_no_show(charge: Charge, appointment: Appointment) -> None:
    if charge.status == Charge.Status.OPEN:
        void_charge(charge)
    elif appointment.no_show_by == "doctor":
        request_refund(charge, reason=Refund.Reason.MISSED)
    else:
        earn_charge(charge, doctor=appointment.doctor)
