"""Money that goes back: promised under the charge's lock, sent to the gateway until it is there."""

from datetime import timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import transaction
from django.db.models import Sum
from django.utils import timezone

from accounts.models import Kind, User
from accounts.services import notify
from config.db import retry_serialization
from config.queue import send_on_commit
from payments.errors import NotRefundable, ReviewedAsAWhole
from payments.gateways import gateway
from payments.gateways.base import GatewayRefused, GatewayUnclear, RefundAnswer, RefundState
from payments.models import Account, Charge, PaymentAttempt, Refund
from payments.services.charges import lock_charge
from payments.services.documents import owe_document
from payments.services.ledger import deposit, post_refund_due, post_refund_failed, post_refund_paid, standing
from payments.signals import charge_refunded

log = structlog.get_logger()

# The gateway's own name for it, in the payer's bank statement.
REMARKS = "Refund"
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)


def left_of(attempt: PaymentAttempt) -> Decimal:
    """What of a settled attempt was not promised back yet."""
    promised = attempt.refunds.exclude(status=Refund.Status.FAILED).aggregate(total=Sum("amount"))["total"]
    return attempt.amount - (promised or Decimal(0))


def left_of_charge(charge: Charge) -> Decimal:
    """What of a payment was not promised back yet; nothing where nothing was paid, and a surplus paid for nothing."""
    attempt = paying_attempt(charge)
    stands = standing(charge)
    counting = (Account.DOCTOR, Account.COMMISSION, Account.BORNE)
    here = deposit(charge) - sum((stands.get(account, Decimal(0)) for account in counting), Decimal(0))
    return max(min(left_of(attempt), here) if attempt else here, Decimal(0))


def paying_attempt(charge: Charge) -> PaymentAttempt | None:
    """Whose money pays the charge: its own attempt's, or that of the charge that funds it."""
    attempt = charge.attempts.with_money().filter(is_surplus=False).first()
    if attempt is None and charge.funded_by is not None:
        return paying_attempt(charge.funded_by)
    return attempt


@transaction.atomic
def request_refund(
    charge: Charge, *, amount: Decimal | None = None, reason: Refund.Reason, by: User | None = None
) -> Refund | None:
    """Promise the payer money back, all that is left unless an amount is given; it is sent once this is durable.

    None if nothing is left, or nothing was paid. A charge whose payment is being looked at is VOID afterwards, and the
    look is over. The caller holds the charge's lock. Raises NotRefundable for an amount that is not left,
    ReviewedAsAWhole for a part of what is being looked at.
    """
    attempt = paying_attempt(charge)
    left = left_of_charge(charge)
    if amount is not None and not 0 < amount <= left:
        raise NotRefundable
    if not left:
        return None
    if attempt and charge.status == Charge.Status.REVIEW:
        if amount is not None and amount != left:
            raise ReviewedAsAWhole
        attempt.status = PaymentAttempt.Status.SETTLED
        attempt.save(update_fields=["status"])
        charge.status = Charge.Status.VOID
        charge.save(update_fields=["status"])
    return refund_attempt(charge, attempt, amount=left if amount is None else amount, reason=reason, by=by)


def refund_attempt(
    charge: Charge, attempt: PaymentAttempt | None, *, amount: Decimal, reason: Refund.Reason, by: User | None = None
) -> Refund:
    """Promise an amount of one attempt back, or of cash, in the transaction that holds the charge's lock."""
    from payments.tasks import send_refund

    refund = Refund.objects.create(charge=charge, attempt=attempt, amount=amount, reason=reason, requested_by=by)
    post_refund_due(charge, refund)
    notify(charge.payer, Kind.REFUND_STARTED, facts=facts(charge, refund))
    if attempt:
        send_on_commit(send_refund, str(refund.pk))
    return refund


@transaction.atomic
def refund_by_admin(
    charge: Charge, *, amount: Decimal | None = None, reason: Refund.Reason = Refund.Reason.ADMIN, by: User
) -> Refund | None:
    """Promise money back on an administrator's word; when all is given back the seller is told that the sale is off.

    Locks the charge; raises what request_refund does.
    """
    charge = lock_charge(charge.pk)
    refund = request_refund(charge, amount=amount, reason=reason, by=by)
    if refund and not left_of_charge(charge):
        charge_refunded.send(sender=Charge, charge=charge)
    return refund


