"""Files of medicines and interactions: what their rows must be, and what is wrong with one that is not so.

A file is CSV in UTF-8 with a line of column names. Lines that begin with `#` before it tell of the file: `# source: …`,
`# as of: 2026-01-31`. Nothing is read whole: a file has as many lines as it likes.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import IO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config.errors import DomainError
from prescriptions.models import ROUTE_OF, Form, Route, Severity
from prescriptions.models.medicines import LONGEST_NAME
from specialties.fields import nfc, term

# A line that is longer is no row: a file of another kind, or quotes that are never closed.
LONGEST_LINE = 20_000
MOST_INGREDIENTS = 30
_LINES = re.compile(r"[\x00-\x1f\x7f]")


class BadFile(DomainError):
    """The file as a whole cannot be imported."""


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


class Refused(Exception):
    """A row, with the code of why."""


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


READERS = {"medicines": medicine, "interactions": interaction}


@dataclass(slots=True)
class Table:
    """A file that is read line by line from a place in it; `offset` and `line` tell how far it was read."""

    stream: IO[bytes]
    kind: str
    offset: int = 0
    line: int = 0
    told: dict[str, str] = field(default_factory=dict)
    names: list[str] = field(default_factory=list)
    comma: str = ","

    def begin(self) -> None:
        """Read up to the first row. Raises BadFile, in words, for a file of another shape."""
        self.stream.seek(0)
        self.offset, self.line = 0, 0
        for text in self._lines():
            if text.startswith("#"):
                name, _colon, value = text.lstrip("# ").partition(":")
                self.told.setdefault(name.strip().lower(), value.strip())
            elif text.strip():
                break
        else:
            raise BadFile(_("This file is empty."))
        # Spreadsheets of some countries put semicolons, and some tabs.
        self.comma = max(",;\t", key=text.count)
        self.names = [name.strip().lower() for name in next(csv.reader([text], delimiter=self.comma), [])]
        must, may = COLUMNS[self.kind]
        missing = [name for name in must if name not in self.names]
        if missing:
            message = _(
                "These columns are missing: %(missing)s. The first line must name: %(must)s. It may name: %(may)s."
            )
            raise BadFile(
                message % {"missing": ", ".join(missing), "must": ", ".join(must), "may": ", ".join(may) or "–"}
            )
        twice = sorted({name for name in self.names if name and self.names.count(name) > 1})
        if twice:
            raise BadFile(_("These columns stand twice: %(twice)s.") % {"twice": ", ".join(twice)})

    def go_on(self, offset: int, line: int) -> None:
        """To where an earlier reading ended."""
        self.stream.seek(offset)
        self.offset, self.line = offset, line

    def rows(self) -> Iterator[tuple[int, str, "MedicineRow | InteractionRow | Refused"]]:
        """The number of each row's last line, the row as it was written, and the row, or why it is refused.

        When one is given out, `offset` and `line` stand behind it. Raises BadFile for what is no text.
        """
        read = READERS[self.kind]
        written: list[str] = []

        def lines() -> Iterator[str]:
            for text in self._lines():
                written.append(text)
                yield text

        for values in _records(lines(), self.comma):
            text = "".join(written)
            written.clear()
            if not any(value.strip() for value in values):
                continue
            if len(values) != len(self.names):
                yield self.line, text, Refused("columns")
                continue
            try:
                yield self.line, text, read(dict(zip(self.names, values, strict=True)))
            except Refused as refusal:
                yield self.line, text, refusal

    def _lines(self) -> Iterator[str]:
        while raw := self.stream.readline(LONGEST_LINE + 1):
            self.offset += len(raw)
            self.line += 1
            if self.line == 1:
                if raw.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in raw:
                    raise BadFile(
                        _("This file is not in UTF-8. In the spreadsheet choose “CSV UTF-8” when you save it.")
                    )
                raw = raw.removeprefix(b"\xef\xbb\xbf")
            if len(raw) > LONGEST_LINE:
                message = _("Line %(line)d is too long: is this a CSV file, and is every quote closed?")
                raise BadFile(message % {"line": self.line})
            try:
                yield raw.decode("utf-8")
            except UnicodeDecodeError:
                message = _(
                    "Line %(line)d is not in UTF-8. In the spreadsheet choose “CSV UTF-8” when you save the file."
                )
                raise BadFile(message % {"line": self.line}) from None


def _records(lines: Iterator[str], comma: str) -> Iterator[list[str]]:
    try:
        yield from csv.reader(lines, delimiter=comma)
    except csv.Error:
        raise BadFile(_("A quote is opened and never closed.")) from None


def told_date(table: Table) -> date | None:
    """As of when the file says that it is."""
    try:
        return date.fromisoformat(table.told.get("as of", ""))
    except ValueError:
        return None
