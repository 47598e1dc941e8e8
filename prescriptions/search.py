"""Finding a medicine by what a doctor types: brand, generic, strength; in Latin or Bangla letters, with its typos."""

from collections.abc import Iterable, Mapping, Sequence

from django.db import connection, transaction
from django.db.models import Q

from doctors.search.words import sound, words
from prescriptions.models import Form, Product
from prescriptions.models.signed import SignedQuerySet
from prescriptions.signing import read_code
from specialties.fields import nfc

MOST_FOUND = 12
# Of what much has in common, such as a form or a number, so many are put in order.
MOST_LOOKED_AT = 1000
MOST_ALIKE, MOST_GENERICS_ALIKE = 400, 20
MOST_LETTERS, MOST_WORDS = 80, 6
# Of the trigrams of what was typed, as many must be in a word of the medicine.
ALIKE = "0.45"

# Letters that are taken for each other, in the order in which they are put right.
_SOUNDS = (
    ("sc", "s"),
    ("ph", "f"),
    ("th", "t"),
    ("ch", "k"),
    ("ce", "se"),
    ("ci", "si"),
    ("cy", "si"),
    ("c", "k"),
    ("q", "k"),
    ("x", "ks"),
    ("z", "s"),
    ("j", "s"),
    ("y", "i"),
    ("v", "b"),
    ("oe", "e"),
    ("ae", "e"),
    ("ee", "i"),
    ("oo", "u"),
    ("h", ""),
)

_UNITS = frozenset({"g", "iu", "mcg", "mg", "ml"})
_FORMS = frozenset(sound(word) for form in Form.values for word in words(form))

# Of two that fit as well: the generic as such, then the shorter name, then what is swallowed whole.
_ORDER = """
    product.brand <> '', length(generic.name), generic.name, product.brand,
    product.form NOT IN ('tablet', 'capsule'), length(product.strength), product.strength, product.id
"""
# What the order asks, taken along: what was found is not looked up anew.
_OF = "product.id, product.generic_id, product.brand, product.strength, product.form"
# Whose brand or generic begins with what was typed comes first, and of those whose brand is just that. Where more than
# are looked at have a word like that (`tab` is in half of the register) they are found by their names besides.
_PREFIX = """
    WITH looked_at AS MATERIALIZED (
        SELECT {of} FROM prescriptions_product product WHERE product.is_active AND {each} LIMIT %(looked_at)s
    )
    SELECT product.id FROM (
        SELECT * FROM looked_at
        UNION
        SELECT {of} FROM prescriptions_product product
        WHERE (SELECT count(*) >= %(looked_at)s FROM looked_at)
          AND product.is_active AND lower(product.brand) LIKE %(begin)s AND {each}
        UNION
        SELECT {of} FROM prescriptions_product product
        WHERE (SELECT count(*) >= %(looked_at)s FROM looked_at)
          AND product.is_active AND {each}
          AND product.generic_id IN (SELECT id FROM prescriptions_generic WHERE name LIKE %(begin)s)
    ) product
    JOIN prescriptions_generic generic ON generic.id = product.generic_id
    ORDER BY lower(product.brand) NOT LIKE %(begin)s AND generic.name NOT LIKE %(begin)s,
             lower(product.brand) <> %(first)s, generic.name NOT LIKE %(begin)s, {order}
    LIMIT %(most)s
"""
# By the sound of the brand, and of the generic, which is compared once for all its products. Of what is nothing's name
# much is a little alike: only the most alike of it are put in order.
_ALIKE = """
    SELECT product.id FROM (
        SELECT {of}, max(product.alike) AS alike FROM (
            (SELECT {of}, word_similarity(%(typed)s, product.heard) AS alike
             FROM prescriptions_product product
             WHERE product.is_active AND %(typed)s <%% product.heard AND {each}
             ORDER BY alike DESC LIMIT %(kept)s)
            UNION ALL
            SELECT {of}, generic.alike FROM (
                SELECT id, word_similarity(%(typed)s, heard) AS alike FROM prescriptions_generic
                WHERE %(typed)s <%% heard ORDER BY alike DESC LIMIT %(generics)s
            ) generic
            JOIN prescriptions_product product ON product.generic_id = generic.id
            WHERE product.is_active AND {each}
        ) product
        GROUP BY {of}
    ) product
    JOIN prescriptions_generic generic ON generic.id = product.generic_id
    ORDER BY product.alike DESC, {order}
    LIMIT %(most)s
"""


