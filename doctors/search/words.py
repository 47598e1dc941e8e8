"""How search hears words: folded to one spelling, and in Latin letters by their sound.

Splitting is done here and not by PostgreSQL's parser, which tears Bangla words apart under some locales; for the same
reason letters are compared by their sound, which is plain ASCII: pg_trgm knows Bangla letters under some locales only.
"""

import functools
import re
import unicodedata

LONGEST_WORD = 40

# Said beside what is meant, and never told apart by: titles, and the words around a complaint.
_STOP_WORDS = """
    a an and at best by clinic doctor doctors dr for in me my near of or physician specialist the to with
    daktar doktor bisheshoggo bisheshogyo er o ডা ডাক্তার ডাক্তারের বিশেষজ্ঞ এর ও জন্য কাছে
"""
STOP_WORDS = frozenset(_STOP_WORDS.split())

_BANGLA = "\u0981-\u0983\u0985-\u09b9\u09bc-\u09d7\u09dc-\u09e3"
_WORD = re.compile(rf"[^\W_{_BANGLA}]+|[{_BANGLA}]+")
_INITIALS = re.compile(r"\b([^\W\d_])\.(?=[^\W\d_]\b)")
_ACCENTS = re.compile("[\u0300-\u036f]")
_DROPPED = str.maketrans(
    {
        "'": None,
        "\N{RIGHT SINGLE QUOTATION MARK}": None,
        "\N{ZERO WIDTH JOINER}": None,
        "\N{ZERO WIDTH NON-JOINER}": None,
        # Left out as often as written.
        "\N{BENGALI SIGN CANDRABINDU}": None,
    }
)

# Unicode keeps these three in two parts, letter and dot.
_DOTTED = {
    "ড\N{BENGALI SIGN NUKTA}": "\N{BENGALI LETTER RRA}",
    "ঢ\N{BENGALI SIGN NUKTA}": "\N{BENGALI LETTER RHA}",
    "য\N{BENGALI SIGN NUKTA}": "\N{BENGALI LETTER YYA}",
}
_VIRAMA = "\N{BENGALI SIGN VIRAMA}"
_CONSONANTS = dict(
    zip(
        "কখগঘঙচছজঝঞটঠডঢণতথদধনপফবভমযরলশষসহ"
        "\N{BENGALI LETTER RRA}\N{BENGALI LETTER RHA}\N{BENGALI LETTER YYA}\N{BENGALI LETTER KHANDA TA}",
        "kkggncsjjnttddnttddnpfbvmjrlssshrryt",
        strict=True,
    )
)
_VOWELS = dict(zip("অআইঈউঊঋএঐওঔ", ["o", "a", "i", "i", "u", "u", "ri", "e", "oi", "o", "ou"], strict=True))
_SIGNS = dict(zip("ািীুূৃেৈোৌ", ["a", "i", "i", "u", "u", "ri", "e", "oi", "o", "ou"], strict=True))
_NASAL = {"\N{BENGALI SIGN ANUSVARA}": "n"}
_SOUNDS = _VOWELS | _SIGNS | _NASAL


@functools.lru_cache(maxsize=16384)
def words(text: str) -> tuple[str, ...]:
    """The words of a text in their order, folded: small letters without accents, composed the same way, digits Latin.

    `M.B.B.S.` is one word, and so is `Cox's`. Never holds anything but letters, marks and digits.
    """
    text = unicodedata.normalize("NFKD", text).casefold().translate(_DROPPED)
    text = _INITIALS.sub(r"\1", unicodedata.normalize("NFC", _ACCENTS.sub("", text)))
    text = "".join(c if c.isascii() else str(unicodedata.decimal(c, c)) for c in text)
    # At the end of a word this sign stands for the letters that are left out, as a full stop does.
    found = (word[:LONGEST_WORD].rstrip("\N{BENGALI SIGN VISARGA}") for word in _WORD.findall(text))
    return tuple(word for word in found if word)


@functools.lru_cache(maxsize=16384)
def sound(word: str) -> str:
    """A folded word in plain ASCII, as it sounds: Latin words as they are, Bangla ones letter by letter, so that
    spellings that sound alike (শ ষ স, ন ণ, ি ী) come out alike. Empty where nothing is known of its letters."""
    if word.isascii():
        return word
    for parts, letter in _DOTTED.items():
        word = word.replace(parts, letter)
    # The jô-phôla: written under a letter, heard as the vowel after it.
    word = word.replace(f"{_VIRAMA}যা", "ে").replace(f"{_VIRAMA}য", "ে")
    heard: list[str] = []
    for letter, following in zip(word, [*word[1:], ""], strict=True):
        if letter in _CONSONANTS:
            heard.append(_CONSONANTS[letter])
            # A consonant is said with a vowel where another one follows that is not joined to it, or the nasal sign.
            if (following in _CONSONANTS or following in _NASAL) and letter != "\N{BENGALI LETTER NGA}":
                heard.append("o")
        elif letter in _SOUNDS:
            heard.append(_SOUNDS[letter])
        elif letter.isascii():
            heard.append(letter)
    return "".join(heard)
