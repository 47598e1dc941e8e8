"""Coming in: the same for known and unknown addresses, codes that live ten minutes, forms that move no account."""

import re
import time
import timeit
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import time_machine
from allauth.account.models import EmailAddress
from django.contrib.auth import SESSION_KEY
from django.core import mail
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from tests.accounts.proof import give_app, prove
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

UNKNOWN = "nobody@example.com"
NEW = "three blue kites at noon"


def code_in_mail() -> str:
    found = re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)
    assert found
    return found[0]


def another(code: str) -> str:
    return f"{(int(code) + 1) % 1_000_000:06}"


def is_signed_in(client: Client) -> bool:
    return SESSION_KEY in client.session


# Known or not, one cannot tell -----------------------------------------------------------------------------------

WAYS: dict[str, tuple[str, Callable[[str], dict[str, str]]]] = {
    "sign-in": ("account_login", lambda email: {"login": email, "password": "not the password"}),
    "sign-up": ("account_signup", lambda email: {"name": "Karim", "email": email, "password1": NEW}),
    "code": ("account_request_login_code", lambda email: {"email": email}),
    "reset": ("account_reset_password", lambda email: {"email": email}),
}


def without_tokens(page: str, email: str) -> str:
    page = re.sub(r'(nonce|name="csrfmiddlewaretoken" value|content|hx-headers)=("[^"]*"|\'[^\']*\')', "", page)
    return page.replace(email, "ADDRESS")


@pytest.mark.parametrize("way", WAYS)
def test_answer_is_the_same_for_a_known_and_an_unknown_address(patient, way):
    route, data = WAYS[way]

    def answer(email: str) -> tuple[Any, ...]:
        mail.outbox.clear()
        client = Client()
        first = client.post(reverse(route), data(email))
        where = first.headers.get("Location", "")
        page = client.get(where).content.decode() if where else first.content.decode()
        cookies = sorted(first.cookies)
        return first.status_code, where, cookies, len(mail.outbox), without_tokens(page, email)

    assert answer(patient.email) == answer(UNKNOWN)


@pytest.mark.parametrize("way", ["sign-up", "code", "reset"])
def test_pages_after_that_are_the_same_too(patient, way):
    """A wrong code, a new code, leaving: what an address that is known is answered, one that is not is answered too."""
    route, data = WAYS[way]

    def answers(email: str) -> list[tuple[int, str, str]]:
        client = Client()
        where = client.post(reverse(route), data(email)).url
        found = []
        for sent in ({"code": "000000"}, {"action": "resend"}, {"code": ""}, {"code": "111111"}, {"code": "222222"}):
            response = client.post(where, sent)
            found.append(
                (
                    response.status_code,
                    response.headers.get("Location", ""),
                    without_tokens(response.content.decode(), email),
                )
            )
        return found

    assert answers(patient.email) == answers(UNKNOWN)


@pytest.fixture
def real_hashes(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]


@pytest.mark.parametrize("way", WAYS)
def test_answer_takes_as_long_for_a_known_as_for_an_unknown_address(real_hashes, way):
    """Measured in turns: the two differ by less than half of what the hash of a password takes.

    The processor's time decides, for the clock's depends on what else the machine does; both are printed.
    """
    route, data = WAYS[way]
    known = [UserFactory(password=PASSWORD) for _turn in range(6)]

    def durations(email: str) -> tuple[float, float]:
        client = Client()
        worked, begun = time.thread_time(), time.perf_counter()
        client.post(reverse(route), data(email))
        return time.thread_time() - worked, time.perf_counter() - begun

    durations(known[0].email), durations("warm@example.com")
    turns = [(durations(user.email), durations(f"nobody-{turn}@example.com")) for turn, user in enumerate(known)]
    with_account, without = ([turn[side] for turn in turns] for side in (0, 1))
    for kind, which in (("processor", 0), ("clock", 1)):
        known_ms, unknown_ms = (1000 * min(each[which] for each in side) for side in (with_account, without))
        print(f"{way}, {kind}: known {known_ms:.0f} ms, unknown {unknown_ms:.0f} ms")
    a_hash = min(timeit.repeat(lambda: User().set_password(NEW), number=1, repeat=5, timer=time.thread_time))
    print(f"a hash {a_hash * 1000:.0f} ms")
    assert abs(min(with_account)[0] - min(without)[0]) < a_hash / 2


# Codes -----------------------------------------------------------------------------------------------------------


def ask_for_login_code(client: Client, user: User) -> str:
    client.post(reverse("account_request_login_code"), {"email": user.email})
    return reverse("account_confirm_login_code")


