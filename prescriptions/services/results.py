"""What an order is fulfilled with: a written answer, a signed certificate, a signed prescription."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from appointments.models import Appointment
from patients.models import today
from prescriptions.errors import OrderChanged, OtherDraft
from prescriptions.models import (
    Answer,
    Certificate,
    Order,
    OrderStatus,
    Prescription,
    ServiceKind,
    SignedPrescription,
)
from prescriptions.services.composing import begin_from, discard_draft
from prescriptions.services.orders import close_fulfilled, lock_order
from prescriptions.services.signing import head_of_document, sign_prescription, under_signature
from prescriptions.signing import is_genuine

FORMAT = 1
# What the same keys sign besides are prescriptions, whose documents name no kind.
KIND = "certificate"


@dataclass(frozen=True, slots=True)
class Statement:
    """What a certificate says: of which days, and what beside it."""

    attests: str
    first: date
    last: date
    words: str
    language: str


def _is_done(order: Order, kind: ServiceKind) -> bool:
    """Whether it was fulfilled already, by a click before this one. Raises OrderChanged where it can not be."""
    if order.kind != kind:
        raise OrderChanged
    if order.status == OrderStatus.FULFILLED:
        return True
    if order.status != OrderStatus.ACCEPTED:
        raise OrderChanged
    return False


@transaction.atomic
def answer_order(order: Order, words: str, *, by: User) -> Order:
    """Write what the reports say: the patient's side reads it, and the doctor has earned the order.

    Answered already, nothing changes. Raises OrderChanged for one that is not accepted, or not any more.
    """
    charge, order = lock_order(order)
    if _is_done(order, ServiceKind.REVIEW):
        return order
    now = timezone.now()
    Answer.objects.create(order=order, words=words, written_by=by, written_at=now)
    close_fulfilled(order, charge, by=by, at=now)
    _note(Action.ADDED, order, by=by)
    return order


@transaction.atomic
def certify_order(order: Order, statement: Statement, *, by: User) -> Order:
    """Freeze and sign the certificate that was ordered; the doctor has earned the order.

    Signed already, nothing changes. Raises OrderChanged for one that is not accepted, or not any more, and NoKey.
    """
    charge, order = lock_order(order)
    if _is_done(order, ServiceKind.CERTIFICATE):
        return order
    now = timezone.now()
    Certificate.objects.create(order=order, **under_signature(_document(order, statement), by=by, at=now))
    close_fulfilled(order, charge, by=by, at=now)
    _note(Action.SIGNED, order, by=by)
    return order


def _document(order: Order, statement: Statement) -> dict[str, Any]:
    return head_of_document(order.doctor, order.patient, language=statement.language, on=today()) | {
        "format": FORMAT,
        "kind": KIND,
        "order": str(order.pk),
        "attests": statement.attests,
        "first": statement.first.isoformat(),
        "last": statement.last.isoformat(),
        "words": statement.words,
    }


def is_unchanged(certificate: Certificate) -> bool:
    """Whether the document is, byte for byte, the certificate that was signed, and its row says the same. Takes the key
    along."""
    if not is_genuine(certificate.document.encode(), certificate.signature, certificate.key.public):
        return False
    said = tuple(certificate.facts.get(name) for name in ("kind", "order", "code", "key"))
    return said == (KIND, str(certificate.order_id), certificate.code, certificate.key.kid)


# Repeat prescriptions ------------------------------------------------------------------------------------------------


@transaction.atomic
def begin_repeat(order: Order, *, language: str, by: User) -> Prescription:
    """The draft of the prescription that was ordered, begun at the first call from the one that is to be repeated.

    It is a draft of that one's visit, like any that is composed there: signing it fulfils the order. Raises
    OrderChanged for an order that is not accepted, or not any more, and OtherDraft while the visit has another draft.
    """
    _charge, order = lock_order(order)
    if order.kind != ServiceKind.REPEAT or order.status != OrderStatus.ACCEPTED or order.repeats is None:
        raise OrderChanged
    if order.prescription is not None:
        return order.prescription
    visit = order.repeats.appointment
    if Prescription.objects.drafts().filter(appointment=visit).exists():
        raise OtherDraft
    order.prescription = begin_from(visit, order.repeats, language=language, by=by)
    order.save(update_fields=["prescription"])
    return order.prescription


@transaction.atomic
def sign_draft(draft: Prescription, *, by: User) -> SignedPrescription:
    """Sign a draft; if it was begun for an order that is still to be fulfilled, that is done with it.

    An order that ended meanwhile stays as it ended: the prescription is signed like any other. Takes the draft as
    `for_composer` has it. Locks the order before the prescription. Raises what sign_prescription does.
    """
    order = Order.objects.filter(prescription=draft).first()
    if order is None:
        return sign_prescription(draft, by=by)
    charge, order = lock_order(order)
    signed = sign_prescription(draft, by=by)
    if order.status == OrderStatus.ACCEPTED:
        close_fulfilled(order, charge, by=by, at=signed.signed_at)
    return signed


@transaction.atomic
def drop_draft(visit: Appointment, *, by: User) -> None:
    """Drop the visit's draft, if there is one; an order that it was begun for can begin another.

    Locks the order, which lets go of the draft, before the draft.
    """
    order = Order.objects.filter(prescription__in=Prescription.objects.drafts().filter(appointment=visit)).first()
    if order is not None:
        lock_order(order)
    discard_draft(visit, by=by)


def _note(action: Action, order: Order, *, by: User) -> None:
    write_trail(action, by=by, about=order, subject=order.patient_id, ground=Ground.CARE, ground_id=order.pk)
