"""Passwords that strangers try first are refused, whatever has been put on them."""

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from accounts.passwords import CommonPasswordValidator
from tests.factories.accounts import PASSWORD


@pytest.fixture(scope="module")
def validator() -> CommonPasswordValidator:
    return CommonPasswordValidator()


def test_list_is_the_local_one_of_twenty_thousand(validator):
    assert len(validator.passwords) > 19_000


@pytest.mark.parametrize(
    "password",
    [
        *(
            "password123",
            "Password123!",
            "P@ssw0rd2024",
            "PASSWORD!!!!",
            "123password",
            "passwordpassword",
            "pass word 99",
        ),
        *("Qwerty12345", "Iloveyou1996", "letmein2026!", "adm1n2024!!", "Welcome@123", "welc0me_2025"),
        *("Bangladesh71", "Bangladesh@1971", "amar sonar bangla", "Chittagong1", "Dhaka12345", "JoyBangla#1"),
        *("nirog-2026!!", "Doctor@2026", "বাংলাদেশ১৯৭১", "ঢাকা ২০২৬ ঢাকা ২০২৬"),
    ],
)
def test_what_is_guessed_first_is_refused(validator, settings, password):
    settings.SITE_NAME = "Nirog"
    with pytest.raises(ValidationError, match="first that strangers would try"):
        validator.validate(password)


@pytest.mark.parametrize(
    "password",
    [PASSWORD, "demo-portal-2026", "correct horse battery", "three blue kites", "নদীর পাড়ে তিনটা নৌকা", "kx7!vQ2pLm"],
)
def test_what_is_not_passes(validator, password):
    validator.validate(password)


@pytest.mark.django_db
def test_sign_up_says_why_and_keeps_what_was_typed(client):
    response = client.post(
        reverse("account_signup"),
        {"name": "Karim Mia", "email": "karim@example.com", "password1": "Password123!"},
    )

    page = response.content.decode()
    assert "among the first that strangers would try" in page
    assert 'value="karim@example.com"' in page
    assert "Password123!" not in page
