"""The booking: hold, pay, confirm, cancel, expire.

Lock order, everywhere: Charge, doctors by id, patients by id, the account that books, Appointment, DoctorListing. A
booking locks the doctor's row before it looks whether the time is open, for an exclusion constraint alone lets a crowd
deadlock; the constraint stays as the final referee. docs/architecture.md has the measurements.
"""

from contextlib import suppress
from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from appointments import notices, rules
from appointments.errors import IllegalMove, NotCancellable, PatientBusy, SlotGone, TooManyHolds
from appointments.hold_statements import lock_and_look, write_hold
from appointments.models import (
    HOLD,
    LIVE_HOLDS_AN_ACCOUNT,
    LONGEST_HOLD,
    OCCUPYING,
    TRANSITIONS,
    Appointment,
    AppointmentEvent,
    Status,
)
from appointments.open_times import find_open_slot, open_slot_by
from config.db import constraint_name, lock, retry_serialization
from doctors.models import Doctor, Mode
from doctors.services import mark_stale
from patients.models import Patient
from patients.services import begin_care, end_care, phone_of
from payments.models import Charge, Refund
from payments.services import earn_charge, extend_charge, lock_charge, open_charge, request_refund, void_charge
from scheduling.slots import Interval

log = structlog.get_logger()


def move(appointment: Appointment, new: Status, *, by: User | None, code: str = "", **changes: object) -> None:
    """Change the status, and with it `changes`, if it is still what this row says it is; write the event.

    The only door to a status. Raises IllegalMove where the table knows no such change, or somebody was faster.
    """
    old = Status(appointment.status)
    if new not in TRANSITIONS[old]:
        raise IllegalMove
    changes["status"] = new
    if not Appointment.objects.filter(pk=appointment.pk, status=old).update(**changes):
        raise IllegalMove
    for name, value in changes.items():
        setattr(appointment, name, value)
    AppointmentEvent.objects.create(appointment=appointment, by=by, old=old, new=new, code=code)
    if (old in OCCUPYING) != (new in OCCUPYING) or new == Status.CONFIRMED:
        mark_stale([appointment.doctor_id])


# Holding ---------------------------------------------------------------------------------------------------------


@retry_serialization
def hold_slot(
    doctor_id: int, *, start: datetime, mode: str, patient_id: UUID, by: User, reason: str = ""
) -> Appointment:
    """Keep this time for this patient for ten minutes; asked twice for the same, it is the same hold.

    A reason given the second time replaces the first. The caller has made sure that `by` acts for the patient. Locks
    the doctor's row, then the patient's, then the account's. Raises SlotGone when the time is not open (taken, past,
    off the grid, beyond the horizon, of a doctor who is not public), PatientBusy when the patient has another booking
    then, TooManyHolds at the third live hold of one account.
    """
    try:
        with transaction.atomic():
            return _hold_locked(doctor_id, start=start, mode=mode, patient_id=patient_id, by=by, reason=reason)
    except IntegrityError as error:
        match constraint_name(error):
            case "doctor_not_double_booked":
                raise SlotGone from error
            case "patient_not_double_booked":
                raise PatientBusy from error
            case _:
                raise


def _hold_locked(doctor_id: int, *, start: datetime, mode: str, patient_id: UUID, by: User, reason: str) -> Appointment:
    scene = lock_and_look(doctor_id, patient_id=patient_id, account_id=by.pk, start=start)
    if scene is None:
        raise SlotGone
    for hold in scene.live:
        if (hold.doctor, hold.patient, hold.period.lower, hold.mode) == (doctor_id, patient_id, start, mode):
            return _asked_again(hold.pk, reason)
    if len(scene.live) >= LIVE_HOLDS_AN_ACCOUNT:
        raise TooManyHolds
    doctor, doctor_time = scene.doctor, scene.time
    if doctor_time is None or mode not in doctor.modes:
        raise SlotGone
    slot, fee = open_slot_by(doctor_time, start, mode, scene.now), doctor.fee(mode)
    if slot is None or fee is None:
        raise SlotGone

    rules = doctor_time.rules
    blocked = Interval(slot.start - rules.buffer_before, slot.end + rules.buffer_after)
    if scene.lapsed:
        expire_lapsed_holds(doctor=doctor, patient=Patient(pk=patient_id), blocked=blocked)
    return write_hold(
        Appointment(
            id=scene.key,
            doctor=doctor,
            patient_id=patient_id,
            booked_by=by,
            period=DateTimeTZRange(slot.start, slot.end),
            blocked=DateTimeTZRange(blocked.start, blocked.end),
            mode=mode,
            place_id=slot.place if mode == Mode.IN_PERSON else None,
            reason=reason,
            hold_expires_at=min(scene.now + HOLD, slot.start),
            fee=fee,
            currency=doctor.currency,
            policy=CANCELLATION_POLICY,
        )
    )