def find_products(text: str, *, most: int = MOST_FOUND) -> list[Product]:
    """The medicines that fit best: every word begins a word of theirs, or, where there are none, sounds like one.

    Two queries, or three where nothing begins so, however many there are. Less than two letters find nothing.
    """
    typed = [sound(word) for word in words(text[:MOST_LETTERS]) if sound(word)][:MOST_WORDS]
    if sum(map(len, typed)) < 2:
        return []
    keys = _beginning(typed, most) or _alike(typed, most)
    found = Product.objects.for_composer().in_bulk(keys)
    return [found[key] for key in keys]


def _beginning(typed: Sequence[str], most: int) -> list[int]:
    each, facts = _each(typed, "words")
    facts |= {"first": typed[0], "begin": f"{typed[0]}%", "looked_at": MOST_LOOKED_AT, "most": most}
    return _keys(_PREFIX.format(of=_OF, each=each, order=_ORDER), facts)


def _alike(typed: Sequence[str], most: int) -> list[int]:
    """Names by sound; numbers, units and forms are meant as they are."""
    names = [heard(word) for word in typed if _is_name(word)]
    if not any(len(name) > 2 for name in names):
        return []
    each, facts = _each([word for word in typed if not _is_name(word)], "words")
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT set_config('pg_trgm.word_similarity_threshold', %s, true)", [ALIKE])
        facts |= {"typed": " ".join(names), "kept": MOST_ALIKE, "generics": MOST_GENERICS_ALIKE, "most": most}
        return _keys(_ALIKE.format(of=_OF, each=each, order=_ORDER), facts)


def _is_name(word: str) -> bool:
    return not word[0].isdigit() and word not in _UNITS and not any(form.startswith(word) for form in _FORMS)


def _each(typed: Sequence[str], column: str) -> tuple[str, dict[str, object]]:
    """The condition that a word begins so, for each of them. Their letters are letters and digits alone."""
    conditions = [f"product.{column} LIKE %(word{number})s" for number in range(len(typed))]
    return " AND ".join(conditions) or "true", {f"word{number}": f"% {word}%" for number, word in enumerate(typed)}


def _keys(statement: str, facts: dict[str, object]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, facts)
        return [key for (key,) in cursor.fetchall()]


# Signed prescriptions --------------------------------------------------------------------------------------------


def find_signed(rows: SignedQuerySet, text: str) -> SignedQuerySet:
    """Of these the one with this code; or those of which every word stands in the patient's name or begins a word of a
    medicine's. All of them where nothing was typed."""
    if code := read_code(text):
        return rows.filter(code=code)
    for word in nfc(text[:MOST_LETTERS]).split()[:MOST_WORDS]:
        as_heard = [sound(each) for each in words(word)]
        medicine = Q(*[Q(words__contains=f" {each}") for each in as_heard if each])
        name = Q(patient__name__icontains=word)
        rows = rows.filter(name | medicine if medicine else name)
    return rows


# What the search reads -------------------------------------------------------------------------------------------


def words_of(*texts: str) -> str:
    """For `Product.words`: every word once, in Latin letters, each with a blank before it."""
    found = dict.fromkeys(sound(word) for text in texts for word in words(text))
    return "".join(f" {word}" for word in found if word)


def heard(word: str) -> str:
    """A folded word as it sounds, so that spellings of one sound are one: `amoxycillin` and `amoksisilin`."""
    for letters, as_heard in _SOUNDS:
        word = word.replace(letters, as_heard)
    return "".join(letter for letter, before in zip(word, ["", *word], strict=False) if letter != before)


def heard_of(*names: str) -> str:
    """For `Product.heard` and `Generic.heard`: the words of these names as they sound, without their numbers."""
    return " ".join(dict.fromkeys(heard(word) for word in words_of(*names).split() if not word[0].isdigit()))


def write_words(products: Iterable[Product], also: Mapping[int, Sequence[str]]) -> None:
    """Fill what the search reads, of products that carry their generic; `also` other names by the generic's key."""
    for product in products:
        texts = (product.brand, product.generic.name, *also.get(product.generic_id, ()), product.strength, product.form)
        product.words = words_of(*texts)
        product.heard = heard_of(product.brand)
