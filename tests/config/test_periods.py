"""Weeks and months: where they begin, and what of the one before the running one is held against."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from config.periods import By, periods
from tests.appointments.visits import DHAKA

SUNDAY, SATURDAY = 6, 5


def test_weeks_begin_at_midnight_on_the_readers_first_day() -> None:
    now = datetime(2026, 11, 18, 15, 0, tzinfo=DHAKA)
    found = periods(By.WEEK, now=now, zone=DHAKA, first_weekday=SUNDAY, count=3)
    assert found.days == [date(2026, 11, 1), date(2026, 11, 8), date(2026, 11, 15)]
    assert found.up_to_now.begin == datetime(2026, 11, 1, tzinfo=DHAKA)
    assert (found.before.begin, found.before.until) == (
        datetime(2026, 11, 8, tzinfo=DHAKA),
        datetime(2026, 11, 11, 15, 0, tzinfo=DHAKA),
    )
    on_saturdays = periods(By.WEEK, now=now, zone=DHAKA, first_weekday=SATURDAY)
    assert (on_saturdays.days[-1], len(on_saturdays.days)) == (date(2026, 11, 14), 12)


def test_day_is_that_of_the_clock_and_not_of_greenwich() -> None:
    night = datetime(2026, 11, 14, 18, 30, tzinfo=ZoneInfo("UTC"))  # half past midnight of the 15th in Dhaka
    assert periods(By.WEEK, now=night, zone=DHAKA, first_weekday=SUNDAY).days[-1] == date(2026, 11, 15)


def test_months_go_over_the_year_and_a_longer_one_is_held_against_all_of_a_shorter_one() -> None:
    found = periods(By.MONTH, now=datetime(2027, 3, 31, 9, 0, tzinfo=DHAKA), zone=DHAKA)
    assert (found.days[0], found.days[-1]) == (date(2026, 4, 1), date(2027, 3, 1))
    assert found.before.until == datetime(2027, 3, 1, tzinfo=DHAKA)
    middle = periods(By.MONTH, now=datetime(2027, 3, 14, 9, 0, tzinfo=DHAKA), zone=DHAKA)
    assert middle.before.until == datetime(2027, 2, 14, 9, 0, tzinfo=DHAKA)


def test_week_in_which_the_clocks_change_is_held_against_the_same_wall_time() -> None:
    london = ZoneInfo("Europe/London")
    now = datetime(2026, 10, 27, 12, 0, tzinfo=london)
    before = periods(By.WEEK, now=now, zone=london).before
    assert before.until == datetime(2026, 10, 20, 12, 0, tzinfo=london)
