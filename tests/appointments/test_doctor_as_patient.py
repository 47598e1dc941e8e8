"""A doctor can be a patient too: each side of the house shows what belongs to it, and rights follow from the side."""

from collections.abc import Callable
from urllib.parse import urlencode

import pytest
from django.test import Client

from accounts.models import User
from appointments.models import Appointment, Status
from patients.models import CareRelationship, Patient
from tests.appointments.visits import at, confirmed, hold
from tests.page import read

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]

OWN, ALL = "/appointments/?side=patient", "/appointments/"


def booked(client: Client, by: User, other_doctor: User, hour: int = 10) -> Appointment:
    """The doctor books with the other one through the pages, as anybody does."""
    address = f"/book/{other_doctor.doctor.slug}/?{urlencode({'start': at(hour).isoformat(), 'mode': 'video'})}"
    assert client.get(address).status_code == 200
    response = client.post(address, {"patient": "me", "phone": "01712345678"})
    assert response.status_code == 302
    return Appointment.objects.get(doctor=other_doctor.doctor, patient__user=by)


def test_a_doctor_books_with_another_doctor_and_stays_one(
    doctor: User, other_doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    visit = booked(client, doctor, other_doctor)
    assert (visit.status, visit.booked_by) == (Status.HELD, doctor)
    assert Patient.objects.get(user=doctor) == visit.patient
    doctor.refresh_from_db()
    assert doctor.role == "doctor"
    assert client.post(f"/appointments/{visit.pk}/pay/").status_code == 302
    assert client.get("/practice/today/").status_code == 200


def test_the_doctors_menu_leads_to_the_own_visits(doctor: User, client_of: ClientOf) -> None:
    page = read(client_of(doctor), "/practice/today/")
    assert page.links["Your own visits"] == OWN
    assert read(client_of(doctor), OWN).title == "Your own visits"


def test_own_visits_are_apart_from_those_of_the_practice(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    mine = booked(client, doctor, other_doctor)
    theirs = confirmed(doctor, patient, at(14))
    own, whole = read(client, OWN).html, read(client, ALL).html
    assert mine.get_absolute_url() in own
    assert theirs.get_absolute_url() not in own
    assert patient.patient.name not in own
    assert mine.get_absolute_url() in whole
    assert theirs.get_absolute_url() in whole
    # Of their patients' side nobody becomes part by being their doctor.
    assert not Patient.objects.acted_for_by(doctor).filter(pk=patient.patient.pk).exists()
    assert client.post(f"/appointments/{theirs.pk}/pay/").status_code == 403


def test_the_other_doctor_sees_a_patient_and_nothing_of_the_practice(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    confirmed(other_doctor, booked(client, doctor, other_doctor, 11).booked_by, at(12))
    theirs = confirmed(doctor, patient, at(14))
    other = client_of(other_doctor)
    assert other.get(theirs.get_absolute_url()).status_code == 404
    assert patient.patient.name not in read(other, ALL).html
    care = CareRelationship.objects.filter(doctor=other_doctor.doctor).values_list("patient__user", flat=True)
    assert set(care) == {doctor.pk}


def test_a_doctor_who_holds_a_time_of_the_own_practice_is_shown_both_sides_rightly(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    """A hold of somebody else with this doctor is not the doctor's to see; the doctor's own hold elsewhere is."""
    held_by_patient = hold(doctor, patient, at(9))
    mine = booked(client_of(doctor), doctor, other_doctor, 15)
    assert client_of(doctor).get(held_by_patient.get_absolute_url()).status_code == 404
    assert client_of(doctor).get(mine.get_absolute_url()).status_code == 200
    assert client_of(other_doctor).get(mine.get_absolute_url()).status_code == 404
