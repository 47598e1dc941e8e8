"""Doctors and admins meet nobody's data before their session has seen the second factor; nobody signs in past one."""

import re
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from allauth.mfa.models import Authenticator
from cryptography.fernet import InvalidToken
from django.contrib.sessions.models import Session
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.models import Role, User
from config.encryption import decrypt
from tests.access import MATRIX
from tests.accounts.passkeys import Passkey, challenge_after_password, challenge_alone
from tests.accounts.proof import SECRET, code_of, give_app, prove, recovery_codes_of
from tests.factories.accounts import PASSWORD, UserFactory
from tests.page import HTMX, Page
from tests.test_access_matrix import admin_paths

pytestmark = pytest.mark.django_db

OPEN = {"account_logout", "theme", "set_language", "second_factor", "csp_report", "session_left"}
OPEN |= {"account_reauthenticate", "mfa_reauthenticate", "mfa_reauthenticate_webauthn", "service_worker"}


@pytest.fixture
def required(settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True


@pytest.fixture(params=["doctor", "admin", "staff without a role"])
def staff(request, required) -> User:
    return {
        "doctor": lambda: UserFactory(role=Role.DOCTOR),
        "admin": lambda: UserFactory(as_admin=True),
        "staff without a role": lambda: UserFactory(is_staff=True),
    }[request.param]()


def sign_in(client: Client, user: User, **more: str):
    return client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD, **more})


def is_signed_in(client: Client) -> bool:
    return client.get(reverse("account")).status_code == 200


def next_of(response) -> str:
    return parse_qs(urlsplit(response.headers.get("Location") or response.headers["HX-Redirect"]).query)["next"][0]


# The gate --------------------------------------------------------------------------------------------------------


def test_everything_is_closed_to_staff_who_have_not_shown_it(client_of, staff):
    client = client_of(staff)
    paths = {row.route: row for row in MATRIX if row.method == "get" and "{" not in row.path}
    reached = set()
    for route, row in paths.items():
        response = client.get(row.path)
        if not (response.status_code == 302 and response["Location"].startswith(reverse("second_factor"))):
            reached.add(route)
    to_set_it_up = {"mfa_activate_totp", "mfa_add_webauthn", "account_email", "account_email_verification_sent"}
    assert reached <= OPEN | to_set_it_up
    assert {"mfa_activate_totp", "account_logout"} <= reached


def test_admin_is_closed_before_the_factor(client_of, required):
    client = client_of(UserFactory(as_admin=True))
    for path in admin_paths().values():
        for response in (client.get(path), client.post(path)):
            assert response.status_code == 302, path
            assert response["Location"].startswith(reverse("second_factor")), path


def test_staff_who_have_shown_it_go_where_they_like(client_of, staff):
    client = client_of(staff)
    prove(client, staff)
    assert client.get(reverse("account")).status_code == 200
    if staff.is_superuser:
        assert client.get(reverse("admin:index")).status_code == 200


@pytest.mark.parametrize("method", ["password", "code", "password_reset"])
def test_nothing_but_the_factor_opens(client_of, staff, method):
    client = client_of(staff)
    prove(client, staff, method=method)
    assert client.get(reverse("account")).status_code == 302


def test_factor_of_somebody_else_opens_nothing(client_of, staff):
    client = client_of(staff)
    prove(client, UserFactory())
    assert client.get(reverse("account")).status_code == 302


def test_patients_need_none(client_of, patient, required):
    assert client_of(patient).get(reverse("account")).status_code == 200


def test_relaxed_setting_lets_staff_through(client_of, settings):
    settings.SECOND_FACTOR_REQUIRED = False
    assert client_of(UserFactory(as_admin=True)).get(reverse("admin:index")).status_code == 200


def test_patient_who_becomes_a_doctor_is_stopped_at_the_next_request(client_of, patient, required):
    client = client_of(patient)
    assert client.get(reverse("account")).status_code == 200
    User.objects.filter(pk=patient.pk).update(role=Role.DOCTOR)
    assert client.get(reverse("account"))["Location"].startswith(reverse("second_factor"))


def test_piece_of_a_page_sends_the_whole_page(client_of, staff):
    here = {"HX-Current-URL": "http://testserver/appointments/?when=past"}
    response = client_of(staff).get(reverse("appointments:list"), headers=HTMX | here)
    assert response.status_code == 200
    assert response["HX-Redirect"].startswith(reverse("second_factor"))
    assert next_of(response) == "/appointments/?when=past"


