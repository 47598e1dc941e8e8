"""Administrators come by a link that works once; lost factors and old keys are dealt with by commands."""

import re

import pytest
import time_machine
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

from accounts.invitations import tokens
from accounts.models import Role, TrailEntry, User
from config.encryption import decrypt
from tests.accounts.proof import SECRET, code_of, give_app, recovery_codes_of
from tests.factories.accounts import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db(transaction=True)

NEW = "three blue kites at noon"
ADDRESS = "head@example.com"


def invite(email: str = ADDRESS, **options: object) -> None:
    call_command("invite_admin", email, name="Farida Akter", **options or {"superuser": True})


def link() -> str:
    found = re.search(r"http://localhost:8000(/accounts/invitation/\S+)", mail.outbox[-1].body)
    assert found
    return found[1]


def open_link(client: Client, address: str):
    return client.get(address, follow=True)


def accept(client: Client, address: str, password: str = NEW):
    form = open_link(client, address).request["PATH_INFO"]
    return client.post(form, {"password1": password, "password2": password})


def test_invited_admin_sets_a_password_and_is_led_to_the_second_step(settings):
    settings.SECOND_FACTOR_REQUIRED = True
    invite()
    (sent,) = mail.outbox
    assert sent.to == [ADDRESS]
    assert "It works once, and for 3 days." in sent.body
    client = Client()
    page = open_link(client, link())
    assert "Choose a password" in page.content.decode()
    assert link() != page.request["PATH_INFO"], "the token is not in the address of the form"

    response = accept(client, link())
    assert response.url == reverse("home")
    assert client.get(response.url).url.startswith(reverse("second_factor"))
    user = User.objects.get(email=ADDRESS)
    assert (user.role, user.is_staff, user.is_superuser) == (Role.ADMIN, True, True)
    assert user.check_password(NEW)
    address = EmailAddress.objects.get(user=user)
    assert (address.email, address.verified, address.primary) == (ADDRESS, True, True)


def test_link_works_once():
    invite()
    used = link()
    accept(Client(), used)
    again = open_link(Client(), used)
    assert "opens nothing any more" in again.content.decode()


@pytest.mark.parametrize(("days", "opens"), [(2.9, True), (3.1, False)])
def test_link_lives_three_days(days, opens):
    with time_machine.travel("2026-05-04 12:00Z", tick=False) as clock:
        invite()
        clock.shift(days * 24 * 3600)
        assert ("Choose a password" in open_link(Client(), link()).content.decode()) is opens


def test_link_of_one_opens_no_other_account():
    invite()
    _, token = link().strip("/").rsplit("/", 1)
    invite("other@example.com")
    other = link().strip("/").split("/")[-2]
    page = Client().get(reverse("invitation", args=[other, token]), follow=True)
    assert "opens nothing any more" in page.content.decode()


def test_token_of_another_kind_is_no_invitation():
    invite()
    user = User.objects.get(email=ADDRESS)
    identity, foreign = urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user)
    page = Client().get(reverse("invitation", args=[identity, foreign]), follow=True)
    assert "opens nothing any more" in page.content.decode()


def test_no_link_opens_an_account_that_has_a_password():
    user = UserFactory(as_admin=True)
    # As from a mail that was held up for longer than its owner took to come in by another.
    late = reverse("invitation", args=[urlsafe_base64_encode(force_bytes(user.pk)), tokens.make_token(user)])
    assert "opens nothing any more" in open_link(Client(), late).content.decode()


def test_closed_account_is_not_opened_by_its_link():
    invite()
    User.objects.update(is_active=False)
    assert "opens nothing any more" in open_link(Client(), link()).content.decode()


def test_easily_guessed_password_is_refused():
    invite()
    response = accept(Client(), link(), "Password123!")
    assert "first that strangers would try" in response.content.decode()
    assert not User.objects.get(email=ADDRESS).has_usable_password()


def test_new_invitation_is_for_the_same_account():
    invite()
    invite()
    assert User.objects.filter(email=ADDRESS).count() == 1
    assert "Choose a password" in open_link(Client(), link()).content.decode()


def test_account_that_is_there_is_not_made_an_administrators():
    patient = UserFactory()
    with pytest.raises(CommandError, match="There is an account with this address"):
        invite(patient.email.upper())
    patient.refresh_from_db()
    assert (patient.role, patient.is_staff) == (Role.PATIENT, False)
    assert mail.outbox == []


def test_second_address_of_somebody_is_not_invited():
    EmailAddress.objects.create(user=UserFactory(), email=ADDRESS, verified=True)
    with pytest.raises(CommandError, match="There is an account with this address"):
        invite()


def test_rights_are_those_of_the_groups():
    Group.objects.create(name="Support of patients")
    invite(group=["Support of patients"])
    user = User.objects.get(email=ADDRESS)
    assert not user.is_superuser
    assert [group.name for group in user.groups.all()] == ["Support of patients"]


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["no address", "--name", "F", "--superuser"], "no e-mail address"),
        ([ADDRESS, "--name", "F", "--group", "Nobody"], "There is no group Nobody"),
        ([ADDRESS, "--name", "F"], "required"),
        ([ADDRESS, "--superuser"], "--name"),
    ],
)
def test_invitation_that_does_not_say_enough_is_refused(arguments, complaint):
    with pytest.raises(CommandError, match=complaint):
        call_command("invite_admin", *arguments)
    assert not User.objects.filter(email=ADDRESS).exists()


# Lost factors, old keys ------------------------------------------------------------------------------------------


def test_lost_factor_is_taken_off_with_the_sessions_and_leaves_a_trace():
    user = UserFactory()
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    give_app(user)
    call_command("reset_second_factor", user.email.upper())

    assert not Authenticator.objects.filter(user=user).exists()
    assert client.get(reverse("account")).status_code == 302
    entry = TrailEntry.objects.get(code="second_factor")
    assert (entry.about, entry.about_id) == ("accounts.user", str(user.pk))
    with pytest.raises(CommandError, match="no account"):
        call_command("reset_second_factor", "nobody@example.com")


def test_secrets_move_to_the_new_key_and_the_old_one_can_go(settings):
    user = UserFactory()
    old, new = settings.MFA_ENCRYPTION_KEYS[0], "a new key of the portal, long enough"
    app = give_app(user)
    codes = recovery_codes_of(user)

    settings.MFA_ENCRYPTION_KEYS = [new, old]
    assert decrypt(app.data["secret"]) == SECRET
    call_command("renew_second_factors")
    settings.MFA_ENCRYPTION_KEYS = [new]
    assert recovery_codes_of(user) == codes
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert client.post(reverse("mfa_authenticate"), {"code": code_of()}).status_code == 302


# What a demo says ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("demo", "required", "shown"), [(True, False, True), (True, True, False), (False, False, False)]
)
def test_demo_tells_staff_that_it_is_relaxed(client_of, settings, demo, required, shown):
    settings.DEMO, settings.SECOND_FACTOR_REQUIRED = demo, required
    doctor, patient, admin = UserFactory(role=Role.DOCTOR), UserFactory(), UserFactory(as_admin=True)
    words = "A real portal insists on one"
    path = reverse("second_factor") if required else reverse("account")
    assert (words in client_of(doctor).get(path).content.decode()) is shown
    assert words not in client_of(patient).get(reverse("account")).content.decode()
    if not required:
        assert ("Demo without a second step" in client_of(admin).get(reverse("admin:index")).content.decode()) is shown
