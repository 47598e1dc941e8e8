"""Calendars outside: what mails, files and feeds say, read by a parser that is not the one that wrote it."""

from collections.abc import Callable
from datetime import UTC, timedelta
from email import message_from_bytes, policy
from typing import Any

import pytest
import vobject
from django.core import mail
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Delivery, User
from accounts.services import deliver
from appointments.feeds import digest_of, make_feed, revoke_feed
from appointments.ical import google_link, ical
from appointments.models import CalendarFeed, Status
from appointments.services import cancel_appointment, change_status
from config.logging import without_secret_addresses
from tests.appointments.visits import at, confirmed, hold, shifted
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.page import read

type ClientOf = Callable[[User], Client]

pytestmark = pytest.mark.django_db

ONE, BANGLA = 'Green Road, Chamber 4; "first" floor\\left\nBack', "ডা. আনিসুল হক " * 8


def parsed(text: str) -> Any:
    """The one calendar in the text. Lines end and fold as RFC 5545 has it: at most 75 octets, none of them a stray."""
    assert "\n" not in text.replace("\r\n", "")
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    [calendar] = vobject.readComponents(text)
    return calendar


def calendars_to(user: User) -> list[tuple[str, str]]:
    """The invitations that this user was sent: method and text."""
    for delivery in Delivery.objects.due():
        deliver(delivery.pk)
    sent = [message.message(policy=policy.SMTP).as_bytes() for message in mail.outbox if message.to == [user.email]]
    # As it arrives: in memory lines end otherwise.
    parts = [part for raw in sent for part in message_from_bytes(raw, policy=policy.SMTP).walk()]
    found = [part for part in parts if part.get_content_type() == "text/calendar"]
    return [(part.get_param("method"), part.get_payload(decode=True).decode()) for part in found]


