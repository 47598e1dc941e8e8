"""The page on which doctors set their hours, and time off."""

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
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
from scheduling.models import Calendar, ExtraHours, TimeOff, VisitType, WeeklyHours
from tests.appointments.visits import DHAKA, at, confirmed, days_from_now, hold, shifted
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.scheduling import ExtraHoursFactory, VisitTypeFactory

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
    # Session, user, doctor, places, hours, extra hours, absences, visits outside.
    with django_assert_num_queries(8):
        client.get(PATH)
    for weekday in range(1, 7):
        WeeklyHours.objects.create(
            doctor=doctor.doctor, weekday=weekday, start=time(9), minutes=60, modes=["in_person"], place=in_person
        )
    with django_assert_num_queries(8):
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
    assert client.post(PATH, data | {"seen": str(out.pk)}).status_code == 302

    page = client.get(PATH)
    assert page.context["outside"] == [out]
    assert out.get_absolute_url() in page.content.decode()
    assert inside.get_absolute_url() not in page.content.decode()
    out.refresh_from_db()
    assert out.status == Status.CONFIRMED


def sent_again(page: HttpResponse) -> dict[str, list[str]]:
    """What the page that names the visits sends: the form that came, and which visits were named."""
    sent: dict[str, list[str]] = {}
    for tag in re.findall(
        r'<input type="hidden"[^>]*>', page.content.decode().partition('<form method="post" class="row"')[2]
    ):
        name, value = (unescape(re.search(f'{part}="([^"]*)"', tag)[1]) for part in ("name", "value"))  # type: ignore[index]
        if name != "csrfmiddlewaretoken":
            sent.setdefault(name, []).append(value)
    return sent


def absence(first: date | str, last: date | str, start: str = "", until: str = "") -> dict[str, str]:
    return {"first": str(first), "last": str(last), "start": start, "until": until}


def test_time_off_over_visits_asks_their_patients(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    first, second = confirmed(doctor, patient, at(10)), confirmed(doctor, stranger, at(11))
    hold(doctor, patient, at(12))
    shifted(confirmed(doctor, stranger, at(13)), timezone.now() - timedelta(days=1))
    client = client_of(doctor)
    typed = absence(days_from_now(1), days_from_now(1))
    response = client.post("/practice/time-off/add/", typed)
    assert response.status_code == 409
    assert response.context["visits"] == [first, second]
    page = response.content.decode()
    assert "2 visits are booked in this time. Nothing is saved yet." in page
    assert page.count("Is asked to choose") == 2
    assert all(visit.get_absolute_url() in page for visit in (first, second))
    assert not TimeOff.objects.exists()
    # Who goes back finds what was typed, and nothing is saved.
    edited = client.post("/practice/time-off/add/", typed | {"edit": "1"})
    assert edited.context["time_off"]["first"].value() == str(days_from_now(1))
    assert not TimeOff.objects.exists()

    response = client.post("/practice/time-off/add/", sent_again(response), follow=True)
    assert response.redirect_chain == [(PATH, 302)]
    assert "2 patients are asked to choose" in response.content.decode()
    assert response.context["outside"] == [first, second]
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
    monkeypatch.setattr(forms.week, "week_minutes", lambda *args: [])
    before = week(doctor)
    response = client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00"), row(MONDAY, "11:00", "13:00")))
    assert response.status_code == 422
    assert "Some of these hours overlap." in response.content.decode()
    assert week(doctor) == before


def test_visits_outside_are_none_where_nothing_is_booked(doctor: User) -> None:
    assert practice.visits_outside(doctor.doctor) == []


# Some weeks alone ------------------------------------------------------------------------------------------------


def test_hours_of_two_seasons_lie_on_each_other(doctor: User, client_of: ClientOf) -> None:
    summer = row(MONDAY, "08:00", "12:00", first="2027-04-01", last="2027-09-30")
    winter = row(MONDAY, "10:00", "14:00", first="2027-10-01", last="2028-03-31")
    client = client_of(doctor)
    assert client.post(PATH, form(summer, winter)).status_code == 302
    kept = WeeklyHours.objects.filter(doctor=doctor.doctor).order_by("start")
    assert [(each.first, each.last) for each in kept] == [
        (date(2027, 4, 1), date(2027, 9, 30)),
        (date(2027, 10, 1), date(2028, 3, 31)),
    ]
    shown = client.get(PATH).context["week"].initial_forms
    assert [(each.initial["first"], each.initial["last"]) for each in shown] == [(e.first, e.last) for e in kept]


def test_hours_of_seasons_that_meet_overlap(doctor: User, client_of: ClientOf) -> None:
    rows = [row(MONDAY, "08:00", "12:00", last="2027-10-01"), row(MONDAY, "10:00", "14:00", first="2027-10-01")]
    response = client_of(doctor).post(PATH, form(*rows))
    assert response.status_code == 422
    assert set(row_errors(response, 1)) == {"start"}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"first": "2027-05-02", "last": "2027-05-01"}, "last"),
        ({"first": "0001-01-01"}, "first"),
        ({"last": "9999-12-31"}, "last"),
        ({"last": "soon"}, "last"),
    ],
)
def test_bad_season_is_named_beside_its_field(doctor: User, client_of: ClientOf, fields: Row, field: str) -> None:
    response = client_of(doctor).post(PATH, form(row(MONDAY, "09:00", "12:00") | fields))
    assert set(row_errors(response, 0)) == {field}
    assert fields[field] in response.content.decode()


