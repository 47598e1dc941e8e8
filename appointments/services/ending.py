"""Calling a visit off, by either side or because its money went back."""

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments import notices
from appointments.errors import NotCancellable
from appointments.models import TRANSITIONS, Appointment, Status
from appointments.services.door import change_status, lock_booking
from patients.services import end_care
from payments.models import Charge, Refund
from payments.services import request_refund, void_charge


@transaction.atomic
def cancel_appointment(appointment: Appointment, *, by: User, side: str) -> Appointment:
    """Call a visit off: its time is open again at once, what was paid goes back whole, both sides are told.

    `side` is `patient` or `doctor`; what is not confirmed yet is the patient's alone. Raises NotCancellable when it
    began, ran out or was cancelled meanwhile.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.CONFIRMED:
        allowed = appointment.start > timezone.now()
    else:
        allowed = side == "patient" and (appointment.is_live_hold or appointment.status == Status.PAYMENT_REVIEW)
    if not allowed:
        raise NotCancellable
    call_off(appointment, by=by, side=side)
    if charge is not None:
        if charge.status == Charge.Status.OPEN:
            void_charge(charge)
        else:
            request_refund(charge, reason=Refund.Reason.CANCELLED, by=by)
    return appointment


def call_off(appointment: Appointment, *, by: User | None, side: str, code: str = "") -> None:
    """Cancel, end the care and tell those who knew of it. The caller holds the locks."""
    old = appointment.status
    change_status(appointment, Status.CANCELLED, by=by, code=code, cancelled_by=side)
    end_care(appointment.pk)
    if old != Status.HELD:
        notices.cancelled(appointment, by_side=side, doctor_knew=old != Status.PAYMENT_REVIEW)


def undo_booking(charge: Charge) -> None:
    """An administrator gave all of the charge back: the booking is off, if it has not been held."""
    found = Appointment.objects.filter(charge=charge).only("pk", "doctor_id", "patient_id", "charge_id").get()
    _charge, appointment = lock_booking(found)
    if Status.CANCELLED in TRANSITIONS[Status(appointment.status)]:
        call_off(appointment, by=None, side="admin", code="refunded")
