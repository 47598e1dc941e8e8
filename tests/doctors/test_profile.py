from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from doctors.models import Language
from tests.doctors.test_find import text_of
from tests.factories.doctors import DoctorFactory, DoctorSpecialtyFactory, PracticePlaceFactory, QualificationFactory
from tests.factories.specialties import SpecialtyFactory

pytestmark = pytest.mark.django_db


def test_profile_tells_what_a_patient_asks(client: Client) -> None:
    doctor = DoctorFactory(
        name="Farhana Rahman",
        registration_number="A-54321",
        specialty=SpecialtyFactory(name_en="Oncology"),
        languages=[Language.BANGLA, Language.SYLHETI],
        about="Sees grown-ups.\n\n<script>alert(1)</script>",
        fee_video=Decimal(800),
        fee_in_person=Decimal(1200),
        listing__next_open_video=timezone.now() + timedelta(days=2),
    )
    QualificationFactory(doctor=doctor, degree="FCPS", institution="BCPS", year=2014)
    PracticePlaceFactory(
        doctor=doctor, name="Sea View", address="2 Beach Road", district="coxs-bazar", phone="+8801711"
    )
    PracticePlaceFactory(doctor=doctor, name="Closed", is_active=False)
    page = client.get(doctor.get_absolute_url())
    shown, html = text_of(page), page.content.decode()
    for words in ("Dr. Farhana Rahman", "Oncology", "৳800", "৳1,200", "BCPS, 2014", "A-54321", "Bangla, Sylheti"):
        assert words in shown
    assert "Sea View 2 Beach Road, Cox&#x27;s Bazar +8801711" in shown
    assert "Verified by Nirog on Monday 5 January" in shown
    assert "Closed" not in shown
    assert "Sees grown-ups." in shown
    assert "<script>alert" not in html
    assert "<title>Dr. Farhana Rahman, Oncology · Nirog</title>" in html
    assert 'content="Dr. Farhana Rahman, Oncology: fees, places and open times. Book online."' in html


def test_profile_shows_a_rating_only_where_there_is_one(client: Client) -> None:
    rated = DoctorFactory(listing__rating=Decimal("4.5"), listing__rating_count=3)
    assert "4.5 out of 5, 3 ratings" in text_of(client.get(rated.get_absolute_url()))
    assert "rating" not in text_of(client.get(DoctorFactory().get_absolute_url()))


def test_profile_speaks_bangla_where_the_doctor_does(client: Client) -> None:
    doctor = DoctorFactory(name="Farhana", name_bn="ডা. ফারহানা", about="English.", about_bn="বাংলা।")
    client.cookies["language"] = "bn"
    shown = text_of(client.get(doctor.get_absolute_url()))
    assert "ডা. ফারহানা" in shown
    assert "বাংলা।" in shown


def test_profile_of_a_doctor_without_modes_asks_for_no_times(client: Client) -> None:
    doctor = DoctorFactory(fee_video=None)
    html = client.get(doctor.get_absolute_url()).content.decode()
    assert 'hx-trigger="load"' not in html
    assert "takes no bookings online" in html


def test_profile_without_a_listing_is_shown(client: Client) -> None:
    assert client.get(DoctorFactory(listing=False).get_absolute_url()).status_code == 200


@pytest.mark.parametrize("state", [{"unverified": True}, {"hidden": True}])
def test_who_is_not_public_has_no_page(client: Client, state: dict[str, bool]) -> None:
    assert client.get(DoctorFactory(**state).get_absolute_url()).status_code == 404


def test_unknown_slugs_have_no_page(client: Client) -> None:
    assert client.get("/doctors/nobody/").status_code == 404


@pytest.mark.parametrize("count", [1, 3])
def test_profile_needs_the_same_queries_for_any_number_of_places(
    client: Client, django_assert_num_queries, count: int
) -> None:
    doctor = DoctorFactory(specialty=False)
    for _ in range(count):
        PracticePlaceFactory(doctor=doctor)
        QualificationFactory(doctor=doctor)
        DoctorSpecialtyFactory(doctor=doctor)
    with django_assert_num_queries(5):
        assert client.get(doctor.get_absolute_url()).status_code == 200
