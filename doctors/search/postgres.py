"""Search on PostgreSQL alone: one inverted index holds the words, one narrow table what filters and facets look at.

A text becomes phrases (lexicon.py). A doctor is found by every one of them: by having its words, or a specialty that it
means. That is one tsquery, answered by one GIN index; how well a doctor fits is then told by looking the same lexemes
up in the rows that were found. Facets are counted by one statement, a page is read by another.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from itertools import product
from math import prod
from time import time

import structlog
from django.core.cache import cache
from django.db import DatabaseError, connection

from config import days
from config.cache import CacheDown
from doctors import ranking
from doctors.models import PRIOR_MEAN
from doctors.search.asked import Asked, answered, understood
from doctors.search.conditions import FEE, NEXT_OPEN, SQL, all_of, conditions, distances, key, modes_of
from doctors.search.documents import NAME, REGISTRATION, SPECIALTY
from doctors.search.lexicon import Phrase
from doctors.search.query import KILOMETRES, PAGE_SIZE, Filter, SearchQuery, SearchResult, Sort
from specialties.models import Specialty

log = structlog.get_logger()

# Where facets come to so many in sum, counting takes longer than a page may. So what was counted is kept for so many
# seconds, and from some age on counted again beside whoever asks for it: by one of all processes at a time, who has
# that to himself for some seconds at most.
MANY, KEPT_FOR, FRESH_FOR, COUNTING_FOR = 20_000, 600, 60, 30
COUNTING = "search-counting"
# The best match reads the best of each way to fit, where a text has so few ways and the page is one of the first.
# Of fewer doctors, all are weighed sooner than each way is looked up.
MOST_WAYS, FIRST_PAGES, MANY_FOUND = 16, 5, 1000


class PostgresSearch:
    """The backend that needs nothing but the database. At most ten queries, however many are found."""

    def search(self, query: SearchQuery) -> SearchResult:
        return answered(query, _answer)


def _answer(asked: Asked) -> SearchResult:
    """The page of the doctors whom the phrases or the registration number find, among those the filters leave."""
    query, today = asked.query, days.today()
    counted = _counted(asked, today)
    page = min(max(query.page, 1), max(1, -(-counted.total // PAGE_SIZE)))
    return SearchResult(
        doctor_ids=_ids(paging(asked, today, page, found=counted.total)) if counted.total else (),
        total=counted.total,
        page=page,
        understood=understood(asked.phrases),
        facets=counted.facets,
        without=_loosened(asked, today, counted) if not counted.total else {},
    )


# Counts ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Counted:
    total: int
    facets: dict[Filter, dict[str, int]]
    # How many there would be without each filter that is on, the text apart.
    without: dict[Filter, int]


def _counted(asked: Asked, today: date) -> Counted:
    """The total and all facets: one statement, or none where many were counted the same way not long before."""
    keys = {facet: key(facet, asked.query, today) for facet in Filter if _is_counted(facet, asked.query)}
    rows = _rows(counting(asked, today))
    facets: dict[Filter, dict[str, int]] = {facet: {} for facet in keys}
    without: dict[Filter, int] = {}
    total = 0
    for name_of, counted_by, count in rows:
        if not name_of:
            total = count
            continue
        facet = Filter(name_of)
        without[facet] = without.get(facet, 0) + count
        for value in keys[facet].of(counted_by):
            facets[facet][value] = facets[facet].get(value, 0) + count
    slugs = dict(Specialty.objects.values_list("pk", "slug"))
    by_id = facets[Filter.SPECIALTY]
    facets[Filter.SPECIALTY] = {slugs[int(pk)]: count for pk, count in by_id.items() if int(pk) in slugs}
    on = conditions(asked.query, today)
    return Counted(total, facets, {facet: without.get(facet, 0) for facet in on})


type Rows = list[tuple[str, str, int]]

_beside = ThreadPoolExecutor(1, thread_name_prefix="counting")


def _rows(statement: SQL) -> Rows:
    """What was counted by this statement at most KEPT_FOR ago, or else is now."""
    name = "search-counted:" + sha256(repr(statement).encode("utf-8", "backslashreplace")).hexdigest()
    kept: tuple[float, Rows] | None = None
    # Without Valkey each page counts for itself.
    with suppress(CacheDown):
        kept = cache.get(name)
        if kept and kept[0] + FRESH_FOR <= time() and cache.add(COUNTING, "", COUNTING_FOR):
            _beside.submit(_count_beside, name, statement)
    return kept[1] if kept else _count(name, statement)


def _count(name: str, statement: SQL) -> Rows:
    counted_at = time()
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
        rows: Rows = cursor.fetchall()
    if sum(count for _facet, _key, count in rows) >= MANY:
        with suppress(CacheDown):
            cache.set(name, (counted_at, rows), KEPT_FOR)
    return rows


def _count_beside(name: str, statement: SQL) -> None:
    """Count again on a connection of this thread's own, and let the next one count."""
    try:
        _count(name, statement)
    except DatabaseError as error:
        log.warning("counts_not_renewed", error=type(error).__name__)
    finally:
        connection.close()
        with suppress(CacheDown):
            cache.delete(COUNTING)


