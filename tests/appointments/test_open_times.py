"""Which times are open, for one doctor and for many, as the pages show them to viewers anywhere."""

import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.db import IntegrityError, connection, models, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.db.models import Value
from django.test import Client
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.hold_statements import lock_and_look
from appointments.models import OCCUPYING, Appointment, Status
from appointments.open_times import days_window, find_open_slot, open_slot_by, slots_of
from doctors.models import Doctor, Mode, PracticePlace
from scheduling.calendars import around, typed
from scheduling.models import Calendar, ExtraHours, TimeOff, WeeklyHours
from scheduling.slots import Interval, Slot, reach
from tests.appointments.visits import DHAKA
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import PatientFactory
from tests.plans import steps_of

type ClientOf = Callable[[User], Client]

# A Monday in Dhaka, an hour before the doctors' day begins.
NOW = datetime(2027, 3, 1, 8, tzinfo=DHAKA)
TODAY = NOW.date()


@pytest.fixture(autouse=True)
def frozen() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def on(day: int, hour: int, minute: int = 0) -> datetime:
    """A time of March 2027 in Dhaka."""
    return datetime(2027, 3, day, hour, minute, tzinfo=DHAKA)


def book(doctor: User, start: datetime, *, status: Status = Status.CONFIRMED, minutes: int = 15) -> Appointment:
    patient = PatientFactory()
    period = DateTimeTZRange(start, start + timedelta(minutes=minutes))
    return Appointment.objects.create(
        doctor=doctor.doctor,
        patient=patient,
        booked_by=patient.user,
        period=period,
        blocked=period,
        mode="video",
        status=status,
        hold_expires_at=NOW + timedelta(minutes=10),
        fee=0,
    )


def calendar(doctor: User) -> Calendar:
    return Calendar.objects.get(doctor=doctor.doctor)


def of_day(doctor: User, day: int) -> list[Slot]:
    return slots_of([calendar(doctor)], Interval(on(day, 0), on(day, 0) + timedelta(days=1)))[doctor.doctor.pk]


def free(slots: list[Slot]) -> list[str]:
    return [f"{slot.start.astimezone(DHAKA):%H:%M}" for slot in slots if slot.free]


def test_day_offers_its_hours_on_the_grid(doctor: User) -> None:
    slots = of_day(doctor, 2)
    assert len(slots) == 32
    assert free(slots)[:3] == ["09:00", "09:15", "09:30"]
    assert free(slots)[-1] == "16:45"


def test_what_is_booked_is_shown_as_taken_and_what_is_over_is_not(doctor: User) -> None:
    for hour, status in enumerate(Status, 9):
        book(doctor, on(2, hour), status=status)
    taken = {f"{slot.start.astimezone(DHAKA):%H:%M}" for slot in of_day(doctor, 2) if not slot.free}
    occupying = [Status.HELD, Status.PAYMENT_REVIEW, Status.CONFIRMED, Status.IN_PROGRESS]
    assert taken == {f"{list(Status).index(status) + 9:02}:00" for status in occupying}


def test_hold_is_open_again_at_the_instant_at_which_it_ends(doctor: User) -> None:
    book(doctor, on(2, 9), status=Status.HELD)
    end = NOW + timedelta(minutes=10)
    with time_machine.travel(end - timedelta(microseconds=1), tick=False):
        assert "09:00" not in free(of_day(doctor, 2))
    with time_machine.travel(end, tick=False):
        assert "09:00" in free(of_day(doctor, 2))


def test_booking_takes_whatever_it_overlaps_on_todays_grid(doctor: User) -> None:
    book(doctor, on(2, 9, 10), minutes=20)
    assert free(of_day(doctor, 2))[:2] == ["09:30", "09:45"]


def test_time_off_leaves_no_times_and_extra_hours_bring_some(doctor: User) -> None:
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(on(2, 0), on(3, 0)))
    ExtraHours.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(on(3, 20), on(3, 21)), modes=["video"])
    assert of_day(doctor, 2) == []
    assert free(of_day(doctor, 3))[-5:] == ["16:45", "20:00", "20:15", "20:30", "20:45"]


