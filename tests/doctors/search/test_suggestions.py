"""What the search bar offers while one types."""

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from doctors.models import Doctor
from specialties.models import Specialty
from tests.factories.doctors import DoctorFactory

pytestmark = pytest.mark.django_db

SUGGEST = reverse("doctors:suggest")


def offered(client: Client, text: str) -> list[tuple[str, str]]:
    return [(each["value"], each["hint"]) for each in client.get(SUGGEST, {"q": text}).json()["found"]]


@pytest.fixture
def farhana(db: None) -> Doctor:
    call_command("load_specialties", verbosity=0)
    cardiology = Specialty.objects.get(slug="cardiology")
    return DoctorFactory(name="Farhana Rahman", name_bn="ডা. ফারহানা রহমান", specialty=cardiology)


def test_specialties_complaints_doctors_and_places_are_offered(client: Client, farhana: Doctor) -> None:
    assert ("Cardiology", "Specialty") in offered(client, "card")
    assert ("Chest pain", "Symptom") in offered(client, "chest p")
    assert offered(client, "farh") == [("Dr. Farhana Rahman", "Cardiology")]
    assert ("Chattogram", "Place") in offered(client, "chitt")


def test_bangla_and_bangla_in_latin_letters_are_heard(client: Client, farhana: Doctor) -> None:
    assert ("Chest pain", "Symptom") in offered(client, "buke be")
    client.cookies["language"] = "bn"
    assert [value for value, _hint in offered(client, "ফারহ")] == ["ডা. ফারহানা রহমান"]
    assert "চট্টগ্রাম" in dict(offered(client, "চট্ট"))
    assert "রংপুর" in dict(offered(client, "রং"))
    assert any("বুকে" in value for value, _hint in offered(client, "বুকে"))


@pytest.mark.parametrize(("typed", "meant"), [("cardiolgy", "Cardiology"), ("farhanna", "Dr. Farhana Rahman")])
def test_what_is_misspelt_is_offered_as_what_it_sounds_like(
    client: Client, farhana: Doctor, typed: str, meant: str
) -> None:
    assert meant in dict(offered(client, typed))


def test_only_public_doctors_are_offered(client: Client) -> None:
    DoctorFactory(name="Karim Waiting", unverified=True)
    DoctorFactory(name="Karim Hidden", hidden=True)
    DoctorFactory(name="Karim Public", specialty=False)
    assert offered(client, "karim") == [("Dr. Karim Public", "Doctor")]


@pytest.mark.parametrize(
    "text", ["", " ", "a", "%", "_", "'", "\\", "@farhana", "+1", "\0", "x" * 10_000, "ক" * 10_000]
)
def test_odd_letters_are_answered_with_nothing(client: Client, farhana: Doctor, text: str) -> None:
    response = client.get(SUGGEST, {"q": text})
    assert response.status_code == 200
    assert len(response.json()["found"]) <= 1


@pytest.mark.parametrize("count", [1, 20])
def test_a_suggestion_needs_the_same_queries_for_any_number_of_doctors(
    client: Client, django_assert_num_queries, count: int
) -> None:
    for number in range(count):
        DoctorFactory(name=f"Karim {number}", specialty=False)
    offered(client, "karim")
    # The lexicon's fingerprint, doctors.
    with django_assert_num_queries(2):
        assert len(offered(client, "karim")) == min(count, 3)


def test_suggestions_are_only_read_and_kept_for_a_minute_by_the_browser(client: Client) -> None:
    assert client.post(SUGGEST).status_code == 405
    response = client.get(SUGGEST, {"q": "karim"})
    assert response["Cache-Control"] == "private, max-age=60"
    assert {"Cookie", "Accept-Language"} <= set(response["Vary"].split(", "))
