"""What people call the specialties and their complaints, and which specialty they mean by it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cached_property

from django.db import connection

from doctors.search.words import STOP_WORDS, sound, words
from specialties.models import Specialty, SymptomSpecialty

# How surely a name means its specialty, and how surely a complaint the specialty that fits it best.
NAME_STRENGTH, COMPLAINT_STRENGTH = 1.0, 0.9
# Of the specialties that a phrase may mean, those this close to the likeliest, and this many at most.
CLOSE_ENOUGH, MOST_SPECIALTIES = 0.4, 8
# Of two sounds, as difflib measures it.
ALIKE = 0.8

_FINGERPRINT = """
    SELECT md5(concat_ws('|',
        (SELECT string_agg(specialty::text, ',' ORDER BY id) FROM specialties_specialty AS specialty),
        (SELECT string_agg(symptom::text, ',' ORDER BY id) FROM specialties_symptom AS symptom),
        (SELECT string_agg(fit::text, ',' ORDER BY id) FROM specialties_symptomspecialty AS fit)))
"""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Some neighbouring words of what was typed, and how surely they mean a specialty: 0 to 1, by its id."""

    words: tuple[str, ...]
    specialties: dict[int, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entry:
    """A specialty, or a complaint, by its names and by what else people call it, each folded into words."""

    name_en: str
    name_bn: str
    called: tuple[tuple[str, ...], ...]
    specialty: int | None = None


@dataclass(frozen=True, slots=True)
class Term:
    words: tuple[str, ...]
    specialty: int
    strength: float

    @property
    def length(self) -> int:
        return sum(map(len, self.words))


class Lexicon:
    """The terms of all specialties in use, each in words that say something."""

    def __init__(self, terms: Iterable[tuple[str, int, float]], entries: Iterable[Entry] = ()) -> None:
        self.entries = tuple(entries)
        self._terms: list[Term] = []
        self._by_word: dict[str, list[int]] = {}
        for text, specialty, strength in terms:
            meaningful = tuple(word for word in words(text) if word not in STOP_WORDS)
            for word in meaningful:
                self._by_word.setdefault(word, []).append(len(self._terms))
            if meaningful:
                self._terms.append(Term(meaningful, specialty, strength))

    @classmethod
    def current(cls) -> "Lexicon":
        """As the database has it now: one query, and two more when anything in it changed since this process asked."""
        global _kept
        with connection.cursor() as cursor:
            cursor.execute(_FINGERPRINT)
            (fingerprint,) = cursor.fetchone()
        if _kept is None or _kept[0] != fingerprint:
            _kept = fingerprint, cls.load()
        return _kept[1]

    @classmethod
    def load(cls) -> "Lexicon":
        """As it stands in the database: two queries."""
        terms: list[tuple[str, int, float]] = []
        entries: list[Entry] = []
        names = ("name_en", "name_bn", "practitioner_en", "practitioner_bn", "synonyms")
        for pk, *called, synonyms in Specialty.objects.active().values_list("pk", *names):
            terms += [(text, pk, NAME_STRENGTH) for text in (*called, *synonyms)]
            entries.append(Entry(called[0], called[1], tuple(map(words, (*called, *synonyms))), pk))
        fits = SymptomSpecialty.objects.filter(specialty__is_active=True).order_by("symptom_id", "-weight", "pk")
        best: dict[int, int] = {}
        symptom = ("symptom__name_en", "symptom__name_bn", "symptom__synonyms")
        for pk, specialty, weight, *called, synonyms in fits.values_list(
            "symptom_id", "specialty_id", "weight", *symptom
        ):
            if pk not in best:
                entries.append(Entry(called[0], called[1], tuple(map(words, (*called, *synonyms)))))
            strength = COMPLAINT_STRENGTH * weight / best.setdefault(pk, weight)
            terms += [(text, specialty, strength) for text in (*called, *synonyms)]
        return cls(terms, entries)

    def phrases(self, typed: Sequence[str]) -> list[Phrase]:
        """The words as phrases: the longest runs that some term holds, and each word that none does by itself.

        A run means a term whose words it begins, in any order: `chest pain` and `pain chest`, `card` for cardiology.
        """
        reached = [self._terms_with(word) for word in typed]
        found, position = [], 0
        while position < len(typed):
            end, common = position + 1, reached[position]
            while common and end < len(typed) and (further := common & reached[end]):
                end, common = end + 1, further
            found.append(Phrase(tuple(typed[position:end]), self._meant(typed[position:end], common)))
            position = end
        return found

    def alike(self, word: str) -> list[str]:
        """Words of the lexicon that sound like this one, the likest first."""
        asked = sound(word)
        # A letter that the other has not is one that fits nothing: most words need no closer look.
        letters, least = set(asked), ALIKE / 2
        near = [
            heard
            for heard in self._sounds
            if min(len(asked) - len(letters.difference(heard)), len(heard) - len(set(heard) - letters))
            >= least * (len(asked) + len(heard))
        ]
        return [known for heard in get_close_matches(asked, near, n=3, cutoff=ALIKE) for known in self._sounds[heard]]

    @cached_property
    def _sounds(self) -> dict[str, list[str]]:
        """Its words by how they sound."""
        sounds: dict[str, list[str]] = {}
        for known in self._by_word:
            sounds.setdefault(sound(known), []).append(known)
        return sounds

    def _terms_with(self, word: str) -> set[int]:
        """The terms that have this word, or one that it begins, where it is long enough to say which."""
        reached = set(self._by_word.get(word, ()))
        if len(word) >= (3 if word.isascii() else 2):
            for known, terms in self._by_word.items():
                if known.startswith(word):
                    reached.update(terms)
        return reached

    def _meant(self, run: Sequence[str], terms: Iterable[int]) -> dict[int, float]:
        """The specialties of these terms by how surely the run means them: surer the more of a term was typed."""
        typed = sum(map(len, run))
        meant: dict[int, float] = {}
        for term in (self._terms[index] for index in terms):
            surely = term.strength * (0.5 + 0.5 * min(1.0, typed / term.length))
            meant[term.specialty] = max(surely, meant.get(term.specialty, 0.0))
        least = CLOSE_ENOUGH * max(meant.values(), default=0.0)
        likeliest = sorted(meant.items(), key=lambda item: (-item[1], item[0]))[:MOST_SPECIALTIES]
        return {specialty: surely for specialty, surely in likeliest if surely >= least}


# The lexicon that this process last read, and the fingerprint of the rows that it was made from.
_kept: tuple[str, Lexicon] | None = None