def _asked_again(hold_id: UUID, reason: str) -> Appointment:
    hold = Appointment.objects.get(pk=hold_id)
    if reason and reason != hold.reason:
        hold.reason = reason
        hold.save(update_fields=["reason"])
    return hold


# All of the fee goes back until the visit begins, whoever cancels.
CANCELLATION_POLICY = {"free_until_hours": 0, "percent_after": 100}


def expire_lapsed_holds(*, doctor: Doctor, patient: Patient, blocked: Interval) -> None:
    """Free what a hold that ran out still keeps from this booking. The caller holds both locks."""
    in_the_way = Q(doctor=doctor, blocked__overlap=(blocked.start, blocked.end)) | Q(
        patient=patient, period__overlap=(blocked.start, blocked.end)
    )
    # All of them are locked before the first is changed: a change goes on to lock its doctor's listing.
    lapsed = Appointment.objects.lapsed().filter(in_the_way).order_by("pk")
    for hold in list(lapsed.select_for_update(no_key=True, of=("self",))):
        move(hold, Status.EXPIRED, by=None)


@transaction.atomic
def expire_hold(appointment_id: UUID) -> bool:
    """Write down that a hold ran out; False if it was paid, cancelled, extended or expired meanwhile.

    Keeps the order of locks, but touches no Charge.
    """
    lapsed = Appointment.objects.lapsed().filter(pk=appointment_id)
    found = lapsed.first()
    if found is None:
        return False
    lock(Doctor.objects.all(), [found.doctor_id])
    lock(Patient.objects.all(), [found.patient_id])
    hold = lapsed.select_for_update(no_key=True, of=("self",)).first()
    if hold is None:
        return False
    move(hold, Status.EXPIRED, by=None)
    return True


@transaction.atomic
def extend_hold(appointment: Appointment, *, by: User) -> Appointment:
    """Give a hold its one extension, to twenty minutes in all. Raises IllegalMove when it ran out or had it already."""
    charge, appointment = lock_booking(appointment)
    if not appointment.is_live_hold or appointment.hold_extended:
        raise IllegalMove
    _lengthen(appointment, charge)
    log.info("hold_extended", appointment=str(appointment.pk), by=by.pk)
    return appointment


def _lengthen(appointment: Appointment, charge: Charge | None) -> None:
    appointment.hold_expires_at = min(appointment.created_at + LONGEST_HOLD, appointment.start)
    appointment.hold_extended = True
    appointment.save(update_fields=["hold_expires_at", "hold_extended"])
    if charge is not None:
        extend_charge(charge, due_at=appointment.hold_expires_at)


class _ChargeCame(Exception):
    """A charge was opened after the row was read; its lock comes before those that are taken."""


def lock_booking(appointment: Appointment) -> tuple[Charge | None, Appointment]:
    """The booking as it is now, locked in the house's order: Charge, doctor, patient, Appointment."""
    # The savepoint lets go of what was locked too early.
    with suppress(_ChargeCame), transaction.atomic():
        return _lock_in_order(appointment)
    return _lock_in_order(Appointment.objects.get(pk=appointment.pk))


def _lock_in_order(appointment: Appointment) -> tuple[Charge | None, Appointment]:
    charge = lock_charge(appointment.charge_id) if appointment.charge_id else None
    lock(Doctor.objects.all(), [appointment.doctor_id])
    lock(Patient.objects.all(), [appointment.patient_id])
    rows = Appointment.objects.select_for_update(no_key=True, of=("self",)).select_related("doctor", "patient")
    locked = rows.get(pk=appointment.pk)
    if locked.charge_id != appointment.charge_id:
        raise _ChargeCame
    return charge, locked


# Paying ----------------------------------------------------------------------------------------------------------


@transaction.atomic
def start_payment(appointment: Appointment, *, by: User) -> Charge | None:
    """The charge of a hold, opened at the first call, and the hold lengthened to twenty minutes in all.

    A visit that is free of charge is confirmed at once, and there is no charge: None. Raises IllegalMove when the
    hold ran out.
    """
    charge, appointment = lock_booking(appointment)
    if not appointment.is_live_hold:
        raise IllegalMove(_("The time was not kept any longer. Please choose a time again."))
    if appointment.fee == 0:
        confirm(appointment, by=by)
        return None
    if charge is None:
        charge = open_charge(
            payer=by,
            seller="appointments",
            description=_("Consultation fee"),
            done_path=appointment.get_absolute_url(),
            amount=appointment.fee,
            currency=appointment.currency,
            due_at=appointment.hold_expires_at,
            payer_phone=phone_of(by),
        )
        appointment.charge = charge
        appointment.save(update_fields=["charge"])
    if not appointment.hold_extended:
        _lengthen(appointment, charge)
    return charge


