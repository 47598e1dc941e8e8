"""The filters of a query as conditions in SQL, on a listing called `l` and, where a point is given, distances `near`.

A filter and the values that its facet counts are made of the same pieces, so that a count is what its filter leaves.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any, Self

from doctors.districts import DISTRICTS
from doctors.models import ENOUGH_RATINGS, Mode, open_bits
from doctors.search.query import FEES, KILOMETRES, RATINGS, YEARS, Available, Filter, Near, SearchQuery

EARTH_KM = 6371.0
KM_OF_A_DEGREE = math.radians(1) * EARTH_KM
# Near the poles a degree of longitude is next to nothing.
LEAST_COSINE = 0.01
# On a globe a circle is a little wider than at its middle's latitude.
BESIDE = 1.01


@dataclass(frozen=True, slots=True)
class SQL:
    """A piece of a statement with what goes in the places of its %s, in their order. Nothing typed is in `text`."""

    text: str
    params: tuple[Any, ...] = ()

    def __add__(self, other: "SQL | str") -> "SQL":
        other = SQL(other) if isinstance(other, str) else other
        return SQL(self.text + other.text, self.params + other.params)

    @classmethod
    def joined(cls, glue: str, pieces: Iterable[Self]) -> "SQL":
        pieces = list(pieces)
        return SQL(glue.join(piece.text for piece in pieces), tuple(p for piece in pieces for p in piece.params))


def all_of(conditions: Iterable[SQL]) -> SQL:
    return SQL.joined(" AND ", conditions)


def any_of(conditions: Iterable[SQL]) -> SQL:
    return SQL("(") + SQL.joined(" OR ", conditions) + ")"


FEE = {Mode.VIDEO: "l.fee_video", Mode.IN_PERSON: "l.fee_in_person"}
OPEN = {Mode.VIDEO: "l.open_video", Mode.IN_PERSON: "l.open_in_person"}
NEXT_OPEN = {Mode.VIDEO: "l.next_open_video", Mode.IN_PERSON: "l.next_open_in_person"}


def modes_of(query: SearchQuery) -> list[Mode]:
    """The modes that fees and open times are looked at of."""
    return [Mode(query.mode)] if query.mode else list(Mode)


def conditions(query: SearchQuery, today: date) -> dict[Filter, SQL]:
    """What each filter of the query that is on asks of a listing; the text is asked of its document, elsewhere."""
    return {each: _CONDITIONS[each](query, today) for each in query.filters if each != Filter.TEXT}


def _specialty(query: SearchQuery, today: date) -> SQL:
    return SQL(
        "l.specialties @> ARRAY[(SELECT id FROM specialties_specialty WHERE slug = %s)]::bigint[]", (query.specialty,)
    )


def _mode(query: SearchQuery, today: date) -> SQL:
    return SQL(f"{FEE[Mode(query.mode)]} IS NOT NULL")


def _district(query: SearchQuery, today: date) -> SQL:
    return SQL("l.districts @> ARRAY[%s]::varchar[]", (query.district,))


def _near(query: SearchQuery, today: date) -> SQL:
    return SQL("near.km <= %s", (query.near.km if query.near else 0,))


def _fee(query: SearchQuery, today: date) -> SQL:
    return any_of(
        all_of(
            SQL(f"{FEE[mode]} {sign} %s", (fee,))
            for sign, fee in ((">=", query.fee_min), ("<=", query.fee_max))
            if fee is not None
        )
        for mode in modes_of(query)
    )


def _gender(query: SearchQuery, today: date) -> SQL:
    return SQL("l.gender = %s", (query.gender,))


def _languages(query: SearchQuery, today: date) -> SQL:
    return SQL("l.languages && %s::varchar[]", (list(query.languages),))


def _rating(query: SearchQuery, today: date) -> SQL:
    return SQL(f"(l.rating_count >= {ENOUGH_RATINGS} AND l.rating >= %s)", (query.rating_min,))


def _experience(query: SearchQuery, today: date) -> SQL:
    return SQL("l.practising_since <= %s", (today.year - (query.experience_min or 0),))


def _available(query: SearchQuery, today: date) -> SQL:
    when = Available(query.available)
    bits = open_bits((day, part) for day in when.days(today) for part in when.parts)
    openings = " | ".join(OPEN[mode] for mode in modes_of(query))
    return SQL(f"({openings}) & %s::bigint <> 0", (bits,))


_CONDITIONS: dict[Filter, Callable[[SearchQuery, date], SQL]] = {
    Filter.SPECIALTY: _specialty,
    Filter.MODE: _mode,
    Filter.DISTRICT: _district,
    Filter.NEAR: _near,
    Filter.FEE: _fee,
    Filter.GENDER: _gender,
    Filter.LANGUAGES: _languages,
    Filter.RATING: _rating,
    Filter.EXPERIENCE: _experience,
    Filter.AVAILABLE: _available,
}


# Values ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """What listings are counted by for a facet: one of its values, a list of them, or bits that stand for `values`."""

    sql: SQL
    values: Sequence[str] = ()

    def of(self, counted: str) -> list[str]:
        """The values that a listing has whose key is this, as PostgreSQL writes it."""
        if self.values:
            return [value for place, value in enumerate(self.values) if int(counted) >> place & 1]
        return [value for value in counted.strip("{}").split(",") if value]


def key(facet: Filter, query: SearchQuery, today: date) -> Key:
    """What the listings are counted by for this facet of this query."""
    if facet in _PLAIN:
        return Key(SQL(_PLAIN[facet]))
    choices = choices_of(facet, query)
    meant = (all_of(_as_chosen(facet, changed, today)) for changed in choices.values())
    bits = (SQL("((") + condition + f") IS TRUE)::int << {place}" for place, condition in enumerate(meant))
    return Key(SQL.joined(" | ", (SQL("(") + bit + ")" for bit in bits)), tuple(choices))


def _as_chosen(facet: Filter, query: SearchQuery, today: date) -> Iterable[SQL]:
    """The conditions that a value of this facet makes, or makes other ones."""
    with_it = conditions(query, today)
    changing = (Filter.MODE, Filter.FEE, Filter.AVAILABLE) if facet == Filter.MODE else (facet,)
    return [with_it[each] for each in changing if each in with_it]


_PLAIN = {
    Filter.SPECIALTY: "l.specialties",
    Filter.DISTRICT: "l.districts",
    Filter.GENDER: "l.gender",
    Filter.LANGUAGES: "l.languages",
}


def _to[V](values: Iterable[V], change: Callable[[SearchQuery, V], SearchQuery]) -> dict[str, Any]:
    return {str(value): lambda query, value=value: change(query, value) for value in values}


_CHANGES: dict[Filter, dict[str, Callable[[SearchQuery], SearchQuery]]] = {
    Filter.MODE: _to(Mode.values, lambda query, mode: replace(query, mode=mode)),
    Filter.FEE: _to(FEES, lambda query, fee: replace(query, fee_min=None, fee_max=Decimal(fee))),
    Filter.RATING: _to(RATINGS, lambda query, rating: replace(query, rating_min=rating)),
    Filter.EXPERIENCE: _to(YEARS, lambda query, years: replace(query, experience_min=years)),
    Filter.AVAILABLE: _to(
        [value for value in Available.values if value != Available.ANY],
        lambda query, when: replace(query, available=when),
    ),
    Filter.NEAR: _to(KILOMETRES, lambda query, km: replace(query, near=query.near and query.near._replace(km=km))),
}


CHOSEN = tuple(_CHANGES)


def choices_of(facet: Filter, query: SearchQuery) -> dict[str, SearchQuery]:
    """The query with each value of a facet whose values do not stand in the listing as they are (CHOSEN)."""
    return {value: change(query) for value, change in _CHANGES[facet].items()}


# Distance --------------------------------------------------------------------------------------------------------


def distances(near: Near, *, reach: int) -> SQL:
    """Doctors with the distance in kilometres to the nearest of their places, as far away as `reach` or somewhat more.

    The index finds the places in a box around the point. Of places that do not say where they are, those whose
    district's town is in the box, at the town.
    """
    high = reach * BESIDE / KM_OF_A_DEGREE
    wide = high / max(LEAST_COSINE, math.cos(math.radians(near.latitude)))
    south, north = near.latitude - high, near.latitude + high
    west, east = near.longitude - wide, near.longitude + wide
    towns = [each for each in DISTRICTS if south <= each.latitude <= north and west <= each.longitude <= east]
    return SQL(
        f"""
        SELECT place.doctor_id, min({2 * EARTH_KM} * asin(least(1.0, sqrt(
            sin(radians(coalesce(place.latitude, town.latitude) - %s) / 2) ^ 2
            + cos(radians(%s)) * cos(radians(coalesce(place.latitude, town.latitude)))
            * sin(radians(coalesce(place.longitude, town.longitude) - %s) / 2) ^ 2)))) AS km
        FROM doctors_practiceplace place
        LEFT JOIN unnest(%s::varchar[], %s::float[], %s::float[]) AS town(slug, latitude, longitude)
            ON place.latitude IS NULL AND town.slug = place.district
        WHERE place.is_active AND (
            place.latitude BETWEEN %s AND %s AND place.longitude BETWEEN %s AND %s
            OR place.latitude IS NULL AND place.district = ANY(%s::varchar[]))
        GROUP BY place.doctor_id
        """,
        (
            near.latitude,
            near.latitude,
            near.longitude,
            [each.slug for each in towns],
            [each.latitude for each in towns],
            [each.longitude for each in towns],
            south,
            north,
            west,
            east,
            [each.slug for each in towns],
        ),
    )
