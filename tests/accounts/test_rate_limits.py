"""Limits on guessing, over real HTTP: Caddy in front of gunicorn, as in production, and Valkey that counts.

A client has an address of its own (127.0.0.x); what it claims in X-Forwarded-For moves nothing.
"""

import itertools
import re
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings
from requests.adapters import HTTPAdapter

from accounts.models import User
from tests.accounts.proof import give_app
from tests.factories.accounts import PASSWORD
from tests.factories.patients import PatientFactory
from tests.servers import proxied

pytestmark = pytest.mark.django_db(transaction=True)

FORGED = itertools.count(1)
SOON = "tried too often"


class FromAddress(HTTPAdapter):
    """Connections that come from one address of this machine."""

    def __init__(self, address: str) -> None:
        self.address = address
        super().__init__()

    def init_poolmanager(self, *args: object, **kwargs: object) -> None:
        super().init_poolmanager(*args, source_address=(self.address, 0), **kwargs)


class Browser:
    """A client at an address, which claims another one each time."""

    def __init__(self, origin: str, address: str) -> None:
        self.origin, self.address = origin, address
        self.fresh()

    def fresh(self) -> None:
        """Without cookies, as a program that guesses would come."""
        self.session = requests.Session()
        self.session.mount("http://", FromAddress(self.address))

    def get(self, path: str) -> requests.Response:
        return self.session.get(self.origin + path, headers=self.headers(), timeout=60)

    def post(self, path: str, **data: str) -> requests.Response:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', self.get(path).text)
        assert token, path
        data["csrfmiddlewaretoken"] = token[1]
        return self.session.post(
            self.origin + path, data=data, headers=self.headers(), timeout=60, allow_redirects=False
        )

    def headers(self) -> dict[str, str]:
        claimed = f"10.9.{next(FORGED) // 250 % 250}.{next(FORGED) % 250}"
        return {
            "X-Forwarded-For": f"{claimed}, 10.8.7.6",
            "X-Real-IP": claimed,
            "Forwarded": f"for={claimed}",
            # The portal knows itself by this name; the connection goes by the number, from an address of choice.
            "Host": urlsplit(self.origin).netloc.replace("127.0.0.1", "localhost"),
        }


@pytest.fixture(scope="module")
def origin(django_db_setup: None) -> Iterator[str]:
    """Caddy before gunicorn, on this worker's databases, with the limits on: what was counted ends with each test."""
    with proxied(RATE_LIMITS="true") as server:
        yield server.url.replace("localhost", "127.0.0.1")


@pytest.fixture
def browser_at(origin: str) -> Callable[[int], Browser]:
    return lambda number: Browser(origin, f"127.0.0.{number}")


def test_sign_in_is_limited_by_account_wherever_one_comes_from(browser_at) -> None:
    user, other = PatientFactory().user, PatientFactory().user
    for number in range(2, 7):
        refused = browser_at(number).post("/accounts/login/", login=user.email, password="not the password")
        assert "is not right" in refused.text
    # Neither another address nor the right password helps now; another account is not concerned.
    for number in (2, 7):
        assert SOON in browser_at(number).post("/accounts/login/", login=user.email, password=PASSWORD).text
    assert browser_at(2).post("/accounts/login/", login=other.email, password=PASSWORD).status_code == 302
    # Somebody who does not exist is guarded in the same way.
    answers = [
        browser_at(3).post("/accounts/login/", login="nobody@example.com", password="x" * 12).text for _turn in range(6)
    ]
    assert [SOON in answer for answer in answers] == [False] * 5 + [True]


def test_sign_in_is_limited_by_address_whatever_one_claims(browser_at) -> None:
    def spray(browser: Browser, turn: int) -> str:
        browser.fresh()
        return browser.post("/accounts/login/", login=f"victim-{turn}@example.com", password="a guess of one").text

    guessing = browser_at(2)
    assert [SOON in spray(guessing, turn) for turn in range(22)] == [False] * 20 + [True] * 2
    assert SOON not in spray(browser_at(3), 99)


