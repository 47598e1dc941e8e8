"""The page on which doctors set their hours, and time off."""

from collections.abc import Callable
from datetime import date, time, timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments import hours as practice
from appointments.models import Appointment, Status
from doctors.models import Doctor, PracticePlace
from scheduling import forms
from scheduling.models import Calendar, TimeOff, WeeklyHours
from tests.appointments.visits import DHAKA, at, confirmed, days_from_now, hold, shifted
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory

type ClientOf = Callable[[User], Client]
type Row = dict[str, Any]

PATH = "/practice/hours/"
RULES = {
    "slot_minutes": "20",
    "buffer_before_minutes": "0",
    "buffer_after_minutes": "10",
    "notice_minutes": "60",
    "horizon_days": "14",
}
MONDAY, TUESDAY, SUNDAY = "0", "1", "6"


def row(weekday: str, start: str, until: str, *modes: str, place: object = "", **more: str) -> Row:
    return {"weekday": weekday, "start": start, "until": until, "modes": modes or ("video",), "place": place} | more


# What a browser sends for a row that nobody touched.
UNTOUCHED: Row = {"weekday": "", "start": "", "until": "", "modes": ("video",), "place": ""}


def form(*rows: Row, initial: int = 0, **rules: str) -> dict[str, Any]:
    data: dict[str, Any] = RULES | rules | {"week-TOTAL_FORMS": str(len(rows)), "week-INITIAL_FORMS": str(initial)}
    for number, fields in enumerate(rows):
        data |= {f"week-{number}-{name}": value for name, value in fields.items()}
    return data


def week(doctor: User) -> list[tuple[int, time, int, list[str]]]:
    return list(WeeklyHours.objects.filter(doctor=doctor.doctor).values_list("weekday", "start", "minutes", "modes"))


def row_errors(response: HttpResponse, number: int) -> dict[str, list[str]]:
    return dict(response.context["week"].forms[number].errors)


@pytest.fixture
def in_person(doctor: User) -> PracticePlace:
    """The doctor also receives patients, here."""
    Doctor.objects.filter(user=doctor).update(fee_in_person=Decimal(900))
    return PracticePlaceFactory(doctor=doctor.doctor)


def test_hours_are_saved_with_the_rules(doctor: User, client_of: ClientOf, in_person: PracticePlace) -> None:
    client = client_of(doctor)
    assert client.get(PATH).status_code == 200
    response = client.post(
        PATH,
        form(
            row(MONDAY, "09:00", "12:30"),
            row(MONDAY, "12:30", "14:00", "video", "in_person", place=in_person.pk),
            row(SUNDAY, "18:00", "21:00", "in_person", place=in_person.pk),
        ),
    )
    assert (response.status_code, response.url) == (302, PATH)
    assert week(doctor) == [
        (0, time(9), 210, ["video"]),
        (0, time(12, 30), 90, ["video", "in_person"]),
        (6, time(18), 180, ["in_person"]),
    ]
    calendar = Calendar.objects.get(doctor=doctor.doctor)
    assert {name: str(getattr(calendar, name)) for name in RULES} == RULES
    page = client.get(PATH)
    assert [each.initial["start"] for each in page.context["week"].initial_forms] == [time(9), time(12, 30), time(18)]


def test_hours_of_a_doctor_who_had_none_make_a_calendar(client_of: ClientOf, db: None) -> None:
    doctor = DoctorFactory()
    response = client_of(doctor.user).post(PATH, form(row(MONDAY, "09:00", "12:00"), UNTOUCHED, UNTOUCHED))
    assert response.status_code == 302
    assert Calendar.objects.get(doctor=doctor).time_zone == "Asia/Dhaka"
    assert WeeklyHours.objects.filter(doctor=doctor).count() == 1


