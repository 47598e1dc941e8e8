"""allauth's pages in the portal's clothes: what people type into them is labelled, and browsers know what it is."""

import re
from html.parser import HTMLParser

import pytest
from django.core import mail
from django.urls import reverse

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
