"""The order in which rows are locked: Charge, doctors, patients, the account, Appointment, and never another one.

The races show that nobody deadlocks today; this shows why, and fails before a race does.
"""

import re
from collections.abc import Callable

import pytest
from django.db import connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from appointments import hours, services
from appointments.models import Appointment
from config.db import lock
from doctors.models import Doctor
from payments.models import Charge
from payments.services import approve_review, refund_by_admin
from scheduling.models import Calendar
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


def locked_by(act: Callable[[], object]) -> list[str]:
    """The tables of the order that the act locks rows of, one after the other, repetitions left out."""
    with CaptureQueriesContext(connection) as captured:
        act()
    found: list[str] = []
    for query in captured:
        for match in (LOCKS.match(query["sql"]), CHANGES.match(query["sql"])):
            if match and match[1] in ORDER and match[1] not in found:
                found.append(match[1])
    return found


def test_holding_locks_doctor_patient_account(doctor: User, patient: User) -> None:
    # The lapsed holds in the way come last: appointments.
    assert locked_by(lambda: hold(doctor, patient)) == [DOCTOR, PATIENT, ACCOUNT, APPOINTMENT]


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
    assert locked_by(lambda: hours.take_time_off(profile, period)) == [DOCTOR]
    assert locked_by(lambda: hours.come_back(profile, profile.time_off.get())) == [DOCTOR]


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
    with CaptureQueriesContext(connection) as captured:
        hold(doctor, patient)
    statements = [query["sql"] for query in captured]
    locks = [number for number, sql in enumerate(statements) if (m := LOCKS.match(sql)) and m[1] == APPOINTMENT]
    changes = [number for number, sql in enumerate(statements) if CHANGES.match(sql)]
    assert len(locks) == 1
    assert len(changes) == 2
    assert locks[0] < changes[0]
    assert 'ORDER BY "appointments_appointment"."id" ASC' in statements[locks[0]]
    assert Appointment.objects.lapsed().count() == 0
