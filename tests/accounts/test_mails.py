"""What a mail is made of, how its reader ends the likes of it, and mails that come back."""

import re
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from io import BytesIO, TextIOWrapper
from typing import cast

import pytest
from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from django.contrib.sessions.backends.db import SessionStore
from django.core import mail, signing
from django.core.management import call_command
from django.test import Client, RequestFactory
from pytest_django import Settings

from accounts.models import Channel, Delivery, Kind, Notification, User
from accounts.samples import FACTS
from accounts.services import deliver, email_for, note_bounce, notify
from accounts.services.mail import unsubscribe_token
from accounts.services.texting import CALLBACK
from accounts.topics import Topic, topic_of
from tests.accounts.post_office import post_office, smtp
from tests.factories.accounts import UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory(name="Rahima Begum")


def sent(user: User, kind: Kind = Kind.APPOINTMENT_CONFIRMED) -> Delivery:
    delivery = notify(user, kind, facts=FACTS).deliveries.get(channel=Channel.EMAIL)
    deliver(delivery.pk)
    delivery.refresh_from_db()
    return delivery


def written(user: User, kind: Kind) -> EmailMessage:
    told = Notification(pk="00000000-0000-7000-8000-000000000001", user=user, kind=kind, facts=FACTS)
    raw = email_for(Delivery(notification=told, channel=Channel.EMAIL)).message().as_bytes()
    return cast(EmailMessage, message_from_bytes(raw, policy=policy.default))


class Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


@pytest.mark.parametrize("language", ["en", "bn"])
def test_every_mail_has_text_and_html_that_loads_nothing(language: str) -> None:
    reader = User(pk=1, email="a@example.com", name="<b>Rahima</b>", language=language, time_zone="Asia/Dhaka")
    for kind in Kind:
        letter = written(reader, kind)
        text, html = letter.get_body(("plain",)), letter.get_body(("html",))
        assert text is not None
        assert html is not None
        tags = Tags(html.get_content()).found
        names = [name for name, _attributes in tags]
        assert not {"img", "link", "script", "iframe", "object", "b"} & set(names), kind
        assert names.count("h1") == 1
        assert dict(tags)["html"]["lang"] == language
        assert all("src" not in attributes and "background" not in attributes for _name, attributes in tags)
        assert not re.search(r"url\(|@import", html.get_content())
        assert "prefers-color-scheme: dark" in html.get_content()
        assert str(letter["Subject"]).strip()
        for words in re.findall(r"[\w']{4,}", str(letter["Subject"])):
            assert words in text.get_content() + html.get_content()


def test_only_what_may_be_refused_is_ended_by_one_press() -> None:
    reader = User(pk=1, email="a@example.com", name="Rahima", language="en", time_zone="Asia/Dhaka")
    for kind in Kind:
        letter = written(reader, kind)
        may = topic_of(kind) not in {Topic.MONEY, Topic.SAFETY}
        assert ("List-Unsubscribe" in letter) == may
        assert (letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click") == may
        if may:
            assert re.fullmatch(
                r"<https?://[^>]+/unsubscribe/[^>]+/>", str(letter["List-Unsubscribe"]).replace(" ", "")
            )


def test_mail_program_unsubscribes_its_reader_without_being_signed_in(user: User) -> None:
    sent(user)
    address = re.search(r"/unsubscribe/\S+", mail.outbox[0].body)
    assert address
    browser = Client(enforce_csrf_checks=True)
    # Programs that look at every address of a mail end nothing by that.
    assert "No more of these mails" in browser.get(address[0]).content.decode()
    user.refresh_from_db()
    assert user.choices == {}
    assert browser.post(address[0], {"List-Unsubscribe": "One-Click"}).status_code == 200
    assert browser.post(address[0], {"List-Unsubscribe": "One-Click"}).status_code == 200
    user.refresh_from_db()
    assert user.choices == {"visits:email": False}
    assert not notify(user, Kind.APPOINTMENT_MOVED, facts=FACTS).deliveries.exists()
    assert notify(user, Kind.VISIT_REMINDER, facts=FACTS).deliveries.get().channel == Channel.EMAIL


def test_link_that_is_not_ours_or_of_what_stays_on_ends_nothing(user: User, client: Client) -> None:
    token = unsubscribe_token(user, Topic.VISITS)
    for wrong in (
        token[:-1] + "_",
        "nonsense",
        unsubscribe_token(user, Topic.MONEY),
        unsubscribe_token(user, Topic.SAFETY),
        # Signed by us, for something else.
        signing.dumps([user.pk, Topic.VISITS.value], salt=CALLBACK),
    ):
        assert client.post(f"/unsubscribe/{wrong}/").status_code == 404
    user.refresh_from_db()
    assert user.choices == {}


def test_link_of_an_account_that_is_closed_ends_nothing(user: User, client: Client) -> None:
    token = unsubscribe_token(user, Topic.VISITS)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.post(f"/unsubscribe/{token}/").status_code == 404
    user.refresh_from_db()
    assert user.choices == {}


def test_what_was_switched_off_meanwhile_is_not_sent(user: User) -> None:
    delivery = notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS).deliveries.get()
    User.objects.filter(pk=user.pk).update(choices={"visits:email": False})
    deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("failed", "not_wanted")
    assert mail.outbox == []


@pytest.mark.parametrize("address", ["nobody", "a b@example.com", "a@", "a@-x", "a@example.com\nbcc: b@example.com"])
def test_malformed_address_ends_in_failed_at_once(user: User, address: str) -> None:
    User.objects.filter(pk=user.pk).update(email=address)
    delivery = sent(user)
    assert (delivery.status, delivery.error, delivery.attempts) == ("failed", "address_malformed", 1)
    assert mail.outbox == []


