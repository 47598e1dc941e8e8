"""The waiting list: joining it and leaving it, and what is kept of it."""

import pytest
from django.db import IntegrityError, transaction

from accounts.models import User
from appointments.erasure import blank_visits
from appointments.errors import TimeIsOpen, TooManyWaits
from appointments.export import wait_section
from appointments.feeds import make_feed
from appointments.models import Appointment, CalendarFeed, Wait
from appointments.waiting_list import leave_waiting_list
from tests.appointments.visits import at
from tests.appointments.waits import days, free, joined, offered
from tests.factories.doctors import DoctorFactory

pytestmark = pytest.mark.django_db


# Joining and leaving ---------------------------------------------------------------------------------------------


def test_what_is_open_is_pointed_at_instead(doctor: User, full: list[Appointment]) -> None:
    free(full[0])
    with pytest.raises(TimeIsOpen) as refusal:
        joined(doctor)
    assert refusal.value.start == at(10)
    assert joined(doctor, part="evening").part == "evening"
    assert joined(doctor, days=days(2, 6))


def test_who_waits_already_keeps_the_place(doctor: User, full: list[Appointment], patient: User) -> None:
    first, _second = joined(doctor, patient), joined(doctor)
    again = joined(doctor, patient, days=days(0, 3))
    assert (again.pk, again.days) == (first.pk, days(0, 3))
    assert Wait.objects.count() == 2
    with pytest.raises(IntegrityError), transaction.atomic():
        Wait.objects.create(doctor=doctor.doctor, patient=patient.patient, asked_by=patient, days=days())


def test_one_account_waits_for_ten_doctors(patient: User) -> None:
    for _ in range(10):
        joined(DoctorFactory().user, patient)
    with pytest.raises(TooManyWaits):
        joined(DoctorFactory().user, patient)


def test_who_left_is_offered_nothing(doctor: User, full: list[Appointment], patient: User, stranger: User) -> None:
    gone, _stays = joined(doctor, patient), joined(doctor, stranger)
    leave_waiting_list(gone)
    free(full[0])
    assert [user for user, _visit in offered(doctor)] == [stranger]


# What is kept of it ----------------------------------------------------------------------------------------------


def test_waits_are_in_the_copy_of_ones_data_and_end_with_an_erasure(
    doctor: User, full: list[Appointment], patient: User
) -> None:
    wait = joined(doctor, patient, part="morning")
    make_feed(patient, CalendarFeed.Side.PATIENT)
    section = wait_section(patient.patient)
    [row] = section.rows
    copy = dict(zip([name for name, _label in section.columns], row, strict=True))
    assert (copy["id"], copy["doctor"], copy["part"]) == (str(wait.pk), doctor.doctor.full_name, "morning")
    blank_visits(patient.patient)
    wait.refresh_from_db()
    assert wait.state == Wait.State.LEFT
    assert not CalendarFeed.objects.exists()
