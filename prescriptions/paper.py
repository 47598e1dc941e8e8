"""A signed prescription as a PDF, in the language that the doctor chose for it."""

from datetime import date
from typing import Any

import segno
from django.utils import translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.pdf import pdf
from config.templatetags.portal import digits
from patients.models import Sex


def paper(document: dict[str, Any], lines: list[dict[str, str]], *, address: str, code: str) -> bytes:
    """The paper of a signed document; its medicines as `lines` has them in its language, which is active.

    Raises typst.TypstError for a template that is wrong; nothing in the document can make it so.
    """
    person, doctor = document["patient"], document["doctor"]
    sex = str(Sex(person["sex"]).label) if person["sex"] else ""
    age = _("%(age)s years") % {"age": digits(person["age"])} if person["age"] is not None else ""
    weight = _("%(weight)s kg") % {"weight": document["weight_kg"]} if document["weight_kg"] else ""
    return pdf(
        "prescription",
        {
            "language": translation.get_language(),
            "title": _("Prescription"),
            "code": code,
            "qr": ["".join("1" if dark else "0" for dark in row) for row in segno.make(address, error="m").matrix],
            "doctor": {
                "name": doctor["name"],
                "degrees": ", ".join(doctor["degrees"]),
                "registration": _("Registration %(number)s") % {"number": doctor["registration"]},
            },
            "patient": ", ".join(filter(None, (person["name"], age, sex, weight))),
            "date": _day(document["signed_at"][:10]),
            "words": {"medicines": _("Medicines")},
            "items": [
                {
                    "name": line["name"],
                    "generic": line["generic"] if line["generic"] not in line["name"] else "",
                    "how": f"{line['dose']} – {line['how']}",
                    "note": line["note"],
                }
                for line in lines
            ],
            "parts": _parts(document),
            "signed": _("Signed electronically by %(name)s") % {"name": doctor["name"]},
            "verify": _("Whether it is genuine: scan the code, or open %(address)s") % {"address": address},
            "footer": _("Valid until %(day)s") % {"day": _day(document["expires_on"])},
        },
    )


def _day(iso: str) -> str:
    """With its year: a paper lies about."""
    return date_format(date.fromisoformat(iso), "j F Y")


def _parts(document: dict[str, Any]) -> list[tuple[str, str]]:
    parts = [(_("Tests"), document["tests"]), (_("Advice"), document["advice"])]
    days = document["follow_up_days"]
    if days:
        after = ngettext("Come back after %(days)s day.", "Come back after %(days)s days.", days)
        parts.append((_("Follow-up"), after % {"days": digits(days)}))
    return [(title, words) for title, words in parts if words]
