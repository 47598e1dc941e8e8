"""Records over HTTP: handed in, listed, looked at, downloaded, changed and let go; and on the trail each time."""

import io
import re
import socket
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest
import requests
import time_machine
from django.conf import settings as portal
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.utils import timezone
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from accounts.models import Action, Ground, TrailEntry, User
from config.files import private_root, private_storage
from config.processes import wait_until
from patients.models import FileToRemove, MedicalRecord, RecordGrant, RecordKind
from patients.services import remove_file
from patients.tasks import sweep_files
from tests.documents import large_pdf, pdf, picture
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.factories.records import MedicalRecordFactory, PatientGrantFactory, RecordGrantFactory
from tests.page import HTMX, Page, read
from tests.patients.papers import handed_in
from tests.servers import Server

type ClientOf = Callable[[User], Client]

ADD = "/records/add/"
TODAY = "2026-03-04"


def form(*uploads: SimpleUploadedFile, **fields: str) -> dict[str, object]:
    return {"kind": "lab_report", "dated": TODAY, "title": "", "notes": "", "files": list(uploads)} | fields


def upload(data: bytes | None = None, name: str = "CBC report.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, pdf() if data is None else data)


def files_on_disk() -> list[str]:
    root = private_root() / "records"
    return sorted(str(path.relative_to(private_root())) for path in root.rglob("*") if path.is_file())


def trail(record_id: object) -> list[tuple[str, str]]:
    rows = TrailEntry.objects.filter(about="patients.medicalrecord", about_id=str(record_id)).order_by("pk")
    return list(rows.values_list("action", "ground"))


# Handing in ------------------------------------------------------------------------------------------------------


def test_document_is_handed_in_and_kept(patient: User, client_of: ClientOf) -> None:
    page = client_of(patient).post(ADD, form(upload(), notes="Fasting"), follow=True)
    assert page.redirect_chain == [("/records/", 302)]
    record = MedicalRecord.objects.get()
    assert (record.patient, record.title, record.notes) == (patient.patient, "CBC report", "Fasting")
    assert (record.content_type, record.original_name, record.pages) == ("application/pdf", "CBC report.pdf", 1)
    assert record.uploaded_by == patient
    with private_storage().open(record.file) as kept:
        assert kept.read() == pdf()
    assert record.size == len(pdf())
    assert "CBC report" in page.content.decode()
    assert "1 document is kept" in page.content.decode()
    assert trail(record.pk) == [(Action.ADDED, Ground.SELF)]
    assert not FileToRemove.objects.exists()


def test_several_at_once_are_each_a_record(patient: User, client_of: ClientOf) -> None:
    uploads = [upload(pdf("one"), "one.pdf"), upload(picture(), "two.jpg"), upload(picture("PNG"), "three.png")]
    client_of(patient).post(ADD, form(*uploads, title=""))
    kept = MedicalRecord.objects.order_by("pk").values_list("title", "content_type")
    assert list(kept) == [("one", "application/pdf"), ("two", "image/jpeg"), ("three", "image/png")]
    assert len(files_on_disk()) >= 3


def test_six_at_once_are_refused_whole(patient: User, client_of: ClientOf) -> None:
    page = client_of(patient).post(ADD, form(*(upload(pdf(str(n)), f"{n}.pdf") for n in range(6))))
    assert page.status_code == 422
    assert "five files at the most" in page.content.decode()
    assert not MedicalRecord.objects.exists()


def test_one_bad_file_keeps_the_others_out_and_is_named(patient: User, client_of: ClientOf) -> None:
    page = client_of(patient).post(ADD, form(upload(), upload(b"words", "letter.doc")))
    assert page.status_code == 422
    assert "letter.doc: Please choose a PDF file" in unescape(page.content.decode())
    assert not MedicalRecord.objects.exists()
    assert not FileToRemove.objects.exists()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "secret"}, "Select a valid choice"),
        ({"dated": "2199-01-01"}, "still to come"),
        ({"dated": "1200-01-01"}, "check the year"),
        ({"dated": "yesterday"}, "Enter a date"),
        ({"title": "x" * 121}, "at most 120 characters"),
        ({"files": []}, "choose a file"),
    ],
)
def test_mistakes_are_said_beside_the_field_and_what_was_typed_is_kept(
    patient: User, client_of: ClientOf, change: dict[str, object], words: str
) -> None:
    page = client_of(patient).post(ADD, form(upload(), notes="Fasting") | change)
    assert page.status_code == 422
    assert words in unescape(page.content.decode())
    assert "Fasting" in page.content.decode()
    assert not MedicalRecord.objects.exists()


