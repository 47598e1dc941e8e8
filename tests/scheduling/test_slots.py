"""Open times by example; `test_slots_properties.py` holds what is true of every calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduling.slots import (
    WEEK_MINUTES,
    ExtraBlock,
    Interval,
    Rules,
    Slot,
    WeeklyBlock,
    open_slot,
    reach,
    slots,
    week_minutes,
    window_of,
)

DHAKA = ZoneInfo("Asia/Dhaka")
NEW_YORK = ZoneInfo("America/New_York")
MON, TUE, WED, THU, FRI, SAT, SUN = range(7)
VIDEO, IN_PERSON = frozenset({"video"}), frozenset({"in_person"})


def minutes(count: int) -> timedelta:
    return timedelta(minutes=count)


def rules(zone: ZoneInfo = DHAKA, *, slot: int = 30, before: int = 0, after: int = 0, notice: int = 0) -> Rules:
    return Rules(zone, minutes(slot), minutes(before), minutes(after), minutes(notice), horizon=timedelta(days=60))


def at(text: str, zone: ZoneInfo = DHAKA) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone)


def hours(weekday: int, start: str, length: int, **more: Any) -> WeeklyBlock:
    begin = time.fromisoformat(start)
    return replace(WeeklyBlock(weekday, begin.hour * 60 + begin.minute, length, VIDEO, place=None), **more)


def span(start: str, end: str, zone: ZoneInfo = DHAKA) -> Interval:
    return Interval(at(start, zone), at(end, zone))


def offered(
    calendar: Rules,
    *weekly: WeeklyBlock,
    window: Interval,
    extra: Sequence[ExtraBlock] = (),
    off: Sequence[Interval] = (),
    busy: Sequence[Interval] = (),
    now: datetime | None = None,
) -> list[Slot]:
    """The slots of a doctor with these hours, asked for at the window's start unless it says otherwise."""
    return slots(
        calendar,
        weekly=weekly,
        extra=extra,
        off=off,
        busy=busy,
        window=window,
        now=window.start if now is None else now,
    )


def clock(found: list[Slot], zone: ZoneInfo = DHAKA) -> list[str]:
    return [slot.start.astimezone(zone).strftime("%a %H:%M") for slot in found]


MONDAY = span("2025-06-02", "2025-06-03")


# One morning


def test_slots_fill_a_block_and_all_end_inside_it() -> None:
    found = offered(rules(slot=30), hours(MON, "09:00", 100), window=MONDAY)
    assert clock(found) == ["Mon 09:00", "Mon 09:30", "Mon 10:00"]
    assert found[0] == Slot(at("2025-06-02 09:00"), at("2025-06-02 09:30"), VIDEO, place=None, free=True)
    assert found[0].start.tzinfo is UTC


def test_slots_keep_buffers_between_neighbours_but_not_at_the_edges_of_a_block() -> None:
    found = offered(rules(slot=30, before=5, after=10), hours(MON, "09:00", 120), window=MONDAY)
    assert clock(found) == ["Mon 09:00", "Mon 09:45", "Mon 10:30"]


def test_slots_say_where_and_how() -> None:
    chamber = hours(MON, "09:00", 30, modes=IN_PERSON | VIDEO, place=7)
    assert [(slot.modes, slot.place) for slot in offered(rules(), chamber, window=MONDAY)] == [(IN_PERSON | VIDEO, 7)]


def test_slots_of_an_empty_week_are_none() -> None:
    assert offered(rules(), window=MONDAY) == []


def test_slots_of_an_empty_window_are_none() -> None:
    assert offered(rules(), hours(MON, "09:00", 60), window=span("2025-06-02 09:00", "2025-06-02 09:00")) == []


def test_slots_belong_to_the_window_they_start_in() -> None:
    found = offered(rules(), hours(MON, "09:00", 120), window=span("2025-06-02 09:30", "2025-06-02 10:30"))
    assert clock(found) == ["Mon 09:30", "Mon 10:00"]


# Taken, away, too soon, too far


