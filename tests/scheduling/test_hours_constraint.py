"""What the database itself forbids about hours, and that it counts the minutes of a week as the slots do."""

from datetime import date, time

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from hypothesis import example, given, settings
from hypothesis import strategies as st

from accounts.models import User
from config.db import constraint_name
from scheduling.models import Calendar, ExtraHours, TimeOff, WeeklyHours
from scheduling.services import AlreadyOff, HoursOverlap, save_week, take_time_off
from scheduling.slots import week_minutes
from tests.appointments.visits import at
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.scheduling import WeeklyHoursFactory

DAY, WEEK = 24 * 60, 7 * 24 * 60

weekdays = st.integers(0, 6)
starts = st.integers(0, DAY - 1)
lengths = st.integers(1, DAY)


@given(hours=st.lists(st.tuples(weekdays, starts, lengths), min_size=1, max_size=60))
@example(hours=[(weekday, start, minutes) for weekday in range(7) for start in (0, 1439) for minutes in (1, 5, 1440)])
@settings(max_examples=40, deadline=None)
@pytest.mark.django_db
def test_database_counts_the_minutes_of_a_week_as_the_slots_do(hours: list[tuple[int, int, int]]) -> None:
    rows = [(weekday, time(start // 60, start % 60), minutes) for weekday, start, minutes in hours]
    arrays = [list(column) for column in zip(*rows, strict=True)]
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT week_minutes(weekday, start, minutes)"
            " FROM unnest(%s::smallint[], %s::time[], %s::smallint[]) AS hours(weekday, start, minutes)",
            arrays,
        )
        found = [{(part.lower, part.upper) for part in multirange} for (multirange,) in cursor.fetchall()]
    assert found == [set(week_minutes(*each)) for each in hours]


def collide(doctor: User, first: tuple[int, time, int], second: tuple[int, time, int]) -> bool:
    def make(weekday: int, start: time, minutes: int) -> None:
        WeeklyHoursFactory(doctor=doctor.doctor, weekday=weekday, start=start, minutes=minutes)

    WeeklyHours.objects.all().delete()
    make(*first)
    refused_by = None
    try:
        with transaction.atomic():
            make(*second)
    except IntegrityError as refused:
        refused_by = constraint_name(refused)
    assert refused_by in (None, "weekly_hours_not_overlapping")
    return refused_by is not None


@given(first=st.tuples(weekdays, starts, st.integers(5, DAY)), second=st.tuples(weekdays, starts, st.integers(5, DAY)))
@example(first=(6, 23 * 60, 120), second=(0, 30, 60))
@example(first=(6, 23 * 60, 120), second=(0, 60, 60))
@example(first=(0, 0, DAY), second=(6, 1, DAY))
@settings(max_examples=60, deadline=None)
@pytest.mark.django_db
def test_database_refuses_exactly_the_hours_that_overlap(
    first: tuple[int, int, int], second: tuple[int, int, int]
) -> None:
    minutes_of = [
        {minute for begin, end in week_minutes(*hours) for minute in range(begin, end)} for hours in (first, second)
    ]
    doctor = doctor_of_the_property()
    clocks = [(weekday, time(start // 60, start % 60), length) for weekday, start, length in (first, second)]
    assert collide(doctor, *clocks) == bool(minutes_of[0] & minutes_of[1])


def doctor_of_the_property() -> User:
    found = User.objects.filter(doctor__isnull=False).first()
    return found or DoctorFactory().user


def test_hours_of_two_doctors_do_not_collide(doctor: User, other_doctor: User) -> None:
    assert WeeklyHours.objects.count() == 14


def test_hours_that_are_valid_at_different_times_do_not_collide(doctor: User) -> None:
    WeeklyHours.objects.all().delete()
    spring = DateRange(date(2027, 1, 1), date(2027, 4, 1))
    WeeklyHoursFactory(doctor=doctor.doctor, weekday=0, valid=spring)
    WeeklyHoursFactory(doctor=doctor.doctor, weekday=0, valid=DateRange(date(2027, 4, 1), None))
    with pytest.raises(IntegrityError), transaction.atomic():
        WeeklyHoursFactory(doctor=doctor.doctor, weekday=0, valid=DateRange(date(2027, 3, 31), date(2027, 4, 1)))


@pytest.mark.parametrize(
    ("broken", "constraint"),
    [
        ({"minutes": 4}, "weekly_hours_not_too_long"),
        ({"minutes": 1441}, "weekly_hours_not_too_long"),
        ({"weekday": 6, "start": time(9), "minutes": 0}, "weekly_hours_not_too_long"),
        ({"modes": []}, "weekly_hours_not_without_a_mode"),
        ({"modes": ["video", "in_person"]}, "hours_in_person_not_without_a_place"),
    ],
)
def test_hours_that_make_no_sense_are_refused_by_the_database(
    doctor: User, broken: dict[str, object], constraint: str
) -> None:
    row = WeeklyHours.objects.filter(weekday=3)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        row.update(**broken)
    assert constraint_name(refused.value) == constraint


@pytest.mark.parametrize("weekday", [-1, 7, 8])
def test_weekday_that_there_is_not_is_refused_by_the_database(doctor: User, weekday: int) -> None:
    with pytest.raises(DatabaseError), transaction.atomic():
        WeeklyHours.objects.filter(weekday=3).update(weekday=weekday)


@pytest.mark.parametrize("model", [TimeOff, ExtraHours])
@pytest.mark.parametrize(
    "period",
    [
        DateTimeTZRange(None, None),
        DateTimeTZRange(at(9), None),
        DateTimeTZRange(None, at(9)),
        DateTimeTZRange(at(9), at(9)),
        DateTimeTZRange(empty=True),
    ],
    ids=str,
)
def test_endless_and_empty_periods_are_refused_by_the_database(
    doctor: User, model: type[TimeOff] | type[ExtraHours], period: DateTimeTZRange
) -> None:
    more = {"modes": ["video"]} if model is ExtraHours else {}
    with pytest.raises(IntegrityError), transaction.atomic():
        model.objects.create(doctor=doctor.doctor, period=period, **more)


def test_extra_hours_in_person_need_a_place(doctor: User) -> None:
    period = DateTimeTZRange(at(9), at(10))
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        ExtraHours.objects.create(doctor=doctor.doctor, period=period, modes=["in_person"])
    assert constraint_name(refused.value) == "extra_hours_in_person_not_without_a_place"
    place = PracticePlaceFactory(doctor=doctor.doctor)
    assert ExtraHours.objects.create(doctor=doctor.doctor, period=period, modes=["in_person"], place=place).pk


def test_visit_without_length_is_refused_by_the_database(doctor: User) -> None:
    for minutes in (0, 4, 241):
        with pytest.raises(IntegrityError), transaction.atomic():
            Calendar.objects.update(slot_minutes=minutes)


def test_week_that_overlaps_itself_is_refused_as_a_whole(doctor: User) -> None:
    calendar = Calendar.objects.get()
    calendar.slot_minutes = 45
    rows = [WeeklyHours(doctor=doctor.doctor, weekday=0, start=time(9), minutes=60, modes=["video"]) for _ in range(2)]
    with pytest.raises(HoursOverlap):
        save_week(calendar, rows)
    assert WeeklyHours.objects.count() == 7
    assert Calendar.objects.get().slot_minutes == 15


def test_time_off_twice_is_refused(doctor: User, other_doctor: User) -> None:
    period = DateTimeTZRange(at(9), at(12))
    take_time_off(doctor.doctor, period)
    take_time_off(other_doctor.doctor, period)
    take_time_off(doctor.doctor, DateTimeTZRange(at(12), at(13)))
    with pytest.raises(AlreadyOff):
        take_time_off(doctor.doctor, DateTimeTZRange(at(11), at(14)))
    assert TimeOff.objects.count() == 3
