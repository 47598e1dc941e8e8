"""Applying through the pages: from a visitor to somebody who waits, with whatever goes wrong on the way."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
import time_machine
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import Action, Role, TrailEntry, User
from config.files import MOST_BYTES, private_storage
from doctors import services
from doctors.models import Certificate, Doctor, Verification, VerificationDraft, VerificationStatus
from doctors.services import certificates
from doctors.tasks import sweep_certificates
from tests import documents
from tests.doctors.test_find import text_of
from tests.doctors.verifications import applied, approved, certificate_of, paper
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.specialties import SpecialtyFactory
from tests.page import read

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]
type Fields = dict[str, Any]

APPLY, YOU, PRACTICE, CERTIFICATE, STATUS = (
    f"/doctors/apply/{page}" for page in ("", "you/", "practice/", "certificate/", "status/")
)


def you(**changes: Any) -> Fields:
    return {
        "title": "Dr.",
        "name": "Farhana Rahman",
        "name_bn": "ডা. ফারহানা রহমান",
        "registration_number": "A-54321",
        "gender": "female",
    } | changes


def practice(**changes: Any) -> Fields:
    return {
        "specialty": str(SpecialtyFactory(name_en="Oncology").pk),
        "practising_since": "2012",
        "languages": ["bn", "en"],
        "degrees-TOTAL_FORMS": "2",
        "degrees-INITIAL_FORMS": "0",
        "degrees-0-degree": "MBBS",
        "degrees-0-institution": "Dhaka Medical College",
        "degrees-0-year": "2011",
        "degrees-1-degree": "",
    } | changes


def filled_in(client: Client, **changes: Any) -> None:
    """The first two pages are behind this person."""
    assert client.post(YOU, you(**changes)).url == PRACTICE
    assert client.post(PRACTICE, practice()).url == CERTIFICATE


def errors(response: HttpResponse) -> dict[str, list[str]]:
    assert response.status_code == 422
    return dict(response.context["form"].errors)


@pytest.fixture
def user() -> User:
    return UserFactory(name="Farhana")


@pytest.fixture
def client(client_of: ClientOf, user: User) -> Client:
    return client_of(user)


# The way ---------------------------------------------------------------------------------------------------------


def test_visitors_learn_what_it_takes_and_are_led_to_sign_up_and_back() -> None:
    page = read(Client(), APPLY)
    assert unquote(page.links["Create an account and apply"]) == f"/accounts/signup/?next={YOU}"
    assert unquote(page.links["I have an account"]) == f"/accounts/login/?next={YOU}"
    assert unquote(Client().get(YOU).url) == f"/accounts/login/?next={YOU}"


def test_three_pages_make_an_application(client: Client, user: User) -> None:
    assert client.get(APPLY).url == YOU
    assert 'value="Farhana"' in read(client, YOU).html
    # Never a role, a state, or anything else that the page does not ask.
    forged = {"role": "doctor", "verified_at": "2026-01-01", "is_staff": "on", "user": "1", "slug": "mine"}
    filled_in(client, registration_number="bmdc a ৫৪৩২১", **forged)
    page = read(client, CERTIFICATE)
    for words in ("Dr. Farhana Rahman", "A-54321", "Oncology", "MBBS"):
        assert words in page.html
    response = client.post(CERTIFICATE, {"certificate": paper("My registration.JPG"), "send": "1"})
    assert response.url == STATUS

    verification = Verification.objects.get()
    assert (verification.status, verification.certificate.filename) == ("pending", "My registration.jpg")
    doctor = Doctor.objects.get()
    assert (doctor.user, doctor.registration_number, doctor.slug) == (user, "A-54321", "farhana-rahman")
    assert (doctor.verified_at, doctor.languages, doctor.practising_since) == (None, ["bn", "en"], 2012)
    user.refresh_from_db()
    assert (user.role, user.is_staff) == (Role.PATIENT, False)
    assert Client().get(doctor.get_absolute_url()).status_code == 404
    page = read(client, STATUS)
    assert page.title == "Your application is in review"
    assert "A-54321" in page.html
    assert client.get(APPLY).url == STATUS
    assert client.get(YOU).url == STATUS
    # Meanwhile the page and the hours can be written.
    assert client.get("/practice/profile/").status_code == 200
    assert client.get("/practice/hours/").status_code == 200


def test_what_was_filled_in_is_there_the_next_day(client: Client, client_of: ClientOf, user: User) -> None:
    client.post(YOU, you(name="Farhana Rahman Khan"))
    elsewhere = client_of(user)
    assert elsewhere.get(APPLY).url == PRACTICE
    assert 'value="Farhana Rahman Khan"' in elsewhere.get(YOU).content.decode()
    elsewhere.post(PRACTICE, practice())
    elsewhere.post(CERTIFICATE, {"certificate": paper("cert.jpg"), "add": "1"})
    assert client.get(APPLY).url == CERTIFICATE
    page = read(client, CERTIFICATE)
    assert "cert.jpg (opens in a new window)" in page.links
    # The file need not be chosen again.
    assert client.post(CERTIFICATE, {"send": "1"}).url == STATUS
    assert Verification.objects.get().certificate.filename == "cert.jpg"


def test_pages_cannot_be_skipped(client: Client) -> None:
    assert client.get(CERTIFICATE).url == YOU
    client.post(YOU, you())
    assert client.get(CERTIFICATE).url == PRACTICE
    assert client.post(CERTIFICATE, {"certificate": paper(), "send": "1"}).url == PRACTICE
    assert not Verification.objects.exists()


def test_another_file_takes_the_place_of_the_first(client: Client) -> None:
    filled_in(client)
    client.post(CERTIFICATE, {"certificate": paper("first.jpg"), "add": "1"})
    first = Certificate.objects.get().file
    assert private_storage().exists(first)
    client.post(CERTIFICATE, {"certificate": paper("second.pdf", documents.pdf("BMDC")), "add": "1"})
    assert Certificate.objects.kept().get().filename == "second.pdf"
    # A message that is lost is made up for.
    sweep_certificates()
    assert Certificate.objects.get().filename == "second.pdf"
    assert Certificate.objects.get().content_type == "application/pdf"
    assert not private_storage().exists(first)


def test_more_is_asked_and_put_right(client: Client, user: User, admin: User) -> None:
    verification = applied(user, name="Farhana Rahman", registration_number="A-54321")
    services.ask_more(verification, words="The <b>second</b> page is missing.", by=admin)
    page = read(client, STATUS)
    assert page.title == "Something more is needed"
    assert "The &lt;b&gt;second&lt;/b&gt; page is missing." in page.html
    assert page.links["Put it right and send it again"] == CERTIFICATE
    page = read(client, CERTIFICATE)
    assert "second" in page.html
    assert "A-54321" in page.html
    assert client.post(YOU, you(name="Farhana Rahman Khan", registration_number="A-54321")).url == PRACTICE
    response = client.post(CERTIFICATE, {"certificate": paper("whole.jpg"), "send": "1"})
    assert response.url == STATUS
    verification.refresh_from_db()
    assert (verification.status, verification.revision, verification.name) == ("pending", 2, "Farhana Rahman Khan")
    assert Verification.objects.count() == 1


def test_who_was_refused_reads_why_and_may_apply_again(client: Client, user: User, admin: User) -> None:
    services.reject_verification(applied(user), words="This is another person's certificate.", by=admin)
    page = read(client, STATUS)
    assert page.title == "Your application is not accepted"
    assert "another person&#x27;s certificate" in page.html
    assert page.links["Apply again"] == CERTIFICATE
    assert client.post(CERTIFICATE, {"send": "1"}).url == STATUS
    assert [each.status for each in Verification.objects.order_by("pk")] == ["rejected", "pending"]


def test_what_was_sent_can_be_taken_back(client: Client, user: User) -> None:
    verification = applied(user)
    assert client.post(f"/doctors/apply/{verification.pk}/withdraw/").url == STATUS
    assert read(client, STATUS).title == "You have taken your application back"
    # The button of another window, pressed once more.
    again = client.post(f"/doctors/apply/{verification.pk}/withdraw/")
    assert again.status_code == 409
    assert "faster" in text_of(again)


def test_who_is_verified_has_nothing_to_apply_for(client: Client, user: User, admin: User) -> None:
    approved(applied(user), by=admin)
    assert client.get(APPLY).url == "/practice/profile/"
    assert client.post(YOU, you()).url == APPLY
    assert read(client, STATUS).title == "You are verified"


# Two windows -----------------------------------------------------------------------------------------------------


def test_sending_from_two_windows_is_one_application(client: Client) -> None:
    filled_in(client)
    client.post(CERTIFICATE, {"certificate": paper(), "add": "1"})
    assert client.post(CERTIFICATE, {"send": "1"}).url == STATUS
    assert client.post(CERTIFICATE, {"certificate": paper(), "send": "1"}).url == STATUS
    assert client.post(YOU, you(name="Somebody Else")).url == STATUS
    assert Verification.objects.count() == Doctor.objects.count() == 1
    assert Doctor.objects.get().name == "Farhana Rahman"
    assert not VerificationDraft.objects.exists()


# What is wrong ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("name", "", "required"),
        ("name", " \u200b ", "enter your name"),
        ("name", "x" * 121, "120"),
        ("registration_number", "", "required"),
        ("registration_number", "12345", "add the letters"),
        ("registration_number", "১২৩৪৫", "add the letters"),
        ("registration_number", "<script>", "as it stands on your certificate"),
        ("title", "Colonel", "not one of the available choices"),
        ("gender", "", "Choose one"),
    ],
)
def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_is_kept(
    client: Client, field: str, typed: str, said: str
) -> None:
    response = client.post(YOU, you(**{"name_bn": "ফারহানা খান"} | {field: typed}))
    assert said in " ".join(errors(response)[field])
    assert "ফারহানা খান" in response.content.decode()
    assert not VerificationDraft.objects.exists()


@pytest.mark.parametrize("state", ["verified", "in review"])
def test_number_of_another_doctor_is_refused_in_a_clear_sentence(client: Client, state: str) -> None:
    if state == "verified":
        DoctorFactory(registration_number="A-54321")
    else:
        applied(UserFactory(), registration_number="A-54321")
    response = client.post(YOU, you(registration_number="a ৫৪৩২১"))
    assert "belongs to another doctor here" in " ".join(errors(response)["registration_number"])


def test_number_that_another_took_meanwhile_leads_back_to_its_page(client: Client) -> None:
    filled_in(client)
    client.post(CERTIFICATE, {"certificate": paper(), "add": "1"})
    DoctorFactory(registration_number="A-54321")
    assert client.post(CERTIFICATE, {"send": "1"}).url == YOU
    page = client.get(YOU)
    assert "belongs to another doctor here" in text_of(page)
    assert 'value="Farhana Rahman"' in page.content.decode()
    assert not Verification.objects.exists()


@pytest.mark.parametrize(
    ("field", "typed"),
    [
        ("specialty", ""),
        ("practising_since", "2999"),
        ("languages", []),
        ("degrees-0-year", "1"),
        ("degrees-0-degree", ""),
    ],
)
def test_what_is_wrong_with_the_practice_stays_on_its_page(client: Client, field: str, typed: Any) -> None:
    client.post(YOU, you())
    response = client.post(PRACTICE, practice(**{field: typed}))
    assert response.status_code == 422
    assert "Please put this right" in text_of(response)
    assert client.get(CERTIFICATE).url == PRACTICE


@pytest.mark.parametrize(
    ("upload", "said"),
    [
        (SimpleUploadedFile("a.pdf", b""), "empty"),
        (SimpleUploadedFile("a.jpg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"), "PDF file"),
        (SimpleUploadedFile("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image/svg+xml"), "PDF file"),
        (SimpleUploadedFile("a.docx", documents.archive(), "application/pdf"), "PDF file"),
        (SimpleUploadedFile("a.pdf", b"MZ\x90\x00" + b"\0" * 500), "PDF file"),
        (SimpleUploadedFile("a.pdf", documents.pdf() + documents.archive()), "something else at once"),
        (
            SimpleUploadedFile("a.pdf", documents.pdf(catalog="/OpenAction<</S/JavaScript/JS(app.alert(1))>>")),
            "program",
        ),
        (SimpleUploadedFile("a.png", documents.png_of(50_000, 50_000)), "pixels"),
        (SimpleUploadedFile("a.jpg", b"\xff\xd8\xff\xe0" + b"x" * 2000), "cannot be read"),
        (None, "add your certificate"),
    ],
)
def test_a_certificate_that_is_none_is_told_at_its_field(
    client: Client, upload: SimpleUploadedFile | None, said: str
) -> None:
    filled_in(client)
    response = client.post(CERTIFICATE, {"send": "1"} | ({"certificate": upload} if upload else {}))
    assert said in " ".join(errors(response)["certificate"])
    assert not Certificate.objects.exists()
    assert not Verification.objects.exists()


def test_a_certificate_of_more_than_twenty_megabytes_is_refused(client: Client) -> None:
    filled_in(client)
    whole, more = (SimpleUploadedFile("a.pdf", documents.large_pdf(MOST_BYTES + each)) for each in (-100, 1))
    response = client.post(CERTIFICATE, {"certificate": more, "send": "1"})
    assert "larger than 20 MB" in " ".join(errors(response)["certificate"])
    kept = client.post(CERTIFICATE, {"certificate": whole, "send": "1"})
    assert kept.status_code == 302, kept.context["form"].errors


def stored() -> set[str]:
    there = private_storage().exists("certificates")
    return set(private_storage().listdir("certificates")[1]) if there else set()


@pytest.mark.parametrize("what", ["store_private", "_give_to_draft"])
def test_file_of_no_draft_is_swept(user: User, monkeypatch: pytest.MonkeyPatch, what: str) -> None:
    def broken(*given: object, **named: object) -> None:
        raise OSError("disk full")

    before = stored()
    monkeypatch.setattr(certificates, what, broken)
    with pytest.raises(OSError, match="disk full"):
        certificate_of(user)
    assert not Certificate.objects.kept().exists()
    sweep_certificates()
    assert not Certificate.objects.exists()
    assert stored() == before


def test_storage_that_is_away_is_asked_again(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    certificate_of(user)
    certificate = Certificate.objects.get()
    VerificationDraft.objects.all().delete()
    services.drop_certificate(certificate)

    def away(name: str) -> None:
        raise OSError("away")

    with monkeypatch.context() as gone:
        gone.setattr(private_storage(), "delete", away)
        sweep_certificates()
    assert private_storage().exists(certificate.file)
    sweep_certificates()
    assert Certificate.objects.exists()
    with time_machine.travel(timezone.now() + timedelta(minutes=11)):
        sweep_certificates()
    assert not Certificate.objects.exists()
    assert not private_storage().exists(certificate.file)


def test_certificate_that_is_held_is_never_removed(user: User) -> None:
    held = applied(user).certificate
    services.drop_certificate(held)
    assert Certificate.objects.kept().get() == held
    Certificate.objects.update(goes_at=timezone.now())
    assert not services.remove_certificate(held.pk)
    assert Certificate.objects.kept().get() == held
    assert private_storage().exists(held.file)


# Whose ----------------------------------------------------------------------------------------------------------


def test_ones_certificate_is_opened_by_oneself_alone(client: Client, client_of: ClientOf, user: User) -> None:
    certificate = applied(user).certificate
    address = f"/doctors/apply/certificates/{certificate.pk}/"
    response = client.get(address)
    assert response.url.startswith("/files/")
    opened = client.get(response.url)
    assert (opened.status_code, opened.headers["Content-Type"]) == (200, "image/jpeg")
    b"".join(opened)
    assert TrailEntry.objects.filter(action=Action.DOWNLOADED, by=user, about="doctors.certificate").count() == 1
    for other in (UserFactory(), UserFactory(as_admin=True), DoctorFactory().user):
        assert client_of(other).get(address).status_code == 404
        assert client_of(other).get(response.url).status_code == 404


def test_what_another_sent_is_not_found(client_of: ClientOf, user: User) -> None:
    verification = applied(user)
    other = client_of(UserFactory())
    assert other.post(f"/doctors/apply/{verification.pk}/withdraw/").status_code == 404
    assert other.get(STATUS).url == APPLY
    verification.refresh_from_db()
    assert verification.status == VerificationStatus.PENDING


@pytest.mark.parametrize("path", [YOU, PRACTICE, CERTIFICATE])
def test_drafts_are_ones_own(client: Client, client_of: ClientOf, path: str) -> None:
    filled_in(client)
    assert "Farhana" not in client_of(UserFactory(name="Karim")).get(path, follow=True).content.decode()


def test_pages_need_no_script_and_keep_the_language(client: Client) -> None:
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    for path in (YOU, PRACTICE):
        page = read(client, path)
        assert "<script>" not in page.html