def test_slots_met_by_a_booking_are_shown_as_taken() -> None:
    booking = span("2025-06-02 09:30", "2025-06-02 10:00")
    found = offered(rules(), hours(MON, "09:00", 90), window=MONDAY, busy=[booking])
    assert [slot.free for slot in found] == [True, False, True]


def test_slots_are_taken_when_only_their_buffer_meets_a_booking() -> None:
    one_minute = span("2025-06-02 08:55", "2025-06-02 08:56")
    calendar = rules(before=5)
    assert [slot.free for slot in offered(calendar, hours(MON, "09:00", 60), window=MONDAY, busy=[one_minute])] == [
        False
    ]
    assert offered(rules(before=4), hours(MON, "09:00", 30), window=MONDAY, busy=[one_minute])[0].free


def test_slots_over_time_off_do_not_exist() -> None:
    found = offered(
        rules(), hours(MON, "09:00", 120), window=MONDAY, off=[span("2025-06-02 09:45", "2025-06-02 10:30")]
    )
    assert clock(found) == ["Mon 09:00", "Mon 10:30"]


def test_slots_ignore_an_interval_without_length() -> None:
    moment = span("2025-06-02 09:10", "2025-06-02 09:10")
    found = offered(rules(), hours(MON, "09:00", 30), window=MONDAY, off=[moment], busy=[moment])
    assert [slot.free for slot in found] == [True]


def test_slots_start_exactly_from_notice_to_horizon() -> None:
    calendar = replace(rules(notice=60), horizon=minutes(120))
    found = offered(calendar, hours(MON, "09:00", 240), window=MONDAY, now=at("2025-06-02 08:30"))
    assert clock(found) == ["Mon 09:30", "Mon 10:00", "Mon 10:30"]


def test_slots_of_a_timetable_follow_the_days_on_which_it_is_valid() -> None:
    old = hours(MON, "09:00", 30, valid_until=date(2025, 6, 9))
    new = hours(MON, "17:00", 30, valid_from=date(2025, 6, 16), valid_until=date(2025, 6, 16))
    found = offered(rules(), old, new, window=span("2025-06-02", "2025-07-01"))
    assert [f"{slot.start.astimezone(DHAKA):%d %H:%M}" for slot in found] == ["02 09:00", "09 09:00", "16 17:00"]


# Blocks that meet


def test_slots_of_an_extra_block_join_the_week() -> None:
    evening = ExtraBlock(at("2025-06-02 20:00"), at("2025-06-02 21:00"), IN_PERSON, 3)
    found = offered(rules(), hours(MON, "09:00", 30), window=MONDAY, extra=[evening])
    assert clock(found) == ["Mon 09:00", "Mon 20:00", "Mon 20:30"]


def test_slots_where_blocks_overlap_belong_to_the_one_that_began_first() -> None:
    morning = ExtraBlock(at("2025-06-02 08:15"), at("2025-06-02 09:10"), VIDEO, None)
    noon = ExtraBlock(at("2025-06-02 09:40"), at("2025-06-02 11:00"), VIDEO, None)
    found = offered(rules(), hours(MON, "09:00", 60), window=MONDAY, extra=[noon, morning])
    assert clock(found) == ["Mon 08:15", "Mon 09:30", "Mon 10:10"]


def test_slots_of_the_week_come_before_an_extra_block_that_begins_with_them() -> None:
    longer = ExtraBlock(at("2025-06-02 09:00"), at("2025-06-02 10:00"), IN_PERSON, 3)
    found = offered(rules(), hours(MON, "09:00", 30), window=MONDAY, extra=[longer])
    assert [(slot.modes, slot.place) for slot in found] == [(VIDEO, None), (IN_PERSON, 3)]


def test_slots_do_not_depend_on_which_of_two_equal_blocks_is_read_first() -> None:
    here, there = hours(MON, "09:00", 60, place=1), hours(MON, "09:00", 60, place=2)
    video, chamber = hours(MON, "12:00", 60), hours(MON, "12:00", 60, modes=IN_PERSON)
    longer = hours(MON, "12:00", 90)
    one_way = offered(rules(), here, there, video, chamber, longer, window=MONDAY)
    assert clock(one_way) == ["Mon 09:00", "Mon 09:30", "Mon 12:00", "Mon 12:30", "Mon 13:00"]
    assert one_way == offered(rules(), longer, chamber, video, there, here, window=MONDAY)
    assert offered(rules(), video, chamber, window=MONDAY) == offered(rules(), chamber, video, window=MONDAY)


