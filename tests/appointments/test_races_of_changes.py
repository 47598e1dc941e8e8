"""Moves, cancellations, offers and leave against somebody who comes in between, on real connections.

The other comes at the worst moment, made certain: after the first has looked, and before it writes. With the lock the
other waits there; without it, which each test tries too, both go on and the promise is broken.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments import hold_statements
from appointments.models import Appointment, Offer, Status
from appointments.services import (
    cancel_appointment,
    door,
    ending,
    lay_leave,
    leave,
    moving,
    replace_appointment,
    replacing,
    reschedule,
)
from appointments.tasks import sweep_offers
from config.processes import wait_until
from config.statements import Batch
from doctors.models import DoctorSpecialty
from payments.models import Charge, Refund
from tests.appointments.races import Outcome, at_once, no_deadlock, tally
from tests.appointments.test_races import assert_nobody_sits_on_anybody, without_constraints
from tests.appointments.visits import at, confirmed, hold, money_for
from tests.factories.doctors import DoctorFactory

pytestmark = pytest.mark.django_db(transaction=True)

guarded = pytest.mark.parametrize("guarded", [True, False], ids=["with its lock", "without"])


@pytest.fixture
def unguard(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Whoever changes a booking reads the rows that it should lock, and no more."""

    def take_away() -> None:
        def only_read(rows: Any, pks: Any) -> dict[Any, Any]:
            return {row.pk: row for row in rows.filter(pk__in=pks)}

        for module in (door, replacing, leave):
            monkeypatch.setattr(module, "lock", only_read)
        for module in (door, replacing):
            monkeypatch.setattr(module, "lock_charge", lambda pk: Charge.objects.get(pk=pk))
        monkeypatch.setattr(hold_statements, "locked", lambda rows: rows)
        monkeypatch.setattr(hold_statements, "look", Batch(**hold_statements.LOCKS, **hold_statements.FACTS))

    return take_away


class Between:
    """Runs `act` in a connection of its own once `module.name` has answered for the first time, until it is done or
    waits for a lock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, module: ModuleType, name: str, act: Callable[[], Any]) -> None:
        self.outcome: Any = None
        self.pool = ThreadPoolExecutor(1)
        original = getattr(module, name)

        def look_and_let_in(*args: Any, **kwargs: Any) -> Any:
            found = original(*args, **kwargs)
            if self.outcome is None:
                self.outcome = self.pool.submit(self._run, act)
                assert wait_until(lambda: self.outcome.done() or somebody_waits(), timeout=30)
            return found

        monkeypatch.setattr(module, name, look_and_let_in)

    def _run(self, act: Callable[[], Any]) -> Outcome:
        value, error = None, None
        try:
            value = act()
        except Exception as raised:
            error = raised
        finally:
            connection.close()
        return Outcome(value, error, 0)

    @property
    def came_to(self) -> str:
        name: str = self.outcome.result(60).name
        self.pool.shutdown()
        return name


def somebody_waits() -> bool:
    """Asked on this test's own connection, whose snapshot of the activity is renewed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return bool(cursor.fetchone()[0])


def seated_at(doctor: User, start: Any) -> int:
    rows = Appointment.objects.occupying().filter(doctor=doctor.doctor, period__startswith=start)
    return rows.count()


@guarded
def test_move_against_book(
    doctor: User,
    patient: User,
    stranger: User,
    monkeypatch: pytest.MonkeyPatch,
    unguard: Callable[[], None],
    guarded: bool,
) -> None:
    visit = confirmed(doctor, patient)
    if not guarded:
        unguard()
    with without_constraints():
        other = Between(monkeypatch, moving, "find_slot_like", lambda: hold(doctor, stranger, at(11)))
        reschedule(visit, start=at(11), sequence=0, by=patient, side="patient")
        came_to, count = other.came_to, seated_at(doctor, at(11))
        forget(visit)
    assert (came_to, count) == (("SlotGone", 1) if guarded else ("done", 2))


@guarded
def test_offer_against_book(
    doctor: User,
    patient: User,
    stranger: User,
    monkeypatch: pytest.MonkeyPatch,
    unguard: Callable[[], None],
    guarded: bool,
) -> None:
    specialty = DoctorSpecialty.objects.get(doctor=doctor.doctor).specialty
    colleague = DoctorFactory(with_hours=True, specialty=specialty).user
    visit = confirmed(doctor, patient)
    lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(12)), by=doctor)
    if not guarded:
        unguard()
    with without_constraints():
        other = Between(monkeypatch, replacing, "open_slot_by", lambda: hold(colleague, stranger, at(10)))
        replace_appointment(visit, doctor_id=colleague.doctor.pk, start=at(10), by=patient)
        came_to, count = other.came_to, seated_at(colleague, at(10))
        forget(visit)
    assert (came_to, count) == (("SlotGone", 1) if guarded else ("done", 2))


