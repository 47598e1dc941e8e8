"""Why a doctor stands where the best match has it: for administrators, who are asked."""

from collections.abc import Mapping
from typing import NamedTuple

from django.db import connection
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from doctors.search.asked import asked_for
from doctors.search.lexicon import Lexicon
from doctors.search.postgres import reasons
from doctors.search.query import SearchQuery, SearchResult

LABELS: Mapping[str, str | Promise] = {
    "text": _("Text"),
    "soon": _("Open soon"),
    "rating": _("Rating"),
    "completeness": _("Complete page"),
    "nearness": _("Nearness"),
}


class Reason(NamedTuple):
    label: str | Promise
    points: float


def why_here(query: SearchQuery, result: SearchResult) -> dict[int, list[Reason]]:
    """The points of each doctor on this page, by what they are for: two queries, or three.

    As PostgreSQL weighs them; another backend orders by its own reading of the text.
    """
    asked = asked_for(query, Lexicon.current(), text=result.corrected)
    statement = reasons(asked, result.doctor_ids)
    with connection.cursor() as cursor:
        cursor.execute(statement.text, statement.params)
        return {
            pk: [Reason(label, points) for label, points in zip(LABELS.values(), parts, strict=True)]
            for pk, *parts in cursor.fetchall()
        }
