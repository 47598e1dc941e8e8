"""Filters, and what facets count: a count is what its value leaves."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
import structlog
from django.core.cache import cache
from django.db import OperationalError

from config import days
from doctors.districts import district
from doctors.models import DoctorListing, Gender, Mode, Part
from doctors.search import Available, Filter, Near, SearchQuery, Sort, find_doctors, postgres
from doctors.search.query import KILOMETRES
from doctors.services import write_documents
from specialties.models import Specialty
from tests.factories.doctors import DoctorFactory, DoctorSpecialtyFactory, OpenDayFactory, PracticePlaceFactory
from tests.factories.specialties import SpecialtyFactory

pytestmark = pytest.mark.django_db

PATIENCE = 60
DHAKA = district("dhaka")
NEAR_DHAKA = Near(DHAKA.latitude, DHAKA.longitude, 10)


def names(**asked: object) -> list[str]:
    found = find_doctors(SearchQuery(**asked)).doctor_ids
    doctors = DoctorFactory._meta.model.objects.in_bulk(found)
    return [doctors[pk].name for pk in found]


@pytest.fixture
def many() -> None:
    """Doctors who differ in all that is filtered by."""
    fields = [SpecialtyFactory(slug=f"field-{number}", name_en=f"Field {number}") for number in range(3)]
    today = days.today()
    for number in range(12):
        doctor = DoctorFactory(
            name=f"Karim {number}" if number % 2 else f"Rahim {number}",
            specialty=fields[number % 3],
            gender=Gender.FEMALE if number % 4 == 0 else Gender.MALE,
            languages=[["bn"], ["bn", "en"], ["hi"]][number % 3],
            practising_since=today.year - number * 2,
            fee_video=Decimal(300 * (number % 8)) if number % 5 else None,
            fee_in_person=Decimal(400 * (number % 6)) if number % 3 else None,
            with_place=False,
        )
        if number % 4:
            DoctorSpecialtyFactory(doctor=doctor, specialty=fields[(number + 1) % 3])
        for slug in ("dhaka", "gazipur", "sylhet")[: number % 4]:
            PracticePlaceFactory(doctor=doctor, district=slug)
        for ahead in range(0, 7, 1 + number % 6):
            part, mode = list(Part)[number % 3], list(Mode)[number % 2]
            OpenDayFactory(doctor=doctor, date=today + timedelta(days=ahead), part=part, mode=mode)
        write_documents([doctor.pk])
        DoctorListing.objects.filter(pk=doctor.pk).update(
            rating=Decimal("3.2") + number * Decimal("0.15"), rating_count=number
        )


def chosen(query: SearchQuery, facet: Filter, value: str) -> SearchQuery:
    """The query with this value of a facet in place of what it had."""
    changes: dict[Filter, dict[str, object]] = {
        Filter.NEAR: {"near": query.near and query.near._replace(km=value.isdigit() and int(value))},
        Filter.FEE: {"fee_min": None, "fee_max": value},
        Filter.LANGUAGES: {"languages": (value,)},
        Filter.RATING: {"rating_min": value},
        Filter.EXPERIENCE: {"experience_min": value.isdigit() and int(value)},
    }
    return replace(query, **changes.get(facet, {facet.value: value}))


QUERIES = [
    SearchQuery(),
    SearchQuery(text="karim"),
    SearchQuery(mode="video"),
    SearchQuery(mode="in_person", fee_max=Decimal(1000), available=Available.WEEK),
    SearchQuery(fee_min=Decimal(500), fee_max=Decimal(1500)),
    SearchQuery(specialty="field-1", gender="male"),
    SearchQuery(district="gazipur", languages=("en", "hi"), text="field"),
    SearchQuery(near=Near(DHAKA.latitude, DHAKA.longitude, 50), experience_min=5, rating_min=Decimal("4.0")),
    SearchQuery(available=Available.EVENINGS),
    SearchQuery(available=Available.WEEKEND, mode="in_person", near=NEAR_DHAKA),
    SearchQuery(specialty="nowhere", district="dhaka", mode="video", gender="female", experience_min=10),
]


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_every_count_is_the_total_that_its_value_gives(many: None, query: SearchQuery) -> None:
    result = find_doctors(query)
    counted = {facet: dict(counts) for facet, counts in result.facets.items()}
    assert set(counted) == set(Filter) - {Filter.TEXT} - (set() if query.near else {Filter.NEAR})
    for facet, counts in counted.items():
        for value, count in counts.items():
            assert count == find_doctors(chosen(query, facet, value)).total, (facet, value)


@pytest.mark.parametrize("query", QUERIES, ids=range(len(QUERIES)))
def test_nobody_found_says_what_each_filter_hides(many: None, query: SearchQuery) -> None:
    nobody = replace(query, district="feni")
    result = find_doctors(nobody)
    assert result.total == 0
    assert result.without == {each: find_doctors(nobody.without(each)).total for each in nobody.filters}


def test_who_is_found_needs_no_loosening(many: None) -> None:
    assert find_doctors(SearchQuery(gender="female")).without == {}


def test_a_facet_leaves_its_own_setting_out_of_account() -> None:
    DoctorFactory(gender=Gender.FEMALE)
    DoctorFactory(gender=Gender.MALE, fee_video=Decimal(3000))
    result = find_doctors(SearchQuery(gender="female", fee_max=Decimal(1000)))
    assert result.facets[Filter.GENDER] == {"female": 1}
    assert find_doctors(SearchQuery(gender="female")).facets[Filter.GENDER] == {"female": 1, "male": 1}
    assert result.facets[Filter.FEE] == {"1000": 1, "1500": 1, "2000": 1}


# Each filter -----------------------------------------------------------------------------------------------------


def test_both_ends_of_the_fee_are_of_one_mode() -> None:
    DoctorFactory(name="Between", fee_video=Decimal(700))
    DoctorFactory(name="Around", fee_video=Decimal(300), fee_in_person=Decimal(2000))
    assert names(fee_min=Decimal(500), fee_max=Decimal(1000)) == ["Between"]
    assert names(fee_min=Decimal(700), fee_max=Decimal(700)) == ["Between"]
    assert sorted(names(fee_min=Decimal(300))) == ["Around", "Between"]


def test_a_rating_narrows_where_it_says_something() -> None:
    DoctorFactory(name="One five", listing__rating=Decimal("4.6"), listing__rating_count=1)
    DoctorFactory(name="Good", listing__rating=Decimal("4.6"), listing__rating_count=3)
    DoctorFactory(name="Unrated")
    assert names(rating_min=Decimal("4.5")) == ["Good"]
    assert names(rating_min=Decimal("4.7")) == []


def test_experience_counts_whole_years() -> None:
    year = days.today().year
    DoctorFactory(name="Ten", practising_since=year - 10)
    DoctorFactory(name="Nine", practising_since=year - 9)
    assert names(experience_min=10) == ["Ten"]


def test_evenings_and_the_weekend_are_those_of_the_next_seven_days() -> None:
    today = days.today()
    friday = next(day for day in week(today) if day.weekday() == 4)
    sunday = next(day for day in week(today) if day.weekday() == 6)
    OpenDayFactory(doctor__name="Friday", date=friday)
    OpenDayFactory(doctor__name="Sunday evening", date=sunday, part=Part.EVENING)
    OpenDayFactory(doctor__name="A week later", date=friday + timedelta(days=7), part=Part.EVENING)
    assert names(available=Available.WEEKEND) == ["Friday"]
    assert names(available=Available.EVENINGS) == ["Sunday evening"]


def week(today: date) -> Iterator[date]:
    return (today + timedelta(days=ahead) for ahead in range(7))


# Near ------------------------------------------------------------------------------------------------------------


def test_near_takes_places_by_their_points_or_by_the_town_of_their_district() -> None:
    def place(name: str, **where: object) -> None:
        PracticePlaceFactory(doctor__name=name, **where)

    place("Town", district="dhaka")
    place("Three km", district="gazipur", latitude=DHAKA.latitude + 0.027, longitude=DHAKA.longitude)
    place("Nine km", district="dhaka", latitude=DHAKA.latitude, longitude=DHAKA.longitude - 0.088)
    place("Eleven km", district="dhaka", latitude=DHAKA.latitude - 0.099, longitude=DHAKA.longitude)
    place("Closed", district="dhaka", is_active=False)
    DoctorFactory(name="By video alone")
    assert names(near=NEAR_DHAKA, sort=Sort.NEAREST) == ["Town", "Three km", "Nine km"]
    assert names(near=NEAR_DHAKA._replace(km=5), sort=Sort.NEAREST) == ["Town", "Three km"]
    assert names(near=NEAR_DHAKA._replace(km=12), sort=Sort.NEAREST)[-1] == "Eleven km"


def test_the_nearest_of_several_places_counts_and_the_doctor_is_found_once() -> None:
    doctor = DoctorFactory(name="Two chambers")
    PracticePlaceFactory(doctor=doctor, district="sylhet")
    PracticePlaceFactory(doctor=doctor, district="dhaka")
    PracticePlaceFactory(doctor=doctor, district="dhaka")
    assert names(near=NEAR_DHAKA) == ["Two chambers"]


def test_best_match_prefers_the_nearer_of_two_who_are_as_good() -> None:
    PracticePlaceFactory(doctor__name="Far", district="gazipur")
    PracticePlaceFactory(doctor__name="Near", district="dhaka")
    assert names(near=NEAR_DHAKA._replace(km=50)) == ["Near", "Far"]


def test_sorting_by_distance_without_a_point_is_the_best_match() -> None:
    DoctorFactory(name="Poor", listing__rating=Decimal(2), listing__rating_count=30)
    DoctorFactory(name="Good", listing__rating=Decimal("4.9"), listing__rating_count=30)
    assert names(sort=Sort.NEAREST) == names() == ["Good", "Poor"]


@pytest.mark.parametrize(("latitude", "longitude"), [(90.0, 0.0), (-90.0, 180.0), (0.0, -180.0)])
def test_a_point_at_the_end_of_the_world_finds_nobody(latitude: float, longitude: float) -> None:
    PracticePlaceFactory()
    assert names(near=Near(latitude, longitude, max(KILOMETRES))) == []


# Queries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3])
def test_facets_need_the_same_queries_for_any_number_of_doctors(django_assert_num_queries, count: int) -> None:
    for _ in range(count):
        PracticePlaceFactory(doctor__gender=Gender.FEMALE)
    query = SearchQuery(gender="female", district="dhaka", mode="in_person", near=NEAR_DHAKA, fee_max=Decimal(2000))
    # Counts, slugs of the specialties, the page.
    with django_assert_num_queries(3):
        assert find_doctors(query).total == count


def test_many_counts_are_kept_and_for_the_same_question_alone(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries
) -> None:
    monkeypatch.setattr(postgres, "MANY", 1)
    for gender in (Gender.FEMALE, Gender.MALE, Gender.MALE):
        DoctorFactory(gender=gender, fee_video=Decimal(800))
    questions: list[tuple[dict[str, object], int]] = [
        ({"gender": "female"}, 1),
        ({"gender": "male"}, 2),
        ({"fee_min": Decimal(700)}, 3),
        ({"fee_max": Decimal(700)}, 0),
        ({}, 3),
    ]
    for asked, total in questions:
        assert find_doctors(SearchQuery(**asked)).total == total, asked
    # Slugs of the specialties, the page.
    with django_assert_num_queries(2):
        assert find_doctors(SearchQuery(gender="male")).total == 2


@pytest.fixture
def old_counts(monkeypatch: pytest.MonkeyPatch) -> SearchQuery:
    """A question whose answer was counted so long ago that it should be counted again, when there was one doctor; now
    there are two."""
    monkeypatch.setattr(postgres, "MANY", 1)
    monkeypatch.setattr(postgres, "FRESH_FOR", 0)
    query = SearchQuery(gender="female")
    DoctorFactory(gender=Gender.FEMALE)
    assert find_doctors(query).total == 1
    DoctorFactory(gender=Gender.FEMALE)
    return query


def whoever_counts_is_done() -> None:
    postgres._beside.submit(int).result(PATIENCE)


@pytest.mark.django_db(transaction=True)
def test_old_counts_are_told_once_more_and_counted_again_beside_whoever_asks(
    old_counts: SearchQuery, django_assert_num_queries
) -> None:
    # Slugs of the specialties, the page.
    with django_assert_num_queries(2):
        assert find_doctors(old_counts).total == 1
    whoever_counts_is_done()
    assert find_doctors(old_counts).total == 2
    whoever_counts_is_done()


@pytest.mark.django_db(transaction=True)
def test_one_of_all_processes_counts_again_at_a_time(old_counts: SearchQuery) -> None:
    assert cache.add(postgres.COUNTING, "", PATIENCE)
    find_doctors(old_counts)
    whoever_counts_is_done()
    assert find_doctors(old_counts).total == 1
    cache.delete(postgres.COUNTING)
    find_doctors(old_counts)
    whoever_counts_is_done()
    assert find_doctors(old_counts).total == 2
    whoever_counts_is_done()
    assert cache.add(postgres.COUNTING, "", PATIENCE)


@pytest.mark.django_db(transaction=True)
def test_counting_again_that_fails_is_tried_again_and_leaves_the_old_counts(
    old_counts: SearchQuery, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(name: str, statement: postgres.SQL) -> None:
        raise OperationalError

    with monkeypatch.context() as patched, structlog.testing.capture_logs() as logged:
        patched.setattr(postgres, "_count", fails)
        assert find_doctors(old_counts).total == 1
        whoever_counts_is_done()
    assert [line["event"] for line in logged] == ["counts_not_renewed"]
    assert find_doctors(old_counts).total == 1
    whoever_counts_is_done()
    assert find_doctors(old_counts).total == 2
    whoever_counts_is_done()


def test_counts_are_not_kept_for_ever(old_counts: SearchQuery) -> None:
    (key,) = cache._cache.get_client().scan_iter(match="*search-counted:*")
    assert 0 < cache._cache.get_client().ttl(key) <= postgres.KEPT_FOR


def test_a_retired_specialty_is_still_counted_by_its_slug() -> None:
    DoctorFactory(specialty=SpecialtyFactory(slug="phrenology", retired=True))
    assert find_doctors(SearchQuery()).facets[Filter.SPECIALTY] == {"phrenology": 1}
    assert Specialty.objects.filter(is_active=False).exists()