@transaction.atomic
def retry_refund(refund: Refund, *, by: User) -> Refund:
    """Promise anew what the gateway refused to give back, under a new refund_trans_id.

    When nothing is left of the payment then, the seller is told that the sale is off. Locks the charge. Raises
    NotRefundable if the refund did not fail, or the money was promised otherwise meanwhile.
    """
    charge = lock_charge(refund.charge_id)
    refund = charge.refunds.select_related("attempt").get(pk=refund.pk)
    attempt = refund.attempt
    if refund.status != Refund.Status.FAILED or attempt is None or refund.amount > left_of(attempt):
        raise NotRefundable
    anew = refund_attempt(charge, attempt, amount=refund.amount, reason=Refund.Reason(refund.reason), by=by)
    if not attempt.is_surplus and not left_of_charge(charge):
        charge_refunded.send(sender=Charge, charge=charge)
    return anew


def send_refund(refund_id: UUID | str) -> None:
    """Ask the gateway for a refund, or how far it is, if that is due; may run twice, and at the same time.

    The same refund_trans_id goes out until an answer comes back, so that a lost answer gives nothing back twice. The
    gateway's no sets the refund aside as FAILED for an administrator. Must not run inside a transaction.
    """
    refund = claim_refund(refund_id)
    if refund is None:
        return
    try:
        answer = ask_for(refund)
    except GatewayUnclear as unclear:
        log.warning("refund_unclear", refund=str(refund.pk), asked=refund.asked, reason=str(unclear))
    except GatewayRefused as refused:
        log.error("refund_refused", refund=str(refund.pk), asked=refund.asked, reason=str(refused))
        end_refund(refund, done=False, failure=str(refused))
    else:
        if answer.state is RefundState.DONE:
            end_refund(refund, done=True)
        else:
            Refund.objects.filter(pk=refund.pk, status__in=Refund.UNDECIDED).update(
                status=Refund.Status.PROCESSING, refund_ref_id=answer.ref_id
            )


def ask_for(refund: Refund) -> RefundAnswer:
    """One call, or two: a refund that was just taken in may be done already."""
    ref_id, attempt = refund.refund_ref_id, refund.attempt
    if not ref_id and attempt is not None:
        answer = gateway().refund(
            bank_tran_id=attempt.bank_tran_id,
            refund_trans_id=refund.refund_trans_id,
            amount=refund.amount,
            remarks=REMARKS,
        )
        # Kept at once: from here on it is asked about by this, and never asked for again.
        Refund.objects.filter(pk=refund.pk).update(refund_ref_id=answer.ref_id, status=Refund.Status.PROCESSING)
        ref_id = answer.ref_id
    return gateway().refund_status(ref_id)


@transaction.atomic(durable=True)
def claim_refund(refund_id: UUID | str) -> Refund | None:
    """The refund if it is due, with its next turn put off first: a worker that dies on it does not keep it."""
    due = Refund.objects.due().select_for_update(skip_locked=True, no_key=True, of=("self",))
    refund = due.select_related("attempt").filter(pk=refund_id).first()
    if refund:
        refund.due_at = timezone.now() + min(SHORTEST_WAIT * 2 ** min(refund.asked, 12), LONGEST_WAIT)
        refund.asked += 1
        refund.save(update_fields=["due_at", "asked"])
    return refund


@retry_serialization
@transaction.atomic
def end_refund(refund: Refund, *, done: bool, failure: str = "") -> None:
    """Write down, once, how a refund ended, and tell the payer. Locks the charge."""
    charge = lock_charge(refund.charge_id)
    refund = charge.refunds.select_for_update(no_key=True).get(pk=refund.pk)
    if refund.status not in Refund.UNDECIDED:
        return
    if done:
        refund.status = Refund.Status.DONE
        refund.done_at = timezone.now()
        post_refund_paid(charge, refund)
        owe_document(charge, refund)
        notify(charge.payer, Kind.REFUND_DONE, facts=facts(charge, refund))
    else:
        refund.status = Refund.Status.FAILED
        refund.failure = failure
        post_refund_failed(charge, refund)
        notify(charge.payer, Kind.REFUND_DELAYED, facts=facts(charge, refund))
    refund.save(update_fields=["status", "done_at", "failure"])


def facts(charge: Charge, refund: Refund) -> dict[str, str | bool]:
    return {
        "amount": str(refund.amount),
        "currency": charge.currency,
        "description": charge.description,
        "reason": refund.reason,
        "at_desk": refund.at_desk,
        "path": charge.get_absolute_url(),
    }
