"""Races about a time that came free, on real connections, and what becomes of them when the guard is taken away."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from threading import Event
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from appointments import freed_times
from appointments.freed_times import offer_open_times
from appointments.models import OCCUPYING, Appointment, Status, Wait, WaitOffer
from appointments.services import cancel_appointment
from appointments.tasks import sweep_waiting_lists
from appointments.waiting_list import leave_waiting_list
from scheduling.models import Calendar, WeeklyHours
from tests.appointments.races import at_once, no_deadlock, tally, wait_for_a_blocked_backend
from tests.appointments.visits import at, confirmed, days_from_now, hold
from tests.factories.patients import PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)


def waiting(doctor: User, by: User | None = None) -> Wait:
    """Somebody who waits for this doctor; there is no need that nothing is open."""
    by = by or PatientFactory().user
    days = (days_from_now(0), days_from_now(8))
    freed_times.WaitingList.objects.get_or_create(doctor=doctor.doctor)
    return Wait.objects.create(doctor=doctor.doctor, patient=by.patient, asked_by=by, days=days)


def only(doctor: User, hours: int, *, slot: int = 15) -> None:
    """The doctor's times are those of tomorrow from ten on, for so many hours."""
    rows = WeeklyHours.objects.filter(doctor=doctor.doctor)
    rows.exclude(weekday=at(10).weekday()).delete()
    rows.update(start="10:00", minutes=hours * 60)
    Calendar.objects.filter(doctor=doctor.doctor).update(horizon_days=6, slot_minutes=slot)


def confirmed_at(doctor: User, by: User, start: datetime) -> Appointment:
    """A confirmed visit that nobody had to pay for, six minutes long: there are many of them."""
    period = DateTimeTZRange(start, start + timedelta(minutes=6))
    return Appointment.objects.create(
        doctor=doctor.doctor,
        patient=by.patient,
        booked_by=by,
        period=period,
        blocked=period,
        mode="video",
        status=Status.CONFIRMED,
        fee=800,
    )


def seats() -> dict[Any, int]:
    """How many occupy each time: from outside."""
    found: dict[Any, int] = {}
    for period in Appointment.objects.filter(status__in=OCCUPYING).values_list("period", flat=True):
        found[period.lower] = found.get(period.lower, 0) + 1
    return found


def test_offer_against_a_crowd_that_books_seats_one(doctor: User) -> None:
    only(doctor, 1, slot=60)
    waiting(doctor)
    crowd = [PatientFactory().user for _ in range(15)]
    with no_deadlock():
        outcomes = at_once(
            *(lambda user=user: hold(doctor, user, at(10)) for user in crowd),
            *[lambda: offer_open_times(doctor.doctor.pk)] * 5,
        )
    booked, offered = outcomes[:15], outcomes[15:]
    assert set(tally(booked)) <= {"done", "SlotGone"}
    assert set(tally(offered)) == {"done"}
    assert seats() == {at(10): 1}
    assert tally(booked)["done"] + sum(outcome.value for outcome in offered) == 1


def test_hundred_times_released_at_once_are_each_offered_once(doctor: User) -> None:
    """To a hundred who wait, by workers that all look at once."""
    only(doctor, 10, slot=6)
    booker = PatientFactory().user
    visits = [confirmed_at(doctor, booker, at(10 + n // 10, n % 10 * 6)) for n in range(100)]
    waits = [waiting(doctor) for _ in range(100)]

    def release(visit: Appointment) -> None:
        cancel_appointment(visit, by=visit.booked_by, side="patient")

    with no_deadlock():
        outcomes = at_once(
            *(lambda visit=visit: release(visit) for visit in visits),
            *[lambda: offer_open_times(doctor.doctor.pk)] * 4,
        )
        sweep_waiting_lists()
    assert set(tally(outcomes)) == {"done"}
    assert WaitOffer.objects.count() == WaitOffer.objects.open().count() == 100
    assert set(seats().values()) == {1}
    assert {offer.wait_id for offer in WaitOffer.objects.all()} == {wait.pk for wait in waits}


def test_two_doctors_times_for_one_patient_who_waits_for_both(doctor: User, other_doctor: User) -> None:
    """At the same hour: one of them is offered, and the other one goes to somebody else or to nobody."""
    patient = PatientFactory().user
    for each in (doctor, other_doctor):
        only(each, 1, slot=60)
        waiting(each, patient)
    with no_deadlock():
        outcomes = at_once(*[lambda each=each: offer_open_times(each.doctor.pk) for each in (doctor, other_doctor)] * 3)
    assert set(tally(outcomes)) == {"done"}
    assert WaitOffer.objects.count() == 1


def test_offer_against_leaving_holds_nothing_for_who_left(doctor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    only(doctor, 1, slot=60)
    gone, stays = waiting(doctor), waiting(doctor)
    matches = freed_times._matches

    def and_then_left(*about: Any) -> Iterator[freed_times.Match]:
        """The one who was found leaves before the wait is locked."""
        found = list(matches(*about))
        if Wait.objects.filter(pk=gone.pk, state="waiting").exists():
            at_once(lambda: leave_waiting_list(gone))
        return iter(found)

    monkeypatch.setattr(freed_times, "_matches", and_then_left)
    assert offer_open_times(doctor.doctor.pk) == 1
    assert WaitOffer.objects.get().wait == stays


@contextmanager
def paused_after_choosing(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Event, Event]]:
    """The first worker stops when it has chosen, until it may go on."""
    chosen, go_on = Event(), Event()
    hold_for = freed_times._hold_for

    def hold_late(*about: Any) -> bool:
        if not chosen.is_set():
            chosen.set()
            assert go_on.wait(30)
        return hold_for(*about)

    monkeypatch.setattr(freed_times, "_hold_for", hold_late)
    yield chosen, go_on


@pytest.mark.parametrize("guarded", [True, False])
def test_one_who_waits_is_not_asked_about_two_times_at_once(
    doctor: User, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """An earlier time comes free while one is being offered. Without the doctor's lock the same person gets both."""
    only(doctor, 1, slot=30)
    earlier = confirmed(doctor, PatientFactory().user, at(10))
    waiting(doctor)
    if not guarded:
        monkeypatch.setattr(freed_times, "lock", lambda rows, pks: {row.pk: row for row in rows.filter(pk__in=pks)})
    with paused_after_choosing(monkeypatch) as (chosen, go_on):

        def second() -> int:
            assert chosen.wait(30)
            if not guarded:
                cancel_appointment(earlier, by=earlier.booked_by, side="patient")
                try:
                    return offer_open_times(doctor.doctor.pk)
                finally:
                    go_on.set()
            return offer_open_times(doctor.doctor.pk)

        def release() -> None:
            if guarded:
                wait_for_a_blocked_backend()
                go_on.set()
                cancel_appointment(earlier, by=earlier.booked_by, side="patient")

        outcomes = at_once(lambda: offer_open_times(doctor.doctor.pk), second, release)
    assert set(tally(outcomes)) == {"done"}
    assert WaitOffer.objects.open().count() == (1 if guarded else 2)
