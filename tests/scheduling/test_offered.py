"""Whether the hours still hold a visit that is booked, on the grid or not."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from scheduling.slots import ExtraBlock, Interval, Rules, WeeklyBlock, is_offered, slots

DHAKA = ZoneInfo("Asia/Dhaka")
# The first is a Monday.
MONDAYS = WeeklyBlock(0, 9 * 60, 180, frozenset({"video"}), None)
NIGHTS = WeeklyBlock(0, 23 * 60, 120, frozenset({"video"}), None)


def at(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2027, 3, day, hour, minute, tzinfo=DHAKA)


def offered(begin: datetime, end: datetime, *weekly: WeeklyBlock, **more: list) -> bool:
    given = {"extra": [], "off": []} | more
    return is_offered(DHAKA, weekly=weekly, **given, period=Interval(begin, end))


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        (at(1, 9), at(1, 9, 15), True),
        (at(1, 9, 7), at(1, 9, 22), True),
        (at(1, 9), at(1, 12), True),
        (at(1, 8, 59), at(1, 9, 14), False),
        (at(1, 11, 50), at(1, 12, 5), False),
        (at(2, 9), at(2, 9, 15), False),
        (at(1, 23, 45), at(2, 0, 15), True),
        (at(2, 0, 50), at(2, 1, 5), False),
    ],
)
def test_period_is_offered_where_one_block_holds_all_of_it(begin: datetime, end: datetime, expected: bool) -> None:
    assert offered(begin, end, MONDAYS, NIGHTS) is expected


def test_time_off_and_extra_hours_count() -> None:
    begin, end = at(1, 9), at(1, 9, 15)
    assert not offered(begin, end, MONDAYS, off=[Interval(at(1, 9, 14), at(1, 10))])
    assert offered(begin, end, MONDAYS, off=[Interval(at(1, 9, 15), at(1, 10))])
    assert not offered(begin, end)
    assert offered(begin, end, extra=[ExtraBlock(at(1, 9), at(1, 10), frozenset({"video"}), None)])


def test_hours_count_on_the_days_on_which_they_are_valid() -> None:
    over = WeeklyBlock(0, 9 * 60, 180, frozenset({"video"}), None, valid_until=date(2027, 3, 1))
    assert offered(at(1, 9), at(1, 10), over)
    assert not offered(at(8, 9), at(8, 10), over)


@pytest.mark.parametrize("zone", ["Asia/Dhaka", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])
def test_every_slot_is_offered(zone: str) -> None:
    """Through the clock changes of half a year."""
    rules = Rules(
        ZoneInfo(zone), timedelta(minutes=20), timedelta(), timedelta(minutes=5), timedelta(), timedelta(days=400)
    )
    weekly = [WeeklyBlock(day, 22 * 60, 6 * 60, frozenset({"video"}), None) for day in range(7)]
    now = datetime(2027, 2, 1, tzinfo=ZoneInfo(zone))
    window = Interval(now, now + timedelta(days=180))
    found = slots(rules, weekly=weekly, extra=[], off=[], busy=[], window=window, now=now)
    assert len(found) > 2000
    for slot in found[::7]:
        period = Interval(slot.start, slot.end)
        assert is_offered(rules.zone, weekly=weekly, extra=[], off=[], period=period)
