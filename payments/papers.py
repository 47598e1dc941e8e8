"""Receipts, refund notes and doctors' statements on paper, each in its reader's language."""

from datetime import date
from decimal import Decimal
from typing import Any

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime, override
from django.utils.translation import gettext as _

from config.pdf import pdf
from config.templatetags.portal import day, digits, in_fours, money
from config.templatetags.portal import month as month_words
from doctors.models import Doctor
from payments.models import Document, DocumentKind
from payments.statements import Sums


def address_of(document: Document) -> str:
    """Where anybody verifies it: what the QR code says."""
    return settings.SITE_ORIGIN + reverse("payments:verified", args=[document.code])


def document_paper(document: Document) -> bytes:
    """The document as PDF/UA. Takes what `for_page` takes along."""
    payer = document.charge.payer
    with translation.override(payer.language), override(settings.PORTAL_TIME_ZONE):
        return pdf("receipt", _facts(document))


def _facts(document: Document) -> dict[str, Any]:
    charge, refund = document.charge, document.refund
    amount = money(document.amount, document.currency)
    is_receipt = document.kind == DocumentKind.RECEIPT
    # Without an attempt it was cash, taken or given back at the desk.
    attempt = refund.attempt if refund else charge.attempts.with_money().filter(is_surplus=False).first()
    way = attempt.card_type.partition("-")[2] or attempt.card_type if attempt else _("Cash at the desk")
    reference = refund.refund_trans_id if refund else attempt.tran_id if attempt else ""
    rows = [
        (_("Number"), document.number),
        (_("Date"), digits(date_format(localtime(document.issued_at), "j F Y"))),
        (_("Paid by") if is_receipt else _("Paid back to"), charge.payer.name or _("The account's owner")),
        (_("By way of"), way),
        (_("Reference"), reference),
        (_("Why"), refund.get_reason_display() if refund else ""),
    ]
    square = segno.make(address_of(document), error="m")
    return {
        "language": translation.get_language(),
        "title": _("Receipt") if is_receipt else _("Refund note"),
        "issuer": settings.SITE_NAME,
        "code": in_fours(document.code),
        "qr": ["".join("1" if dark else "0" for dark in row) for row in square.matrix],
        "rows": [(label, str(value)) for label, value in rows if value],
        "head": [_("What for"), _("Amount")],
        "line": {"description": charge.description, "detail": charge.detail, "amount": amount},
        "total": [_("Received") if is_receipt else _("Paid back"), amount],
        "verify": _("Whether it is genuine: scan the code, or open %(address)s") % {"address": address_of(document)},
    }


def statement_paper(
    doctor: Doctor, days: list[Sums], *, month: date, opening: Decimal, closing: Decimal, sums: Sums
) -> bytes:
    """A month of a doctor's income by day, as PDF/UA, in the active language."""
    month_name = month_words(month)
    return pdf(
        "statement",
        {
            "language": translation.get_language(),
            "title": _("Statement of %(month)s") % {"month": month_name},
            "issuer": settings.SITE_NAME,
            "doctor": str(doctor),
            "sums": [
                (_("Owed to you before"), money(opening)),
                (_("Fees earned"), money(sums.earned)),
                (_("Refunds"), money(-sums.back)),
                (_("Commission"), money(-sums.commission)),
                (_("Yours"), money(sums.net)),
                (_("Paid out"), money(-sums.paid_out)),
                (_("Owed to you after"), money(closing)),
            ],
            "head": [_("Day"), _("Fees earned"), _("Refunds"), _("Commission"), _("Yours"), _("Paid out")],
            "rows": [
                [day(each.day), *map(money, (each.earned, each.back, each.commission, each.net, each.paid_out))]
                for each in days
                if each.earned or each.back or each.paid_out
            ],
            "empty": _("Nothing was earned or paid out in this month."),
        },
    )
