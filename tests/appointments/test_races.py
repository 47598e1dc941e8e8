"""Races on real connections, and what becomes of them when a guard is taken away."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, time
from threading import Barrier, Event, local
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import Notification, User
from appointments import hold_statements, hours, services
from appointments.errors import SlotGone
from appointments.models import OCCUPYING, Appointment, AppointmentEvent, Status
from appointments.services import cancel_appointment, change_status, expire_hold, holds, lay_leave, start_payment
from appointments.tasks import sweep_holds
from config.statements import Batch
from payments.models import Account, Charge, LedgerEntry, Refund
from scheduling.models import Calendar, TimeOff, WeeklyHours
from tests.appointments.races import (
    at_once,
    deadlocks,
    no_deadlock,
    slowest,
    tally,
    wait_for_a_blocked_backend,
)
from tests.appointments.visits import at, confirmed, held_until_past, hold, money_for, story
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory

pytestmark = pytest.mark.django_db(transaction=True)

CROWD = 50


def crowd(size: int = CROWD) -> list[User]:
    return [PatientFactory().user for _ in range(size)]


def holding(doctor: User, by: User, start: datetime | None = None, **details: Any) -> Callable[[], Appointment]:
    return lambda: hold(doctor, by, start, **details)


def all_week(doctor: User) -> list[WeeklyHours]:
    """Nine to five by video, every day: new rows."""
    return [
        WeeklyHours(doctor=doctor.doctor, weekday=day, start=time(9), minutes=480, modes=["video"]) for day in range(7)
    ]


def seated(doctor: User) -> list[Appointment]:
    return list(Appointment.objects.filter(doctor=doctor.doctor, status__in=OCCUPYING).order_by("pk"))


def assert_nobody_sits_on_anybody() -> None:
    """Looked at from outside: no two occupying bookings of a doctor, or of a patient, meet."""
    rows = Appointment.objects.filter(status__in=OCCUPYING).order_by("pk")
    for row in rows:
        others = rows.filter(pk__gt=row.pk)
        assert not others.filter(doctor=row.doctor_id, blocked__overlap=row.blocked).exists()
        assert not others.filter(patient=row.patient_id, period__overlap=row.period).exists()


# One slot, many patients -----------------------------------------------------------------------------------------


def test_fifty_who_want_one_slot_get_one_hold_and_forty_nine_clean_refusals(doctor: User) -> None:
    with no_deadlock():
        outcomes = at_once(*(holding(doctor, user) for user in crowd()))
    assert tally(outcomes) == {"done": 1, "SlotGone": CROWD - 1}
    assert len(seated(doctor)) == Appointment.objects.count() == AppointmentEvent.objects.count() == 1
    print(f"\n{CROWD} at one slot: the last of the losers was told after {slowest(outcomes)}")


def test_crowd_at_a_slot_whose_hold_just_ran_out_gets_one(doctor: User, patient: User) -> None:
    lapsed = held_until_past(hold(doctor, patient))
    with no_deadlock():
        outcomes = at_once(*(holding(doctor, user) for user in crowd(20)))
    assert tally(outcomes) == {"done": 1, "SlotGone": 19}
    assert story(lapsed)[1:] == [("held", "expired", None, "")]
    assert len(seated(doctor)) == 1


def test_crowd_at_slots_that_touch_fills_them_all(doctor: User) -> None:
    """Ten slots, three for each: neighbours do not disturb each other."""
    starts = [at(9 + number // 4, number % 4 * 15) for number in range(10)]
    with no_deadlock():
        outcomes = at_once(*(holding(doctor, user, starts[number % 10]) for number, user in enumerate(crowd(30))))
    assert tally(outcomes) == {"done": 10, "SlotGone": 20}
    assert sorted(each.start for each in seated(doctor)) == starts


def test_crowd_at_slots_whose_grid_and_pauses_change_meanwhile_never_sits_on_each_other(doctor: User) -> None:
    """The doctor saves hours again and again while people book: whoever is seated fits the rules of one moment."""
    grids = [(15, 0, 0), (20, 5, 5), (10, 0, 5), (30, 10, 0)]

    def save(number: int) -> Callable[[], None]:
        def run() -> None:
            calendar = Calendar.objects.get(doctor=doctor.doctor)
            length, before, after = grids[number % len(grids)]
            calendar.slot_minutes, calendar.buffer_before_minutes, calendar.buffer_after_minutes = length, before, after
            hours.save_week(doctor.doctor, calendar, all_week(doctor))

        return run

    starts = [at(10), at(10, 5), at(10, 10), at(10, 15), at(10, 20), at(10, 30)]
    people = crowd(30)
    with no_deadlock():
        outcomes = at_once(
            *(holding(doctor, user, starts[number % 6]) for number, user in enumerate(people)),
            *(save(number) for number in range(8)),
        )
    assert set(tally(outcomes)) <= {"done", "SlotGone"}
    assert tally(outcomes)["done"] > 8
    assert_nobody_sits_on_anybody()
    for visit in seated(doctor):
        length = (visit.end - visit.start).seconds // 60
        before = (visit.start - visit.blocked.lower).seconds // 60
        after = (visit.blocked.upper - visit.end).seconds // 60
        assert (length, before, after) in grids


def test_hold_that_waited_for_new_hours_is_made_by_the_new_hours(doctor: User, patient: User) -> None:
    """What came with the lock would be as old as the wait; the booker reads the rules after it."""
    saved, go_on = Event(), Event()

    def save() -> None:
        calendar = Calendar.objects.get(doctor=doctor.doctor)
        calendar.slot_minutes = 60
        with transaction.atomic():
            hours.save_week(doctor.doctor, calendar, all_week(doctor))
            saved.set()
            assert go_on.wait(30)

    def book() -> Appointment:
        assert saved.wait(30)
        return hold(doctor, patient, at(10))

    def let_go() -> None:
        wait_for_a_blocked_backend()
        go_on.set()

    _saved, booked, _gone = at_once(save, book, let_go)
    assert booked.error is None
    assert (booked.value.start, booked.value.end) == (at(10), at(11))


def test_time_off_against_a_crowd_leaves_no_hold_that_was_made_after_it(doctor: User) -> None:
    def away() -> list[Appointment]:
        return lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(12)), by=doctor)

    with no_deadlock():
        *outcomes, off = at_once(*(holding(doctor, user, at(10 + n % 2)) for n, user in enumerate(crowd(20))), away)
    assert set(tally(outcomes)) <= {"done", "SlotGone"}
    assert off.error is None
    assert TimeOff.objects.count() == 1
    with pytest.raises(SlotGone):
        hold(doctor, PatientFactory().user, at(11, 30))


# One patient, one account ----------------------------------------------------------------------------------------


def test_one_patient_at_two_doctors_at_once_gets_one(doctor: User, other_doctor: User, patient: User) -> None:
    for start in (at(9), at(11), at(13)):
        with no_deadlock():
            outcomes = at_once(holding(doctor, patient, start), holding(other_doctor, patient, start))
        assert tally(outcomes) == {"done": 1, "PatientBusy": 1}
        Appointment.objects.update(status=Status.CANCELLED)


def test_one_patient_whom_twenty_accounts_book_at_twenty_doctors_gets_one() -> None:
    child = PatientFactory(child=True)
    guardians = [GuardianshipFactory(patient=child).guardian for _ in range(20)]
    doctors = [DoctorFactory(with_hours=True).user for _ in range(20)]
    Calendar.objects.filter(doctor__in=[each.doctor for each in doctors[::2]]).update(slot_minutes=60)
    with no_deadlock():
        outcomes = at_once(
            *(holding(each, by, at(10), patient=child) for each, by in zip(doctors, guardians, strict=True))
        )
    assert tally(outcomes) == {"done": 1, "PatientBusy": 19}
    print(f"\n20 accounts for one patient at 20 doctors: the last was told after {slowest(outcomes)}")


def test_two_accounts_that_book_for_one_patient_at_one_doctor_get_one(doctor: User) -> None:
    child = PatientFactory(child=True)
    guardians = [GuardianshipFactory(patient=child).guardian for _ in range(2)]
    outcomes = at_once(*(holding(doctor, each, patient=child) for each in guardians))
    assert tally(outcomes) == {"done": 1, "SlotGone": 1}


def test_one_hold_asked_for_twenty_times_at_once_is_one_hold(doctor: User, patient: User) -> None:
    with no_deadlock():
        outcomes = at_once(*(holding(doctor, patient) for _ in range(20)))
    assert tally(outcomes) == {"done": 20}
    assert len({outcome.value.pk for outcome in outcomes}) == Appointment.objects.count() == 1


def test_one_account_with_a_large_family_holds_two_times_and_no_more(patient: User) -> None:
    family = [GuardianshipFactory(guardian=patient).patient for _ in range(8)]
    doctors = [DoctorFactory(with_hours=True).user for _ in family]
    with no_deadlock():
        outcomes = at_once(
            *(holding(each, patient, patient=child) for each, child in zip(doctors, family, strict=True))
        )
    assert tally(outcomes) == {"done": 2, "TooManyHolds": 6}


def test_payment_started_ten_times_at_once_is_one_charge(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    with no_deadlock():
        outcomes = at_once(*(lambda: start_payment(Appointment.objects.get(pk=held.pk), by=patient) for _ in range(10)))
    assert tally(outcomes) == {"done": 10}
    assert {outcome.value.pk for outcome in outcomes} == {Charge.objects.get().pk}


def test_extension_asked_for_at_once_is_given_once(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    outcomes = at_once(*(lambda: services.extend_hold(held, by=patient) for _ in range(5)))
    assert tally(outcomes) == {"done": 1, "IllegalChange": 4}


def test_two_movers_of_one_row_make_one_move(doctor: User, patient: User) -> None:
    """By the compare-and-set alone: neither takes a lock before."""
    for number in range(6):
        held = hold(doctor, patient, at(9 + number))
        first, second = Appointment.objects.get(pk=held.pk), Appointment.objects.get(pk=held.pk)
        outcomes = at_once(
            lambda row=first: change_status(row, Status.CONFIRMED, by=None),
            lambda row=second: change_status(row, Status.CANCELLED, by=patient),
        )
        assert tally(outcomes) == {"done": 1, "IllegalChange": 1}
        held.refresh_from_db()
        assert [new for _old, new, _by, _code in story(held)] == ["held", held.status]
        if held.status == Status.CONFIRMED:
            cancel_appointment(held, by=patient, side="patient")


# Settle, cancel, book, sweep -------------------------------------------------------------------------------------


def money_of(charge: Charge) -> tuple[int, int]:
    """What was paid, and what of it was promised back."""
    paid = sum(attempt.amount for attempt in charge.attempts.with_money())
    back = sum(charge.refunds.exclude(status=Refund.Status.FAILED).values_list("amount", flat=True))
    return int(paid), int(back)


def assert_money_followed(visit: Appointment) -> None:
    """Paid and seated, or all of it on its way back; and the ledger says the same."""
    visit.refresh_from_db()
    assert visit.charge is not None
    paid, back = money_of(visit.charge)
    assert paid == 800
    assert back == (0 if visit.status == Status.CONFIRMED else 800)
    deposits = LedgerEntry.objects.filter(journal__charge=visit.charge, account=Account.DEPOSIT)
    assert -sum(deposits.values_list("amount", flat=True)) == paid - back


@pytest.mark.parametrize("lapsed", [False, True], ids=["live hold", "lapsed hold"])
def test_settle_cancel_book_and_sweep_on_one_appointment_have_one_outcome(
    doctor: User, patient: User, lapsed: bool
) -> None:
    rivals = crowd(2)
    seen = []
    for number in range(8):
        start = at(9 + number // 4, number % 4 * 15)
        visit = hold(doctor, patient, start)
        arrive = money_for(visit)
        if lapsed:
            held_until_past(visit)
        copies = [Appointment.objects.get(pk=visit.pk) for _ in range(2)]
        calls: list[Callable[[], Any]] = [
            arrive,
            lambda row=copies[0]: cancel_appointment(row, by=patient, side="patient"),
            lambda row=copies[1]: cancel_appointment(row, by=doctor, side="doctor"),
            lambda pk=visit.pk: expire_hold(pk),
            *(holding(doctor, rival, start) for rival in rivals[: number % 3]),
        ]
        turn = number % len(calls)
        with no_deadlock():
            outcomes = at_once(*calls[turn:], *calls[:turn])

        assert set(tally(outcomes)) <= {"done", "NotCancellable", "SlotGone"}
        assert_money_followed(visit)
        here = [each for each in seated(doctor) if each.start == start]
        assert len(here) <= 1
        if visit.status == Status.CONFIRMED:
            assert here == [visit]
        told = Notification.objects.filter(kind="appointment_confirmed", facts__path=visit.get_absolute_url())
        assert told.count() <= 1
        seen.append(f"{visit.status}{'+' if here and here != [visit] else ''}")
        Appointment.objects.filter(booked_by__in=rivals, status=Status.HELD).update(status=Status.EXPIRED)
        Appointment.objects.filter(pk=visit.pk, status=Status.CONFIRMED).update(status=Status.COMPLETED)
    print(
        f"\nsettle × cancel × book × sweep ({'lapsed' if lapsed else 'live'}; +: a rival sits there): {' '.join(seen)}"
    )


def test_settlement_against_a_crowd_at_a_lapsed_hold_seats_one(doctor: User, patient: User) -> None:
    for number in range(4):
        start = at(9 + number)
        visit = hold(doctor, patient, start)
        arrive = money_for(visit)
        held_until_past(visit)
        with no_deadlock():
            outcomes = at_once(arrive, *(holding(doctor, user, start) for user in crowd(12)))
        assert outcomes[0].error is None
        visit.refresh_from_db()
        rivals = tally(outcomes[1:])
        assert rivals == ({"SlotGone": 12} if visit.status == Status.CONFIRMED else {"done": 1, "SlotGone": 11})
        assert_money_followed(visit)


def test_booker_and_sweepers_at_lapsed_holds_expire_each_once(doctor: User, other_doctor: User) -> None:
    """Two lapsed holds in the way of one booking, one at this doctor and one of this patient elsewhere."""
    for number in range(8):
        start = at(9 + number)
        mine, theirs = crowd(2)
        lapsed = [held_until_past(hold(doctor, theirs, start)), held_until_past(hold(other_doctor, mine, start))]
        with no_deadlock():
            outcomes = at_once(
                holding(doctor, mine, start),
                holding(other_doctor, theirs, start),
                *(lambda pk=row.pk: expire_hold(pk) for row in lapsed),
                sweep_holds,
            )
        assert tally(outcomes) == {"done": 5}
        for row in lapsed:
            assert story(row)[1:] == [("held", "expired", None, "")]
    assert_nobody_sits_on_anybody()


def test_cancel_by_both_sides_at_once_is_one_cancellation_and_one_refund(doctor: User, patient: User) -> None:
    for number in range(4):
        visit = confirmed(doctor, patient, at(9 + number))
        first, second = Appointment.objects.get(pk=visit.pk), Appointment.objects.get(pk=visit.pk)
        with no_deadlock():
            outcomes = at_once(
                lambda row=first: cancel_appointment(row, by=patient, side="patient"),
                lambda row=second: cancel_appointment(row, by=doctor, side="doctor"),
            )
        assert tally(outcomes) == {"done": 1, "NotCancellable": 1}
        assert_money_followed(visit)


# What the guards are for -----------------------------------------------------------------------------------------


@pytest.fixture
def no_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """The booker only reads the rows that it should lock."""
    monkeypatch.setattr(hold_statements, "locked", lambda rows: rows)
    unlocked = Batch(**hold_statements.LOCKS, **hold_statements.FACTS)
    monkeypatch.setattr(hold_statements, "look", unlocked)


def all_look_before_anybody_writes(monkeypatch: pytest.MonkeyPatch, parties: int) -> None:
    """Whoever saw the slot open waits until all have: the worst moment, made certain. Only works without the lock."""
    everybody, mine = Barrier(parties), local()
    write = holds.write_hold

    def wait_then_write(appointment: Appointment) -> Appointment:
        if not hasattr(mine, "looked"):
            mine.looked = True
            everybody.wait(60)
        return write(appointment)

    monkeypatch.setattr(holds, "write_hold", wait_then_write)


@contextmanager
def without_constraints() -> Iterator[None]:
    """The table lets anything in; what it let in is gone when they come back."""
    named = [each for each in Appointment._meta.constraints if each.name.endswith("_not_double_booked")]
    assert len(named) == 2
    with connection.schema_editor() as editor:
        for constraint in named:
            editor.remove_constraint(Appointment, constraint)
    try:
        yield
    finally:
        AppointmentEvent.objects.all().delete()
        Appointment.objects.all().delete()
        with connection.schema_editor() as editor:
            for constraint in named:
                editor.add_constraint(Appointment, constraint)


def test_without_lock_and_constraint_all_are_seated_in_one_slot(
    doctor: User, no_lock: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the crowds above are a race, and that these two guards are what decides it."""
    people = crowd(8)
    all_look_before_anybody_writes(monkeypatch, len(people))
    with without_constraints():
        outcomes = at_once(*(holding(doctor, user) for user in people))
        count = len(seated(doctor))
    assert tally(outcomes) == {"done": 8}
    assert count == 8


def test_with_the_lock_alone_one_is_seated(doctor: User) -> None:
    people = crowd(20)
    with without_constraints():
        outcomes = at_once(*(holding(doctor, user) for user in people))
        count = len(seated(doctor))
    assert tally(outcomes) == {"done": 1, "SlotGone": 19}
    assert count == 1


def test_with_the_constraint_alone_one_is_seated(doctor: User, no_lock: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Proven is that the constraint lets one in, even so. What it costs the others (waits, deadlocks that PostgreSQL
    breaks after a second each, errors left after three tries) differs from run to run, and is printed: it is why the
    doctor's row is locked first."""
    people = crowd(6)
    all_look_before_anybody_writes(monkeypatch, len(people))
    before = deadlocks()
    outcomes = at_once(*(holding(doctor, user) for user in people))
    assert len(seated(doctor)) == 1
    assert tally(outcomes)["done"] == 1
    assert set(tally(outcomes)) <= {"done", "SlotGone", "OperationalError"}
    print(
        f"\nconstraint without lock, {len(people)} at one slot: {dict(tally(outcomes))},"
        f" {deadlocks() - before} deadlocks, the last was told after {slowest(outcomes)}"
    )
