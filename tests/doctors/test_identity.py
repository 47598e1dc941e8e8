"""A verified doctor asks for another name or number."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from config.files import private_storage
from doctors import services
from doctors.models import Doctor, Verification, VerificationDraft
from tests.doctors.test_find import text_of
from tests.doctors.verifications import change_asked, paper
from tests.factories.doctors import DoctorFactory
from tests.page import read

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]

PATH, PROFILE = "/practice/profile/identity/", "/practice/profile/"


@pytest.fixture
def doctor() -> Doctor:
    return DoctorFactory(name="Farhana Rahman", registration_number="A-54321")


@pytest.fixture
def client(client_of: ClientOf, doctor: Doctor) -> Client:
    return client_of(doctor.user)


def claim(**changes: Any) -> dict[str, Any]:
    return {"name": "Farhana Rahman", "name_bn": "", "registration_number": "A-54321", "certificate": paper()} | changes


def test_a_change_is_sent_and_seen_in_review_while_the_public_page_stays(client: Client, doctor: Doctor) -> None:
    response = client.post(PATH, claim(name="Farhana Khan", registration_number="a ৯৯৯৯৯"))
    assert response.url == PATH
    page = read(client, PATH)
    assert "Your change is in review" in page.html
    assert "now Farhana Rahman" in page.html
    assert "A-99999" in page.html
    assert "A change is in review" in text_of(client.get(PROFILE))
    public = text_of(Client().get(doctor.get_absolute_url()))
    assert "Farhana Rahman" in public
    assert "A-54321" in public
    assert "Khan" not in public
    assert "A-99999" not in public
    # The form of another window is not sent over it.
    again = client.post(PATH, claim(name="Farhana Begum"))
    assert "Your change is in review" in text_of(again)
    assert Verification.objects.get().name == "Farhana Khan"


def test_more_is_asked_and_put_right_or_taken_back(client: Client, doctor: Doctor, admin: User) -> None:
    verification = change_asked(doctor, name="Farhana Khan")
    services.ask_more(verification, words="A marriage certificate, please.", by=admin)
    page = read(client, PATH)
    assert "A marriage certificate, please." in page.html
    assert 'value="Farhana Khan"' in page.html
    assert "Something more is needed" in text_of(client.get(PROFILE))
    assert client.post(PATH, claim(name="Farhana Khan", certificate=paper("marriage.jpg"))).url == PATH
    verification.refresh_from_db()
    assert (verification.status, verification.revision) == ("pending", 2)
    assert verification.certificate.filename == "marriage.jpg"
    assert client.post(f"/doctors/apply/{verification.pk}/withdraw/").url == PATH
    assert "Send for review" in read(client, PATH).buttons


def test_a_refusal_is_read_and_another_try_is_free(client: Client, doctor: Doctor, admin: User) -> None:
    services.reject_verification(change_asked(doctor, name="Other"), words="Not on the certificate.", by=admin)
    page = read(client, PATH)
    assert "Not on the certificate." in page.html
    assert 'value="Farhana Rahman"' in page.html
    assert "Your change was not accepted" in text_of(client.get(PROFILE))
    assert client.post(PATH, claim(name="Farhana Khan", certificate="")).url == PATH
    assert Verification.objects.filter(status="pending").count() == 1


def test_nothing_changed_is_nothing_to_review(client: Client) -> None:
    response = client.post(PATH, claim())
    assert response.status_code == 422
    assert "what is verified already" in text_of(response)
    assert not Verification.objects.exists()


def test_what_is_wrong_is_said_and_the_certificate_is_kept(client: Client) -> None:
    DoctorFactory(registration_number="A-11111")
    response = client.post(PATH, claim(registration_number="A-11111", certificate=paper("new.jpg")))
    assert response.status_code == 422
    assert "belongs to another doctor here" in text_of(response)
    assert "new.jpg" in response.content.decode()
    kept = VerificationDraft.objects.get().certificate
    assert private_storage().exists(kept.file)
    assert client.post(PATH, claim(registration_number="A-22222", certificate="")).url == PATH
    assert Verification.objects.get().certificate == kept


def test_no_change_without_a_certificate(client: Client) -> None:
    response = client.post(PATH, claim(name="Farhana Khan", certificate=""))
    assert response.status_code == 422
    assert "Please add your certificate" in text_of(response)
    assert 'href="#id_certificate"' in response.content.decode()


def test_who_is_not_verified_yet_is_led_to_the_application(client_of: ClientOf, patient: User) -> None:
    assert client_of(DoctorFactory(unverified=True).user).get(PATH).url == "/doctors/apply/"
    assert client_of(patient).get(PATH).status_code == 403
