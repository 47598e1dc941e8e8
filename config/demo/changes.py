"""What happens to bookings, in the demo: moved, called off late, leave with open questions, a contested visit, cash."""

from datetime import timedelta

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from appointments.errors import PatientBusy, SlotGone, TooManyHolds
from appointments.models import Appointment, Status, Terms
from appointments.open_times import other_times
from appointments.services import (
    cancel_appointment,
    contest_visit,
    hold_slot,
    lay_leave,
    pay_later,
    reschedule,
    save_terms,
)
from config.demo.visits import Diary
from doctors.models import Doctor, Mode
from payments.services import take_at_desk
from scheduling.slots import Interval

DAY = timedelta(days=1)
STRICT = Terms(free_until_hours=24, percent_after=50, move_until_hours=4)


def write_changes(diary: Diary, doctors: list[Doctor], accounts: list[User], *, admin: User) -> int:
    """Each kind of change once or twice, made by the services that the pages call; how many there are."""
    own, others = accounts[0], accounts[1:]
    coming = list(_coming(diary).filter(booked_by=own))
    away = [visit for visit in _coming(diary).filter(booked_by__in=others) if visit.start < diary.now + 9 * DAY]
    made = 0
    if coming:
        made += _move(coming[0], by=coming[0].doctor.user, side="doctor")
    if len(coming) > 1:
        made += _leave(coming[1])
    for visit in away[:1]:
        made += _move(visit, by=visit.booked_by, side="patient")
    for visit in away[1:2]:
        made += _leave(visit)
    for visit in away[2:3]:
        made += _cancel_late(visit)
    return made + _contest(diary, doctors[0], own) + _pay_at_desk(diary, doctors, others, admin=admin)


def _coming(diary: Diary):
    """Visits that are more than half a day ahead, the next first, one of a doctor."""
    ahead = Appointment.objects.filter(status=Status.CONFIRMED, period__startswith__gt=diary.now + DAY / 2)
    firsts = ahead.order_by("doctor", "period").distinct("doctor").values("pk")
    return ahead.filter(pk__in=firsts).select_related("doctor__user", "booked_by", "patient").order_by("period", "pk")


def _move(visit: Appointment, *, by: User, side: str) -> int:
    for slot in other_times(visit, Interval(visit.start, visit.start + 3 * DAY)):
        try:
            reschedule(visit, start=slot.start, sequence=visit.sequence, by=by, side=side)
        except PatientBusy:
            continue
        return 1
    return 0


def _leave(visit: Appointment) -> int:
    period = DateTimeTZRange(visit.start - timedelta(hours=1), visit.start + timedelta(hours=3))
    return len(lay_leave(visit.doctor, period, by=visit.doctor.user).offers)


def _cancel_late(visit: Appointment) -> int:
    """By terms under which it was late days ago."""
    terms = Terms(free_until_hours=14 * 24, percent_after=50, move_until_hours=4)
    Appointment.objects.filter(pk=visit.pk).update(policy=terms.snapshot)
    visit.refresh_from_db()
    cancel_appointment(visit, by=visit.booked_by, side="patient", reason="cannot_come")
    return 1


def _contest(diary: Diary, doctor: Doctor, account: User) -> int:
    """Somebody who is said to have missed a visit of these days, and says otherwise."""
    for slot in diary.times(doctor, Interval(diary.now - 4 * DAY, diary.now - timedelta(hours=2))):
        visit = diary.enter(doctor, account.patient, account, slot, Status.NO_SHOW)
        if visit is not None:
            diary.write()
            words = "I was in the waiting room from five minutes before until a quarter past."
            contest_visit(visit, side="patient", words=words, by=account)
            return 1
    return 0


def _pay_at_desk(diary: Diary, doctors: list[Doctor], accounts: list[User], *, admin: User) -> int:
    """Two who pay at one chamber; one of them has done so already."""
    doctor = next((each for each in doctors if Mode.IN_PERSON in each.modes), None)
    if doctor is None:
        return 0
    terms = Terms(STRICT.free_until_hours, STRICT.percent_after, STRICT.move_until_hours, pay_at_desk=True)
    save_terms(doctor, terms)
    booked: list[Appointment] = []
    slots = iter(diary.times(doctor, Interval(diary.now + DAY / 2, diary.now + 7 * DAY)))
    for account in accounts:
        slot = next((each for each in slots if Mode.IN_PERSON in each.modes), None)
        if slot is None or len(booked) == 2:
            break
        try:
            held = hold_slot(
                doctor.pk, start=slot.start, mode=Mode.IN_PERSON, patient_id=account.patient.pk, by=account
            )
        except (SlotGone, PatientBusy, TooManyHolds):
            continue
        booked.append(pay_later(held, by=account))
    if booked and booked[0].charge:
        take_at_desk(booked[0].charge, by=admin)
    return len(booked)