def test_form_that_was_sent_comes_back_to_its_page(client_of, staff):
    response = client_of(staff).post(
        "/practice/hours/", headers={"Referer": "http://testserver/practice/hours/?week=2"}
    )
    assert next_of(response) == "/practice/hours/?week=2"
    response = client_of(staff).post("/practice/hours/", headers={"Referer": "https://evil.example/"})
    assert next_of(response) == "/practice/hours/"


# Setting one up --------------------------------------------------------------------------------------------------


def test_doctor_without_one_is_led_to_set_it_up_and_back(required):
    doctor = UserFactory(role=Role.DOCTOR)
    client = Client()
    assert sign_in(client, doctor, next="/account/").url == "/account/"

    gate = client.get("/account/")
    assert gate.url == f"{reverse('second_factor')}?next=%2Faccount%2F"
    choice = client.get(gate.url)
    assert "You see other people" in choice.content.decode()
    app_page = f"{reverse('mfa_activate_totp')}?next=%2Faccount%2F"
    assert app_page in choice.content.decode()

    # Signed in a moment ago: not asked again who it is.
    page = client.get(app_page)
    assert page.status_code == 200
    secret = page.context["form"].secret
    done = client.post(app_page, {"code": code_of(secret)})
    assert done.url == f"{reverse('mfa_view_recovery_codes')}?next=%2Faccount%2F"
    codes = client.get(done.url)
    assert len(codes.context["unused_codes"]) == 10
    assert 'href="/account/"' in codes.content.decode()
    assert client.get("/account/").status_code == 200


def test_way_back_never_leads_off_the_portal(client_of, required):
    doctor = UserFactory(role=Role.DOCTOR)
    client = client_of(doctor)
    page = Page(client.get(f"{reverse('second_factor')}?next=https://evil.example/").content.decode())
    assert reverse("mfa_activate_totp") in page.links.values()
    give_app(doctor)
    prove(client, doctor)
    assert client.get(f"{reverse('second_factor')}?next=https://evil.example/").url == reverse("mfa_index")
    codes = Page(client.get(f"{reverse('mfa_view_recovery_codes')}?next=https://evil.example/").content.decode())
    assert not [link for link in [*page.links.values(), *codes.links.values()] if "evil.example" in link]


def test_session_from_before_the_factor_must_show_it(required):
    doctor = UserFactory(role=Role.DOCTOR)
    client = Client()
    sign_in(client, doctor)
    give_app(doctor)

    gate = client.get("/account/")
    asked = client.get(gate.url)
    assert asked.url == f"{reverse('mfa_reauthenticate')}?next=%2Faccount%2F"
    # Neither the password, nor taking the factor away, is a way round it.
    assert client.get(reverse("account_reauthenticate")).url.startswith(reverse("mfa_reauthenticate"))
    for name in ("mfa_deactivate_totp", "mfa_activate_totp", "mfa_index", "account_email", "account_change_password"):
        assert client.get(reverse(name)).url.startswith(reverse("second_factor")), name
    assert client.post(asked.url, {"code": "000000"}).status_code == 200
    assert client.get("/account/").status_code == 302

    assert client.post(asked.url, {"code": code_of(), "next": "/account/"}).url == "/account/"
    assert client.get("/account/").status_code == 200


def test_first_factor_signs_out_whoever_is_signed_in_elsewhere(patient):
    here, elsewhere = Client(), Client()
    sign_in(here, patient)
    sign_in(elsewhere, patient)
    page = here.get(reverse("mfa_activate_totp"))
    response = here.post(reverse("mfa_activate_totp"), {"code": code_of(page.context["form"].secret)}, follow=True)

    assert "signed out everywhere else" in response.content.decode()
    assert is_signed_in(here)
    assert not is_signed_in(elsewhere)


def test_staff_keep_their_last_factor(required):
    doctor = UserFactory(role=Role.DOCTOR)
    give_app(doctor)
    client = Client()
    sign_in(client, doctor)
    client.post(reverse("mfa_authenticate"), {"code": code_of()})
    page = client.post(reverse("mfa_deactivate_totp"))
    assert "Set up another second step" in page.content.decode()
    assert Authenticator.objects.filter(user=doctor, type="totp").exists()


def test_patient_may_take_it_away(patient):
    give_app(patient)
    client = Client()
    sign_in(client, patient)
    client.post(reverse("mfa_authenticate"), {"code": code_of()})
    assert client.post(reverse("mfa_deactivate_totp")).status_code == 302
    assert not Authenticator.objects.filter(user=patient).exists()


# Signing in with one ---------------------------------------------------------------------------------------------


def test_password_alone_does_not_sign_in(patient):
    give_app(patient)
    client = Client()
    assert sign_in(client, patient).url == reverse("mfa_authenticate")
    assert not is_signed_in(client)


