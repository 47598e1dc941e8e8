"""Who is offered a time that came free: one at a time, in the order of joining, as a hold of a quarter of an hour.

Nothing is kept of what came free: open times are worked out as for everybody, so a cancellation, a move, a hold that
ran out, new hours and a new day within the horizon are all the same. `WaitingList.look_at` says when to look.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import islice
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
# So many are asked in one transaction: what is open, and for whom, is worked out once for all of them.
AT_ONCE = 10
# So often in a row somebody may be faster by a moment; then the next look is the sweeper's.
MOST_VAIN_LOOKS = 5


class Match(NamedTuple):
    """A time, the one who has waited longest for it, and for what."""

    slot: Slot
    wait: Wait
    visit: OfferedVisit
    mode: str


def offer_open_times(doctor_id: int) -> int:
    """Offer every open time of this doctor that somebody waits for; how many were offered.

    The list counts as looked through from before the first look, so that what comes free meanwhile has it looked
    through again. Some are offered in one transaction, which tells their people once it is durable.
    """
    WaitingList.objects.filter(pk=doctor_id).update(look_at=timezone.now() + LOOK_AFTER)
    offered = vain = 0
    while vain < MOST_VAIN_LOOKS and (result := offer_some(doctor_id)) is not None:
        offered += result
        vain = 0 if result else vain + 1
    return offered


@retry_serialization
def offer_some(doctor_id: int) -> int | None:
    """Hold open times for those who have waited longest for them, and say how many; None where there are none.

    Locks the doctor's row, then the patients' and the waits', each by their keys. Fewer, or none, where somebody was
    faster by a moment (a patient booked elsewhere, a wait was left): what is open, and for whom, is to be looked at
    again.
    """
    with transaction.atomic():
        doctor = lock(Doctor.objects.public(), [doctor_id]).get(doctor_id)
        calendar = Calendar.objects.filter(doctor=doctor_id).first() if doctor else None
        if doctor is None or calendar is None:
            return None
        # Each booking counts for the days that follow of a doctor who takes so many a day.
        matches = list(islice(_matches(doctor, calendar), 1 if calendar.daily_cap else AT_ONCE))
        if not matches:
            return None
        own = CancellationPolicy.objects.filter(doctor=doctor).first()
        terms = own.terms if own else Terms.usual()
        offered = sum(_hold_for(match, doctor, terms) for match in _still_wanted(matches))
        if offered:
            mark_stale([doctor.pk])
        return offered


def _still_wanted(matches: list[Match]) -> list[Match]:
    """Those whose patients are free and still wait, now that their rows are locked."""
    lock(Patient.objects.all(), [match.wait.patient_id for match in matches])
    waiting = lock(Wait.objects.filter(state=Wait.State.WAITING), [match.wait.pk for match in matches])
    first, last = min(match.slot.start for match in matches), max(match.slot.end for match in matches)
    busy = _busy([match.wait for match in matches], Interval(first, last))
    return [
        match for match in matches if match.wait.pk in waiting and not _meets(busy[match.wait.patient_id], match.slot)
    ]


def _matches(doctor: Doctor, calendar: Calendar) -> Iterator[Match]:
    """For each in the line, from the first on, the first open time that is wanted, was never offered and is not taken
    by what this has found for those before.

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
    taken: list[Interval] = []
    for wait in waits:
        visit = kinds.get(wait.pk)
        if visit is None or wait.asked_by_id not in people[wait.patient_id]:
            continue
        for slot in free[visit.rules]:
            if (
                (mode := mode_for(wait, visit, slot))
                and (wait.pk, slot.start) not in offered
                and not _meets(busy[wait.patient_id], slot)
                and not _meets(taken, slot.blocked(visit.rules))
            ):
                taken.append(slot.blocked(visit.rules))
                yield Match(slot, wait, visit, mode)
                break


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


def _meets(times: Iterable[Interval], one: Interval | Slot) -> bool:
    return any(each.start < one.end and one.start < each.end for each in times)


def _hold_for(match: Match, doctor: Doctor, terms: Terms) -> bool:
    """Write the hold and the offer down, and tell; False where one of the constraints refuses. The caller holds the
    locks."""
    try:
        with transaction.atomic():
            _write(match, doctor, terms)
    except IntegrityError as error:
        if constraint_name(error) not in {"doctor_not_double_booked", "patient_not_double_booked"}:
            raise
        return False
    return True


def _write(match: Match, doctor: Doctor, terms: Terms) -> None:
    slot, wait, visit, now = match.slot, match.wait, match.visit, timezone.now()
    blocked = slot.blocked(visit.rules)
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
        policy=terms.snapshot,
    )
    AppointmentEvent.objects.create(appointment=appointment, new=Status.HELD, code="offered", period=appointment.period)
    WaitOffer.objects.create(wait=wait, appointment=appointment, start=slot.start)
    notices.time_offered(appointment)
    log.info("time_offered", wait=str(wait.pk), appointment=str(appointment.pk))
