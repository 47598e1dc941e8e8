"""From a hold to a seat: the charge, its settlement, and money that comes late."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from appointments import notices
from appointments.errors import IllegalChange
from appointments.models import Appointment, Status
from appointments.open_times import find_slot_like
from appointments.services.door import change_status, lock_booking
from appointments.services.holds import expire_lapsed_holds, lengthen
from appointments.services.offers import offer_if_away
from appointments.services.tokens import give_token
from appointments.waiting_list import end_wait
from config.db import constraint_name
from config.templatetags.portal import instant
from doctors.models import Doctor
from patients.services import begin_care, phone_of
from payments.models import Charge, Refund
from payments.services import earn_charge, open_charge, request_refund
from scheduling.slots import Interval

log = structlog.get_logger()


@transaction.atomic
def start_payment(appointment: Appointment, *, by: User) -> Charge | None:
    """The charge of a hold, opened at the first call, and the hold lengthened to twenty minutes in all.

    A visit that is free of charge is confirmed at once, and there is no charge: None. Raises IllegalChange when the
    hold ran out.
    """
    charge, appointment = lock_booking(appointment)
    if not appointment.is_live_hold:
        raise IllegalChange(_("The time was not kept any longer. Please choose a time again."))
    if appointment.fee == 0:
        confirm(appointment, by=by)
        return None
    if charge is None:
        charge = owe_fee(appointment, payer=by, due_at=appointment.hold_expires_at)
    if not appointment.hold_extended:
        lengthen(appointment, charge)
    return charge


def owe_fee(appointment: Appointment, *, payer: User, due_at: datetime | None, at_desk: bool = False) -> Charge:
    """Open the charge of a booking's fee, and note it there. The caller holds the booking's locks."""
    description, detail = fee_in_words(appointment, payer)
    charge = open_charge(
        payer=payer,
        seller="appointments",
        description=description,
        detail=detail,
        done_path=appointment.get_absolute_url(),
        amount=appointment.fee,
        currency=appointment.currency,
        due_at=due_at,
        payer_phone=phone_of(payer),
        at_desk=at_desk,
        doctor=appointment.doctor,
    )
    appointment.charge = charge
    appointment.save(update_fields=["charge"])
    return charge


def fee_in_words(appointment: Appointment, payer: User) -> tuple[str, str]:
    """What is paid, and for which visit: in the payer's language and time, for receipts show it for years."""
    with translation.override(payer.language), timezone.override(payer.zone):
        return _("Consultation fee"), f"{appointment.doctor}, {instant(appointment.start)}"


@transaction.atomic
def pay_later(appointment: Appointment, *, by: User) -> Appointment:
    """Confirm a visit at the chamber whose fee is paid there; asked twice, it is confirmed once.

    The charge stays open until the desk has the money. Raises IllegalChange when the hold ran out, or where the
    doctor's terms at the hold do not allow it.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.CONFIRMED and charge is not None and charge.at_desk:
        return appointment
    if not appointment.is_live_hold or not appointment.can_pay_at_desk:
        raise IllegalChange(_("The time was not kept any longer. Please choose a time again."))
    if charge is not None:
        # Money that is under way by a payment that was begun settles it all the same.
        charge.at_desk, charge.due_at = True, None
        charge.save(update_fields=["at_desk", "due_at"])
    else:
        owe_fee(appointment, payer=by, due_at=None, at_desk=True)
    confirm(appointment, by=by, code="pay_at_desk")
    return appointment


def confirm(appointment: Appointment, *, by: User | None, code: str = "") -> None:
    """Seat the patient: both sides are told, and the doctor cares for the patient from now on.

    Where the doctor went on leave meanwhile the patient is asked at once. The caller holds the locks.
    """
    change_status(appointment, Status.CONFIRMED, by=by, code=code, **give_token(appointment))
    begin_care(
        appointment.patient,
        appointment.doctor,
        source=appointment.pk,
        visit_at=appointment.start,
        until=appointment.end + settings.CARE_AFTER_VISIT,
    )
    end_wait(appointment)
    notices.confirmed(appointment)
    offer_if_away(appointment)


def settle_booking(charge: Charge) -> None:
    """What a charge's settlement means for its booking; runs inside payments' transaction, under the Charge's lock.

    A hold is confirmed, or waits while a risky payment is looked at. One that ran out is seated again if the time is
    open and the patient free, whether or not the sweeper came. What cannot be seated is refunded, and said so.
    """
    found = Appointment.objects.filter(charge=charge).only("pk", "doctor_id", "patient_id", "charge_id").get()
    _charge, appointment = lock_booking(found)
    is_ahead = appointment.start > timezone.now()
    if charge.status == Charge.Status.REVIEW:
        if appointment.status == Status.HELD and is_ahead:
            change_status(appointment, Status.PAYMENT_REVIEW, by=None)
            notices.payment_under_review(appointment)
        return
    if appointment.status == Status.HELD and appointment.is_lapsed:
        change_status(appointment, Status.EXPIRED, by=None)
    match appointment.status:
        case Status.HELD:
            confirm(appointment, by=None)
        case Status.PAYMENT_REVIEW if is_ahead:
            confirm(appointment, by=None)
        case Status.PAYMENT_REVIEW:
            change_status(appointment, Status.CANCELLED, by=None, code="too_late")
            _send_back(charge, appointment)
        case Status.EXPIRED if _seat_again(appointment):
            pass
        case Status.EXPIRED | Status.CANCELLED:
            _send_back(charge, appointment)
        case Status.COMPLETED:
            earn_charge(charge, doctor=appointment.doctor)
        case Status.CONFIRMED | Status.IN_PROGRESS if charge.at_desk:
            pass
        case Status.NO_SHOW:
            _send_back(charge, appointment)
        case _:
            log.error("settled_for_a_running_booking", appointment=str(appointment.pk), status=appointment.status)


def _send_back(charge: Charge, appointment: Appointment) -> None:
    request_refund(charge, reason=Refund.Reason.TOO_LATE)
    notices.payment_too_late(appointment)


def _seat_again(appointment: Appointment) -> bool:
    """Confirm an expired hold if its time is open as it was and the patient free; the constraints decide, by name."""
    doctor = Doctor.objects.public().filter(pk=appointment.doctor_id).first()
    slot = find_slot_like(appointment, doctor, appointment.start, notice=timedelta(0)) if doctor else None
    if slot is None or slot.end != appointment.end or appointment.place_id not in (None, slot.place):
        return False
    blocked = Interval(appointment.blocked.lower, appointment.blocked.upper)
    expire_lapsed_holds(doctor=appointment.doctor, patient=appointment.patient, blocked=blocked)
    try:
        with transaction.atomic():
            confirm(appointment, by=None)
    except IntegrityError as error:
        if constraint_name(error) not in {"doctor_not_double_booked", "patient_not_double_booked"}:
            raise
        return False
    return True