def test_codes_are_limited_by_account_over_all_browsers(browser_at) -> None:
    user = PatientFactory().user

    def ask(number: int) -> Browser:
        browser = browser_at(number)
        answer = browser.post("/accounts/login/code/", email=user.email)
        assert answer.status_code == 302 or SOON in answer.text
        return browser if answer.status_code == 302 else None

    asked = [ask(number) for number in range(2, 7)]
    assert [browser is not None for browser in asked] == [True] * 3 + [False] * 2
    assert mails_to(user) == 3
    # Three tries of each are nine.
    for browser in asked[:3]:
        for _turn in range(2):
            assert "This code is not right" in browser.post("/accounts/login/code/confirm/", code="000000").text
        assert browser.post("/accounts/login/code/confirm/", code="000000").status_code == 302
    # A code of another kind is guessed at once more, and then no more by anybody.
    for number, heard in ((7, "This code is not right"), (8, SOON)):
        browser = browser_at(number)
        assert browser.post("/accounts/password/reset/", email=user.email).status_code == 302
        assert heard in browser.post("/accounts/password/reset/confirm/", code="000000").text


def test_codes_are_limited_by_address(browser_at) -> None:
    def guess(browser: Browser, email: str) -> str:
        browser.fresh()
        browser.post("/accounts/login/code/", email=email)
        return browser.post("/accounts/login/code/confirm/", code="000000").text

    users = [PatientFactory().user for _turn in range(21)]
    guessing = browser_at(2)
    found = [SOON in guess(guessing, user.email) for user in users[:20]]
    assert found == [False] * 20
    # Asking for a code is counted as well: from here there is none to guess at.
    guessing.fresh()
    assert SOON in guessing.post("/accounts/login/code/", email=users[20].email).text
    assert SOON not in guess(browser_at(3), users[20].email)


def test_second_step_is_limited_by_account(browser_at) -> None:
    user = PatientFactory().user
    give_app(user)
    answers = []
    for number in range(2, 8):
        browser = browser_at(number)
        assert browser.post("/accounts/login/", login=user.email, password=PASSWORD).status_code == 302
        answers.append(browser.post("/accounts/second-step/authenticate/", code="000000").text)
    assert [SOON in answer for answer in answers] == [False] * 5 + [True]


@pytest.mark.parametrize("known", [True, False])
def test_reset_is_limited_by_account_known_or_not(browser_at, known) -> None:
    email = PatientFactory().user.email if known else "nobody@example.com"
    answers = [browser_at(number).post("/accounts/password/reset/", email=email) for number in range(2, 6)]
    assert [answer.status_code for answer in answers] == [302] * 3 + [429]
    assert answers[-1].headers["Retry-After"] == "300"
    assert "That was tried too often" in answers[-1].text
    assert User.objects.filter(email=email).exists() is known


def test_reset_is_limited_by_address(browser_at) -> None:
    def ask(browser: Browser, turn: int) -> int:
        browser.fresh()
        return browser.post("/accounts/password/reset/", email=f"somebody-{turn}@example.com").status_code

    guessing = browser_at(2)
    assert [ask(guessing, turn) for turn in range(21)] == [302] * 20 + [429]
    assert ask(browser_at(3), 99) == 302


def test_sign_up_is_limited_by_address_and_by_account(browser_at) -> None:
    def sign_up(browser: Browser, email: str) -> int:
        browser.fresh()
        facts = {"name": "Karim Mia", "email": email, "password1": "three blue kites at noon"}
        return browser.post("/accounts/signup/", **facts).status_code

    # One address is mailed once in ten seconds, from wherever.
    assert sign_up(browser_at(3), "karim@example.com") == 302
    assert sign_up(browser_at(4), "karim@example.com") == 429
    guessing = browser_at(2)
    found = [sign_up(guessing, f"new-{turn}@example.com") for turn in range(21)]
    assert found == [302] * 20 + [429]
    assert sign_up(browser_at(5), "another@example.com") == 302


def mails_to(user: User) -> int:
    found = 0
    for path in settings.MAILBOX_DIR.glob("*.log"):
        for part in path.read_bytes().split(b"\n" + b"-" * 79 + b"\n"):
            if part.strip() and str(message_from_bytes(part, policy=policy.default)["To"]) == user.email:
                found += 1
    return found