def _is_counted(facet: Filter, query: SearchQuery) -> bool:
    return facet != Filter.TEXT and (facet != Filter.NEAR or query.near is not None)


def counting(asked: Asked, today: date) -> SQL:
    """Rows of (facet, key, doctors), and one without a facet that is the total.

    The facets of filters that are off count the same doctors: they share one look at them. A filter that is on counts
    the doctors whom all others leave, by a look of its own.
    """
    query = asked.query
    on = conditions(query, today)
    off = [facet for facet in Filter if _is_counted(facet, query) and facet not in on]
    # A filter that is on has its condition in each look but its own.
    columns = SQL.joined(", ", (key(facet, query, today).sql + f" AS {facet}" for facet in off))
    sets = ", ".join(f"({facet})" for facet in off)
    names = " ".join(f"WHEN grouping({facet}) = 0 THEN '{facet}'" for facet in off)
    keys = ", ".join(f"{facet}::text" for facet in off)
    if off:
        looks = [
            SQL(f"SELECT CASE {names} ELSE '' END, coalesce({keys}), count(*) FROM (SELECT ")
            + columns
            + _found(asked, on.values())
            + f") AS found GROUP BY GROUPING SETS ({sets}, ())"
        ]
    else:
        looks = [SQL("SELECT '', NULL, count(*)") + _found(asked, on.values())]
    for facet in on:
        others = (condition for each, condition in on.items() if each != facet)
        looks.append(
            SQL(f"SELECT '{facet}', counted::text, count(*) FROM (SELECT ")
            + key(facet, query, today).sql
            + " AS counted"
            + _found(asked, others)
            + ") AS found GROUP BY counted"
        )
    return _with(query, reach=max(KILOMETRES)) + SQL.joined(" UNION ALL ", looks)


def _loosened(asked: Asked, today: date, counted: Counted) -> dict[Filter, int]:
    """What taking away each filter that is on would give, the text among them: one query more where there is one."""
    loosened = dict(counted.without)
    if asked.has_text:
        statement = (
            _with(asked.query) + "SELECT count(*)" + _found(Asked(asked.query), conditions(asked.query, today).values())
        )
        with connection.cursor() as cursor:
            cursor.execute(statement.text, statement.params)
            (loosened[Filter.TEXT],) = cursor.fetchone()
    return loosened


def _with(query: SearchQuery, *, reach: int = 0) -> SQL:
    """The distances within what was asked for, or further."""
    if not query.near:
        return SQL("")
    return SQL("WITH near AS (") + distances(query.near, reach=max(query.near.km, reach)) + ") "


