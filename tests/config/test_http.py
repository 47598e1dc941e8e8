"""Headers, themes, languages and ways back: what every page shares."""

import pytest
from django.conf import settings
from django.urls import reverse

from config.errors import DomainError
from config.http import DomainErrorMiddleware
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


def test_pages_carry_a_strict_policy(client):
    response = client.get("/")
    policy = dict(part.strip().partition(" ")[::2] for part in response["Content-Security-Policy"].split(";"))

    assert policy["default-src"] == "'none'"
    assert "unsafe" not in response["Content-Security-Policy"]
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert policy["form-action"] == "'self'"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Referrer-Policy"] == "same-origin"
    assert response["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response["X-Frame-Options"] == "DENY"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_chosen_theme_stays(client, theme):
    client.post(reverse("theme"), {"theme": theme, "next": "/doctors/"})

    assert f'data-theme="{theme}"' in client.get("/").content.decode()


def test_the_system_theme_and_unknown_ones_leave_no_mark(client):
    client.post(reverse("theme"), {"theme": "dark"})
    client.post(reverse("theme"), {"theme": '"><script>'})

    assert "data-theme" not in client.get("/").content.decode()


def test_the_chosen_language_stays_for_a_visitor(client):
    client.post(reverse("set_language"), {"language": "bn"})

    assert '<html lang="bn"' in client.get("/").content.decode()


def test_the_chosen_language_of_a_user_is_also_that_of_mails(client):
    user = UserFactory()
    client.force_login(user)
    client.post(reverse("set_language"), {"language": "bn"})

    user.refresh_from_db()
    assert user.language == "bn"
    assert '<html lang="bn"' in client.get("/").content.decode()


def test_an_unknown_language_changes_nothing(client):
    response = client.post(reverse("set_language"), {"language": "xx"})

    assert response.status_code == 302
    assert settings.LANGUAGE_COOKIE_NAME not in response.cookies


@pytest.mark.parametrize(
    "onward", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "\\\\evil.example", "/\\evil.example"]
)
@pytest.mark.parametrize("route", ["theme", "set_language"])
def test_the_way_back_never_leads_off_the_portal(client, route, onward):
    assert client.post(reverse(route), {"next": onward}).url == "/"


@pytest.mark.parametrize("route", ["theme", "set_language"])
def test_preferences_are_not_changed_by_following_a_link(client, route):
    assert client.get(reverse(route)).status_code == 405


def test_a_refusal_becomes_a_page_with_its_words(rf):
    class Full(DomainError):
        message = "The <b>room</b> is full."

    request = rf.get("/")
    request.user = UserFactory.build()
    request.htmx = False
    response = DomainErrorMiddleware(lambda request: None).process_exception(request, Full())

    assert response.status_code == 409
    assert "The &lt;b&gt;room&lt;/b&gt; is full." in response.content.decode()


def test_an_unknown_page_says_so_in_plain_words(client):
    response = client.get("/no/such/page/")

    assert response.status_code == 404
    assert "<h1" in response.content.decode()
