"""Text messages over real HTTP: what goes out, to whom, and what a provider's reports may change."""

import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from secrets import randbelow
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
import time_machine
from django.db.models import QuerySet
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from accounts import services
from accounts.models import Channel, Delivery, Kind, MobileProof, User
from accounts.samples import FACTS
from accounts.services import deliver, notify
from accounts.services.sending import BACKOFF
from accounts.services.texting import callback_token
from accounts.sms import Twilio
from config.retention import keep_to_retention
from config.settings import RATE_LIMITS
from tests.accounts.senders import Outside, form_of, outside, signed_report
from tests.appointments.races import overtaken
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db

NUMBER, TOKEN = "+8801712345678", "a-token-of-the-provider"


@pytest.fixture
def user() -> User:
    return UserFactory(name="Rahima Begum", mobile=NUMBER)


@pytest.fixture
def gateway(settings: Settings) -> Iterator[Outside]:
    """A provider that takes JSON, and to which the portal is set."""
    with outside() as here:
        here.answer = (200, {"id": "m-1"})
        settings.SMS_URL = f"http://:{TOKEN}@{urlsplit(here.origin).netloc}/messages?from=Nirog"
        yield here


@pytest.fixture
def twilio(settings: Settings) -> Iterator[Outside]:
    with outside() as here:
        here.answer = (201, {"sid": "SM1", "status": "queued"})
        settings.SMS_URL = f"twilio://AC1:{TOKEN}@twilio?from=%2B15005550006&origin={here.origin}"
        yield here


def reminded(user: User) -> Delivery:
    notification = notify(user, Kind.VISIT_REMINDER, facts=FACTS)
    return notification.deliveries.get(channel=Channel.SMS)


def sent(user: User) -> Delivery:
    delivery = reminded(user)
    deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def address(delivery: Delivery) -> str:
    return f"/reports/sms/{callback_token(delivery)}/"


def test_message_goes_to_the_proven_number_and_names_nobody(user: User, gateway: Outside) -> None:
    delivery = sent(user)
    assert (delivery.status, delivery.reference, delivery.attempts) == ("sent", "m-1", 1)
    (asked,) = gateway.asked
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    assert asked.headers["idempotency-key"] == f"delivery-{delivery.pk}"
    told = json.loads(asked.body)
    assert (told["to"], told["from"]) == (NUMBER, "Nirog")
    assert "A visit is near: " in told["text"]
    assert told["text"].endswith("/inbox/")
    assert not re.search(r"Rahima|Farhana|\N{NO-BREAK SPACE}", told["text"])
    assert told["callback"].endswith(address(delivery))


def test_who_has_proven_no_number_gets_none(gateway: Outside) -> None:
    assert not notify(UserFactory(), Kind.VISIT_REMINDER, facts=FACTS).deliveries.filter(channel=Channel.SMS).exists()


@pytest.mark.parametrize(("status", "error"), [(503, "Busy"), (429, "Busy"), (401, "Busy"), (307, "Busy")])
def test_provider_that_does_not_take_it_now_is_asked_again(
    user: User, gateway: Outside, status: int, error: str
) -> None:
    gateway.answer = (status, {})
    delivery = sent(user)
    assert (delivery.status, delivery.error, delivery.attempts) == ("queued", error, 1)
    assert delivery.due_at - BACKOFF[0] <= delivery.due_at


@pytest.mark.parametrize("name", ["gateway", "twilio"])
def test_provider_leads_us_nowhere_else(user: User, name: str, request: pytest.FixtureRequest) -> None:
    provider = request.getfixturevalue(name)
    with outside() as inside_our_network:
        inside_our_network.answer = (200, {"id": "x", "sid": "x"})
        provider.answer, provider.elsewhere = (307, {}), f"{inside_our_network.origin}/secrets"
        delivery = sent(user)
        assert (delivery.status, delivery.error) == ("queued", "Busy")
        assert inside_our_network.asked == []


def test_address_without_a_mailbox_keeps_no_text_message(user: User, gateway: Outside) -> None:
    User.objects.filter(pk=user.pk).update(returned_email=user.email)
    assert sent(user).status == "sent"


def test_number_that_does_not_exist_ends_in_failed_with_the_providers_reason(user: User, twilio: Outside) -> None:
    twilio.answer = (400, {"code": 21211, "message": "Invalid 'To' Phone Number"})
    delivery = sent(user)
    assert (delivery.status, delivery.error, delivery.attempts) == ("failed", "provider_21211", 1)


def test_twilio_gets_its_form(user: User, twilio: Outside) -> None:
    delivery = sent(user)
    (asked,) = twilio.asked
    assert asked.path == "/2010-04-01/Accounts/AC1/Messages.json"
    told = form_of(asked)
    assert (told["To"], told["From"]) == (NUMBER, "+15005550006")
    assert told["StatusCallback"].endswith(address(delivery))
    assert asked.headers["authorization"].startswith("Basic ")
    assert delivery.reference == "SM1"


# Reports ----------------------------------------------------------------------------------------------------------


