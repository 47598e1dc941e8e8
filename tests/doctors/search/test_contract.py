"""Both backends answer every query with the same doctors, counts and pages."""

from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from config import days
from doctors.models import Doctor, Gender, Language, Mode, Part, open_bits
from doctors.search import PAGE_SIZE, Available, Filter, Near, SearchBackend, SearchQuery, SearchResult, Sort, index
from doctors.search.meilisearch import MeilisearchSearch
from doctors.search.postgres import PostgresSearch
from doctors.services import write_documents
from specialties.models import Specialty
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory, QualificationFactory
from tests.meilisearch.process import Meilisearch

pytestmark = pytest.mark.django_db

DHAKA = Near(23.7104, 90.4074, 10)


@pytest.fixture
def doctors() -> dict[str, Doctor]:
    """A few who differ in all that a query can ask for, by a word of their names."""
    call_command("load_specialties", verbosity=0)
    fields = {each.slug: each for each in Specialty.objects.all()}
    today, now = days.today(), timezone.now()
    evening = (today + timedelta(days=1), Part.EVENING)
    made = {
        "farhana": DoctorFactory(
            name="Farhana Rahman", name_bn="ডা. ফারহানা রহমান", gender=Gender.FEMALE, fee_video=Decimal(500),
            specialty=fields["cardiology"], with_place=True, registration_number="A-54321", practising_since=1999,
            listing__rating=Decimal("4.80"), listing__rating_count=40,
            listing__open_video=open_bits([(today, Part.MORNING)]), listing__next_open_video=now + timedelta(hours=3),
            listing__opens_soon=True,
        ),
        "anisul": DoctorFactory(
            name="Anisul Rahman", specialty=fields["dermatology"], fee_video=None, with_place=True,
            place__district="sylhet", languages=[Language.BANGLA], practising_since=2024,
            listing__rating=Decimal("3.60"), listing__rating_count=12,
            listing__open_in_person=open_bits([evening]), listing__next_open_in_person=now + timedelta(hours=30),
            listing__opens_soon=True,
        ),
        "karim": DoctorFactory(
            name="Karim Uddin", specialty=fields["cardiology"],
            fee_video=Decimal(1500), fee_in_person=Decimal("999.50"),
            languages=[Language.HINDI, Language.ENGLISH], listing__rating=Decimal("4.50"), listing__rating_count=2,
        ),
        "heart": DoctorFactory(name="Jamal Heart", specialty=fields["gastroenterology"], free=True),
        "hidden": DoctorFactory(name="Hidden Rahman", specialty=fields["cardiology"], hidden=True, with_place=True),
    }  # fmt: skip
    PracticePlaceFactory(doctor=made["karim"], name="Sea View", district="chattogram")
    PracticePlaceFactory(doctor=made["karim"], name="Green View", district="dhaka")
    QualificationFactory(doctor=made["karim"], degree="F.C.P.S. (Surgery)")
    write_documents([each.pk for each in made.values()])
    return made


@pytest.fixture(params=["postgresql", "meilisearch"])
def backend(request: pytest.FixtureRequest) -> SearchBackend:
    """Each of them; the search server knows of what was written by when it is asked."""
    if request.param == "postgresql":
        return PostgresSearch()
    request.getfixturevalue("server")
    return UpToDate()


class UpToDate(MeilisearchSearch):
    def __init__(self) -> None:
        self.is_built = False

    def search(self, query: SearchQuery) -> SearchResult:
        if not self.is_built:
            index.rebuild(lambda done, total: None)
            self.is_built = True
        while index.write_marked():
            pass
        return super().search(query)


def names(backend: SearchBackend, **asked: Any) -> list[str]:
    found = backend.search(SearchQuery(**asked))
    words = dict(Doctor.objects.values_list("pk", "name"))
    return [words[pk].partition(" ")[0].lower() for pk in found.doctor_ids]


FINDS: list[tuple[dict[str, Any], list[str]]] = [
    ({"text": "far rah"}, ["farhana"]),
    ({"text": "রহমান ফারহানা"}, ["farhana"]),
    ({"text": "rahman"}, ["farhana", "anisul"]),
    ({"text": "buke betha", "gender": Gender.FEMALE}, ["farhana"]),
    ({"text": "BMDC A-54321"}, ["farhana"]),
    ({"text": "54321"}, ["farhana"]),
    ({"text": "rehman sylhet"}, ["anisul"]),
    ({"text": "fcps chittagong"}, ["karim"]),
    ({"specialty": "cardiology", "fee_max": Decimal(1000)}, ["farhana", "karim"]),
    ({"specialty": "cardiology", "mode": Mode.VIDEO, "fee_max": Decimal(1000)}, ["farhana"]),
    ({"fee_min": Decimal(900), "fee_max": Decimal("999.50")}, ["karim"]),
    ({"fee_max": Decimal(0)}, ["jamal"]),
    ({"district": "sylhet"}, ["anisul"]),
    ({"district": "dhaka"}, ["farhana", "karim"]),
    ({"near": DHAKA}, ["farhana", "karim"]),
    ({"near": Near(22.33, 91.83, 25)}, ["karim"]),
    ({"languages": ("hi", "ar")}, ["karim"]),
    ({"rating_min": Decimal("3.5")}, ["farhana", "anisul"]),
    ({"experience_min": 20}, ["farhana"]),
    ({"available": Available.TODAY}, ["farhana"]),
    ({"available": Available.EVENINGS}, ["anisul"]),
    ({"available": Available.WEEK, "mode": Mode.IN_PERSON}, ["anisul"]),
    ({"text": "hidden"}, []),
    ({"specialty": "nowhere"}, []),
]  # fmt: skip