def test_hours_past_midnight_run_into_the_next_day(doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    client.post(PATH, form(row(SUNDAY, "22:00", "02:00"), row(TUESDAY, "00:00", "00:00")))
    assert week(doctor) == [(1, time(0), 1440, ["video"]), (6, time(22), 240, ["video"])]


def test_rows_that_nobody_touched_are_left_out(doctor: User, client_of: ClientOf, in_person: PracticePlace) -> None:
    two_modes = UNTOUCHED | {"modes": ()}
    response = client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00"), two_modes, two_modes))
    assert response.status_code == 302
    assert len(week(doctor)) == 1


def test_rows_of_one_mode_that_nobody_touched_are_left_out(doctor: User, client_of: ClientOf) -> None:
    page = client_of(doctor).get(PATH)
    shown = page.context["week"].extra_forms[0]
    assert [str(shown[name].value() or "") for name in ("weekday", "start", "until", "place")] == [""] * 4
    sent = UNTOUCHED | {"modes": shown["modes"].value()}
    assert client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00"), sent)).status_code == 302
    assert len(week(doctor)) == 1


def test_rows_are_removed(doctor: User, client_of: ClientOf) -> None:
    data = form(row(MONDAY, "09:00", "12:00"), row(TUESDAY, "x", "y", DELETE="on"), initial=2)
    assert client_of(doctor).post(PATH, data).status_code == 302
    assert week(doctor) == [(0, time(9), 180, ["video"])]
    assert client_of(doctor).post(PATH, form()).status_code == 302
    assert week(doctor) == []


OVERLAPPING = [
    [row(MONDAY, "09:00", "12:00"), row(MONDAY, "11:59", "13:00")],
    [row(MONDAY, "22:00", "02:00"), row(TUESDAY, "01:00", "03:00")],
    [row(MONDAY, "00:30", "02:00"), row(SUNDAY, "22:00", "01:00")],
    [row(MONDAY, "00:00", "00:00"), row(MONDAY, "12:00", "12:05")],
]


@pytest.mark.parametrize("rows", OVERLAPPING, ids=["same day", "past midnight", "past the week's end", "all day"])
def test_hours_that_overlap_are_named_beside_the_row(doctor: User, client_of: ClientOf, rows: list[Row]) -> None:
    before = week(doctor)
    response = client_of(doctor).post(PATH, form(*rows))
    assert response.status_code == 422
    assert row_errors(response, 0) == {}
    assert row_errors(response, 1) == {"start": ["These hours overlap others of the same day."]}
    page = unescape(response.content.decode())
    assert "These hours overlap others" in page
    assert f'value="{rows[1]["start"]}"' in page
    assert week(doctor) == before


def test_hours_that_only_touch_do_not_overlap(doctor: User, client_of: ClientOf) -> None:
    data = form(row(SUNDAY, "22:00", "00:30"), row(MONDAY, "00:30", "02:00"), row(MONDAY, "02:00", "03:00"))
    assert client_of(doctor).post(PATH, data).status_code == 302
    assert len(week(doctor)) == 3


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"weekday": "7"}, "weekday"),
        ({"weekday": ""}, "weekday"),
        ({"weekday": "x"}, "weekday"),
        ({"weekday": "9" * 5000}, "weekday"),
        ({"start": "25:00"}, "start"),
        ({"start": ""}, "start"),
        ({"start": "\x00"}, "start"),
        ({"until": "noon"}, "until"),
        ({"until": "09:04"}, "until"),
        ({"modes": ()}, "modes"),
        ({"modes": ("telepathy",)}, "modes"),
        ({"modes": ("video", "in_person")}, "place"),
        ({"modes": ("in_person",)}, "place"),
        ({"place": "999999999999999999999"}, "place"),
        ({"place": "x"}, "place"),
    ],
)
def test_bad_row_is_named_beside_its_field(
    doctor: User, client_of: ClientOf, in_person: PracticePlace, fields: Row, field: str
) -> None:
    before = week(doctor)
    response = client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00") | fields))
    assert response.status_code == 422
    assert set(row_errors(response, 0)) == {field}
    for message in row_errors(response, 0)[field]:
        assert message in unescape(response.content.decode())
    assert week(doctor) == before


def test_other_doctors_place_is_refused(doctor: User, client_of: ClientOf, in_person: PracticePlace) -> None:
    foreign, unused = PracticePlaceFactory(), PracticePlaceFactory(doctor=doctor.doctor, is_active=False)
    for place in (foreign, unused):
        data = form(row(MONDAY, "09:00", "12:00", "in_person", place=place.pk))
        response = client_of(doctor).post(PATH, data)
        assert response.status_code == 422
        assert set(row_errors(response, 0)) == {"place"}


def test_mode_that_has_no_fee_is_not_offered(doctor: User, client_of: ClientOf) -> None:
    place = PracticePlaceFactory(doctor=doctor.doctor)
    response = client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00", "in_person", place=place.pk)))
    assert set(row_errors(response, 0)) == {"modes"}


