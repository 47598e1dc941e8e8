"""Times that came free: who on the waiting list is offered them, in which order, and what becomes of that."""

import json
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
import redis
import time_machine
from django.core import mail
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import Kind, Notification, User
from accounts.services import deliver
from appointments import hours
from appointments.errors import NoFollowUp
from appointments.freed_times import OFFERED_FOR, offer_open_times
from appointments.models import Appointment, Status, Wait, WaitingList, WaitOffer
from appointments.services import cancel_appointment, end_leave, start_payment
from appointments.tasks import end_hold, sweep_holds, sweep_waiting_lists
from doctors.models import Doctor
from patients.models import Guardianship
from scheduling.models import Calendar, TimeOff, VisitKind, VisitType, WeeklyHours
from tests.appointments.visits import at, confirmed, days_from_now, held_until_past, hold, pay, shifted, story
from tests.appointments.waits import days, free, joined, of_type, offered
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory

pytestmark = pytest.mark.django_db


# Who is offered what ---------------------------------------------------------------------------------------------


def test_time_that_comes_free_is_held_for_who_waited_longest(
    doctor: User, full: list[Appointment], patient: User, stranger: User
) -> None:
    joined(doctor, patient)
    joined(doctor, stranger)
    assert offered(doctor) == []
    free(full[0])
    with time_machine.travel(timezone.now(), tick=False):
        [(user, time)] = offered(doctor)
        assert time.hold_expires_at == timezone.now() + OFFERED_FOR
    assert user == patient
    assert (time.start, time.status, time.booked_by, time.patient) == (at(10), "held", patient, patient.patient)
    assert (time.fee, time.mode) == (doctor.doctor.fee_video, "video")
    assert story(time) == [("", "held", None, "offered")]
    assert time.events.get().period == time.period
    assert offered(doctor) == [(patient, time)], "nobody else is asked meanwhile"

    notice = Notification.objects.get(user=patient, kind=Kind.TIME_OFFERED)
    delivery = notice.deliveries.get()
    assert delivery.until == time.hold_expires_at
    deliver(delivery.pk)
    assert time.get_absolute_url() in mail.outbox[-1].body
    assert doctor.doctor.name not in mail.outbox[-1].subject


def test_two_times_go_to_two(doctor: User, full: list[Appointment]) -> None:
    waits = [joined(doctor) for _ in range(3)]
    for visit in full:
        free(visit)
    assert offered(doctor) == [
        (waits[0].asked_by, waits[0].offers.get().appointment),
        (waits[1].asked_by, waits[1].offers.get().appointment),
    ]


@pytest.mark.parametrize("how", ["declines", "lets it run out"])
def test_next_is_asked_and_nobody_twice_about_one_time(
    doctor: User, full: list[Appointment], patient: User, stranger: User, how: str
) -> None:
    joined(doctor, patient)
    joined(doctor, stranger)
    free(full[0])
    for user in (patient, stranger):
        [(asked, time)] = offered(doctor)
        assert asked == user
        if how == "declines":
            cancel_appointment(time, by=user, side="patient")
        else:
            held_until_past(time)
            sweep_holds()
    assert offered(doctor) == [], "both said no: the time is everybody's"
    assert hold(doctor, PatientFactory().user, at(10)).status == Status.HELD

    # They still wait for other times.
    free(full[1])
    [(asked, time)] = offered(doctor)
    assert (asked, time.start) == (patient, at(10, 30))


def test_time_not_offered_twice_to_one(doctor: User, full: list[Appointment], patient: User) -> None:
    wait = joined(doctor, patient)
    free(full[0])
    [(_user, time)] = offered(doctor)
    other = hold(DoctorFactory(with_hours=True).user, patient, at(12))
    with pytest.raises(IntegrityError), transaction.atomic():
        WaitOffer.objects.create(wait=wait, appointment=other, start=time.start)


def test_offer_is_paid_as_any_hold_and_ends_the_wait(doctor: User, full: list[Appointment], patient: User) -> None:
    wait = joined(doctor, patient)
    free(full[0])
    [(_user, time)] = offered(doctor)
    charge = start_payment(time, by=patient)
    assert charge is not None
    time.refresh_from_db()
    assert time.hold_expires_at == time.created_at + timedelta(minutes=20)
    pay(time)
    assert time.status == Status.CONFIRMED
    wait.refresh_from_db()
    assert wait.state == Wait.State.BOOKED
    free(full[1])
    assert offered(doctor) == []


def test_payment_that_is_looked_at_keeps_the_offer_open(doctor: User, full: list[Appointment], patient: User) -> None:
    joined(doctor, patient)
    free(full[0])
    [(_user, time)] = offered(doctor)
    pay(time, risky=True)
    free(full[1])
    assert offered(doctor) == [(patient, time)]