def test_queries_find(backend: SearchBackend, doctors: dict[str, Doctor]) -> None:
    for asked, found in FINDS:
        assert sorted(names(backend, **asked)) == sorted(found), asked


def test_sorts(backend: SearchBackend, doctors: dict[str, Doctor]) -> None:
    ask = partial(names, backend)
    assert ask(sort=Sort.EARLIEST)[:2] == ["farhana", "anisul"]
    assert ask(sort=Sort.EARLIEST, mode=Mode.IN_PERSON)[0] == "anisul"
    assert ask(sort=Sort.RATING) == ["farhana", "karim", "jamal", "anisul"]
    assert ask(sort=Sort.FEE) == ["jamal", "farhana", "karim", "anisul"]
    assert ask(sort=Sort.FEE, mode=Mode.IN_PERSON) == ["karim", "farhana", "anisul"]
    near_sylhet = Near(24.8949, 91.8687, 400)
    assert ask(sort=Sort.NEAREST, near=near_sylhet)[0] == "anisul"


def test_pages_hold_everybody_once_and_end_at_the_last(backend: SearchBackend) -> None:
    everybody = {DoctorFactory(name=f"Karim {number}").pk for number in range(PAGE_SIZE + 3)}
    for asked in ({}, {"text": "karim"}, {"sort": Sort.FEE}):
        pages = [backend.search(SearchQuery(page=page, **asked)) for page in (1, 2)]
        assert [len(page.doctor_ids) for page in pages] == [PAGE_SIZE, 3]
        assert {pk for page in pages for pk in page.doctor_ids} == everybody
        for absurd in (3, 10**9, 10**30):
            assert backend.search(SearchQuery(page=absurd, **asked)) == pages[1]


QUERIES: list[dict[str, Any]] = [
    {},
    {"text": "heart"},
    {"text": "rahmn"},
    {"text": "karim xyzzyqwert"},
    {"text": "xyzzyqwert"},
    {"text": "heart", "specialty": "dermatology"},
    {"text": "54321", "district": "sylhet"},
    {"specialty": "cardiology"},
    {"mode": Mode.IN_PERSON},
    {"mode": Mode.VIDEO, "available": Available.TODAY, "fee_max": Decimal(600)},
    {"district": "dhaka", "near": DHAKA, "sort": Sort.NEAREST},
    {"near": Near(0, 0, 5)},
    {"gender": Gender.MALE, "languages": ("en",), "rating_min": Decimal("4.0")},
    {"experience_min": 5, "available": Available.WEEKEND},
    {"fee_min": Decimal("1E+30")},
    {"page": -3, "sort": Sort.EARLIEST},
]


def test_answers_are_the_same(server: Meilisearch, doctors: dict[str, Doctor]) -> None:
    """All of them: who, how many, what was understood and mended, every count of every facet, what would loosen it."""
    first, second = PostgresSearch(), UpToDate()
    for asked in QUERIES:
        query = SearchQuery(**asked)
        one, other = first.search(query), second.search(query)
        assert sorted(one.doctor_ids) == sorted(other.doctor_ids), asked
        if query.sort != Sort.BEST:
            assert one.doctor_ids == other.doctor_ids, asked
        assert told(one) == told(other), asked


def told(result: SearchResult) -> dict[str, Any]:
    """What an answer says, but for the order. Values that nobody has may be said or not."""
    facets = {
        facet: {value: count for value, count in counts.items() if count} for facet, counts in result.facets.items()
    }
    return {
        "total": result.total,
        "page": result.page,
        "understood": result.understood,
        "corrected": result.corrected,
        "ignored": result.ignored,
        "facets": {facet: counts for facet, counts in facets.items() if counts},
        "without": {each: count for each, count in result.without.items() if count},
    }


def test_facets_are_those_of_each_query(server: Meilisearch, doctors: dict[str, Doctor]) -> None:
    """A count says how many there are with that value; asking with it finds as many."""
    backend = UpToDate()
    facets = backend.search(SearchQuery(specialty="cardiology")).facets
    assert facets[Filter.SPECIALTY]["dermatology"] == 1
    assert facets[Filter.GENDER] == {"female": 1, "male": 1}
    assert facets[Filter.FEE]["500"] == 1
    assert Filter.NEAR not in facets


ODD = ["'", '"', "\\", '\\"', ") OR (id > 0", '" OR id > 0 OR gender = "', "@karim", "+1", "\0", "\ud800", "x" * 10_000]


def test_what_is_asked_stays_a_value(server: Meilisearch, doctors: dict[str, Doctor]) -> None:
    """Whatever it holds, the server understands the question (else this would raise), and nobody is found by it."""
    backend = UpToDate()
    for text in ODD:
        for asked in ({"district": text}, {"gender": text}, {"languages": (text, text)}, {"specialty": text}):
            assert backend.search(SearchQuery(**asked)).total == 0, asked
    # Signs alone say nothing, and so narrow nothing; a sign before a word is no sign of a document's.
    found = [backend.search(SearchQuery(text=text)).total for text in ODD]
    assert found == [4, 4, 4, 4, 0, 0, 1, 0, 4, 4, 0]