def ask_for_reset_code(client: Client, user: User) -> str:
    client.post(reverse("account_reset_password"), {"email": user.email})
    return reverse("account_confirm_password_reset_code")


def sign_up(client: Client, user: User) -> str:
    client.post(reverse("account_signup"), {"name": "Karim", "email": f"new-{user.email}", "password1": NEW})
    return reverse("account_email_verification_sent")


ASKING = {"sign-in": ask_for_login_code, "reset": ask_for_reset_code, "sign-up": sign_up}


@pytest.fixture(params=ASKING)
def asked(request, patient) -> Iterator[tuple[Client, str, Any]]:
    """A browser that has asked for a code, the page that takes it, and the clock."""
    with time_machine.travel("2026-05-04 12:00Z", tick=False) as clock:
        client = Client()
        yield client, ASKING[request.param](client, patient), clock


def leads_on(response) -> bool:
    where = response.headers.get("Location", "")
    return response.status_code == 302 and "/login/" not in where and where != reverse("account_reset_password")


def test_code_lives_ten_minutes(asked):
    client, page, clock = asked
    clock.shift(10 * 60 - 1)
    assert leads_on(client.post(page, {"code": code_in_mail()}))


def test_code_is_dead_after_ten_minutes_and_that_is_said(asked):
    client, page, clock = asked
    code = code_in_mail()
    clock.shift(10 * 60 + 1)
    response = client.post(page, {"code": code})
    assert not leads_on(response)
    said = client.get(response.url).content.decode()
    assert "It ran out after ten minutes" in said
    assert not is_signed_in(client)


def test_used_code_opens_nothing_and_that_is_said(asked):
    client, page, _clock = asked
    code = code_in_mail()
    client.post(page, {"code": code})
    fresh = Client()
    response = fresh.post(page, {"code": code})
    assert not leads_on(response)
    assert "was used already" in fresh.get(response.url).content.decode()
    assert not is_signed_in(fresh)


def test_code_of_another_browser_opens_nothing(asked, stranger):
    _client, page, _clock = asked
    code = code_in_mail()
    other = Client()
    request = next(ask for ask in ASKING.values() if ask(Client(), stranger) == page)
    request(other, UserFactory())
    assert not leads_on(other.post(page, {"code": code}))
    assert not is_signed_in(other)


def test_wrong_code_is_told_in_words_and_three_end_it(asked):
    client, page, _clock = asked
    code = code_in_mail()
    for _turn in range(2):
        response = client.post(page, {"code": another(code)})
        assert "This code is not right" in response.content.decode()
    client.post(page, {"code": another(code)})
    assert not leads_on(client.post(page, {"code": code}))
    assert not is_signed_in(client)


def test_new_code_takes_the_place_of_the_old(patient):
    client = Client()
    page = ask_for_login_code(client, patient)
    old = code_in_mail()
    client.post(page, {"action": "resend"})
    assert len(mail.outbox) == 2
    if old != code_in_mail():
        assert not leads_on(client.post(page, {"code": old}))
    client.post(page, {"code": code_in_mail()})
    assert is_signed_in(client)


