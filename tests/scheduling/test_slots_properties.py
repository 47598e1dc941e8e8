"""What is true of the slots of every calendar, around clock changes that really happened.

The oracle at the end knows no grid arithmetic and no rule of PEP 495: it walks real time a minute at a time and reads
the clock on the wall.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

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

CHANGES = [
    ("Asia/Dhaka", date(2009, 6, 19)),  # the hour before midnight was skipped
    ("Asia/Dhaka", date(2009, 12, 31)),  # and given back
    ("America/New_York", date(2025, 3, 9)),
    ("America/New_York", date(2025, 11, 2)),
    ("Europe/Berlin", date(2025, 3, 30)),
    ("Europe/Berlin", date(2025, 10, 26)),
    ("Australia/Lord_Howe", date(2025, 4, 6)),  # by half an hour
    ("Australia/Lord_Howe", date(2025, 10, 5)),
    ("Africa/Casablanca", date(2025, 2, 23)),  # for Ramadan
    ("Africa/Casablanca", date(2025, 4, 6)),
    ("Asia/Kathmandu", date(1986, 1, 1)),  # by a quarter of an hour, once
    ("America/St_Johns", date(2010, 11, 7)),  # at a minute past midnight, back into the day before
    ("America/St_Johns", date(2011, 3, 13)),
    ("America/Nuuk", date(2024, 3, 30)),  # the hour before midnight was skipped
    ("Pacific/Apia", date(2011, 12, 30)),  # the whole day was skipped
    ("Pacific/Apia", date(2021, 4, 4)),
]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
VIDEO, IN_PERSON = frozenset({"video"}), frozenset({"in_person"})


@dataclass(frozen=True)
class Case:
    """All that `slots` is told, around one clock change."""

    day: date
    rules: Rules
    weekly: list[WeeklyBlock]
    extra: list[ExtraBlock]
    off: list[Interval]
    busy: list[Interval]
    window: Interval
    now: datetime

    @property
    def hours(self) -> dict[str, Any]:
        return {"weekly": self.weekly, "extra": self.extra, "off": self.off, "busy": self.busy, "now": self.now}

    def slots(self) -> list[Slot]:
        return slots(self.rules, **self.hours, window=self.window)

    def open_slot(self, start: datetime) -> Slot | None:
        return open_slot(self.rules, **self.hours, start=start)

    def blocked(self, slot: Slot) -> Interval:
        return Interval(slot.start - self.rules.buffer_before, slot.end + self.rules.buffer_after)


def meet(one: Interval | Slot, other: Interval | Slot) -> bool:
    return max(one.start, other.start) < min(one.end, other.end)


def whole_minutes(low: int, high: int) -> st.SearchStrategy[timedelta]:
    return st.integers(low, high).map(lambda count: count * MINUTE)


def intervals(around: datetime, longest: int) -> st.SearchStrategy[Interval]:
    """Intervals of whole minutes that begin from a day before a moment to three days after it."""
    begins = whole_minutes(-1440, 3 * 1440).map(lambda offset: around + offset)
    return st.builds(lambda start, length: Interval(start, start + length), begins, whole_minutes(0, longest))


def weekly_blocks(day: date) -> st.SearchStrategy[WeeklyBlock]:
    mostly_open = st.sampled_from([None] * 14 + [day + offset * DAY for offset in range(-3, 4)])
    return st.builds(
        WeeklyBlock,
        weekday=st.integers(0, 6),
        start=st.one_of(st.integers(0, 1439), st.integers(0, 95).map(lambda quarter: quarter * 15)),
        minutes=st.one_of(st.integers(1, 1440), st.integers(180, 480)),
        modes=st.sampled_from([VIDEO, IN_PERSON, VIDEO | IN_PERSON]),
        place=st.sampled_from([None, 1, 2]),
        valid_from=mostly_open,
        valid_until=mostly_open,
    )


@st.composite
def cases(draw: st.DrawFn) -> Case:
    zone, day = draw(st.sampled_from(CHANGES))
    noon = datetime.combine(day, time(12), UTC)
    rules = st.builds(
        Rules,
        zone=st.just(ZoneInfo(zone)),
        slot=whole_minutes(10, 90),
        buffer_before=whole_minutes(0, 20),
        buffer_after=whole_minutes(0, 20),
        notice=whole_minutes(0, 300),
        horizon=st.sampled_from([60 * DAY] * 5 + [2 * DAY]),
    )
    opens = noon + draw(whole_minutes(-2 * 1440, 1440))
    extra = intervals(opens, 600).map(lambda when: ExtraBlock(when.start, when.end, IN_PERSON, 3))
    return Case(
        day=day,
        rules=draw(rules),
        weekly=draw(st.lists(weekly_blocks(day), min_size=draw(st.sampled_from([0, 5, 5])), max_size=9)),
        extra=draw(st.lists(extra, max_size=3)),
        off=draw(st.lists(intervals(opens, 600), max_size=3)),
        busy=draw(st.lists(intervals(opens, 120), min_size=draw(st.sampled_from([0, 4])), max_size=8)),
        window=Interval(opens, opens + draw(st.sampled_from([3 * DAY] * 3 + [DAY, 77 * MINUTE, 0 * DAY]))),
        now=opens
        + draw(st.sampled_from([-2 * DAY] * 4 + [-3 * MINUTE, DAY // 2]))
        + timedelta(seconds=draw(st.integers(0, 86400))),
    )


bounded = settings(max_examples=100, deadline=None)


@pytest.mark.parametrize(("zone", "day"), CHANGES)
def test_clock_changes_really_happened(zone: str, day: date) -> None:
    before, after = (datetime.combine(day + offset, time(12), ZoneInfo(zone)).utcoffset() for offset in (-DAY, DAY))
    assert before != after


@given(cases())
@bounded
def test_slots_agree_with_the_oracle(case: Case) -> None:
    assert case.slots() == list(oracle(case))


@given(cases())
@bounded
def test_slots_keep_their_promises(case: Case) -> None:
    found = case.slots()
    assert all(one.end <= other.start for one, other in pairwise(found))
    for slot in found:
        assert slot.end - slot.start == case.rules.slot
        assert case.window.start <= slot.start < case.window.end
        assert case.now + case.rules.notice <= slot.start <= case.now + case.rules.horizon
        assert not any(meet(slot, away) for away in case.off)
        assert slot.free is not any(meet(case.blocked(slot), booking) for booking in case.busy)


@given(cases(), st.floats(0, 1))
@bounded
def test_slots_of_a_window_are_those_of_its_parts(case: Case, share: float) -> None:
    cut = case.window.start + (case.window.end - case.window.start) * share
    first = replace(case, window=Interval(case.window.start, cut))
    second = replace(case, window=Interval(cut, case.window.end))
    assert first.slots() + second.slots() == case.slots()


@given(cases(), st.data())
@bounded
def test_slots_exist_whatever_is_booked(case: Case, data: st.DataObject) -> None:
    other = replace(case, busy=data.draw(st.lists(intervals(case.window.start, 600), max_size=8)))
    assert [replace(slot, free=True) for slot in other.slots()] == [replace(slot, free=True) for slot in case.slots()]


@given(cases(), st.data())
@bounded
def test_slots_taken_by_a_booking_are_those_within_a_step_of_it(case: Case, data: st.DataObject) -> None:
    before = case.slots()
    free = [slot for slot in before if slot.free]
    if not free:
        return
    booked = data.draw(st.sampled_from(free))
    after = replace(case, busy=[*case.busy, case.blocked(booked)]).slots()
    lost = [old for old, new in zip(before, after, strict=True) if old != new]
    assert lost == [slot for slot in free if abs(slot.start - booked.start) < case.rules.step]
    assert booked in lost


@given(cases(), st.data())
@bounded
def test_open_slot_agrees_with_slots(case: Case, data: st.DataObject) -> None:
    always = replace(case, window=Interval(case.now, case.now + case.rules.horizon + MINUTE))
    found = {slot.start: slot for slot in always.slots()}
    for start in [*found, case.window.start + data.draw(whole_minutes(0, 1440))][:20]:
        slot = found.get(start)
        assert case.open_slot(start) == (slot if slot and slot.free else None)


@given(cases())
@bounded
def test_slots_need_only_what_is_within_reach(case: Case) -> None:
    within = reach(case.rules, case.window)
    narrowed = replace(
        case,
        extra=[block for block in case.extra if meet(block, within)],
        off=[away for away in case.off if meet(away, within)],
        busy=[booking for booking in case.busy if meet(booking, within)],
    )
    assert narrowed.slots() == case.slots()
    for slot in case.slots():
        assert meet(case.blocked(slot), reach(case.rules, window_of(slot.start)))


@given(cases(), st.data())
@bounded
def test_slots_do_not_depend_on_the_order_of_rows_or_the_zone_of_instants(case: Case, data: st.DataObject) -> None:
    def local[T: Interval](when: T) -> T:
        return replace(when, start=when.start.astimezone(case.rules.zone), end=when.end.astimezone(case.rules.zone))

    shuffled = replace(
        case,
        weekly=data.draw(st.permutations(case.weekly)),
        extra=[local(block) for block in data.draw(st.permutations(case.extra))],
        off=[local(away) for away in data.draw(st.permutations(case.off))],
        busy=[local(booking) for booking in data.draw(st.permutations(case.busy))],
        window=local(case.window),
        now=case.now.astimezone(case.rules.zone),
    )
    assert shuffled.slots() == case.slots()


@given(st.sampled_from(CHANGES), st.integers(0, 1439))
@bounded
def test_slots_start_at_the_same_time_on_the_wall_every_day_that_has_it(change: tuple[str, date], start: int) -> None:
    zone, day = ZoneInfo(change[0]), change[1]
    noon = datetime.combine(day, time(12), UTC)
    none = timedelta()
    found = slots(
        Rules(zone, slot=MINUTE, buffer_before=none, buffer_after=none, notice=none, horizon=14 * DAY),
        weekly=[WeeklyBlock(weekday, start, 1, VIDEO, None) for weekday in range(7)],
        extra=[],
        off=[],
        busy=[],
        window=Interval(noon - 5 * DAY, noon + 5 * DAY),
        now=noon - 5 * DAY,
    )
    shown = [slot.start.astimezone(zone).replace(tzinfo=None) for slot in found]
    wanted = [datetime.combine(day + offset * DAY, time(*divmod(start, 60))) for offset in range(-3, 4)]
    on_the_wall, _ = first_shown(*change)
    assert [moment for moment in wanted if shown.count(moment) == 1] == [
        moment for moment in wanted if moment in on_the_wall
    ]


@given(weekly_blocks(date(2025, 6, 2)))
@bounded
def test_week_minutes_are_the_minutes_of_the_week_that_hours_fill(block: WeeklyBlock) -> None:
    ranges = week_minutes(block.weekday, block.start, block.minutes)
    begin = block.weekday * 1440 + block.start
    filled = sorted((begin + offset) % WEEK_MINUTES for offset in range(block.minutes))
    assert sorted(minute for start, end in ranges for minute in range(start, end)) == filled


# The oracle


@cache
def clock_on_the_wall(zone: str, day: date) -> tuple[list[datetime], datetime]:
    """What the clock shows at each minute of two weeks around a day, and the first of those minutes."""
    base = datetime.combine(day - 7 * DAY, time(), UTC)
    return [(base + n * MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None) for n in range(14 * 1440)], base


@cache
def first_shown(zone: str, day: date) -> tuple[dict[datetime, int], set[date]]:
    """At which minute each time is first on the wall, and the days that exist."""
    wall, _ = clock_on_the_wall(zone, day)
    return {shown: n for n, shown in reversed(list(enumerate(wall)))}, {shown.date() for shown in wall}


def oracle(case: Case) -> Iterator[Slot]:
    """Every slot of the case, found by walking through all minutes of all blocks."""
    base = clock_on_the_wall(case.rules.zone.key, case.day)[1]
    blocks = sorted(blocks_by_minute(case, base), key=lambda block: (*block[:2], -block[2], *block[3:]))

    owner: dict[int, tuple[Any, ...]] = {}
    for block in reversed(blocks):  # the first to begin writes last
        owner.update(dict.fromkeys(range(block[0], block[2]), block))
    away = {n for when in case.off for n in range(minute_of(when.start, base), minute_of(when.end, base))}
    booked = {n for when in case.busy for n in range(minute_of(when.start, base), minute_of(when.end, base))}

    length, before, after = (
        span // MINUTE for span in (case.rules.slot, case.rules.buffer_before, case.rules.buffer_after)
    )
    for n, block in sorted(owner.items()):
        start = base + n * MINUTE
        visit = range(n, n + length)
        if (
            (n - block[0]) % (before + length + after) == 0
            and all(owner.get(minute) == block for minute in visit)
            and away.isdisjoint(visit)
            and case.window.start <= start < case.window.end
            and case.rules.notice <= start - case.now <= case.rules.horizon
        ):
            free = booked.isdisjoint(range(n - before, n + length + after))
            yield Slot(start, start + case.rules.slot, frozenset(block[4]), block[3] or None, free)


def minute_of(moment: datetime, base: datetime) -> int:
    return (moment - base) // MINUTE


def blocks_by_minute(case: Case, base: datetime) -> Iterator[tuple[int, bool, int, int, list[str]]]:
    """Each block as (first minute, is extra, end minute, place or 0, modes)."""
    for block in case.extra:
        yield minute_of(block.start, base), True, minute_of(block.end, base), block.place or 0, sorted(block.modes)
    first, days = first_shown(case.rules.zone.key, case.day)
    for day in (case.day + offset * DAY for offset in range(-5, 6)):
        for hours in case.weekly:
            valid = (hours.valid_from or date.min) <= day <= (hours.valid_until or date.max)
            if not valid or day.weekday() != hours.weekday or day not in days:
                continue
            shown = datetime.combine(day, time(*divmod(hours.start, 60)))
            skipped = 0
            while shown - skipped * MINUTE not in first:
                skipped += 1
            begin = first[shown - skipped * MINUTE] + skipped
            yield begin, False, begin + hours.minutes, hours.place or 0, sorted(hours.modes)
