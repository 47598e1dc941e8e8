import pytest
from django.test import Client
from django.urls import reverse

from specialties.models import Specialty, Symptom
from tests.factories.accounts import UserFactory
from tests.factories.specialties import SpecialtyFactory, SymptomFactory, SymptomSpecialtyFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin_page(client: Client) -> Client:
    client.force_login(UserFactory(as_admin=True))
    return client


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize(("model", "queries"), [("specialty", 5), ("symptom", 7)])
def test_lists_need_the_same_queries_for_any_number_of_rows(
    admin_page: Client, django_assert_num_queries, model: str, queries: int, count: int
) -> None:
    for _ in range(count):
        SymptomFactory(specialties=[SpecialtyFactory(), SpecialtyFactory()])
    address = reverse(f"admin:specialties_{model}_changelist")
    admin_page.get(address)
    with django_assert_num_queries(queries):
        response = admin_page.get(address)
    assert response.status_code == 200


@pytest.mark.parametrize("typed", ["elbow", "কনুই", "konui", "KONUI", "হৃদ\u09df"])
def test_symptoms_are_found_by_name_and_by_other_words(admin_page: Client, typed: str) -> None:
    SymptomFactory(name_en="Sore elbow", name_bn="কনুই ব্যথা", synonyms=["konui betha", "হৃদ\u09df"])
    SymptomFactory(name_en="Cough", name_bn="কাশি", synonyms=["kashi"])
    response = admin_page.get(reverse("admin:specialties_symptom_changelist"), {"q": typed})
    assert [symptom.name_en for symptom in response.context["cl"].result_list] == ["Sore elbow"]


def form(**changes: object) -> dict[str, object]:
    return {
        "slug": "sports-medicine",
        "name_en": "Sports medicine",
        "name_bn": "ক্রীড়া চিকিৎসা",
        "practitioner_en": "Sports physician",
        "practitioner_bn": "ক্রীড়া চিকিৎসক",
        "icon": "dumbbell",
        "synonyms": "Sports  doctor\r\n\r\nkhelar daktar\r\nsports doctor\r\n",
        "position": "300",
        "is_active": "on",
        "symptom_specialties-TOTAL_FORMS": "0",
        "symptom_specialties-INITIAL_FORMS": "0",
    } | changes


def test_admin_adds_a_specialty_with_its_words_and_a_symptom(admin_page: Client) -> None:
    symptom = SymptomFactory(shipped=True)
    link = {
        "symptom_specialties-TOTAL_FORMS": "1",
        "symptom_specialties-0-symptom": str(symptom.pk),
        "symptom_specialties-0-weight": "7",
    }
    response = admin_page.post(reverse("admin:specialties_specialty_add"), form(**link))
    assert response.status_code == 302
    specialty = Specialty.objects.get()
    assert specialty.synonyms == ["sports doctor", "khelar daktar"]
    assert not specialty.is_shipped
    assert [(row.symptom, row.weight) for row in specialty.symptom_specialties.all()] == [(symptom, 7)]


def test_admin_is_told_of_an_icon_that_is_not_in_the_set(admin_page: Client) -> None:
    response = admin_page.post(reverse("admin:specialties_specialty_add"), form(icon="tooth-fairy"))
    assert "There is no Lucide icon named “tooth-fairy”." in response.content.decode()
    assert not Specialty.objects.exists()


def test_admin_may_only_switch_a_shipped_specialty_off(admin_page: Client) -> None:
    specialty = SpecialtyFactory(shipped=True, name_en="Cardiology")
    SymptomSpecialtyFactory(specialty=specialty)
    address = reverse("admin:specialties_specialty_change", args=[specialty.pk])
    assert admin_page.get(address).status_code == 200
    response = admin_page.post(address, form(name_en="Witchcraft", is_active=""))
    assert response.status_code == 302
    specialty.refresh_from_db()
    assert (specialty.name_en, specialty.is_active) == ("Cardiology", False)


@pytest.mark.parametrize("own", [True, False])
def test_admin_deletes_an_own_symptom_and_no_shipped_one(admin_page: Client, own: bool) -> None:
    symptom = SymptomFactory(shipped=not own)
    response = admin_page.post(reverse("admin:specialties_symptom_delete", args=[symptom.pk]), {"post": "yes"})
    assert response.status_code == (302 if own else 403)
    assert Symptom.objects.exists() is not own


def test_autocomplete_finds_symptoms_by_other_words(admin_page: Client) -> None:
    symptom = SymptomFactory(synonyms=["konui betha"])
    address = reverse("admin:autocomplete")
    asked = {"app_label": "specialties", "model_name": "symptomspecialty", "field_name": "symptom", "term": "konui"}
    results = admin_page.get(address, asked).json()["results"]
    assert [result["id"] for result in results] == [str(symptom.pk)]
