"""The order in which rows are locked: Charge, doctors, patients, the account, Appointment, and never another one.

The races show that nobody deadlocks today; this shows why, and fails before a race does.
"""

import re
from collections.abc import Callable
from threading import Event

import pytest
from django.db import OperationalError, connection, models, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from accounts.models import User
from appointments import hours, services
from appointments.models import Appointment
from config.db import lock
from doctors.models import Doctor
from payments.models import Charge
from payments.services import approve_review, refund_by_admin
from scheduling.models import Calendar
from tests.appointments.races import at_once, wait_for_a_blocked_backend
from tests.appointments.visits import at, confirmed, held_until_past, hold, money_for, pay

CHARGE, DOCTOR, PATIENT, ACCOUNT, APPOINTMENT = ORDER = (
    "payments_charge",
    "doctors_doctor",
    "patients_patient",
    "accounts_user",
    "appointments_appointment",
)
LOCKS = re.compile(r'^SELECT .*? FROM "(\w+)".* FOR (?:NO KEY )?UPDATE')
CHANGES = re.compile(r'^UPDATE "(appointments_appointment)"')


def statements_of(act: Callable[[], object]) -> list[str]:
    """What the act asks of the database, the statements of a message one by one."""
    with CaptureQueriesContext(connection) as captured:
        act()
    return [sql for query in captured for sql in query["sql"].split(";\n")]


def locked_by(act: Callable[[], object]) -> list[str]:
    """The tables of the order that the act locks rows of, one after the other, repetitions left out."""
    found: list[str] = []
    for sql in statements_of(act):
        for match in (LOCKS.match(sql), CHANGES.match(sql)):
            if match and match[1] in ORDER and match[1] not in found:
                found.append(match[1])
    return found


def test_holding_locks_doctor_patient_account(doctor: User, patient: User, settings: Settings) -> None:
    # Written out, and not by the names under which they are prepared: the same statements in the same order.
    settings.DATABASE_PREPARE = False
    assert locked_by(lambda: hold(doctor, patient)) == [DOCTOR, PATIENT, ACCOUNT]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("prepare", [True, False], ids=["prepared", "plain"])
@pytest.mark.parametrize("held_up_at", [DOCTOR, PATIENT, ACCOUNT])
def test_hold_that_waits_for_one_lock_has_those_before_it_and_none_after(
    doctor: User, patient: User, settings: Settings, prepare: bool, held_up_at: str
) -> None:
    """Seen from outside, while the booker waits: three locks in one message are taken one after the other."""
    settings.DATABASE_PREPARE = prepare
    rows = {DOCTOR: doctor.doctor, PATIENT: patient.patient, ACCOUNT: patient}
    in_the_way, seen = Event(), Event()

    def stand_in_the_way() -> None:
        with transaction.atomic():
            assert not is_locked(rows[held_up_at])
            in_the_way.set()
            assert seen.wait(30)

    def book() -> Appointment:
        assert in_the_way.wait(30)
        return hold(doctor, patient)

    def look() -> dict[str, bool]:
        try:
            wait_for_a_blocked_backend()
            return {table: is_locked_elsewhere(row) for table, row in rows.items()}
        finally:
            seen.set()

    _stood, booked, looked = at_once(stand_in_the_way, book, look)
    assert (booked.error, looked.error) == (None, None)
    number = list(rows).index(held_up_at)
    assert list(looked.value.values()) == [place <= number for place in range(3)]


def is_locked(row: models.Model) -> bool:
    """Whether another transaction has the row; if not, this one has it from now on."""
    try:
        with transaction.atomic():
            type(row).objects.select_for_update(no_key=True, nowait=True).get(pk=row.pk)
    except OperationalError:
        return True
    return False


def is_locked_elsewhere(row: models.Model) -> bool:
    with transaction.atomic():
        answer = is_locked(row)
        transaction.set_rollback(True)
    return answer


def test_paying_and_extending_lock_the_booking_in_order(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    assert locked_by(lambda: services.extend_hold(held, by=patient)) == [DOCTOR, PATIENT, APPOINTMENT]
    assert locked_by(lambda: services.start_payment(held, by=patient)) == [DOCTOR, PATIENT, APPOINTMENT]
    held.refresh_from_db()
    assert locked_by(lambda: services.start_payment(held, by=patient)) == [CHARGE, DOCTOR, PATIENT, APPOINTMENT]


def test_cancelling_locks_the_booking_in_order(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    found = locked_by(lambda: services.cancel_appointment(visit, by=patient, side="patient"))
    assert found == [CHARGE, DOCTOR, PATIENT, APPOINTMENT]


@pytest.mark.parametrize("lapsed", [False, True])
def test_settling_locks_the_booking_in_order(doctor: User, patient: User, lapsed: bool) -> None:
    held = hold(doctor, patient)
    arrive = money_for(held)
    if lapsed:
        held_until_past(held)
    assert locked_by(arrive) == [CHARGE, DOCTOR, PATIENT, APPOINTMENT]


def test_deciding_on_money_locks_the_booking_in_order(doctor: User, patient: User, admin: User) -> None:
    charge = pay(hold(doctor, patient), risky=True)
    assert locked_by(lambda: approve_review(charge, by=admin)) == [CHARGE, DOCTOR, PATIENT, APPOINTMENT]
    charge = Charge.objects.get()
    assert locked_by(lambda: refund_by_admin(charge, by=admin)) == [CHARGE, DOCTOR, PATIENT, APPOINTMENT]


def test_expiring_locks_the_booking_in_order_and_no_charge(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    services.start_payment(held, by=patient)
    held_until_past(held)
    assert locked_by(lambda: services.expire_hold(held.pk)) == [DOCTOR, PATIENT, APPOINTMENT]


def test_saving_hours_locks_the_doctor(doctor: User) -> None:
    profile, period = doctor.doctor, DateTimeTZRange(at(9), at(10))
    assert locked_by(lambda: hours.save_week(profile, Calendar.objects.get(), [])) == [DOCTOR]
    assert locked_by(lambda: services.lay_leave(profile, period, by=doctor)) == [DOCTOR]
    assert locked_by(lambda: services.end_leave(profile, profile.time_off.get())) == [DOCTOR]


def test_several_rows_are_locked_by_their_keys(doctor: User, other_doctor: User) -> None:
    pks = sorted([doctor.doctor.pk, other_doctor.doctor.pk])
    with CaptureQueriesContext(connection) as captured:
        assert list(lock(Doctor.objects.all(), pks[::-1])) == pks
    assert 'ORDER BY "doctors_doctor"."id" ASC' in captured[0]["sql"]
    assert captured[0]["sql"].endswith('FOR NO KEY UPDATE OF "doctors_doctor"')


def test_lapsed_holds_in_the_way_are_locked_by_their_keys_before_any_is_changed(
    doctor: User, other_doctor: User, patient: User, stranger: User
) -> None:
    held_until_past(hold(doctor, stranger))
    held_until_past(hold(other_doctor, patient))
    statements = statements_of(lambda: hold(doctor, patient))
    locks = [number for number, sql in enumerate(statements) if (m := LOCKS.match(sql)) and m[1] == APPOINTMENT]
    changes = [number for number, sql in enumerate(statements) if CHANGES.match(sql)]
    assert len(locks) == 1
    assert len(changes) == 2
    assert locks[0] < changes[0]
    assert 'ORDER BY "appointments_appointment"."id" ASC' in statements[locks[0]]
    assert Appointment.objects.lapsed().count() == 0
