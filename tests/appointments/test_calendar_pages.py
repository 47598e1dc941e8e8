"""What is booked with a doctor, by week, by month and as a list by day."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.models import Appointment, Status
from scheduling.models import Calendar
from tests.appointments.visits import at, confirmed, days_from_now, hold, shifted
from tests.factories.patients import PatientFactory
from tests.factories.scheduling import TimeOffFactory

type ClientOf = Callable[[User], Client]

WEEK, MONTH, AGENDA = "/practice/calendar/", "/practice/calendar/month/", "/practice/calendar/agenda/"


def day_of(response: Any, day: date) -> Any:
    """That day on the page of a week or a month."""
    context = response.context
    days = context["days"] if "days" in context else [each for week in context["weeks"] for each in week]
    return next(each for each in days if each.date == day)


def look(client: Client, path: str, day: date, **query: str) -> Any:
    response = client.get(path, {"day": day.isoformat()} | query)
    assert response.status_code == 200
    return response


def test_week_shows_visits_hours_and_time_off(doctor: User, patient: User, client_of: ClientOf) -> None:
    day = days_from_now(1)
    visit = confirmed(doctor, patient, at(10))
    hold(doctor, patient, at(11))
    TimeOffFactory(doctor=doctor.doctor, period=DateTimeTZRange(at(15), at(16)))
    TimeOffFactory(doctor=doctor.doctor, period=DateTimeTZRange(at(0, days=3), at(0, days=4)))
    response = look(client_of(doctor), WEEK, day)
    shown = day_of(response, day)
    assert shown.visits == [visit]
    assert shown.hours == [(at(9), at(17))]
    assert shown.away == [(at(15), at(16))]
    assert not shown.is_away
    assert visit.get_absolute_url() in response.content.decode()
    later = look(client_of(doctor), WEEK, day + timedelta(days=2))
    assert day_of(later, day + timedelta(days=2)).is_away


def test_week_is_the_one_with_the_day_in_it(doctor: User, client_of: ClientOf) -> None:
    response = look(client_of(doctor), WEEK, date(2027, 3, 3))
    dates = [day.date for day in response.context["days"]]
    assert dates == [date(2027, 2, 28) + timedelta(days=offset) for offset in range(7)]
    assert response.context["earlier"] == date(2027, 2, 21)


@pytest.mark.parametrize("path", [WEEK, MONTH, AGENDA])
@pytest.mark.parametrize("day", ["", "x", "2026-13-01", "0001-01-01", "9999-12-31", "\x00"])
def test_day_that_there_is_not_shows_today(doctor: User, client_of: ClientOf, path: str, day: str) -> None:
    response = client_of(doctor).get(path, {"day": day})
    assert response.status_code == 200
    assert timezone.localdate(timezone=Calendar.objects.get().zone) == response.context["today"]


def test_month_counts_the_visits_of_each_local_day(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    first, second = confirmed(doctor, patient, at(10)), confirmed(doctor, stranger, at(11))
    other = confirmed(doctor, patient, at(12))
    Appointment.objects.filter(pk=other.pk).update(status=Status.CANCELLED)
    # Half past one at night in Dhaka is another day in UTC.
    shifted(first, at(1, 30))
    day = days_from_now(1)
    response = look(client_of(doctor), MONTH, day)
    assert day_of(response, day).count == 2
    assert sum(each.count for week in response.context["weeks"] for each in week) == 2
    assert second.get_absolute_url() not in response.content.decode()


@pytest.mark.parametrize("day", [date(2027, 2, 14), date(2026, 12, 31), date(2028, 2, 29)])
def test_month_is_whole_weeks_with_its_neighbours_beside_it(doctor: User, client_of: ClientOf, day: date) -> None:
    response = look(client_of(doctor), MONTH, day)
    days = [each for week in response.context["weeks"] for each in week]
    own = [each.date for each in days if not each.is_other_month]
    assert own[0] == day.replace(day=1)
    assert own[-1] + timedelta(days=1) == response.context["later"]
    assert len(days) % 7 == 0
    assert response.context["earlier"].day == 1


def test_agenda_goes_on_from_a_day_and_back_from_it(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    past = confirmed(doctor, patient, at(10))
    shifted(past, at(10, days=-2))
    Appointment.objects.filter(pk=past.pk).update(status=Status.COMPLETED)
    coming, further = confirmed(doctor, patient, at(11)), confirmed(doctor, stranger, at(9, days=3))
    hold(doctor, stranger, at(12))
    client = client_of(doctor)
    ahead = look(client, AGENDA, days_from_now(1))
    assert [(day, visits) for day, visits in ahead.context["by_day"]] == [
        (days_from_now(1), [coming]),
        (days_from_now(3), [further]),
    ]
    back = look(client, AGENDA, days_from_now(1), back="1")
    assert back.context["by_day"] == [(days_from_now(-2), [past])]


def test_agenda_comes_in_pages(
    doctor: User, patient: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("appointments.views.calendar.PAGE_SIZE", 2)
    visits = [confirmed(doctor, patient, at(9 + number)) for number in range(3)]
    client = client_of(doctor)
    assert look(client, AGENDA, days_from_now(1)).context["by_day"] == [(days_from_now(1), visits[:2])]
    assert look(client, AGENDA, days_from_now(1), page="2").context["by_day"] == [(days_from_now(1), visits[2:])]


@pytest.mark.parametrize("path", [WEEK, MONTH, AGENDA])
def test_nothing_of_another_doctor_is_shown(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf, path: str
) -> None:
    confirmed(other_doctor, patient, at(10))
    page = look(client_of(doctor), path, days_from_now(1)).content.decode()
    assert patient.patient.name not in page
    assert "1 visit" not in page


@pytest.mark.parametrize(("path", "queries"), [(WEEK, 7), (MONTH, 7), (AGENDA, 6)])
def test_calendar_takes_the_same_queries_for_one_visit_and_for_three(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries, path: str, queries: int
) -> None:
    """Session, user, doctor, places; hours and departures, and the visits; of the agenda the count and the visits."""
    client = client_of(doctor)
    look(client, path, days_from_now(1))
    for number in range(3):
        confirmed(doctor, PatientFactory().user, at(9 + number))
        if number != 1:
            with django_assert_num_queries(queries):
                look(client, path, days_from_now(1))


@pytest.mark.parametrize("path", [WEEK, MONTH, AGENDA])
def test_doctor_without_hours_sees_an_empty_calendar(client_of: ClientOf, doctor: User, path: str) -> None:
    Calendar.objects.all().delete()
    response = look(client_of(doctor), path, days_from_now(1))
    assert response.status_code == 200


def test_times_are_on_the_calendars_clock(doctor: User, patient: User, client_of: ClientOf) -> None:
    User.objects.filter(pk=doctor.pk).update(time_zone="America/New_York")
    confirmed(doctor, patient, at(10, 15))
    page = look(client_of(doctor), AGENDA, days_from_now(1)).content.decode()
    assert "10:15" in page
