"""Files of medicines and interactions: what their rows must be, and what is wrong with one that is not so.

A file is CSV in UTF-8 with a line of column names. Lines that begin with `#` before it tell of the file: `# source: …`,
`# as of: 2026-01-31`. Nothing is read whole: a file has as many lines as it likes.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import IO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config import tables
from config.tables import Refused
from prescriptions.models import ROUTE_OF, Form, Route, Severity
from prescriptions.models.medicines import LONGEST_NAME
from specialties.fields import nfc, term

MOST_INGREDIENTS = 30
_LINES = re.compile(r"[\x00-\x1f\x7f]")


# Why a row is refused; the codes stand in the report, the words beside them.
REFUSALS: dict[str, str | Promise] = {
    "columns": _("It has more or fewer columns than the first line names."),
    "generic": _("It names no generic."),
    "form": _("Its form is none of those that are known."),
    "route": _("Its route is none of those that are known."),
    "too_long": _("A value is longer than is allowed."),
    "substances": _("It names no substance, or more than thirty."),
    "other_substances": _("This generic is known with other substances."),
    "duplicate": _("It stood in this file before."),
    "pair": _("It does not name two different substances or classes."),
    "unknown": _("A substance or class is not known; import the medicines first."),
    "severity": _("Its severity is neither severe nor moderate."),
    "effect": _("It does not say what happens, or from where that is known."),
}


@dataclass(frozen=True, slots=True)
class MedicineRow:
    generic: str
    ingredients: tuple[str, ...]
    listed_in: str
    brand: str
    strength: str
    form: str
    route: str
    manufacturer: str

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What makes it one product; as `product_not_twice` has it, with the generic by its name."""
        return (self.generic, self.brand, self.strength, self.form, self.manufacturer)


@dataclass(frozen=True, slots=True)
class InteractionRow:
    """`a` and `b` are names of substances, or `class:` and a class's code."""

    a: str
    b: str
    severity: str
    effect: str
    source: str


# Of each kind of file, the columns that it must have, and those that it may have.
COLUMNS = {
    "medicines": (("generic", "form"), ("ingredients", "listed_in", "brand", "strength", "route", "manufacturer")),
    "interactions": (("a", "b", "severity", "effect", "source"), ()),
}


def medicine(values: dict[str, str]) -> MedicineRow:
    """Raises Refused."""
    given = {name: _clean(text) for name, text in values.items()}
    generic = term(given.get("generic", ""))
    if not generic:
        raise Refused("generic")
    form = given.get("form", "").lower()
    if form not in Form.values:
        raise Refused("form")
    route = given.get("route", "").lower() or ROUTE_OF.get(form, Route.OTHER)
    if route not in Route.values:
        raise Refused("route")
    named = given.get("ingredients", "")
    parts = [term(part) for part in (named.split("|") if named else generic.split(" + "))]
    ingredients = tuple(sorted({part for part in parts if part}))
    if not 0 < len(ingredients) <= MOST_INGREDIENTS:
        raise Refused("substances")
    row = MedicineRow(
        generic=generic,
        ingredients=ingredients,
        listed_in=given.get("listed_in", ""),
        brand=given.get("brand", ""),
        strength=given.get("strength", ""),
        form=form,
        route=str(route),
        manufacturer=given.get("manufacturer", ""),
    )
    names = (row.generic, row.brand, row.manufacturer, *ingredients)
    if len(row.strength) > 80 or len(row.listed_in) > 40 or any(len(name) > LONGEST_NAME for name in names):
        raise Refused("too_long")
    return row


def interaction(values: dict[str, str]) -> InteractionRow:
    """Raises Refused."""
    given = {name: _clean(text) for name, text in values.items()}
    a, b = term(given["a"]), term(given["b"])
    if not a or not b or (a == b and not a.startswith("class:")):
        raise Refused("pair")
    if given["severity"].lower() not in Severity.values:
        raise Refused("severity")
    if not given["effect"] or not given["source"]:
        raise Refused("effect")
    if len(given["effect"]) > 300 or len(given["source"]) > 200:
        raise Refused("too_long")
    return InteractionRow(a, b, given["severity"].lower(), given["effect"], given["source"])


def _clean(text: str) -> str:
    return " ".join(_LINES.sub(" ", nfc(text)).split())


READERS: dict[str, Callable[[dict[str, str]], MedicineRow | InteractionRow]] = {
    "medicines": medicine,
    "interactions": interaction,
}


class Table(tables.Table[MedicineRow | InteractionRow]):
    """A file of one kind."""

    def __init__(self, stream: IO[bytes], kind: str) -> None:
        super().__init__(stream, columns=COLUMNS[kind], read=READERS[kind])
        self.kind = kind


def told_date(table: Table) -> date | None:
    """As of when the file says that it is."""
    try:
        return date.fromisoformat(table.told.get("as of", ""))
    except ValueError:
        return None
