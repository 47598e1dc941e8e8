"""Whom one acts for, and who is told."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, time, timedelta
from html import unescape
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client

from accounts.models import User
from config.db import constraint_name
from patients.models import Guardianship, Patient, Relation, today
from patients.services import add_family_member, majority, own_patient, phone_of, set_phone
from tests.factories.accounts import UserFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.plans import steps_of

type ClientOf = Callable[[User], Client]

PATH = "/account/family/add/"
MITU = {"name": "Mitu", "relation": "child", "birth_date": "2020-01-31", "sex": "female"}


def test_own_patient_is_made_once(db: None) -> None:
    user = UserFactory(name="Rahima Begum")
    first, second = own_patient(user), own_patient(user)
    assert first == second
    assert first.name == "Rahima Begum"
    assert Patient.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_own_patient_is_made_once_by_many_at_a_time() -> None:
    user = UserFactory()

    def make() -> Patient:
        try:
            return own_patient(User.objects.get(pk=user.pk))
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as threads:
        asked = [threads.submit(make) for _ in range(8)]
        made = {each.result().pk for each in asked}
    assert len(made) == 1
    assert Patient.objects.count() == 1


def test_family_is_acted_for_from_today_on(patient: User, stranger: User) -> None:
    mother = add_family_member(patient, name="Amena", relation=Relation.PARENT)
    assert set(Patient.objects.acted_for_by(patient)) == {patient.patient, mother}
    assert set(Patient.objects.acted_for_by(stranger)) == {stranger.patient}
    assert list(mother.people()) == [patient]
    assert mother.guardianships.get().valid == DateRange(today(), None)


def test_child_is_acted_for_until_the_eighteenth_birthday(patient: User) -> None:
    born = today() - timedelta(days=17 * 365)
    child = add_family_member(patient, name="Mitu", relation=Relation.CHILD, birth_date=born)
    birthday = majority(born)
    assert child.guardianships.get().valid == DateRange(today(), birthday)
    midnight = datetime.combine(birthday, time.min, tzinfo=ZoneInfo(settings.PORTAL_TIME_ZONE))
    with time_machine.travel(midnight - timedelta(seconds=1), tick=False):
        assert child in Patient.objects.acted_for_by(patient)
    with time_machine.travel(midnight, tick=False):
        assert child not in Patient.objects.acted_for_by(patient)
        assert list(child.people()) == []


def test_majority_of_those_born_on_a_leap_day_is_the_day_after() -> None:
    assert majority(date(2008, 2, 29)) == date(2026, 3, 1)
    assert majority(date(2008, 2, 28)) == date(2026, 2, 28)


def test_age_is_in_whole_years() -> None:
    patient = Patient(birth_date=date(2008, 2, 29))
    assert [patient.age(day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2008, 2, 29))] == [17, 18, 0]
    assert Patient().age() is None


def test_people_are_the_patient_and_the_current_guardians(patient: User, stranger: User) -> None:
    GuardianshipFactory(guardian=stranger, patient=patient.patient)
    GuardianshipFactory(patient=patient.patient, valid=DateRange(today() - timedelta(days=9), today()))
    assert set(patient.patient.people()) == {patient, stranger}


def test_guardian_acts_from_the_moment_of_adding_wherever_they_are(client_of: ClientOf, db: None) -> None:
    for zone in ("Pacific/Kiritimati", "Pacific/Pago_Pago"):
        user = UserFactory(time_zone=zone)
        assert client_of(user).post(PATH, MITU).status_code == 302
        assert Patient.objects.acted_for_by(user).filter(name="Mitu").exists()


def test_guardianship_not_twice_at_a_time(patient: User) -> None:
    guardianship = GuardianshipFactory(guardian=patient)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        GuardianshipFactory(guardian=patient, patient=guardianship.patient)
    assert constraint_name(refused.value) == "guardianship_not_twice_at_a_time"
    with pytest.raises(IntegrityError), transaction.atomic():
        GuardianshipFactory(guardian=patient, valid=DateRange(empty=True))


def test_phone_is_the_users_own(patient: User, stranger: User) -> None:
    set_phone(patient.patient, "+8801811000000")
    assert phone_of(patient) == "+8801811000000"
    assert phone_of(UserFactory()) == ""


# The page --------------------------------------------------------------------------------------------------------


def test_page_adds_a_person_and_goes_back_where_it_was_asked_for(patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    assert client.get(PATH).status_code == 200
    response = client.post(PATH, MITU | {"phone": "01711 000000", "next": "/book/somebody/?start=x"})
    assert (response.status_code, response.url) == (302, "/book/somebody/?start=x")
    child = Patient.objects.get(name="Mitu")
    assert (child.user, child.birth_date, str(child.phone)) == (None, date(2020, 1, 31), "+8801711000000")
    assert Guardianship.objects.get().guardian == patient


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\x00", "/\\evil"]
)
def test_page_leads_nowhere_but_into_the_portal(patient: User, client_of: ClientOf, onward: str) -> None:
    assert client_of(patient).post(PATH, MITU | {"next": onward}).url == "/account/"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"name": "Mi\x00tu"}, "name"),
        ({"relation": "cousin"}, "relation"),
        ({"relation": "child", "birth_date": "2000-01-31"}, "relation"),
        ({"birth_date": "2020-13-01"}, "birth_date"),
        ({"birth_date": "0001-01-01"}, "birth_date"),
        ({"birth_date": "9999-12-31"}, "birth_date"),
        ({"birth_date": ""}, "birth_date"),
        ({"sex": "x"}, "sex"),
        ({"sex": ""}, "sex"),
        ({"relation": ""}, "relation"),
        ({"phone": "123"}, "phone"),
    ],
)
def test_bad_value_is_named_beside_its_field_and_the_rest_is_kept(
    patient: User, client_of: ClientOf, typed: dict[str, str], field: str
) -> None:
    response = client_of(patient).post(PATH, {"phone": "01711000000", "next": "/account/"} | MITU | typed)
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}
    page = unescape(response.content.decode())
    assert response.context["form"].errors[field][0] in page
    if field != "phone":
        assert "01711000000" in page
    assert not Guardianship.objects.exists()


def test_page_makes_nobody_the_guardian_of_a_person_that_there_is(
    patient: User, stranger: User, client_of: ClientOf
) -> None:
    """Whatever ids a browser sends along: a new person is added, and no other is touched."""
    there = str(stranger.patient.pk)
    client_of(patient).post(PATH, MITU | {"patient": there, "id": there, "pk": there, "user": str(stranger.pk)})
    assert not Guardianship.objects.filter(patient=stranger.patient).exists()
    assert Patient.objects.get(name="Mitu").user is None


def test_page_is_for_those_who_signed_in(db: None) -> None:
    assert Client().get(PATH).url.startswith("/accounts/login/")
    assert Client().post(PATH, MITU).url.startswith("/accounts/login/")
    assert not Patient.objects.exists()


def test_page_by_another_method_is_refused(patient: User, client_of: ClientOf) -> None:
    assert client_of(patient).delete(PATH).status_code == 405


def test_patient_without_family_is_the_only_choice(patient: User) -> None:
    PatientFactory()
    assert list(Patient.objects.acted_for_by(patient)) == [patient.patient]


def test_whom_one_acts_for_and_who_hears_of_it_are_found_without_reading_everybody(patient: User) -> None:
    """Every page of a patient asks the one, every notice the other: neither may grow with the number of people."""
    child = GuardianshipFactory(guardian=patient).patient
    for act, table in (
        (lambda: list(Patient.objects.acted_for_by(patient)), "patients_patient"),
        (lambda: list(child.people()), "accounts_user"),
    ):
        steps = steps_of(act, table)
        assert steps
        for step in steps:
            assert "Cond: " in step, step
