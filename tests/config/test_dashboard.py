"""The admin's home: whose it is, what it says of a range, and its file."""

import csv
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from io import StringIO

import pytest
import time_machine
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.charts import stacked_chart
from config.dashboard import usual_range
from config.days import zone
from config.models import CountedDay, DailyFigure, Name
from config.spreadsheet import csv_lines
from doctors.models import Purpose, Verification, VerificationStatus
from tests.doctors.verifications import change_asked
from tests.factories.accounts import UserFactory
from tests.factories.specialties import SpecialtyFactory

pytestmark = pytest.mark.django_db
type ClientOf = Callable[[User], Client]

NOW = datetime(2026, 6, 20, 12, tzinfo=zone())
SHEET = "/admin/figures.csv"


@pytest.fixture(autouse=True)
def _in_june():
    with time_machine.travel(NOW, tick=False):
        yield


def figure(day: date, name: Name, of: str, value: int) -> None:
    CountedDay.objects.get_or_create(day=day, defaults={"counted_at": NOW})
    DailyFigure.objects.create(day=day, name=name, of=of, value=value)


def of_a_month(month: date) -> None:
    specialty = SpecialtyFactory()
    for name, parts in {
        Name.VISITS: {"completed": 8, "no_show": 2, "cancelled": 3, "let_go": 5},
        Name.FUNNEL: {"search": 200, "profile": 90, "held": 20, "booked": 13},
        Name.CALLS: {"calls": 10, "failed": 1},
        Name.MONEY: {"online": 5000, "cash": 700, "fee": 125, "back": 500},
        Name.ACTIVE: {"doctors": 3, "patients": 7},
        Name.OFFERED: {"": 40},
        Name.SPECIALTY: {str(specialty.pk): 10},
    }.items():
        for of, value in parts.items():
            figure(month, name, of, value)


def tiles(response) -> dict[str, str]:
    return {tile.label: tile.value for tile in response.context["home"].tiles()}


def test_tiles_say_what_the_range_comes_to(client_of: ClientOf) -> None:
    for month in (date(2026, 4, 1), date(2026, 5, 1)):
        of_a_month(month)
    response = client_of(UserFactory(as_admin=True)).get(reverse("admin:index"))
    assert tiles(response) == {
        "Bookings": "26",
        "Took place": "16",
        "Missed": "20.0 %",
        "Failed calls": "10.0 %",
        "Taken": "৳11,400",
        "Given back": "৳1,000",
        # Of the last month of the range, in which there was nobody.
        "Active doctors": "0",
        "Active patients": "0",
        "Time to verify": "–",
        "Times used": "25.0 %",
    }
    page = response.content.decode()
    assert page.count("<details>") == 6
    assert page.count('class="bar-chart"') == 6


def test_range_is_the_addresss_and_a_year_of_months_without_one(client_of: ClientOf) -> None:
    assert usual_range() == (date(2025, 7, 1), date(2026, 6, 20))
    of_a_month(date(2026, 4, 1))
    figure(date(2026, 4, 30), Name.VISITS, "completed", 100)
    figure(date(2026, 5, 1), Name.VISITS, "completed", 1000)
    browser = client_of(UserFactory(as_admin=True))
    within = browser.get(reverse("admin:index"), {"first": "2026-04-02", "last": "2026-04-30"})
    found = tiles(within)
    assert (found["Bookings"], found["Taken"]) == ("100", "৳0")
    assert (found["Active doctors"], found["Active patients"]) == ("3", "7"), "of the whole month"
    assert len(within.context["home"].sums.months) == 1
    open_end = browser.get(reverse("admin:index"), {"first": "2026-04-02"})
    assert tiles(open_end)["Bookings"] == "1,100"


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"first": "2026-05-02", "last": "2026-05-01"}, "This day is after the last one."),
        ({"last": "2026-06-21"}, "This day is still to come."),
        ({"first": "0001-01-01"}, "At most five years"),
        ({"first": "yesterday"}, "Enter a valid date."),
        ({"last": "2026-02-30"}, "Enter a valid date."),
    ],
)
def test_range_that_cannot_be_is_said_beside_its_field(client_of: ClientOf, asked: dict[str, str], words: str) -> None:
    of_a_month(date(2026, 5, 1))
    browser = client_of(UserFactory(as_admin=True))
    page = browser.get(reverse("admin:index"), asked)
    assert words in page.content.decode()
    assert "home" not in page.context
    (value,) = asked.values() if len(asked) == 1 else (asked["first"],)
    assert f'value="{value}"' in page.content.decode(), "what was typed is kept"
    sheet = browser.get(SHEET, asked)
    assert sheet.status_code == 302
    assert sheet["Location"].startswith(reverse("admin:index") + "?")


@pytest.mark.parametrize(
    ("group", "sees_figures", "sees_money"),
    [("support", True, False), ("finance", True, True), ("verification", False, False), ("moderation", False, False)],
)
def test_figures_are_for_those_who_may_see_them_and_money_for_finance(
    client_of: ClientOf, group: str, sees_figures: bool, sees_money: bool
) -> None:
    of_a_month(date(2026, 5, 1))
    browser = client_of(UserFactory(in_group=group))
    page = browser.get(reverse("admin:index")).content.decode()
    assert ("How it goes" in page) is sees_figures
    assert ("5,700" in page) is sees_money
    sheet = browser.get(SHEET)
    assert sheet.status_code == (200 if sees_figures else 403)
    if sees_figures:
        assert (b"money_online" in b"".join(sheet.streaming_content)) is sees_money


