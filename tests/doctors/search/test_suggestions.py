"""What the search bar offers while one types."""

from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from doctors.models import Doctor
from doctors.services import write_documents
from specialties.models import Specialty
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.specialties import SpecialtyFactory, SymptomFactory

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
    # The lexicon's fingerprint, doctors, places.
    with django_assert_num_queries(3):
        assert len(offered(client, "karim")) == min(count, 3)


def test_suggestions_are_only_read_and_kept_for_a_minute_by_the_browser(client: Client) -> None:
    assert client.post(SUGGEST).status_code == 405
    response = client.get(SUGGEST, {"q": "karim"})
    assert response["Cache-Control"] == "private, max-age=60"
    assert {"Cookie", "Accept-Language"} <= set(response["Vary"].split(", "))


# Places ----------------------------------------------------------------------------------------------------------


def practises(name: str, address: str = "", district: str = "dhaka", **facts: Any) -> Doctor:
    place = PracticePlaceFactory(name=name, address=address, district=district, **facts)
    write_documents([place.doctor.pk])
    return place.doctor


def test_where_doctors_practise_is_offered_beside_districts_the_busiest_first(client: Client) -> None:
    practises("Dhanmondi Heart Centre", "House 12, Road 5, Dhanmondi, Dhaka")
    for _ in range(2):
        practises("Green View Hospital", "12 Green Road, Dhanmondi")
    place = ("Green View Hospital", "Place")
    assert offered(client, "green") == [("Green Road", "Place"), place]
    assert offered(client, "green v") == offered(client, "hosp") == offered(client, "view green") == [place]
    assert offered(client, "dhan") == [("Dhanmondi", "Place"), ("Dhanmondi Heart Centre", "Place")]
    assert offered(client, "dhaka") == [("Dhaka", "Place")]
    assert offered(client, "greem view") == [place]
    assert offered(client, "12") == offered(client, "house") == []


def test_places_of_public_doctors_that_are_in_use_are_offered_once(client: Client) -> None:
    practises("Popular Clinic")
    practises("POPULAR CLINIC", district="sylhet")
    practises("Popular Closed", is_active=False)
    practises("Popular Waiting", doctor__unverified=True)
    practises("Popular Hidden", doctor__hidden=True)
    (found,) = offered(client, "popular")
    assert found[0].casefold() == "popular clinic"


def test_places_are_offered_in_bangla(client: Client) -> None:
    practises("ল্যাবএইড হাসপাতাল", "বাড়ি ১২, ধানমন্ডি", "chattogram")
    client.cookies["language"] = "bn"
    assert offered(client, "ল্যাব") == [("ল্যাবএইড হাসপাতাল", "জায়গা")]
    assert offered(client, "ধানম") == [("ধানমন্ডি", "জায়গা")]
    assert offered(client, "chitt") == offered(client, "চট্ট") == [("চট্টগ্রাম", "জায়গা")]


def test_chosen_place_is_searched_and_finds_who_is_there(client: Client) -> None:
    practises("Green View Hospital", "12 Green Road, Dhanmondi", doctor__name="Karim")
    practises("Sea View Clinic", "Beach Road", "coxs-bazar", doctor__name="Rahim")
    for typed, doctor in (("green v", "Karim"), ("dhanm", "Karim"), ("sea", "Rahim"), ("cox", "Rahim")):
        (place,) = offered(client, typed)
        page = client.get(reverse("doctors:find"), {"q": place[0]})
        assert [card.doctor.name for card in page.context["cards"]] == [doctor]


def test_at_most_eight_are_offered_and_every_kind_is_among_them(client: Client) -> None:
    for number in range(4):
        field = SpecialtyFactory(name_en=f"Greenology {number}")
        SymptomFactory(name_en=f"Green spots {number}", specialties=[field])
        practises(f"Green Clinic {number}", doctor__name=f"Green {number}", doctor__specialty=field)
    hints = [hint for _value, hint in offered(client, "green")]
    assert hints.count("Specialty") == hints.count("Symptom") == hints.count("Place") == 2
    assert len(hints) == 8


def test_long_name_is_offered_as_far_as_the_search_bar_takes_it(client: Client) -> None:
    practises("Hospital " + "of the far green hills " * 6)
    ((name, _hint),) = offered(client, "hospital")
    assert 80 < len(name) <= 100
    assert client.get(reverse("doctors:find"), {"q": name}).context["result"].total == 1


@pytest.mark.parametrize("count", [1, 3])
def test_places_need_the_same_queries_for_any_number(client: Client, django_assert_num_queries, count: int) -> None:
    for number in range(count):
        practises(f"Green Clinic {number}")
    offered(client, "green")
    # The lexicon's fingerprint, doctors, places.
    with django_assert_num_queries(3):
        assert len(offered(client, "green")) == count
