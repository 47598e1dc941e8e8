"""The room's pages without JavaScript, and the visit's states as the doctor moves them."""

import html
import re
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import Ground, Notification, TrailEntry, User
from appointments.models import Appointment, Status
from config.db import is_append_only
from telehealth import consent
from telehealth.models import ChatMessage, ConsentGiven, Consultation, JoinEvidence, Side
from telehealth.services import Arrival, enter, room_of
from tests.appointments.visits import at, story
from tests.factories.patients import PatientFactory
from tests.telehealth.rooms import PHONE, agreed, visit_now

type ClientOf = Callable[[User], Client]


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return visit_now(doctor, patient)


def come(visit: Appointment, user: User, side: Side) -> Consultation:
    """The user is in the room, on a phone."""
    room = room_of(Appointment.objects.select_related("doctor", "patient").get(pk=visit.pk))
    assert enter(room, Arrival(user, side, uuid4(), uuid4(), uuid4(), PHONE))
    return room


def waiting(visit: Appointment) -> Consultation:
    assert visit.patient.user is not None
    return come(agreed(visit, visit.patient.user), visit.patient.user, Side.PATIENT)


def path(visit: Appointment, what: str = "") -> str:
    return f"/consultations/{visit.pk}/{what}"


# Consent ---------------------------------------------------------------------------------------------------------


