"""Another time for a visit: the same row, room and charge; calendars follow by SEQUENCE."""

from datetime import datetime, timedelta

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments import notices
from appointments.errors import IllegalChange, NotMovable, PatientBusy, SlotGone
from appointments.kinds import moves_until
from appointments.models import Appointment, AppointmentEvent, Offer, Status
from appointments.open_times import find_slot_like
from appointments.reminders import withdraw_reminders
from appointments.rules import has_say
from appointments.services.door import lock_booking
from appointments.services.holds import expire_lapsed_holds
from appointments.services.offers import close_offer, open_offer
from appointments.services.tokens import day_of, give_token
from appointments.waiting_list import look_again
from config.db import constraint_name, retry_serialization
from doctors.models import Doctor, Mode
from doctors.services import mark_stale
from patients.services import begin_care
from scheduling.slots import Interval, Slot

log = structlog.get_logger()


@retry_serialization
def reschedule(appointment: Appointment, *, start: datetime, sequence: int, by: User, side: str) -> Appointment:
    """Move a confirmed visit to another open time of its doctor, by the same mode; both sides are told.

    `sequence` is the number of moves that the mover knew of. By the patient until the hour that the terms name, and
    beyond it while an offer stands, a follow-up within its days; by the doctor until it begins, whereupon the patient
    may accept, choose again or take all of the fee back. Moved there already, nothing changes. Raises NotMovable,
    IllegalChange when it was moved meanwhile, SlotGone, PatientBusy. Locks Charge, doctor, patient, Appointment.
    """
    try:
        with transaction.atomic():
            return _reschedule(appointment, start=start, sequence=sequence, by=by, side=side)
    except IntegrityError as error:
        match constraint_name(error):
            case "doctor_not_double_booked":
                raise SlotGone from error
            case "patient_not_double_booked":
                raise PatientBusy from error
            case _:
                raise


def _reschedule(appointment: Appointment, *, start: datetime, sequence: int, by: User, side: str) -> Appointment:
    _charge, appointment = lock_booking(appointment)
    if appointment.start == start and appointment.status == Status.CONFIRMED:
        return appointment
    if not can_move_now(appointment, side=side):
        raise NotMovable
    if appointment.sequence != sequence:
        raise IllegalChange
    notice = timedelta(0) if side == "doctor" else None
    doctor = Doctor.objects.public().filter(pk=appointment.doctor_id).first()
    if doctor is None:
        raise SlotGone
    until = moves_until(appointment, side=side)
    slot = find_slot_like(appointment, doctor, start, notice=notice, until=until, apart_from=appointment)
    if slot is None:
        raise SlotGone
    was = appointment.start
    take_time(appointment, slot)
    AppointmentEvent.objects.create(
        appointment=appointment,
        by=by,
        old=appointment.status,
        new=appointment.status,
        code=f"moved_by_{side}",
        period=appointment.period,
    )
    mark_stale([appointment.doctor_id])
    look_again([appointment.doctor_id])
    withdraw_reminders(appointment)
    begin_care(
        appointment.patient,
        appointment.doctor,
        source=appointment.pk,
        visit_at=appointment.start,
        until=appointment.end + settings.CARE_AFTER_VISIT,
    )
    offer = None
    if side == "doctor":
        offer = open_offer(appointment, Offer.Kind.MOVED, until=answered_by(appointment))
    else:
        close_offer(appointment, Offer.Status.MOVED, by=by)
    notices.moved(appointment, was=was, by_side=side, offer=offer)
    log.info("appointment_moved", appointment=str(appointment.pk), sequence=appointment.sequence, side=side)
    return appointment


def take_time(appointment: Appointment, slot: Slot) -> None:
    """Give the booking this time, with the pauses around it that it had. The caller holds the locks."""
    before = appointment.start - appointment.blocked.lower
    after = appointment.blocked.upper - appointment.end
    blocked = Interval(slot.start - before, slot.end + after)
    expire_lapsed_holds(doctor=appointment.doctor, patient=appointment.patient, blocked=blocked)
    appointment.period = DateTimeTZRange(slot.start, slot.end)
    appointment.blocked = DateTimeTZRange(blocked.start, blocked.end)
    place = appointment.place_id
    appointment.place_id = slot.place if appointment.mode == Mode.IN_PERSON else None
    appointment.sequence += 1
    # The number at the desk stays within a day at a place; elsewhere it may be somebody's.
    if place != appointment.place_id or appointment.token_day != day_of(appointment):
        for name, value in give_token(appointment).items():
            setattr(appointment, name, value)
    appointment.save(update_fields=["period", "blocked", "place", "sequence", "token", "token_day"])


def can_move_now(appointment: Appointment, *, side: str) -> bool:
    """Whether that side may give the visit another time at this moment."""
    now = timezone.now()
    if appointment.status != Status.CONFIRMED or appointment.start <= now:
        return False
    return side == "doctor" or now < appointment.move_until or has_say(appointment)


def answered_by(appointment: Appointment) -> datetime:
    """Until when the patient has a say after the doctor moved the visit: the cut-off, or its beginning where that has
    passed."""
    until = appointment.move_until
    return until if until > timezone.now() else appointment.start