def test_notice_and_horizon_bound_what_is_offered(doctor: User) -> None:
    Calendar.objects.update(notice_minutes=120, horizon_days=2)
    assert free(of_day(doctor, 1))[0] == "10:00"
    # Until the very instant two days ahead, which is eight in the morning.
    assert of_day(doctor, 3) == []
    with time_machine.travel(on(1, 9, 15), tick=False):
        assert free(of_day(doctor, 3)) == ["09:00", "09:15"]


def test_hours_across_midnight_belong_to_both_days(doctor: User) -> None:
    WeeklyHours.objects.update(start=time(23), minutes=120)
    assert free(of_day(doctor, 2)) == [
        *("00:00", "00:15", "00:30", "00:45"),
        *("23:00", "23:15", "23:30", "23:45"),
    ]


def test_hours_that_are_not_valid_on_a_day_offer_nothing_on_it(doctor: User) -> None:
    WeeklyHours.objects.update(valid=DateRange(date(2027, 3, 3), date(2027, 3, 5)))
    assert [bool(of_day(doctor, day)) for day in (2, 3, 4, 5)] == [False, True, True, False]


def test_doctor_without_a_calendar_offers_nothing(db: None) -> None:
    doctor = DoctorFactory()
    assert slots_of([], Interval(NOW, NOW + timedelta(days=1))) == {}
    assert find_open_slot(doctor, on(2, 9), "video") is None


def test_one_slot_is_found_exactly_as_the_list_has_it(doctor: User) -> None:
    book(doctor, on(2, 10))
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(on(2, 12), on(2, 13)))
    listed = {slot.start: slot for slot in of_day(doctor, 2) if slot.free}
    profile = Doctor.objects.get(user=doctor)
    for minutes in range(8 * 60, 18 * 60, 5):
        start = on(2, 0) + timedelta(minutes=minutes)
        assert find_open_slot(profile, start, "video") == listed.get(start.astimezone(UTC))
        assert find_open_slot(profile, start, "in_person") is None


def test_notice_can_be_waived_for_who_gave_it_long_ago(doctor: User) -> None:
    Calendar.objects.update(notice_minutes=600)
    profile = Doctor.objects.get(user=doctor)
    assert find_open_slot(profile, on(1, 10), "video") is None
    assert find_open_slot(profile, on(1, 10), "video", notice=timedelta(0)) is not None
    assert find_open_slot(profile, on(1, 7, 45), "video", notice=timedelta(0)) is None