def forget(visit: Appointment) -> None:
    """What hangs on bookings that `without_constraints` is about to remove."""
    Offer.objects.all().delete()
    Appointment.objects.filter(replaces__isnull=False).update(replaces=None)


@guarded
def test_leave_against_book(
    doctor: User,
    patient: User,
    monkeypatch: pytest.MonkeyPatch,
    unguard: Callable[[], None],
    guarded: bool,
) -> None:
    if not guarded:
        unguard()
    other = Between(monkeypatch, leave, "covered_by", lambda: hold(doctor, patient, at(10)))
    lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(12)), by=doctor)
    assert (other.came_to, seated_at(doctor, at(10))) == (("SlotGone", 0) if guarded else ("done", 1))


@guarded
def test_cancel_against_pay(
    doctor: User,
    patient: User,
    monkeypatch: pytest.MonkeyPatch,
    unguard: Callable[[], None],
    guarded: bool,
) -> None:
    """Money that arrives while a hold is let go is given back; without the lock the letting go is lost."""
    held = hold(doctor, patient)
    arrive = money_for(held)
    held.refresh_from_db()
    if not guarded:
        unguard()
        rows = Appointment.objects.select_related("doctor", "patient", "charge")
        monkeypatch.setattr(ending, "lock_booking", lambda row: ((read := rows.get(pk=row.pk)).charge, read))
    other = Between(monkeypatch, ending, "would_come_back", arrive)
    error = ""
    try:
        cancel_appointment(held, by=patient, side="patient")
    except Exception as raised:
        error = type(raised).__name__
    assert other.came_to == "done"
    held.refresh_from_db()
    found = (error, held.status, Refund.objects.count())
    assert found == (("", Status.CANCELLED, 1) if guarded else ("IllegalChange", Status.CONFIRMED, 0))


# Crowds ----------------------------------------------------------------------------------------------------------


def test_moves_and_bookings_at_one_slot_seat_one_and_nobody_deadlocks(doctor: User) -> None:
    from tests.appointments.test_races import crowd

    movers, bookers = crowd(6), crowd(6)
    visits = [confirmed(doctor, user, at(9 + n // 4, n % 4 * 15)) for n, user in enumerate(movers)]

    def moving_to(visit: Appointment, user: User) -> Callable[[], Appointment]:
        return lambda: reschedule(visit, start=at(15), sequence=0, by=user, side="patient")

    with no_deadlock():
        outcomes = at_once(
            *(moving_to(visit, user) for visit, user in zip(visits, movers, strict=True)),
            *(lambda user=user: hold(doctor, user, at(15)) for user in bookers),
        )
    assert tally(outcomes) == {"done": 1, "SlotGone": 11}
    assert seated_at(doctor, at(15)) == 1
    assert_nobody_sits_on_anybody()


def test_one_offer_that_is_answered_in_every_way_at_once_is_answered_once(doctor: User, patient: User) -> None:
    specialty = DoctorSpecialty.objects.get(doctor=doctor.doctor).specialty
    colleague = DoctorFactory(with_hours=True, specialty=specialty).user
    visit = confirmed(doctor, patient)
    lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(12)), by=doctor)
    from appointments.services import decline_offer

    with no_deadlock():
        outcomes = at_once(
            *(lambda: decline_offer(visit, by=patient) for _ in range(2)),
            lambda: replace_appointment(visit, doctor_id=colleague.doctor.pk, start=at(10), by=patient),
            lambda: reschedule(visit, start=at(14), sequence=0, by=patient, side="patient"),
        )
    assert tally(outcomes)["done"] == 1
    assert not Offer.objects.filter(status="open").exists()
    assert sum(Refund.objects.values_list("amount", flat=True)) in (0, visit.fee)
    assert_nobody_sits_on_anybody()


def test_many_sweepers_end_an_offer_once(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(12)), by=doctor)
    past = timezone.now() - timedelta(seconds=1)
    Offer.objects.update(until=past, due_at=past)
    with no_deadlock():
        outcomes = at_once(*(sweep_offers for _ in range(5)))
    assert tally(outcomes) == {"done": 5}
    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED
    assert Refund.objects.count() == 1