def test_mails_carry_the_invitation_its_update_and_its_end(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    cancel_appointment(visit, by=patient, side="patient")
    (request, first), (cancel, last) = calendars_to(patient)
    asked, ended = parsed(first), parsed(last)
    assert (request, asked.method.value, asked.vevent.status.value) == ("REQUEST", "REQUEST", "CONFIRMED")
    assert (cancel, ended.method.value, ended.vevent.status.value) == ("CANCEL", "CANCEL", "CANCELLED")
    assert asked.vevent.uid.value == ended.vevent.uid.value
    assert asked.vevent.dtstart.value == visit.start.astimezone(UTC)
    assert asked.vevent.dtend.value == visit.end.astimezone(UTC)
    assert asked.vevent.attendee.value == f"mailto:{patient.email}"
    assert [method for method, _text in calendars_to(doctor)] == ["REQUEST", "CANCEL"]


def test_moved_visit_is_the_same_event_with_a_higher_sequence(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    before = parsed(ical(visit, reader=patient, method="REQUEST"))
    visit.sequence = 1
    after = parsed(ical(visit, reader=patient, method="REQUEST"))
    assert (before.vevent.sequence.value, after.vevent.sequence.value) == ("0", "1")
    assert before.vevent.uid.value == after.vevent.uid.value


def test_commas_lines_and_bangla_survive(doctor: User, patient: User) -> None:
    doctor.doctor.name_bn = BANGLA.strip()
    visit = confirmed(doctor, patient)
    visit.doctor = doctor.doctor
    visit.place = doctor.doctor.places.create(name=ONE, address="12, Green Road", district="dhaka")
    with translation.override("bn"):
        event = parsed(ical(visit, reader=patient)).vevent
    assert BANGLA.strip() in event.summary.value
    assert event.location.value == f"{ONE}, 12, Green Road"


def test_google_is_told_no_more_than_the_file(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient, reason="Chest pain")
    assert "Chest" not in google_link(visit, reader=patient)
    assert "Chest" not in ical(visit, reader=patient)
    assert patient.name not in google_link(visit, reader=doctor)


# Feeds -----------------------------------------------------------------------------------------------------------


def feed(token: str, **headers: str) -> Any:
    return Client().get(f"/calendar/{token}.ics", headers=headers)


def events_of(token: str) -> list[Any]:
    response = feed(token)
    assert response.status_code == 200
    return list(getattr(parsed(response.content.decode()), "vevent_list", []))


def test_feed_tells_when_and_no_more(doctor: User, patient: User) -> None:
    child = GuardianshipFactory(guardian=patient, patient__name="Nabil").patient
    mine, childs = (
        confirmed(doctor, patient, at(10), reason="Chest pain"),
        confirmed(doctor, patient, at(11), patient=child),
    )
    cancelled, held = confirmed(doctor, patient, at(12)), hold(doctor, patient, at(13))
    cancel_appointment(cancelled, by=patient, side="patient")
    other = confirmed(doctor, PatientFactory().user, at(14))
    token = make_feed(patient, CalendarFeed.Side.PATIENT)
    events = events_of(token)
    assert [event.uid.value.partition("@")[0] for event in events] == [str(mine.pk), str(childs.pk)]
    assert {event.summary.value for event in events} == {"Video appointment"}
    assert events[0].dtstart.value == mine.start.astimezone(UTC)
    text = feed(token).content.decode()
    for secret in (doctor.doctor.name, patient.name, "Nabil", "Chest", str(held.pk), str(other.pk), "LOCATION"):
        assert secret not in text

    practice = make_feed(doctor, CalendarFeed.Side.PRACTICE)
    assert len(events_of(practice)) == 3
    assert patient.name not in feed(practice).content.decode()
    assert events_of(make_feed(doctor, CalendarFeed.Side.PATIENT)) == []


def test_guardianship_that_ended_ends_the_feed_of_the_child(doctor: User) -> None:
    bond = GuardianshipFactory()
    confirmed(doctor, bond.guardian, patient=bond.patient)
    token = make_feed(bond.guardian, CalendarFeed.Side.PATIENT)
    assert len(events_of(token)) == 1
    bond.delete()
    assert events_of(token) == []


def test_old_visits_are_left_out_and_those_of_the_last_month_are_not(doctor: User, patient: User) -> None:
    visits = [confirmed(doctor, patient, at(10 + n)) for n in range(2)]
    for visit, days in zip(visits, (29, 31), strict=True):
        shifted(visit, timezone.now() - timedelta(days=days))
        change_status(visit, Status.COMPLETED, by=None)
    assert len(events_of(make_feed(patient, CalendarFeed.Side.PATIENT))) == 1


def test_secret_is_kept_as_a_digest_and_opens_until_it_is_changed_or_taken_back(patient: User) -> None:
    token = make_feed(patient, CalendarFeed.Side.PATIENT)
    row = CalendarFeed.objects.get()
    assert token not in str(vars(row))
    assert row.digest == digest_of(token)
    assert feed(token).status_code == 200
    newer = make_feed(patient, CalendarFeed.Side.PATIENT)
    assert [feed(each).status_code for each in (token, newer)] == [404, 200]
    patient.is_active = False
    patient.save(update_fields=["is_active"])
    assert feed(newer).status_code == 404
    patient.is_active = True
    patient.save(update_fields=["is_active"])
    revoke_feed(patient, CalendarFeed.Side.PATIENT)
    assert feed(newer).status_code == 404


def test_unchanged_feed_is_not_sent_again(doctor: User, patient: User) -> None:
    confirmed(doctor, patient)
    token = make_feed(patient, CalendarFeed.Side.PATIENT)
    first = feed(token)
    assert first["Cache-Control"] == "private, max-age=900"
    assert "Set-Cookie" not in first.headers
    assert first["X-Robots-Tag"] == "noindex"
    same = feed(token, if_none_match=first["ETag"])
    assert (same.status_code, same.content) == (304, b"")
    confirmed(doctor, patient, at(12))
    assert feed(token, if_none_match=first["ETag"]).status_code == 200


def test_feed_is_read_in_the_same_queries_for_one_visit_and_for_three(
    doctor: User, patient: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    token = make_feed(patient, CalendarFeed.Side.PATIENT)
    feed(token)
    for n in range(3):
        confirmed(doctor, patient, at(10 + n))
        with django_assert_num_queries(3):
            assert len(events_of(token)) == n + 1


def test_feed_that_is_asked_too_often_says_when_to_come_back(patient: User, settings: Settings) -> None:
    from django.core.cache import cache

    cache.clear()
    settings.ACCOUNT_RATE_LIMITS = {"calendar_feed": "600/m/ip,3/h/key"}
    token = make_feed(patient, CalendarFeed.Side.PATIENT)
    assert [feed(token).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert feed(token)["Retry-After"] == "900"
    assert feed(make_feed(patient, CalendarFeed.Side.PATIENT)).status_code == 200
    cache.clear()


@pytest.mark.parametrize("name", ["event", "request"])
def test_secret_addresses_are_not_written_down(name: str) -> None:
    line = without_secret_addresses(None, "info", {name: "GET /calendar/Ab-c_9.ics and more"})  # type: ignore[arg-type]
    assert line[name] == "GET /calendar/….ics and more"


def test_page_makes_shows_once_changes_and_takes_back(patient: User, doctor: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    assert "Make a secret address" in read(client, "/account/calendars/").html
    assert client.post("/account/calendars/make/", {"side": "patient"}).status_code == 302
    shown = read(client, "/account/calendars/").html
    address = shown.partition("/calendar/")[2].partition(".ics")[0]
    assert feed(address).status_code == 200
    later = read(client, "/account/calendars/").html
    assert address not in later
    assert "A calendar last read it" in later
    assert client.post("/account/calendars/revoke/", {"side": "patient"}).status_code == 302
    assert feed(address).status_code == 404
    assert client.post("/account/calendars/make/", {"side": "practice"}).status_code == 404
    assert client_of(doctor).post("/account/calendars/make/", {"side": "practice"}).status_code == 302
