"""Holding a time while it is paid, lengthening a hold, and writing down that it ran out."""

from datetime import datetime
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Q

from accounts.models import User
from appointments.errors import DayFull, IllegalChange, NoFollowUp, PatientBusy, SlotGone, TooManyHolds
from appointments.hold_statements import Scene, lock_and_look, write_hold
from appointments.models import HOLD, LIVE_HOLDS_AN_ACCOUNT, LONGEST_HOLD, Appointment, Status
from appointments.open_times import open_slot_by
from appointments.services.door import change_status, lock_booking
from config.db import constraint_name, lock, retry_serialization
from doctors.models import Doctor, Mode
from patients.models import Patient
from payments.models import Charge
from payments.services import extend_charge
from scheduling.models import VisitKind
from scheduling.slots import Interval
from scheduling.visits import fee_of

log = structlog.get_logger()


@retry_serialization
def hold_slot(
    doctor_id: int,
    *,
    start: datetime,
    mode: str,
    patient_id: UUID,
    by: User,
    reason: str = "",
    visit_type: int | None = None,
) -> Appointment:
    """Keep this time for this patient for ten minutes; asked twice for the same, it is the same hold.

    A reason given the second time replaces the first. The caller has made sure that `by` acts for the patient. The
    visit is the doctor's usual one, or of one of the doctor's `visit_type`s. Locks the doctor's row, then the
    patient's, then the account's. Raises SlotGone when the time is not open (taken, past, off the grid, beyond the
    horizon, of a doctor who is not public, of a type that is not offered), DayFull when the doctor takes no further
    visit on that day, NoFollowUp when the patient was not with the doctor lately enough, PatientBusy when the patient
    has another booking then, TooManyHolds at the third live hold of one account.
    """
    try:
        with transaction.atomic():
            scene = lock_and_look(
                doctor_id, patient_id=patient_id, account_id=by.pk, start=start, visit_type=visit_type
            )
            if scene is None or (visit_type is not None and scene.visit_type is None):
                raise SlotGone
            return _hold_locked(scene, start=start, mode=mode, patient_id=patient_id, by=by, reason=reason)
    except IntegrityError as error:
        match constraint_name(error):
            case "doctor_not_double_booked":
                raise SlotGone from error
            case "patient_not_double_booked":
                raise PatientBusy from error
            case _:
                raise


def _hold_locked(scene: Scene, *, start: datetime, mode: str, patient_id: UUID, by: User, reason: str) -> Appointment:
    doctor, doctor_time, visit_type = scene.doctor, scene.time, scene.visit_type
    kind, label = (visit_type.kind, visit_type.label) if visit_type else (VisitKind.NEW, "")
    for hold in scene.live:
        of_it = (hold.doctor, hold.patient, hold.period.lower, hold.mode, hold.visit_kind, hold.visit_label)
        if of_it == (doctor.pk, patient_id, start, mode, kind, label):
            return _asked_again(hold.pk, reason)
    if len(scene.live) >= LIVE_HOLDS_AN_ACCOUNT:
        raise TooManyHolds
    if doctor_time is None or mode not in doctor.modes:
        raise SlotGone
    slot, fee = open_slot_by(doctor_time, start, mode, scene.now), fee_of(doctor, mode, visit_type)
    if slot is None or fee is None:
        raise SlotGone
    if scene.day_is_full:
        raise DayFull
    if kind == VisitKind.FOLLOW_UP and not scene.follows:
        raise NoFollowUp

    blocked = slot.blocked(doctor_time.rules)
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
            visit_kind=kind,
            visit_label=label,
            place_id=slot.place if mode == Mode.IN_PERSON else None,
            reason=reason,
            hold_expires_at=min(scene.now + HOLD, slot.start),
            fee=fee,
            currency=doctor.currency,
            policy=scene.terms.snapshot,
        )
    )


def _asked_again(hold_id: UUID, reason: str) -> Appointment:
    hold = Appointment.objects.get(pk=hold_id)
    if reason and reason != hold.reason:
        hold.reason = reason
        hold.save(update_fields=["reason"])
    return hold


def expire_lapsed_holds(*, doctor: Doctor, patient: Patient, blocked: Interval) -> None:
    """Free what a hold that ran out still keeps from this booking. The caller holds both locks."""
    in_the_way = Q(doctor=doctor, blocked__overlap=(blocked.start, blocked.end)) | Q(
        patient=patient, period__overlap=(blocked.start, blocked.end)
    )
    # All of them are locked before the first is changed: a change goes on to lock its doctor's listing.
    lapsed = Appointment.objects.lapsed().filter(in_the_way).order_by("pk")
    for hold in list(lapsed.select_for_update(no_key=True, of=("self",))):
        change_status(hold, Status.EXPIRED, by=None)


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
    change_status(hold, Status.EXPIRED, by=None)
    return True


@transaction.atomic
def extend_hold(appointment: Appointment, *, by: User) -> Appointment:
    """Give a hold its one extension, to twenty minutes in all. Raises IllegalChange if it ran out or had it."""
    charge, appointment = lock_booking(appointment)
    if not appointment.is_live_hold or appointment.hold_extended:
        raise IllegalChange
    lengthen(appointment, charge)
    log.info("hold_extended", appointment=str(appointment.pk), by=by.pk)
    return appointment


def lengthen(appointment: Appointment, charge: Charge | None) -> None:
    appointment.hold_expires_at = min(appointment.created_at + LONGEST_HOLD, appointment.start)
    appointment.hold_extended = True
    appointment.save(update_fields=["hold_expires_at", "hold_extended"])
    if charge is not None:
        extend_charge(charge, due_at=appointment.hold_expires_at)
