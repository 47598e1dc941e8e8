"""Telling people: the row is certain, the mail follows, whatever is down."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import IntegrityError, connection, transaction
from django.utils import timezone, translation
from pytest_django import Settings

from accounts.models import Channel, Delivery, Kind, Notification, User
from accounts.services import BACKOFF, deliver, notify, words
from accounts.tasks import sweep_deliveries
from config.ports import free_port
from config.processes import wait_until
from tests.accounts.post_office import PostOffice, post_office, smtp
from tests.broker import broker_at
from tests.factories.accounts import UserFactory
from tests.servers import Server

FACTS: dict[str, Any] = {
    "doctor": "Dr. Farhana Islam",
    "patient": "Rahima Begum",
    "start": "2027-03-02T04:00:00+00:00",
    "mode": "video",
    "place": "",
    "path": "/appointments/1/",
    "by": "patient",
    "day": "2027-03-02",
    "until": "2027-03-02T04:15:00+00:00",
    "lead": "day",
    "answer_until": "2027-03-07T04:00:00+00:00",
    "decide_until": "2027-03-12T04:00:00+00:00",
    "first": "2027-03-01",
    "last": "2027-03-02",
    "differences": 3,
}
FACTS["visits"] = [dict(FACTS), dict(FACTS)]

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory(name="Rahima Begum")


def tell(user: User, kind: Kind = Kind.APPOINTMENT_CONFIRMED, **more: Any) -> Delivery:
    return notify(user, kind, facts=FACTS, **more).deliveries.get()


def due_again(delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(due_at=timezone.now() - timedelta(hours=1))


@pytest.fixture
def office(settings: Settings) -> Iterator[PostOffice]:
    """A mail server that the portal is set to."""
    with post_office() as running:
        settings.MAILERS = smtp(running.port)
        yield running


def test_telling_writes_a_notification_and_its_delivery(user: User) -> None:
    delivery = tell(user, calendar="BEGIN:VCALENDAR", calendar_method="REQUEST")
    notification = Notification.objects.get()
    assert (notification.user, notification.kind, notification.facts) == (user, Kind.APPOINTMENT_CONFIRMED, FACTS)
    assert notification.read_at is None
    assert (delivery.channel, delivery.status, delivery.attempts) == (Channel.EMAIL, "queued", 0)
    assert list(Delivery.objects.due()) == [delivery]
    assert mail.outbox == []


@pytest.mark.django_db(transaction=True)
def test_telling_is_undone_with_what_it_tells(user: User) -> None:
    with transaction.atomic():
        tell(user)
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not Delivery.objects.exists()


def test_delivery_not_twice_on_a_channel(user: User) -> None:
    delivery = tell(user)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.create(notification=delivery.notification, channel=Channel.EMAIL)
    with pytest.raises(IntegrityError), transaction.atomic():
        Delivery.objects.filter(pk=delivery.pk).update(status="sent")


def test_mail_is_sent_once(user: User) -> None:
    delivery = tell(user)
    deliver(delivery.pk)
    deliver(delivery.pk)
    sweep_deliveries()

    [message] = mail.outbox
    assert message.to == [user.email]
    assert message.extra_headers["Auto-Submitted"] == "auto-generated"
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.error) == ("sent", 1, "")
    assert delivery.sent_at is not None


def test_delivery_that_there_is_not_is_nothing_to_do(user: User) -> None:
    deliver(10**9)
    assert mail.outbox == []


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("language", ["en", "bn"])
def test_every_kind_has_words_in_every_language(kind: Kind, language: str) -> None:
    money = {"amount": "800.00", "currency": "BDT", "description": "Consultation fee", "reason": "cancelled"}
    notification = Notification(user=UserFactory(language=language), kind=kind, facts=FACTS | money)
    subject, body = words(notification)
    assert subject
    assert "\n" not in subject
    assert len(body) > len(subject)
    assert "{" not in subject + body
    assert "&#x27;" not in body


def test_words_are_in_the_readers_language_and_time_not_in_the_actors(user: User) -> None:
    reader = UserFactory(time_zone="America/New_York", language="en")
    notification = notify(reader, Kind.APPOINTMENT_CONFIRMED, facts=FACTS)
    with translation.override("bn"), timezone.override("Asia/Tokyo"):
        _subject, body = words(notification)
    assert "11:00\N{NO-BREAK SPACE}pm" in body
    assert "When:" in body


def test_names_with_line_breaks_do_not_become_headers(user: User) -> None:
    facts = FACTS | {"doctor": "Dr. X\r\nBcc: everybody@example.com"}
    delivery = notify(user, Kind.APPOINTMENT_CONFIRMED, facts=facts).deliveries.get()
    deliver(delivery.pk)
    [message] = mail.outbox
    assert "Bcc" not in message.message()
    assert message.recipients() == [user.email]


def test_calendar_goes_with_the_mail(user: User, office: PostOffice) -> None:
    delivery = tell(user, calendar="BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", calendar_method="REQUEST")
    deliver(delivery.pk)
    [letter] = office.letters
    invitation, file = letter.walk(), [part for part in letter.walk() if part.get_filename()]
    [part] = [part for part in invitation if part.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"
    assert part.get_content_charset() == "utf-8"
    assert part.get_filename() is None
    assert "BEGIN:VCALENDAR" in part.get_payload(decode=True).decode()
    assert [(part.get_content_type(), part.get_filename()) for part in file] == [("application/ics", "appointment.ics")]


def test_failure_is_tried_again_ever_later_under_one_message_id_and_given_up_in_the_end(
    user: User, office: PostOffice
) -> None:
    office.answer = "451 not now"
    delivery = tell(user)
    for attempt, wait in enumerate(BACKOFF, 1):
        before = timezone.now()
        deliver(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts, delivery.error) == ("queued", attempt, "SMTPDataError")
        assert before + wait <= delivery.due_at <= timezone.now() + wait
        # Before its time, nobody tries it.
        deliver(delivery.pk)
        sweep_deliveries()
        assert len(office.seen) == attempt
        due_again(delivery)

    office.answer = "250 taken"
    sweep_deliveries()
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("sent", "")
    assert len(office.letters) == 1
    assert len({letter["Message-ID"] for letter in office.seen}) == 1
    assert office.letters[0]["Message-ID"] == f"<{delivery.notification_id}@example.com>"


def test_failure_after_the_last_try_is_given_up(user: User, office: PostOffice) -> None:
    office.answer = "554 never"
    delivery = tell(user)
    for _ in range(len(BACKOFF) + 3):
        deliver(delivery.pk)
        due_again(delivery)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts) == ("failed", len(BACKOFF) + 1)
    assert len(office.seen) == len(BACKOFF) + 1


def test_mail_server_that_is_down_costs_one_attempt(user: User, settings: Settings) -> None:
    settings.MAILERS = smtp(free_port())
    delivery = tell(user)
    deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.attempts, delivery.error) == ("queued", 1, "ConnectionRefusedError")


def test_delivery_that_cannot_be_written_does_not_keep_the_others(user: User) -> None:
    """A bug in the words of one kind: it is set back, and those behind it go out."""
    broken = notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS | {"start": "not a time"}).deliveries.get()
    Delivery.objects.filter(pk=broken.pk).update(due_at=timezone.now() - timedelta(days=1))
    good = tell(user)
    sweep_deliveries()
    broken.refresh_from_db()
    good.refresh_from_db()
    assert (broken.status, broken.attempts) == ("queued", 1)
    assert broken.error
    assert good.status == "sent"


@pytest.mark.django_db(transaction=True)
def test_two_workers_at_once_send_one_mail(user: User, office: PostOffice) -> None:
    delivery = tell(user)
    office.open.clear()

    def work() -> None:
        try:
            deliver(delivery.pk)
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as workers:
        first = workers.submit(work)
        assert office.arrived.wait(timeout=30)
        # While the first waits for the mail server's answer, the second finds nothing to do.
        workers.submit(work).result(timeout=30)
        assert not first.done()
        office.open.set()
        first.result(timeout=30)
    assert len(office.seen) == 1
    delivery.refresh_from_db()
    assert delivery.status == "sent"


@pytest.mark.django_db(transaction=True)
def test_worker_that_dies_after_the_mail_went_out_sends_it_again_under_the_same_id(
    user: User, office: PostOffice
) -> None:
    delivery = tell(user)
    with transaction.atomic():
        deliver(delivery.pk)
        transaction.set_rollback(True)  # as a kill before the commit does
    sweep_deliveries()
    assert len(office.letters) == 2
    assert office.letters[0]["Message-ID"] == office.letters[1]["Message-ID"]


@pytest.fixture
def no_broker() -> Iterator[None]:
    """The broker is down: its address is a port on which nobody listens."""
    with broker_at(f"redis://127.0.0.1:{free_port()}/0"):
        yield


@pytest.mark.django_db(transaction=True)
def test_broker_that_is_down_costs_neither_the_row_nor_time(user: User, no_broker: None) -> None:
    begun = time.perf_counter()
    with transaction.atomic():
        for _ in range(5):
            delivery = tell(user)
    took = time.perf_counter() - begun
    print(f"\ncommitted with five hints to a broker that is down, in {took * 1000:.0f} ms")
    assert took < 2

    assert Delivery.objects.due().count() == 5
    sweep_deliveries()
    assert len(mail.outbox) == 5
    delivery.refresh_from_db()
    assert delivery.status == "sent"


@pytest.mark.django_db(transaction=True)
def test_worker_sends_it_at_once(user: User, celery_worker_process: Server) -> None:
    delivery = tell(user)

    def is_sent() -> bool:
        delivery.refresh_from_db()
        return delivery.status == "sent"

    assert wait_until(is_sent, timeout=30, watched=[celery_worker_process.process])
