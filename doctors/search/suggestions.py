"""What the search bar offers while one types: specialties, complaints, doctors, places; at most a handful of each."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from textwrap import shorten

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from doctors.districts import DISTRICTS
from doctors.search import spelling
from doctors.search.documents import NAME, PLACE, known_as
from doctors.search.lexicon import Entry, Lexicon
from doctors.search.query import LONGEST_TEXT
from doctors.search.words import STOP_WORDS, words
from specialties.models import Specialty, Symptom

MOST, MOST_OF_A_KIND = 8, 3
MOST_LETTERS, MOST_WORDS = 80, 5
# One letter begins half of all names.
LEAST_LETTERS = 2
# Of the many doctors whose names or places begin with a few letters, so many are put in order.
LOOKED_AT = 300
# Folded. An address often ends with one.
_DISTRICTS = frozenset(words(name) for row in DISTRICTS for name in (row.name_en, row.name_bn, *row.aliases))

_DOCTORS = """
    SELECT doctor.title, doctor.name, doctor.name_bn, listing.specialties[1]
    FROM (SELECT doctor_id FROM doctors_searchdocument WHERE vector @@ %s::tsquery LIMIT %s) AS found
    JOIN doctors_doctorlisting listing ON listing.doctor_id = found.doctor_id AND listing.is_public
    JOIN doctors_doctor doctor ON doctor.id = found.doctor_id
    ORDER BY listing.standing DESC, doctor.id
    LIMIT %s
"""
_PLACES = """
    SELECT place.name, place.address
    FROM (SELECT doctor_id FROM doctors_searchdocument WHERE vector @@ %s::tsquery LIMIT %s) AS found
    JOIN doctors_practiceplace place ON place.doctor_id = found.doctor_id AND place.is_active
    LIMIT %s
"""


@dataclass(frozen=True, slots=True)
class Suggestion:
    """What goes into the search bar when it is chosen, and what is said beside it."""

    value: str
    hint: str | Promise


def suggestions(specialties: list[Specialty]) -> list[str]:
    """The names of these specialties and of all complaints, in the active language: one query."""
    complaints = Symptom.objects.values_list("name_en", "name_bn")
    return list(dict.fromkeys([*(each.name for each in specialties), *(_shown(*names) for names in complaints)]))


def suggest(text: str) -> list[Suggestion]:
    """What somebody who typed this may mean, in the active language: three queries, six where it was misspelt."""
    folded = words(text[:MOST_LETTERS])
    typed = tuple(word for word in folded if word not in STOP_WORDS)[:MOST_WORDS] or folded[:1]
    if sum(map(len, typed)) < LEAST_LETTERS:
        return []
    lexicon = Lexicon.current()
    found = _suggested(typed, lexicon)
    if not found:
        mended = spelling.mend(typed, lexicon.phrases(typed), lexicon)
        if mended.words and mended.words != typed:
            found = _suggested(mended.words, lexicon)
    return found


def _suggested(typed: Sequence[str], lexicon: Lexicon) -> list[Suggestion]:
    """Kind after kind; where there is too much, each kind's best before another's next."""
    fields = [entry for entry in lexicon.entries if entry.specialty is not None]
    complaints = [entry for entry in lexicon.entries if entry.specialty is None]
    kinds = [
        [Suggestion(name, _("Specialty")) for name in _called(typed, fields)],
        [Suggestion(name, _("Symptom")) for name in _called(typed, complaints)],
        _doctors(typed, fields),
        [Suggestion(name, _("Place")) for name in _places(typed)],
    ]
    best = sorted((place, kind) for kind, found in enumerate(kinds) for place in range(len(found)))[:MOST]
    chosen = (kinds[kind][place] for kind, place in sorted((kind, place) for place, kind in best))
    return [replace(each, value=shorten(each.value, LONGEST_TEXT, placeholder="")) for each in chosen]


def _shown(name_en: str, name_bn: str) -> str:
    return name_bn if get_language() == "bn" and name_bn else name_en


def _called(typed: Sequence[str], entries: Iterable[Entry]) -> list[str]:
    """The names of what is called like this, those first whose own name begins so."""
    ranked = []
    for place, entry in enumerate(entries):
        fits = [_fit(typed, each) - (index > 1) for index, each in enumerate(entry.called)]
        if max(fits) > 0:
            ranked.append((-max(fits), place, _shown(entry.name_en, entry.name_bn)))
    return [name for _fitting, _place, name in sorted(ranked)[:MOST_OF_A_KIND]]


def _fit(typed: Sequence[str], called: Sequence[str]) -> int:
    """3 where it begins with what was typed, 2 where each word begins one of its words, otherwise 0."""
    if not all(any(word.startswith(each) for word in called) for each in typed):
        return 0
    return 3 if called[0].startswith(typed[0]) else 2


def _doctors(typed: Sequence[str], fields: Iterable[Entry]) -> list[Suggestion]:
    with connection.cursor() as cursor:
        cursor.execute(_DOCTORS, [_marked(typed, NAME), LOOKED_AT, MOST_OF_A_KIND])
        rows = cursor.fetchall()
    names = {entry.specialty: _shown(entry.name_en, entry.name_bn) for entry in fields}
    return [
        Suggestion(_shown(f"{title} {name}".strip(), name_bn), names.get(specialty) or _("Doctor"))
        for title, name, name_bn, specialty in rows
    ]


def _marked(typed: Sequence[str], sign: str) -> str:
    return " & ".join(f"'{sign}{word}':*" for word in typed)


def _places(typed: Sequence[str]) -> list[str]:
    """Districts, then where doctors practise: what begins so first, then where most of them do."""
    districts = (
        (-max(_fit(typed, words(each)) for each in (row.name_en, row.name_bn, *row.aliases)), row.name)
        for row in DISTRICTS
    )
    with connection.cursor() as cursor:
        cursor.execute(_PLACES, [_marked(typed, PLACE), LOOKED_AT, LOOKED_AT])
        known = Counter(name for row in cursor.fetchall() for name in known_as(*row))
    practised = sorted((-_fit(typed, words(name)), -count, name) for name, count in known.items())
    found = {words(name): name for fit, name in sorted(districts) if fit}
    for fit, _count, name in practised:
        if fit and words(name) not in _DISTRICTS:
            found.setdefault(words(name), name)
    return list(found.values())[:MOST_OF_A_KIND]
