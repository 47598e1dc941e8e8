"""Kinds of visit: how long each takes, what it costs, who may have it; and how many visits a day a doctor takes."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.errors import DayFull, NoFollowUp, SlotGone
from appointments.hold_statements import lock_and_look
from appointments.models import Appointment, Status
from appointments.open_times import find_open_slot, slots_of
from appointments.services import hold_slot, reschedule
from config.db import constraint_name
from doctors.models import Doctor
from scheduling.models import Calendar, VisitKind, VisitType
from scheduling.slots import Interval
from tests.appointments.races import at_once, tally
from tests.appointments.visits import at, days_from_now, held_until_past, hold, money_for, pay, shifted
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.factories.scheduling import VisitTypeFactory
from tests.page import read

type ClientOf = Callable[[User], Client]


@pytest.fixture
def long_type(doctor: User) -> VisitType:
    """Forty minutes with a pause after them, for more."""
    return VisitTypeFactory(
        doctor=doctor.doctor,
        kind=VisitKind.NEW,
        label="First visit",
        minutes=40,
        buffer_after_minutes=20,
        fee_video=Decimal(1500),
    )


@pytest.fixture
def follow_up(doctor: User) -> VisitType:
    Doctor.objects.filter(user=doctor).update(follow_up_fee=Decimal(300), follow_up_days=14)
    doctor.doctor.refresh_from_db()
    return VisitTypeFactory(doctor=doctor.doctor, kind=VisitKind.FOLLOW_UP, minutes=10)


def seen(doctor: User, patient: User, days_ago: float) -> Appointment:
    """A visit of them that was held, and ended so long ago."""
    visit = shifted(hold(doctor, patient, at(16)), timezone.now() - timedelta(days=days_ago, minutes=15))
    Appointment.objects.filter(pk=visit.pk).update(status=Status.COMPLETED)
    return visit


def times_page(client: Client, doctor: User, **query: Any) -> Any:
    return client.get(f"/times/{doctor.doctor.slug}/?{urlencode({'day': days_from_now(1)} | query)}")


def book_address(doctor: User, start: datetime, **query: Any) -> str:
    return f"/book/{doctor.doctor.slug}/?{urlencode({'start': start.isoformat(), 'mode': 'video'} | query)}"


# The hold --------------------------------------------------------------------------------------------------------


def test_hold_of_a_type_takes_its_length_pauses_fee_and_name(doctor: User, patient: User, long_type: VisitType) -> None:
    visit = hold(doctor, patient, at(10), visit_type=long_type.pk)
    assert (visit.start, visit.end) == (at(10), at(10, 40))
    assert (visit.blocked.lower, visit.blocked.upper) == (at(10), at(11))
    assert (visit.fee, visit.visit_kind, visit.visit_label) == (1500, "new", "First visit")
    long_type.delete()
    visit.refresh_from_db()
    assert visit.visit_name == "First visit", "what was booked does not change with the doctor's list"


def test_hold_without_a_type_is_the_usual_visit(doctor: User, patient: User, long_type: VisitType) -> None:
    visit = hold(doctor, patient)
    assert (visit.minutes, visit.fee, visit.visit_kind, visit.visit_label) == (15, 800, "new", "")


def test_what_a_type_leaves_open_is_as_usual(doctor: User, patient: User) -> None:
    Calendar.objects.update(buffer_before_minutes=5)
    short = VisitTypeFactory(doctor=doctor.doctor, minutes=10)
    visit = hold(doctor, patient, at(10), visit_type=short.pk)
    assert (visit.fee, visit.blocked.lower, visit.end) == (800, at(9, 55), at(10, 10))


def test_booking_in_the_way_of_a_long_visit_is_seen(
    doctor: User, patient: User, stranger: User, long_type: VisitType
) -> None:
    """It lies beyond what the usual visit's length would look at."""
    hold(doctor, stranger, at(10, 45))
    with pytest.raises(SlotGone):
        hold(doctor, patient, at(10), visit_type=long_type.pk)