def test_patient_agrees_to_the_text_as_it_stands(visit: Appointment, patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    page = client.get(path(visit)).content.decode()
    assert "data-socket" not in page
    assert all(str(point) in page.replace("&#x27;", "'") for point in consent.POINTS)
    response = client.post(path(visit, "consent/"), {"version": consent.VERSION, "agree": "on"})
    assert response.url == path(visit)
    given = ConsentGiven.objects.get()
    assert (given.user, given.version) == (patient, consent.VERSION)
    assert 'data-socket="/ws/consultations/' in client.get(path(visit)).content.decode()
    client.post(path(visit, "consent/"), {"version": consent.VERSION, "agree": "on"})
    assert ConsentGiven.objects.count() == 1


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({"version": consent.VERSION}, "Please tick this box"),
        ({"version": "2020-01", "agree": "on"}, "The text has changed"),
    ],
)
def test_nobody_agrees_by_accident_or_to_another_text(
    visit: Appointment, patient: User, client_of: ClientOf, data: dict[str, str], words: str
) -> None:
    response = client_of(patient).post(path(visit, "consent/"), data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not ConsentGiven.objects.exists()


# The page --------------------------------------------------------------------------------------------------------


def test_camera_and_microphone_are_allowed_here_and_on_the_device_check_alone(
    visit: Appointment, patient: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    for address in (path(visit), "/telehealth/device/"):
        assert "camera=(self)" in client.get(address)["Permissions-Policy"]
    for address in (visit.get_absolute_url(), "/account/"):
        assert "camera=()" in client.get(address)["Permissions-Policy"]


def test_page_says_when_the_room_opens(doctor: User, patient: User, client_of: ClientOf) -> None:
    page = client_of(patient).get(path(visit_now(doctor, patient, begins=timedelta(hours=3)))).content.decode()
    assert "The room is not open yet" in page
    assert "data-socket" not in page


def test_patient_reads_where_the_doctor_is_and_their_place(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    waiting(visit)
    page = client_of(patient).get(path(visit), headers={"HX-Request": "true"}).content.decode()
    assert "The doctor is not here yet" in page
    assert "You are next." in page
    assert "<html" not in page
    come(visit, doctor, Side.DOCTOR)
    assert "lets you in soon" in client_of(patient).get(path(visit)).content.decode()


def test_looking_is_written_to_the_trail(visit: Appointment, doctor: User, patient: User, client_of: ClientOf) -> None:
    client_of(doctor).get(path(visit))
    client_of(patient).get(path(visit))
    entries = TrailEntry.objects.filter(about="telehealth.consultation").order_by("pk")
    assert [(entry.by, entry.ground, entry.subject) for entry in entries] == [
        (doctor, Ground.CARE, visit.patient_id),
        (patient, Ground.SELF, visit.patient_id),
    ]


# Chat ------------------------------------------------------------------------------------------------------------


def test_chat_is_written_without_javascript_and_stays_text(
    visit: Appointment, patient: User, client_of: ClientOf
) -> None:
    client, client_id = client_of(patient), uuid4()
    for _ in range(2):
        client.post(path(visit, "chat/"), {"text": "<script>alert(1)</script>", "client_id": client_id})
    assert ChatMessage.objects.get().side == Side.PATIENT
    page = client.get(path(visit)).content.decode()
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert(1)" not in page


def test_empty_message_is_refused_beside_its_field(visit: Appointment, patient: User, client_of: ClientOf) -> None:
    response = client_of(patient).post(path(visit, "chat/"), {"text": " "})
    assert response.status_code == 422
    assert "Write something first." in response.content.decode()


# Admitting and closing -------------------------------------------------------------------------------------------


def test_doctor_admits_completes_and_the_patient_is_told(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    waiting(visit)
    client = client_of(doctor)
    assert client.post(path(visit, "admit/")).url == path(visit)
    assert client.post(path(visit, "admit/")).status_code == 302
    assert client.post(path(visit, "close/"), {"outcome": "completed"}).url == path(visit, "summary/")
    assert story(visit)[-2:] == [
        ("confirmed", "in_progress", doctor.pk, ""),
        ("in_progress", "completed", doctor.pk, ""),
    ]
    assert Notification.objects.filter(user=patient, kind="visit_completed").count() == 1
    patients = client_of(patient)
    page = patients.get(path(visit), follow=True).content.decode()
    assert "The visit is done" in page
    (follow_up,) = re.findall(r'href="(/[^"]*type=follow_up)"', page)
    for address in (html.unescape(follow_up), reverse("prescriptions:own")):
        assert patients.get(address).status_code == 200
    assert (
        f'href="{reverse("prescriptions:note", args=[visit.pk])}"'
        in client.get(path(visit, "summary/")).content.decode()
    )
    evidence = JoinEvidence.objects.order_by("pk").values_list("event", flat=True)
    assert list(evidence) == ["joined", "admitted", "closed"]
    assert client.post(path(visit, "close/"), {"outcome": "completed"}).status_code == 409


@pytest.mark.parametrize(
    ("what", "data"),
    [
        ("admit/", {}),
        ("late/", {"minutes": 10}),
        ("close/", {"outcome": "completed"}),
        ("close/", {"outcome": "no_show"}),
    ],
)
def test_the_doctors_word_is_the_doctors_alone(
    visit: Appointment, patient: User, stranger: User, client_of: ClientOf, what: str, data: dict[str, str]
) -> None:
    waiting(visit)
    before = list(Consultation.objects.values()), story(visit)
    assert client_of(patient).post(path(visit, what), data).status_code == 403
    assert client_of(stranger).post(path(visit, what), data).status_code == 404
    assert (list(Consultation.objects.values()), story(visit)) == before


def test_the_patients_word_is_the_patients_sides_alone(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    assert client.post(path(visit, "consent/"), {"version": consent.VERSION, "agree": "on"}).status_code == 403
    assert client.post(path(visit, "doctor-missed/")).status_code == 403
    assert not ConsentGiven.objects.exists()


def test_nobody_is_admitted_who_is_not_there(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    assert client_of(doctor).post(path(visit, "admit/")).status_code == 409
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_no_show_is_said_from_ten_minutes_after_the_start(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = visit_now(doctor, patient, begins=timedelta(minutes=-11))
    page = client_of(doctor).get(path(visit)).content.decode()
    # Nothing happens by one press: money follows. The question is in the page, with or without JavaScript.
    (standing,) = re.findall(r'<section class="card standing".*?</section>', page, re.DOTALL)
    assert 'href="#missed"' in standing
    assert "no_show" not in standing
    assert re.search(r'<dialog[^>]*id="missed".*value="no_show".*Write it down', page, re.DOTALL)
    page = client_of(doctor).post(path(visit, "close/"), {"outcome": "no_show"}, follow=True).content.decode()
    (came_of_it,) = re.findall(r"<main.*</main>", page, re.DOTALL)
    assert f'href="{reverse("telehealth:queue")}"' in came_of_it
    visit.refresh_from_db()
    assert (visit.status, visit.no_show_by) == (Status.NO_SHOW, "patient")
    assert Notification.objects.filter(user=patient, kind="visit_missed").count() == 1
    assert "The doctor was there and waited" in client_of(patient).get(path(visit, "summary/")).content.decode()


def test_who_was_admitted_did_not_miss_the_visit(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = visit_now(doctor, patient, begins=timedelta(minutes=-11))
    waiting(visit)
    client = client_of(doctor)
    client.post(path(visit, "admit/"))
    assert client.post(path(visit, "close/"), {"outcome": "no_show"}).status_code == 409


def test_no_show_is_not_said_once_the_room_has_closed_by_itself(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = visit_now(doctor, patient, begins=-timedelta(minutes=76))
    assert client_of(doctor).post(path(visit, "close/"), {"outcome": "no_show"}).status_code == 409
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_visit_that_is_not_begun_is_not_completed(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    assert client_of(doctor).post(path(visit, "close/"), {"outcome": "completed"}).status_code == 409


def test_closed_room_takes_nothing_more(visit: Appointment, doctor: User, patient: User, client_of: ClientOf) -> None:
    waiting(visit)
    client_of(doctor).post(path(visit, "admit/"))
    client_of(doctor).post(path(visit, "close/"), {"outcome": "completed"})
    assert client_of(patient).post(path(visit, "chat/"), {"text": "Wait"}).status_code == 409
    assert client_of(patient).get(path(visit, "ice/")).status_code == 409


# How many queries -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_queue_takes_the_same_queries_however_many_wait(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, count: int
) -> None:
    for number in range(count):
        patient = PatientFactory().user
        waiting(visit_now(doctor, patient, begins=timedelta(minutes=-20 + 15 * number), start=at(10 + number)))
    client = client_of(doctor)
    with django_assert_num_queries(6):
        page = client.get("/practice/queue/").content.decode()
    assert page.count("queue-row") == count


@pytest.mark.parametrize("count", [1, 3])
def test_room_takes_the_same_queries_however_much_was_written(
    visit: Appointment,
    doctor: User,
    client_of: ClientOf,
    django_assert_num_queries: DjangoAssertNumQueries,
    count: int,
) -> None:
    waiting(visit)
    client = client_of(doctor)
    for number in range(count):
        client.post(path(visit, "chat/"), {"text": f"Message {number}", "client_id": uuid4()})
    with django_assert_num_queries(10):
        page = client.get(path(visit)).content.decode()
    assert page.count("data-message=") == count


def test_evidence_and_consent_are_written_once() -> None:
    assert is_append_only(JoinEvidence)
    assert is_append_only(ConsentGiven)


def test_stale_doctor_page_of_a_cancelled_visit_is_refused(
    visit: Appointment, doctor: User, client_of: ClientOf
) -> None:
    waiting(visit)
    Appointment.objects.filter(pk=visit.pk).update(status=Status.CANCELLED, cancelled_by="patient")
    assert client_of(doctor).post(path(visit, "admit/")).status_code == 404