def test_who_finds_a_time_otherwise_waits_no_more(doctor: User, full: list[Appointment], patient: User) -> None:
    wait = joined(doctor, patient, days=days(1, 1))
    free(full[0])
    confirmed(doctor, patient, at(10))
    wait.refresh_from_db()
    assert wait.state == Wait.State.BOOKED


def test_whose_patient_is_busy_is_passed_over(
    doctor: User, other_doctor: User, full: list[Appointment], patient: User, stranger: User
) -> None:
    confirmed(other_doctor, patient, at(10, 15))
    joined(doctor, patient)
    joined(doctor, stranger)
    free(full[0])
    assert [(user, time.start) for user, time in offered(doctor)] == [(stranger, at(10))]


def test_who_acts_for_the_patient_no_more_is_passed_over(doctor: User, full: list[Appointment], stranger: User) -> None:
    bond = GuardianshipFactory()
    joined(doctor, bond.guardian, patient=bond.patient)
    joined(doctor, stranger)
    Guardianship.objects.all().delete()
    free(full[0])
    assert [user for user, _time in offered(doctor)] == [stranger]


def test_wishes_are_kept_to(doctor: User, full: list[Appointment]) -> None:
    Doctor.objects.filter(pk=doctor.doctor.pk).update(fee_in_person=900)
    joined(doctor, days=days(2, 5))
    joined(doctor, part="afternoon")
    joined(doctor, mode="in_person")
    fits = joined(doctor, part="morning", mode="video", days=days(1, 1))
    free(full[0])
    assert [user for user, _time in offered(doctor)] == [fits.asked_by]


def test_days_that_are_over_are_waited_for_no_more(doctor: User, full: list[Appointment]) -> None:
    wait = joined(doctor)
    Wait.objects.filter(pk=wait.pk).update(days=DateRange(date(2026, 1, 1), days_from_now(0)))
    free(full[0])
    assert offered(doctor) == []


def test_doctor_who_is_not_public_offers_nothing(doctor: User, full: list[Appointment]) -> None:
    joined(doctor)
    free(full[0])
    Doctor.objects.filter(pk=doctor.doctor.pk).update(suspended_at=timezone.now(), suspension_reason="Complaints")
    assert offered(doctor) == []


# For what kind of visit ------------------------------------------------------------------------------------------


def test_time_is_offered_for_the_kind_of_visit_that_is_waited_for(
    doctor: User, full: list[Appointment], patient: User, stranger: User
) -> None:
    joined(doctor, patient, visit_type=of_type(doctor))
    free(full[0])
    assert offered(doctor) == [], "half an hour is too short"
    free(full[1])
    [(user, time)] = offered(doctor)
    assert (user, time.start, time.minutes) == (patient, at(10), 60)
    assert (time.visit_kind, time.visit_label, time.fee) == ("new", "First visit", 1500)


def test_who_waited_longest_is_asked_first_though_another_kind_of_visit_begins_earlier(
    doctor: User, full: list[Appointment], patient: User, stranger: User
) -> None:
    joined(doctor, patient, visit_type=of_type(doctor, minutes=20))
    joined(doctor, stranger)
    free(full[1])
    assert [(user, time.start) for user, time in offered(doctor)] == [(patient, at(10, 40))]


def test_pauses_of_the_kind_are_kept_free(doctor: User, full: list[Appointment], patient: User) -> None:
    """They reach into the visit after it."""
    joined(doctor, patient, visit_type=of_type(doctor, minutes=20, buffer_after_minutes=40))
    free(full[0])
    assert offered(doctor) == []
    free(full[1])
    [(_user, time)] = offered(doctor)
    assert (time.end, time.blocked.upper) == (at(10, 20), at(11))


def seen(doctor: User, user: User, days_ago: int) -> None:
    """The user's patient had a visit with the doctor, so many days ago."""
    visit = shifted(hold(DoctorFactory(with_hours=True).user, user, at(16)), at(9, days=-days_ago))
    Appointment.objects.filter(pk=visit.pk).update(status=Status.COMPLETED, doctor=doctor.doctor)


def test_follow_up_is_offered_within_its_days_alone(
    doctor: User, full: list[Appointment], patient: User, stranger: User
) -> None:
    Doctor.objects.filter(user=doctor).update(follow_up_fee=Decimal(300), follow_up_days=14)
    doctor.doctor.refresh_from_db()
    kind = of_type(doctor, kind=VisitKind.FOLLOW_UP, label="", minutes=30, fee_video=None)
    for user, days_ago in ((stranger, 12), (patient, 13)):
        seen(doctor, user, days_ago)
        joined(doctor, user, visit_type=kind)
    with pytest.raises(NoFollowUp):
        joined(doctor, visit_type=kind)
    assert Wait.objects.count() == 2
    Appointment.objects.filter(patient=stranger.patient, status="completed").update(doctor=DoctorFactory())
    free(full[0])
    [(user, time)] = offered(doctor)
    assert (user, time.start, time.visit_kind, time.fee) == (patient, at(10), "follow_up", 300)
    Doctor.objects.filter(user=doctor).update(follow_up_days=13)
    cancel_appointment(time, by=patient, side="patient")
    free(full[1])
    assert offered(doctor) == []


