"""Reminders: due by the clock, told once to everybody who acts for the patient, and not of what was called off."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Delivery, Kind, Notification, User
from accounts.services import BACKOFF, CHANNELS, deliver, words
from appointments import reminders
from appointments.erasure import blank_visits
from appointments.models import Appointment, Lead, Reminder, Status
from appointments.models.reminders import SPANS
from appointments.reminders import remind
from appointments.services import cancel_appointment, change_status, reschedule
from appointments.tasks import sweep_reminders
from config.retention import keep_to_retention
from patients.models import Guardianship
from tests.appointments.races import at_once
from tests.appointments.visits import DHAKA, at, confirmed, hold, shifted
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.plans import steps_of

type ClientOf = Callable[[User], Client]

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def booked_long_ago(visit: Appointment) -> Appointment:
    Appointment.objects.filter(pk=visit.pk).update(created_at=timezone.now() - timedelta(days=7))
    visit.refresh_from_db()
    return visit


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    """The day after tomorrow at ten, booked long ago."""
    return booked_long_ago(confirmed(doctor, patient, at(10, days=2)))


def told(user: User) -> list[dict[str, Any]]:
    notices = Notification.objects.filter(user=user, kind=Kind.VISIT_REMINDER).order_by("pk")
    return [notice.facts for notice in notices]


def sweep_at(moment: datetime) -> None:
    with time_machine.travel(moment, tick=False):
        sweep_reminders()


@pytest.mark.parametrize(
    ("lead", "before"),
    [(Lead.DAY, timedelta(hours=24)), (Lead.HOUR, timedelta(hours=1)), (Lead.SOON, timedelta(minutes=10))],
)
def test_patient_is_reminded_once_at_each_time(
    visit: Appointment, patient: User, doctor: User, lead: Lead, before: timedelta
) -> None:
    sweep_at(visit.start - before - SECOND)
    assert [fact["lead"] for fact in told(patient)] == [other.value for other in Lead if is_due_already(other, before)]
    already = len(told(patient))
    for moment in (visit.start - before, visit.start - before, visit.start - before + SECOND):
        sweep_at(moment)
    [fact] = told(patient)[already:]
    assert (fact["lead"], len(fact["visits"])) == (lead, 1)
    assert fact["visits"][0]["path"] == visit.get_absolute_url()
    assert told(doctor) == []


def is_due_already(lead: Lead, before: timedelta) -> bool:
    """Whether the reminder of that lead is due already just before that time."""
    return SPANS[lead][1] < before + SECOND < SPANS[lead][0]


def test_what_a_worker_missed_is_told_late_and_then_no_more(visit: Appointment, patient: User) -> None:
    sweep_at(visit.start - timedelta(hours=13))
    assert [fact["lead"] for fact in told(patient)] == [Lead.DAY]
    sweep_at(visit.start - timedelta(seconds=59))
    assert [fact["lead"] for fact in told(patient)] == [Lead.DAY]


def test_who_books_late_is_not_told_again_what_was_just_confirmed(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient, at(10, days=2))
    Appointment.objects.filter(pk=visit.pk).update(created_at=visit.start - timedelta(hours=20))
    sweep_at(visit.start - timedelta(hours=19))
    assert told(patient) == []
    sweep_at(visit.start - timedelta(minutes=59))
    assert [fact["lead"] for fact in told(patient)] == [Lead.HOUR]


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW])
def test_only_what_is_confirmed_is_reminded_of(visit: Appointment, patient: User, status: Status) -> None:
    change_status(visit, status, by=None)
    sweep_at(visit.start - timedelta(minutes=9))
    assert told(patient) == []
    assert not Reminder.objects.exists()


def test_held_times_are_not_reminded_of(doctor: User, patient: User) -> None:
    held = booked_long_ago(hold(doctor, patient, at(10, days=2)))
    sweep_at(held.start - timedelta(hours=23))
    assert told(patient) == []


def test_moved_visit_is_reminded_of_anew(visit: Appointment, patient: User) -> None:
    sweep_at(visit.start - timedelta(hours=24))
    moved = shifted(visit, visit.start + timedelta(days=1))
    Appointment.objects.filter(pk=visit.pk).update(sequence=1)
    sweep_at(moved.start - timedelta(hours=24) - SECOND)
    assert len(told(patient)) == 1
    sweep_at(moved.start - timedelta(hours=24))
    assert [fact["start"] for fact in told(patient)][1:] == [moved.start.isoformat()]
    assert list(Reminder.objects.order_by("pk").values_list("sequence", "lead")) == [(0, "day"), (1, "day")]


def test_reminder_row_not_twice(visit: Appointment) -> None:
    Reminder.objects.create(appointment=visit, sequence=0, lead=Lead.DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.create(appointment=visit, sequence=0, lead=Lead.DAY)
    with pytest.raises(IntegrityError), transaction.atomic():
        Reminder.objects.create(appointment=visit, sequence=0, lead="week")


# Whom, and what together -----------------------------------------------------------------------------------------


def test_every_current_guardian_is_told_in_their_language_and_on_their_clock(doctor: User) -> None:
    child = PatientFactory(child=True, name="Nabil")
    mother = GuardianshipFactory(patient=child, guardian__language="bn").guardian
    father = GuardianshipFactory(patient=child, guardian__time_zone="America/New_York").guardian
    former = GuardianshipFactory(patient=child)
    Guardianship.objects.filter(pk=former.pk).update(valid=("2020-01-01", "2021-01-01"))
    doctor.doctor.name_bn = "আনিসুল হক"
    doctor.doctor.save(update_fields=["name_bn"])
    visit = booked_long_ago(confirmed(doctor, mother, at(10, days=2), patient=child))
    sweep_at(visit.start - timedelta(hours=24))

    assert told(former.guardian) == []
    notice = Notification.objects.get(user=mother, kind=Kind.VISIT_REMINDER)
    assert "আনিসুল হক" in notice.facts["visits"][0]["doctor"]
    other = Notification.objects.get(user=father, kind=Kind.VISIT_REMINDER)
    subject, body = words(other)
    assert f"{visit.start.astimezone(father.zone):%-I:%M}" in subject
    assert "New York time" in body


def test_several_visits_of_a_day_are_one_message(patient: User) -> None:
    """Also those of later that day, and of the family; each of them is claimed."""
    child = GuardianshipFactory(guardian=patient).patient
    doctors = [DoctorFactory(with_hours=True).user for _ in range(3)]
    first, later = (booked_long_ago(confirmed(doctors[n], patient, at(hour, days=2))) for n, hour in ((0, 10), (1, 16)))
    childs = booked_long_ago(confirmed(doctors[2], patient, at(12, days=2), patient=child))
    next_day = booked_long_ago(confirmed(doctors[2], patient, at(10, days=3)))
    sweep_at(first.start - timedelta(hours=24))
    [fact] = told(patient)
    assert [visit["path"] for visit in fact["visits"]] == [each.get_absolute_url() for each in (first, childs, later)]
    assert Reminder.objects.filter(lead=Lead.DAY).count() == 3

    sweep_at(later.start - timedelta(hours=24))
    assert len(told(patient)) == 1, "they were told of already"
    sweep_at(next_day.start - timedelta(hours=24))
    assert len(told(patient)) == 2


def test_whoever_hears_of_one_visit_hears_of_the_others_of_the_day_too(doctor: User, other_doctor: User) -> None:
    """A chain: one child's visit brings in the other guardian's own, of the same day."""
    child = PatientFactory(child=True)
    mother = GuardianshipFactory(patient=child, guardian=PatientFactory().user).guardian
    father = GuardianshipFactory(patient=child, guardian=PatientFactory().user).guardian
    childs = booked_long_ago(confirmed(doctor, mother, at(10, days=2), patient=child))
    fathers = booked_long_ago(confirmed(other_doctor, father, at(15, days=2)))
    sweep_at(childs.start - timedelta(hours=24))
    assert [len(fact["visits"]) for fact in told(mother)] == [1]
    assert [[visit["path"] for visit in fact["visits"]] for fact in told(father)] == [
        [childs.get_absolute_url(), fathers.get_absolute_url()]
    ]


def test_day_is_the_listeners_own(doctor: User, other_doctor: User) -> None:
    """Two visits of one day in Dhaka, midnight in Los Angeles between them."""
    patient = PatientFactory(user__time_zone="America/Los_Angeles").user
    midnight = timezone.now().astimezone(patient.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    midnight += timedelta(days=3)
    before, after = (
        booked_long_ago(shifted(confirmed(each, patient, at(10 + n, days=2)), midnight + timedelta(minutes=minutes)))
        for n, (each, minutes) in enumerate(((doctor, -30), (other_doctor, 30)))
    )
    assert before.start.astimezone(DHAKA).date() == after.start.astimezone(DHAKA).date()
    sweep_at(after.start - timedelta(hours=24))
    assert sorted(len(fact["visits"]) for fact in told(patient)) == [1, 1]


def test_mail_says_nothing_of_health_and_not_with_whom_in_its_subject(visit: Appointment, patient: User) -> None:
    Appointment.objects.update(reason="Chest pain since Friday")
    sweep_at(visit.start - timedelta(hours=24))
    for delivery in Delivery.objects.filter(notification__kind=Kind.VISIT_REMINDER):
        deliver(delivery.pk)
    [message] = [message for message in mail.outbox if "Reminder" in message.subject]
    assert visit.doctor.name not in message.subject
    assert patient.name not in message.subject
    assert "Chest" not in message.body + message.subject
    assert visit.get_absolute_url() in message.body
    assert Notification.objects.get(kind=Kind.VISIT_REMINDER).pk.hex in message.extra_headers["Message-ID"].replace(
        "-", ""
    )


# Sending ---------------------------------------------------------------------------------------------------------


def test_reminder_of_what_was_called_off_meanwhile_is_not_sent(visit: Appointment, patient: User) -> None:
    with time_machine.travel(visit.start - timedelta(hours=24), tick=False):
        remind(Lead.DAY)
        cancel_appointment(visit, by=patient, side="patient")
    assert told(patient) == []


def test_reminder_of_what_was_moved_meanwhile_is_not_sent(visit: Appointment, patient: User) -> None:
    with time_machine.travel(visit.start - timedelta(hours=24), tick=False):
        remind(Lead.DAY)
        reschedule(visit, start=visit.start + timedelta(days=1), sequence=0, by=patient, side="patient")
    assert told(patient) == []


def test_called_off_visit_is_taken_out_of_a_message_of_several(
    visit: Appointment, patient: User, other_doctor: User
) -> None:
    other = booked_long_ago(confirmed(other_doctor, patient, at(15, days=2)))
    with time_machine.travel(visit.start - timedelta(hours=24), tick=False):
        remind(Lead.DAY)
        cancel_appointment(visit, by=patient, side="patient")
    [fact] = told(patient)
    assert [each["path"] for each in fact["visits"]] == [other.get_absolute_url()]
    assert fact["start"] == other.start.isoformat()


def test_reminder_is_not_sent_once_the_visit_has_begun(
    visit: Appointment, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mail server is down for too long: it is tried again, and given up in time."""

    def down(delivery: Delivery) -> None:
        raise OSError

    monkeypatch.setitem(CHANNELS, "email", down)
    with time_machine.travel(visit.start - timedelta(minutes=10), tick=False) as clock:
        remind(Lead.SOON)
        delivery = Delivery.objects.get(notification__kind=Kind.VISIT_REMINDER)
        deliver(delivery.pk)
        delivery.refresh_from_db()
        assert (delivery.status, delivery.attempts) == ("queued", 1)
        assert delivery.due_at == timezone.now() + BACKOFF[0]
        Delivery.objects.filter(pk=delivery.pk).update(due_at=visit.start - timedelta(days=9))
        clock.move_to(visit.start)
        deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error, delivery.attempts) == ("failed", "too_late", 1)


