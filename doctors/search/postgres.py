"""Search on PostgreSQL alone: one inverted index holds words and specialties, the rest are plain columns.

A text becomes phrases (lexicon.py). A doctor is found by every one of them: by having its words, or a specialty that it
means. That is one tsquery, answered by one GIN index; how well a doctor fits is then told by looking the same lexemes
up in the rows that were found.
"""

import functools
import operator
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import timedelta

from django.contrib.postgres.search import SearchQueryField
from django.db.models import (
    BooleanField,
    Case,
    Count,
    DecimalField,
    Exists,
    ExpressionWrapper,
    F,
    FloatField,
    Func,
    OuterRef,
    Q,
    Value,
    When,
    Window,
)
from django.db.models.expressions import Combinable, Expression, OrderBy
from django.db.models.functions import Cast, Coalesce, Least
from django.utils import timezone

from doctors.models import (
    PRIOR_MEAN,
    Doctor,
    DoctorQuerySet,
    DoctorSpecialty,
    Mode,
    OpenDay,
    PracticePlace,
    portal_today,
)
from doctors.search import spelling
from doctors.search.documents import NAME, REGISTRATION, SPECIALTY, registration_asked
from doctors.search.lexicon import Lexicon, Phrase
from doctors.search.query import PAGE_SIZE, Available, SearchQuery, SearchResult, Sort
from doctors.search.words import STOP_WORDS, words

# What is read of a text: enough for a sentence, too little to make search slow.
MOST_LETTERS, MOST_WORDS = 200, 8

# What fits a bigint as an offset, and more doctors than there are people.
LAST_PAGE = 10**9

# What a phrase adds to a doctor's score; a specialty adds as much of its share as the phrase surely means it.
BY_REGISTRATION, BY_WHOLE_NAME, BY_NAME, BY_SPECIALTY, BY_OTHER_WORDS = 100.0, 10.0, 8.0, 6.0, 1.0
# Of doctors who fit equally well, those who can be seen within this time come first.
SOON = timedelta(days=3)


class Matches(Func):
    """Whether a tsvector column has what a tsquery asks for; the tsquery is given as its own text, lexemes quoted."""

    template = "(%(expressions)s)"
    arg_joiner = " @@ "
    output_field = BooleanField()

    def __init__(self, vector: str, tsquery: str) -> None:
        super().__init__(F(vector), Cast(Value(tsquery), SearchQueryField()))


class PostgresSearch:
    """The backend that needs nothing but the database. At most nine queries, however many are found."""

    def search(self, query: SearchQuery) -> SearchResult:
        typed = words(query.text[:MOST_LETTERS])
        meaningful = tuple(dict.fromkeys(word for word in typed if word not in STOP_WORDS))[:MOST_WORDS]
        number = registration_asked(typed)
        if not meaningful and not number:
            return _page(query, [], "")
        lexicon = Lexicon.current()
        phrases = lexicon.phrases(meaningful)
        result = _page(query, phrases, number)
        if result.total or number:
            return result
        mended = spelling.mend(meaningful, phrases, lexicon)
        if not mended.words or mended.words == meaningful:
            return result
        second = _page(query, lexicon.phrases(mended.words), "")
        if not second.total:
            return result
        return replace(second, corrected=" ".join(mended.words) if mended.is_corrected else "", ignored=mended.ignored)


