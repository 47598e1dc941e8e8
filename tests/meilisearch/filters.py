"""Filter expressions as Meilisearch reads them: https://www.meilisearch.com/docs (Filter expression reference).

    expression = and ("OR" and)*      and = not ("AND" not)*      not = "NOT" not | primary
    primary    = "(" expression ")" | "_geoRadius(" lat "," lng "," metres ")" | attribute operation

What the portal has no use for (CONTAINS, polygons, vectors, other indexes) is refused like what is malformed.
"""

import math
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

type Document = Mapping[str, Any]
type Predicate = Callable[[Document], bool]

DEEPEST = 200
EARTH = 6_372_797.560856
KEYWORDS = frozenset({"AND", "OR", "NOT", "IN", "TO", "EXISTS", "IS", "NULL", "EMPTY", "STARTS", "WITH", "CONTAINS"})
TOKEN = re.compile(
    r"""\s*(?:
        (?P<quoted>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
      | (?P<sign>!=|>=|<=|[=<>()\[\],])
      | (?P<word>[\w.\-/]+)
    )""",
    re.VERBOSE | re.DOTALL,
)


class BadFilter(ValueError):
    """Malformed, or about an attribute that is not filterable."""


@dataclass(frozen=True, slots=True)
class Token:
    """`is_value` unless it is a sign or a keyword; the text of a quoted one is as it was meant."""

    text: str
    is_value: bool


def tokens(expression: str) -> Iterator[Token]:
    position = 0
    expression = expression.rstrip()
    while position < len(expression):
        found = TOKEN.match(expression, position)
        if found is None:
            raise BadFilter(f"Was expecting an operation, a value or a bracket at {position}.")
        position = found.end()
        if quoted := found["quoted"]:
            quote = quoted[0]
            # A backslash before anything but the quote stays, as in the server.
            yield Token(quoted[1:-1].replace(f"\\{quote}", quote), is_value=True)
        elif sign := found["sign"]:
            yield Token(sign, is_value=False)
        else:
            yield Token(found["word"], is_value=found["word"] not in KEYWORDS)


def compiled(given: Any, filterable: Collection[str]) -> Predicate:
    """A filter as a search has it: nothing, an expression, or a list of expressions and lists. Raises BadFilter."""
    if given is None or given == "":
        return lambda document: True
    if isinstance(given, str):
        return Parser(given, filterable).whole()
    if not isinstance(given, list):
        raise BadFilter("Expected a string or a list.")
    return all_of(
        [
            any_of([one(part, filterable) for part in each]) if isinstance(each, list) else one(each, filterable)
            for each in given
        ]
    )


def one(given: Any, filterable: Collection[str]) -> Predicate:
    if not isinstance(given, str):
        raise BadFilter("Lists of filters have a depth of two.")
    return compiled(given, filterable)


def any_of(predicates: list[Predicate]) -> Predicate:
    return lambda document: any(each(document) for each in predicates)


def all_of(predicates: list[Predicate]) -> Predicate:
    return lambda document: all(each(document) for each in predicates)