@pytest.mark.parametrize("code", ["", "000000", "12345678", "abcdef", "٠١٢٣٤٥", "0" * 40, "0" * 400])
def test_right_password_with_a_wrong_code_does_not_sign_in(patient, code):
    give_app(patient)
    client = Client()
    sign_in(client, patient)
    response = client.post(reverse("mfa_authenticate"), {"code": code})
    assert response.status_code == 200
    assert not is_signed_in(client)


def test_right_code_without_the_password_does_not_sign_in(patient):
    give_app(patient)
    client = Client()
    client.post(reverse("account_login"), {"login": patient.email, "password": "not the password", "code": code_of()})
    assert client.post(reverse("mfa_authenticate"), {"code": code_of()}).url == reverse("account_login")
    assert not is_signed_in(client)


def test_code_sent_along_with_the_password_stands_in_for_nothing(patient):
    """The code field of another form, a wrong code beside the right password: the second step is asked all the same."""
    give_app(patient)
    client = Client()
    response = sign_in(client, patient, code="000000", totpCode="000000", backupCode="0")
    assert response.url == reverse("mfa_authenticate")
    assert not is_signed_in(client)


def test_code_of_the_app_signs_in_and_comes_back(patient):
    give_app(patient)
    client = Client()
    sign_in(client, patient, next="/appointments/")
    assert client.post(reverse("mfa_authenticate"), {"code": code_of()}).url == "/appointments/"
    assert is_signed_in(client)


@pytest.mark.parametrize(
    "dressed", [str, lambda code: f" {code[:3]} {code[3:]} ", lambda code: f"{code[:3]}-{code[3:]}"]
)
def test_code_is_taken_in_either_script_and_with_what_stands_between(patient, dressed):
    give_app(patient)
    client = Client()
    sign_in(client, patient)
    bangla = code_of().translate(str.maketrans("0123456789", "০১২৩৪৫৬৭৮৯"))
    client.post(reverse("mfa_authenticate"), {"code": dressed(bangla)})
    assert is_signed_in(client)


def test_recovery_code_signs_in_once(patient):
    give_app(patient)
    code = recovery_codes_of(patient)[3]
    for expected in (True, False):
        client = Client()
        sign_in(client, patient)
        client.post(reverse("mfa_authenticate"), {"code": code})
        assert is_signed_in(client) is expected


# A stolen device that does not ask for its finger, a page that only looks like ours.
WORTHLESS = {"no finger": {"verified": False}, "another origin": {"origin": "https://nirog.example.net"}}


@pytest.mark.parametrize("why", WORTHLESS)
def test_passkey_that_proves_nothing_does_not_sign_in(patient, why):
    passkey = Passkey(patient)
    alone, after = Client(), Client()
    answer = passkey.answer(challenge_alone(alone), **WORTHLESS[why])
    alone.post(reverse("mfa_login_webauthn"), {"credential": answer})
    sign_in(after, patient)
    answer = passkey.answer(challenge_after_password(after), **WORTHLESS[why])
    after.post(reverse("mfa_authenticate"), {"credential": answer})
    assert not is_signed_in(alone)
    assert not is_signed_in(after)


def test_passkey_signs_in_alone_or_after_the_password_and_its_answer_only_once(patient):
    passkey = Passkey(patient)
    alone, after, thief = Client(), Client(), Client()
    answer = passkey.answer(challenge_alone(alone))
    alone.post(reverse("mfa_login_webauthn"), {"credential": answer})
    sign_in(after, patient)
    after.post(reverse("mfa_authenticate"), {"credential": passkey.answer(challenge_after_password(after))})
    assert is_signed_in(alone)
    assert is_signed_in(after)
    challenge_alone(thief)
    thief.post(reverse("mfa_login_webauthn"), {"credential": answer})
    assert not is_signed_in(thief)


def test_passkey_of_another_signs_in_to_ones_own_account_alone(patient, stranger):
    Passkey(patient)
    client = Client()
    sign_in(client, patient)
    foreign = Passkey(stranger).answer(challenge_after_password(client))
    client.post(reverse("mfa_authenticate"), {"credential": foreign})
    assert not is_signed_in(client)


def test_mailed_code_asks_for_the_second_step_too(patient):
    give_app(patient)
    client = Client()
    client.post(reverse("account_request_login_code"), {"email": patient.email})
    code = re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)[0]
    assert client.post(reverse("account_confirm_login_code"), {"code": code}).url == reverse("mfa_authenticate")
    assert not is_signed_in(client)
    client.post(reverse("mfa_authenticate"), {"code": code_of()})
    assert is_signed_in(client)


