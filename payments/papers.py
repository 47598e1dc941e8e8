"""Receipts and refund notes on paper, in the payer's language."""

from typing import Any

import segno
from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from django.utils.timezone import localtime, override
from django.utils.translation import gettext as _

from config.pdf import pdf
from config.templatetags.portal import digits, in_fours, money
from payments.models import Document, DocumentKind


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
    if refund:
        reason, paid_by, reference = refund.get_reason_display(), refund.attempt.card_type, refund.refund_trans_id
    else:
        attempt = charge.attempts.with_money().filter(is_surplus=False).first()
        reason, paid_by, reference = "", attempt.card_type if attempt else "", attempt.tran_id if attempt else ""
    rows = [
        (_("Number"), document.number),
        (_("Date"), digits(date_format(localtime(document.issued_at), "j F Y"))),
        (_("Paid by") if is_receipt else _("Paid back to"), charge.payer.name or _("The account's owner")),
        (_("By way of"), paid_by.partition("-")[2] or paid_by),
        (_("Reference"), reference),
        (_("Why"), reason),
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
