"""Open times, worked out from a doctor's hours: pure arithmetic, with no clock and no database of its own.

Instants are aware datetimes, kept in UTC; every range is half open. A zone is consulted only where a block of hours
begins, so the cost grows with the window asked for and the bookings in it, never with the history behind them.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import accumulate
from typing import NamedTuple
from zoneinfo import ZoneInfo

DAY = timedelta(days=1)
DAY_MINUTES = 24 * 60
WEEK_MINUTES = 7 * DAY_MINUTES


@dataclass(frozen=True, slots=True)
class Rules:
    """How a doctor's hours become slots: their length, the buffers around each, and how soon or far ahead to book.

    Raises ValueError where a slot has no length or a buffer is negative.
    """

    zone: ZoneInfo
    slot: timedelta
    buffer_before: timedelta
    buffer_after: timedelta
    notice: timedelta
    horizon: timedelta

    def __post_init__(self) -> None:
        if self.slot <= timedelta() or self.buffer_before < timedelta() or self.buffer_after < timedelta():
            raise ValueError("a slot needs a length, and buffers cannot be negative")

    @property
    def step(self) -> timedelta:
        """From one slot to the next of its block: slot and buffers, so that neighbours never block each other."""
        return self.buffer_before + self.slot + self.buffer_after


@dataclass(frozen=True, slots=True)
class WeeklyBlock:
    """Hours that come back every week: `minutes` of elapsed time from a local start, perhaps across midnight.

    `weekday` is 0 for Monday; `start` is a minute of that local day. `valid_from` and `valid_until` are the first and
    last local dates on which the block may begin; None leaves that side open. Raises ValueError out of range.
    """

    weekday: int
    start: int
    minutes: int
    modes: frozenset[str]
    place: int | None
    valid_from: date | None = None
    valid_until: date | None = None

    def __post_init__(self) -> None:
        _check_hours(self.weekday, self.start, self.minutes)

    def is_valid_on(self, day: date) -> bool:
        return (self.valid_from is None or self.valid_from <= day) and (
            self.valid_until is None or day <= self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Interval:
    """The time from `start` until just before `end`, both kept in UTC. Raises ValueError if naive or reversed."""

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", _instant(self.start))
        object.__setattr__(self, "end", _instant(self.end))
        if self.end < self.start:
            raise ValueError("an interval cannot end before it starts")


@dataclass(frozen=True, slots=True)
class ExtraBlock(Interval):
    """Hours added once, on top of the week."""

    modes: frozenset[str]
    place: int | None


@dataclass(frozen=True, slots=True)
class Slot:
    """One time that can be shown to a patient, in UTC; a time that is taken has `free=False`."""

    start: datetime
    end: datetime
    modes: frozenset[str]
    place: int | None
    free: bool

    def blocked(self, rules: Rules) -> Interval:
        """What a visit at this time takes of the doctor's, with the pauses around it."""
        return Interval(self.start - rules.buffer_before, self.end + rules.buffer_after)


