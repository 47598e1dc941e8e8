"""A person's data as a copy to take away: the same facts as JSON for machines and as PDF for people."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db.models import Choices
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from config.pdf import pdf
from config.templatetags.portal import day, day_clock, digits

# A label that is translated when it is read.
type Words = str | Promise


@dataclass(frozen=True, slots=True)
class Section:
    """Facts of one kind: `columns` are their names, for machines, and labels; each row has a value a column.

    A value that is a member of Choices is its code to a machine and its label to a person. `single` is for the one
    row that a person reads downwards.
    """

    name: str
    title: Words
    columns: Sequence[tuple[str, Words]]
    rows: Iterable[Sequence[Any]] = field(default_factory=tuple)
    single: bool = False


def as_json(sections: Iterable[Section]) -> str:
    """One object: under each section's name a list of objects, or the one object of a single row."""
    found: dict[str, Any] = {}
    for section in sections:
        names = [name for name, _label in section.columns]
        rows = [dict(zip(names, map(_code, row), strict=True)) for row in section.rows]
        found[section.name] = rows[0] if section.single else rows
    return json.dumps(found, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def as_pdf(sections: Iterable[Section], *, title: str, intro: str) -> bytes:
    """Set in the active language, times on the active clock."""
    return pdf(
        "own_data",
        {
            "language": translation.get_language(),
            "title": title,
            "intro": intro,
            "sections": [_printed(section) for section in sections],
        },
    )


def _printed(section: Section) -> dict[str, Any]:
    labels = [str(label) for _name, label in section.columns]
    rows = [[_words(value) for value in row] for row in section.rows]
    if section.single:
        pairs = list(zip(labels, rows[0], strict=True))
        return {"title": str(section.title), "head": [_("What"), _("As we have it")], "pairs": pairs}
    return {"title": str(section.title), "empty": _("Nothing is kept."), "head": labels, "rows": rows}


def _code(value: Any) -> Any:
    if isinstance(value, Choices):
        return value.value
    return str(value) if isinstance(value, Promise) else value


def _words(value: Any) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return _("Yes") if value else _("No")
        case datetime():
            return str(day_clock(value))
        case date():
            return str(day(value))
        case Choices():
            return str(value.label)
        case Decimal() | int():
            return str(digits(value))
        case list() | tuple():
            return ", ".join(map(_words, value)) or "–"
        case _:
            return str(value)
