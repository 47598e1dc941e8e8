"""Loading the shipped rows again and again, beside what an admin made."""

from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import call_command

from specialties.models import Specialty, Symptom, SymptomSpecialty
from specialties.reference import Reference, SpecialtyEntry, SymptomEntry, read_reference
from specialties.services import Loaded, load_reference
from tests.factories.specialties import SpecialtyFactory, SymptomFactory, SymptomSpecialtyFactory

pytestmark = pytest.mark.django_db

HEART = SpecialtyEntry("heart", "Heart", "হৃদরোগ", "Heart doctor", "হৃদরোগ বিশেষজ্ঞ", "heart", ["hridrog"])
LUNG = SpecialtyEntry("lung", "Lung", "বক্ষব্যাধি", "Lung doctor", "বক্ষব্যাধি বিশেষজ্ঞ", "wind", [])
PAIN = SymptomEntry("pain", "Pain", "ব্যথা", {"heart": 10, "lung": 6}, ["betha"])
COUGH = SymptomEntry("cough", "Cough", "কাশি", {"lung": 10}, [])
BOTH = Reference((HEART, LUNG), (PAIN, COUGH))


def everything() -> list[list[dict[str, object]]]:
    return [list(model.objects.order_by("pk").values()) for model in (Specialty, Symptom, SymptomSpecialty)]


def links() -> dict[tuple[str, str], int]:
    rows = SymptomSpecialty.objects.values_list("symptom__slug", "specialty__slug", "weight")
    return {(symptom, specialty): weight for symptom, specialty, weight in rows}


def test_load_specialties_writes_all_that_the_files_hold() -> None:
    out = StringIO()
    call_command("load_specialties", stdout=out)
    reference = read_reference()
    shipped = Specialty.objects.active().values_list("slug", flat=True)
    assert list(shipped) == [entry.slug for entry in reference.specialties]
    assert Symptom.objects.count() == len(reference.symptoms)
    assert links() == {
        (entry.slug, slug): weight for entry in reference.symptoms for slug, weight in entry.specialties.items()
    }
    assert f"{len(reference.symptoms)} symptoms: {len(reference.symptoms)} new, 0 removed." in out.getvalue()


def test_load_specialties_a_second_time_changes_nothing() -> None:
    call_command("load_specialties", stdout=StringIO())
    before, out = everything(), StringIO()
    call_command("load_specialties", stdout=out)
    assert everything() == before
    assert ": 0 new, 0 taken out of use." in out.getvalue()


@pytest.mark.parametrize("reference", [Reference((LUNG,), (COUGH,)), read_reference()], ids=["one row", "all rows"])
def test_load_reference_needs_the_same_statements_for_any_number_of_rows(
    reference: Reference, django_assert_num_queries
) -> None:
    load_reference(reference)
    with django_assert_num_queries(12):
        load_reference(reference)


def test_load_reference_brings_changed_rows_up_to_date_under_their_keys() -> None:
    load_reference(BOTH)
    keys = set(Symptom.objects.values_list("pk", flat=True))
    renamed = replace(PAIN, name_en="Chest pain", synonyms=["buke betha"], specialties={"lung": 9, "heart": 8})
    load_reference(Reference((LUNG, HEART), (renamed, COUGH)))
    assert set(Symptom.objects.values_list("pk", flat=True)) == keys
    pain = Symptom.objects.get(slug="pain")
    assert (pain.name_en, pain.synonyms) == ("Chest pain", ["buke betha"])
    assert [specialty.slug for specialty in pain.ranked_specialties] == ["lung", "heart"]
    assert list(Specialty.objects.values_list("slug", flat=True)) == ["lung", "heart"]


def test_load_reference_takes_a_specialty_that_left_out_of_use_and_keeps_its_row() -> None:
    load_reference(BOTH)
    loaded = load_reference(Reference((HEART,), (replace(PAIN, specialties={"heart": 10}),)))
    assert loaded == Loaded(1, 0, 1, 1, 0, 1)
    lung = Specialty.objects.get(slug="lung")
    assert (lung.is_active, lung.is_shipped) == (False, False)
    assert links() == {("pain", "heart"): 10}


def test_load_reference_puts_a_specialty_that_came_back_into_use() -> None:
    load_reference(BOTH)
    load_reference(Reference((HEART,), ()))
    load_reference(BOTH)
    assert {specialty.slug for specialty in Specialty.objects.active()} == {"heart", "lung"}


def test_load_reference_leaves_what_an_admin_switched_off_switched_off() -> None:
    load_reference(BOTH)
    Specialty.objects.filter(slug="lung").update(is_active=False)
    load_reference(BOTH)
    assert not Specialty.objects.get(slug="lung").is_active


def test_load_reference_leaves_what_an_admin_made_alone() -> None:
    load_reference(BOTH)
    sports, elbow = SpecialtyFactory(), SymptomFactory(synonyms=["konui betha"])
    SymptomSpecialtyFactory(symptom=Symptom.objects.get(slug="pain"), specialty=sports, weight=3)
    SymptomSpecialtyFactory(symptom=elbow, specialty=Specialty.objects.get(slug="heart"), weight=2)
    before = everything()
    load_reference(BOTH)
    assert everything() == before


def test_load_reference_takes_over_a_row_of_an_admin_whose_slug_it_came_to_have() -> None:
    own = SpecialtyFactory(slug="heart", name_en="Hearts")
    loaded = load_reference(BOTH)
    own.refresh_from_db()
    assert (own.name_en, own.is_shipped) == ("Heart", True)
    assert loaded.specialties_added == 2


def test_load_reference_writes_all_or_nothing() -> None:
    load_reference(BOTH)
    before = everything()
    with pytest.raises(Exception, match="specialty_not_without_a_name"):
        load_reference(Reference((replace(HEART, name_en="Hearts"), replace(LUNG, name_bn="")), (PAIN,)))
    assert everything() == before
