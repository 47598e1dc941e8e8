"""The waiting list: joining, leaving, and saying that a time may be free; freed_times.py has who is offered it."""

from collections.abc import Collection
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from appointments.errors import NoFollowUp, TimeIsOpen, TooManyWaits
from appointments.kinds import kinds_waited_for
from appointments.listings import part_of_day
from appointments.models import Appointment, Wait, WaitingList
from appointments.open_times import slots_of
from config.db import lock
from config.queue import send_on_commit
from doctors.models import Doctor
from patients.models import Patient
from scheduling.models import Calendar, VisitKind, VisitType
from scheduling.slots import Interval, Slot
from scheduling.visits import OfferedVisit

MOST_WAITS = 10


@transaction.atomic
def join_waiting_list(
    doctor: Doctor,
    *,
    patient: Patient,
    days: DateRange,
    visit_type: VisitType | None = None,
    mode: str = "",
    part: str = "",
    by: User,
) -> Wait:
    """Wait for a time with this doctor on these days of the doctor's calendar, for the usual visit or one of a type, by
    one mode and at one part of the day if they are given.

    Who waits for this doctor already keeps the place in the line, and waits for what is said now. The caller has made
    sure that `by` acts for the patient. Raises TimeIsOpen where such a time is open, NoFollowUp where the patient was
    not with the doctor lately enough, TooManyWaits at the eleventh of one account. Locks the patient, then the account.
    """
    lock(Patient.objects.only("pk"), [patient.pk])
    lock(User.objects.only("pk"), [by.pk])
    wait = Wait.objects.filter(doctor=doctor, patient=patient, state=Wait.State.WAITING).first()
    if wait is None:
        wait = Wait(doctor=doctor, patient=patient, asked_by=by)
        today = timezone.localdate()
        if Wait.objects.waiting(today).filter(asked_by=by).count() >= MOST_WAITS:
            raise TooManyWaits
    wait.days, wait.visit_type, wait.mode, wait.part = days, visit_type, mode, part
    if fitting := first_open(doctor, wait):
        raise TimeIsOpen(fitting.start)
    wait.save()
    WaitingList.objects.update_or_create(doctor=doctor, defaults={"look_at": Now()})
    return wait


def first_open(doctor: Doctor, wait: Wait) -> Slot | None:
    """The first open time that fits, for whoever comes first. Raises NoFollowUp."""
    calendar = Calendar.objects.filter(doctor=doctor).first()
    if calendar is None:
        return None
    visit = kinds_waited_for([wait], doctor, calendar, now=timezone.now()).get(wait.pk)
    if visit is None:
        if wait.visit_type is not None and wait.visit_type.kind == VisitKind.FOLLOW_UP:
            raise NoFollowUp
        return None
    window = window_of_days(wait.first, wait.last, calendar.zone)
    slots = slots_of([calendar], window, rules={doctor.pk: visit.rules})[doctor.pk]
    return next((slot for slot in slots if slot.free and mode_for(wait, visit, slot)), None)


def window_of_days(first: date, last: date, zone: ZoneInfo) -> Interval:
    """From midnight before the first of these days to midnight after the last, on a calendar's clock."""
    begin, end = (datetime.combine(day, time(), zone) for day in (first, last + timedelta(days=1)))
    return Interval(begin, end)


def mode_for(wait: Wait, visit: OfferedVisit, slot: Slot) -> str:
    """By which mode this time for such a visit is what somebody waits for; empty where it is not."""
    zone = visit.rules.zone
    if slot.start.astimezone(zone).date() not in wait.days or wait.part not in ("", part_of_day(slot.start, zone)):
        return ""
    offered = [mode for mode in visit.fees if mode in slot.modes]
    if wait.mode:
        return wait.mode if wait.mode in offered else ""
    return next(iter(offered), "")


def leave_waiting_list(wait: Wait) -> None:
    """Wait no more; left or booked already, nothing changes. A time that is held meanwhile stays held."""
    Wait.objects.filter(pk=wait.pk, state=Wait.State.WAITING).update(state=Wait.State.LEFT)


def look_again(doctor_ids: Collection[int]) -> None:
    """A time of these doctors may have come free: have it offered to those who wait. Part of the transaction that frees
    it; one statement, and where nobody waits nothing more."""
    from appointments.tasks import offer_times

    if WaitingList.objects.filter(pk__in=doctor_ids).update(look_at=Now()):
        for doctor_id in doctor_ids:
            send_on_commit(offer_times, doctor_id)


def end_wait(appointment: Appointment) -> None:
    """The patient has a time with this doctor now, offered or found: whoever waited for one waits no more."""
    day = appointment.start.astimezone(zone_of(appointment.doctor_id)).date()
    waits = Wait.objects.filter(doctor=appointment.doctor_id, patient=appointment.patient_id, days__contains=day)
    waits.filter(state=Wait.State.WAITING).update(state=Wait.State.BOOKED)


def zone_of(doctor_id: int) -> ZoneInfo:
    """The clock of this doctor's calendar; without one, the portal's."""
    zones = Calendar.objects.filter(doctor=doctor_id).values_list("time_zone", flat=True)
    return ZoneInfo(zones.first() or settings.PORTAL_TIME_ZONE)
