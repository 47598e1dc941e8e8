"""The shipped words themselves: complete, in one spelling, and each meaning one thing."""

import json
import re
import shutil
import unicodedata
from collections import Counter
from pathlib import Path

import pytest

from specialties.icons import icon_names
from specialties.models import BEST_FIT, Specialty, Symptom
from specialties.reference import DATA, BadReference, SpecialtyEntry, SymptomEntry, read_reference

REFERENCE = read_reference()
ROWS = [*REFERENCE.specialties, *REFERENCE.symptoms]
BENGALI = re.compile("[\u0980-\u09ff]")
LATIN = re.compile("[A-Za-z]")


def bangla_texts(row: SpecialtyEntry | SymptomEntry) -> list[str]:
    named = [row.name_bn, row.practitioner_bn] if isinstance(row, SpecialtyEntry) else [row.name_bn]
    return named + [word for word in row.synonyms if BENGALI.search(word)]


def english_texts(row: SpecialtyEntry | SymptomEntry) -> list[str]:
    return [row.name_en, row.practitioner_en] if isinstance(row, SpecialtyEntry) else [row.name_en]


def names(row: SpecialtyEntry | SymptomEntry) -> set[str]:
    return {text.lower() for text in (*english_texts(row), row.name_bn, *bangla_texts(row)) if text not in row.synonyms}


def test_reference_covers_the_specialties_and_complaints_of_the_country() -> None:
    assert len(REFERENCE.specialties) >= 25
    assert len(REFERENCE.symptoms) >= 120


def test_every_symptom_has_a_best_specialty_first_and_weights_within_bounds() -> None:
    for symptom in REFERENCE.symptoms:
        weights = list(symptom.specialties.values())
        assert weights == sorted(weights, reverse=True), symptom.slug
        assert 1 <= weights[-1] <= weights[0] <= BEST_FIT, symptom.slug


def test_every_specialty_treats_enough_symptoms_to_be_found_by_them() -> None:
    treated = Counter(slug for symptom in REFERENCE.symptoms for slug in symptom.specialties)
    first = Counter(next(iter(symptom.specialties)) for symptom in REFERENCE.symptoms)
    for specialty in REFERENCE.specialties:
        assert treated[specialty.slug] >= 5, specialty.slug
        assert first[specialty.slug] >= 1, specialty.slug


def test_every_text_is_normalized_and_trimmed() -> None:
    for row in ROWS:
        for text in (row.name_en, row.name_bn, *row.synonyms, *english_texts(row), *bangla_texts(row)):
            assert text == unicodedata.normalize("NFC", text), f"{row.slug}: {text}"
            assert text == " ".join(text.split()), f"{row.slug}: {text!r}"


def test_bangla_is_bangla_and_well_formed() -> None:
    for row in ROWS:
        for text in (row.name_bn, *bangla_texts(row)):
            assert BENGALI.search(text), f"{row.slug}: {text}"
            assert not LATIN.search(text), f"{row.slug}: {text}"
            # A joiner has one use here, the ya-phala after ra: র‍্যাশ. Elsewhere it is a slip of a keyboard.
            assert not re.search("(?<!\u09b0)\u200d|\u200d(?!\u09cd\u09af)|\u200c", text), f"{row.slug}: {text!r}"
            # A vowel sign, nasal mark or nukta stands on a letter, a vowel sign never on another one.
            assert not re.search("(?:^|[\\s-])[\u0981-\u0983\u09bc-\u09cd]", text), f"{row.slug}: {text!r}"
            assert not re.search("[\u09be-\u09cc][\u09be-\u09cc]", text), f"{row.slug}: {text!r}"


def test_english_names_are_latin() -> None:
    for row in ROWS:
        for text in english_texts(row):
            assert text.isascii(), f"{row.slug}: {text}"
            assert text[0].isupper(), f"{row.slug}: {text}"


def test_synonyms_are_lower_case_in_one_script_and_none_repeats_the_name() -> None:
    for row in ROWS:
        for word in row.synonyms:
            assert word == word.lower(), f"{row.slug}: {word}"
            assert bool(BENGALI.search(word)) != bool(LATIN.search(word)), f"{row.slug}: {word}"
            assert word not in names(row), f"{row.slug}: {word}"


def test_symptoms_are_known_in_english_bangla_and_latin_written_bangla() -> None:
    for symptom in REFERENCE.symptoms:
        assert any(LATIN.search(word) for word in symptom.synonyms), symptom.slug
        assert any(BENGALI.search(word) for word in symptom.synonyms), symptom.slug


def test_no_word_means_two_things() -> None:
    meanings = Counter(word for row in ROWS for word in {*names(row), *row.synonyms})
    assert [word for word, count in meanings.items() if count > 1] == []
    within = [(row.slug, word) for row in ROWS for word, count in Counter(row.synonyms).items() if count > 1]
    assert within == []


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("chest pain", "chest-pain"),
        ("বুকে ব্যথা", "chest-pain"),
        ("buke betha", "chest-pain"),
        ("matha batha", "headache"),
        ("পাতলা পায়খানা", "diarrhoea"),
        ("sugar", "diabetes"),
        ("চোখ উঠা", "red-eye"),
        ("gastric", "acidity"),
        ("bacha hoy na", "infertility"),
    ],
)
def test_everyday_words_lead_to_the_complaint(typed: str, meant: str) -> None:
    typed = unicodedata.normalize("NFC", typed)
    assert [row.slug for row in ROWS if typed in names(row) | set(row.synonyms)] == [meant]


def test_slugs_are_unique_and_fit_the_address() -> None:
    for entries, model in ((REFERENCE.specialties, Specialty), (REFERENCE.symptoms, Symptom)):
        slugs = [entry.slug for entry in entries]
        assert len(slugs) == len(set(slugs))
        longest = model._meta.get_field("slug").max_length
        assert all(re.fullmatch("[a-z0-9]+(-[a-z0-9]+)*", slug) and len(slug) <= longest for slug in slugs)


def test_every_icon_is_in_the_set_and_used_once() -> None:
    icons = [specialty.icon for specialty in REFERENCE.specialties]
    assert set(icons) <= icon_names()
    assert len(icons) == len(set(icons))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(DATA, tmp_path / "data"))


def test_read_reference_refuses_a_specialty_that_is_not_there(folder: Path) -> None:
    path = folder / "symptoms.json"
    rows = json.loads(path.read_text())
    rows[0]["specialties"] = {"astrology": 10}
    path.write_text(json.dumps(rows))
    with pytest.raises(BadReference, match="fever names unknown specialties: astrology"):
        read_reference(folder)


def test_read_reference_refuses_a_symptom_that_nobody_treats(folder: Path) -> None:
    path = folder / "symptoms.json"
    rows = json.loads(path.read_text())
    rows[0]["specialties"] = {}
    path.write_text(json.dumps(rows))
    with pytest.raises(BadReference, match="fever names no specialty"):
        read_reference(folder)


def test_read_reference_refuses_a_slug_that_stands_twice(folder: Path) -> None:
    path = folder / "specialties.json"
    rows = json.loads(path.read_text())
    path.write_text(json.dumps([*rows, rows[3]]))
    with pytest.raises(BadReference, match="twice in the data: paediatrics"):
        read_reference(folder)