def test_guardian_hands_in_for_a_child(patient: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    client_of(patient).post(ADD, form(upload(), patient=str(child.pk)))
    record = MedicalRecord.objects.get()
    assert record.patient == child
    assert trail(record.pk) == [(Action.ADDED, Ground.GUARDIAN)]


def test_nobody_hands_in_for_a_stranger(patient: User, stranger: User, client_of: ClientOf) -> None:
    """The owner in the form counts only among one's own people; for one who has no others it is not read at all."""
    client_of(patient).post(ADD, form(upload(), patient=str(stranger.patient.pk)))
    assert MedicalRecord.objects.get().patient == patient.patient
    GuardianshipFactory(guardian=patient)
    page = client_of(patient).post(ADD, form(upload(pdf("other")), patient=str(stranger.patient.pk)))
    assert page.status_code == 422
    assert MedicalRecord.objects.count() == 1


def test_what_a_form_does_not_ask_is_not_read(patient: User, stranger: User, doctor: User, client_of: ClientOf) -> None:
    """Owners, keys, files and rights sent along: handing in, changing and sharing."""
    client = client_of(patient)
    theirs = {"uploaded_by": str(stranger.pk), "user": str(stranger.pk), "patient_id": str(stranger.patient.pk)}
    theirs |= {"id": str(stranger.patient.pk), "source": str(stranger.patient.pk), "role": "admin", "is_staff": "on"}
    theirs |= {"file": "records/theirs.pdf", "sha256": "0" * 64, "size": "1", "content_type": "text/html"}
    assert client.post(ADD, form(upload(), **theirs)).status_code == 302
    record = MedicalRecord.objects.get()

    def facts() -> tuple[object, ...]:
        record.refresh_from_db()
        return (record.uploaded_by, record.patient, record.source, record.content_type, record.file)

    kept = (patient, patient.patient, None, "application/pdf", record.file)
    assert facts() == kept
    changed = {"kind": "imaging", "dated": TODAY, "title": "Mine", "patient": str(stranger.patient.pk)}
    assert client.post(f"/records/{record.pk}/change/", changed | theirs).status_code == 302
    assert facts() == kept
    share = {"doctor": doctor.doctor.slug, "until": str(timezone.localdate() + timedelta(days=7))}
    theirs |= {"granted_by": str(stranger.pk), "permission": "1", "expires_at": "2099-01-01", "content_object": "1"}
    assert client.post(f"/records/{record.pk}/share/", share | theirs).status_code == 302
    grant = RecordGrant.objects.get()
    assert (grant.user, grant.granted_by, grant.content_object, grant.source) == (doctor, patient, record, None)
    assert grant.expires_at < timezone.now() + timedelta(days=9)
    patient.refresh_from_db()
    assert (patient.role, patient.is_staff) == ("patient", False)


def test_first_document_makes_somebody_a_patient(client_of: ClientOf, db: None) -> None:
    from tests.factories.accounts import UserFactory

    user = UserFactory()
    read(client_of(user), ADD)
    client_of(user).post(ADD, form(upload()))
    assert MedicalRecord.objects.get().patient.user == user


def test_same_file_again_is_the_record_that_is_there(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    client.post(ADD, form(upload()))
    page = client.post(ADD, form(upload(name="copy.pdf")), follow=True)
    assert "was there already" in page.content.decode()
    assert MedicalRecord.objects.get().title == "CBC report"


def test_script_is_answered_in_json(patient: User, client_of: ClientOf) -> None:
    client, asks = client_of(patient), {"Accept": "application/json"}
    assert client.post(ADD, form(upload()), headers=asks).json() == {"next": "/records/"}
    answer = client.post(ADD, form(upload(b"")), headers=asks)
    assert answer.status_code == 422
    assert answer.json() == {"errors": {"files": ["This file is empty. Please choose another one."]}}


@pytest.fixture
def small_quota(settings) -> int:
    settings.RECORDS_QUOTA_MB = 1
    return 1024 * 1024


def test_no_more_than_the_quota_is_kept_and_it_is_said(patient: User, client_of: ClientOf, small_quota: int) -> None:
    MedicalRecordFactory(patient=patient.patient, size=small_quota - len(pdf()) - 1)
    client, before = client_of(patient), files_on_disk()
    assert client.post(ADD, form(upload())).status_code == 302
    page = client.post(ADD, form(upload(pdf("another"))))
    assert page.status_code == 422
    assert "no room left for this file" in page.content.decode()
    assert MedicalRecord.objects.count() == 2
    assert len(files_on_disk()) == len(before) + 1
    PatientFactory()
    MedicalRecordFactory(size=small_quota)
    assert MedicalRecord.objects.filter(patient=patient.patient).count() == 2


def test_storage_that_fails_leaves_no_record_and_nothing_that_is_not_swept(
    patient: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What breaks off after the file is written leaves a row that says so."""
    before = files_on_disk()
    from patients.services import records

    def broken(*given: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(records, "_write_record", broken)
    with pytest.raises(OSError, match="disk full"):
        client_of(patient).post(ADD, form(upload()))
    assert not MedicalRecord.objects.exists()
    assert len(files_on_disk()) == len(before) + 1
    sweep_files()
    assert files_on_disk() == before
    assert not FileToRemove.objects.exists()


def test_upload_that_died_with_its_process_is_swept_after_two_hours(patient: User) -> None:
    name = private_storage().save("records/left-behind.pdf", io.BytesIO(b"half"))
    FileToRemove.objects.create(name=name, due_at=timezone.now() + timedelta(hours=2))
    sweep_files()
    assert private_storage().exists(name)
    with time_machine.travel(timezone.now() + timedelta(hours=2, seconds=1)):
        sweep_files()
    assert not private_storage().exists(name)


def unfinished(process: psutil.Process) -> list[str]:
    """What a server and its workers hold open of files that are on their way."""
    found = []
    for each in (process, *process.children(recursive=True)):
        found += [file.path for file in each.open_files() if ".upload" in file.path]
    return found


@pytest.mark.django_db(transaction=True)
def test_upload_that_breaks_off_leaves_no_file_and_no_row(
    patient: User, client_of: ClientOf, web_process: Server
) -> None:
    """A phone that goes out of reach when two thirds have come."""
    cookies = f"session={client_of(patient).session.session_key}; csrf={'x' * 32}"
    head = f"POST {ADD} HTTP/1.1\r\nHost: {urlsplit(web_process.url).netloc}\r\nCookie: {cookies}\r\n"
    head += f"X-CSRFToken: {'x' * 32}\r\nContent-Type: multipart/form-data; boundary=line\r\n"
    begun = b'--line\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n' + large_pdf(3_000_000)
    server, before = psutil.Process(web_process.process.pid), files_on_disk()
    address = urlsplit(web_process.url)
    assert address.hostname
    with socket.create_connection((address.hostname, address.port or 80), timeout=30) as phone:
        phone.sendall(f"{head}Content-Length: {len(begun) + 1_500_000}\r\n\r\n".encode() + begun)
        assert wait_until(lambda: bool(unfinished(server)), timeout=30, watched=[web_process.process])
    assert wait_until(lambda: not unfinished(server), timeout=30, watched=[web_process.process])
    assert not MedicalRecord.objects.exists()
    assert not FileToRemove.objects.exists()
    assert files_on_disk() == before
    assert requests.get(f"{web_process.url}/live", timeout=10).ok


# Lists -----------------------------------------------------------------------------------------------------------


def test_list_has_filters_by_person_and_kind(patient: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    MedicalRecordFactory(patient=patient.patient, title="Own blood")
    MedicalRecordFactory(patient=child, title="Childs shot", kind=RecordKind.VACCINATION, uploaded_by=patient)
    MedicalRecordFactory(title="Strangers paper")
    client = client_of(patient)

    def titles(query: str = "") -> list[str]:
        return re.findall(r'class="record-link"[^>]*>([^<]+)<', client.get(f"/records/{query}").content.decode())

    assert sorted(titles()) == ["Childs shot", "Own blood"]
    assert titles(f"?person={child.pk}") == ["Childs shot"]
    assert titles("?kind=lab_report") == ["Own blood"]
    assert titles(f"?person={child.pk}&kind=lab_report") == []
    assert sorted(titles("?person=nonsense&kind=nonsense&page=99")) == ["Childs shot", "Own blood"]
    assert titles(f"?person={PatientFactory().pk}") == []


def test_newest_document_stands_first_and_long_lists_have_pages(patient: User, client_of: ClientOf) -> None:
    for number in range(21):
        MedicalRecordFactory(
            patient=patient.patient, title=f"Paper {number}", dated=timezone.localdate() - timedelta(number)
        )
    first = client_of(patient).get("/records/").content.decode()
    assert first.index("Paper 0<") < first.index("Paper 1<")
    assert "Paper 20" not in first
    assert "Paper 20" in client_of(patient).get("/records/?page=2").content.decode()


def test_lists_without_anything_say_what_to_do(patient: User, doctor: User, client_of: ClientOf) -> None:
    assert "No documents yet" in read(client_of(patient), "/records/").html
    assert "Nothing of this kind" in read(client_of(patient), "/records/?kind=imaging").html
    assert "No doctor reads anything" in read(client_of(patient), "/records/shares/").html
    assert "Nothing is shared with you" in read(client_of(doctor), "/practice/records/").html


@pytest.mark.parametrize("count", [1, 3])
def test_lists_cost_the_same_for_one_and_for_three(
    patient: User, doctor: User, client_of: ClientOf, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(count):
        record = RecordGrantFactory(
            doctor=doctor.doctor, content_object=MedicalRecordFactory(patient=patient.patient)
        ).content_object
        PatientGrantFactory(doctor=doctor.doctor)
    costs = {
        "/records/": (patient, 5),
        "/records/shares/": (patient, 5),
        record.get_absolute_url(): (patient, 10),
        "/practice/records/": (doctor, 6),
        f"/practice/patients/{patient.patient.pk}/records/": (doctor, 12),
    }
    for address, (user, queries) in costs.items():
        client = client_of(user)
        with django_assert_num_queries(queries):
            client.get(address)


# One record ------------------------------------------------------------------------------------------------------


def test_pdf_is_shown_page_by_page_as_pictures(patient: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient, pdf("Haemoglobin 13.2", pages=3))
    client = client_of(patient)
    page = read(client, record.get_absolute_url())
    addresses = [unescape(each) for each in re.findall(r'<img src="(/records/[^"]+/pages/[^"]+)"', page.html)]
    assert len(addresses) == 3
    for address in addresses:
        drawn = client.get(address)
        assert drawn["Content-Type"] == "image/webp"
        with Image.open(io.BytesIO(drawn.content)) as shown:
            assert shown.size == (record.width, record.height) == (1240, 1755)
            assert len(shown.convert("L").getcolors()) > 10
        assert "no-store" in drawn["Cache-Control"]
    assert trail(record.pk) == [(Action.ADDED, Ground.SELF), (Action.READ, Ground.SELF)]
    assert "<iframe" not in page.html
    assert "<object" not in page.html


def first_page(client: Client, record: MedicalRecord) -> str:
    """The address of the first page's picture, as the record's page gives it out."""
    page = read(client, record.get_absolute_url()).html
    return unescape(re.findall(r'<img src="(/records/[^"]+/pages/1/[^"]+)"', page)[0])


def test_pages_are_given_out_by_the_record_alone_and_to_its_reader(
    patient: User, stranger: User, doctor: User, client_of: ClientOf
) -> None:
    record = handed_in(patient.patient, pdf(pages=2))
    other = handed_in(patient.patient, pdf("other"))
    client = client_of(patient)
    address = first_page(client, record)
    assert client.get(address).status_code == 200
    bare = address.partition("?")[0]
    wrong = [
        bare,
        f"{bare}?seen=x",
        address.replace("pages/1/", "pages/3/"),
        address.replace(str(record.pk), str(other.pk)),
    ]
    for each in wrong:
        assert client.get(each).status_code == 404, each
    grant = RecordGrantFactory(doctor=doctor.doctor, content_object=record)
    for user in (stranger, doctor):
        assert client_of(user).get(address).status_code == 404
    own = client_of(doctor)
    theirs = unescape(
        re.findall(r'<img src="(/records/[^"]+/pages/1/[^"]+)"', read(own, record.get_absolute_url()).html)[0]
    )
    assert own.get(theirs).status_code == 200
    grant.delete()
    assert own.get(theirs).status_code == 404
    with time_machine.travel(timezone.now() + timedelta(minutes=16)):
        assert client_of(patient).get(address).status_code == 404


def test_picture_is_shown_in_the_page_and_downloaded_as_a_file(patient: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient, picture(), name="X-ray (left).jpg")
    client = client_of(patient)
    page = read(client, record.get_absolute_url())
    (address,) = set(re.findall(r'<img src="(/files/[^"]+)"', page.html))
    shown = client.get(address)
    assert shown["Content-Disposition"].startswith("inline")
    assert b"".join(shown.streaming_content)[:3] == b"\xff\xd8\xff"
    answer = client.get(page.links["Download"], follow=True)
    assert b"".join(answer.streaming_content)[:3] == b"\xff\xd8\xff"
    assert answer.redirect_chain[0][0].startswith("/files/")
    assert answer["Content-Disposition"] == "attachment; filename*=UTF-8''X-ray%20%28left%29.jpg"
    assert [action for action, _ground in trail(record.pk)] == [Action.ADDED, Action.READ, Action.DOWNLOADED]
    with time_machine.travel(timezone.now() + timedelta(seconds=61)):
        assert client_of(patient).get(address).status_code == 404


def test_doctor_who_was_chosen_stays_when_another_is_looked_for(
    patient: User, doctor: User, other_doctor: User, client_of: ClientOf
) -> None:
    record, client = MedicalRecordFactory(patient=patient.patient), client_of(patient)
    chosen = f'value="{doctor.doctor.slug}" checked'
    for name, found in ((other_doctor.doctor.name, True), ("Nobody at all", False)):
        page = client.get(f"/records/{record.pk}/share/", {"q": name, "doctor": doctor.doctor.slug}, headers=HTMX)
        html = page.content.decode()
        assert chosen in html
        assert (f'value="{other_doctor.doctor.slug}"' in html) == found
        assert ("No doctor of that name" in html) != found


def test_doctor_reads_what_is_shared_and_the_trail_says_why(patient: User, doctor: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient)
    grant = RecordGrantFactory(doctor=doctor.doctor, content_object=record)
    client = client_of(doctor)
    page = read(client, record.get_absolute_url())
    assert "Share with a doctor" not in page.links
    assert "Remove" not in page.links
    assert client.get(page.links["Download"]).status_code == 302
    entries = TrailEntry.objects.filter(by=doctor, about_id=str(record.pk)).order_by("pk")
    assert [(each.action, each.ground, each.ground_id, each.subject) for each in entries] == [
        (Action.READ, Ground.SHARE, str(grant.pk), patient.patient.pk),
        (Action.DOWNLOADED, Ground.SHARE, str(grant.pk), patient.patient.pk),
    ]
    assert {each.address for each in entries} == {"127.0.0.1"}


@pytest.mark.parametrize("path", ["", "download/"])
def test_what_cannot_be_written_down_is_not_shown(patient: User, client_of: ClientOf, path: str) -> None:
    record = handed_in(patient.patient)
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'the trail is full'; END $$;"
            "CREATE TRIGGER refuse BEFORE INSERT ON accounts_trailentry EXECUTE FUNCTION refuse()"
        )
    client = client_of(patient)
    client.raise_request_exception = False
    answer = client.get(f"{record.get_absolute_url()}{path}")
    assert answer.status_code == 500
    assert "Blood count" not in answer.content.decode()
    assert "Location" not in answer


def test_change_is_kept_and_on_the_trail(patient: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient)
    client, address = client_of(patient), f"/records/{record.pk}/change/"
    assert "Blood count" in read(client, address).html
    wrong = client.post(address, {"kind": "imaging", "dated": TODAY, "title": "", "notes": "Left knee"})
    assert wrong.status_code == 422
    assert "Left knee" in wrong.content.decode()
    client.post(address, {"kind": "imaging", "dated": "2025-01-02", "title": "Knee", "notes": "Left", "patient": "x"})
    record.refresh_from_db()
    assert (record.kind, record.title, str(record.dated), record.notes) == ("imaging", "Knee", "2025-01-02", "Left")
    assert trail(record.pk)[-1] == (Action.CHANGED, Ground.SELF)


def test_history_holds_no_words(patient: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient, notes="Left knee")
    client_of(patient).post(
        f"/records/{record.pk}/change/", {"kind": "imaging", "dated": TODAY, "title": "Knee", "notes": "x"}
    )
    versions = list(record.history.order_by("pgh_id").values())
    assert [each["kind"] for each in versions] == ["lab_report", "imaging"]
    assert not {"title", "notes", "original_name"} & versions[0].keys()


def test_removed_record_goes_with_its_file_and_what_was_shared(
    patient: User, doctor: User, client_of: ClientOf, django_capture_on_commit_callbacks
) -> None:
    record = handed_in(patient.patient)
    RecordGrantFactory(doctor=doctor.doctor, content_object=record)
    client, address = client_of(patient), f"/records/{record.pk}/remove/"
    assert "Remove this document?" in read(client, address).title
    assert client.post(address).status_code == 302
    assert client.get(record.get_absolute_url()).status_code == 404
    assert client_of(doctor).get(record.get_absolute_url()).status_code == 404
    assert client.post(address).status_code == 404
    assert private_storage().exists(record.file), "only what is durable may take the file"
    assert remove_file(FileToRemove.objects.get().pk)
    assert not private_storage().exists(record.file)
    assert not FileToRemove.objects.exists()
    assert trail(record.pk)[-1] == (Action.REMOVED, Ground.SELF)


def test_file_that_cannot_be_removed_is_due_again(patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    file = FileToRemove.objects.create(name="records/a.pdf")

    def broken(name: str) -> None:
        raise OSError("storage away")

    monkeypatch.setattr(type(private_storage()), "delete", lambda self, name: broken(name))
    assert not remove_file(file.pk)
    file.refresh_from_db()
    assert file.attempts == 1
    assert file.due_at > timezone.now()
    monkeypatch.undo()
    with time_machine.travel(timezone.now() + timedelta(minutes=2)):
        sweep_files()
    assert not FileToRemove.objects.exists()


def test_file_of_a_record_is_never_removed(patient: User) -> None:
    record = handed_in(patient.patient)
    FileToRemove.objects.create(name=record.file)
    sweep_files()
    assert private_storage().exists(record.file)
    assert not FileToRemove.objects.exists()


def test_a_file_is_nowhere_but_behind_a_check(patient: User, client_of: ClientOf) -> None:
    record = handed_in(patient.patient)
    assert not str(private_root()).startswith((str(portal.MEDIA_ROOT), str(portal.STATIC_ROOT)))
    for address in (
        f"/media/{record.file}",
        f"/static/{record.file}",
        f"/files/{record.file}/",
        f"/private/{record.file}",
    ):
        assert client_of(patient).get(address).status_code == 404
    assert Path(record.file).name not in Page(client_of(patient).get(record.get_absolute_url()).content.decode()).html