# Copying a day ---------------------------------------------------------------------------------------------------


def test_day_is_copied_to_others_and_nothing_is_saved(doctor: User, client_of: ClientOf) -> None:
    before = week(doctor)
    data = form(
        row(MONDAY, "09:00", "12:00"), row(MONDAY, "22:00", "02:00"), row(TUESDAY, "15:00", "16:00"), slot_minutes="25"
    )
    response = client_of(doctor).post(PATH, data | {"copy": "1", "copy_from": "0", "copy_to": ["1", "4", "0"]})
    assert response.status_code == 200
    typed = [(each["weekday"], f"{each['start']:%H:%M}") for each in response.context["week"].typed()]
    assert typed == [(day, start) for day in (0, 1, 4) for start in ("09:00", "22:00")]
    assert response.context["rules"]["slot_minutes"].value() == "25", "the rules as they were typed"
    assert "nothing is saved yet" in response.content.decode()
    assert week(doctor) == before


@pytest.mark.parametrize("copy", [{"copy_to": []}, {"copy_to": ["8"]}, {"copy_from": "x"}])
def test_copy_of_nothing_is_named_and_keeps_the_rows(doctor: User, client_of: ClientOf, copy: dict[str, Any]) -> None:
    data = form(row(MONDAY, "09:00", "12:00")) | {"copy": "1", "copy_from": "0", "copy_to": ["1"]} | copy
    response = client_of(doctor).post(PATH, data)
    assert response.status_code == 422
    assert response.context["copy"].errors
    assert 'value="09:00"' in response.content.decode()


# What a change concerns ------------------------------------------------------------------------------------------


