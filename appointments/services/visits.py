"""The visit itself: begun, done, or missed by a side."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments import notices, rules
from appointments.errors import IllegalChange
from appointments.models import Appointment, Status
from appointments.services.door import change_status, lock_booking
from payments.models import Charge, Refund
from payments.services import earn_charge, request_refund


@transaction.atomic
def begin_visit(appointment: Appointment, *, by: User) -> Appointment:
    """The patient is with the doctor now; begun already, nothing changes. Raises IllegalChange if called off."""
    _charge, appointment = lock_booking(appointment)
    if appointment.status != Status.IN_PROGRESS:
        change_status(appointment, Status.IN_PROGRESS, by=by)
    return appointment


@transaction.atomic
def complete_visit(appointment: Appointment, *, by: User) -> Appointment:
    """The doctor is done: the fee is earned, and the patient's side is told; done already, nothing changes.

    Raises IllegalChange when it was called off or missed meanwhile, or has not begun.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.COMPLETED:
        return appointment
    if appointment.status == Status.NO_SHOW or not rules.has_begun(appointment):
        raise IllegalChange
    change_status(appointment, Status.COMPLETED, by=by)
    if charge is not None:
        earn_charge(charge, doctor=appointment.doctor)
    notices.completed(appointment)
    return appointment


@transaction.atomic
def mark_no_show(appointment: Appointment, *, side: str, by: User) -> Appointment:
    """`side` did not come, and the patient's side is told; written down already, nothing changes.

    The time of a patient who stays away was kept, and the fee is earned; that of a doctor who does goes back whole.
    Raises IllegalChange when it was called off or is done, or its time has not come.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.NO_SHOW:
        return appointment
    if appointment.status == Status.COMPLETED or appointment.start > timezone.now():
        raise IllegalChange
    change_status(appointment, Status.NO_SHOW, by=by, no_show_by=side)
    if charge is not None:
        _settle_no_show(charge, appointment)
    notices.missed(appointment)
    return appointment


def _settle_no_show(charge: Charge, appointment: Appointment) -> None:
    if appointment.no_show_by == "doctor":
        request_refund(charge, reason=Refund.Reason.MISSED)
    else:
        earn_charge(charge, doctor=appointment.doctor)