@pytest.mark.parametrize(
    ("rule", "value"),
    [
        ("slot_minutes", "4"),
        ("slot_minutes", "241"),
        ("slot_minutes", ""),
        ("slot_minutes", "-5"),
        ("slot_minutes", "9" * 400),
        ("buffer_before_minutes", "121"),
        ("buffer_after_minutes", "1e3"),
        ("notice_minutes", str(10**12)),
        ("horizon_days", "0"),
        ("horizon_days", "366"),
        ("horizon_days", "\x00"),
    ],
)
def test_bad_rule_is_named_beside_its_field(doctor: User, client_of: ClientOf, rule: str, value: str) -> None:
    before = Calendar.objects.values().get()
    response = client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00"), **{rule: value}))
    assert response.status_code == 422
    assert set(response.context["rules"].errors) == {rule}
    for message in response.context["rules"].errors[rule]:
        assert message in unescape(response.content.decode())
    assert Calendar.objects.values().get() == before


@pytest.mark.parametrize(
    "management",
    [{"week-TOTAL_FORMS": "x"}, {"week-TOTAL_FORMS": "9" * 30}, {"week-TOTAL_FORMS": "71"}],
)
def test_form_with_a_broken_count_of_rows_changes_nothing(
    doctor: User, client_of: ClientOf, management: dict[str, str]
) -> None:
    before = week(doctor)
    data = form(row(MONDAY, "09:00", "12:00")) | management
    assert client_of(doctor).post(PATH, data).status_code in (400, 422)
    assert week(doctor) == before


def test_form_takes_no_doctor_or_zone_from_the_browser(doctor: User, other_doctor: User, client_of: ClientOf) -> None:
    before = week(other_doctor)
    pk = str(other_doctor.doctor.pk)
    data = form(row(MONDAY, "09:00", "12:00", doctor=pk), doctor=pk, doctor_id=pk, time_zone="Mars/Olympus")
    assert client_of(doctor).post(PATH, data).status_code == 302
    assert week(other_doctor) == before
    assert Calendar.objects.get(doctor=doctor.doctor).time_zone == "Asia/Dhaka"