def test_removed_hours_over_visits_are_named_before_they_are_saved(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    client, before = client_of(doctor), week(doctor)
    inside, out = confirmed(doctor, patient, at(10)), confirmed(doctor, stranger, at(15))
    data = form(*(row(str(day), "09:00", "12:00") for day in range(7)))
    response = client.post(PATH, data)
    assert response.status_code == 409
    assert response.context["visits"] == [out]
    assert "stay booked, outside your hours" in response.content.decode()
    assert week(doctor) == before

    edited = client.post(PATH, sent_again(response) | {"edit": "1"})
    assert edited.status_code == 200
    assert [each["until"] for each in edited.context["week"].typed()] == [time(12)] * 7
    assert week(doctor) == before

    assert client.post(PATH, sent_again(response)).status_code == 302
    assert {minutes for _day, _start, minutes, _modes in week(doctor)} == {180}
    inside.refresh_from_db()
    out.refresh_from_db()
    assert (inside.status, out.status) == (Status.CONFIRMED, Status.CONFIRMED)


def test_visit_that_came_after_the_page_named_the_others_is_named_too(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    client = client_of(doctor)
    first = confirmed(doctor, patient, at(15))
    data = form(*(row(str(day), "09:00", "12:00") for day in range(7)))
    answer = sent_again(client.post(PATH, data))
    second = confirmed(doctor, stranger, at(16))
    again = client.post(PATH, answer)
    assert again.status_code == 409
    assert again.context["visits"] == [first, second]
    assert client.post(PATH, sent_again(again)).status_code == 302


def test_visits_that_are_outside_already_are_not_named_again(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient, at(15))
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(visit.start, visit.end))
    data = form(*(row(str(day), "09:00", "12:00") for day in range(7)))
    assert client_of(doctor).post(PATH, data).status_code == 302


# Extra hours -----------------------------------------------------------------------------------------------------


def extra(day: date | str, start: str, until: str, *modes: str, place: object = "") -> dict[str, Any]:
    fields = {"day": str(day), "start": start, "until": until, "modes": modes or ("video",), "place": str(place)}
    return {f"extra-{name}": value for name, value in fields.items()}


ADD_EXTRA = "/practice/hours/extra/add/"


def test_extra_hours_are_offered_once(
    doctor: User, patient: User, client_of: ClientOf, in_person: PracticePlace
) -> None:
    client, day = client_of(doctor), days_from_now(1)
    assert client.post(ADD_EXTRA, extra(day, "20:00", "22:00", "in_person", place=in_person.pk)).url == PATH
    kept = ExtraHours.objects.get()
    assert (kept.period.lower, kept.period.upper, kept.place) == (at(20), at(22), in_person)
    page = client.get(PATH)
    assert in_person.name in page.content.decode()
    assert hold(doctor, patient, at(20), mode="in_person").place == in_person


def test_extra_hours_may_run_past_midnight(doctor: User, client_of: ClientOf) -> None:
    client_of(doctor).post(ADD_EXTRA, extra(days_from_now(1), "23:00", "01:00"))
    period = ExtraHours.objects.get().period
    assert (period.lower, period.upper) == (at(23), at(1, days=2))


def test_extra_hours_twice_are_refused_beside_their_field(doctor: User, client_of: ClientOf) -> None:
    client, day = client_of(doctor), days_from_now(1)
    assert client.post(ADD_EXTRA, extra(day, "20:00", "22:00")).status_code == 302
    response = client.post(ADD_EXTRA, extra(day, "21:00", "23:00"))
    assert response.status_code == 422
    assert response.context["extra"].errors == {"start": ["These hours overlap extra hours that you offer already."]}
    assert 'value="21:00"' in response.content.decode()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (lambda day: extra("", "10:00", "11:00"), "day"),
        (lambda day: extra("0001-01-01", "10:00", "11:00"), "day"),
        (lambda day: extra(day, "", "11:00"), "start"),
        (lambda day: extra(day, "10:00", "10:04"), "until"),
        (lambda day: extra(day, "10:00", "11:00", "telepathy"), "modes"),
        (lambda day: extra(day, "10:00", "11:00", "in_person"), "place"),
        (lambda day: extra(day, "10:00", "11:00", place="999999999999999999999"), "place"),
        (lambda day: extra(day, "\x00", "11:00"), "start"),
    ],
)
def test_bad_extra_hours_are_named_beside_their_field(
    doctor: User,
    client_of: ClientOf,
    in_person: PracticePlace,
    typed: Callable[[date], dict[str, Any]],
    field: str,
) -> None:
    response = client_of(doctor).post(ADD_EXTRA, typed(days_from_now(2)))
    assert response.status_code == 422
    assert set(response.context["extra"].errors) == {field}
    assert response.context["extra"].errors[field][0] in unescape(response.content.decode())
    assert not ExtraHours.objects.exists()


