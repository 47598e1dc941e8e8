"""A code of an app opens once: not again at the sign-in after its activation, not for two who come at one moment."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import time_machine
from django.db import connections
from django.test import Client
from django.urls import reverse

from accounts import factors
from accounts.models import SpentCode, User
from tests.accounts.proof import SECRET, code_of, give_app
from tests.factories.accounts import PASSWORD
from tests.factories.patients import PatientFactory

NOON = "2026-05-04 12:00:10Z"


@pytest.mark.django_db
def test_code_is_taken_once(patient):
    with time_machine.travel(NOON, tick=False):
        assert factors.take_totp_code(patient, SECRET, code_of())
        assert not factors.take_totp_code(patient, SECRET, code_of())


@pytest.mark.django_db
def test_code_stays_spent_for_as_long_as_the_window_lets_it_in(patient):
    with time_machine.travel(NOON, tick=False) as clock:
        code = code_of()
        assert factors.take_totp_code(patient, SECRET, code)
        # allauth forgets after thirty seconds, while the code is good for a minute and a half.
        clock.shift(35)
        assert not factors.take_totp_code(patient, SECRET, code)


@pytest.mark.django_db
def test_an_older_code_is_spent_with_a_newer_one(patient):
    with time_machine.travel(NOON, tick=False):
        assert factors.take_totp_code(patient, SECRET, code_of())
        assert not factors.take_totp_code(patient, SECRET, code_of(steps=-1))
        assert factors.take_totp_code(patient, SECRET, code_of(steps=1))


@pytest.mark.django_db
@pytest.mark.parametrize(("steps", "taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_clock_may_be_half_a_minute_off_and_no_more(patient, steps, taken):
    with time_machine.travel(NOON, tick=False):
        assert factors.take_totp_code(patient, SECRET, code_of(steps=steps)) is taken


@pytest.mark.django_db
def test_code_of_one_person_spends_nothing_of_anothers(patient, stranger):
    with time_machine.travel(NOON, tick=False):
        assert factors.take_totp_code(patient, SECRET, code_of())
        assert factors.take_totp_code(stranger, SECRET, code_of())


@pytest.mark.django_db
def test_code_of_the_activation_does_not_sign_in(patient):
    with time_machine.travel(NOON, tick=False) as clock:
        client = Client()
        client.post(reverse("account_login"), {"login": patient.email, "password": PASSWORD})
        secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
        code = code_of(secret)
        client.post(reverse("mfa_activate_totp"), {"code": code})
        client.post(reverse("account_logout"))

        client.post(reverse("account_login"), {"login": patient.email, "password": PASSWORD})
        refused = client.post(reverse("mfa_authenticate"), {"code": code})
        assert "This code is not right" in refused.content.decode()
        clock.shift(30)
        assert client.post(reverse("mfa_authenticate"), {"code": code_of(secret)}).status_code == 302


@pytest.mark.django_db
def test_code_that_signed_in_does_not_show_again_who_one_is(patient):
    give_app(patient)
    with time_machine.travel(NOON, tick=False) as clock:
        client = Client()
        client.post(reverse("account_login"), {"login": patient.email, "password": PASSWORD})
        client.post(reverse("mfa_authenticate"), {"code": code_of()})
        assert client.post(reverse("mfa_reauthenticate"), {"code": code_of()}).status_code == 200
        clock.shift(30)
        assert client.post(reverse("mfa_reauthenticate"), {"code": code_of()}).status_code == 302


def race(user: User, counter: int, *, takes) -> list[bool]:
    """Eight connections take the same code at one moment."""
    start = Barrier(8)

    def take(_turn: int) -> bool:
        try:
            start.wait()
            return takes(user, counter)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(take, range(8)))


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_bring_a_code_at_once_one_gets_in():
    user = PatientFactory().user
    for counter in range(1000, 1010):
        assert sorted(race(user, counter, takes=factors.spend)) == [False] * 7 + [True]
    assert SpentCode.objects.get(user=user).counter == 1009


def spend_by_looking_first(user: User, counter: int) -> bool:
    """The same without the guard: look, then write."""
    mark, is_first = SpentCode.objects.get_or_create(user=user, defaults={"counter": counter})
    if not is_first and mark.counter >= counter:
        return False
    SpentCode.objects.filter(pk=mark.pk).update(counter=counter)
    return True


@pytest.mark.django_db(transaction=True)
def test_the_race_is_there_without_the_guard():
    user = PatientFactory().user
    SpentCode.objects.create(user=user, counter=0)
    rounds = [sum(race(user, counter, takes=spend_by_looking_first)) for counter in range(1000, 1010)]
    assert max(rounds) > 1, rounds


@pytest.mark.django_db(transaction=True)
def test_of_two_browsers_with_one_code_one_signs_in():
    user = PatientFactory().user
    give_app(user)
    browsers = [Client(), Client()]
    for browser in browsers:
        browser.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    start = Barrier(2)

    def send(browser: Client) -> int:
        try:
            start.wait()
            return browser.post(reverse("mfa_authenticate"), {"code": code_of()}).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(send, browsers)) == [200, 302]