def test_days_that_were_never_counted_are_not_taken_for_days_on_which_nothing_was(client_of: ClientOf) -> None:
    browser = client_of(UserFactory(as_admin=True))
    for day in (1, 2, 3):
        figure(date(2026, 5, day), Name.VISITS, "completed", 1)
    words = "Some of these days were never counted."
    asked = {"first": "2026-05-01", "last": "2026-05-03"}
    assert words not in browser.get(reverse("admin:index"), asked).content.decode()
    assert words in browser.get(reverse("admin:index"), asked | {"first": "2026-04-30"}).content.decode()


def test_file_is_for_administrators_whatever_somebody_was_given(client_of: ClientOf, patient: User) -> None:
    patient.user_permissions.add(Permission.objects.get(codename="view_dailyfigure"))
    assert client_of(patient).get(SHEET).status_code == 403


def test_new_portal_says_that_nothing_was_counted(client_of: ClientOf) -> None:
    page = client_of(UserFactory(as_admin=True)).get(reverse("admin:index")).content.decode()
    assert "Nothing was counted yet" in page
    assert "bar-chart" not in page


def test_days_are_a_file_for_a_spreadsheet(client_of: ClientOf) -> None:
    of_a_month(date(2026, 5, 1))
    figure(date(2026, 5, 2), Name.MONEY, "online", 250)
    browser = client_of(UserFactory(as_admin=True))
    answer = browser.get(SHEET, {"first": "2026-05-01", "last": "2026-05-03"})
    head, *rows = b"".join(answer.streaming_content).decode("utf-8-sig").splitlines()
    names = head.split(",")
    assert names[:3] == ["day", "visits_completed", "visits_ahead"]
    assert names[-1].startswith("specialty_")
    days = [dict(zip(names, row.split(","), strict=True)) for row in rows]
    assert [each["day"] for each in days] == ["2026-05-01", "2026-05-02", "2026-05-03"]
    assert (days[0]["visits_completed"], days[0]["funnel_search"], days[0][names[-1]]) == ("8", "200", "10")
    assert (days[1]["money_online"], days[2]["money_online"]) == ("250", "0")
    assert 'filename="figures-2026-05-01-2026-05-03.csv"' in answer["Content-Disposition"]
    assert browser.post(SHEET).status_code == 405


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_nothing_in_a_file_is_computed(sign: str) -> None:
    words = f"{sign}1+1"
    text = "".join(csv_lines([words, "day"], [[words, -1]])).removeprefix("\ufeff")
    assert list(csv.reader(StringIO(text, newline=""))) == [[f"'{words}", "day"], [f"'{words}", "-1"]]


def test_time_to_verify_is_the_median_by_the_month_of_the_decision(doctor: User, client_of: ClientOf) -> None:
    CountedDay.objects.create(day=date(2026, 5, 1), counted_at=NOW)
    asked = change_asked(doctor.doctor, name="Another Name")
    decided = datetime(2026, 5, 31, 23, 59, tzinfo=zone())
    approved = {"purpose": Purpose.APPLICATION, "status": VerificationStatus.APPROVED, "decided_at": decided}
    for hours in (1, 30, 500):
        Verification.objects.filter(pk=asked.pk).update(**approved, sent_at=decided - timedelta(hours=hours))
        asked.refresh_from_db()
        Verification.objects.create(
            **{
                field.name: getattr(asked, field.name)
                for field in Verification._meta.fields
                if field.name not in ("id",)
            }
        )
    Verification.objects.filter(pk=asked.pk).update(purpose=Purpose.CHANGE)
    home = client_of(UserFactory(as_admin=True)).get(reverse("admin:index")).context["home"]
    assert (home.decided.count, home.decided.waited) == (3, timedelta(hours=30))
    assert {month: each.count for month, each in home.decided_by_month.items()} == {date(2026, 5, 1): 3}


@pytest.mark.parametrize("number", [1, 3])
def test_page_takes_as_many_queries_whatever_there_is(
    client_of: ClientOf, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for month in range(number):
        of_a_month(date(2026, 4 + month, 1))
    browser = client_of(UserFactory(as_admin=True))
    browser.get(reverse("admin:index"))
    with django_assert_num_queries(8):
        browser.get(reverse("admin:index"))


def test_charts_have_a_scale_of_their_own_and_say_it(client_of: ClientOf) -> None:
    """Of a hundred thousand times three hundred were used, in the better month: a bar as high as any."""
    for month, used in ((date(2026, 5, 1), 150), (date(2026, 6, 1), 300)):
        figure(month, Name.OFFERED, "", 100_000)
        figure(month, Name.VISITS, "completed", used)
    response = client_of(UserFactory(in_group="finance")).get("/admin/")
    sections = {section.key: section for section in response.context["home"].sections()}
    assert [bar.height for bar in sections["times"].chart.bars][-2:] == [50, 100]
    assert sections["times"].top == "0.3 %"
    assert sections["bookings"].top == "300"
    assert "Highest: 0.3 %" in response.content.decode()


def test_stacks_stand_on_each_other_and_the_highest_fills_the_chart() -> None:
    chart = stacked_chart([("a", [3, 1]), ("b", [0, 2]), ("c", [])])
    assert [(bar.part, bar.y, bar.height) for bar in chart.bars] == [
        (0, 25.0, 75.0),
        (1, 0.0, 25.0),
        (0, 100.0, 0.0),
        (1, 50.0, 50.0),
    ]
    assert stacked_chart([]).width == 0
    assert Decimal(stacked_chart([("a", [0])]).bars[0].height) == 0
