"""What a text may have meant whose words nobody has as they were typed."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from django.db import connection

from doctors.search.lexicon import ALIKE, Lexicon, Phrase
from doctors.search.words import sound

SAME_SCRIPT = 0.15
MOST_MENDED = 3

# `known` first asks the index of the documents for each word; the words that sound alike are asked for the same way,
# because a word outlives the documents that held it.
_KNOWN = """
    SELECT typed.word FROM unnest(%s::text[]) AS typed(word)
    WHERE EXISTS (SELECT FROM doctors_searchdocument WHERE vector @@
        (quote_literal(typed.word) || CASE WHEN length(typed.word) > 1 THEN ':*' ELSE '' END)::tsquery)
"""
_ALIKE = """
    SELECT typed.word, known.word, known.sound
    FROM unnest(%s::text[], %s::text[]) AS typed(word, sound)
    CROSS JOIN LATERAL (
        SELECT word, sound FROM doctors_searchword
        WHERE doctors_searchword.sound %% typed.sound
        ORDER BY similarity(doctors_searchword.sound, typed.sound) DESC, word
        LIMIT 12
    ) AS known
    WHERE EXISTS (SELECT FROM doctors_searchdocument WHERE vector @@ quote_literal(known.word)::tsquery)
"""


@dataclass(frozen=True, slots=True)
class Mended:
    """The words to search instead, and those that were left out because nothing sounds like them."""

    words: tuple[str, ...]
    ignored: tuple[str, ...]
    is_corrected: bool


def mend(typed: Sequence[str], phrases: Sequence[Phrase], lexicon: Lexicon) -> Mended:
    """Put in place of each word that means nothing and that no listing has the one that sounds most like it.

    One query, and a second one where there is such a word.
    """
    nameless = [phrase.words[0] for phrase in phrases if not phrase.specialties]
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, [nameless])
        known = {word for (word,) in cursor.fetchall()}
        unknown = [word for word in nameless if word not in known]
        found: list[tuple[str, str, str]] = []
        if unknown:
            cursor.execute(_ALIKE, [unknown[:MOST_MENDED], [sound(word) for word in unknown[:MOST_MENDED]]])
            found = cursor.fetchall()

    sounds = [*found]
    for word in unknown[:MOST_MENDED]:
        sounds += [(word, other, sound(other)) for other in lexicon.alike(word)]
    better: dict[str, tuple[float, str]] = {}
    for word, other, heard in sounds:
        likeness = SequenceMatcher(None, sound(word), heard).ratio()
        if likeness < ALIKE:
            continue
        # People make mistakes in the script that they chose.
        likeness += SAME_SCRIPT * (word.isascii() == other.isascii())
        if likeness > better.get(word, (0.0, ""))[0]:
            better[word] = (likeness, other)

    lost = [word for word in unknown if word not in better]
    mended = (better[word][1] if word in better else word for word in typed if word not in lost)
    return Mended(tuple(mended), tuple(lost), is_corrected=bool(better))
