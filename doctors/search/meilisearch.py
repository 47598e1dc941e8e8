"""Search on a Meilisearch server: the filters, facets and order of a query as one request of many searches.

What a text means is decided in front of the server, as for PostgreSQL: its phrases become filters on the document's
words, so that both find the same doctors, and no tokeniser or typo of the server's own comes in between. A server that
fails is left alone for a while (Unavailable), and whoever asked is answered by PostgreSQL.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Self

import structlog
from django.conf import settings

from config import days
from config.exchange import NoAnswer, exchange
from config.fuse import Fuse
from doctors.models import Mode, open_bits
from doctors.search.asked import Asked, answered, understood
from doctors.search.conditions import CHOSEN, choices_of, modes_of
from doctors.search.documents import NAME, REGISTRATION, SPECIALTY
from doctors.search.lexicon import Phrase
from doctors.search.query import KILOMETRES, PAGE_SIZE, Available, Filter, Near, SearchQuery, SearchResult, Sort
from specialties.models import Specialty

log = structlog.get_logger()

INDEX = "doctors"
# In seconds. Longer than a search takes by far, and short enough for a page that then asks PostgreSQL.
TIMEOUT = 0.3
# A server that has failed once is left alone for so long: a page pays its time-out once, not at every turn.
fuse = Fuse(seconds=5)
# Of the specialties that a text may mean, so many come one after the other.
MOST_LIKELY = 3

type Search = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Found:
    """What the server says to one search."""

    ids: list[int]
    total: int
    facets: dict[str, dict[str, int]]

    @classmethod
    def read(cls, answer: Any) -> Self:
        total = answer["totalHits"] if "totalHits" in answer else answer["estimatedTotalHits"]
        facets = answer.get("facetDistribution") or {}
        return cls(
            ids=[int(hit["id"]) for hit in answer["hits"]],
            total=int(total),
            facets={name: {value: int(count) for value, count in counts.items()} for name, counts in facets.items()},
        )


class Unavailable(Exception):
    """The server is down, slow, or says something that is no answer."""


class MeilisearchSearch:
    """The backend on a server of its own. Raises Unavailable, and nothing else for what a query holds."""

    def search(self, query: SearchQuery) -> SearchResult:
        return answered(query, _answer)


def _answer(asked: Asked) -> SearchResult:
    """The page of the doctors whom the text finds among those the filters leave: one request, or two for a later page
    or for nobody."""
    filters = Filters(asked, days.today(), dict(Specialty.objects.values_list("slug", "pk")))
    segments = filters.segments()
    counts = list(filters.counts())
    first = {"hitsPerPage": PAGE_SIZE, "page": 1, "attributesToRetrieve": ["id"], "sort": order(asked.query)}
    found = ask([*({"filter": each, **first} for each in segments), *(count.search for count in counts)])
    totals = [each.total for each in found[: len(segments)]]
    total = sum(totals)
    page = min(max(asked.query.page, 1), max(1, -(-total // PAGE_SIZE)))

    facets: dict[Filter, dict[str, int]] = {}
    for count, answer in zip(counts, found[len(segments) :], strict=True):
        for facet, counted in count.read(answer).items():
            facets.setdefault(facet, {}).update(counted)
    if Filter.SPECIALTY in facets:
        slugs = {str(pk): slug for slug, pk in filters.specialties.items()}
        by_id = facets[Filter.SPECIALTY]
        facets[Filter.SPECIALTY] = {slugs[pk]: count for pk, count in by_id.items() if pk in slugs}
    if page == 1:
        ids = [pk for each in found[: len(segments)] for pk in each.ids][:PAGE_SIZE]
    else:
        ids = _later(segments, totals, (page - 1) * PAGE_SIZE, order(asked.query))
    return SearchResult(
        doctor_ids=tuple(ids),
        total=total,
        page=page,
        understood=understood(asked.phrases),
        facets=facets,
        without=_loosened(filters) if not total else {},
    )


def _later(segments: Sequence[str], totals: Sequence[int], offset: int, sort: list[str]) -> list[int]:
    """The ids of the page that begins after so many, from those segments that it reaches into."""
    searches, start = [], 0
    for segment, total in zip(segments, totals, strict=True):
        first, last = max(offset, start), min(offset + PAGE_SIZE, start + total)
        if first < last:
            part = {"offset": first - start, "limit": last - first, "attributesToRetrieve": ["id"], "sort": sort}
            searches.append({"filter": segment, **part})
        start += total
    return [pk for each in ask(searches) for pk in each.ids]


def _loosened(filters: "Filters") -> dict[Filter, int]:
    """What taking away each filter that is on would give."""
    on = filters.asked.query.filters
    answers = ask([counting(filters.without(each)) for each in on])
    return {each: answer.total for each, answer in zip(on, answers, strict=True)}


# Asking ----------------------------------------------------------------------------------------------------------


def ask(searches: Sequence[Search]) -> list[Found]:
    """What the server finds for each of these searches: one request. Raises Unavailable.

    While the fuse is blown nothing is sent. That it blows is an alert; nothing of what was asked is written down.
    """
    if not searches:
        return []
    if not fuse.holds():
        raise Unavailable
    try:
        found = _asked(searches)
    except (NoAnswer, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        if fuse.blow():
            reason = str(error) if isinstance(error, NoAnswer) else type(error).__name__
            log.error("search_server_away", error=reason, pause=fuse.seconds)
        raise Unavailable from None
    if fuse.mend():
        log.info("search_server_back")
    if found is None:
        log.error("search_server_refused")
        raise Unavailable
    return found


def _asked(searches: Sequence[Search]) -> list[Found] | None:
    """None where the server is well and does not understand us: that is our mistake, and the next one's luck."""
    body = json.dumps({"queries": [{"indexUid": INDEX, **search} for search in searches]}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {settings.MEILISEARCH_KEY}"}
    url = f"{settings.MEILISEARCH_URL}/multi-search"
    reply = exchange("POST", url, body=body, headers=headers, timeout=TIMEOUT)
    if reply.status == 400:
        return None
    if reply.status != 200:
        raise NoAnswer(f"HTTP {reply.status}")
    found = [Found.read(answer) for answer in json.loads(reply.body)["results"]]
    if len(found) != len(searches):
        raise NoAnswer("not as many answers as questions")
    return found


def counting(condition: str) -> Search:
    """A search that counts and shows nobody."""
    return {"filter": condition, "hitsPerPage": 0}


@dataclass(frozen=True, slots=True)
class Count:
    """A search that counts a value of a facet, or, where there is none, all that stand in the index as they are."""

    search: Search
    facet: Filter | None = None
    value: str = ""

    def read(self, answer: Found) -> dict[Filter, dict[str, int]]:
        if self.facet is not None:
            return {self.facet: {self.value: answer.total}}
        return {facet: answer.facets[name] for facet, name in ATTRIBUTES.items() if name in answer.facets}


# Filters ---------------------------------------------------------------------------------------------------------


def quoted(value: str) -> str:
    """A value in a filter: nothing that it holds ends it. One with a quote or a backslash fits no document."""
    clean = value.encode("utf-8", "replace").decode()
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def all_of(conditions: Iterable[str]) -> str:
    return " AND ".join(f"({each})" for each in conditions if each)


def any_of(conditions: Iterable[str]) -> str:
    return " OR ".join(f"({each})" for each in conditions if each)


# What the facets are counted by whose values stand in the index as they are.
ATTRIBUTES = {
    Filter.SPECIALTY: "specialties",
    Filter.DISTRICT: "districts",
    Filter.GENDER: "gender",
    Filter.LANGUAGES: "languages",
}
NOBODY = "id = 0"


@dataclass(frozen=True, slots=True)
class Filters:
    """The filters of a query in the server's words. `specialties` are the ids by their slugs."""

    asked: Asked
    today: date
    specialties: dict[str, int]

    def whole(self) -> str:
        return self._of(self.asked.query)

    def without(self, taken_away: Filter) -> str:
        if taken_away == Filter.TEXT:
            return replace(self, asked=Asked(self.asked.query)).whole()
        return self._of(self.asked.query.without(taken_away))

    def counts(self) -> Iterator[Count]:
        """All facets. Those of filters that are off count the same doctors; one that is on, whom the others leave."""
        query = self.asked.query
        on = [facet for facet in ATTRIBUTES if facet in query.filters]
        off = [name for facet, name in ATTRIBUTES.items() if facet not in on]
        yield Count(counting(self.whole()) | {"facets": off})
        for facet in on:
            yield Count(counting(self.without(facet)) | {"facets": [ATTRIBUTES[facet]]})
        for facet in CHOSEN:
            if facet != Filter.NEAR or query.near:
                for value, changed in choices_of(facet, query).items():
                    yield Count(counting(self._of(changed)), facet, value)

    def segments(self) -> list[str]:
        """Filters that follow each other in the order of the query: each finds whom none before it finds."""
        found, before = [], ""
        for condition in [*self._ranks(), ""]:
            found.append(all_of([self.whole(), condition, f"NOT ({before})" if before else ""]))
            before = any_of([before, condition])
        return found

    def _ranks(self) -> list[str]:
        query, phrases = self.asked.query, self.asked.phrases
        if query.near and query.sort == Sort.NEAREST:
            # The server sorts by one place of a doctor who may have several.
            return [_radius(query, km) for km in KILOMETRES if km < query.near.km]
        if query.sort not in (Sort.BEST, Sort.NEAREST) or not self.asked.has_text:
            return []
        number = [_word(self.asked.number, sign=REGISTRATION, whole=True)] if self.asked.number else []
        if not phrases:
            return number
        named = [phrase for phrase in phrases if not phrase.specialties] or phrases
        typed = [word for phrase in named for word in phrase.words]
        likely = understood(phrases)[:MOST_LIKELY]
        return [
            *number,
            all_of(_word(word, sign=NAME, whole=True) for word in typed),
            all_of(_word(word, sign=NAME) for word in typed),
            *(_word(str(specialty), sign=SPECIALTY, whole=True) for specialty in likely),
        ]

    def _of(self, query: SearchQuery) -> str:
        on = query.filters
        conditions = [getattr(self, f"_{each}")(query) for each in on if each != Filter.TEXT]
        return all_of([_text(self.asked), *conditions])

    def _specialty(self, query: SearchQuery) -> str:
        known = self.specialties.get(query.specialty)
        return NOBODY if known is None else f"specialties = {known}"

    def _mode(self, query: SearchQuery) -> str:
        return f"fee_{Mode(query.mode)} >= 0"

    def _district(self, query: SearchQuery) -> str:
        return f"districts = {quoted(query.district)}"

    def _near(self, query: SearchQuery) -> str:
        return _radius(query, query.near.km if query.near else 0)

    def _fee(self, query: SearchQuery) -> str:
        bounds = [(sign, fee) for sign, fee in ((">=", query.fee_min), ("<=", query.fee_max)) if fee is not None]
        return any_of(
            all_of(f"fee_{mode} {sign} {quoted(f'{fee:f}')}" for sign, fee in bounds) for mode in modes_of(query)
        )

    def _gender(self, query: SearchQuery) -> str:
        return f"gender = {quoted(query.gender)}"

    def _languages(self, query: SearchQuery) -> str:
        return f"languages IN [{', '.join(map(quoted, query.languages))}]"

    def _rating(self, query: SearchQuery) -> str:
        return f"rating_told >= {quoted(f'{query.rating_min:f}')}"

    def _experience(self, query: SearchQuery) -> str:
        return f"practising_since <= {self.today.year - (query.experience_min or 0)}"

    def _available(self, query: SearchQuery) -> str:
        when = Available(query.available)
        wanted = open_bits((day, part) for day in when.days(self.today) for part in when.parts)
        places = ", ".join(str(place) for place in range(wanted.bit_length()) if wanted >> place & 1)
        return any_of(f"open_{mode} IN [{places}]" for mode in modes_of(query))


def _radius(query: SearchQuery, km: int) -> str:
    return (
        f"_geoRadius({_point(query.near)}, {max(0, km) * 1000})" if query.near and _is_on_earth(query.near) else NOBODY
    )


def _point(near: Near) -> str:
    return f"{near.latitude:.6f}, {near.longitude:.6f}"


def _is_on_earth(near: Near) -> bool:
    return -90 <= near.latitude <= 90 and -180 <= near.longitude <= 180


def _text(asked: Asked) -> str:
    """Each phrase by its words or by a specialty it means; or else the doctor with that registration number."""
    number = _word(asked.number, sign=REGISTRATION, whole=True) if asked.number else ""
    return any_of([number, all_of(map(_phrase, asked.phrases))])


def _phrase(phrase: Phrase) -> str:
    meant = (_word(str(specialty), sign=SPECIALTY, whole=True) for specialty in phrase.specialties)
    return any_of([all_of(map(_word, phrase.words)), *meant])


def _word(word: str, *, sign: str = "", whole: bool = False) -> str:
    """A folded word, also as the beginning of a longer one, unless `whole` or a single letter."""
    operator = "=" if whole or len(word) == 1 else "STARTS WITH"
    return f"words {operator} {quoted(sign + word)}"


# Order -----------------------------------------------------------------------------------------------------------


def order(query: SearchQuery) -> list[str]:
    """How doctors of one segment follow each other; those who tie, always the same way."""
    of_mode = f"_{query.mode}" if query.mode else ""
    if query.sort == Sort.EARLIEST:
        return [f"next{of_mode}:asc", "standing:desc", "id:asc"]
    if query.sort == Sort.NEAREST and query.near and _is_on_earth(query.near):
        return [f"_geoPoint({_point(query.near)}):asc", "standing:desc", "id:asc"]
    if query.sort == Sort.RATING:
        return ["rating:desc", "rating_count:desc", f"next{of_mode}:asc", "id:asc"]
    if query.sort == Sort.FEE:
        return [f"fee{of_mode}:asc", "standing:desc", "id:asc"]
    return ["standing:desc", "id:asc"]
