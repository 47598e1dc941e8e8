"""The note of a visit: written by its doctor, saved as typed, kept in versions, read by few and never unseen."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Ground, TrailEntry, User
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment
from doctors.models import Mode
from patients.services import open_emergency_access
from prescriptions.errors import NoteChanged
from prescriptions.export import prescription_sections
from prescriptions.models import PARTS, NoteVersion, VisitNote
from prescriptions.services import save_note
from tests.appointments.races import at_once, tally
from tests.appointments.visits import at, confirmed
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import CareRelationshipFactory, GuardianshipFactory
from tests.factories.records import PatientGrantFactory
from tests.page import HTMX, read
from tests.patients.test_in_care import trail_closed

type ClientOf = Callable[[User], Client]

WORDS = {
    "complaint": "Cough for three weeks",
    "findings": "Crackles on the left",
    "assessment": "Pneumonia",
    "plan": "Amoxicillin, back in a week",
}
SECRETS = tuple(WORDS.values())


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return confirmed(doctor, patient)


def path(visit: Appointment) -> str:
    return f"/appointments/{visit.pk}/note/"


def saved(visit: Appointment, by: User, **words: str) -> VisitNote:
    """The note as somebody wrote it in one go, on top of what stood there."""
    seen = VisitNote.objects.filter(pk=visit.pk).values_list("version", flat=True).first() or 0
    return save_note(visit, WORDS | words, seen=seen, tab=uuid4(), by=by)


def over(visit: Appointment) -> Appointment:
    Appointment.objects.filter(pk=visit.pk).update(status=Status.COMPLETED)
    visit.refresh_from_db()
    return visit


def typed(tab: Any = None, seen: int = 0, **words: str) -> dict[str, str]:
    return WORDS | words | {"version": str(seen), "tab": str(tab or uuid4())}


def readings() -> list[tuple[int | None, str, str]]:
    entries = TrailEntry.objects.filter(action=Action.READ, about="prescriptions.visitnote").order_by("pk")
    return list(entries.values_list("by", "ground", "ground_id"))


# Writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", [Mode.VIDEO, Mode.IN_PERSON])
def test_doctor_writes_the_note_of_either_kind_of_visit(mode: Mode, patient: User, client_of: ClientOf) -> None:
    profile = DoctorFactory(with_hours=True)
    visit = confirmed(profile.user, patient)
    if mode == Mode.IN_PERSON:
        place = profile.places.create(name="Chamber", address="1 Road", district="dhaka")
        Appointment.objects.filter(pk=visit.pk).update(mode=mode, place=place)
    client = client_of(profile.user)
    page = read(client, path(visit))
    assert page.title == "Visit note"
    assert client.post(path(visit), typed())["Location"] == path(visit)
    page = read(client, path(visit))
    assert all(words in page.html for words in SECRETS)
    note = VisitNote.objects.get()
    assert (note.words, note.version, note.saved_by) == (WORDS, 1, profile.user)


def test_looking_makes_no_note(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    read(client_of(doctor), path(visit))
    assert not VisitNote.objects.exists()
    assert not TrailEntry.objects.filter(about__startswith="prescriptions").exists()


def test_htmx_gets_the_form_for_the_room_and_only_the_line_after_a_save(
    visit: Appointment, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    piece = client.get(path(visit), headers=HTMX).content.decode()
    assert "<html" not in piece
    assert 'id="visit-note"' in piece
    answer = client.post(path(visit), typed(), headers=HTMX)
    assert answer.status_code == 200
    piece = answer.content.decode()
    assert "<form" not in piece
    assert 'value="1"' in piece
    assert 'hx-swap-oob="true"' in piece
    assert SECRETS[0] not in piece


@pytest.mark.parametrize("is_htmx", [True, False])
def test_what_is_too_long_is_said_beside_the_field_and_kept(
    visit: Appointment, doctor: User, client_of: ClientOf, is_htmx: bool
) -> None:
    answer = client_of(doctor).post(path(visit), typed(plan="x" * 4001), headers=HTMX if is_htmx else {})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "shorten it to 4000 letters" in page
    assert "x" * 4001 in page
    assert ("HX-Retarget" in answer.headers) == is_htmx
    assert not VisitNote.objects.exists()


def test_ends_of_lines_do_not_count_twice(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    long = "\r\n".join(["x"] * 2000)
    assert client_of(doctor).post(path(visit), typed(plan=long)).status_code == 302
    assert VisitNote.objects.get().plan == "\n".join(["x"] * 2000)


def test_markup_in_every_part_is_text(visit: Appointment, doctor: User, patient: User, client_of: ClientOf) -> None:
    evil = "<script>alert(1)</script>{{ 7|add:7 }}<img src=x onerror=alert(1)>"
    saved(visit, doctor, **dict.fromkeys(PARTS, evil))
    over(visit)
    for user in (doctor, patient):
        page = client_of(user).get(path(visit)).content.decode()
        assert "<script>alert(1)" not in page
        assert "<img src=x" not in page
        assert page.count("&lt;script&gt;alert(1)&lt;/script&gt;{{ 7|add:7 }}") >= 2


# Two tabs --------------------------------------------------------------------------------------------------------


def test_second_tab_is_shown_what_the_first_saved_and_loses_nothing(
    visit: Appointment, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    client.post(path(visit), typed(plan="From the first tab"))
    answer = client.post(path(visit), typed(plan="From the second tab"))
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "saved elsewhere in the meantime" in page
    assert "From the second tab</textarea>" in page
    assert '<p class="written">From the first tab</p>' in page
    assert page.count("What is saved</p>") == 1
    assert VisitNote.objects.get().plan == "From the first tab"
    # Sent once more, now that it was seen: it counts, and what it replaced is kept.
    assert 'name="version" value="1"' in page
    assert client.post(path(visit), typed(seen=1, plan="Both together")).status_code == 302
    assert VisitNote.objects.get().plan == "Both together"
    assert NoteVersion.objects.get().plan == "From the first tab"


def test_what_has_to_be_compared_is_not_sent_by_itself(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    client.post(path(visit), typed(plan="First"))
    piece = client.post(path(visit), typed(plan="Second"), headers=HTMX).content.decode()
    assert 'hx-trigger="submit"' in piece
    assert 'data-autosave="held"' in piece


def test_a_tab_whose_answer_was_lost_is_not_overtaken_by_itself(visit: Appointment, doctor: User) -> None:
    tab = uuid4()
    save_note(visit, WORDS, seen=0, tab=tab, by=doctor)
    save_note(visit, WORDS | {"plan": "More"}, seen=0, tab=tab, by=doctor)
    assert VisitNote.objects.get().plan == "More"
    with pytest.raises(NoteChanged):
        save_note(visit, WORDS | {"plan": "Late"}, seen=0, tab=tab, by=doctor)


def test_the_same_words_again_change_nothing(visit: Appointment, doctor: User) -> None:
    first = saved(visit, doctor)
    again = save_note(visit, WORDS, seen=0, tab=uuid4(), by=doctor)
    assert (again.version, again.saved_at) == (first.version, first.saved_at)


@pytest.mark.django_db(transaction=True)
def test_first_saves_of_two_tabs_at_once_are_one_note_and_one_refusal(visit: Appointment, doctor: User) -> None:
    def saving(plan: str) -> Callable[[], VisitNote]:
        return lambda: save_note(visit, WORDS | {"plan": plan}, seen=0, tab=uuid4(), by=doctor)

    outcomes = at_once(*(saving(f"Tab {number}") for number in range(6)))
    assert tally(outcomes) == {"done": 1, "NoteChanged": 5}
    assert VisitNote.objects.get().version == 1


@pytest.mark.django_db(transaction=True)
def test_later_saves_of_two_tabs_at_once_are_one_save_and_one_refusal(visit: Appointment, doctor: User) -> None:
    saved(visit, doctor)

    def saving(plan: str) -> Callable[[], VisitNote]:
        return lambda: save_note(visit, WORDS | {"plan": plan}, seen=1, tab=uuid4(), by=doctor)

    outcomes = at_once(*(saving(f"Tab {number}") for number in range(6)))
    assert tally(outcomes) == {"done": 1, "NoteChanged": 5}
    assert (VisitNote.objects.get().version, NoteVersion.objects.count()) == (2, 1)


# Versions --------------------------------------------------------------------------------------------------------


def test_what_stood_for_a_minute_is_kept_and_typing_is_not(visit: Appointment, doctor: User) -> None:
    tab = uuid4()
    with time_machine.travel(timezone.now(), tick=False) as clock:
        save_note(visit, WORDS | {"plan": "A"}, seen=0, tab=tab, by=doctor)
        clock.shift(5)
        save_note(visit, WORDS | {"plan": "Ab"}, seen=1, tab=tab, by=doctor)
        clock.shift(60)
        save_note(visit, WORDS | {"plan": "Abc"}, seen=2, tab=tab, by=doctor)
    assert list(NoteVersion.objects.values_list("number", "plan")) == [(2, "Ab")]
    actions = TrailEntry.objects.filter(about="prescriptions.visitnote").order_by("pk")
    assert list(actions.values_list("action", "by", "ground", "ground_id")) == [
        (Action.ADDED, doctor.pk, Ground.CARE, str(visit.pk)),
        (Action.CHANGED, doctor.pk, Ground.CARE, str(visit.pk)),
    ]


def test_once_others_can_read_it_every_version_is_kept(visit: Appointment, doctor: User) -> None:
    tab = uuid4()
    save_note(over(visit), WORDS | {"plan": "A"}, seen=0, tab=tab, by=doctor)
    save_note(visit, WORDS | {"plan": "B"}, seen=1, tab=tab, by=doctor)
    save_note(visit, WORDS | {"plan": "C"}, seen=2, tab=tab, by=doctor)
    assert list(NoteVersion.objects.order_by("number").values_list("number", "plan")) == [(1, "A"), (2, "B")]


def test_database_takes_no_part_that_is_longer_than_allowed(visit: Appointment, doctor: User) -> None:
    saved(visit, doctor)
    with pytest.raises(IntegrityError, match="visitnote_not_longer_than_allowed"), transaction.atomic():
        VisitNote.objects.update(plan="x" * 4001)


# Who -------------------------------------------------------------------------------------------------------------


def test_another_doctor_and_the_patient_write_nothing(
    visit: Appointment, doctor: User, patient: User, other_doctor: User, client_of: ClientOf
) -> None:
    saved(visit, doctor)
    assert client_of(patient).post(path(visit), typed(seen=1, plan="Mine")).status_code == 403
    assert client_of(other_doctor).post(path(visit), typed(seen=1, plan="Mine")).status_code == 404
    CareRelationshipFactory(patient=patient.patient, doctor=other_doctor.doctor)
    assert client_of(other_doctor).post(path(visit), typed(seen=1, plan="Mine")).status_code == 404
    PatientGrantFactory(content_object=patient.patient, doctor=other_doctor.doctor)
    assert client_of(other_doctor).post(path(visit), typed(seen=1, plan="Mine")).status_code == 403
    assert VisitNote.objects.get().plan == WORDS["plan"]


def test_a_doctor_who_is_suspended_neither_reads_nor_writes(
    visit: Appointment, doctor: User, client_of: ClientOf
) -> None:
    saved(visit, doctor)
    doctor.doctor.suspended_at, doctor.doctor.suspension_reason = timezone.now(), "Complaints"
    doctor.doctor.save()
    client = client_of(doctor)
    assert client.get(path(visit)).status_code == 404
    assert client.post(path(visit), typed(seen=1)).status_code == 404


def test_patient_reads_assessment_and_plan_once_the_visit_is_over(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    saved(visit, doctor)
    client = client_of(patient)
    page = read(client, path(visit))
    assert "Not yet" in page.html
    assert not any(words in page.html for words in SECRETS)
    assert readings() == []
    over(visit)
    page = read(client, path(visit))
    assert all(words in page.html for words in ("Pneumonia", "Amoxicillin, back in a week"))
    assert not any(words in page.html for words in ("Cough for three weeks", "Crackles"))
    assert readings() == [(patient.pk, Ground.SELF, "")]
    assert path(visit) in read(client, f"/appointments/{visit.pk}/").links.values()


def test_guardian_reads_what_the_patient_would(doctor: User, client_of: ClientOf, patient: User) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    visit = over(confirmed(doctor, patient, patient=child))
    saved(visit, doctor)
    assert "Pneumonia" in read(client_of(patient), path(visit)).html
    assert readings() == [(patient.pk, Ground.GUARDIAN, "")]


def test_another_doctor_reads_it_by_consent_alone_and_as_much_as_the_patient(
    visit: Appointment, doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    saved(over(visit), doctor)
    client = client_of(other_doctor)
    CareRelationshipFactory(patient=patient.patient, doctor=other_doctor.doctor)
    assert client.get(path(visit)).status_code == 404
    assert readings() == []
    grant = PatientGrantFactory(content_object=patient.patient, doctor=other_doctor.doctor)
    page = read(client, path(visit))
    assert "Pneumonia" in page.html
    assert "Crackles" not in page.html
    assert readings() == [(other_doctor.pk, Ground.SHARE, str(grant.pk))]
    other_doctor.doctor.suspended_at, other_doctor.doctor.suspension_reason = timezone.now(), "Complaints"
    other_doctor.doctor.save()
    assert client.get(path(visit)).status_code == 404


def test_doctor_reads_the_own_note_when_the_care_is_over(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    saved(over(visit), doctor)
    with time_machine.travel(timezone.now() + timedelta(days=900)):
        assert "Crackles" in read(client_of(doctor), path(visit)).html
    assert readings() == [(doctor.pk, Ground.CARE, str(visit.pk))]


def test_administrator_reads_it_by_an_emergency_access_alone(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    saved(visit, doctor)
    admin = UserFactory(as_admin=True)
    client = client_of(admin)
    assert client.get(path(visit)).status_code == 404
    access = open_emergency_access(patient.patient, by=admin, reason="emergency", words="The ambulance asks for it.")
    assert "Crackles" in read(client, path(visit)).html
    assert readings() == [(admin.pk, Ground.BREAK_GLASS, str(access.pk))]
    assert client.post(path(visit), typed(seen=1)).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_a_read_that_cannot_be_written_down_is_refused(visit: Appointment, doctor: User) -> None:
    saved(visit, doctor)
    client = Client(raise_request_exception=False)
    client.force_login(doctor)
    assert "Crackles" in client.get(path(visit)).content.decode()
    with trail_closed():
        answer = client.get(path(visit))
        assert answer.status_code == 500
        assert not any(words in answer.content.decode() for words in SECRETS)


def test_a_visit_that_was_called_off_keeps_its_note_and_takes_no_more(
    visit: Appointment, doctor: User, client_of: ClientOf
) -> None:
    saved(visit, doctor)
    cancel_appointment(visit, by=doctor, side="doctor")
    client = client_of(doctor)
    assert "Crackles" in read(client, path(visit)).html
    answer = client.post(path(visit), typed(seen=1, plan="More"))
    assert answer.status_code == 409
    assert VisitNote.objects.get().plan == WORDS["plan"]


def test_it_stands_on_the_pages_of_the_visit_and_in_the_room(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient, at(10))
    for page in (f"/appointments/{visit.pk}/", f"/consultations/{visit.pk}/"):
        assert f'hx-get="{path(visit)}"' in client_of(doctor).get(page).content.decode()
        assert path(visit) not in client_of(patient).get(page).content.decode()


def test_reading_takes_so_many_queries(
    visit: Appointment, doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    saved(visit, doctor)
    client = client_of(doctor)
    client.get(path(visit))
    with django_assert_num_queries(9):
        client.get(path(visit), headers=HTMX)


def test_copy_of_ones_data_has_the_notes_of_visits_that_are_over(
    visit: Appointment, doctor: User, patient: User
) -> None:
    saved(visit, doctor)
    section, _signed = prescription_sections(patient.patient)
    assert section.rows == []
    over(visit)
    section, _signed = prescription_sections(patient.patient)
    ((key, _at, *parts),) = section.rows
    assert (key, tuple(parts)) == (str(visit.pk), SECRETS)