# Mails that come back ---------------------------------------------------------------------------------------------

REPORT = """From: MAILER-DAEMON@mx.example.net
To: portal@example.com
Subject: Undelivered Mail Returned to Sender
Content-Type: multipart/report; report-type=delivery-status; boundary="=_b"
MIME-Version: 1.0

--=_b
Content-Type: text/plain

I am sorry.
--=_b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.net

Final-Recipient: rfc822; someone@example.com
Action: {action}
Status: {status}

--=_b
Content-Type: text/rfc822-headers

Message-ID: <{key}@example.com>
To: {to}
Subject: Something

--=_b--
"""


def report(delivery: Delivery, action: str = "failed", status: str = "5.1.1") -> bytes:
    return REPORT.format(
        key=delivery.notification_id, to=delivery.notification.user.email, action=action, status=status
    ).encode()


def came_back(user: User, status: str = "5.1.1") -> Delivery:
    delivery = sent(user)
    assert note_bounce(report(delivery, status=status))
    return delivery


def test_mail_that_came_back_is_failed_with_its_reason(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    delivery, other = sent(user), sent(user)
    monkeypatch.setattr("sys.stdin", TextIOWrapper(BytesIO(report(delivery))))
    call_command("note_bounce")
    delivery.refresh_from_db()
    other.refresh_from_db()
    assert (delivery.status, delivery.error) == ("failed", "bounced")
    assert other.status == "sent"
    assert not note_bounce(report(delivery)), "it came back once"


@pytest.mark.parametrize(("action", "status"), [("delayed", "4.4.1"), ("delivered", "2.0.0"), ("failed", "4.4.1")])
def test_delay_is_no_return(user: User, action: str, status: str) -> None:
    delivery = sent(user)
    assert not note_bounce(report(delivery, action, status))
    delivery.refresh_from_db()
    assert delivery.status == "sent"


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"Subject: hello\n\nI am on holiday.", REPORT.encode()])
def test_what_is_no_report_of_a_mail_of_ours_changes_nothing(user: User, raw: bytes) -> None:
    delivery = sent(user)
    assert not note_bounce(raw)
    delivery.refresh_from_db()
    assert delivery.status == "sent"


# An address where there is no mailbox -------------------------------------------------------------------------------


def test_address_without_a_mailbox_is_not_tried_again_until_its_owner_says_that_it_is_right(
    user: User, client: Client
) -> None:
    client.force_login(user)
    assert "Mails to you" not in client.get("/inbox/").content.decode()
    came_back(user)
    outbox = len(mail.outbox)
    # What stays on, too: it would only come back.
    second = sent(user, Kind.RECEIPT_ISSUED)
    assert (second.status, second.error, second.attempts) == ("failed", "bounced_before", 0)
    assert len(mail.outbox) == outbox
    for page in ("/inbox/", "/account/messages/"):
        assert "Mails to you come back" in client.get(page).content.decode()

    answer = client.post("/account/messages/mail/", follow=True)
    assert "Mails go to your address again." in answer.content.decode()
    assert "Mails to you" not in client.get("/inbox/").content.decode()
    assert sent(user).status == "sent"


def test_other_channels_and_other_people_are_told_as_ever(user: User, other: User) -> None:
    came_back(user)
    assert sent(other).status == "sent"
    assert notify(user, Kind.APPOINTMENT_MOVED, facts=FACTS).deliveries.count() == 1


@pytest.fixture
def other() -> User:
    return UserFactory()


def test_another_address_is_tried(user: User) -> None:
    came_back(user)
    user.email = "moved@example.com"
    user.save()
    assert sent(user).status == "sent"


def test_code_of_a_mail_that_was_typed_shows_that_mails_arrive(user: User, rf: RequestFactory) -> None:
    EmailAddress.objects.filter(user=user).update(verified=False)
    address = EmailAddress.objects.get(user=user)
    came_back(user)
    address.user.refresh_from_db()
    request = rf.get("/")
    request.session = SessionStore()  # type: ignore[assignment]
    request.user = user
    assert get_adapter().confirm_email(request, address)
    assert sent(user).status == "sent"


@pytest.mark.parametrize("status", ["5.0.0", "5.2.2", "5.7.1", "5.1.8"])
def test_mail_that_came_back_for_what_it_was_says_nothing_of_the_address(user: User, status: str) -> None:
    assert came_back(user, status).error == ""
    assert sent(user).status == "sent"


def test_report_of_a_mail_to_an_earlier_address_says_nothing_of_the_one_of_now(user: User) -> None:
    delivery = sent(user)
    found = report(delivery)
    user.email = "moved@example.com"
    user.save()
    assert note_bounce(found)
    assert sent(user).status == "sent"


@pytest.mark.parametrize(
    ("answer", "error", "then"),
    [
        ("550 5.1.1 no such user", "address_unknown", "failed"),
        ("550 5.7.1 we do not like you", "address_refused", "queued"),
    ],
)
def test_server_that_knows_no_such_mailbox_is_not_asked_again(
    user: User, settings: Settings, answer: str, error: str, then: str
) -> None:
    with post_office() as office:
        settings.MAILERS = smtp(office.port)
        office.knows = answer
        delivery = sent(user)
        assert (delivery.status, delivery.error) == ("failed", error)
    user.refresh_from_db()
    assert sent(user).status == then
