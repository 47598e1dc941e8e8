"""Files chosen while booking, or put to a visit later: kept in the records, read by its doctor while the care lasts."""

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import urlencode

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.models import Action, Ground, Notification, TrailEntry, User
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment, start_payment
from patients.models import AttachedRecord, MedicalRecord, RecordGrant
from patients.services import attach_record, share_record
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay
from tests.documents import pdf, picture
from tests.factories.patients import GuardianshipFactory
from tests.page import HTMX, read
from tests.patients.papers import handed_in

type ClientOf = Callable[[User], Client]


def upload(words: str = "report", name: str = "report.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, pdf(words))


def book(client: Client, doctor: User, *files: SimpleUploadedFile, hour: int = 10, **fields: str) -> object:
    query = urlencode({"start": at(hour).isoformat(), "mode": "video"})
    data = {"patient": "me", "reason": "Cough", "files": list(files)} | fields
    return client.post(f"/book/{doctor.doctor.slug}/?{query}", data)


def booked(patient: User) -> dict[str, str]:
    return {"patient": str(patient.patient.pk)}


def readable(doctor: User) -> list[str]:
    return sorted(MedicalRecord.objects.shared_with(doctor).values_list("title", flat=True))


# While booking ---------------------------------------------------------------------------------------------------


def test_files_come_with_the_booking_and_its_doctor_reads_them_once_it_is_confirmed(
    patient: User, doctor: User, client_of: ClientOf
) -> None:
    photo = SimpleUploadedFile("rash.jpg", picture())
    answer = book(client_of(patient), doctor, upload(), photo, **booked(patient))
    visit = Appointment.objects.get()
    assert answer.status_code == 302
    kept = MedicalRecord.objects.filter(patient=patient.patient, source=visit.pk)
    assert sorted(kept.values_list("title", flat=True)) == ["rash", "report"]
    assert readable(doctor) == [], "a hold is nothing to the doctor"
    pay(visit)
    assert readable(doctor) == ["rash", "report"]
    grant = RecordGrant.objects.first()
    assert grant.source == visit.pk
    assert grant.expires_at == visit.end + settings.CARE_AFTER_VISIT
    with time_machine.travel(grant.expires_at, tick=False):
        assert readable(doctor) == []


def test_visitor_stores_nothing_and_is_told_when_to_choose_files(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    query = urlencode({"start": at(10).isoformat(), "mode": "video"})
    address = f"/book/{doctor.doctor.slug}/?{query}"
    visitor = Client()
    page = read(visitor, address)
    assert 'type="file"' not in page.html
    assert "you can add reports and pictures then" in page.html
    assert book(visitor, doctor, upload()).status_code == 302
    assert not MedicalRecord.objects.exists()
    assert 'type="file"' in read(client_of(patient), address).html


def test_six_files_are_refused_and_what_was_written_is_kept(patient: User, doctor: User, client_of: ClientOf) -> None:
    files = [upload(str(number)) for number in range(6)]
    page = book(client_of(patient), doctor, *files, reason="Knee hurts", **booked(patient))
    assert page.status_code == 422
    assert "five files at the most" in page.content.decode()
    assert "Knee hurts" in page.content.decode()
    assert not Appointment.objects.exists()


def test_bad_file_keeps_the_time_free_and_is_said_beside_the_field(
    patient: User, doctor: User, client_of: ClientOf
) -> None:
    bad = SimpleUploadedFile("report.pdf", b"<html>")
    page = book(client_of(patient), doctor, bad, **booked(patient))
    assert page.status_code == 422
    assert "Please choose a PDF file" in page.content.decode()
    assert not Appointment.objects.exists()


def test_time_that_went_keeps_no_files(patient: User, stranger: User, doctor: User, client_of: ClientOf) -> None:
    hold(doctor, stranger)
    page = book(client_of(patient), doctor, upload(), **booked(patient))
    assert page.status_code == 409
    assert "choose your files once more" in page.content.decode()
    assert not MedicalRecord.objects.exists()


def test_quota_that_is_full_does_not_cost_the_time(patient: User, doctor: User, client_of: ClientOf, settings) -> None:
    settings.RECORDS_QUOTA_MB = 0
    client = client_of(patient)
    answer = book(client, doctor, upload(), **booked(patient))
    assert "no room left for this file" in client.get(answer["Location"]).content.decode()
    assert Appointment.objects.get().status == Status.HELD
    assert not MedicalRecord.objects.exists()


def test_files_for_a_child_are_the_childs(patient: User, doctor: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    book(client_of(patient), doctor, upload(), patient=str(child.pk))
    assert MedicalRecord.objects.get().patient == child


def test_going_to_add_somebody_says_that_files_must_be_chosen_again(
    patient: User, doctor: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    answer = book(client, doctor, upload(), add_member="1", **booked(patient))
    assert answer.status_code == 302
    assert "choose your files once more" in client.get(answer["Location"]).content.decode()
    assert not MedicalRecord.objects.exists()


# Later -----------------------------------------------------------------------------------------------------------


def test_files_and_records_are_put_to_a_confirmed_visit_and_read_at_once(
    patient: User, doctor: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    there = handed_in(patient.patient, title="From long ago")
    client = client_of(patient)
    page = read(client, f"/appointments/{visit.pk}/files/")
    assert "From long ago" in page.html
    answer = client.post(f"/appointments/{visit.pk}/files/", {"files": [upload()], "records": [str(there.pk)]})
    assert answer["Location"] == visit.get_absolute_url()
    assert readable(doctor) == ["From long ago", "report"]
    page = read(client, visit.get_absolute_url())
    assert {"From long ago", "report"} <= page.links.keys()


def test_doctor_finds_them_on_the_visits_page_and_the_look_is_on_the_trail(
    patient: User, doctor: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    attach_record(handed_in(patient.patient, title="Old X-ray"), source=visit.pk, by=patient)
    client = client_of(doctor)
    page = read(client, visit.get_absolute_url())
    assert "Old X-ray" not in page.html
    assert not TrailEntry.objects.filter(by=doctor, about="patients.records").exists()
    (address,) = [href for words, href in page.links.items() if words == "See 1 file"]
    assert "Old X-ray" in read(client, address, **HTMX).html
    assert "Old X-ray" in read(client, address).html
    looks = TrailEntry.objects.filter(by=doctor, about="patients.records")
    assert {(each.ground, each.ground_id, each.subject) for each in looks} == {
        (Ground.CARE, str(visit.pk), patient.patient.pk)
    }


@pytest.mark.parametrize("side", ["patient", "doctor"])
def test_cancelling_ends_the_reading_in_the_same_moment(
    patient: User, doctor: User, client_of: ClientOf, side: str
) -> None:
    visit = confirmed(doctor, patient)
    record = handed_in(patient.patient)
    attach_record(record, source=visit.pk, by=patient)
    assert client_of(doctor).get(record.get_absolute_url()).status_code == 200
    cancel_appointment(visit, by=patient if side == "patient" else doctor, side=side)
    assert client_of(doctor).get(record.get_absolute_url()).status_code == 404
    assert not RecordGrant.objects.exists()
    assert "See 1 file" not in client_of(doctor).get(visit.get_absolute_url()).content.decode()
    last = TrailEntry.objects.filter(about_id=str(record.pk)).latest("pk")
    assert (last.action, last.by, last.ground) == (Action.REVOKED, None, Ground.SYSTEM)


def test_what_was_shared_by_hand_outlives_the_visit(patient: User, doctor: User) -> None:
    visit = confirmed(doctor, patient)
    record = handed_in(patient.patient)
    attach_record(record, source=visit.pk, by=patient)
    share_record(record, doctor.doctor, until=timezone.now() + timedelta(days=3), by=patient)
    cancel_appointment(visit, by=patient, side="patient")
    assert readable(doctor) == [record.title]


def test_file_is_taken_from_the_visit_and_stays_in_the_records(
    patient: User, doctor: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    record = handed_in(patient.patient)
    attached = attach_record(record, source=visit.pk, by=patient)
    client = client_of(patient)
    address = f"/appointments/{visit.pk}/files/{attached.pk}/take/"
    assert client.post(address).status_code == 302
    assert readable(doctor) == []
    assert client.get(record.get_absolute_url()).status_code == 200
    assert client.post(address).status_code == 404


def test_ending_the_sharing_takes_it_from_the_visit(patient: User, doctor: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    attach_record(handed_in(patient.patient), source=visit.pk, by=patient)
    client_of(patient).post(f"/records/shares/{RecordGrant.objects.get().pk}/revoke/")
    assert readable(doctor) == []
    assert not AttachedRecord.objects.exists()


def test_a_sixth_file_is_refused(patient: User, doctor: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    for number in range(4):
        attach_record(handed_in(patient.patient, pdf(str(number))), source=visit.pk, by=patient)
    address = f"/appointments/{visit.pk}/files/"
    page = client_of(patient).post(address, {"files": [upload("a"), upload("b")]})
    assert page.status_code == 422
    assert "Five files can be put to one appointment" in page.content.decode()
    assert AttachedRecord.objects.count() == 4


def test_nobody_puts_another_patients_record_to_a_visit(
    patient: User, stranger: User, doctor: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    handed_in(patient.patient)
    foreign = handed_in(stranger.patient, title="Of a stranger")
    address = f"/appointments/{visit.pk}/files/"
    page = client_of(patient).post(address, {"records": [str(foreign.pk)]})
    assert page.status_code == 422
    assert "Of a stranger" not in page.content.decode()
    assert readable(doctor) == []


def test_over_or_called_off_no_files_are_taken(patient: User, doctor: User, client_of: ClientOf) -> None:
    lapsed = held_until_past(hold(doctor, patient, at(12)))
    off = confirmed(doctor, patient)
    cancel_appointment(off, by=patient, side="patient")
    for visit in (lapsed, off):
        assert client_of(patient).post(f"/appointments/{visit.pk}/files/", {"files": [upload()]}).status_code == 409
    assert not MedicalRecord.objects.exists()


def test_page_says_what_was_not_chosen(patient: User, doctor: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    page = client_of(patient).post(f"/appointments/{visit.pk}/files/", {})
    assert page.status_code == 422
    assert "Please choose a file or a record" in page.content.decode()


def test_money_that_comes_late_and_seats_again_lets_the_doctor_read(patient: User, doctor: User) -> None:
    visit = hold(doctor, patient)
    attach_record(handed_in(patient.patient), source=visit.pk, by=patient)
    start_payment(visit, by=patient)
    held_until_past(visit)
    pay(visit)
    assert Appointment.objects.get().status == Status.CONFIRMED
    assert len(readable(doctor)) == 1


def test_names_of_files_stay_out_of_the_mails(patient: User, doctor: User, client_of: ClientOf) -> None:
    visit = hold(doctor, patient)
    attach_record(handed_in(patient.patient, title="HIV test", name="HIV test.pdf"), source=visit.pk, by=patient)
    pay(visit)
    for told in Notification.objects.all():
        assert "HIV" not in str(told.facts)