def slots(
    rules: Rules,
    *,
    weekly: Iterable[WeeklyBlock],
    extra: Iterable[ExtraBlock],
    off: Iterable[Interval],
    busy: Iterable[Interval],
    window: Interval,
    now: datetime,
    full: Iterable[Interval] = (),
) -> list[Slot]:
    """Every slot that starts inside `window`, in order, none overlapping another; taken ones are marked, not left out.

    Each block lays its slots on a grid of `rules.step` from its own start, and a slot must end inside its block (its
    buffers need not). Where blocks overlap, as a DST change or an extra block may cause, the time belongs to the block
    that began first (if together: weekly before extra, then the longer), and others place no slot on it.

    Slots that overlap time `off` do not exist. A slot is taken if its time with buffers overlaps a `busy` interval,
    which is another booking's time with that booking's own buffers, or if it starts in a `full` one. Starts lie in
    [now + notice, now + horizon], both inclusive. Inputs may come in any order and overlap; those outside
    `reach(rules, window)` make no difference.
    """
    now = _instant(now)
    since = max(window.start, now + rules.notice)
    until = min(window.end, now + rules.horizon + timedelta.resolution)  # the horizon itself can still be booked
    if since >= until:
        return []

    step = rules.step
    away, taken, closed = _Timeline(off), _Timeline(busy), _Timeline(full)
    found = []
    earliest = since
    for block in _blocks(rules.zone, weekly, extra, since, until):
        # Blocks come in order of start, so what earlier ones take of this one is a single stretch at its beginning.
        steps_lost = -((block.start - earliest) // step)  # rounded up to whole steps, to stay on the grid
        start = block.start + max(steps_lost, 0) * step
        while start < until and (end := start + rules.slot) <= block.end:
            if not away.meets(start, end):
                free = not (
                    taken.meets(start - rules.buffer_before, end + rules.buffer_after)
                    or closed.meets(start, start + timedelta.resolution)
                )
                found.append(Slot(start, end, block.modes, block.place, free))
            start += step
        earliest = max(earliest, block.end)
    return found


def open_slot(
    rules: Rules,
    *,
    weekly: Iterable[WeeklyBlock],
    extra: Iterable[ExtraBlock],
    off: Iterable[Interval],
    busy: Iterable[Interval],
    start: datetime,
    now: datetime,
    full: Iterable[Interval] = (),
) -> Slot | None:
    """The free slot that starts exactly at `start`, or None: exactly what `slots` says of that one instant."""
    instant = window_of(start)
    found = slots(rules, weekly=weekly, extra=extra, off=off, busy=busy, window=instant, now=now, full=full)
    return found[0] if found and found[0].free else None


def is_offered(
    zone: ZoneInfo,
    *,
    weekly: Iterable[WeeklyBlock],
    extra: Iterable[ExtraBlock],
    off: Iterable[Interval],
    period: Interval,
) -> bool:
    """Whether one block of hours holds all of `period` and no time off cuts into it; grid and bookings aside."""
    blocks = _blocks(zone, weekly, extra, period.start, period.end)
    held = any(block.start <= period.start and period.end <= block.end for block in blocks)
    return held and not _Timeline(off).meets(period.start, period.end)


def hours_within(
    zone: ZoneInfo, *, weekly: Iterable[WeeklyBlock], extra: Iterable[ExtraBlock], window: Interval
) -> list[Interval]:
    """The blocks of hours that touch the window, in order of their beginning; a block is never cut at its ends."""
    return [Interval(block.start, block.end) for block in _blocks(zone, weekly, extra, window.start, window.end)]


def window_of(start: datetime) -> Interval:
    """The window that holds this one start and no other."""
    return Interval(start, start + timedelta.resolution)


def reach(rules: Rules, window: Interval) -> Interval:
    """The time whose bookings, time off and extra blocks can bear on the slots that start in `window`."""
    return Interval(window.start - rules.buffer_before, window.end + rules.slot + rules.buffer_after)


def week_minutes(weekday: int, start: int, minutes: int) -> list[tuple[int, int]]:
    """The minutes of the week, counted from Monday 00:00, that these hours fill: half-open ranges within 0..10080.

    Two weekly blocks collide where their ranges do. Hours that run from Sunday night into Monday give two ranges, the
    second at the week's beginning. Raises ValueError as `WeeklyBlock` does.
    """
    _check_hours(weekday, start, minutes)
    begin = weekday * DAY_MINUTES + start
    end = begin + minutes
    if end <= WEEK_MINUTES:
        return [(begin, end)]
    return [(begin, WEEK_MINUTES), (0, end - WEEK_MINUTES)]


class _Block(NamedTuple):
    """One occurrence of hours, weekly or extra, on the line of real time."""

    start: datetime
    end: datetime
    is_extra: bool
    modes: frozenset[str]
    place: int | None


def _precedence(block: _Block) -> tuple[datetime, bool, timedelta, int, list[str]]:
    """Who comes first; total, so that the answer cannot depend on the order in which rows were read."""
    return block.start, block.is_extra, block.start - block.end, block.place or 0, sorted(block.modes)


def _blocks(
    zone: ZoneInfo, weekly: Iterable[WeeklyBlock], extra: Iterable[ExtraBlock], since: datetime, until: datetime
) -> list[_Block]:
    """The blocks that touch the time from `since` to `until`, in order of precedence."""
    found = [_Block(block.start, block.end, True, block.modes, block.place) for block in extra]
    on_weekday = defaultdict(list)
    for hours in weekly:
        on_weekday[hours.weekday].append(hours)

    # Hours last a day at most. The day more on either side is for clock changes around midnight, where local dates
    # do not follow each other as instants do: a block may begin on the date after its own, or a date may come back.
    day = (since - DAY).astimezone(zone).date() - DAY
    last = until.astimezone(zone).date() + DAY
    while day <= last:
        for hours in on_weekday.get(day.weekday(), ()):
            if hours.is_valid_on(day) and (start := _beginning(day, hours.start, zone)):
                end = start + timedelta(minutes=hours.minutes)
                found.append(_Block(start, end, False, hours.modes, hours.place))
        day += DAY
    return sorted((block for block in found if block.start < until and block.end > since), key=_precedence)


def _beginning(day: date, minute: int, zone: ZoneInfo) -> datetime | None:
    """The first instant at which clocks in `zone` show `minute` of `day`.

    A time that the clocks skip comes as much later as they skip (PEP 495, fold=0): 02:30 becomes 03:30. A day that they
    skip whole, as Samoa did on 30 December 2011, has no times: None, or its hours would land on those of the next day.
    """
    wall = datetime.combine(day, time(*divmod(minute, 60)), zone)
    instant = wall.astimezone(UTC)
    skipped = instant - wall.replace(fold=1).astimezone(UTC)
    return None if skipped >= DAY else instant


class _Timeline:
    """Answers in logarithmic time whether any of many intervals, which may overlap each other, meets a range."""

    def __init__(self, intervals: Iterable[Interval]) -> None:
        ordered = sorted((interval.start, interval.end) for interval in intervals if interval.start < interval.end)
        self._starts = [start for start, _ in ordered]
        self._latest_ends = list(accumulate((end for _, end in ordered), max))

    def meets(self, start: datetime, end: datetime) -> bool:
        begun = bisect_left(self._starts, end)
        return begun > 0 and self._latest_ends[begun - 1] > start


def _instant(moment: datetime) -> datetime:
    """The same instant in UTC; sums on a local time would run along the clock on the wall, not along time."""
    if moment.utcoffset() is None:
        raise ValueError("a naive datetime is no instant")
    return moment.astimezone(UTC)


def _check_hours(weekday: int, start: int, minutes: int) -> None:
    if not (0 <= weekday < 7 and 0 <= start < DAY_MINUTES and 0 < minutes <= DAY_MINUTES):
        raise ValueError(f"no such hours: weekday {weekday}, minute {start}, lasting {minutes}")
