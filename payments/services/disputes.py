"""What a payer has against a payment: each step is a move of its state, an event, and told to both sides.

Locks the charge first, then the dispute. The words of the two sides and of the decision stay in the row: no mail, no
log and no event carries them.
"""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import Kind, User
from accounts.services import notify
from doctors.models import Doctor
from payments import rules
from payments.errors import DisputeDecided, NotDisputable, NothingToGiveBack
from payments.models import Charge, Dispute, DisputeEvent, Refund
from payments.services.charges import lock_charge
from payments.services.ledger import earner_of
from payments.services.refunds import left_of_charge, refund_by_admin

log = structlog.get_logger()

Status, Code = Dispute.Status, DisputeEvent.Code


@transaction.atomic
def open_dispute(charge: Charge, *, reason: Dispute.Reason, words: str, by: User) -> Dispute:
    """Take a payer's complaint: its doctor is asked, and the money is not paid out until it is settled.

    Where the seller named no doctor and nobody has earned it, an administrator decides at once. Raises NotDisputable
    for what is not paid, was earned too long ago, went back already, or is complained about already.
    """
    charge = lock_charge(charge.pk)
    if not rules.can_dispute(by, charge) or not left_of_charge(charge):
        raise NotDisputable
    doctor_id = charge.doctor_id or earner_of(charge)
    answer_until = timezone.now() + timedelta(days=settings.DISPUTE_ANSWER_DAYS if doctor_id else 0)
    dispute = Dispute.objects.create(
        charge=charge,
        doctor_id=doctor_id,
        reason=reason,
        words=words,
        status=Status.OPEN if doctor_id else Status.ANSWERED,
        answer_until=answer_until,
        decide_until=Dispute.decide_after(answer_until),
    )
    DisputeEvent.objects.create(dispute=dispute, by=by, new=dispute.status, code=Code.OPENED)
    log.warning("payment_disputed", dispute=str(dispute.pk), charge=str(charge.pk), reason=reason)
    _tell_payer(dispute, Kind.DISPUTE_RECEIVED)
    _tell_doctor(dispute, Kind.DISPUTE_OPENED)
    return dispute


@transaction.atomic
def answer_dispute(dispute: Dispute, *, answer: str, by: User) -> Dispute:
    """The doctor's side of it; an administrator decides from here on. Raises DisputeDecided when it is too late."""
    dispute = _lock(dispute, Status.OPEN)
    dispute.answer, dispute.answered_at = answer, timezone.now()
    dispute.decide_until = Dispute.decide_after(dispute.answered_at)
    _move(dispute, Status.ANSWERED, Code.ANSWERED, by=by)
    _tell_payer(dispute, Kind.DISPUTE_ANSWERED)
    _tell_doctor(dispute, Kind.DISPUTE_ANSWERED)
    return dispute


@transaction.atomic
def end_silence(dispute_id: UUID) -> None:
    """Hand a complaint that its doctor did not answer in time to the administrators. Said twice, it was once."""
    dispute = Dispute.objects.overdue().filter(pk=dispute_id).first()
    if dispute is None:
        return
    try:
        dispute = _lock(dispute, Status.OPEN)
    except DisputeDecided:
        return
    _move(dispute, Status.ANSWERED, Code.UNANSWERED, by=None)
    log.warning("dispute_unanswered", dispute=str(dispute.pk))
    _tell_payer(dispute, Kind.DISPUTE_UNANSWERED)
    _tell_doctor(dispute, Kind.DISPUTE_UNANSWERED)


@transaction.atomic
def settle_dispute(dispute: Dispute, *, amount: Decimal | None, note: str, by: User) -> Dispute:
    """Give the payer money back, all that is left unless an amount is named, and say why.

    May be decided before the doctor answered. Raises DisputeDecided; NothingToGiveBack where all went back meanwhile;
    NotRefundable for an amount that is not left.
    """
    dispute = _lock(dispute, *Dispute.UNSETTLED)
    refund = refund_by_admin(dispute.charge, amount=amount, reason=Refund.Reason.DISPUTE, by=by)
    if refund is None:
        raise NothingToGiveBack
    dispute.refund = refund
    _decide(dispute, Status.REFUNDED, Code.REFUNDED, note=note, by=by)
    return dispute


@transaction.atomic
def refuse_dispute(dispute: Dispute, *, note: str, by: User) -> Dispute:
    """Let the payment stand, and say why. Raises DisputeDecided."""
    dispute = _lock(dispute, *Dispute.UNSETTLED)
    _decide(dispute, Status.REFUSED, Code.REFUSED, note=note, by=by)
    return dispute


@transaction.atomic
def withdraw_dispute(dispute: Dispute, *, by: User) -> Dispute:
    """The payer takes it back; the payment may be complained about once more. Raises DisputeDecided."""
    dispute = _lock(dispute, *Dispute.UNSETTLED)
    dispute.closed_at = timezone.now()
    _move(dispute, Status.WITHDRAWN, Code.WITHDRAWN, by=by)
    _tell_payer(dispute, Kind.DISPUTE_WITHDRAWN)
    _tell_doctor(dispute, Kind.DISPUTE_WITHDRAWN)
    return dispute


def _lock(dispute: Dispute, *expected: Dispute.Status) -> Dispute:
    """The dispute as it is now, with its charge locked before it. Raises DisputeDecided in any other state."""
    charge = lock_charge(dispute.charge_id)
    dispute = charge.disputes.select_for_update(no_key=True, of=("self",)).get(pk=dispute.pk)
    if dispute.status not in expected:
        raise DisputeDecided
    dispute.charge = charge
    return dispute


def _decide(dispute: Dispute, status: Dispute.Status, code: DisputeEvent.Code, *, note: str, by: User) -> None:
    dispute.decision_note, dispute.decided_by, dispute.closed_at = note, by, timezone.now()
    _move(dispute, status, code, by=by)
    log.info("dispute_decided", dispute=str(dispute.pk), status=status, by=by.pk)
    _tell_payer(dispute, Kind.DISPUTE_SETTLED)
    _tell_doctor(dispute, Kind.DISPUTE_SETTLED)


def _move(dispute: Dispute, new: Dispute.Status, code: DisputeEvent.Code, *, by: User | None) -> None:
    old, dispute.status = dispute.status, new
    dispute.save()
    DisputeEvent.objects.create(dispute=dispute, by=by, old=old, new=new, code=code)


def _facts(dispute: Dispute, path: str) -> dict[str, str | bool]:
    charge = dispute.charge
    return {
        "description": charge.description,
        "amount": str(charge.amount),
        "currency": charge.currency,
        "status": dispute.status,
        "back": str(dispute.refund.amount) if dispute.refund else "",
        "answer_until": dispute.answer_until.isoformat(),
        "decide_until": dispute.decide_until.isoformat(),
        "path": path,
    }


def _tell_payer(dispute: Dispute, kind: Kind) -> None:
    facts = _facts(dispute, dispute.get_absolute_url()) | {"to_doctor": False}
    notify(dispute.charge.payer, kind, facts=facts)


def _tell_doctor(dispute: Dispute, kind: Kind) -> None:
    """Where there is one who is asked."""
    if dispute.doctor_id:
        doctor = Doctor.objects.select_related("user").get(pk=dispute.doctor_id)
        notify(doctor.user, kind, facts=_facts(dispute, dispute.answer_path) | {"to_doctor": True})
