from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from appointments.models import Appointment, Status
from doctors.models import Doctor
from patients.models import Patient
from tests.appointments.visits import at, hold, shifted
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory

pytestmark = pytest.mark.django_db

LIST = reverse("admin:appointments_appointment_changelist")
REASON = "a lump that nobody knows of"


@pytest.fixture
def desk(client: Client, admin: User) -> Client:
    client.force_login(admin)
    return client


def listed(page) -> list[Appointment]:
    return list(page.context["cl"].result_list)


@pytest.mark.parametrize("count", [1, 3])
def test_list_needs_the_same_queries_for_any_number_of_bookings(
    desk: Client, django_assert_num_queries, count: int
) -> None:
    for _ in range(count):
        hold(DoctorFactory(with_hours=True).user, PatientFactory().user, reason=REASON)
    desk.get(LIST)
    with django_assert_num_queries(5):
        page = desk.get(LIST)
    assert len(listed(page)) == count
    assert REASON not in page.content.decode()


@pytest.mark.parametrize("count", [1, 3])
def test_booking_shows_its_events_and_never_why_the_patient_comes(
    desk: Client, doctor: User, patient: User, django_assert_num_queries, count: int
) -> None:
    appointment = hold(doctor, patient, reason=REASON)
    for _ in range(count - 1):
        appointment.events.create(by=PatientFactory().user, old=Status.HELD, new=Status.HELD)
    address = reverse("admin:appointments_appointment_change", args=[appointment.pk])
    desk.get(address)
    with django_assert_num_queries(7):
        html = desk.get(address).content.decode()
    assert patient.name in html
    assert REASON not in html
    assert desk.post(address, {"status": Status.COMPLETED}).status_code == 403
    assert desk.post(reverse("admin:appointments_appointment_delete", args=[appointment.pk])).status_code == 403
    assert desk.get(reverse("admin:appointments_appointment_add")).status_code == 403


def rename(somebody: Doctor | Patient, name: str) -> None:
    somebody.name = name
    somebody.save(update_fields=["name"])


def test_bookings_are_found_by_id_doctor_and_patient(desk: Client, doctor: User, patient: User) -> None:
    # Names that no part of another's number is found by.
    rename(doctor.doctor, "Zebunnessa Quddus")
    rename(patient.patient, "Wahiduzzaman Fakir")
    appointment = hold(doctor, patient, reason=REASON)
    hold(DoctorFactory(with_hours=True).user, PatientFactory().user)
    for typed in (str(appointment.pk), doctor.doctor.name, patient.patient.name):
        assert listed(desk.get(LIST, {"q": typed})) == [appointment], typed
    assert listed(desk.get(LIST, {"q": "lump"})) == []


def test_bookings_are_narrowed_by_day(desk: Client, doctor: User, patient: User, stranger: User) -> None:
    tomorrow = hold(doctor, patient)
    long_ago = shifted(hold(doctor, stranger, at(11)), at(11) - timedelta(days=40))
    assert listed(desk.get(LIST, {"day": "tomorrow"})) == [tomorrow]
    assert listed(desk.get(LIST, {"day": "today"})) == []
    assert listed(desk.get(LIST, {"day": "next-7", "status": Status.HELD})) == [tomorrow]
    assert listed(desk.get(LIST, {"day": "last-30"})) == []
    assert listed(desk.get(LIST)) == [tomorrow, long_ago]
