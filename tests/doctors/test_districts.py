import re
import unicodedata
from collections import Counter

import pytest
from django.utils import translation

from doctors.districts import DISTRICTS, DistrictChoices, Division, choices_by_division, district, find_district
from doctors.models import PracticePlace


def test_there_are_the_64_districts_in_their_eight_divisions() -> None:
    assert Counter(row.division for row in DISTRICTS) == {
        Division.BARISHAL: 6,
        Division.CHATTOGRAM: 11,
        Division.DHAKA: 13,
        Division.KHULNA: 10,
        Division.MYMENSINGH: 4,
        Division.RAJSHAHI: 8,
        Division.RANGPUR: 8,
        Division.SYLHET: 4,
    }


def test_slugs_are_unique_and_fit_the_column() -> None:
    slugs = [row.slug for row in DISTRICTS]
    assert len(set(slugs)) == 64
    assert all(re.fullmatch("[a-z]+(-[a-z]+)*", slug) for slug in slugs)
    assert max(map(len, slugs)) <= PracticePlace._meta.get_field("district").max_length


def test_names_are_bengali_in_one_spelling() -> None:
    for row in DISTRICTS:
        assert re.fullmatch("[\u0980-\u09ff]+", row.name_bn), row.slug
        for text in (row.name_bn, *row.aliases):
            assert text == unicodedata.normalize("NFC", text), row.slug
            assert text == text.lower(), row.slug


def test_every_town_lies_in_the_country_and_away_from_every_other() -> None:
    for row in DISTRICTS:
        assert 20.5 < row.latitude < 26.7, row.slug
        assert 88.0 < row.longitude < 92.7, row.slug
    towns = [(row.latitude, row.longitude) for row in DISTRICTS]
    close = [
        (one, other)
        for number, one in enumerate(towns)
        for other in towns[:number]
        if abs(one[0] - other[0]) + abs(one[1] - other[1]) < 0.08
    ]
    assert close == []


def test_towns_of_a_division_lie_around_its_chief_town() -> None:
    for row in DISTRICTS:
        chief = district(row.division)
        assert abs(row.latitude - chief.latitude) < 1.7, row.slug
        assert abs(row.longitude - chief.longitude) < 1.4, row.slug


def test_choices_are_the_slugs_labelled_in_the_active_language() -> None:
    assert DistrictChoices.values == [row.slug for row in DISTRICTS]
    assert DistrictChoices("coxs-bazar").label == "Cox's Bazar"
    with translation.override("bn"):
        assert DistrictChoices("coxs-bazar").label == "কক্সবাজার"
        assert Division.CHATTOGRAM.label == "চট্টগ্রাম"


def test_choices_by_division_hold_every_district_once() -> None:
    grouped = choices_by_division()
    assert len(grouped) == 8
    assert grouped[2][0] == "Dhaka"
    assert sorted(slug for _, rows in grouped for slug, _ in rows) == sorted(DistrictChoices.values)


@pytest.mark.parametrize(
    ("typed", "slug"),
    [
        ("dhaka", "dhaka"),
        ("Cox's Bazar", "coxs-bazar"),
        ("  chittagong ", "chattogram"),
        ("JESSORE", "jashore"),
        ("চাঁপাইনবাবগঞ্জ", "chapai-nawabganj"),
        ("ময়মনসিংহ".replace("য\u09bc", "\u09df"), "mymensingh"),
        ("রাজবাড়ি", "rajbari"),
    ],
)
def test_find_district_knows_names_in_both_scripts_and_older_spellings(typed: str, slug: str) -> None:
    assert find_district(typed) == district(slug)


def test_find_district_knows_nothing_of_other_places() -> None:
    assert find_district("Kolkata") is None
    assert find_district("") is None


def test_no_spelling_means_two_districts() -> None:
    spellings = Counter(
        text.lower() for row in DISTRICTS for text in {row.slug, row.name_en.lower(), row.name_bn, *row.aliases}
    )
    assert [text for text, count in spellings.items() if count > 1] == []
