"""Signed prescriptions and certificates as PDF files, in the language that the doctor chose for them."""

from datetime import date, datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

import segno
from django.conf import settings
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.pdf import pdf
from config.templatetags.portal import digits, years
from patients.models import Sex
from prescriptions.models import Attests

# A prescription is of the day on which it was signed by the portal's clock.
CLOCK = ZoneInfo(settings.PORTAL_TIME_ZONE)


def paper(document: dict[str, Any], lines: list[dict[str, str]], *, address: str, code: str) -> bytes:
    """The paper of a signed document; its medicines as `lines` has them in its language, which is active.

    Raises typst.TypstError for a template that is wrong; nothing in the document can make it so.
    """
    person, doctor = document["patient"], document["doctor"]
    sex = str(Sex(person["sex"]).label) if person["sex"] else ""
    age = years(person["age"])
    weight = _("%(weight)s kg") % {"weight": document["weight_kg"]} if document["weight_kg"] else ""
    return pdf(
        "prescription",
        {
            "language": translation.get_language(),
            "title": _("Prescription"),
            "code": code,
            "qr": _qr(address),
            "doctor": {
                "name": doctor["name"],
                "degrees": ", ".join(doctor["degrees"]),
                "registration": _("Registration %(number)s") % {"number": doctor["registration"]},
            },
            "patient": ", ".join(filter(None, (person["name"], age, sex, weight))),
            "date": _day(timezone.localdate(datetime.fromisoformat(document["signed_at"]), CLOCK)),
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
            "footer": _("Valid until %(day)s") % {"day": _day(date.fromisoformat(document["expires_on"]))},
        },
    )


def certificate_paper(document: dict[str, Any], *, address: str, code: str) -> bytes:
    """The paper of a signed certificate, in its language, which is active. Raises typst.TypstError as `paper` does."""
    person, doctor = document["patient"], document["doctor"]
    sex = str(Sex(person["sex"]).label) if person["sex"] else ""
    first, last = (_day(date.fromisoformat(document[end])) for end in ("first", "last"))
    return pdf(
        "certificate",
        {
            "language": translation.get_language(),
            "title": _("Medical certificate"),
            "code": code,
            "qr": _qr(address),
            "doctor": {
                "name": doctor["name"],
                "degrees": ", ".join(doctor["degrees"]),
                "registration": _("Registration %(number)s") % {"number": doctor["registration"]},
            },
            "rows": [
                (_("Patient"), ", ".join(filter(None, (person["name"], years(person["age"]), sex)))),
                (_("Certified"), str(Attests(document["attests"]).label)),
                (_("Days"), first if first == last else _("%(first)s to %(last)s") % {"first": first, "last": last}),
            ],
            "words": document["words"],
            "date": _day(timezone.localdate(datetime.fromisoformat(document["signed_at"]), CLOCK)),
            "signed": _("Signed electronically by %(name)s") % {"name": doctor["name"]},
            "verify": _("Whether it is genuine: scan the code, or open %(address)s") % {"address": address},
        },
    )


def _qr(address: str) -> dict[str, Any]:
    """The code as dark bars: where each begins, and how long it is."""
    matrix = segno.make(address, error="m").matrix
    bars = []
    for y, row in enumerate(matrix):
        x = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                bars.append((x, y, length))
            x += length
    return {"size": len(matrix), "bars": bars}


def _day(on: date) -> str:
    """With its year: a paper lies about."""
    return digits(date_format(on, "j F Y"))


def _parts(document: dict[str, Any]) -> list[tuple[str, str]]:
    parts = [(_("Tests"), document["tests"]), (_("Advice"), document["advice"])]
    days = document["follow_up_days"]
    if days:
        after = ngettext("Come back after %(days)s day.", "Come back after %(days)s days.", days)
        parts.append((_("Follow-up"), after % {"days": digits(days)}))
    return [(title, words) for title, words in parts if words]