def _found(asked: Asked, narrowed: Iterable[SQL]) -> SQL:
    """FROM and WHERE: the listings of public doctors who have the text and whom these conditions leave."""
    found = SQL(" FROM doctors_doctorlisting l")
    if asked.has_text:
        found += " JOIN doctors_searchdocument document ON document.doctor_id = l.doctor_id"
    if asked.query.near:
        found += " LEFT JOIN near ON near.doctor_id = l.doctor_id"
    fitting = [SQL("document.vector @@ %s::tsquery", (tsquery(asked.phrases, asked.number),))] if asked.has_text else []
    return found + " WHERE " + all_of([SQL("l.is_public"), *fitting, *narrowed])


# A page ----------------------------------------------------------------------------------------------------------


def _ids(statement: SQL) -> tuple[int, ...]:
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
        return tuple(pk for (pk,) in cursor.fetchall())


def paging(asked: Asked, today: date, page: int, *, found: int) -> SQL:
    """The keys of the doctors on this page of so many, in their order."""
    if found >= MANY_FOUND and page <= FIRST_PAGES and _has_few_ways(asked):
        return _best_of_each_way(asked, today, page)
    return (
        _with(asked.query)
        + "SELECT l.doctor_id"
        + _found(asked, conditions(asked.query, today).values())
        + " ORDER BY "
        + order(asked)
        + SQL(" LIMIT %s OFFSET %s", (PAGE_SIZE, (page - 1) * PAGE_SIZE))
    )


def _has_few_ways(asked: Asked) -> bool:
    is_by_text = asked.phrases and not asked.number and not asked.query.near
    is_best = asked.query.sort in (Sort.BEST, Sort.NEAREST)
    return bool(is_by_text and is_best and prod(len(_worth(phrase)) for phrase in asked.phrases) <= MOST_WAYS)


def _best_of_each_way(asked: Asked, today: date, page: int) -> SQL:
    """The same page as by the points of all who were found, without weighing all of them.

    Whoever fits in the same way comes in the order of the standing, which an index has, and those who fit in a better
    way too have more points yet: so no more of each way are needed than are shown up to the end of the page.
    """
    on = list(conditions(asked.query, today).values())
    looks = []
    for way in product(*(_worth(phrase) for phrase in asked.phrases)):
        has_words = both(f"({words})" for words, _points in way if words)
        fits = [SQL("document.vector @@ %s::tsquery", (has_words,))] if has_words else []
        points = SQL.joined(" + ", (SQL("l.standing"), *(SQL("%s", (points,)) for _words, points in way)))
        looks.append(
            SQL("(SELECT l.doctor_id, ")
            + points
            + " AS points"
            + _found(asked, [*fits, *on])
            + SQL(" ORDER BY l.standing DESC, l.doctor_id LIMIT %s)", (page * PAGE_SIZE,))
        )
    return (
        SQL("SELECT doctor_id FROM (")
        + SQL.joined(" UNION ALL ", looks)
        + ") AS best GROUP BY doctor_id ORDER BY max(points) DESC, doctor_id"
        + SQL(" LIMIT %s OFFSET %s", (PAGE_SIZE, (page - 1) * PAGE_SIZE))
    )


def order(asked: Asked) -> SQL:
    """The order that the query asks for; doctors who tie come in it always the same, by their keys."""
    query = asked.query
    modes = modes_of(query)
    # PostgreSQL's LEAST leaves NULLs out of account.
    earliest = f"least({', '.join(NEXT_OPEN[mode] for mode in modes)}) NULLS LAST"
    last = "l.standing DESC, l.doctor_id"
    if query.sort == Sort.EARLIEST:
        return SQL(f"{earliest}, {last}")
    if query.sort == Sort.NEAREST and query.near:
        return SQL(f"near.km NULLS LAST, {last}")
    if query.sort == Sort.RATING:
        return SQL(f"coalesce(l.rating, {PRIOR_MEAN}) DESC, l.rating_count DESC, {earliest}, l.doctor_id")
    if query.sort == Sort.FEE:
        return SQL(f"least({', '.join(FEE[mode] for mode in modes)}) NULLS LAST, {last}")
    return points(asked) + " DESC, l.doctor_id"


def points(asked: Asked) -> SQL:
    """How well a doctor who was found fits, as ranking.py weighs it."""
    parts = [SQL("l.standing")]
    if asked.has_text:
        parts.append(_text_points(asked))
    if asked.query.near:
        parts.append(_nearness(asked))
    return SQL.joined(" + ", parts)