def test_report_says_that_it_arrived(user: User, gateway: Outside, client: Client) -> None:
    delivery = sent(user)
    told = {"id": "m-1", "status": "delivered"}
    assert client.post(address(delivery), **signed_report(TOKEN, told)).status_code == 204
    delivery.refresh_from_db()
    assert (delivery.status, delivery.report) == ("delivered", "delivered")


def test_report_says_that_it_was_lost(user: User, gateway: Outside, client: Client) -> None:
    delivery = sent(user)
    assert client.post(address(delivery), **signed_report(TOKEN, {"id": "m-1", "status": "failed"})).status_code == 204
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("failed", "provider_failed")


@pytest.mark.parametrize(
    "forged",
    ["another secret", "no signature", "another body", "old", "from the future", "not a time", "unknown word"],
)
def test_forged_report_is_refused_and_changes_nothing(
    user: User, gateway: Outside, client: Client, forged: str
) -> None:
    delivery = sent(user)
    told = {"id": "m-1", "status": "flying" if forged == "unknown word" else "delivered"}
    shift = {"old": -301, "from the future": 301}.get(forged, 0)
    report = signed_report("x" if forged == "another secret" else TOKEN, told, at=time.time() + shift)
    if forged == "no signature":
        report["headers"] = {}
    elif forged == "another body":
        report["data"] = report["data"].replace("m-1", "m-2")
    elif forged == "not a time":
        report["headers"] = {"X-Signature": "t=noon,v1=00"}
    assert client.post(address(delivery), **report).status_code == 403
    delivery.refresh_from_db()
    assert (delivery.status, delivery.report) == ("sent", "")


def test_report_that_comes_again_is_refused(user: User, gateway: Outside, client: Client) -> None:
    """Nor does anything go backwards: after the end comes nothing."""
    delivery = sent(user)
    failed = signed_report(TOKEN, {"id": "m-1", "status": "failed"})
    assert client.post(address(delivery), **failed).status_code == 204
    assert client.post(address(delivery), **failed).status_code == 409
    for word in ("sent", "delivered"):
        assert client.post(address(delivery), **signed_report(TOKEN, {"id": "m-1", "status": word})).status_code == 409
    delivery.refresh_from_db()
    assert (delivery.status, delivery.report) == ("failed", "failed")


def test_report_of_one_message_does_not_count_for_another(user: User, gateway: Outside, client: Client) -> None:
    delivery = sent(user)
    gateway.answer = (200, {"id": "m-2"})
    other = sent(user)
    report = signed_report(TOKEN, {"id": "m-1", "status": "delivered"})
    assert client.post(address(other), **report).status_code == 409
    assert client.post("/reports/sms/nonsense/", **report).status_code == 409
    assert client.post(address(delivery), **report).status_code == 204


def test_address_for_reports_ends_after_a_week(user: User, gateway: Outside, client: Client) -> None:
    delivery = sent(user)
    where = address(delivery)
    with time_machine.travel(timezone.now() + timedelta(days=8)):
        report = signed_report(TOKEN, {"id": "m-1", "status": "delivered"})
        assert client.post(where, **report).status_code == 409
    delivery.refresh_from_db()
    assert (delivery.status, delivery.report) == ("sent", "")


def test_twilios_report_is_known_by_its_signature(
    user: User, twilio: Outside, client: Client, settings: Settings
) -> None:
    delivery = sent(user)
    told = {"MessageSid": "SM1", "MessageStatus": "delivered", "To": NUMBER}
    url = settings.SITE_ORIGIN + address(delivery)
    right = Twilio("AC1", TOKEN, "x").signature(url, told)
    for signature, status in (("", 403), ("AAAA", 403), (right, 204), (right, 409)):
        answer = client.post(
            address(delivery),
            urlencode(told),
            content_type="application/x-www-form-urlencoded",
            headers={"X-Twilio-Signature": signature},
        )
        assert answer.status_code == status
    delivery.refresh_from_db()
    assert delivery.status == "delivered"


def test_without_a_provider_nobody_reports(user: User, gateway: Outside, client: Client, settings: Settings) -> None:
    delivery = sent(user)
    settings.SMS_URL = ""
    assert client.post(address(delivery), **signed_report(TOKEN, {"id": "m-1", "status": "sent"})).status_code == 403


# A number of one's own --------------------------------------------------------------------------------------------

CHOICES = "/account/messages/"


def code_in(asked_body: bytes) -> str:
    return re.findall(r"\b\d{6}\b", asked_body.decode())[-1]


def test_number_is_ones_own_once_its_code_is_typed(client: Client, gateway: Outside) -> None:
    user = UserFactory()
    client.force_login(user)
    assert client.post(f"{CHOICES}mobile/", {"number": "01712 345678"}).status_code == 302
    assert MobileProof.objects.get().code != code_in(gateway.asked[0].body)
    assert "01712-345678" in client.get(CHOICES).content.decode()
    wrong = client.post(f"{CHOICES}mobile/prove/", {"code": "12"})
    assert wrong.status_code == 422
    assert "not the code" in wrong.content.decode()
    user.refresh_from_db()
    assert not user.mobile
    assert client.post(f"{CHOICES}mobile/prove/", {"code": code_in(gateway.asked[0].body)}).status_code == 302
    user.refresh_from_db()
    assert str(user.mobile) == NUMBER
    assert client.post(f"{CHOICES}mobile/forget/").status_code == 302
    user.refresh_from_db()
    assert not user.mobile


