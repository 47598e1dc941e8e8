"""The main statements of a search find their doctors by an index, and the quick ways give what the plain ones give."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from config import days
from doctors.districts import district
from doctors.models import Gender
from doctors.search import Near, SearchQuery, Sort, find_doctors, postgres
from doctors.search.asked import asked_for
from doctors.search.conditions import SQL
from doctors.search.lexicon import Lexicon
from doctors.search.suggestions import suggest
from specialties.models import Specialty
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.plans import steps_of

pytestmark = pytest.mark.django_db

LISTING, DOCUMENT, PLACE = "doctors_doctorlisting", "doctors_searchdocument", "doctors_practiceplace"
DHAKA = Near(district("dhaka").latitude, district("dhaka").longitude, 10)


@pytest.fixture(autouse=True)
def doctors() -> None:
    call_command("load_specialties", verbosity=0)
    fields = list(Specialty.objects.filter(slug__in=["cardiology", "internal-medicine", "dermatology"]))
    for number in range(60):
        doctor = DoctorFactory(
            name=["Rahman Karim", "Karim Rahman", "Farhana Ra", "Rafiq Heart"][number % 4],
            specialty=fields[number % 3],
            gender=Gender.FEMALE if number % 2 else Gender.MALE,
            listing__rating=None if number % 5 else 3 + number % 20 / 10,
            listing__rating_count=number,
            listing__opens_soon=number % 7 == 0,
        )
        PracticePlaceFactory(doctor=doctor, district="dhaka")


def page_of(number: int = 1, found: int = 100_000, **asked: Any) -> SQL:
    return postgres.paging(asked_for(SearchQuery(**asked), Lexicon.current()), days.today(), number, found=found)


def read(statement: SQL) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
        return [row[0] for row in cursor.fetchall()]


def steps(act: Callable[[], object], table: str) -> str:
    """How it finds the rows of this table, were the table large."""
    found = "\n".join(steps_of(act, table))
    assert "Seq Scan" not in found, found
    return found


def test_without_a_text_a_page_is_read_off_the_index_of_the_standing() -> None:
    assert "Index Only Scan using listing_best" in steps(lambda: read(page_of()), LISTING)


@pytest.mark.parametrize(
    "asked",
    [{"text": "rahman"}, {"text": "ra"}, {"text": "chest pain"}, {"text": "karim", "sort": Sort.FEE}],
    ids=lambda asked: "-".join(asked.values()),
)
def test_words_are_looked_up_and_their_doctors_by_key_or_by_standing(asked: dict[str, Any]) -> None:
    def act() -> object:
        return read(page_of(**asked))

    found = steps(act, DOCUMENT)
    assert "Recheck Cond: (vector @@" in found or "Index Scan using doctors_searchdocument_pkey" in found
    assert "listing_best" in steps(act, LISTING) or "doctors_doctorlisting_pkey" in steps(act, LISTING)


def test_a_field_and_a_district_are_looked_up() -> None:
    query = {"specialty": "cardiology", "district": "dhaka", "sort": Sort.FEE}
    found = steps(lambda: read(page_of(**query)), LISTING)
    for column in ("specialties", "districts"):
        assert re.search(rf"Recheck Cond: .*{column} @>", found)


def test_places_near_a_point_are_looked_up() -> None:
    assert "Recheck Cond: (((latitude >=" in steps(lambda: read(page_of(near=DHAKA)), PLACE)


def test_suggested_doctors_are_looked_up() -> None:
    assert "Recheck Cond: (vector @@" in steps(lambda: suggest("rah"), DOCUMENT)


TEXTS = ["ra", "rahman", "karim rahman", "farhana", "chest pain", "heart", "ra heart", "rahman dhaka"]


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("narrowed", [{}, {"gender": "female"}, {"specialty": "cardiology"}])
def test_the_best_of_each_way_to_fit_are_the_best_of_all(text: str, narrowed: dict[str, Any]) -> None:
    query = {"text": text, **narrowed}
    quick = [read(page_of(page, **query)) for page in (1, 2, 3)]
    assert quick == [read(page_of(page, found=60, **query)) for page in (1, 2, 3)]
    assert quick[0] == list(find_doctors(SearchQuery(**query)).doctor_ids)