def _text_points(asked: Asked) -> SQL:
    parts = [_points_of(phrase) for phrase in asked.phrases]
    if asked.number:
        exactly = SQL(
            "CASE WHEN document.vector @@ %s::tsquery", (lexeme(asked.number, sign=REGISTRATION, whole=True),)
        )
        parts.append(exactly + SQL(" THEN %s ELSE 0 END", (ranking.BY_REGISTRATION,)))
    return SQL.joined(" + ", parts)


def _nearness(asked: Asked) -> SQL:
    edge = max(asked.query.near.km, 1) if asked.query.near else 1
    return SQL(f"{ranking.NEARNESS} * coalesce(greatest(0, 1 - near.km / %s), 0)", (edge,))


def reasons(asked: Asked, doctor_ids: Sequence[int]) -> SQL:
    """The points of these doctors, each for itself: text, open soon, rating, completeness, nearness."""
    parts = [
        _text_points(asked) if asked.has_text else SQL("0"),
        SQL(f"CASE WHEN l.opens_soon THEN {ranking.SOON} ELSE 0 END"),
        SQL(f"(coalesce(l.rating, {PRIOR_MEAN})::float - 1) * {ranking.RATING / 4}"),
        SQL(f"l.completeness * {ranking.COMPLETENESS}"),
        _nearness(asked) if asked.query.near else SQL("0"),
    ]
    columns = SQL.joined(", ", (SQL("(") + part + ")::float" for part in parts))
    chosen = SQL("l.doctor_id = ANY(%s)", (list(doctor_ids),))
    return _with(asked.query) + "SELECT l.doctor_id, " + columns + _found(asked, [chosen])


def _points_of(phrase: Phrase) -> SQL:
    """The best that the phrase is of a doctor."""
    *better, (_words, points) = _worth(phrase)
    cases = SQL.joined(" ", (SQL("WHEN document.vector @@ %s::tsquery THEN %s", way) for way in better))
    return SQL("CASE ") + cases + SQL(" ELSE %s END", (points,))


def _worth(phrase: Phrase) -> list[tuple[str, float]]:
    """What the phrase may be of a doctor, as a tsquery, and the points for it, most first; last what else it is.

    The likeliest specialty comes first, as the phrase has them.
    """
    return [
        (both(lexeme(word, sign=NAME, whole=True) for word in phrase.words), ranking.BY_WHOLE_NAME),
        (both(lexeme(word, sign=NAME) for word in phrase.words), ranking.BY_NAME),
        *(
            (lexeme(str(specialty), sign=SPECIALTY, whole=True), round(ranking.BY_SPECIALTY * surely, 3))
            for specialty, surely in phrase.specialties.items()
        ),
        ("", ranking.BY_OTHER_WORDS),
    ]


# Words -----------------------------------------------------------------------------------------------------------


def lexeme(word: str, *, sign: str = "", whole: bool = False) -> str:
    """A folded word as a tsquery's lexeme: also the beginning of a longer one, unless `whole` or a single letter.

    Folded words hold neither quotes nor backslashes, and no word begins with a sign.
    """
    return f"'{sign}{word}'" if whole or len(word) == 1 else f"'{sign}{word}':*"


def both(lexemes: Iterable[str]) -> str:
    return " & ".join(lexemes)


def tsquery(phrases: Sequence[Phrase], number: str) -> str:
    """Each phrase by its words or by a specialty it means; or else the doctor with that registration number."""
    every = both(f"({' | '.join(_ways(phrase))})" for phrase in phrases)
    asked = lexeme(number, sign=REGISTRATION, whole=True) if number else ""
    return " | ".join(part for part in (asked, every) if part)


def _ways(phrase: Phrase) -> list[str]:
    meant = [lexeme(str(specialty), sign=SPECIALTY, whole=True) for specialty in phrase.specialties]
    return [f"({both(map(lexeme, phrase.words))})", *meant]