def test_times_of_many_doctors_take_as_many_queries_as_of_one(
    doctor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def all_times(expected: int) -> None:
        with django_assert_num_queries(3):
            found = slots_of(Calendar.objects.all(), days_window(TODAY, 3))
        assert len(found) == expected
        assert all(free(slots) for slots in found.values())

    book(doctor, on(1, 10))
    all_times(1)
    for _ in range(19):
        each = DoctorFactory(with_hours=True)
        ExtraHours.objects.create(doctor=each, period=DateTimeTZRange(on(1, 20), on(1, 21)), modes=["video"])
        TimeOff.objects.create(doctor=each, period=DateTimeTZRange(on(1, 9), on(1, 10)))
        for hour in (10, 11):
            book(each.user, on(1, hour))
    all_times(20)


def test_doctors_of_one_read_keep_their_own_rules(doctor: User, other_doctor: User) -> None:
    Calendar.objects.filter(doctor=other_doctor.doctor).update(
        slot_minutes=60, buffer_after_minutes=30, time_zone="Europe/London"
    )
    book(doctor, on(2, 10))
    found = slots_of(Calendar.objects.all(), Interval(on(2, 0), on(3, 0)))
    assert "10:00" not in free(found[doctor.doctor.pk])
    # Nine in London is three in the afternoon in Dhaka.
    assert free(found[other_doctor.doctor.pk]) == ["15:00", "16:30", "18:00", "19:30", "21:00"]


@pytest.mark.parametrize(
    ("slot", "before", "after"), [(15, 0, 0), (5, 0, 120), (240, 120, 0), (20, 7, 13), (240, 120, 120)]
)
def test_time_that_bears_on_a_slot_is_the_same_in_sql(doctor: User, slot: int, before: int, after: int) -> None:
    Calendar.objects.update(slot_minutes=slot, buffer_before_minutes=before, buffer_after_minutes=after)
    start = on(2, 9, 15)
    usual = typed(Calendar.objects.all(), Value(None, output_field=models.BigIntegerField()))
    in_sql = usual.values_list(around(Value(start, output_field=models.DateTimeField())), flat=True).get()
    near = reach(calendar(doctor).rules, Interval(start, start))
    assert (in_sql.lower, in_sql.upper) == (near.start, near.end)


@given(data=st.data())
@hypothesis_settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_booker_finds_open_what_the_page_finds_open(doctor: User, data: st.DataObject) -> None:
    """Two readers of one calendar: that of the pages, and that under a hold's locks."""
    minutes = data.draw(st.lists(st.integers(8 * 60, 18 * 60), max_size=6), label="booked, in minutes of the day")
    length, before, after = data.draw(st.sampled_from([(15, 0, 0), (20, 5, 10), (60, 30, 0), (45, 0, 120)]))
    away = data.draw(st.one_of(st.none(), st.integers(9, 16)), label="away at that hour")
    extra = data.draw(st.one_of(st.none(), st.integers(17, 22)), label="extra hours from")
    status = st.sampled_from([*OCCUPYING, Status.CANCELLED])
    patient = PatientFactory()
    with transaction.atomic():
        Calendar.objects.update(
            slot_minutes=length, buffer_before_minutes=before, buffer_after_minutes=after, notice_minutes=60
        )
        for minute in minutes:
            with suppress(IntegrityError), transaction.atomic():
                booked = book(doctor, on(2, 0) + timedelta(minutes=minute), status=data.draw(status))
                if data.draw(st.booleans(), label="its hold has run out"):
                    Appointment.objects.filter(pk=booked.pk).update(hold_expires_at=NOW)
        if away is not None:
            TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(on(2, away), on(2, away + 1)))
        if extra is not None:
            place = PracticePlaceFactory(doctor=doctor.doctor, is_active=data.draw(st.booleans()))
            modes = data.draw(st.sampled_from([["video"], ["in_person"], ["video", "in_person"]]))
            period = DateTimeTZRange(on(2, extra), on(2, extra + 1))
            ExtraHours.objects.create(doctor=doctor.doctor, period=period, modes=modes, place=place)
        profile = Doctor.objects.get(user=doctor)
        for minute in data.draw(
            st.lists(st.integers(0, 24 * 12), min_size=1, max_size=12), label="asked, in 5 minutes"
        ):
            start = on(2, 0) + timedelta(minutes=5 * minute)
            scene = lock_and_look(
                profile.pk, patient_id=patient.pk, account_id=patient.user.pk, start=start.astimezone(UTC)
            )
            assert scene is not None
            assert scene.time is not None
            for mode in Mode.values:
                assert open_slot_by(scene.time, start, mode, scene.now) == find_open_slot_of_any_fee(
                    profile, start, mode
                )
        transaction.set_rollback(True)


def find_open_slot_of_any_fee(doctor: Doctor, start: datetime, mode: str) -> Slot | None:
    doctor.fee_video = doctor.fee_in_person = Decimal(0)
    return find_open_slot(doctor, start, mode)


def test_bookings_of_others_are_not_read_for_the_times_of_some(
    doctor: User, other_doctor: User, patient: User, stranger: User
) -> None:
    """An index of ranges is searched by doctor *and* time. By time alone it leads to the bookings of the whole country,
    which is what PostgreSQL does for a list of doctors, and where a doctor's key is a plain number."""
    rows = []
    for whose, who in ((doctor, patient), (other_doctor, stranger)):
        for quarter in range(150):
            start = on(2, 0) + timedelta(minutes=15 * quarter)
            period = DateTimeTZRange(start, start + timedelta(minutes=15))
            booking = {"doctor": whose.doctor, "patient": who.patient, "booked_by": who, "fee": 0, "mode": "video"}
            rows.append(Appointment(**booking, period=period, blocked=period, status=Status.CONFIRMED))
    Appointment.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE appointments_appointment")
    profile = Doctor.objects.get(user=doctor)
    for act in (
        lambda: find_open_slot(profile, on(2, 9), "video"),
        lambda: slots_of(Calendar.objects.all(), days_window(TODAY, 3)),
    ):
        steps = steps_of(act, "appointments_appointment")
        assert steps
        for step in steps:
            assert re.search(r"(Index|Recheck) Cond: .*doctor_id = ", step), step


