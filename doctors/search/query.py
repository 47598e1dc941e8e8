"""What is asked of search and what it answers, whichever backend does."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from django.db import models
from django.utils.translation import gettext_lazy as _

PAGE_SIZE = 20


class Available(models.TextChoices):
    """When there must be an open time, by days on the portal's clock; `week` is seven days from today."""

    ANY = "any", _("Any day")
    TODAY = "today", _("Today")
    TOMORROW = "tomorrow", _("Tomorrow")
    WEEK = "week", _("Within 7 days")


class Sort(models.TextChoices):
    BEST = "best", _("Best match")
    EARLIEST = "earliest", _("Earliest time")
    RATING = "rating", _("Highest rated")
    FEE = "fee", _("Lowest fee")


@dataclass(frozen=True, slots=True)
class SearchQuery:
    """Who is looked for. What is left empty does not narrow; all that is given narrows together.

    `text` is as it was typed: names, degrees, specialties, complaints, places or a registration number, in either
    script. `specialty` and `district` are slugs, `mode`, `gender` and `languages` values of doctors.models' choices; of
    several languages one is enough. `fee_max` is in the portal's currency, for `mode` or else for either mode.
    `available` looks at open times of `mode` or else of either mode. Pages count from 1 and hold PAGE_SIZE.
    """

    text: str = ""
    specialty: str = ""
    mode: str = ""
    district: str = ""
    fee_max: Decimal | None = None
    gender: str = ""
    languages: tuple[str, ...] = ()
    available: str = Available.ANY
    sort: str = Sort.BEST
    page: int = 1


@dataclass(frozen=True, slots=True)
class SearchResult:
    """One page of public doctors, best first, and how many there are in all.

    `page` is the page that is answered: the last one where a later one was asked for. `understood` holds the ids of the
    specialties that the text was taken to mean, the likeliest first. Where no doctor had the words as typed,
    `corrected` is the text that was searched instead and `ignored` the words that were left out.
    """

    doctor_ids: tuple[int, ...]
    total: int
    page: int
    understood: tuple[int, ...] = ()
    corrected: str = ""
    ignored: tuple[str, ...] = ()
    facets: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))


class SearchBackend(Protocol):
    """The same query gives the same doctors, counts and pages in every backend; only the order of the best match may
    differ. A backend never raises for what a query holds."""

    def search(self, query: SearchQuery) -> SearchResult: ...