def test_code_is_guessed_five_times_and_no_more(client: Client, gateway: Outside) -> None:
    client.force_login(UserFactory())
    client.post(f"{CHOICES}mobile/", {"number": NUMBER})
    right = code_in(gateway.asked[0].body)
    for _ in range(5):
        client.post(f"{CHOICES}mobile/prove/", {"code": "x"})
    assert "too old" in client.post(f"{CHOICES}mobile/prove/", {"code": right}).content.decode()


def test_second_code_is_not_sent_within_a_minute(client: Client, gateway: Outside) -> None:
    client.force_login(UserFactory())
    client.post(f"{CHOICES}mobile/", {"number": NUMBER})
    assert client.post(f"{CHOICES}mobile/", {"number": NUMBER}).status_code == 422
    assert len(gateway.asked) == 1


def test_nobody_is_pestered_with_codes_from_many_accounts(client: Client, gateway: Outside, settings: Settings) -> None:
    settings.ACCOUNT_RATE_LIMITS = RATE_LIMITS
    number = f"+88017{randbelow(10**8):08}"
    for _ in range(7):
        client.force_login(UserFactory())
        answer = client.post(f"{CHOICES}mobile/", {"number": number})
    assert answer.status_code == 422
    assert len(gateway.asked) == 6


def test_number_that_nobody_proved_is_forgotten_after_a_day(client: Client, gateway: Outside) -> None:
    client.force_login(UserFactory())
    client.post(f"{CHOICES}mobile/", {"number": NUMBER})
    assert keep_to_retention()["numbers"] == 0
    MobileProof.objects.update(sent_at=timezone.now() - timedelta(hours=25))
    assert keep_to_retention()["numbers"] == 1


@pytest.mark.parametrize("number", ["", "12", "+79161234567", "nonsense"])
def test_number_that_is_none_or_of_elsewhere_costs_no_message(client: Client, gateway: Outside, number: str) -> None:
    client.force_login(UserFactory())
    assert client.post(f"{CHOICES}mobile/", {"number": number}).status_code == 422
    assert gateway.asked == []


def test_number_that_the_provider_refuses_is_said_beside_the_field(client: Client, gateway: Outside) -> None:
    gateway.answer = (400, {"code": 21614})
    client.force_login(UserFactory())
    page = client.post(f"{CHOICES}mobile/", {"number": NUMBER})
    assert page.status_code == 422
    assert "could not be reached" in page.content.decode()
    assert not MobileProof.objects.exists()


def test_code_lives_for_ten_minutes(client: Client, gateway: Outside) -> None:
    user = UserFactory()
    client.force_login(user)
    client.post(f"{CHOICES}mobile/", {"number": NUMBER})
    code = {"code": code_in(gateway.asked[0].body)}
    MobileProof.objects.update(sent_at=timezone.now() - timedelta(minutes=10))
    assert "too old" in client.post(f"{CHOICES}mobile/prove/", code).content.decode()
    MobileProof.objects.update(sent_at=timezone.now() - timedelta(minutes=9))
    assert client.post(f"{CHOICES}mobile/prove/", code).status_code == 302


# At once ----------------------------------------------------------------------------------------------------------


def the(row: User | Delivery) -> QuerySet[Any]:
    return type(row)._default_manager.filter(pk=row.pk)


@pytest.mark.django_db(transaction=True)
def test_guesses_at_once_are_counted_one_after_the_other(client: Client, gateway: Outside) -> None:
    """The right one, too, finds the five that were made while it waited."""
    user = UserFactory()
    client.force_login(user)
    client.post(f"{CHOICES}mobile/", {"number": NUMBER})
    code = {"code": code_in(gateway.asked[0].body)}
    answer = overtaken(
        lambda: client.post(f"{CHOICES}mobile/prove/", code),
        by=lambda: MobileProof.objects.update(tries=5),
        holding=the(user),
    )
    assert "too old" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_codes_asked_for_at_once_are_one_message(client: Client, gateway: Outside) -> None:
    user = UserFactory()
    client.force_login(user)
    answer = overtaken(
        lambda: client.post(f"{CHOICES}mobile/", {"number": NUMBER}),
        by=lambda: services.send_code(user, number=NUMBER),
        holding=the(user),
    )
    assert answer.status_code == 422
    assert len(gateway.asked) == 1


@pytest.mark.django_db(transaction=True)
def test_report_that_is_faster_than_the_providers_answer_waits_for_it(
    user: User, gateway: Outside, client: Client
) -> None:
    delivery = reminded(user)
    report = signed_report(TOKEN, {"id": "m-1", "status": "delivered"})
    answer = overtaken(
        lambda: client.post(address(delivery), **report), by=lambda: deliver(delivery.pk), holding=the(delivery)
    )
    assert answer.status_code == 204
    delivery.refresh_from_db()
    assert delivery.status == "delivered"
