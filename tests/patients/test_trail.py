"""Who looked at my data: others alone, in plain words, page by page."""

from collections.abc import Callable
from datetime import timedelta

from django.db import connection
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Ground, TrailEntry, User
from accounts.trail import write_trail
from tests.appointments.visits import at, confirmed
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import CareRelationshipFactory, GuardianshipFactory, PatientFactory
from tests.factories.records import MedicalRecordFactory
from tests.page import read

type ClientOf = Callable[[User], Client]

OWN = "/account/trail/"


def look(by: User | None, patient: User, ground: Ground, **rest: object) -> None:
    write_trail(Action.READ, by=by, about="patients.facts", subject=patient.patient.pk, ground=ground, **rest)


def test_nobody_has_looked_yet(patient: User, client_of: ClientOf) -> None:
    assert "Nobody else has looked" in read(client_of(patient), OWN).html


def test_look_of_a_doctor_is_told_with_name_and_visit(doctor: User, patient: User, client_of: ClientOf) -> None:
    confirmed(doctor, patient, at(10))
    read(client_of(doctor), f"/practice/patients/{patient.patient.pk}/")
    page = read(client_of(patient), OWN).html
    assert doctor.doctor.full_name in page
    assert "Looked at: health facts" in page
    day = at(10).strftime("%a %-d %b")
    assert f"because of the visit on {day}" in page


def test_own_looks_are_not_listed_and_those_of_a_guardian_are(
    patient: User, stranger: User, client_of: ClientOf
) -> None:
    GuardianshipFactory(guardian=stranger, patient=patient.patient)
    for user in (patient, stranger):
        read(client_of(user), f"/account/health/{patient.patient.pk}/")
    page = read(client_of(patient), OWN).html
    assert page.count("Looked at: health facts") == 1
    assert stranger.name in page
    assert "because they act for you" in page


def test_list_of_documents_is_a_look_for_a_guardian_and_none_for_oneself(
    patient: User, stranger: User, client_of: ClientOf
) -> None:
    """What a document is called tells of an illness already."""
    bond = GuardianshipFactory(guardian=stranger, patient=patient.patient)
    MedicalRecordFactory.create_batch(2, patient=patient.patient)
    for user in (patient, stranger):
        read(client_of(user), "/records/")
    (line,) = TrailEntry.objects.about_patients([patient.patient.pk])
    assert (line.about, line.by, line.ground, line.ground_id) == (
        "patients.records",
        stranger,
        "guardian",
        str(bond.pk),
    )
    assert "Looked at: records" in read(client_of(patient), OWN).html


def test_list_that_cannot_be_written_down_is_not_shown(stranger: User, client_of: ClientOf) -> None:
    MedicalRecordFactory(patient=GuardianshipFactory(guardian=stranger).patient, uploaded_by=stranger)
    client = client_of(stranger)
    client.raise_request_exception = False
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE accounts_trailentry ADD CONSTRAINT no_reads CHECK (action <> 'read')")
    answer = client.get("/records/")
    assert answer.status_code == 500
    assert b"Blood count" not in answer.content


def test_guardians_see_the_trail_of_those_whom_they_act_for(patient: User, stranger: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient, patient__name="Mitu").patient
    GuardianshipFactory(guardian=stranger, patient=child)
    read(client_of(stranger), f"/account/health/{child.pk}/")
    read(client_of(patient), f"/account/health/{child.pk}/")
    page = read(client_of(patient), f"{OWN}{child.pk}/")
    assert page.links["Mitu"] == f"{OWN}{child.pk}/"
    assert stranger.name in page.html
    assert page.html.count("acting for Mitu") == 2
    assert "Nobody else has looked" in read(client_of(patient), OWN).html


def test_every_ground_has_its_words(patient: User, doctor: User, admin: User, client_of: ClientOf) -> None:
    look(doctor, patient, Ground.CARE)
    look(doctor, patient, Ground.SHARE)
    look(admin, patient, Ground.BREAK_GLASS)
    look(admin, patient, Ground.DUTY)
    look(None, patient, Ground.SYSTEM)
    page = read(client_of(patient), OWN).html
    for words in (
        "because of a visit",
        "because you shared it",
        "because of an emergency",
        "because it was their task",
        "by itself",
    ):
        assert words in page
    assert page.count(doctor.doctor.full_name) == 2


def test_rows_of_models_are_called_as_the_models_are(patient: User, client_of: ClientOf) -> None:
    other = UserFactory()
    for about in ("patients.allergy", "patients.medicationstatement", "gone.model"):
        write_trail(Action.CHANGED, by=other, about=about, subject=patient.patient.pk, ground=Ground.GUARDIAN)
    page = read(client_of(patient), OWN).html
    for words in ("Changed: allergy", "Changed: medicine", "Changed: gone.model"):
        assert words in page


def test_other_peoples_trails_stay_apart(patient: User, stranger: User, doctor: User, client_of: ClientOf) -> None:
    look(doctor, stranger, Ground.CARE)
    assert "Nobody else has looked" in read(client_of(patient), OWN).html
    assert client_of(patient).get(f"{OWN}{stranger.patient.pk}/").status_code == 404


def test_trail_takes_as_many_queries_for_one_as_for_thirty_over_two_pages(
    patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    GuardianshipFactory(guardian=patient)
    for count in (1, 3, 26):
        for _ in range(count):
            care = CareRelationshipFactory(patient=patient.patient)
            look(care.doctor.user, patient, Ground.CARE, ground_id=care.source)
        with django_assert_num_queries(7):
            page = read(client, OWN)
    assert page.html.count("because of the visit on") == 25
    assert read(client, f"{OWN}?page=2").html.count("because of the visit on") == 5


def test_trail_of_one_among_many_is_read_by_its_index(patient: User) -> None:
    """PostgreSQL reads no other patient's rows for it."""
    doctor = DoctorFactory().user
    for other in PatientFactory.create_batch(40):
        for _ in range(30):
            write_trail(Action.READ, by=doctor, about="patients.facts", subject=other.pk, ground=Ground.CARE)
    look(doctor, patient, Ground.CARE)
    from accounts.models import TrailEntry
    from patients.views.trail import done_by_others

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE accounts_trailentry")
    plan = done_by_others(patient.patient)[:25].explain()
    assert TrailEntry.objects.count() == 1201
    assert "trail_of_a_patient" in plan, plan


def test_admin_finds_entries_by_person_and_by_patient(
    admin: User, doctor: User, patient: User, client_of: ClientOf
) -> None:
    look(doctor, patient, Ground.CARE, ground_id="because")
    client = client_of(admin)
    for q, found in ((doctor.email, True), (str(patient.patient.pk), True), ("because", True), ("nobody", False)):
        page = client.get("/admin/accounts/trailentry/", {"q": q}).content.decode()
        assert (str(patient.patient.pk) in page.split("<table")[-1]) is found, q


def test_looking_long_ago_names_its_year(patient: User, doctor: User, client_of: ClientOf) -> None:
    care = CareRelationshipFactory(
        patient=patient.patient, doctor=doctor.doctor, visit_at=timezone.now() - timedelta(days=800)
    )
    look(doctor, patient, Ground.CARE, ground_id=care.source)
    assert f"{care.visit_at:%Y}" in read(client_of(patient), OWN).html
