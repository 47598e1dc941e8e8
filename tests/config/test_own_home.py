"""A patient's home and account, as pages."""

from collections.abc import Callable

from django.test import Client
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from tests.appointments.visits import at, confirmed, held_until_past, hold
from tests.factories.patients import GuardianshipFactory
from tests.page import read

type ClientOf = Callable[[User], Client]


def test_home_of_a_patient_begins_with_the_next_visit_and_what_is_unfinished(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    assert "Your next visit" not in read(client, "/").html
    later = confirmed(doctor, patient, at(11))
    sooner = confirmed(doctor, patient, at(10))
    unfinished = hold(other_doctor, patient, at(9))
    page = read(client, "/")
    assert page.links["Open the appointment"] == sooner.get_absolute_url()
    assert page.links["Go on"] == unfinished.get_absolute_url()
    assert later.get_absolute_url() in page.links.values()
    held_until_past(unfinished)
    assert "Go on" not in read(client, "/").links


def test_home_takes_the_same_queries_for_one_visit_and_for_three(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    for hour, expected in ((10, 1), (11, 2), (12, 3)):
        confirmed(doctor, patient, at(hour))
        client.get("/")
        with django_assert_num_queries(9):
            page = read(client, "/")
        assert page.html.count("/appointments/0") == expected


def test_account_shows_the_family_in_as_many_queries_for_one_as_for_three(
    patient: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(patient)
    assert "Nobody yet" in read(client, "/account/").html
    for _ in range(3):
        GuardianshipFactory(guardian=patient, patient__name="Mitu")
        with django_assert_num_queries(7):
            page = read(client, "/account/")
    assert page.html.count("My child") == 3
    assert page.links["Add somebody you care for"] == "/account/family/add/?next=/account/"