# Midnight, the week's end, and clocks that change


def test_slots_run_on_past_midnight_and_the_end_of_the_week() -> None:
    night = hours(SUN, "23:00", 120)
    assert clock(offered(rules(), night, window=span("2025-06-01", "2025-06-02"))) == ["Sun 23:00", "Sun 23:30"]
    assert clock(offered(rules(), night, window=MONDAY)) == ["Mon 00:00", "Mon 00:30"]


def test_slots_stay_at_nine_on_the_wall_when_clocks_change() -> None:
    found = offered(
        rules(NEW_YORK),
        hours(SUN, "09:00", 30),
        window=span("2025-03-02", "2025-03-16", NEW_YORK),
        now=at("2025-03-01"),
    )
    assert clock(found, NEW_YORK) == ["Sun 09:00", "Sun 09:00"]
    assert [slot.start.hour for slot in found] == [14, 13]


def test_slots_of_hours_that_clocks_skip_come_later_by_as_much() -> None:
    found = offered(rules(NEW_YORK), hours(SUN, "02:30", 60), window=span("2025-03-09", "2025-03-10", NEW_YORK))
    assert clock(found, NEW_YORK) == ["Sun 03:30", "Sun 04:00"]


def test_slots_of_hours_that_clocks_repeat_begin_the_first_time_and_last_in_real_time() -> None:
    found = offered(rules(NEW_YORK), hours(SUN, "01:30", 90), window=span("2025-11-02", "2025-11-03", NEW_YORK))
    assert clock(found, NEW_YORK) == ["Sun 01:30", "Sun 01:00", "Sun 01:30"]
    assert all(slot.end - slot.start == minutes(30) for slot in found)


def test_slots_do_not_overlap_where_a_skipped_hour_runs_into_the_next_block() -> None:
    skipped, next_block = hours(SUN, "02:30", 60), hours(SUN, "03:30", 90)
    found = offered(rules(NEW_YORK), skipped, next_block, window=span("2025-03-09", "2025-03-10", NEW_YORK))
    assert clock(found, NEW_YORK) == ["Sun 03:30", "Sun 04:00", "Sun 04:30"]


def test_slots_of_late_hours_move_into_the_next_day_where_dhaka_skipped_the_end_of_one() -> None:
    late = hours(FRI, "23:30", 1440)
    assert clock(offered(rules(slot=360), late, window=span("2009-06-19", "2009-06-20"))) == []
    assert clock(offered(rules(slot=360), late, window=span("2009-06-20", "2009-06-20 12:00"))) == [
        "Sat 00:30",
        "Sat 06:30",
    ]
    assert clock(offered(rules(), late, window=span("2009-06-21", "2009-06-22"))) == ["Sun 00:00"]


def test_slots_of_a_sunday_are_found_while_clocks_have_gone_back_into_saturday() -> None:
    st_johns = ZoneInfo("America/St_Johns")  # where 00:01 on Sunday became 23:01 on Saturday
    window = Interval(datetime(2010, 11, 7, 2, 0, tzinfo=UTC), datetime(2010, 11, 7, 3, 0, tzinfo=UTC))
    found = offered(rules(st_johns), hours(SUN, "00:00", 60), window=window)
    assert clock(found, st_johns) == ["Sun 00:00"]
    assert found[0].start == datetime(2010, 11, 7, 2, 30, tzinfo=UTC)


def test_slots_of_an_extra_block_given_in_local_time_last_in_real_time() -> None:
    night = ExtraBlock(at("2025-11-02 00:30", NEW_YORK), at("2025-11-02 03:00", NEW_YORK), VIDEO, None)
    found = offered(rules(NEW_YORK, slot=60), window=span("2025-11-02", "2025-11-03", NEW_YORK), extra=[night])
    assert clock(found, NEW_YORK) == ["Sun 00:30", "Sun 01:30", "Sun 01:30"]
    assert {slot.start.tzinfo for slot in found} == {UTC}