def test_reset_of_the_password_keeps_the_second_step(patient):
    give_app(patient)
    client = Client()
    client.post(reverse("account_reset_password"), {"email": patient.email})
    code = re.search(r"^\d{6}$", mail.outbox[-1].body, re.MULTILINE)[0]
    client.post(reverse("account_confirm_password_reset_code"), {"code": code})
    new = "three blue kites at noon"
    done = client.post(reverse("account_complete_password_reset"), {"password1": new, "password2": new}, follow=True)
    assert "Your password is changed" in done.content.decode()
    assert not is_signed_in(client)

    response = client.post(reverse("account_login"), {"login": patient.email, "password": new})
    assert response.url == reverse("mfa_authenticate")
    assert Authenticator.objects.filter(user=patient, type="totp").exists()


def test_second_step_waits_for_a_quarter_of_an_hour_and_no_longer(patient):
    give_app(patient)
    client = Client()
    with time_machine.travel("2026-05-04 10:00Z", tick=False) as clock:
        sign_in(client, patient)
        clock.shift(16 * 60)
        response = client.post(reverse("mfa_authenticate"), {"code": code_of()})
        assert response.url == reverse("account_login")
        assert not is_signed_in(client)


# Showing again who one is ----------------------------------------------------------------------------------------

GUARDED = ["mfa_activate_totp", "mfa_add_webauthn", "mfa_generate_recovery_codes"]


@pytest.mark.parametrize("name", GUARDED)
def test_guarded_page_asks_again_after_five_minutes(client_of, patient, name):
    client = client_of(patient)
    prove(client, patient, method="password", ago=299)
    assert client.get(reverse(name)).status_code == 200
    prove(client, patient, method="password", ago=301)
    assert client.get(reverse(name)).url.startswith(reverse("account_reauthenticate"))


@pytest.mark.parametrize("action", ["action_primary", "action_remove", "action_add"])
def test_address_is_changed_only_by_who_shows_again_who_it_is(client_of, patient, action):
    client = client_of(patient)
    prove(client, patient, method="password", ago=301)
    response = client.post(reverse("account_email"), {action: "1", "email": "new@example.com"})
    if action == "action_add":
        assert response.url.startswith(reverse("account_reauthenticate"))
    assert patient.emailaddress_set.count() == 1
    assert mail.outbox == []


def test_what_was_asked_for_is_done_after_the_password(client_of, patient):
    client = client_of(patient)
    gate = client.post(reverse("account_email"), {"action_add": "1", "email": "new@example.com"})
    client.post(gate.url, {"password": PASSWORD, "next": reverse("account_email")})
    assert [sent.to for sent in mail.outbox] == [["new@example.com"]]


def test_who_has_a_factor_shows_that_one_again(client_of, patient):
    give_app(patient)
    client = client_of(patient)
    prove(client, patient, method="password")
    for name in (*GUARDED, "account_change_password", "mfa_deactivate_totp"):
        assert client.get(reverse(name)).url.startswith(reverse("mfa_reauthenticate")), name
    prove(client, patient)
    assert client.get(reverse("account_change_password")).status_code == 200


# What the database holds -----------------------------------------------------------------------------------------


def rows() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT data::text FROM mfa_authenticator UNION ALL SELECT session_data FROM django_session")
        return "\n".join(row[0] for row in cursor.fetchall())


def sessions_in_clear() -> str:
    return "\n".join(str(session.get_decoded()) for session in Session.objects.all())


def test_database_never_holds_a_secret_in_the_clear(patient):
    client = Client()
    sign_in(client, patient)
    secret = client.get(reverse("mfa_activate_totp")).context["form"].secret
    assert secret not in rows() + sessions_in_clear()
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})

    found = {row.type: row for row in Authenticator.objects.filter(user=patient)}
    assert found.keys() == {"totp", "recovery_codes"}
    seed = decrypt(found["recovery_codes"].data["seed"])
    assert len(seed) == 80
    everything = rows() + sessions_in_clear()
    assert secret not in everything
    assert seed not in everything
    assert not [code for code in recovery_codes_of(patient) if code in everything]
    assert SECRET not in everything


def test_a_lost_key_opens_nothing(patient, settings):
    give_app(patient)
    settings.MFA_ENCRYPTION_KEYS = ["another key " * 4]
    client = Client()
    sign_in(client, patient)
    with pytest.raises(InvalidToken):
        client.post(reverse("mfa_authenticate"), {"code": code_of()})
    assert not is_signed_in(client)