def test_extra_hours_are_removed_by_their_doctor_alone(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    row = ExtraHoursFactory(doctor=doctor.doctor, period=DateTimeTZRange(at(20), at(22)))
    path = f"/practice/hours/extra/{row.pk}/remove/"
    assert client_of(other_doctor).post(path).status_code == 404
    assert client_of(patient).post(path).status_code == 403
    assert client_of(doctor).get(path).status_code == 405
    visit = confirmed(doctor, patient, at(20))
    named = client_of(doctor).post(path)
    assert named.status_code == 409
    assert named.context["visits"] == [visit]
    assert ExtraHours.objects.exists()
    assert client_of(doctor).post(path, sent_again(named)).status_code == 302
    assert not ExtraHours.objects.exists()
    assert client_of(doctor).post(path).status_code == 404
    assert outside(client_of(doctor)) == [visit]


# Days on which clocks change ---------------------------------------------------------------------------------------

# In London clocks go from 01:00 to 02:00 on 28 March 2027, and from 02:00 back to 01:00 on 31 October.
FORWARD, BACK = date(2027, 3, 28), date(2027, 10, 31)


def utc(day: date, hour: int, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)


@pytest.fixture
def in_london(doctor: User) -> User:
    Calendar.objects.filter(doctor=doctor.doctor).update(time_zone="Europe/London")
    return doctor


def test_time_that_clocks_skip_is_refused_with_a_sentence(in_london: User, client_of: ClientOf) -> None:
    client = client_of(in_london)
    for path, data, name in (
        (ADD_EXTRA, extra(FORWARD, "01:30", "04:00"), "extra"),
        ("/practice/time-off/add/", absence(FORWARD, FORWARD, "01:30", "04:00"), "time_off"),
    ):
        response = client.post(path, data)
        assert response.status_code == 422
        assert "there is no such time" in response.context[name].errors["start"][0]
        assert 'value="01:30"' in response.content.decode()


def test_time_that_comes_twice_is_refused_for_extra_hours(in_london: User, client_of: ClientOf) -> None:
    response = client_of(in_london).post(ADD_EXTRA, extra(BACK, "01:30", "04:00"))
    assert response.status_code == 422
    assert "comes twice" in response.context["extra"].errors["start"][0]


def test_extra_hours_across_a_change_of_clocks_last_as_long_as_they_do(in_london: User, client_of: ClientOf) -> None:
    client = client_of(in_london)
    assert client.post(ADD_EXTRA, extra(FORWARD, "00:30", "03:00")).status_code == 302
    assert client.post(ADD_EXTRA, extra(BACK, "00:30", "03:00")).status_code == 302
    periods = [each.period for each in ExtraHours.objects.order_by("period")]
    assert [period.upper - period.lower for period in periods] == [timedelta(hours=1.5), timedelta(hours=3.5)]


def test_time_off_of_a_time_that_comes_twice_means_both(in_london: User, client_of: ClientOf) -> None:
    client = client_of(in_london)
    assert client.post("/practice/time-off/add/", absence(BACK, BACK, "01:15", "01:45")).status_code == 302
    period = TimeOff.objects.get().period
    assert (period.lower, period.upper) == (utc(BACK, 0, 15), utc(BACK, 1, 45))


def test_whole_day_off_is_as_long_as_that_day(in_london: User, client_of: ClientOf) -> None:
    client = client_of(in_london)
    for day in (FORWARD, BACK):
        assert client.post("/practice/time-off/add/", absence(day, day)).status_code == 302
    lengths = [each.period.upper - each.period.lower for each in TimeOff.objects.order_by("period")]
    assert lengths == [timedelta(hours=23), timedelta(hours=25)]


# Kinds of visit --------------------------------------------------------------------------------------------------

TYPES = "/practice/visit-types/"
TYPE: Row = {"row": "", "kind": "short", "label": "", "minutes": "10", "fee_video": "300", "is_active": "on"}


def types(*rows: Row, initial: int = 0) -> dict[str, Any]:
    data: dict[str, Any] = {"types-TOTAL_FORMS": str(len(rows)), "types-INITIAL_FORMS": str(initial)}
    for number, fields in enumerate(rows):
        data |= {f"types-{number}-{name}": value for name, value in fields.items()}
    return data


def test_kinds_of_visit_are_saved_in_their_order(doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    assert client.get(TYPES).status_code == 200
    first = TYPE | {
        "kind": "new",
        "label": "First visit",
        "minutes": "৪০",
        "fee_video": "",
        "buffer_after_minutes": "10",
    }
    untouched = {"row": "", "kind": "", "label": "", "minutes": "", "fee_video": "", "is_active": "on"}
    assert client.post(TYPES, types(first, TYPE, untouched)).url == TYPES
    kept = VisitType.objects.filter(doctor=doctor.doctor)
    assert [(each.name, each.minutes, each.fee_video, each.buffer_after_minutes) for each in kept] == [
        ("First visit", 40, None, 10),
        ("Short visit", 10, 300, None),
    ]
    page = client.get(TYPES).content.decode()
    assert 'value="First visit"' in page


def test_kinds_of_visit_keep_their_row_change_names_and_go(doctor: User, client_of: ClientOf) -> None:
    one, two = (VisitTypeFactory(doctor=doctor.doctor, label=label) for label in ("One", "Two"))
    gone = VisitTypeFactory(doctor=doctor.doctor, label="Three")
    rows = (
        TYPE | {"row": str(two.pk), "label": "One"},
        TYPE | {"row": str(one.pk), "label": "Two", "is_active": ""},
        TYPE | {"row": str(gone.pk), "label": "Three", "DELETE": "on"},
    )
    assert client_of(doctor).post(TYPES, types(*rows, initial=3)).status_code == 302
    kept = list(VisitType.objects.filter(doctor=doctor.doctor).values_list("pk", "label", "is_active"))
    assert kept == [(two.pk, "One", True), (one.pk, "Two", False)]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"kind": ""}, "kind"),
        ({"kind": "psychic"}, "kind"),
        ({"kind": "new"}, "label"),
        ({"kind": "follow_up", "fee_video": ""}, "kind"),
        ({"minutes": ""}, "minutes"),
        ({"minutes": "4"}, "minutes"),
        ({"minutes": "9" * 5000}, "minutes"),
        ({"fee_video": "9"}, "fee_video"),
        ({"fee_video": "-1"}, "fee_video"),
        ({"label": "x" * 61}, "label"),
        ({"buffer_after_minutes": "121"}, "buffer_after_minutes"),
    ],
)
def test_bad_kind_of_visit_is_named_beside_its_field_and_kept(
    doctor: User, client_of: ClientOf, fields: Row, field: str
) -> None:
    response = client_of(doctor).post(TYPES, types(TYPE | fields))
    assert response.status_code == 422
    errors = response.context["types"].forms[0].errors
    assert set(errors) == {field}
    assert errors[field][0] in unescape(response.content.decode())
    assert not VisitType.objects.exists()