def test_code_is_taken_in_either_script(asked):
    client, page, _clock = asked
    bangla = code_in_mail().translate(str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯"))
    assert leads_on(client.post(page, {"code": f" {bangla[:3]} {bangla[3:]}"}))


def test_code_field_opens_the_keypad(asked):
    client, page, _clock = asked
    field = re.search(r"<input[^>]*name=\"code\"[^>]*>", client.get(page).content.decode())[0]
    assert 'inputmode="numeric"' in field
    assert 'autocomplete="one-time-code"' in field


# Whose account it is ---------------------------------------------------------------------------------------------

FOREIGN = {
    "email": "victim@example.com",
    "login": "victim@example.com",
    "user": "1",
    "user_id": "1",
    "role": "admin",
    "is_staff": "on",
    "is_superuser": "on",
    "verified": "on",
    "primary": "on",
}


@pytest.fixture
def victim(db) -> User:
    return UserFactory(email="victim@example.com")


@pytest.fixture
def unmoved(victim: User, patient: User) -> Iterator[None]:
    """Nobody's address, role or password is another one afterwards."""

    def state() -> list[Any]:
        fields = ("pk", "email", "role", "is_staff", "is_superuser", "password")
        addresses = EmailAddress.objects.order_by("pk").values_list("user", "email", "verified", "primary")
        return [*User.objects.order_by("pk").values_list(*fields), *addresses]

    before = state()
    yield
    assert state() == before


@pytest.mark.parametrize("action", ["action_primary", "action_remove", "action_send", "action_add"])
def test_address_of_another_account_cannot_be_moved_here(client_of, patient, unmoved, action):
    client = client_of(patient)
    prove(client, patient, method="password")
    client.post(reverse("account_email"), FOREIGN | {action: "1"})
    # Whoever adds it must have the code that goes to its owner.
    client.post(reverse("account_email_verification_sent"), FOREIGN | {"code": "000000"})


def test_even_with_its_code_an_address_in_use_is_not_moved(client_of, patient, unmoved):
    client = client_of(patient)
    prove(client, patient, method="password")
    client.post(reverse("account_email"), {"action_add": "1", "email": "victim@example.com"})
    codes = re.findall(r"^\d{6}$", "\n".join(sent.body for sent in mail.outbox), re.MULTILINE)
    for code in codes:
        client.post(reverse("account_email_verification_sent"), {"code": code})


def test_address_that_another_proved_meanwhile_is_not_moved_and_that_is_said(client_of, patient, victim):
    client = client_of(patient)
    prove(client, patient, method="password")
    client.post(reverse("account_email"), {"action_add": "1", "email": "free@example.com"})
    code = code_in_mail()
    EmailAddress.objects.create(user=victim, email="free@example.com", verified=True)
    page = client.post(reverse("account_email_verification_sent"), {"code": code})
    assert page.status_code == 200
    assert "This address belongs to another account." in page.content.decode()
    assert EmailAddress.objects.get(email="free@example.com", verified=True).user == victim
    assert User.objects.get(pk=patient.pk).email == patient.email


def test_code_signs_in_to_the_account_that_it_was_sent_for(patient, unmoved):
    client = Client()
    page = ask_for_login_code(client, patient)
    client.post(page, FOREIGN | {"code": code_in_mail()})
    assert client.session[SESSION_KEY] == str(patient.pk)


def test_reset_changes_the_password_that_it_was_sent_for(patient, victim):
    client = Client()
    page = ask_for_reset_code(client, patient)
    client.post(page, FOREIGN | {"code": code_in_mail()})
    client.post(reverse("account_complete_password_reset"), FOREIGN | {"password1": NEW, "password2": NEW})
    victim.refresh_from_db()
    patient.refresh_from_db()
    assert victim.check_password(PASSWORD)
    assert patient.check_password(NEW)


def test_second_step_is_that_of_the_account_whose_password_was_right(patient, victim):
    give_app(victim)
    client = Client()
    client.post(reverse("account_login"), {"login": patient.email, "password": PASSWORD, "user": str(victim.pk)})
    assert client.session[SESSION_KEY] == str(patient.pk)


@pytest.mark.parametrize("route", ["account", "account_email", "account_change_password", "patients:profile"])
def test_no_form_of_an_account_takes_a_role_or_an_address(client_of, patient, victim, unmoved, route):
    client = client_of(patient)
    prove(client, patient, method="password")
    client.post(reverse(route), FOREIGN | {"name": "Person", "language": "en", "time_zone": "Asia/Dhaka"})


def test_sign_up_makes_a_patient_whatever_the_form_says(client):
    client.post(reverse("account_signup"), FOREIGN | {"name": "Mallory", "email": "m@example.com", "password1": NEW})
    user = User.objects.get(email="m@example.com")
    assert (user.role, user.is_staff, user.is_superuser) == (Role.PATIENT, False, False)
    assert not user.groups.exists()
    assert not EmailAddress.objects.get(user=user).verified


def test_sign_up_with_a_known_address_changes_nothing_of_its_account(client, victim, unmoved):
    client.post(reverse("account_signup"), FOREIGN | {"name": "Mallory", "password1": NEW})
    (sent,) = mail.outbox
    assert sent.to == ["victim@example.com"]
    assert not re.search(r"^\d{6}$", sent.body, re.MULTILINE)


def test_visitor_who_does_not_confirm_the_address_is_not_signed_in(client):
    client.post(reverse("account_signup"), {"name": "Karim", "email": "k@example.com", "password1": NEW})
    assert client.get(reverse("account")).status_code == 302
    again = Client()
    assert again.post(reverse("account_login"), {"login": "k@example.com", "password": NEW}).status_code == 302
    assert not is_signed_in(again)


def test_closed_account_is_closed_to_password_code_and_second_step(patient):
    User.objects.filter(pk=patient.pk).update(is_active=False)
    client = Client()
    response = client.post(reverse("account_login"), {"login": patient.email, "password": PASSWORD})
    assert response.url == reverse("account_inactive")
    mail.outbox.clear()
    client.post(reverse("account_request_login_code"), {"email": patient.email})
    assert not re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)
    assert not is_signed_in(client)
