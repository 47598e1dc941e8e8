"""What a text is taken to mean, before any backend is asked: phrases, a number, and a second try by spelling."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from doctors.search import spelling
from doctors.search.documents import registration_asked
from doctors.search.lexicon import Lexicon, Phrase
from doctors.search.query import SearchQuery, SearchResult
from doctors.search.words import STOP_WORDS, words

# What is read of a text: enough for a sentence, too little to make search slow.
MOST_LETTERS, MOST_WORDS = 200, 8


@dataclass(frozen=True, slots=True)
class Asked:
    """A query with its text understood."""

    query: SearchQuery
    phrases: tuple[Phrase, ...] = ()
    number: str = ""

    @property
    def has_text(self) -> bool:
        return bool(self.phrases or self.number)


def asked_for(query: SearchQuery, lexicon: Lexicon, *, text: str = "") -> Asked:
    """The query with its text understood, or with another text in its place."""
    typed = words((text or query.text)[:MOST_LETTERS])
    meaningful = tuple(dict.fromkeys(word for word in typed if word not in STOP_WORDS))[:MOST_WORDS]
    return Asked(query, tuple(lexicon.phrases(meaningful)), registration_asked(typed))


def answered(query: SearchQuery, answer: Callable[[Asked], SearchResult]) -> SearchResult:
    """What a backend answers to the text as it was typed, or else to the text that was probably meant."""
    lexicon = Lexicon.current() if query.text else None
    asked = asked_for(query, lexicon) if lexicon else Asked(query)
    result = answer(asked)
    if result.total or asked.number or not asked.phrases or lexicon is None:
        return result
    meaningful = tuple(word for phrase in asked.phrases for word in phrase.words)
    mended = spelling.mend(meaningful, asked.phrases, lexicon)
    if not mended.words or mended.words == meaningful:
        return result
    second = answer(Asked(query, tuple(lexicon.phrases(mended.words))))
    if not second.total:
        return result
    return replace(second, corrected=" ".join(mended.words) if mended.is_corrected else "", ignored=mended.ignored)


def understood(phrases: Iterable[Phrase]) -> tuple[int, ...]:
    """The specialties that the phrases may mean, the likeliest first."""
    likeliest = sorted(((-surely, specialty) for phrase in phrases for specialty, surely in phrase.specialties.items()))
    return tuple(dict.fromkeys(specialty for _, specialty in likeliest))