# The page of one doctor ------------------------------------------------------------------------------------------


def times_page(client: Client, doctor: User, **query: str) -> Any:
    response = client.get(f"/times/{doctor.doctor.slug}/", query)
    assert response.status_code == 200
    return response.context


def test_times_page_opens_at_the_first_day_with_a_time(doctor: User) -> None:
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(on(1, 0), on(3, 0)))
    context = times_page(Client(), doctor)
    assert context["shown"].date == date(2027, 3, 3)
    days = context["week"]
    assert [day["open"] > 0 for day in days] == [False, False, True, True, True, True, True]
    # The day that somebody asks for is shown, empty or not.
    assert times_page(Client(), doctor, day="2027-03-02")["shown"].date == date(2027, 3, 2)


def test_times_page_is_on_the_viewers_clock_and_says_so(doctor: User, client_of: ClientOf) -> None:
    here = times_page(Client(), doctor, day="2027-03-02")
    assert here["other_zone"] == ""
    abroad = client_of(UserFactory(time_zone="America/New_York"))
    response = abroad.get(f"/times/{doctor.doctor.slug}/", {"day": "2027-03-02"})
    assert response.context["other_zone"] == "Asia/Dhaka"
    # Dhaka's nine to five is ten at night to six in the morning there: two of its days lie in each of the viewer's.
    zone = ZoneInfo("America/New_York")
    starts = [slot.start.astimezone(zone) for slot in response.context["shown"].slots]
    assert {start.date() for start in starts} == {date(2027, 3, 2)}
    assert (starts[0].hour, starts[-1].hour, starts[-1].minute) == (0, 23, 45)
    assert "Dhaka time" in response.content.decode()


def test_times_page_stays_within_today_and_the_horizon(doctor: User) -> None:
    client = Client()
    for day, expected in {
        "2020-01-01": TODAY,
        "2027-03-31": date(2027, 3, 31),
        "2030-01-01": date(2027, 3, 31),
        "2199-12-31": date(2027, 3, 31),
    }.items():
        assert times_page(client, doctor, day=day)["shown"].date == expected
    first, last = times_page(client, doctor), times_page(client, doctor, day="2027-03-31")
    assert not first["earlier"]
    assert first["later"]
    assert last["earlier"]
    assert not last["later"]


@pytest.mark.parametrize(
    "query",
    [
        {"day": "month-13"},
        {"day": "2027-13-01"},
        {"day": "0001-01-01"},
        {"day": "9999-12-31"},
        {"day": "\x00"},
        {"mode": "telepathy"},
        {"mode": "in_person"},
        {"mode": "\x00", "day": "'"},
        {"day": "1" * 3000},
    ],
)
def test_times_page_shows_its_first_day_where_the_address_makes_no_sense(doctor: User, query: dict[str, str]) -> None:
    context = times_page(Client(), doctor, **query)
    assert context["shown"].date == TODAY
    assert context["mode"] == "video"


def test_times_page_of_a_mode_shows_its_times_alone(doctor: User) -> None:
    Doctor.objects.update(fee_in_person=Decimal(500))
    place = PracticePlaceFactory(doctor=doctor.doctor)
    WeeklyHours.objects.filter(weekday=1).update(modes=["in_person"], place=place)
    client = Client()
    in_person = times_page(client, doctor, mode="in_person")
    assert in_person["shown"].date == date(2027, 3, 2)
    assert times_page(client, doctor, mode="video", day="2027-03-02")["shown"].open_count == 0


def test_times_page_shows_taken_times_without_a_link(doctor: User) -> None:
    book(doctor, on(2, 9))
    page = Client().get(f"/times/{doctor.doctor.slug}/", {"day": "2027-03-02"}).content.decode()
    assert "2027-03-02T03%3A15" in page
    assert "2027-03-02T03%3A00" not in page
    assert Appointment.objects.get().patient.name not in page