def test_slots_skip_a_day_that_did_not_exist() -> None:
    apia = ZoneInfo("Pacific/Apia")
    found = offered(
        rules(apia, slot=60),
        *(hours(day, "09:00", 60 * (1 + (day == FRI))) for day in (THU, FRI, SAT)),
        window=span("2011-12-29", "2012-01-01", apia),
    )
    assert clock(found, apia) == ["Thu 09:00", "Sat 09:00"]


# One time, asked for again


def test_open_slot_finds_a_free_time_in_hours_that_began_the_day_before() -> None:
    night = hours(SUN, "23:00", 120)
    now = at("2025-06-01 12:00")
    found = open_slot(rules(), weekly=[night], extra=[], off=[], busy=[], start=at("2025-06-02 00:30"), now=now)
    assert found == Slot(at("2025-06-02 00:30"), at("2025-06-02 01:00"), VIDEO, place=None, free=True)


@pytest.mark.parametrize(
    ("start", "why"),
    [
        ("2025-06-02 09:00", "taken"),
        ("2025-06-02 09:10", "off the grid"),
        ("2025-06-02 09:30", "away"),
        ("2025-06-02 12:00", "after hours"),
        ("2025-05-26 10:00", "past"),
        ("2026-06-01 10:00", "beyond the horizon"),
    ],
)
def test_open_slot_is_none_at_a_time_that_cannot_be_booked(start: str, why: str) -> None:
    found = open_slot(
        rules(),
        weekly=[hours(MON, "09:00", 180)],
        extra=[],
        off=[span("2025-06-02 09:30", "2025-06-02 10:00")],
        busy=[span("2025-06-02 09:00", "2025-06-02 09:30")],
        start=at(start),
        now=at("2025-06-01 12:00"),
    )
    assert found is None, why


def test_reach_of_one_time_is_that_time_with_its_buffers() -> None:
    start = at("2025-06-02 09:00")
    assert window_of(start) == Interval(start, start + timedelta.resolution)
    assert reach(rules(slot=30, before=5, after=10), window_of(start)) == Interval(
        at("2025-06-02 08:55"), at("2025-06-02 09:40") + timedelta.resolution
    )


# What cannot be


def test_naive_times_are_refused() -> None:
    naive = at("2025-06-02 09:00").replace(tzinfo=None)
    with pytest.raises(ValueError, match="naive"):
        Interval(naive, MONDAY.end)
    with pytest.raises(ValueError, match="naive"):
        Interval(MONDAY.start, naive)
    with pytest.raises(ValueError, match="naive"):
        offered(rules(), window=MONDAY, now=naive)


def test_reversed_intervals_are_refused() -> None:
    with pytest.raises(ValueError, match="end before"):
        span("2025-06-03", "2025-06-02")


@pytest.mark.parametrize("impossible", [{"slot": 0}, {"slot": -5}, {"before": -1}, {"after": -1}])
def test_rules_without_a_real_slot_are_refused(impossible: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="slot"):
        rules(**impossible)


@pytest.mark.parametrize("impossible", [(7, 0, 60), (-1, 0, 60), (0, 1440, 60), (0, -1, 60), (0, 0, 0), (0, 0, 1441)])
def test_hours_outside_the_week_are_refused(impossible: tuple[int, int, int]) -> None:
    with pytest.raises(ValueError, match="no such hours"):
        WeeklyBlock(*impossible, modes=VIDEO, place=None)
    with pytest.raises(ValueError, match="no such hours"):
        week_minutes(*impossible)


def test_week_minutes_are_split_at_the_end_of_the_week() -> None:
    assert week_minutes(TUE, 9 * 60, 120) == [(1980, 2100)]
    assert week_minutes(SUN, 22 * 60, 120) == [(9960, WEEK_MINUTES)]
    assert week_minutes(SUN, 23 * 60, 180) == [(10020, WEEK_MINUTES), (0, 120)]