def _page(query: SearchQuery, phrases: Sequence[Phrase], number: str) -> SearchResult:
    """The page of the doctors whom the phrases or the registration number find, among those the filters leave.

    One query; two more where the page that is asked for is beyond the last.
    """
    doctors = narrowed(query)
    if phrases or number:
        doctors = doctors.filter(Matches("search_document__vector", tsquery(phrases, number)))
    ordered = doctors.order_by(*order(query, phrases, number)).annotate(total=Window(Count("pk")))
    rows = ordered.values_list("pk", "total")

    page = min(max(query.page, 1), LAST_PAGE)
    found = list(rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])
    if not found and page > 1:
        page = max(1, -(-doctors.count() // PAGE_SIZE))
        found = list(rows[(page - 1) * PAGE_SIZE : page * PAGE_SIZE])
    return SearchResult(
        doctor_ids=tuple(pk for pk, _total in found),
        total=found[0][1] if found else 0,
        page=page,
        understood=_understood(phrases),
    )


def _understood(phrases: Iterable[Phrase]) -> tuple[int, ...]:
    likeliest = sorted(((-surely, specialty) for phrase in phrases for specialty, surely in phrase.specialties.items()))
    return tuple(dict.fromkeys(specialty for _, specialty in likeliest))


# Filters ---------------------------------------------------------------------------------------------------------


def narrowed(query: SearchQuery) -> DoctorQuerySet:
    """The public doctors whom all filters of the query leave."""
    doctors = Doctor.objects.public()
    modes = [query.mode] if query.mode else Mode.values
    if query.specialty:
        of_specialty = DoctorSpecialty.objects.filter(doctor=OuterRef("pk"), specialty__slug=query.specialty)
        doctors = doctors.filter(Exists(of_specialty))
    if query.mode:
        doctors = doctors.filter(**{f"{_fee(query.mode)}__isnull": False})
    if query.fee_max is not None:
        within = (Q(**{f"{_fee(mode)}__lte": query.fee_max}) for mode in modes)
        doctors = doctors.filter(functools.reduce(operator.or_, within))
    if query.gender:
        doctors = doctors.filter(gender=query.gender)
    if query.languages:
        doctors = doctors.filter(languages__overlap=list(query.languages))
    if query.district:
        there = PracticePlace.objects.filter(doctor=OuterRef("pk"), district=query.district, is_active=True)
        doctors = doctors.filter(Exists(there))
    if query.available != Available.ANY:
        when = Available(query.available)
        then = OpenDay.objects.filter(date__in=when.days(portal_today()), part__in=when.parts)
        doctors = doctors.filter(Exists(then.filter(doctor=OuterRef("pk"), mode__in=modes)))
    return doctors


def _fee(mode: str) -> str:
    return {Mode.VIDEO: "fee_video", Mode.IN_PERSON: "fee_in_person"}[Mode(mode)]


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


def score(phrases: Sequence[Phrase], number: str) -> Expression:
    """How well a doctor who was found fits, by where each phrase was found."""
    parts: list[Combinable] = [_score_of(phrase) for phrase in phrases]
    if number:
        asked = Matches("search_document__vector", lexeme(number, sign=REGISTRATION, whole=True))
        parts.append(Case(When(asked, then=Value(BY_REGISTRATION)), default=Value(0.0)))
    return ExpressionWrapper(functools.reduce(operator.add, parts), FloatField())


def _score_of(phrase: Phrase) -> Case:
    def found(tsquery: str, points: float) -> When:
        return When(Matches("search_document__vector", tsquery), then=Value(points))

    return Case(
        found(both(lexeme(word, sign=NAME, whole=True) for word in phrase.words), BY_WHOLE_NAME),
        found(both(lexeme(word, sign=NAME) for word in phrase.words), BY_NAME),
        # Likeliest first, as the phrase has them.
        *(
            found(lexeme(str(specialty), sign=SPECIALTY, whole=True), round(BY_SPECIALTY * surely, 3))
            for specialty, surely in phrase.specialties.items()
        ),
        default=Value(BY_OTHER_WORDS),
        output_field=FloatField(),
    )


# Order -----------------------------------------------------------------------------------------------------------


def order(query: SearchQuery, phrases: Sequence[Phrase], number: str) -> list[OrderBy]:
    """The order that the query asks for; doctors who tie come in it always the same, by their keys."""
    earliest = OrderBy(_next_open(query.mode), nulls_last=True)
    best_rated = OrderBy(_rating(), descending=True)
    last = [OrderBy(F("pk"))]
    if query.sort == Sort.EARLIEST:
        return [earliest, best_rated, *last]
    if query.sort == Sort.RATING:
        return [best_rated, OrderBy(Coalesce("listing__rating_count", 0), descending=True), earliest, *last]
    if query.sort == Sort.FEE:
        fee = F(_fee(query.mode)) if query.mode else Least("fee_video", "fee_in_person")
        return [OrderBy(fee, nulls_last=True), best_rated, earliest, *last]
    fitting = [OrderBy(score(phrases, number), descending=True)] if phrases or number else []
    soon = Case(When(Q(_open_by(query.mode, timezone.now() + SOON)), then=Value(0)), default=Value(1))
    return [*fitting, OrderBy(soon), best_rated, earliest, *last]


def _open_by(mode: str, moment: object) -> Q:
    either = [f"listing__next_open_{name}__lte" for name in ([mode] if mode else Mode.values)]
    return functools.reduce(operator.or_, (Q(**{name: moment}) for name in either))


def _next_open(mode: str) -> F | Least:
    """PostgreSQL's LEAST leaves NULLs out of account."""
    return (
        F(f"listing__next_open_{mode}") if mode else Least("listing__next_open_video", "listing__next_open_in_person")
    )


def _rating() -> Expression:
    """The listing's, which is a Bayesian mean; whom nobody has rated stands where it begins."""
    return Coalesce("listing__rating", Value(PRIOR_MEAN), output_field=DecimalField(max_digits=3, decimal_places=2))
