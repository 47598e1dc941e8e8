import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.utils import translation

from config.db import constraint_name
from specialties.models import Specialty, Symptom, SymptomSpecialty
from tests.factories.specialties import SpecialtyFactory, SymptomFactory, SymptomSpecialtyFactory

# য় has a code point of its own, which NFC takes apart.
ONE_CODE_POINT, NORMAL = "হৃদয়".replace("য\u09bc", "\u09df"), "হৃদয\u09bc"


@pytest.mark.parametrize(("language", "name"), [("en", "Cardiology"), ("bn", "হৃদরোগ")])
def test_specialty_name_follows_the_active_language(language: str, name: str) -> None:
    specialty = Specialty(name_en="Cardiology", name_bn="হৃদরোগ")
    with translation.override(language):
        assert specialty.name == name
        assert str(specialty) == name


def test_practitioner_and_symptom_follow_the_active_language() -> None:
    specialty = Specialty(practitioner_en="Cardiologist", practitioner_bn="হৃদরোগ বিশেষজ্ঞ")
    symptom = Symptom(name_en="Chest pain", name_bn="বুকে ব্যথা")
    assert (specialty.practitioner, symptom.name) == ("Cardiologist", "Chest pain")
    with translation.override("bn"):
        assert (specialty.practitioner, str(symptom)) == ("হৃদরোগ বিশেষজ্ঞ", "বুকে ব্যথা")


@pytest.mark.django_db
def test_active_leaves_out_what_is_out_of_use() -> None:
    SpecialtyFactory(retired=True)
    in_use = SpecialtyFactory()
    assert list(Specialty.objects.active()) == [in_use]


@pytest.mark.django_db
def test_specialties_come_in_their_positions() -> None:
    last, first = SpecialtyFactory(position=20), SpecialtyFactory(position=10)
    assert list(Specialty.objects.all()) == [first, last]


@pytest.mark.django_db
@pytest.mark.parametrize("count", [1, 3])
def test_ranked_specialties_are_the_best_in_use_first(count: int, django_assert_num_queries) -> None:
    best, second, retired = SpecialtyFactory(), SpecialtyFactory(), SpecialtyFactory(retired=True)
    for _ in range(count):
        symptom = SymptomFactory()
        for specialty, weight in ((second, 4), (retired, 10), (best, 9)):
            SymptomSpecialtyFactory(symptom=symptom, specialty=specialty, weight=weight)
    with django_assert_num_queries(3):
        assert [symptom.ranked_specialties for symptom in Symptom.objects.for_choice()] == [[best, second]] * count


@pytest.mark.django_db
def test_text_is_normalized_on_the_way_in_and_in_look_ups() -> None:
    assert ONE_CODE_POINT != NORMAL
    specialty = SpecialtyFactory(name_bn=ONE_CODE_POINT, synonyms=[f"  {ONE_CODE_POINT}  Doctor "])
    specialty.refresh_from_db()
    assert specialty.name_bn == NORMAL
    assert specialty.synonyms == [f"{NORMAL} doctor"]
    assert Specialty.objects.get(name_bn=ONE_CODE_POINT) == specialty
    assert Specialty.objects.get(synonyms__contains=[f"{ONE_CODE_POINT} Doctor"]) == specialty


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE specialties_specialty SET name_bn = %s",
        "UPDATE specialties_specialty SET synonyms = ARRAY['heart', %s]",
    ],
)
def test_database_refuses_a_second_spelling(statement: str) -> None:
    SpecialtyFactory()
    with (
        pytest.raises(IntegrityError) as refused,
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement, [ONE_CODE_POINT])
    assert constraint_name(refused.value) == "specialty_not_in_mixed_spellings"


@pytest.mark.django_db
@pytest.mark.parametrize(("weight", "times"), [(0, 1), (11, 1), (5, 2)])
def test_database_refuses_a_weight_out_of_bounds_and_a_second_link(weight: int, times: int) -> None:
    symptom, specialty = SymptomFactory(), SpecialtyFactory()
    links = [SymptomSpecialty(symptom=symptom, specialty=specialty, weight=weight) for _ in range(times)]
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        SymptomSpecialty.objects.bulk_create(links)
    expected = "symptom_not_twice_for_a_specialty" if times == 2 else "symptom_weight_not_outside_1_to_10"
    assert constraint_name(refused.value) == expected


@pytest.mark.django_db
def test_clean_refuses_an_icon_that_is_not_in_the_set() -> None:
    with pytest.raises(ValidationError) as refused:
        SpecialtyFactory.build(icon="tooth-fairy").full_clean()
    assert refused.value.message_dict == {"icon": ["There is no Lucide icon named “tooth-fairy”."]}
