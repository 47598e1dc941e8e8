"""What is asked of search and what it answers, whichever backend does."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import NamedTuple, Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _

from doctors.models import Part

PAGE_SIZE = 20
# What the search bar takes.
LONGEST_TEXT = 100

# The steps that the facets of these count: fees up to, ratings and years of practice from, kilometres within.
FEES = (500, 1000, 1500, 2000)
RATINGS = (Decimal("4.5"), Decimal("4.0"), Decimal("3.5"))
YEARS = (5, 10, 20)
KILOMETRES = (5, 10, 25, 50)

# The weekend of Bangladesh, as date.weekday() counts.
WEEKEND = (4, 5)
DAYS_OF_A_WEEK = 7


class Available(models.TextChoices):
    """When there must be an open time, by days on the portal's clock; the last three look seven days from today."""

    ANY = "any", _("Any day")
    TODAY = "today", _("Today")
    TOMORROW = "tomorrow", _("Tomorrow")
    WEEK = "week", _("Within 7 days")
    EVENINGS = "evenings", _("In the evening")
    WEEKEND = "weekend", _("Friday or Saturday")

    def days(self, today: date) -> tuple[date, ...]:
        """The days of which one must have an open time; none where any day will do."""
        week = tuple(today + timedelta(days=ahead) for ahead in range(DAYS_OF_A_WEEK))
        return {
            Available.ANY: (),
            Available.TODAY: week[:1],
            Available.TOMORROW: week[1:2],
            Available.WEEK: week,
            Available.EVENINGS: week,
            Available.WEEKEND: tuple(day for day in week if day.weekday() in WEEKEND),
        }[self]

    @property
    def parts(self) -> tuple[Part, ...]:
        """The parts of those days in which it must be."""
        return (Part.EVENING,) if self == Available.EVENINGS else tuple(Part)


class Sort(models.TextChoices):
    BEST = "best", _("Best match")
    EARLIEST = "earliest", _("Earliest time")
    NEAREST = "nearest", _("Nearest")
    RATING = "rating", _("Highest rated")
    FEE = "fee", _("Lowest fee")


class Near(NamedTuple):
    """Within so many kilometres of a point in WGS 84 degrees, as the crow flies."""

    latitude: float
    longitude: float
    km: int


class Filter(StrEnum):
    """What narrows a search, each by itself: the names of facets and of what can be taken away."""

    TEXT = "text"
    SPECIALTY = "specialty"
    MODE = "mode"
    DISTRICT = "district"
    NEAR = "near"
    FEE = "fee"
    GENDER = "gender"
    LANGUAGES = "languages"
    RATING = "rating"
    EXPERIENCE = "experience"
    AVAILABLE = "available"


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Who is looked for. What is left empty does not narrow; all that is given narrows together.

    `text` is as it was typed: names, degrees, specialties, complaints, places or a registration number, in either
    script. `specialty` and `district` are slugs, `mode`, `gender` and `languages` values of doctors.models' choices; of
    several languages one is enough. `near` takes doctors with an active place there. Fees are in the portal's currency,
    for `mode` or else for either mode, both ends included. `rating_min` looks at ratings that say something,
    `experience_min` at whole years. `available` looks at open times of `mode` or else of either mode. Sorting by
    distance needs `near`, and is the best match without it. Pages count from 1 and hold PAGE_SIZE.
    """

    text: str = ""
    specialty: str = ""
    mode: str = ""
    district: str = ""
    near: Near | None = None
    fee_min: Decimal | None = None
    fee_max: Decimal | None = None
    gender: str = ""
    languages: tuple[str, ...] = ()
    rating_min: Decimal | None = None
    experience_min: int | None = None
    available: str = Available.ANY
    sort: str = Sort.BEST
    page: int = 1

    @property
    def filters(self) -> tuple[Filter, ...]:
        """Those that are on."""
        return tuple(each for each in Filter if any(getattr(self, name) != _UNSET[name] for name in FIELDS[each]))

    def without(self, taken_away: Filter) -> "SearchQuery":
        """The first page of the same search with one filter less."""
        unset = {name: _UNSET[name] for name in FIELDS[taken_away]}
        return replace(self, page=1, **unset)  # type: ignore[arg-type]


# The fields of a query that make up each filter, and what they hold while it is off.
FIELDS: Mapping[Filter, tuple[str, ...]] = {each: (each.value,) for each in Filter} | {
    Filter.FEE: ("fee_min", "fee_max"),
    Filter.RATING: ("rating_min",),
    Filter.EXPERIENCE: ("experience_min",),
}
_UNSET: Mapping[str, object] = {name: getattr(SearchQuery(), name) for names in FIELDS.values() for name in names}

type Counts = Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of public doctors, best first, and how many there are in all.

    `page` is the page that is answered: the last one where a later one was asked for. `understood` holds the ids of the
    specialties that the text was taken to mean, the likeliest first. Where no doctor had the words as typed,
    `corrected` is the text that was searched instead and `ignored` the words that were left out; counts are those of
    the text that was searched.

    `facets` counts, for each filter but the text, the doctors whom each of its values would leave together with all
    other filters; its own setting is left out of account. Values are as a query has them: slugs, choices, and as str()
    writes them the steps of FEES (at most), RATINGS and YEARS (at least) and KILOMETRES (within, where there is a
    point). Values that nobody has may be missing. Where the total is 0, `without` says how many there would be without
    each filter that is on: the total of `query.without(filter)`, as far as that needs no mending.
    """

    doctor_ids: tuple[int, ...]
    total: int
    page: int
    understood: tuple[int, ...] = ()
    corrected: str = ""
    ignored: tuple[str, ...] = ()
    facets: Mapping[Filter, Counts] = field(default_factory=dict)
    without: Mapping[Filter, int] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


class SearchBackend(Protocol):
    """The same query gives the same doctors, counts and pages in every backend; only the order of the best match may
    differ. A backend never raises for what a query holds."""

    def search(self, query: SearchQuery) -> SearchResult: ...
