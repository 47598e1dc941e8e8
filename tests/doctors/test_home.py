import pytest
from django.test import Client
from django.urls import reverse

from doctors.figures import HomeFigures, home_figures, popular_specialties
from tests.doctors.test_find import text_of
from tests.factories.doctors import DoctorFactory, OpenDayFactory
from tests.factories.specialties import SpecialtyFactory

pytestmark = pytest.mark.django_db


def test_home_counts_public_doctors_only(client: Client) -> None:
    oncology, empty = SpecialtyFactory(name_en="Oncology"), SpecialtyFactory(name_en="Nobody's field")
    OpenDayFactory(doctor=DoctorFactory(specialty=oncology, with_place=True))
    DoctorFactory(specialty=oncology, with_place=True, place__district="sylhet")
    OpenDayFactory(doctor=DoctorFactory(specialty=oncology, hidden=True, with_place=True, place__district="feni"))
    DoctorFactory(specialty=empty, unverified=True)
    assert home_figures() == HomeFigures(doctors=2, open_today=1, districts=2)
    assert [(each.name_en, each.doctor_count) for each in popular_specialties(12)] == [("Oncology", 2)]
    shown = text_of(client.get(reverse("home")))
    assert "Oncology 2 doctors" in shown
    assert "verified doctors 2" in shown


def test_the_most_popular_specialties_come_first_and_stay_in_order(django_assert_num_queries) -> None:
    few, many = SpecialtyFactory(position=1), SpecialtyFactory(position=2)
    DoctorFactory(specialty=few)
    for _ in range(2):
        DoctorFactory(specialty=many)
    with django_assert_num_queries(1):
        assert list(popular_specialties(12)) == [many, few]
    assert list(popular_specialties(1)) == [many]


def test_home_leads_to_the_results(client: Client) -> None:
    html = client.get(reverse("home")).content.decode()
    assert f'action="{reverse("doctors:find")}"' in html
    for name in ("q", "district", "mode"):
        assert f'name="{name}"' in html


def test_home_of_an_empty_portal_claims_nothing(client: Client) -> None:
    shown = text_of(client.get(reverse("home")))
    assert "verified doctors" not in shown.lower().replace("verified doctors, real open times", "")
    assert "Popular specialties" not in shown
