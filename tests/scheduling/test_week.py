"""The picture of a week's hours."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from django.utils import translation

from scheduling.week import Cell, Grid, draw, weekdays

TODAY = date(2027, 3, 1)


def drawn(*stretches: dict[str, Any]) -> Grid:
    return draw(stretches, TODAY)


def stretch(weekday: int, start: time, minutes: int, *modes: str, **more: Any) -> dict[str, Any]:
    total = start.hour * 60 + start.minute + minutes
    until = time(*divmod(total % (24 * 60), 60))
    label = more.pop("label", "Video")
    fields = {"weekday": weekday, "start": start, "until": until, "minutes": minutes, "label": label}
    return fields | {"modes": modes or ("video",)} | more


def offered(grid: Grid) -> list[Cell]:
    return [cell for row in grid.rows for cell in row.cells if cell.place]


def quarters(grid: Grid) -> set[tuple[int, int]]:
    return {(cell.weekday, cell.minute) for cell in offered(grid)}


def test_hours_fill_the_quarters_that_they_touch() -> None:
    grid = drawn(*[stretch(2, time(9, 10), 35)])
    assert quarters(grid) == {(2, 540), (2, 555), (2, 570)}
    assert [(cell.place, cell.start, cell.until) for cell in offered(grid)] == [
        (number, time(9, 10), time(9, 45)) for number in (1, 2, 3)
    ]


@pytest.mark.parametrize("weekday", range(7))
def test_hours_past_midnight_go_on_in_the_next_days_column(weekday: int) -> None:
    grid = drawn(*[stretch(weekday, time(23, 45), 30)])
    assert quarters(grid) == {(weekday, 1425), ((weekday + 1) % 7, 0)}
    assert [cell.place for cell in offered(grid)] == [1, 1], "each column says it anew"
    assert grid.at_night


def test_whole_day_is_a_whole_column() -> None:
    assert len(quarters(drawn(*[stretch(0, time(0), 24 * 60)]))) == 96


def test_hours_of_two_modes_are_of_both() -> None:
    grid = drawn(*[stretch(0, time(9), 15, "video", "in_person"), stretch(0, time(10), 15, "in_person")])
    assert [cell.kind for cell in offered(grid)] == ["both", "in_person"]


@pytest.mark.parametrize("turned", [False, True])
def test_hours_that_hold_now_are_drawn_over_those_of_another_season(turned: bool) -> None:
    later = stretch(0, time(9), 60, "in_person", first=TODAY + timedelta(days=30), last=None)
    current = stretch(0, time(9, 30), 15, first=None, last=TODAY + timedelta(days=29))
    both = [current, later]
    grid = drawn(*(both[::-1] if turned else both))
    assert [(cell.minute, cell.kind) for cell in offered(grid)] == [
        (540, "in_person"),
        (555, "in_person"),
        (570, "video"),
        (585, "in_person"),
    ]
    assert all(cell.for_a_time for cell in offered(grid))


def test_hours_that_are_over_for_good_are_not_drawn() -> None:
    assert not offered(drawn(*[stretch(0, time(9), 60, first=None, last=TODAY - timedelta(days=1))]))


def test_columns_are_in_the_order_of_the_language() -> None:
    with translation.override("bn"):
        assert [day.value for day in weekdays()] == [5, 6, 0, 1, 2, 3, 4]
    with translation.override("en"):
        assert [day.value for day in weekdays()] == [6, 0, 1, 2, 3, 4, 5]