@pytest.mark.parametrize("of", ["nobody", "another doctor", "this doctor, no longer offered"])
def test_type_that_is_not_offered_is_refused(doctor: User, other_doctor: User, patient: User, of: str) -> None:
    number = {
        "nobody": 10**9,
        "another doctor": VisitTypeFactory(doctor=other_doctor.doctor).pk,
        "this doctor, no longer offered": VisitTypeFactory(doctor=doctor.doctor, is_active=False).pk,
    }[of]
    with pytest.raises(SlotGone):
        hold(doctor, patient, visit_type=number)
    assert not Appointment.objects.exists()


def test_same_time_for_another_kind_of_visit_is_not_the_same_hold(doctor: User, patient: User) -> None:
    short = VisitTypeFactory(doctor=doctor.doctor)
    first = hold(doctor, patient, visit_type=short.pk)
    assert hold(doctor, patient, visit_type=short.pk) == first
    with pytest.raises(SlotGone):
        hold(doctor, patient)


def test_hold_of_a_type_takes_as_many_statements_as_any(
    doctor: User,
    patient: User,
    stranger: User,
    follow_up: VisitType,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    """With a daily cap to count against and a visit to look for: two messages, and a savepoint's two statements."""
    Calendar.objects.update(daily_cap=50)
    seen(doctor, patient, 3)
    hold(doctor, stranger, at(9))
    with django_assert_num_queries(4):
        hold(doctor, patient, at(10), visit_type=follow_up.pk)


def test_late_money_seats_a_long_visit_again(doctor: User, patient: User, long_type: VisitType) -> None:
    visit = hold(doctor, patient, at(10), visit_type=long_type.pk)
    arrive = money_for(visit)
    held_until_past(visit)
    arrive()
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


# Follow-ups ------------------------------------------------------------------------------------------------------


def test_follow_up_is_for_a_patient_whom_the_doctor_saw_lately(
    doctor: User, patient: User, stranger: User, follow_up: VisitType
) -> None:
    seen(doctor, patient, 3)
    visit = hold(doctor, patient, at(10), visit_type=follow_up.pk)
    assert (visit.fee, visit.minutes, visit.visit_kind) == (300, 10, "follow_up")
    with pytest.raises(NoFollowUp):
        hold(doctor, stranger, at(11), visit_type=follow_up.pk)


@pytest.mark.parametrize(("days_ago", "allowed"), [(12, True), (13, True), (15, False)])
def test_follow_up_counts_days_from_the_visit_to_the_next(
    doctor: User, patient: User, follow_up: VisitType, days_ago: int, allowed: bool
) -> None:
    """Tomorrow's visit is a follow-up of one that was thirteen days ago: that makes fourteen."""
    seen(doctor, patient, days_ago)
    if allowed:
        assert hold(doctor, patient, visit_type=follow_up.pk).fee == 300
    else:
        with pytest.raises(NoFollowUp):
            hold(doctor, patient, visit_type=follow_up.pk)


@pytest.mark.parametrize("status", [Status.CANCELLED, Status.NO_SHOW, Status.EXPIRED, Status.CONFIRMED])
def test_visit_that_was_not_held_earns_no_follow_up(
    doctor: User, patient: User, follow_up: VisitType, status: Status
) -> None:
    visit = seen(doctor, patient, 3)
    Appointment.objects.filter(pk=visit.pk).update(status=status)
    with pytest.raises(NoFollowUp):
        hold(doctor, patient, visit_type=follow_up.pk)


def test_visit_with_another_doctor_earns_no_follow_up(
    doctor: User, other_doctor: User, patient: User, follow_up: VisitType
) -> None:
    seen(other_doctor, patient, 3)
    with pytest.raises(NoFollowUp):
        hold(doctor, patient, visit_type=follow_up.pk)


def test_follow_up_of_a_doctor_who_has_no_fee_for_it_any_more_is_refused(
    doctor: User, patient: User, follow_up: VisitType
) -> None:
    seen(doctor, patient, 3)
    Doctor.objects.update(follow_up_fee=None, follow_up_days=None)
    with pytest.raises(SlotGone):
        hold(doctor, patient, visit_type=follow_up.pk)


def test_times_page_offers_follow_ups_to_whom_they_are_for(
    doctor: User, patient: User, stranger: User, client_of: ClientOf, follow_up: VisitType
) -> None:
    seen(doctor, patient, 10)
    page = times_page(client_of(patient), doctor, type="follow_up")
    assert page.context["visit"].type_id == follow_up.pk
    assert page.context["fee"] == 300
    assert f"type={follow_up.pk}" in page.content.decode()
    # The window ends with the fourth day from now, and so do the times.
    week = page.context["week"]
    assert [bool(day["open"]) for day in week] == [
        day["date"] <= days_from_now(4) and bool(day["open"]) for day in week
    ]
    assert not week[-1]["open"]
    for client in (client_of(stranger), Client()):
        refused = times_page(client, doctor, type="follow_up")
        assert refused.context["visit"].type_id is None
        assert refused.context["no_follow_up"]
        assert not re.search(r"/book/[^\"]*type=", refused.content.decode())


def test_follow_up_for_another_member_of_the_family_is_refused_beside_the_patient(
    doctor: User, patient: User, client_of: ClientOf, follow_up: VisitType
) -> None:
    seen(doctor, patient, 3)
    child = GuardianshipFactory(guardian=patient).patient
    address = book_address(doctor, at(10), type=follow_up.pk)
    client = client_of(patient)
    assert client.get(address).status_code == 200
    response = client.post(address, {"patient": str(child.pk), "reason": "Cough"})
    assert response.status_code == 409
    assert "whom this doctor has seen lately" in response.content.decode()
    assert response.context["form"]["reason"].value() == "Cough"
    assert client.post(address, {"patient": str(patient.patient.pk), "reason": "Cough"}).status_code == 302
    assert Appointment.objects.get(status=Status.HELD).visit_kind == "follow_up"


def test_finished_visit_leads_to_its_follow_up(
    doctor: User, patient: User, client_of: ClientOf, follow_up: VisitType
) -> None:
    visit = seen(doctor, patient, 1)
    page = client_of(patient).get(visit.get_absolute_url()).content.decode()
    assert f"/times/{doctor.doctor.slug}/?mode=video&amp;type=follow_up" in page


def test_follow_up_is_moved_within_its_days_unless_the_doctor_moved_it(
    doctor: User, patient: User, client_of: ClientOf, follow_up: VisitType
) -> None:
    seen(doctor, patient, 10)
    visit = hold(doctor, patient, at(10), visit_type=follow_up.pk)
    pay(visit)
    with pytest.raises(SlotGone):
        reschedule(visit, start=at(10, days=5), sequence=0, by=patient, side="patient")
    page = client_of(patient).get(f"/appointments/{visit.pk}/move/?day={days_from_now(4)}")
    assert {day["date"] for day in page.context["week"] if day["open"]} <= {days_from_now(n) for n in range(5)}
    reschedule(visit, start=at(10, days=4), sequence=0, by=patient, side="patient")
    reschedule(visit, start=at(10, days=5), sequence=1, by=doctor, side="doctor")
    moved = reschedule(visit, start=at(10, days=6), sequence=2, by=patient, side="patient")
    assert moved.start == at(10, days=6), "the doctor has moved it, and the patient has a say"


# Choosing --------------------------------------------------------------------------------------------------------


def test_times_page_lays_the_chosen_types_own_times(
    doctor: User, client_of: ClientOf, patient: User, long_type: VisitType
) -> None:
    usual = times_page(Client(), doctor)
    assert [kind.name for kind, _fee in usual.context["kinds"]] == ["Consultation", "First visit"]
    assert usual.context["visit"].type_id is None, "the usual visit is chosen beforehand"
    page = times_page(Client(), doctor, type=long_type.pk)
    starts = [slot.start for slot in page.context["shown"].slots]
    assert starts[:3] == [at(9), at(10), at(11)]
    html = read(Client(), f"/times/{doctor.doctor.slug}/?day={days_from_now(1)}&type={long_type.pk}").html
    assert f"mode=video&amp;type={long_type.pk}" in html
    assert "৳1,500" in html


def test_single_kind_of_visit_is_nothing_to_choose(doctor: User) -> None:
    page = times_page(Client(), doctor)
    assert len(page.context["kinds"]) == 1
    assert "What kind of visit" not in page.content.decode()


@pytest.mark.parametrize("kind", ["999999999999", "x", "follow_up", "-1", "9" * 20, "\x00"])
def test_kind_of_visit_that_there_is_not_shows_the_usual_one(doctor: User, long_type: VisitType, kind: str) -> None:
    page = times_page(Client(), doctor, type=kind)
    assert page.status_code == 200
    assert page.context["visit"].type_id is None


def test_booking_page_keeps_the_kind_of_visit(
    doctor: User, patient: User, client_of: ClientOf, long_type: VisitType
) -> None:
    client, address = client_of(patient), book_address(doctor, at(10), type=long_type.pk)
    html = client.get(address).content.decode()
    assert all(fact in html for fact in ("First visit", "40 minutes", "৳1,500"))
    response = client.post(address, {"patient": str(patient.patient.pk), "reason": "", "phone": "01712345678"})
    assert response.status_code == 302
    visit = Appointment.objects.get()
    assert (visit.visit_label, visit.minutes, visit.fee) == ("First visit", 40, 1500)
    review = client.get(visit.get_absolute_url()).content.decode()
    assert "First visit" in review


@pytest.mark.parametrize("kind", ["999999999999", "x", "9" * 20])
def test_booking_page_of_no_kind_of_visit_leads_back(
    doctor: User, patient: User, client_of: ClientOf, kind: str
) -> None:
    client, address = client_of(patient), book_address(doctor, at(10), type=kind)
    assert client.get(address).status_code == 409
    data = {"patient": str(patient.patient.pk), "reason": "", "phone": "01712345678"}
    assert client.post(address, data).status_code == 409
    assert not Appointment.objects.exists()


def test_times_page_takes_as_many_queries_for_many_kinds_as_for_one(
    doctor: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    times_page(Client(), doctor)
    for number in range(3):
        with django_assert_num_queries(8):
            times_page(Client(), doctor)
        VisitTypeFactory(doctor=doctor.doctor, label=str(number))


# The daily cap ---------------------------------------------------------------------------------------------------


def open_starts(doctor: User, days: int) -> list[datetime]:
    window = Interval(at(0, days=days), at(0, days=days + 1))
    slots = slots_of(Calendar.objects.filter(doctor=doctor.doctor), window)[doctor.doctor.pk]
    return [slot.start for slot in slots if slot.free]


def test_day_with_as_many_visits_as_the_doctor_takes_is_full(
    doctor: User, other_doctor: User, patient: User, stranger: User
) -> None:
    Calendar.objects.update(daily_cap=2)
    hold(doctor, patient, at(9))
    assert open_starts(doctor, 1)
    hold(doctor, stranger, at(10))
    assert open_starts(doctor, 1) == []
    assert open_starts(doctor, 2)
    assert open_starts(other_doctor, 1)
    assert find_open_slot(Doctor.objects.get(user=doctor), at(11), "video") is None
    third = PatientFactory().user
    with pytest.raises(DayFull):
        hold(doctor, third, at(11))
    assert hold(doctor, third, at(11, days=2))


def test_full_day_is_said_to_be_full(doctor: User, patient: User) -> None:
    Calendar.objects.update(daily_cap=1)
    hold(doctor, patient, at(9))
    page = times_page(Client(), doctor)
    assert page.context["shown"].open_count == 0
    assert "This day is full" in page.content.decode()


@pytest.mark.parametrize(
    ("status", "counts"),
    [
        (Status.CONFIRMED, True),
        (Status.IN_PROGRESS, True),
        (Status.COMPLETED, True),
        (Status.NO_SHOW, True),
        (Status.PAYMENT_REVIEW, True),
        (Status.CANCELLED, False),
        (Status.EXPIRED, False),
    ],
)
def test_cap_counts_what_was_booked_and_not_what_was_let_go(
    doctor: User, patient: User, stranger: User, status: Status, counts: bool
) -> None:
    Calendar.objects.update(daily_cap=1)
    visit = hold(doctor, patient, at(9))
    Appointment.objects.filter(pk=visit.pk).update(status=status)
    assert (open_starts(doctor, 1) == []) is counts
    if counts:
        with pytest.raises(DayFull):
            hold(doctor, stranger, at(12))
    else:
        assert hold(doctor, stranger, at(12))


def test_hold_that_ran_out_counts_no_more(doctor: User, patient: User, stranger: User) -> None:
    Calendar.objects.update(daily_cap=1)
    held_until_past(hold(doctor, patient, at(9)))
    assert open_starts(doctor, 1)
    assert hold(doctor, stranger, at(12))


def test_cap_counts_days_of_the_doctors_own_clock(doctor: User, patient: User, stranger: User) -> None:
    """Half past one at night in Dhaka is the day before in UTC."""
    Calendar.objects.update(daily_cap=1)
    doctor.doctor.weekly_hours.update(start="00:00", minutes=24 * 60)
    hold(doctor, patient, at(1, 30, days=2))
    assert open_starts(doctor, 2) == []
    assert at(23, 45) in open_starts(doctor, 1)
    assert at(0, days=3) in open_starts(doctor, 3)
    assert hold(doctor, stranger, at(23, 45))
    with pytest.raises(DayFull):
        hold(doctor, stranger, at(23, 45, days=2))


def test_second_of_two_for_the_last_visit_of_a_day_is_told(transactional_db: None, doctor: User) -> None:
    """On real connections, at different times of the day: no constraint keeps them apart, the doctor's lock does."""
    Calendar.objects.update(daily_cap=1)
    people = [PatientFactory().user for _ in range(6)]

    def take(person: User, hour: int) -> Callable[[], Appointment]:
        return lambda: hold_slot(
            doctor.doctor.pk, start=at(hour), mode="video", patient_id=person.patient.pk, by=person
        )

    for round_ in range(3):
        Appointment.objects.update(status=Status.EXPIRED)
        outcomes = at_once(*(take(person, 9 + number) for number, person in enumerate(people)))
        assert tally(outcomes) == {"done": 1, "DayFull": 5}, f"round {round_}"


def test_cap_is_counted_after_the_locks(doctor: User, patient: User, stranger: User) -> None:
    """And costs nothing to a doctor who has none."""
    with transaction.atomic():
        facts = {"patient_id": patient.patient.pk, "account_id": patient.pk, "start": at(9)}
        scene = lock_and_look(doctor.doctor.pk, **facts)
    assert scene is not None
    assert not scene.day_is_full
    Calendar.objects.update(daily_cap=1)
    hold(doctor, stranger, at(10))
    with transaction.atomic():
        scene = lock_and_look(doctor.doctor.pk, **facts)
    assert scene is not None
    assert scene.day_is_full


# What the database refuses ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"minutes": 4}, "visit_type_not_of_a_senseless_length"),
        ({"minutes": 241}, "visit_type_not_of_a_senseless_length"),
        ({"kind": "psychic"}, "kind_of_visit_not_unknown"),
        ({"kind": "new"}, "further_consultation_not_without_a_name"),
        ({"fee_video": Decimal(9)}, "visit_types_video_fee_not_below_the_gateways_least"),
        ({"fee_in_person": Decimal("0.5")}, "visit_types_in_person_fee_not_below_the_gateways_least"),
        ({"kind": "follow_up", "fee_video": Decimal(100)}, "fee_of_a_follow_up_not_in_two_places"),
    ],
)
def test_senseless_type_is_refused_by_the_database(doctor: User, fields: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        VisitTypeFactory(doctor=doctor.doctor, **fields)
    assert constraint_name(refused.value) == constraint


def test_type_twice_is_refused_by_the_database(doctor: User, other_doctor: User) -> None:
    VisitTypeFactory(doctor=doctor.doctor)
    VisitTypeFactory(doctor=other_doctor.doctor)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        VisitTypeFactory(doctor=doctor.doctor)
    assert constraint_name(refused.value) == "visit_type_not_twice_for_a_doctor"


@pytest.mark.parametrize("cap", [0, 201])
def test_senseless_cap_is_refused_by_the_database(doctor: User, cap: int) -> None:
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Calendar.objects.update(daily_cap=cap)
    assert constraint_name(refused.value) == "daily_cap_not_senseless"