class Parser:
    def __init__(self, expression: str, filterable: Collection[str]) -> None:
        self.tokens = list(tokens(expression))
        self.filterable = filterable
        self.position = 0

    def whole(self) -> Predicate:
        found = self.disjunction(0)
        if self.position < len(self.tokens):
            raise BadFilter(f"Found unexpected characters at the end of the filter: {self.tokens[self.position].text}.")
        return found

    def disjunction(self, depth: int) -> Predicate:
        if depth > DEEPEST:
            raise BadFilter("The filter exceeded the maximum depth limit.")
        parts = [self.conjunction(depth + 1)]
        while self.took("OR"):
            parts.append(self.conjunction(depth + 1))
        return any_of(parts) if len(parts) > 1 else parts[0]

    def conjunction(self, depth: int) -> Predicate:
        parts = [self.negation(depth + 1)]
        while self.took("AND"):
            parts.append(self.negation(depth + 1))
        return all_of(parts) if len(parts) > 1 else parts[0]

    def negation(self, depth: int) -> Predicate:
        if self.took("NOT"):
            return negated(self.negation(depth + 1))
        if self.took("("):
            inner = self.disjunction(depth + 2)
            self.expect(")")
            return inner
        return self.condition()

    def condition(self) -> Predicate:
        attribute = self.value()
        if attribute == "_geoRadius":
            return self.within_radius()
        if attribute not in self.filterable:
            raise BadFilter(f"Attribute `{attribute}` is not filterable.")
        if self.took("NOT"):
            return negated(self.operation(attribute))
        return self.operation(attribute)

    def operation(self, attribute: str) -> Predicate:
        if self.took("EXISTS"):
            return lambda document: attribute in document
        if self.took("IS"):
            is_negated = self.took("NOT")
            empty = ["", [], {}] if self.took("EMPTY") else [None] if self.took("NULL") else None
            if empty is None:
                raise BadFilter("IS is followed by NULL or EMPTY.")
            return lambda document: (attribute in document and document[attribute] in empty) is not is_negated
        if self.took("IN"):
            wanted = [meant(value) for value in self.values()]
            return on_values(attribute, lambda have: any(same(have, want) for want in wanted))
        if self.took("STARTS"):
            self.expect("WITH")
            beginning = normal(self.value())
            return on_values(attribute, lambda have: isinstance(have, str) and normal(have).startswith(beginning))
        for sign, compare in SIGNS.items():
            if self.took(sign):
                found = on_values(attribute, partial(compare, want=meant(self.value())))
                return negated(found) if sign == "!=" else found
        first, is_range = self.value(), self.took("TO")
        if not is_range:
            raise BadFilter(f"Was expecting an operation after `{attribute}`.")
        low, high = meant(first), meant(self.value())
        return on_values(attribute, lambda have: SIGNS[">="](have, want=low) and SIGNS["<="](have, want=high))

    def within_radius(self) -> Predicate:
        if "_geo" not in self.filterable:
            raise BadFilter("Attribute `_geo` is not filterable.")
        self.expect("(")
        try:
            latitude = float(self.value())
            self.expect(",")
            longitude = float(self.value())
            self.expect(",")
            radius = float(self.value())
        except ValueError as error:
            raise BadFilter("_geoRadius takes three numbers.") from error
        self.expect(")")
        if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
            raise BadFilter("Bad latitude or longitude.")
        return lambda document: any(metres((latitude, longitude), each) <= radius for each in points(document))

    def values(self) -> Iterator[str]:
        self.expect("[")
        while not self.took("]"):
            yield self.value()
            if not self.took(","):
                self.expect("]")
                return

    def value(self) -> str:
        if self.position >= len(self.tokens) or not self.tokens[self.position].is_value:
            raise BadFilter("Was expecting a value.")
        self.position += 1
        return self.tokens[self.position - 1].text

    def took(self, text: str) -> bool:
        is_next = self.position < len(self.tokens) and self.tokens[self.position] == Token(text, is_value=False)
        self.position += is_next
        return is_next

    def expect(self, text: str) -> None:
        if not self.took(text):
            raise BadFilter(f"Was expecting `{text}`.")


# Values ----------------------------------------------------------------------------------------------------------

type Value = tuple[str, float | None]


def meant(text: str) -> Value:
    """A value is a text, and a number too where it can be read as one."""
    try:
        number = float(text)
    except ValueError:
        return normal(text), None
    return normal(text), number if math.isfinite(number) else None


def normal(text: str) -> str:
    """As texts are compared: decomposed, in small letters."""
    return unicodedata.normalize("NFKD", text.strip()).lower()


def same(have: Any, want: Value) -> bool:
    if isinstance(have, bool):
        return want[0] == str(have).lower()
    return normal(have) == want[0] if isinstance(have, str) else have == want[1]


class Comparison(Protocol):
    def __call__(self, have: Any, want: Value) -> bool: ...


def ordered(compare: Callable[[Any, Any], bool]) -> Comparison:
    def answer(have: Any, want: Value) -> bool:
        if isinstance(have, str):
            return compare(normal(have), want[0])
        return want[1] is not None and compare(have, want[1])

    return answer


SIGNS: Mapping[str, Comparison] = {
    "=": same,
    "!=": same,
    ">=": ordered(lambda have, want: have >= want),
    "<=": ordered(lambda have, want: have <= want),
    ">": ordered(lambda have, want: have > want),
    "<": ordered(lambda have, want: have < want),
}


def on_values(attribute: str, fits: Callable[[Any], bool]) -> Predicate:
    """Whether the attribute's value fits, or any of its values; what is missing or null never does."""

    def answer(document: Document) -> bool:
        have = document.get(attribute)
        return any(fits(each) for each in (have if isinstance(have, list) else [have]) if each is not None)

    return answer


def negated(predicate: Predicate) -> Predicate:
    return lambda document: not predicate(document)


def points(document: Document) -> Iterator[tuple[float, float]]:
    """Where a document is, for filters: its `_geo`, and the points of its `_geojson`."""
    if place := document.get("_geo"):
        yield float(place["lat"]), float(place["lng"])
    for longitude, latitude in (document.get("_geojson") or {}).get("geometry", {}).get("coordinates", ()):
        yield latitude, longitude


def metres(one: tuple[float, float], other: tuple[float, float]) -> float:
    """By the haversine formula."""
    here, there = math.radians(one[0]), math.radians(other[0])
    turned = math.radians(other[1] - one[1])
    half = math.sin((there - here) / 2) ** 2 + math.cos(here) * math.cos(there) * math.sin(turned / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(half))