def test_follow_up_has_its_fee_on_the_profile(doctor: User, client_of: ClientOf) -> None:
    Doctor.objects.filter(user=doctor).update(follow_up_fee=Decimal(300), follow_up_days=14)
    row = TYPE | {"kind": "follow_up"}
    response = client_of(doctor).post(TYPES, types(row))
    assert set(response.context["types"].forms[0].errors) == {"fee_video"}
    assert client_of(doctor).post(TYPES, types(row | {"fee_video": ""})).status_code == 302


def test_two_kinds_of_visit_of_one_name_are_refused(doctor: User, client_of: ClientOf) -> None:
    response = client_of(doctor).post(TYPES, types(TYPE | {"label": "Quick"}, TYPE | {"label": "quick"}))
    assert response.status_code == 422
    assert set(response.context["types"].forms[1].errors) == {"label"}


def test_type_of_another_doctor_is_not_touched(doctor: User, other_doctor: User, client_of: ClientOf) -> None:
    foreign = VisitTypeFactory(doctor=other_doctor.doctor, label="Theirs")
    client_of(doctor).post(TYPES, types(TYPE | {"row": str(foreign.pk), "label": "Mine"}, initial=1))
    foreign.refresh_from_db()
    assert (foreign.doctor, foreign.label) == (other_doctor.doctor, "Theirs")
    assert VisitType.objects.get(doctor=doctor.doctor).label == "Mine"


def test_kinds_of_visit_take_the_same_queries_for_one_and_for_three(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = client_of(doctor)
    client.get(TYPES)
    # Session, user, doctor, places, kinds.
    for number in range(3):
        VisitTypeFactory(doctor=doctor.doctor, label=str(number))
        with django_assert_num_queries(5):
            client.get(TYPES)
