"""allauth's pages in the portal's clothes: what people type into them is labelled, and browsers know what it is."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote

import allauth
import pytest
from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.core import mail
from django.template.loader import get_template
from django.urls import reverse

from accounts.adapter import AccountAdapter
from tests.accounts.proof import code_of, prove
from tests.page import read

ENTRANCE = ["account_login", "account_signup", "account_reset_password"]
OWN = ["account_email", "account_change_password", "account_logout", "account_reauthenticate"]


class Fields(HTMLParser):
    """The fields that people fill in, and what the labels are for."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.fields: dict[str, dict[str, str | None]] = {}
        self.labelled: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        facts = dict(attrs)
        if tag == "label" and facts.get("for"):
            self.labelled.add(facts["for"] or "")
        if tag in {"input", "select", "textarea"} and facts.get("type") not in {"hidden", "radio", "checkbox"}:
            self.fields[facts.get("id") or ""] = facts


def fields_of(response) -> Fields:
    assert response.status_code == 200
    page = response.content.decode()
    assert 'class="header"' in page
    assert "<h1>" in page
    return Fields(page)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ENTRANCE)
def test_entrance_page_is_labelled_throughout(client, name):
    page = fields_of(client.get(reverse(name)))
    assert page.fields
    assert set(page.fields) <= page.labelled


@pytest.mark.django_db
@pytest.mark.parametrize("name", OWN)
def test_own_page_is_labelled_throughout(client_of, patient, name):
    page = fields_of(client_of(patient).get(reverse(name)))
    assert set(page.fields) <= page.labelled


@pytest.mark.django_db
def test_password_managers_know_the_fields(client):
    login = fields_of(client.get(reverse("account_login"))).fields
    assert login["id_login"]["autocomplete"] in {"email", "username"}
    assert login["id_password"]["autocomplete"] == "current-password"
    signup = fields_of(client.get(reverse("account_signup"))).fields
    assert signup["id_password1"]["autocomplete"] == "new-password"
    assert signup["id_name"]["autocomplete"] == "name"


@pytest.mark.django_db
def test_wrong_password_is_said_above_the_form_and_the_address_kept(client, patient):
    response = client.post(reverse("account_login"), {"login": patient.email, "password": "not the password"})
    page = response.content.decode()
    assert "Please put this right" in page
    assert f'value="{patient.email}"' in page


@pytest.mark.django_db
def test_code_page_says_where_the_code_went_and_offers_another(client):
    details = {"name": "Karim Mia", "email": "karim@example.com", "password1": "correct horse battery"}
    response = client.post(reverse("account_signup"), details, follow=True)
    page = fields_of(response)
    assert "karim@example.com" in response.content.decode()
    assert "Send a new code" in response.content.decode()
    (code,) = page.fields.values()
    assert code["autocomplete"] == "one-time-code"
    assert len(mail.outbox) == 1


@pytest.mark.django_db
def test_no_page_of_allauth_is_unstyled(client_of, patient):
    """Whatever allauth draws stands in one of our two frames."""
    for name in OWN:
        page = client_of(patient).get(reverse(name)).content.decode()
        assert re.search(r'<div class="(entrance|narrow)\b', page), name


@pytest.mark.django_db
def test_mails_greet_by_the_portals_name_and_carry_a_code_of_six_digits(client, settings):
    client.post(
        reverse("account_signup"),
        {"name": "Rahima Begum", "email": "rahima@example.com", "password1": "a long enough one"},
        headers={"host": "testserver"},
    )

    (sent,) = mail.outbox
    assert settings.SITE_NAME in sent.body
    assert "testserver" not in sent.subject + sent.body
    assert re.search(r"^\d{6}$", sent.body, re.MULTILINE)


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["patients:profile", "patients:add_member"])
def test_a_form_sent_empty_says_what_is_missing(client_of, patient, name):
    assert client_of(patient).post(reverse(name)).status_code == 422


# allauth ships no Bangla: whatever people read is in templates of the portal's own.
UNUSED = re.compile(
    r"phone|signup_by_passkey|email_change\.html|email_confirm\.html|verified_email_required|verification_sent|"
    r"password_reset_key|password_reset_done|snippets/|base(_\w+)?\.html|trust|signup_form|confirmation_signup"
)


def test_everything_that_allauth_shows_is_in_our_own_words():
    theirs = Path(allauth.__file__).parent / "templates"
    shown = {
        str(path.relative_to(theirs))
        for part in ("account", "mfa", "usersessions")
        for path in (theirs / part).rglob("*.*")
    }
    shown = {name for name in shown if not UNUSED.search(name)} - {
        # The page of sessions has its own view; codes in a file are figures alone.
        "usersessions/messages/sessions_logged_out.txt",
        "mfa/recovery_codes/download.txt",
    }
    assert len(shown) > 50
    foreign = {
        name for name in shown if not get_template(name).origin.name.startswith(str(settings.BASE_DIR / "templates"))
    }
    assert foreign == set()


@pytest.mark.django_db
def test_every_sentence_of_an_adapter_is_ours(patient):
    ours, base = AccountAdapter.error_messages, DefaultAccountAdapter.error_messages
    never = {"phone_taken", "phone_password_mismatch", "unknown_phone", "username_blacklisted", "username_taken"}
    never |= {"username_password_mismatch", "unknown_email", "invalid_login", "invalid_or_expired_key"}
    never |= {"invalid_password_reset", "select_only_one"}
    assert {code for code in base if ours[code] == base[code]} <= never


@pytest.mark.django_db(transaction=True)
def test_notice_of_a_change_says_with_what_and_what_to_do(client_of, patient):
    client = client_of(patient)
    prove(client, patient, method="password")
    phone = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0 Mobile Safari/537.36"
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)}, headers={"user-agent": phone})
    (sent,) = mail.outbox
    assert sent.subject == "A second step is added"
    assert "with Chrome on Android, from 127.0.0.1" in sent.body
    assert f"{settings.SITE_ORIGIN}/accounts/sessions/" in sent.body
    assert secret not in sent.body


@pytest.mark.django_db
def test_secret_is_drawn_into_the_page_and_can_be_typed(client_of, patient):
    client = client_of(patient)
    prove(client, patient, method="password")
    response = client.get(reverse("mfa_activate_totp"))
    page, secret = response.content.decode(), response.context["form"].secret
    assert "<svg" in page
    assert 'class="qr"' in page
    assert "data:image" not in page
    assert " ".join(secret[start : start + 4] for start in range(0, 32, 4)) in page
    assert f"otpauth://totp/{quote(patient.email)}?secret={secret}" in page
    assert "no-store" in response["Cache-Control"]


@pytest.mark.django_db
def test_account_stands_in_the_frame_of_whose_it_is(client_of, patient, doctor, admin):
    def ways(user):
        return read(client_of(user), reverse("account")).html

    assert 'href="/records/"' in ways(patient)
    assert 'href="/practice/hours/"' in ways(doctor)
    assert 'class="rail"' not in ways(admin)