def test_what_others_were_told_goes_with_an_erasure_and_old_rows_in_time(visit: Appointment, patient: User) -> None:
    with time_machine.travel(visit.start - timedelta(hours=24), tick=False):
        remind(Lead.DAY)
    blank_visits(patient.patient)
    assert told(patient) == []
    assert keep_to_retention()["reminders"] == 0
    Reminder.objects.update(at=timezone.now() - timedelta(days=91))
    assert keep_to_retention()["reminders"] == 1


# Many, and at once -----------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_sweepers_remind_each_visit_once(doctor: User, monkeypatch: pytest.MonkeyPatch, guarded: bool) -> None:
    """Without the second look one of them finds claimed what the other was claiming when it began to look."""
    monkeypatch.setattr(reminders, "BATCH", 1)
    visits = [booked_long_ago(confirmed(doctor, PatientFactory().user, at(10, n * 15, days=2))) for n in range(2)]
    if not guarded:
        # As they saw it when they began to look: nobody had claimed it.
        monkeypatch.setattr(reminders, "locked", lambda rows: Appointment.objects.filter(pk=visits[0].pk))
        monkeypatch.setattr(reminders, "unclaimed", lambda visits, lead: list(visits))
    with time_machine.travel(visits[0].start - timedelta(minutes=40), tick=False):
        outcomes = at_once(*[lambda: [remind(Lead.HOUR) for _ in range(2)]] * 4)
    if guarded:
        assert {outcome.name for outcome in outcomes} == {"done"}
        assert Notification.objects.filter(kind=Kind.VISIT_REMINDER).count() == 2
    else:
        assert {outcome.name for outcome in outcomes} == {"IntegrityError"}
    assert Reminder.objects.count() == 1 + guarded


def test_batch_takes_the_same_queries_for_one_visit_and_for_three(
    doctor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 3):
        for n in range(count):
            visit = booked_long_ago(confirmed(doctor, PatientFactory().user, at(9 + count, n * 15, days=2)))
        with time_machine.travel(visit.start - timedelta(hours=23), tick=False), django_assert_num_queries(15):
            remind(Lead.DAY)


def test_due_visits_are_found_by_when_they_begin(visit: Appointment) -> None:
    def look() -> None:
        list(Appointment.objects.to_remind(Lead.DAY, timezone.now()).order_by("period__startswith")[:10])

    assert all("confirmed_by_start" in step for step in steps_of(look, "appointments_appointment"))