def confirm(appointment: Appointment, *, by: User | None) -> None:
    """Seat the patient: both sides are told, and the doctor cares for the patient from now on.

    The caller holds the locks.
    """
    move(appointment, Status.CONFIRMED, by=by)
    begin_care(
        appointment.patient,
        appointment.doctor,
        source=appointment.pk,
        visit_at=appointment.start,
        until=appointment.end + settings.CARE_AFTER_VISIT,
    )
    notices.confirmed(appointment)


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
            move(appointment, Status.PAYMENT_REVIEW, by=None)
            notices.payment_under_review(appointment)
        return
    if appointment.status == Status.HELD and appointment.is_lapsed:
        move(appointment, Status.EXPIRED, by=None)
    match appointment.status:
        case Status.HELD:
            confirm(appointment, by=None)
        case Status.PAYMENT_REVIEW if is_ahead:
            confirm(appointment, by=None)
        case Status.PAYMENT_REVIEW:
            move(appointment, Status.CANCELLED, by=None, code="too_late")
            _send_back(charge, appointment)
        case Status.EXPIRED if _seat_again(appointment):
            pass
        case Status.EXPIRED | Status.CANCELLED:
            _send_back(charge, appointment)
        case _:
            log.error("settled_for_a_running_booking", appointment=str(appointment.pk), status=appointment.status)


def _send_back(charge: Charge, appointment: Appointment) -> None:
    request_refund(charge, reason=Refund.Reason.TOO_LATE)
    notices.payment_too_late(appointment)


def _seat_again(appointment: Appointment) -> bool:
    """Confirm an expired hold if its time is open as it was and the patient free; the constraints decide, by name."""
    doctor = Doctor.objects.public().filter(pk=appointment.doctor_id).first()
    slot = find_open_slot(doctor, appointment.start, appointment.mode, notice=timedelta(0)) if doctor else None
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


# The visit itself ------------------------------------------------------------------------------------------------


@transaction.atomic
def begin_visit(appointment: Appointment, *, by: User) -> Appointment:
    """The patient is with the doctor from now on; begun already, nothing changes. Raises IllegalMove if called off."""
    _charge, appointment = lock_booking(appointment)
    if appointment.status != Status.IN_PROGRESS:
        move(appointment, Status.IN_PROGRESS, by=by)
    return appointment


@transaction.atomic
def complete_visit(appointment: Appointment, *, by: User) -> Appointment:
    """The doctor is done: the fee is earned, and the patient's side is told; done already, nothing changes.

    Raises IllegalMove when it was called off or missed meanwhile, or has not begun.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.COMPLETED:
        return appointment
    if appointment.status == Status.NO_SHOW or not rules.has_begun(appointment):
        raise IllegalMove
    move(appointment, Status.COMPLETED, by=by)
    if charge is not None:
        earn_charge(charge, doctor=appointment.doctor)
    notices.completed(appointment)
    return appointment


@transaction.atomic
def mark_no_show(appointment: Appointment, *, side: str, by: User) -> Appointment:
    """`side` did not come, and the patient's side is told; written down already, nothing changes.

    The time of a patient who stays away was kept, and the fee is earned; that of a doctor who does goes back whole.
    Raises IllegalMove when it was called off or is done, or its time has not come.
    """
    charge, appointment = lock_booking(appointment)
    if appointment.status == Status.NO_SHOW:
        return appointment
    if appointment.status == Status.COMPLETED or appointment.start > timezone.now():
        raise IllegalMove
    move(appointment, Status.NO_SHOW, by=by, no_show_by=side)
    if charge is not None:
        _settle_no_show(charge, appointment)
    notices.missed(appointment)
    return appointment


def _settle_no_show(charge: Charge, appointment: Appointment) -> None:
    if appointment.no_show_by == "doctor":
        request_refund(charge, reason=Refund.Reason.MISSED)
    else:
        earn_charge(charge, doctor=appointment.doctor)


# Ending ----------------------------------------------------------------------------------------------------------


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
    _call_off(appointment, by=by, side=side)
    if charge is not None:
        if charge.status == Charge.Status.OPEN:
            void_charge(charge)
        else:
            request_refund(charge, reason=Refund.Reason.CANCELLED, by=by)
    return appointment


def _call_off(appointment: Appointment, *, by: User | None, side: str, code: str = "") -> None:
    """Cancel, end the care and tell those who knew of it. The caller holds the locks."""
    old = appointment.status
    move(appointment, Status.CANCELLED, by=by, code=code, cancelled_by=side)
    end_care(appointment.pk)
    if old != Status.HELD:
        notices.cancelled(appointment, by_side=side, doctor_knew=old != Status.PAYMENT_REVIEW)


def undo_booking(charge: Charge) -> None:
    """An administrator gave all of the charge back: the booking is off, if it has not been held."""
    found = Appointment.objects.filter(charge=charge).only("pk", "doctor_id", "patient_id", "charge_id").get()
    _charge, appointment = lock_booking(found)
    if Status.CANCELLED in TRANSITIONS[Status(appointment.status)]:
        _call_off(appointment, by=None, side="admin", code="refunded")
