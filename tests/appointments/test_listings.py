"""What search is told of open times, and when it is told again."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import pytest
import time_machine
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments import hours, listings
from appointments.listings import refresh_listings
from appointments.open_times import slots_of
from appointments.services import cancel_appointment, end_leave, hold_slot, lay_leave
from appointments.tasks import refresh_stale_listings
from doctors.models import Doctor, DoctorListing, Mode, OpenDay, Part
from doctors.services import mark_stale
from scheduling.models import Calendar, ExtraHours, TimeOff, WeeklyHours
from tests.appointments.visits import DHAKA, at, confirmed, hold
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory

# A Monday in Dhaka, an hour before the doctors' day begins.
NOW = datetime(2027, 3, 1, 8, tzinfo=DHAKA)


def on(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=DHAKA)


def listing(doctor: User) -> DoctorListing:
    return DoctorListing.objects.get(doctor=doctor.doctor)


def open_days(doctor: User) -> set[tuple[date, str, str]]:
    return set(OpenDay.objects.filter(doctor=doctor.doctor).values_list("date", "part", "mode"))


def is_stale(doctor: User) -> bool:
    return listing(doctor).stale_at <= timezone.now()


@time_machine.travel(NOW, tick=False)
def test_refresh_writes_the_next_time_and_the_open_days(doctor: User) -> None:
    WeeklyHours.objects.exclude(weekday__in=[0, 2]).delete()
    refresh_listings([doctor.doctor.pk])

    found = listing(doctor)
    assert found.next_open_video == on(1, 9)
    assert found.next_open_in_person is None
    assert found.stale_at == NOW + timedelta(minutes=15)
    # Mondays and Wednesdays of the fortnight; the second Monday after lies beyond it.
    days = [date(2027, 3, day) for day in (1, 3, 8, 10)]
    assert open_days(doctor) == {(day, part, Mode.VIDEO) for day in days for part in (Part.MORNING, Part.AFTERNOON)}


@time_machine.travel(NOW, tick=False)
def test_refresh_tells_the_modes_apart(doctor: User) -> None:
    Doctor.objects.update(fee_in_person=Decimal(900))
    WeeklyHours.objects.exclude(weekday__in=[0, 1]).delete()
    place = PracticePlaceFactory(doctor=doctor.doctor)
    WeeklyHours.objects.filter(weekday=0).update(start=time(18), minutes=60)
    WeeklyHours.objects.filter(weekday=1).update(modes=["in_person"], place=place, minutes=60)
    refresh_listings([doctor.doctor.pk])

    assert listing(doctor).next_open_video == on(1, 18)
    assert listing(doctor).next_open_in_person == on(2, 9)
    assert open_days(doctor) == {
        (date(2027, 3, 1), Part.EVENING, Mode.VIDEO),
        (date(2027, 3, 2), Part.MORNING, Mode.IN_PERSON),
        (date(2027, 3, 8), Part.EVENING, Mode.VIDEO),
        (date(2027, 3, 9), Part.MORNING, Mode.IN_PERSON),
    }
    assert listing(doctor).next_open == on(1, 18)


@time_machine.travel(NOW, tick=False)
def test_refresh_leaves_out_a_mode_that_has_hours_but_no_fee(doctor: User) -> None:
    place = PracticePlaceFactory(doctor=doctor.doctor)
    WeeklyHours.objects.update(modes=["video", "in_person"], place=place)
    refresh_listings([doctor.doctor.pk])
    assert listing(doctor).next_open_in_person is None
    assert {mode for _date, _part, mode in open_days(doctor)} == {Mode.VIDEO}


@time_machine.travel(NOW, tick=False)
def test_refresh_writes_days_as_the_doctors_clock_has_them(doctor: User) -> None:
    Calendar.objects.update(time_zone="America/New_York")
    WeeklyHours.objects.exclude(weekday=0).delete()
    WeeklyHours.objects.update(start=time(20), minutes=60)
    refresh_listings([doctor.doctor.pk])
    # Eight on Monday evening in New York is seven on Tuesday morning in Dhaka.
    assert listing(doctor).next_open_video == on(2, 7)
    assert (date(2027, 3, 1), Part.EVENING, Mode.VIDEO) in open_days(doctor)


@time_machine.travel(NOW, tick=False)
def test_refresh_takes_away_what_is_no_longer_open(doctor: User) -> None:
    refresh_listings([doctor.doctor.pk])
    assert len(open_days(doctor)) == 28
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(on(1, 0), on(12, 12)))
    refresh_listings([doctor.doctor.pk])
    assert listing(doctor).next_open_video == on(12, 12)
    assert min(open_days(doctor)) == (date(2027, 3, 12), Part.AFTERNOON, Mode.VIDEO)

    WeeklyHours.objects.all().delete()
    refresh_listings([doctor.doctor.pk])
    assert listing(doctor).next_open_video is None
    assert open_days(doctor) == set()


def test_refresh_of_a_doctor_without_a_calendar_empties_what_stood_there(db: None) -> None:
    doctor = DoctorFactory(listing__next_open_video=timezone.now())
    OpenDay.objects.create(doctor=doctor, date=timezone.localdate(), part=Part.MORNING, mode=Mode.VIDEO)
    refresh_listings([doctor.pk])
    assert listing(doctor.user).next_open_video is None
    assert not OpenDay.objects.exists()


def test_refresh_of_nobody_does_nothing(db: None) -> None:
    refresh_listings([])
    refresh_listings([10**9])


def test_refresh_leaves_other_doctors_alone(doctor: User, other_doctor: User) -> None:
    refresh_listings([doctor.doctor.pk, other_doctor.doctor.pk])
    before = open_days(other_doctor)
    WeeklyHours.objects.all().delete()
    refresh_listings([doctor.doctor.pk])
    assert open_days(other_doctor) == before


def test_refresh_of_many_takes_as_many_statements_as_of_one(
    doctor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    over = {"date": date(2020, 1, 1), "part": Part.MORNING, "mode": Mode.VIDEO}
    OpenDay.objects.create(doctor=doctor.doctor, **over)
    # Fresh from now; calendars, hours, what bears on them; the listings locked and written, the open days read, taken
    # away and added; two for the transaction.
    with django_assert_num_queries(11):
        refresh_listings([doctor.doctor.pk])
    doctors = [DoctorFactory(with_hours=True).pk for _ in range(19)]
    ExtraHours.objects.create(doctor_id=doctors[0], period=DateTimeTZRange(at(20), at(21)), modes=["video"])
    OpenDay.objects.bulk_create(OpenDay(doctor_id=pk, **over) for pk in doctors[1:])
    with django_assert_num_queries(11):
        refresh_listings([doctor.doctor.pk, *doctors])
    assert DoctorListing.objects.filter(next_open_video__isnull=False).count() == 20


def test_stale_listings_are_refreshed_and_fresh_ones_are_left(doctor: User, other_doctor: User) -> None:
    DoctorListing.objects.update(next_open_video=None)
    DoctorListing.objects.filter(doctor=other_doctor.doctor).update(stale_at=timezone.now() + timedelta(minutes=1))
    refresh_stale_listings()
    assert listing(doctor).next_open_video is not None
    assert listing(other_doctor).next_open_video is None
    assert not is_stale(doctor)


def hold_and_pay(doctor: User, patient: User) -> None:
    confirmed(doctor, patient)


def let_go(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    refresh_listings([doctor.doctor.pk])
    cancel_appointment(held, by=patient, side="patient")


def new_hours(doctor: User, patient: User) -> None:
    hours.save_week(doctor.doctor, Calendar.objects.get(), [])


def time_off(doctor: User, patient: User) -> None:
    lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(10)), by=doctor)


def come_back(doctor: User, patient: User) -> None:
    row = TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(at(9), at(10)))
    end_leave(doctor.doctor, row)


@pytest.mark.parametrize("change", [hold, hold_and_pay, let_go, new_hours, time_off, come_back])
def test_whatever_changes_the_open_times_makes_them_stale(
    doctor: User, patient: User, other_doctor: User, change: Callable[[User, User], object]
) -> None:
    Calendar.objects.exclude(doctor=doctor.doctor).delete()
    refresh_listings([doctor.doctor.pk, other_doctor.doctor.pk])
    assert not is_stale(doctor)
    change(doctor, patient)
    assert is_stale(doctor)
    assert not is_stale(other_doctor)


@pytest.mark.django_db(transaction=True)
def test_booking_between_the_look_and_the_write_leaves_the_listing_stale(
    doctor: User, patient: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written down is what was seen before; it must not count as fresh."""
    first = slots_of(Calendar.objects.all(), listings.Interval(at(0, days=0), at(0, days=3)))[doctor.doctor.pk]
    opens = next(slot.start for slot in first if slot.free)

    def look_then_somebody_books(*args: object) -> object:
        seen = slots_of(*args)  # type: ignore[arg-type]
        hold_slot(doctor.doctor.pk, start=opens, mode="video", patient_id=patient.patient.pk, by=patient)
        return seen

    monkeypatch.setattr(listings, "slots_of", look_then_somebody_books)
    refresh_listings([doctor.doctor.pk])
    assert listing(doctor).next_open_video == opens
    assert is_stale(doctor)

    monkeypatch.undo()
    refresh_stale_listings()
    assert listing(doctor).next_open_video > opens
    assert not is_stale(doctor)


def test_refresh_that_was_overtaken_by_a_later_one_writes_nothing(
    doctor: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look_then_another_refreshes(*args: object) -> object:
        seen = slots_of(*args)  # type: ignore[arg-type]
        monkeypatch.undo()
        with transaction.atomic():
            WeeklyHours.objects.all().delete()
            mark_stale([doctor.doctor.pk])
        refresh_listings([doctor.doctor.pk])
        return seen

    monkeypatch.setattr(listings, "slots_of", look_then_another_refreshes)
    refresh_listings([doctor.doctor.pk])
    assert listing(doctor).next_open_video is None
    assert open_days(doctor) == set()
    assert not is_stale(doctor)
