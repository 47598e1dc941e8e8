"""The figures of each day beside a plain count of the rows from which they come."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentEvent, Status
from config.days import DAY, midnight, zone
from config.figures import count_days, recount_days, refresh_days
from config.models import CountedDay, DailyFigure, Name
from doctors.models import DailySteps, Doctor, DoctorSpecialty, Step
from payments.models import Refund
from payments.services.ledger import post_refund_due, post_refund_paid, post_settlement
from scheduling.calendars import read_calendars
from scheduling.figures import offered_by_day
from scheduling.models import Calendar, ExtraHours, TimeOff, WeeklyHours
from scheduling.slots import Interval
from telehealth.figures import calls_by_day
from telehealth.models import Consultation, JoinEvidence
from tests.factories.doctors import DoctorFactory, DoctorSpecialtyFactory
from tests.factories.patients import PatientFactory
from tests.factories.payments import PaymentAttemptFactory

pytestmark = pytest.mark.django_db

# A day in May on which everything here is over, and one that begins at that instant in Dhaka.
NOW = datetime(2026, 6, 20, 12, tzinfo=zone())
MAY = date(2026, 5, 1)
MONTHS = (date(2026, 4, 1), date(2026, 6, 20))


@pytest.fixture(autouse=True)
def _in_june():
    with time_machine.travel(NOW, tick=False):
        yield


def visit(doctor: Doctor, patient: Any, start: datetime, status: str, held_at: datetime | None = None) -> Appointment:
    """A row as the services would have left it, with what tells whether it was ever booked."""
    period = DateTimeTZRange(start, start + timedelta(minutes=15))
    return Appointment.objects.create(
        doctor=doctor,
        patient=patient,
        booked_by=patient.user,
        period=period,
        blocked=period,
        mode="video",
        status=status,
        hold_expires_at=start,
        fee=500,
        created_at=held_at or start - timedelta(hours=3),
    )


def let_go(row: Appointment) -> None:
    AppointmentEvent.objects.create(appointment=row, old=Status.HELD, new=Status.CANCELLED)


def stored(*names: str) -> dict[tuple[date, str, str], int]:
    rows = DailyFigure.objects.filter(name__in=names).values_list("day", "name", "of", "value")
    return {(day, name, of): int(value) for day, name, of, value in rows}


def count(first: date = MONTHS[0], last: date = MONTHS[1]) -> None:
    for _month in count_days(first, last):
        pass


def year_of_visits() -> None:
    """Around every midnight of two months, with all ends that a visit can come to."""
    random = Random(7)
    doctors, patients = [DoctorFactory() for _ in range(3)], [PatientFactory() for _ in range(4)]
    DoctorSpecialtyFactory(doctor=doctors[0])
    ends = [Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED, Status.EXPIRED, Status.CONFIRMED, Status.HELD]
    for number in range(60):
        start = midnight(MAY + number // 2 * DAY) + random.choice([-15, 0, 15, 600]) * timedelta(minutes=1)
        start += number * timedelta(seconds=1)
        held_at = start - random.choice([1, 600, 9000]) * timedelta(minutes=1)
        row = visit(doctors[number % 3], patients[number % 4], start, ends[number % 6], held_at)
        if row.status == Status.CANCELLED and number % 4 == 0:
            let_go(row)


def plain_count() -> Counter[tuple[date, str, str]]:
    """The same by the simplest means: each row looked at by itself."""
    found: Counter[tuple[date, str, str]] = Counter()
    people: dict[tuple[date, str], set[Any]] = {}
    for row in Appointment.objects.prefetch_related("events"):
        was_let_go = any((each.old, each.new) == (Status.HELD, Status.CANCELLED) for each in row.events.all())
        never = row.status in (Status.HELD, Status.EXPIRED) or was_let_go
        day = row.start.astimezone(zone()).date()
        outcome = "let_go" if never else "ahead" if row.status == Status.CONFIRMED else str(row.status)
        found[day, Name.VISITS, outcome] += 1
        if not never and row.status != Status.CANCELLED:
            firsts = DoctorSpecialty.objects.filter(doctor=row.doctor_id).order_by("position", "pk")
            found[day, Name.SPECIALTY, str(firsts[0].specialty_id)] += 1
        held_on = row.created_at.astimezone(zone()).date()
        found[held_on, Name.FUNNEL, "held"] += 1
        found[held_on, Name.FUNNEL, "booked"] += not never
        if row.status == Status.COMPLETED:
            for who, key in (("doctors", row.doctor_id), ("patients", row.patient_id)):
                people.setdefault((day.replace(day=1), who), set()).add(key)
    for (month, who), keys in people.items():
        found[month, Name.ACTIVE, who] = len(keys)
    return +found


BOOKINGS = (Name.VISITS, Name.SPECIALTY, Name.FUNNEL, Name.ACTIVE)


def test_rows_are_what_a_plain_count_finds() -> None:
    year_of_visits()
    count()
    assert stored(*BOOKINGS) == plain_count()
    assert len(stored(*BOOKINGS)) > 60
    before = list(DailyFigure.objects.order_by("day", "name", "of").values_list("day", "name", "of", "value"))
    count()
    assert list(DailyFigure.objects.order_by("day", "name", "of").values_list("day", "name", "of", "value")) == before


def test_midnight_is_dhakas() -> None:
    doctor, patient = DoctorFactory(), PatientFactory()
    visit(doctor, patient, datetime(2026, 5, 9, 23, 59, tzinfo=zone()), Status.COMPLETED)
    visit(doctor, patient, datetime(2026, 5, 10, 0, 0, tzinfo=zone()), Status.COMPLETED)
    count(MAY, MAY)
    assert stored(Name.VISITS) == {
        (date(2026, 5, 9), Name.VISITS, "completed"): 1,
        (date(2026, 5, 10), Name.VISITS, "completed"): 1,
    }


def test_what_is_decided_later_changes_the_day_of_the_visit() -> None:
    year_of_visits()
    count()
    rows = list(Appointment.objects.filter(status=Status.COMPLETED)[:3])
    Appointment.objects.filter(pk__in=[row.pk for row in rows]).update(status=Status.NO_SHOW)
    assert stored(*BOOKINGS) != plain_count()
    recount_days()
    assert stored(*BOOKINGS) == plain_count()
    Appointment.objects.filter(pk=rows[0].pk).delete()
    recount_days()
    assert stored(*BOOKINGS) == plain_count(), "what is gone leaves no row"


def test_every_hour_counts_the_days_that_go_on() -> None:
    doctor, patient = DoctorFactory(), PatientFactory()
    visit(doctor, patient, NOW - timedelta(hours=1), Status.COMPLETED)
    visit(doctor, patient, NOW - timedelta(days=40), Status.COMPLETED)
    refresh_days()
    assert set(stored(Name.VISITS)) == {(NOW.date(), Name.VISITS, "completed")}
    assert CountedDay.objects.count() == 20, "of a month that goes on, up to today"
    with time_machine.travel(datetime(2026, 7, 1, 0, 10, tzinfo=zone()), tick=False):
        refresh_days()
    assert CountedDay.objects.get(day=date(2026, 6, 30)).counted_at >= midnight(date(2026, 7, 1))


def test_money_counts_on_the_day_on_which_it_moved() -> None:
    sold, back = datetime(2026, 4, 30, 23, 59, tzinfo=zone()), datetime(2026, 5, 20, 0, 0, tzinfo=zone())
    attempt = PaymentAttemptFactory(settled=True, settled_at=sold)
    post_settlement(attempt.charge, attempt, at=sold)
    count()
    refund = Refund.objects.create(charge=attempt.charge, attempt=attempt, amount=120, reason=Refund.Reason.ADMIN)
    post_refund_due(attempt.charge, refund, at=back - DAY)
    post_refund_paid(attempt.charge, refund, at=back)
    count()
    rows = DailyFigure.objects.filter(name=Name.MONEY).order_by("day", "of").values_list("day", "of", "value")
    assert list(rows) == [
        (sold.date(), "fee", Decimal("12.50")),
        (sold.date(), "online", Decimal(500)),
        (back.date(), "back", Decimal(120)),
    ]


def test_what_takes_the_place_of_another_visit_is_no_step() -> None:
    doctor, patient = DoctorFactory(), PatientFactory()
    first = visit(doctor, patient, NOW - DAY, Status.CANCELLED, held_at=NOW - 2 * DAY)
    second = visit(doctor, patient, NOW + DAY, Status.CONFIRMED, held_at=NOW - DAY)
    Appointment.objects.filter(pk=second.pk).update(replaces=first)
    count()
    assert stored(Name.FUNNEL) == {
        ((NOW - 2 * DAY).date(), Name.FUNNEL, "held"): 1,
        ((NOW - 2 * DAY).date(), Name.FUNNEL, "booked"): 1,
    }


def test_steps_are_taken_over() -> None:
    DailySteps.objects.create(day=MAY, step=Step.SEARCH, count=70)
    count(MAY, MAY)
    assert stored(Name.FUNNEL) == {(MAY, Name.FUNNEL, "search"): 70}


def test_breaking_off_leaves_whole_months() -> None:
    year_of_visits()
    running = count_days(*MONTHS)
    assert [next(running)[0], next(running)[0]] == [date(2026, 4, 1), MAY]
    running.close()
    wanted = {key: each for key, each in plain_count().items() if key[0] < date(2026, 6, 1)}
    assert stored(*BOOKINGS) == wanted
    assert set(CountedDay.objects.values_list("day", flat=True)) == {MONTHS[0] + n * DAY for n in range(61)}
    count()
    assert stored(*BOOKINGS) == plain_count()


def test_two_that_count_wait_for_each_other() -> None:
    """While another counts, this one waits: without its lock both would write the same rows."""
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('config.figures'))")
        connection.cursor().execute("SET LOCAL lock_timeout = '100ms'")
        with pytest.raises(OperationalError, match="lock timeout"):
            count(MAY, MAY)
    other.close()


# Times offered -----------------------------------------------------------------------------------------------------


def offered_plainly(doctor: Doctor, day: date) -> int:
    """The slots of that one day, worked out for it alone."""
    window = Interval(midnight(day), midnight(day + DAY))
    calendar = Calendar.objects.get(doctor=doctor)
    time = read_calendars([calendar], window, None)[doctor.pk]
    time.rules = replace(time.rules, notice=timedelta(), horizon=timedelta(days=400))
    return len(time.slots(window, window.start))


@pytest.mark.parametrize("are_bounded", [False, True])
@pytest.mark.parametrize("clock", ["Asia/Dhaka", "Europe/London", "Pacific/Auckland", "America/St_Johns"])
def test_offered_times_are_those_of_each_day_by_itself(clock: str, are_bounded: bool) -> None:
    """Over changes of the clock, hours that cross midnight or end, pauses, time off and extra hours."""
    doctor = DoctorFactory(with_hours=True)
    Calendar.objects.filter(doctor=doctor).update(time_zone=clock, slot_minutes=20, buffer_after_minutes=7)
    night = WeeklyHours.objects.create(doctor=doctor, weekday=4, start="20:00", minutes=407, modes=["video"])
    if are_bounded:
        WeeklyHours.objects.filter(doctor=doctor, weekday=2).update(valid=(None, date(2026, 4, 9)))
        WeeklyHours.objects.filter(pk=night.pk).update(valid=(date(2026, 3, 20), None))
    off = datetime(2026, 4, 2, 11, 7, tzinfo=zone())
    TimeOff.objects.create(doctor=doctor, period=DateTimeTZRange(off, off + timedelta(hours=30)))
    extra = datetime(2026, 4, 20, 23, 0, tzinfo=zone())
    ExtraHours.objects.create(doctor=doctor, period=DateTimeTZRange(extra, extra + timedelta(hours=3)), modes=["video"])
    first, last = date(2026, 3, 15), date(2026, 4, 25)
    days = [first + number * DAY for number in range(42)]
    plainly = {day: offered_plainly(doctor, day) for day in days}
    assert dict(offered_by_day(first, last)) == {day: number for day, number in plainly.items() if number}
    assert len(set(plainly.values())) > 3


@pytest.mark.parametrize("clock", ["Asia/Dhaka", "Europe/London"])
def test_offered_times_of_many_who_keep_the_same_week_are_those_of_each(clock: str) -> None:
    """Over a change of the clock; one has other hours, one sees patients in another way, one was verified later."""
    doctors = DoctorFactory.create_batch(6, with_hours=True)
    Calendar.objects.update(time_zone=clock)
    WeeklyHours.objects.filter(doctor=doctors[3]).update(minutes=300)
    Calendar.objects.filter(doctor=doctors[4]).update(slot_minutes=25)
    first, last = date(2026, 3, 20), date(2026, 4, 5)
    doctors[5].verified_at = datetime(2026, 3, 25, 12, tzinfo=zone())
    doctors[5].save()
    found = dict(offered_by_day(first, last))
    for day in (first + number * DAY for number in range(17)):
        there = doctors if day >= date(2026, 3, 25) else doctors[:5]
        assert found.get(day, 0) == sum(offered_plainly(doctor, day) for doctor in there), day


def test_times_of_who_cannot_be_found_or_seen_are_not_offered() -> None:
    DoctorFactory(with_hours=True, hidden=True)
    DoctorFactory(with_hours=True, unverified=True)
    DoctorFactory(with_hours=True, fee_video=None)
    later = DoctorFactory(with_hours=True, verified_at=datetime(2026, 5, 3, 12, tzinfo=zone()))
    found = dict(offered_by_day(MAY, date(2026, 5, 4)))
    assert found == {date(2026, 5, 3): 32, date(2026, 5, 4): 32}, later


def test_what_was_offered_is_kept_once_the_day_is_over() -> None:
    doctor = DoctorFactory(with_hours=True)
    today, yesterday = NOW.date(), NOW.date() - DAY
    refresh_days()
    WeeklyHours.objects.filter(doctor=doctor).update(minutes=120)
    refresh_days()
    offered = {day: number for (day, _name, _of), number in stored(Name.OFFERED).items()}
    assert (offered[yesterday], offered[today]) == (32, 8), "today goes on, and yesterday is what it was"


# Calls -------------------------------------------------------------------------------------------------------------


def call(doctor: Doctor, patient: Any, hour: int, steps: str, *, closes: bool = True) -> None:
    """A visit at that hour with this evidence, a minute apart: + came, - left, ! lost, * let in; doctor or patient."""
    start = datetime(2026, 5, 5, hour, tzinfo=zone())
    row = visit(doctor, patient, start, Status.COMPLETED)
    pairs = steps.split()
    end = start + timedelta(minutes=len(pairs)) if closes else None
    room = Consultation.objects.create(appointment=row, closed_at=end, outcome="completed" if closes else "")
    events = {"+": "joined", "-": "left", "!": "lost", "*": "admitted"}
    for minute, (side, sign) in enumerate(pairs):
        JoinEvidence.objects.create(
            consultation=room,
            user=doctor.user if side == "d" else patient.user,
            side="doctor" if side == "d" else "patient",
            event=events[sign],
            at=start + timedelta(minutes=minute),
            connection=uuid4(),
        )


def test_failed_calls_are_told_from_the_evidence() -> None:
    doctor, patient = DoctorFactory(), PatientFactory()
    fine = ["d+ p+ d* p- d-", "d+ p+ d* p! p+ d-", "d+ d! d+ p+ d* p- d-"]
    failed = ["d+ p+ d* p!", "d+ p+ p- d-", "d+ p+ d* d! p-"]
    no_calls = ["d+ d-", "p+ p!"]
    for hour, steps in enumerate([*fine, *failed, *no_calls]):
        call(doctor, patient, hour, steps, closes=hour % 2 == 0)
    found = {of: number for _day, of, number in calls_by_day(date(2026, 5, 5), date(2026, 5, 5))}
    assert found == {"calls": 6, "failed": 3}
    assert list(calls_by_day(date(2026, 5, 6), date(2026, 5, 7))) == []


def test_connection_that_is_lost_after_the_room_was_closed_is_no_failure() -> None:
    doctor, patient = DoctorFactory(), PatientFactory()
    call(doctor, patient, 9, "d+ p+ d*")
    room = Consultation.objects.get()
    JoinEvidence.objects.create(
        consultation=room, user=patient.user, side="patient", event="lost", at=room.closed_at + timedelta(minutes=1)
    )
    assert {of: number for _day, of, number in calls_by_day(date(2026, 5, 5), date(2026, 5, 5))} == {
        "calls": 1,
        "failed": 0,
    }


# The command -------------------------------------------------------------------------------------------------------


def test_command_counts_the_months_that_it_is_told_and_says_how_far_it_is(
    doctor: User, capsys: pytest.CaptureFixture[str]
) -> None:
    visit(doctor.doctor, PatientFactory(), datetime(2026, 4, 8, 9, tzinfo=zone()), Status.COMPLETED)
    call_command("rebuild_figures", "--from", "2026-04-20", "--to", "2026-05-02")
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["2026-04", "2026-05"]
    assert stored(Name.VISITS) == {(date(2026, 4, 8), Name.VISITS, "completed"): 1}


@pytest.mark.parametrize("asked", [["--from", "2026-05-02", "--to", "2026-05-01"], ["--to", "2026-06-21"]])
def test_command_refuses_days_that_cannot_be(asked: list[str]) -> None:
    with pytest.raises(CommandError):
        call_command("rebuild_figures", *asked)


def test_command_without_days_counts_all_that_can_change(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("rebuild_figures")
    lines = capsys.readouterr().out.splitlines()
    assert (lines[0][:7], lines[-1][:7]) == ("2025-05", "2026-06")
    assert timezone.now() == NOW
