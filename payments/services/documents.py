"""Receipts and refund notes: owed in the transaction of what they are about, and issued right after."""

from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils import timezone

from accounts.models import Kind, portal_time_zone
from accounts.services import notify
from config.queue import send_on_commit
from payments.models import Charge, Document, DocumentKind, DocumentSeries, DueDocument, Refund

PREFIXES = {DocumentKind.RECEIPT: "R", DocumentKind.REFUND_NOTE: "N"}
KINDS = {DocumentKind.RECEIPT: Kind.RECEIPT_ISSUED, DocumentKind.REFUND_NOTE: Kind.REFUND_NOTED}


def owe_document(charge: Charge, refund: Refund | None = None) -> None:
    """Promise the payer a receipt of the charge, or the note of one of its refunds; it is issued once this is durable.

    It gets its number in a transaction of its own: the numbers have no gaps, and so are given out one after another,
    which must not hold up payments. The caller holds the charge's lock.
    """
    from payments.tasks import issue_document

    due = DueDocument.objects.create(charge=charge, refund=refund)
    send_on_commit(issue_document, due.pk)


@transaction.atomic
def issue_document(due_id: int) -> Document | None:
    """Number and write a document that is owed, and tell the payer; None if it is there already, or being written.

    Locks the row that says it is owed, then the series.
    """
    owed = DueDocument.objects.select_for_update(skip_locked=True, of=("self",))
    due = owed.select_related("charge__payer", "refund").filter(pk=due_id).first()
    if due is None:
        return None
    kind = DocumentKind.REFUND_NOTE if due.refund else DocumentKind.RECEIPT
    document = Document.objects.create(
        kind=kind,
        number=_next_number(kind),
        charge=due.charge,
        refund=due.refund,
        amount=due.refund.amount if due.refund else due.charge.amount,
        currency=due.charge.currency,
    )
    due.delete()
    facts = {
        "number": document.number,
        "amount": str(document.amount),
        "currency": document.currency,
        "path": document.get_absolute_url(),
    }
    notify(due.charge.payer, KINDS[kind], facts=facts)
    return document


def _next_number(kind: DocumentKind) -> str:
    """The next of this year, in the portal's zone. Locks the series until the transaction ends."""
    year = timezone.localdate(timezone=ZoneInfo(portal_time_zone())).year
    DocumentSeries.objects.get_or_create(kind=kind, year=year)
    series = DocumentSeries.objects.select_for_update(no_key=True).get(kind=kind, year=year)
    series.last += 1
    series.save(update_fields=["last"])
    return f"{PREFIXES[kind]}-{year}-{series.last:06}"