def test_kind_that_is_taken_away_is_the_usual_visit_and_one_that_is_not_offered_nothing(
    doctor: User, full: list[Appointment], patient: User, stranger: User
) -> None:
    gone, off = of_type(doctor, minutes=30), of_type(doctor, label="Long talk", minutes=30)
    joined(doctor, stranger, visit_type=off)
    joined(doctor, patient, visit_type=gone)
    VisitType.objects.filter(pk=off.pk).update(is_active=False)
    gone.delete()
    free(full[0])
    [(user, time)] = offered(doctor)
    assert (user, time.visit_label, time.fee) == (patient, "", 800)


# What frees a time -----------------------------------------------------------------------------------------------


def again(doctor: User) -> None:
    """The list was just looked through."""
    WaitingList.objects.update(look_at=timezone.now() + timedelta(minutes=5))


def test_hold_that_ran_out_frees_its_time(doctor: User, full: list[Appointment], patient: User) -> None:
    free(full[0])
    held = hold(doctor, PatientFactory().user, at(10))
    joined(doctor, patient)
    again(doctor)
    held_until_past(held)
    sweep_holds()
    assert [user for user, _time in offered(doctor)] == [patient]


def test_hold_is_looked_at_in_the_moment_at_which_it_ends_where_somebody_waits(
    doctor: User,
    full: list[Appointment],
    patient: User,
    valkey: redis.Redis,
    django_capture_on_commit_callbacks: Any,
) -> None:
    free(full[0])
    holds = [hold(each, PatientFactory().user, at(10)) for each in (doctor, DoctorFactory(with_hours=True).user)]
    joined(doctor, patient)
    end = timezone.now() + timedelta(seconds=10)
    Appointment.objects.filter(status=Status.HELD).update(hold_expires_at=end)
    with django_capture_on_commit_callbacks(execute=True):
        sweep_holds()
    messages: Any = valkey.lrange("celery:default", 0, -1)
    sent = [json.loads(message)["headers"] for message in messages]
    [asked] = [each for each in sent if each["task"] == end_hold.name]
    assert str(holds[0].pk) in asked["argsrepr"]
    assert timedelta() < datetime.fromisoformat(asked["eta"]) - end < timedelta(seconds=0.1)

    end_hold(str(holds[0].pk))
    assert offered(doctor) == [], "it is held still"
    with time_machine.travel(end + timedelta(milliseconds=20)):
        end_hold(str(holds[0].pk))
        assert [user for user, _time in offered(doctor)] == [patient]


@pytest.mark.parametrize("what", ["new hours", "time off taken back"])
def test_doctor_who_has_more_time_frees_it(doctor: User, full: list[Appointment], patient: User, what: str) -> None:
    joined(doctor, patient)
    again(doctor)
    if what == "new hours":
        row = WeeklyHours(doctor=doctor.doctor, weekday=at(11).weekday(), start=time(10), minutes=90, modes=["video"])
        hours.save_week(doctor.doctor, Calendar.objects.get(doctor=doctor.doctor), [row])
        expected = at(11)
    else:
        away = TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(at(9), at(12)))
        free(full[0])
        assert offered(doctor) == []
        again(doctor)
        end_leave(doctor.doctor, away)
        expected = at(10)
    assert [(user, time.start) for user, time in offered(doctor)] == [(patient, expected)]


def test_list_is_looked_through_again_by_itself(doctor: User, full: list[Appointment], patient: User) -> None:
    """Another day comes within the horizon, and nobody did anything."""
    wait = joined(doctor, patient, days=days(8, 8))
    Wait.objects.filter(pk=wait.pk).update(days=days(8, 8))
    assert offered(doctor) == []
    with time_machine.travel(at(10, 15, days=2)):
        assert [(user, time.start) for user, time in offered(doctor)] == [(patient, at(10, days=6))]


def test_nothing_is_looked_for_where_nobody_waits(
    doctor: User, full: list[Appointment], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_num_queries(1):
        sweep_waiting_lists()
    with django_assert_num_queries(6):
        offer_open_times(doctor.doctor.pk)


def test_offers_take_the_same_queries_for_one_who_waits_and_for_three(
    doctor: User, full: list[Appointment], django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for count in (1, 2):
        for _ in range(count):
            joined(doctor)
        with django_assert_num_queries(12):
            offer_open_times(doctor.doctor.pk)