def test_times_page_without_a_calendar_or_a_fee_says_so(db: None) -> None:
    assert Client().get(f"/times/{DoctorFactory().slug}/").status_code == 200
    nothing = DoctorFactory(with_hours=True, fee_video=None)
    assert Client().get(f"/times/{nothing.slug}/").status_code == 404
    assert Client().get("/times/no-such-doctor/").status_code == 404


def test_times_page_takes_the_same_queries_however_much_is_booked(
    doctor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def look() -> None:
        times_page(Client(), doctor)

    look()
    # The doctor, four for what a card shows; the kinds of visit, the hours, and what bears on the week.
    with django_assert_num_queries(8):
        look()
    for hour in range(9, 17):
        book(doctor, on(2, hour))
    with django_assert_num_queries(8):
        look()


# The strips of many cards ----------------------------------------------------------------------------------------


def strips(**query: str) -> list[dict[str, Any]]:
    response = Client().get("/times/", query)
    assert response.status_code == 200
    return response.context["cards"]


def test_strips_show_three_days_of_each_card(doctor: User, other_doctor: User) -> None:
    book(doctor, on(1, 9))
    cards = {card["doctor"]: card for card in strips(doctors=f"{doctor.doctor.pk},{other_doctor.doctor.pk}")}
    assert set(cards) == {doctor.doctor, other_doctor.doctor}
    columns = cards[doctor.doctor]["columns"]
    assert [column["date"] for column in columns] == [TODAY + timedelta(days=offset) for offset in range(3)]
    assert free(columns[0]["slots"])[:2] == ["09:15", "09:30"]


@pytest.mark.parametrize(
    "doctors",
    ["", ",", "x", "-1", "1.5", "\x00", "9" * 11, "9" * 4000, "१", "1;drop", "0", "18446744073709551616"],
)
def test_strips_of_nobody_are_empty(db: None, doctors: str) -> None:
    assert strips(doctors=doctors) == []
    assert strips(doctors=doctors, mode="\x00") == []


def test_strips_leave_out_whom_the_public_does_not_see(db: None) -> None:
    hidden = [DoctorFactory(with_hours=True, hidden=True), DoctorFactory(with_hours=True, unverified=True)]
    assert strips(doctors=",".join(str(doctor.pk) for doctor in hidden)) == []


def test_strips_of_many_cards_take_as_many_queries_as_of_one(
    doctor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    strips(doctors=str(doctor.doctor.pk))
    with django_assert_num_queries(3):
        assert len(strips(doctors=str(doctor.doctor.pk))) == 1
    doctors = [doctor.doctor, *(DoctorFactory(with_hours=True) for _ in range(24))]
    asked = ",".join(str(each.pk) for each in doctors)
    with django_assert_num_queries(3):
        assert len(strips(doctors=asked)) == 20, "no more than a page of cards"


@pytest.mark.parametrize("path", ["/times/", "/times/{slug}/"])
def test_times_are_only_read(doctor: User, path: str) -> None:
    for method in ("post", "put", "delete"):
        assert getattr(Client(), method)(path.format(slug=doctor.doctor.slug)).status_code == 405


def test_a_place_that_is_closed_takes_no_bookings_and_leaves_the_videos(doctor: User) -> None:
    """Hours in person only are gone; hours that are also by video go on by video."""
    Doctor.objects.update(fee_in_person=1000)
    chamber = PracticePlaceFactory(doctor=doctor.doctor)
    WeeklyHours.objects.update(modes=[Mode.VIDEO, Mode.IN_PERSON], place=chamber)
    ExtraHours.objects.create(
        doctor=doctor.doctor,
        period=DateTimeTZRange(on(2, 18), on(2, 19)),
        modes=[Mode.IN_PERSON],
        place=chamber,
    )
    both = of_day(doctor, 2)
    assert len(both) == 36
    assert find_open_slot(Doctor.objects.get(), on(2, 10), Mode.IN_PERSON) is not None
    PracticePlace.objects.update(is_active=False)
    left = of_day(doctor, 2)
    assert len(left) == 32
    assert {mode for slot in left for mode in slot.modes} == {Mode.VIDEO}
    assert find_open_slot(Doctor.objects.get(), on(2, 10), Mode.IN_PERSON) is None
    assert find_open_slot(Doctor.objects.get(), on(2, 10), Mode.VIDEO) is not None
