"""Calling a visit off, by either side or because its money went back."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments import notices, rules
from appointments.errors import LessComesBack, NotCancellable
from appointments.models import TRANSITIONS, Appointment, Offer, Status
from appointments.reminders import withdraw_reminders
from appointments.services.door import change_status, lock_booking
from patients.services import end_care
from payments.models import Charge, Refund
from payments.services import earn_charge, left_of_charge, release_borne, request_refund, void_charge


@transaction.atomic
def cancel_appointment(
    appointment: Appointment,
    *,
    by: User,
    side: str,
    reason: str = "",
    words: str = "",
    promised: Decimal = Decimal(0),
) -> Appointment:
    """Call a visit off: its time is open again at once, and both sides are told.

    Of what was paid all goes back when the doctor calls it off, what the booking's terms say when the patient does; the
    doctor has earned the rest. `side` is `patient` or `doctor`, `reason` one of that side's codes; what is not
    confirmed yet is the patient's alone. `words` may speak of health: they stay on the booking. `promised` is what the
    page said would come back. Raises NotCancellable when it began, ran out or was cancelled meanwhile, LessComesBack
    when an hour has passed after which it is less than was promised.
    """
    charge, appointment = lock_booking(appointment)
    now = timezone.now()
    if appointment.status == Status.CONFIRMED:
        allowed = appointment.start > now
    else:
        allowed = side == "patient" and (appointment.is_live_hold or appointment.status == Status.PAYMENT_REVIEW)
    if not allowed:
        raise NotCancellable
    if would_come_back(appointment, side=side) < promised:
        raise LessComesBack
    terms_hold = follows_terms(appointment, side=side)
    back = give_back(appointment, charge, now=now if terms_hold else None, by=by)
    call_off(appointment, by=by, side=side, code=reason, back=back, cancel_reason=reason, cancel_words=words)
    return appointment


def give_back(appointment: Appointment, charge: Charge | None, *, now: datetime | None, by: User | None) -> Decimal:
    """Promise back what is due of a booking that is called off, and answer how much; the doctor earns the rest.

    All is due without `now`; with it, what the terms give the patient at that moment. The caller holds the locks.
    """
    if charge is None:
        return Decimal(0)
    if charge.status == Charge.Status.OPEN:
        void_charge(charge)
        return Decimal(0)
    paid = left_of_charge(charge)
    back = paid if now is None else appointment.terms.given_back(paid, start=appointment.start, now=now)
    if back:
        request_refund(charge, amount=back, reason=Refund.Reason.CANCELLED, by=by)
    release_borne(charge)
    if back < paid:
        earn_charge(charge, doctor=appointment.doctor)
    return back


def follows_terms(appointment: Appointment, *, side: str) -> bool:
    """Whether what goes back is as the booking's terms say: not when the doctor cancels, nor while the patient is asked
    about what the doctor changed."""
    if side != "patient" or appointment.status != Status.CONFIRMED:
        return False
    return not rules.has_say(appointment)


def would_come_back(appointment: Appointment, *, side: str) -> Decimal:
    """What `cancel_appointment` would give back at this moment: what its page promises. Nothing is changed."""
    charge = appointment.charge
    if charge is None or charge.status not in (Charge.Status.PAID, Charge.Status.REVIEW):
        return Decimal(0)
    paid = left_of_charge(charge)
    if not follows_terms(appointment, side=side):
        return paid
    return appointment.terms.given_back(paid, start=appointment.start, now=timezone.now())


def call_off(
    appointment: Appointment,
    *,
    by: User | None,
    side: str,
    code: str = "",
    back: Decimal = Decimal(0),
    replaced: bool = False,
    **changes: object,
) -> None:
    """Cancel, end the care and tell those who knew of it, with what goes `back`, or that another booking is in its
    place. The caller holds the locks."""
    old = appointment.status
    change_status(appointment, Status.CANCELLED, by=by, code=code, cancelled_by=side, **changes)
    end_care(appointment.pk)
    open_offers = Offer.objects.filter(appointment=appointment, status=Offer.Status.OPEN)
    open_offers.update(status=Offer.Status.WITHDRAWN, closed_at=timezone.now())
    withdraw_reminders(appointment)
    if old != Status.HELD:
        notices.cancelled(
            appointment, by_side=side, back=back, doctor_knew=old != Status.PAYMENT_REVIEW, replaced=replaced
        )


def undo_booking(charge: Charge) -> None:
    """An administrator gave all of the charge back: the booking is off, if it has not been held."""
    found = Appointment.objects.filter(charge=charge).only("pk", "doctor_id", "patient_id", "charge_id").get()
    _charge, appointment = lock_booking(found)
    if Status.CANCELLED in TRANSITIONS[Status(appointment.status)]:
        release_borne(charge)
        call_off(appointment, by=None, side="admin", code="refunded", back=charge.refunded)
