"""The one table of transitions, and the one door."""

from itertools import product

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments.errors import IllegalChange
from appointments.models import OCCUPYING, TRANSITIONS, Appointment, AppointmentEvent, Status
from appointments.services import change_status
from config.db import constraint_name
from tests.appointments.visits import at, hold, story
from tests.factories.doctors import DoctorFactory

LEGAL = [(old, new) for old, news in TRANSITIONS.items() for new in sorted(news)]
ILLEGAL = [pair for pair in product(Status, Status) if pair not in LEGAL]


def in_status(appointment: Appointment, status: Status) -> Appointment:
    Appointment.objects.filter(pk=appointment.pk).update(status=status)
    appointment.refresh_from_db()
    return appointment


def test_table_is_the_designs() -> None:
    written = {
        "held": {"confirmed", "payment_review", "expired", "cancelled"},
        "payment_review": {"confirmed", "cancelled"},
        "expired": {"confirmed"},
        "confirmed": {"in_progress", "completed", "no_show", "cancelled"},
        "in_progress": {"completed", "no_show", "cancelled"},
        "no_show": {"completed"},
        "completed": {"no_show"},
        "cancelled": set(),
    }
    assert {str(old): {str(new) for new in news} for old, news in TRANSITIONS.items()} == written
    assert set(OCCUPYING) == {"held", "payment_review", "confirmed", "in_progress"}


@pytest.mark.parametrize(("old", "new"), LEGAL)
def test_move_of_the_table_is_made_and_written_down(doctor: User, patient: User, old: Status, new: Status) -> None:
    appointment = in_status(hold(doctor, patient), old)
    change_status(appointment, new, by=patient, code="tried")

    assert appointment.status == new
    appointment.refresh_from_db()
    assert appointment.status == new
    assert story(appointment)[1:] == [(old, new, patient.pk, "tried")]


@pytest.mark.parametrize(("old", "new"), ILLEGAL)
def test_move_that_is_not_in_the_table_is_refused(doctor: User, patient: User, old: Status, new: Status) -> None:
    appointment = in_status(hold(doctor, patient), old)
    with pytest.raises(IllegalChange):
        change_status(appointment, new, by=patient)

    appointment.refresh_from_db()
    assert appointment.status == old
    assert len(story(appointment)) == 1


def test_move_brings_its_changes_along(doctor: User, patient: User) -> None:
    appointment = hold(doctor, patient)
    change_status(appointment, Status.CANCELLED, by=patient, cancelled_by="patient")
    assert appointment.cancelled_by == "patient"
    appointment.refresh_from_db()
    assert appointment.cancelled_by == "patient"


def test_move_by_two_who_read_the_same_row_is_made_by_the_first_alone(doctor: User, patient: User) -> None:
    first = hold(doctor, patient)
    second = Appointment.objects.get(pk=first.pk)
    change_status(first, Status.CONFIRMED, by=None)
    with pytest.raises(IllegalChange):
        change_status(second, Status.CANCELLED, by=patient)

    assert second.status == Status.HELD
    first.refresh_from_db()
    assert first.status == Status.CONFIRMED
    assert [new for _old, new, _by, _code in story(first)] == ["held", "confirmed"]


def test_move_to_the_same_by_two_is_one_event(doctor: User, patient: User) -> None:
    first = hold(doctor, patient)
    second = Appointment.objects.get(pk=first.pk)
    change_status(first, Status.EXPIRED, by=None)
    with pytest.raises(IllegalChange):
        change_status(second, Status.EXPIRED, by=None)
    assert AppointmentEvent.objects.filter(appointment=first).count() == 2


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        ({"status": "gone"}, "status_not_unknown"),
        ({"hold_expires_at": None}, "hold_not_without_an_end"),
        ({"fee": -1}, "fee_not_negative"),
        ({"period": "empty"}, "period_not_empty_or_endless"),
        ({"period": "endless"}, "period_not_empty_or_endless"),
        ({"blocked": "elsewhere"}, "blocked_not_within_the_period"),
    ],
)
def test_row_that_makes_no_sense_is_refused_by_the_database(
    doctor: User, patient: User, broken: dict[str, object], constraint: str
) -> None:
    ranges = {
        "empty": DateTimeTZRange(empty=True),
        "endless": DateTimeTZRange(at(10), None),
        "elsewhere": DateTimeTZRange(at(10, 5), at(10, 15)),
    }
    appointment = hold(doctor, patient)
    changes = {name: ranges.get(value, value) if isinstance(value, str) else value for name, value in broken.items()}
    if broken.get("period"):
        changes["blocked"] = DateTimeTZRange(None, None)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Appointment.objects.filter(pk=appointment.pk).update(**changes)
    assert constraint_name(refused.value) == constraint


@pytest.mark.parametrize("status", Status)
def test_database_keeps_a_time_for_occupying_bookings_alone(
    doctor: User, patient: User, stranger: User, status: Status
) -> None:
    in_status(hold(doctor, patient), status)

    def seat(**changes: object) -> str | None:
        row = {
            "doctor": doctor.doctor,
            "patient": stranger.patient,
            "booked_by": stranger,
            "period": (at(10, 5), at(10, 20)),
            "blocked": (at(10, 5), at(10, 20)),
            "mode": "video",
            "fee": 0,
            "hold_expires_at": timezone.now(),
        }
        try:
            with transaction.atomic():
                Appointment.objects.create(**row | changes).delete()
        except IntegrityError as refused:
            return constraint_name(refused)
        return None

    occupying = status in OCCUPYING
    assert seat() == ("doctor_not_double_booked" if occupying else None)
    # Neighbours do not collide: ranges are half open.
    assert seat(period=(at(10, 15), at(10, 30)), blocked=(at(10, 15), at(10, 30))) is None
    elsewhere = {"blocked": (at(10, 5), at(10, 20)), "patient": patient.patient, "booked_by": patient}
    assert seat(doctor=DoctorFactory(), **elsewhere) == ("patient_not_double_booked" if occupying else None)