def test_page_takes_the_same_queries_for_a_full_week(
    doctor: User, client_of: ClientOf, in_person: PracticePlace, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(doctor)
    WeeklyHours.objects.exclude(weekday=0).delete()
    client.get(PATH)
    # Session, user, doctor, places, hours, absences, visits outside; the doctor once more, for the rail.
    with django_assert_num_queries(7):
        client.get(PATH)
    for weekday in range(1, 7):
        WeeklyHours.objects.create(
            doctor=doctor.doctor, weekday=weekday, start=time(9), minutes=60, modes=["in_person"], place=in_person
        )
    with django_assert_num_queries(7):
        client.get(PATH)


# Visits that are booked already ----------------------------------------------------------------------------------


def outside(client: Client) -> list[Appointment]:
    return client.get(PATH).context["outside"]


def test_visits_outside_new_hours_stay_booked_and_are_listed(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    inside, out = confirmed(doctor, patient, at(10)), confirmed(doctor, stranger, at(15))
    assert outside(client) == []
    data = form(*(row(str(day), "09:00", "12:00") for day in range(7)), slot_minutes="7")
    assert client.post(PATH, data).status_code == 302

    page = client.get(PATH)
    assert page.context["outside"] == [out]
    assert out.get_absolute_url() in page.content.decode()
    assert inside.get_absolute_url() not in page.content.decode()
    out.refresh_from_db()
    assert out.status == Status.CONFIRMED


def absence(first: date | str, last: date | str, start: str = "", until: str = "") -> dict[str, str]:
    return {"first": str(first), "last": str(last), "start": start, "until": until}


def test_time_off_over_visits_asks_their_patients(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    first, second = confirmed(doctor, patient, at(10)), confirmed(doctor, stranger, at(11))
    hold(doctor, patient, at(12))
    shifted(confirmed(doctor, stranger, at(13)), timezone.now() - timedelta(days=1))
    client = client_of(doctor)
    response = client.post("/practice/time-off/add/", absence(days_from_now(1), days_from_now(1)), follow=True)

    assert response.redirect_chain == [(PATH, 302)]
    page = response.content.decode()
    assert "2 patients are asked to choose" in page
    assert response.context["outside"] == [first, second]
    assert all(visit.get_absolute_url() in page for visit in (first, second))
    first.refresh_from_db()
    assert first.status == Status.CONFIRMED
    period = TimeOff.objects.get().period
    assert (period.lower, period.upper) == (at(0), at(0, days=2))


def test_time_off_of_hours_is_on_the_doctors_own_clock(doctor: User, client_of: ClientOf) -> None:
    User.objects.filter(pk=doctor.pk).update(time_zone="America/New_York")
    day = days_from_now(3)
    client_of(doctor).post("/practice/time-off/add/", absence(day, day, "14:00", "16:30"))
    period = TimeOff.objects.get().period
    assert (period.lower, period.upper) == (at(14, days=3), at(16, 30, days=3))
    assert period.lower.astimezone(DHAKA).date() == day


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (lambda day: absence("", day), "first"),
        (lambda day: absence(day, ""), "last"),
        (lambda day: absence("2026-13-01", day), "first"),
        (lambda day: absence("0001-01-01", day), "first"),
        (lambda day: absence(day, "9999-12-31"), "last"),
        (lambda day: absence(day, day - timedelta(days=1)), "last"),
        (lambda day: absence(day, day + timedelta(days=400)), "last"),
        (lambda day: absence(day, day, "10:00", ""), "until"),
        (lambda day: absence(day, day, "", "00:00"), "until"),
        (lambda day: absence(day, day, "10:00", "10:00"), "until"),
        (lambda day: absence(day, day, "16:00", "14:00"), "until"),
        (lambda day: absence(day, day, "25:00", "26:00"), "start"),
        (lambda day: absence("\x00", day), "first"),
    ],
)
def test_bad_time_off_is_named_beside_its_field_and_kept(
    doctor: User, client_of: ClientOf, typed: Callable[[date], dict[str, str]], field: str
) -> None:
    data = typed(days_from_now(2))
    response = client_of(doctor).post("/practice/time-off/add/", data)
    assert response.status_code == 422
    errors = response.context["time_off"].errors
    assert field in errors
    page = unescape(response.content.decode())
    assert errors[field][0] in page
    assert not TimeOff.objects.exists()


def test_time_off_twice_is_refused_beside_its_field(doctor: User, other_doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    day = days_from_now(2)
    for user in (doctor, other_doctor):
        assert client_of(user).post("/practice/time-off/add/", absence(day, day)).status_code == 302
    response = client.post("/practice/time-off/add/", absence(day, day + timedelta(days=1)))
    assert response.status_code == 422
    assert response.context["time_off"].errors == {"first": ["You are away in a part of this time already."]}
    assert TimeOff.objects.count() == 2
    # Away again at once when that is over: ranges are half open.
    assert client.post("/practice/time-off/add/", absence(day + timedelta(days=1), day + timedelta(days=1))).url == PATH


def test_time_off_is_removed_by_its_doctor_alone(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    row = TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(at(9), at(12)))
    path = f"/practice/time-off/{row.pk}/remove/"
    assert client_of(other_doctor).post(path).status_code == 404
    assert client_of(patient).post(path).status_code == 403
    assert client_of(doctor).get(path).status_code == 405
    assert TimeOff.objects.exists()
    assert client_of(doctor).post(path).status_code == 302
    assert not TimeOff.objects.exists()
    assert client_of(doctor).post(path).status_code == 404
    assert client_of(doctor).post(f"/practice/time-off/{10**30}/remove/").status_code == 404


@pytest.mark.parametrize("path", [PATH, "/practice/time-off/add/"])
def test_hours_of_nobody_are_set_by_those_who_are_no_doctors(
    patient: User, admin: User, client_of: ClientOf, path: str
) -> None:
    for user in (patient, admin):
        assert client_of(user).post(path, form(row(MONDAY, "09:00", "12:00"))).status_code == 403
    assert not WeeklyHours.objects.exists()


def test_doctor_who_is_not_verified_yet_sets_hours(client_of: ClientOf, db: None) -> None:
    doctor = DoctorFactory(unverified=True)
    assert client_of(doctor.user).post(PATH, form(row(MONDAY, "09:00", "12:00"))).status_code == 302


def test_hours_that_only_the_database_finds_overlapping_are_said_to_be(
    doctor: User, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The form looks first; where it is wrong the constraint stands behind it, and nothing is lost."""
    monkeypatch.setattr(forms, "week_minutes", lambda *args: [])
    before = week(doctor)
    response = client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00"), row(MONDAY, "11:00", "13:00")))
    assert response.status_code == 422
    assert "Some of these hours overlap." in response.content.decode()
    assert week(doctor) == before


def test_visits_outside_are_none_where_nothing_is_booked(doctor: User) -> None:
    assert practice.visits_outside(doctor.doctor) == []
