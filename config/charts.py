"""Bars of a chart as a template draws them: plain numbers for SVG's attributes. Every chart stands above its table."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

HEIGHT = 100
STEP, THICKNESS = 10, 7


@dataclass(frozen=True, slots=True)
class Bar:
    """Where a bar stands and how long it is, in the units of the chart's viewBox; of a stack, which part it is."""

    x: float
    y: float
    height: float
    below: bool
    part: int = 0


@dataclass(frozen=True, slots=True)
class Chart:
    """`labels` has one for each bar, empty where there is no room for all of them; `base` is where zero is."""

    bars: list[Bar]
    labels: list[str]
    width: int
    base: float
    thickness: int = THICKNESS
    height: int = HEIGHT


def bar_chart(values: Sequence[tuple[str, Decimal]], *, every: int = 1) -> Chart:
    """A bar for each (label, value), above the line of zero or below it; every so many bars have their label."""
    numbers = [float(value) for _label, value in values]
    highest, lowest = max([*numbers, 0.0]), min([*numbers, 0.0])
    span = highest - lowest or 1.0
    base = HEIGHT * highest / span if highest or lowest else HEIGHT
    drawn = []
    for place, number in enumerate(numbers):
        length = HEIGHT * abs(number) / span
        x = place * STEP + (STEP - THICKNESS) / 2
        drawn.append(Bar(x, round(base if number < 0 else base - length, 2), round(length, 2), number < 0))
    labels = [label if place % every == 0 else "" for place, (label, _value) in enumerate(values)]
    return Chart(drawn, labels, STEP * len(values), round(base, 2))


def stacked_chart(stacks: Sequence[tuple[str, Sequence[int]]], *, every: int = 1) -> Chart:
    """A stack of bars for each (label, values), the first value lowest; none of them is negative."""
    highest = max((sum(values) for _label, values in stacks), default=0) or 1
    drawn = []
    for place, (_label, values) in enumerate(stacks):
        x, top = place * STEP + (STEP - THICKNESS) / 2, float(HEIGHT)
        for part, value in enumerate(values):
            length = HEIGHT * value / highest
            top -= length
            drawn.append(Bar(x, round(top, 2), round(length, 2), False, part))
    labels = [label if place % every == 0 else "" for place, (label, _values) in enumerate(stacks)]
    return Chart(drawn, labels, STEP * len(stacks), HEIGHT)
