"""A patient's home and account, as pages."""

import re
from collections.abc import Callable
from datetime import timedelta

import time_machine
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.models import Status
from appointments.services import reschedule
from doctors.models import Doctor, Mode
from prescriptions.models import ServiceKind
from tests.appointments.visits import at, confirmed, held_until_past, hold
from tests.factories.doctors import PracticePlaceFactory
from tests.factories.patients import GuardianshipFactory
from tests.factories.records import MedicalRecordFactory
from tests.factories.scheduling import VisitTypeFactory
from tests.page import read
from tests.prescriptions.orders import placed
from tests.prescriptions.orders import seen as seen_visit
from tests.prescriptions.papers import signed_for
from tests.reviews.visits import visited

type ClientOf = Callable[[User], Client]


def test_home_of_a_patient_begins_with_the_next_visit_and_what_is_unfinished(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    assert "Your next visit" not in read(client, "/").html
    later = confirmed(doctor, patient, at(11))
    sooner = confirmed(doctor, patient, at(10))
    unfinished = hold(other_doctor, patient, at(9))
    page = read(client, "/")
    assert page.links["Open the appointment"] == sooner.get_absolute_url()
    assert page.links["Go on"] == unfinished.get_absolute_url()
    assert later.get_absolute_url() in page.links.values()
    held_until_past(unfinished)
    assert "Go on" not in read(client, "/").links


def test_home_takes_the_same_queries_for_one_row_of_each_and_for_three(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    for number in range(1, 4):
        confirmed(doctor, patient, at(9 + number))
        GuardianshipFactory(guardian=patient)
        MedicalRecordFactory(patient=patient.patient)
        visited(doctor, patient)
        client.get("/")
        with django_assert_num_queries(20):
            page = read(client, "/")
        assert len(re.findall(r"/appointments/[0-9a-f-]{36}/\"", page.html)) == number
        assert page.html.count("Review the visit to") == min(number, 2)
        assert page.html.count("/account/family/0") == number


def test_home_leads_into_the_video_room_once_it_is_open(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient, at(10))
    tomorrow = at(9)
    with time_machine.travel(tomorrow + timedelta(minutes=44)):
        page = read(client_of(patient), "/")
        assert "Join the visit" not in page.links
        assert "The video room opens on" in page.html
    for minutes in (46, 65):
        with time_machine.travel(tomorrow + timedelta(minutes=minutes)):
            assert read(client_of(patient), "/").links["Join the visit"] == f"/consultations/{visit.pk}/"


def test_home_has_no_room_for_a_visit_at_a_chamber(doctor: User, patient: User, client_of: ClientOf) -> None:
    place = PracticePlaceFactory(doctor=doctor.doctor)
    visited(
        doctor,
        patient,
        ago=timedelta(minutes=-10),
        status=Status.CONFIRMED,
        mode=Mode.IN_PERSON,
        place=place,
    )
    page = read(client_of(patient), "/")
    assert "Open the appointment" in page.links
    assert "Join the visit" not in page.links
    assert "The video room opens" not in page.html


def test_home_names_what_is_to_be_done_and_nothing_of_others(
    doctor: User, other_doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    empty = read(client_of(patient), "/")
    assert ("h2", "To do") not in empty.headings
    moved = confirmed(doctor, patient, at(10, days=3))
    reschedule(moved, start=at(11, days=3), sequence=0, by=doctor, side="doctor")
    unpaid = placed(other_doctor, patient, ServiceKind.REVIEW)
    Doctor.objects.filter(pk=doctor.doctor.pk).update(follow_up_fee=300, follow_up_days=14)
    VisitTypeFactory(doctor=doctor.doctor, kind="follow_up")
    child = GuardianshipFactory(guardian=patient, patient__name="Mitu").patient
    seen = visited(doctor, patient, patient=child)
    # Too long ago for either.
    visited(doctor, patient, patient=GuardianshipFactory(guardian=patient).patient, ago=timedelta(days=70))

    page = read(client_of(patient), "/")
    ways = {words: href for words, href in page.links.items() if "Mitu" in words or "until" in words}
    found = sorted(ways.values())
    assert f"/appointments/{moved.pk}/offer/" in found
    assert unpaid.get_absolute_url() in found
    assert f"/appointments/{seen.pk}/review/" in found
    assert f"/times/{doctor.doctor.slug}/?mode=video&type=follow_up" in found
    assert page.html.count("Follow up with") == 1
    others = read(client_of(stranger), "/")
    assert ("h2", "To do") not in others.headings
    assert "Mitu" not in others.html


def test_order_is_to_be_paid_only_while_there_is_time(doctor: User, patient: User, client_of: ClientOf) -> None:
    order = placed(doctor, patient, ServiceKind.REVIEW)
    client = client_of(patient)
    assert order.get_absolute_url() in read(client, "/").links.values()
    with time_machine.travel(order.due_at):
        assert order.get_absolute_url() not in read(client_of(patient), "/").links.values()


def test_follow_up_that_is_booked_is_not_asked_for_again(doctor: User, patient: User, client_of: ClientOf) -> None:
    Doctor.objects.filter(pk=doctor.doctor.pk).update(follow_up_fee=300, follow_up_days=14)
    VisitTypeFactory(doctor=doctor.doctor, kind="follow_up")
    visited(doctor, patient)
    client = client_of(patient)
    assert read(client, "/").html.count("Follow up with") == 1
    confirmed(doctor, patient)
    assert "Follow up with" not in read(client, "/").html


def test_home_shows_medicines_the_family_and_papers_or_how_they_come(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    page = read(client, "/")
    for words in ("What a doctor prescribes", "Nobody yet.", "Lab reports, X-rays, prescriptions"):
        assert words in page.html
    GuardianshipFactory(guardian=patient, patient__name="Mitu")
    MedicalRecordFactory(patient=patient.patient, title="Lipid profile")
    signed = signed_for(seen_visit(doctor, patient))
    page = read(client, "/")
    assert f"/prescriptions/{signed.prescription_id}/" in page.links.values()
    assert page.links["1 prescription"] == "/prescriptions/"
    assert any(words.startswith("1 document") for words in page.links)
    # Its title would be a reading of a record, and is left to the page that writes it down.
    assert "Lipid profile" not in page.html
    assert any("Mitu" in words for words in page.links)
    others = read(client_of(stranger), "/")
    for words in ("What a doctor prescribes", "Nobody yet.", "Lab reports, X-rays, prescriptions"):
        assert words in others.html
    assert f"/prescriptions/{signed.prescription_id}/" not in others.links.values()


def test_visit_of_long_ago_offers_no_review(doctor: User, patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    for ago, is_offered in ((timedelta(days=59), True), (timedelta(days=61), False)):
        visit = visited(doctor, patient, ago=ago)
        page = read(client, visit.get_absolute_url())
        assert ("Your review" in page.links) == is_offered
        assert client.get(f"/appointments/{visit.pk}/review/").status_code == (200 if is_offered else 409)


def test_account_shows_the_family_in_as_many_queries_for_one_as_for_three(
    patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    assert "Nobody yet" in read(client, "/account/").html
    for _ in range(3):
        GuardianshipFactory(guardian=patient, patient__name="Mitu")
        with django_assert_num_queries(7):
            page = read(client, "/account/")
    assert page.html.count("My child") == 3
    assert page.links["Add somebody you care for"] == "/account/family/add/?next=/account/"
