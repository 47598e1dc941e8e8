"""A doctor sees the health facts of those whom the doctor treats, no more, and not unseen."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
import time_machine
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Ground, TrailEntry, User
from appointments.services import cancel_appointment
from config.embedded.postgres import APP_ROLE
from doctors.models import Doctor
from patients.models import CareRelationship
from tests.appointments.visits import at, confirmed, hold
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import (
    AllergyFactory,
    CareRelationshipFactory,
    ConditionFactory,
    MedicationStatementFactory,
    PatientFactory,
)
from tests.page import HTMX, read

type ClientOf = Callable[[User], Client]

LIST = "/practice/patients/"


def page_of(patient: User) -> str:
    return f"{LIST}{patient.patient.pk}/"


def give_facts(patient: User) -> None:
    AllergyFactory(patient=patient.patient, substance="Penicillin")
    ConditionFactory(patient=patient.patient, name="Asthma")
    MedicationStatementFactory(patient=patient.patient, name="Salbutamol")


# One patient -----------------------------------------------------------------------------------------------------


def test_doctor_of_a_confirmed_visit_sees_the_facts_and_the_patient_sees_that(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    give_facts(patient)
    visit = confirmed(doctor, patient)
    page = read(client_of(doctor), page_of(patient)).html
    for fact in ("Penicillin", "Asthma", "Salbutamol"):
        assert fact in page
    look = TrailEntry.objects.get(action=Action.READ)
    assert (look.by, look.subject, look.ground, look.ground_id) == (
        doctor,
        patient.patient.pk,
        Ground.CARE,
        str(visit.pk),
    )
    assert look.address == "127.0.0.1"


def test_a_time_that_is_only_held_shows_nothing(doctor: User, patient: User, client_of: ClientOf) -> None:
    hold(doctor, patient)
    assert client_of(doctor).get(page_of(patient)).status_code == 404
    assert not TrailEntry.objects.exists()


def test_nothing_is_shown_from_the_next_request_after_the_visit_is_called_off(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    client = client_of(doctor)
    assert client.get(page_of(patient)).status_code == 200
    cancel_appointment(visit, by=patient, side="patient")
    assert client.get(page_of(patient)).status_code == 404
    assert patient.name not in read(client, LIST).html


def test_window_ends_with_the_second(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    end = visit.end + settings.CARE_AFTER_VISIT
    with time_machine.travel(end - timedelta(seconds=2), tick=False):
        assert client_of(doctor).get(page_of(patient)).status_code == 200
    # The database's own clock decides: the window is moved, not the time.
    CareRelationship.objects.update(valid=(timezone.now() - timedelta(days=1), timezone.now()))
    assert client_of(doctor).get(page_of(patient)).status_code == 404


def test_suspended_doctor_sees_nobody(doctor: User, patient: User, client_of: ClientOf) -> None:
    confirmed(doctor, patient)
    Doctor.objects.filter(user=doctor).update(suspended_at=timezone.now(), suspension_reason="Asked to")
    client = client_of(doctor)
    assert client.get(page_of(patient)).status_code == 404
    assert patient.name not in read(client, LIST).html


def test_doctor_changes_nothing_there(doctor: User, patient: User, client_of: ClientOf) -> None:
    give_facts(patient)
    confirmed(doctor, patient)
    client = client_of(doctor)
    page = read(client, page_of(patient))
    assert "/account/health/" not in page.html
    assert client.get(f"/account/health/{patient.patient.pk}/").status_code == 404


def test_silence_is_told_from_nothing(doctor: User, patient: User, client_of: ClientOf) -> None:
    confirmed(doctor, patient)
    page = read(client_of(doctor), page_of(patient)).html
    assert "Nobody has said yet whether there are allergies" in page
    assert "No known allergies" not in page


@contextmanager
def trail_closed() -> Iterator[None]:
    """Pages are answered by the processes' own role, and it may not add to the trail."""
    call_command("grant_app_role", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute(f"REVOKE INSERT ON accounts_trailentry FROM {APP_ROLE}")
    owner = connection.settings_dict["USER"]
    become(APP_ROLE)
    try:
        yield
    finally:
        become(owner)
        call_command("grant_app_role", verbosity=0)


def become(role: str) -> None:
    connection.close()
    connection.settings_dict["USER"] = role


@pytest.mark.django_db(transaction=True)
def test_what_cannot_be_written_down_is_not_read() -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    give_facts(patient)
    confirmed(doctor, patient)
    readers = {doctor: page_of(patient), patient: "/account/health/me/"}
    for user, address in readers.items():
        client = Client(raise_request_exception=False)
        client.force_login(user)
        assert "Penicillin" in client.get(address).content.decode()
        with trail_closed():
            response = client.get(address)
        assert response.status_code == 500
        for fact in ("Penicillin", "Asthma", "Salbutamol", patient.name):
            assert fact not in response.content.decode()


# The list --------------------------------------------------------------------------------------------------------


def test_list_has_those_who_are_treated_now_with_last_and_next_visit(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    own = doctor.doctor
    now = timezone.now()
    CareRelationshipFactory(doctor=own, patient=patient.patient, visit_at=now - timedelta(days=30))
    CareRelationshipFactory(doctor=own, patient=patient.patient, visit_at=now - timedelta(days=3))
    CareRelationshipFactory(doctor=own, patient=patient.patient, visit_at=now + timedelta(days=5))
    CareRelationshipFactory(doctor=own, patient__name="Long ago", visit_at=now - timedelta(days=300))
    CareRelationshipFactory(patient=stranger.patient)
    page = read(client_of(doctor), LIST)
    assert page.links[patient.name] == page_of(patient)
    assert stranger.name not in page.html
    assert "Long ago" not in page.html
    assert "1 patient" in page.html
    (row,) = type(patient.patient).objects.in_care_of(doctor)
    assert row.last_visit.date() == (now - timedelta(days=3)).date()
    assert row.next_visit.date() == (now + timedelta(days=5)).date()


def test_visit_that_was_called_off_is_no_last_visit(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient, at(10))
    confirmed(doctor, patient, at(12))
    cancel_appointment(visit, by=patient, side="patient")
    with time_machine.travel(at(11)):
        (row,) = type(patient.patient).objects.in_care_of(doctor)
    assert row.next_visit == at(12)


@pytest.mark.parametrize(
    ("q", "found"), [("rahima", True), ("BEGUM rah", True), ("karim", False), ("রহিমা", False), ("%", False), ("", True)]
)
def test_search_is_by_the_words_of_a_name(doctor: User, client_of: ClientOf, q: str, found: bool) -> None:
    CareRelationshipFactory(doctor=doctor.doctor, patient__name="Rahima Begum")
    page = read(client_of(doctor), f"{LIST}?q={q}")
    assert ("Rahima Begum" in page.links) is found
    assert ("No patient of this name" in page.html) is not found


def test_search_takes_whatever_is_typed(doctor: User, client_of: ClientOf) -> None:
    for q in ("%00", "'" * 90, "x" * 4000, "\\"):
        assert client_of(doctor).get(LIST, {"q": q}).status_code == 200


def test_search_by_htmx_brings_the_list_alone(doctor: User, client_of: ClientOf) -> None:
    CareRelationshipFactory(doctor=doctor.doctor, patient__name="Rahima Begum")
    answer = client_of(doctor).get(LIST, {"q": "rah"}, headers=HTMX).content.decode()
    assert "Rahima Begum" in answer
    assert "<html" not in answer


def test_list_takes_as_many_queries_for_one_as_for_three(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(doctor)
    for _ in range(3):
        CareRelationshipFactory(doctor=doctor.doctor)
        with django_assert_num_queries(5):
            read(client, LIST)


def test_visit_leads_to_the_facts_and_the_records_while_the_care_lasts(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    client = client_of(doctor)
    links = read(client, visit.get_absolute_url()).links.values()
    assert {page_of(patient), f"{page_of(patient)}records/"} <= set(links)

    CareRelationship.objects.filter(source=visit.pk).update(valid=(None, timezone.now()))
    links = read(client, visit.get_absolute_url()).links.values()
    assert not {page_of(patient), f"{page_of(patient)}records/"} & set(links)
    assert client.get(page_of(patient)).status_code == 404


def test_patients_own_page_of_the_visit_has_no_way_to_the_doctors_pages(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    assert page_of(patient) not in read(client_of(patient), visit.get_absolute_url()).links.values()
