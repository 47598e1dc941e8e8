"""Who is offered a time that came free: one at a time, in the order of joining, as a hold of a quarter of an hour.

Nothing is kept of what came free: open times are worked out as for everybody, so a cancellation, a move, a hold that
ran out, new hours and a new day within the horizon are all the same. `WaitingList.look_at` says when to look.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from appointments import notices
from appointments.kinds import kinds_waited_for
from appointments.models import (
    Appointment,
    AppointmentEvent,
    CancellationPolicy,
    Status,
    Terms,
    Wait,
    WaitingList,
    WaitOffer,
)
from appointments.open_times import times_of
from appointments.services import expire_lapsed_holds
from appointments.waiting_list import mode_for, window_of_days
from config.db import constraint_name, lock, retry_serialization
from doctors.models import Doctor, Mode
from doctors.services import mark_stale
from patients.models import Patient
from patients.services import people_of
from scheduling.models import Calendar
from scheduling.slots import Interval, Rules, Slot
from scheduling.visits import OfferedVisit

log = structlog.get_logger()

OFFERED_FOR = timedelta(minutes=15)
# Time opens times by itself: another day comes within the horizon.
LOOK_AFTER = timedelta(minutes=5)


class Match(NamedTuple):
    """A time, the one who has waited longest for it, and for what."""

    slot: Slot
    wait: Wait
    visit: OfferedVisit
    mode: str


def offer_open_times(doctor_id: int) -> int:
    """Offer every open time of this doctor that somebody waits for; how many were offered.

    The list counts as looked through from before the first look, so that what comes free meanwhile has it looked
    through again. Each offer is a transaction of its own, and tells its person once it is durable.
    """
    WaitingList.objects.filter(pk=doctor_id).update(look_at=timezone.now() + LOOK_AFTER)
    offered = 0
    while (result := offer_one(doctor_id)) is not None:
        offered += result
    return offered


@retry_serialization
def offer_one(doctor_id: int) -> bool | None:
    """Hold an open time for whoever has waited longest for one, the first that is wanted; None where there is none.

    Locks the doctor's row, then the patient's, then the wait. False where somebody was faster by a moment (the patient
    booked elsewhere, the wait was left): what is open, and for whom, is to be looked at again.
    """
    try:
        with transaction.atomic():
            return _offer_locked(doctor_id)
    except IntegrityError as error:
        if constraint_name(error) not in {"doctor_not_double_booked", "patient_not_double_booked"}:
            raise
        return False


def _offer_locked(doctor_id: int) -> bool | None:
    doctor = lock(Doctor.objects.public(), [doctor_id]).get(doctor_id)
    calendar = Calendar.objects.filter(doctor=doctor_id).first() if doctor else None
    if doctor is None or calendar is None:
        return None
    match = next(_matches(doctor, calendar), None)
    if match is None:
        return None
    lock(Patient.objects.all(), [match.wait.patient_id])
    wait = lock(Wait.objects.filter(state=Wait.State.WAITING), [match.wait.pk]).get(match.wait.pk)
    if wait is None or _busy([match.wait], Interval(match.slot.start, match.slot.end))[match.wait.patient_id]:
        return False
    _hold_for(match, doctor)
    return True


def _matches(doctor: Doctor, calendar: Calendar) -> Iterator[Match]:
    """For each in the line, from the first on, the first open time that is wanted, was never offered and is free.

    So of two who wait for visits of different lengths, whose times do not begin together, the first is asked first.
    """
    now = timezone.now()
    lines = Wait.objects.filter(doctor=doctor).waiting(timezone.localdate(timezone=calendar.zone)).without_an_offer()
    waits = list(lines.select_related("asked_by", "patient", "visit_type").order_by("created_at", "pk"))
    if not waits:
        return
    days = window_of_days(min(wait.first for wait in waits), max(wait.last for wait in waits), calendar.zone)
    begin, end = max(days.start, now), min(days.end, now + calendar.rules.horizon + LOOK_AFTER)
    if begin >= end:
        return
    window = Interval(begin, end)
    offered = set(WaitOffer.objects.filter(wait__in=waits).values_list("wait_id", "start"))
    people = people_of({wait.patient_id for wait in waits})
    busy = _busy(waits, window)
    kinds = kinds_waited_for(waits, doctor, calendar, now=now)
    free = _free_by_rules({visit.rules for visit in kinds.values()}, calendar, window, now)
    for wait in waits:
        visit = kinds.get(wait.pk)
        if visit is None or wait.asked_by_id not in people[wait.patient_id]:
            continue
        for slot in free[visit.rules]:
            if (
                (mode := mode_for(wait, visit, slot))
                and (wait.pk, slot.start) not in offered
                and not any(each.start < slot.end and slot.start < each.end for each in busy[wait.patient_id])
            ):
                yield Match(slot, wait, visit, mode)


def _free_by_rules(
    kinds: Collection[Rules], calendar: Calendar, window: Interval, now: datetime
) -> dict[Rules, list[Slot]]:
    """The open times for visits of each length, with the pauses around them; two queries for all of them."""
    if not kinds:
        return {}
    # Read for one that reaches as far as any, which is enough for all.
    widest = replace(
        next(iter(kinds)),
        slot=max(rules.slot for rules in kinds),
        buffer_before=max(rules.buffer_before for rules in kinds),
        buffer_after=max(rules.buffer_after for rules in kinds),
    )
    read = times_of([calendar], window, {calendar.doctor_id: widest})[calendar.doctor_id]
    free = {}
    for rules in kinds:
        read.rules = rules
        free[rules] = [slot for slot in read.slots(window, now) if slot.free]
    return free


def _busy(waits: list[Wait], window: Interval) -> dict[UUID, list[Interval]]:
    """When these patients have something else, with whomever."""
    busy: dict[UUID, list[Interval]] = defaultdict(list)
    rows = Appointment.objects.occupying().filter(
        patient__in={wait.patient_id for wait in waits}, period__overlap=(window.start, window.end)
    )
    for patient, period in rows.values_list("patient_id", "period"):
        busy[patient].append(Interval(period.lower, period.upper))
    return busy


def _hold_for(match: Match, doctor: Doctor) -> None:
    """Write the hold and the offer down, and tell. The caller holds the locks."""
    slot, wait, visit, rules, now = match.slot, match.wait, match.visit, match.visit.rules, timezone.now()
    blocked = Interval(slot.start - rules.buffer_before, slot.end + rules.buffer_after)
    own = CancellationPolicy.objects.filter(doctor=doctor).first()
    expire_lapsed_holds(doctor=doctor, patient=wait.patient, blocked=blocked)
    appointment = Appointment.objects.create(
        doctor=doctor,
        patient=wait.patient,
        booked_by=wait.asked_by,
        period=DateTimeTZRange(slot.start, slot.end),
        blocked=DateTimeTZRange(blocked.start, blocked.end),
        mode=match.mode,
        visit_kind=visit.kind,
        visit_label=visit.label,
        place_id=slot.place if match.mode == Mode.IN_PERSON else None,
        hold_expires_at=min(now + OFFERED_FOR, slot.start),
        fee=visit.fees[match.mode],
        currency=doctor.currency,
        policy=(own.terms if own else Terms.usual()).snapshot,
    )
    AppointmentEvent.objects.create(appointment=appointment, new=Status.HELD, code="offered", period=appointment.period)
    WaitOffer.objects.create(wait=wait, appointment=appointment, start=slot.start)
    mark_stale([doctor.pk])
    notices.time_offered(appointment)
    log.info("time_offered", wait=str(wait.pk), appointment=str(appointment.pk))
