"""Where money becomes true: on the gateway's validation alone, once for each payment, under the charge's lock."""

from decimal import Decimal

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from config.db import retry_serialization
from payments.errors import NotUnderReview
from payments.gateways import gateway
from payments.gateways.base import Validation
from payments.models import Charge, PaymentAttempt, Refund
from payments.services.charges import lock_charge
from payments.services.documents import owe_document
from payments.services.ledger import post_settlement
from payments.services.refunds import refund_attempt, request_refund
from payments.signals import charge_refunded, charge_settled

log = structlog.get_logger()

PAISA = Decimal("0.01")
TAKA = "BDT"


class OtherPayment(Exception):
    """The gateway vouches for a payment, but not for this one."""


def settle_by_validation(attempt: PaymentAttempt, val_id: str) -> None:
    """Have the gateway vouch for a payment and settle the attempt with it; does nothing if that was done before.

    Must not run inside a transaction. Raises GatewayUnclear (ask again later), GatewayRefused (there is no such
    payment), OtherPayment (it is not what the attempt asked for); none of them changes anything.
    """
    known = PaymentAttempt.objects.filter(val_id=val_id).first()
    if known:
        # Its own, or what was paid a second time under its tran_id.
        if attempt.pk not in {known.pk, known.twin_of_id}:
            raise OtherPayment
        return
    validation = gateway().validate(val_id)
    if not matches(validation, attempt, val_id):
        log.error("validation_of_another_payment", attempt=attempt.pk, tran_id=attempt.tran_id)
        raise OtherPayment
    settle(attempt, validation)


def matches(validation: Validation, attempt: PaymentAttempt, val_id: str) -> bool:
    """Whether the gateway vouches for exactly what was asked for: no tolerance."""
    return (
        validation.val_id == val_id
        and validation.tran_id == attempt.tran_id
        and validation.currency == attempt.currency
        and validation.amount == attempt.amount
        and (attempt.currency != TAKA or validation.settled_amount == attempt.amount)
    )


@retry_serialization
@transaction.atomic
def settle(attempt: PaymentAttempt, validation: Validation) -> None:
    """Write down that an attempt's money is at the gateway, once for a val_id, and tell the seller.

    The first payment settles the charge, even one that was called off; a safe one also takes the place of one that is
    being looked at. Any other is a surplus, and all of it goes back. A risky payment is ours like any other, but the
    charge waits in REVIEW. The seller's receiver runs in here: if it raises, nothing has happened.

    Locks the charge, then the attempt. The validation has been matched with the attempt.
    """
    charge = lock_charge(attempt.charge_id)
    attempt = charge.attempts.select_for_update(no_key=True).get(pk=attempt.pk)
    if PaymentAttempt.objects.filter(val_id=validation.val_id).exists():
        return
    if attempt.val_id:
        log.error("attempt_paid_twice", attempt=attempt.pk, tran_id=attempt.tran_id)
        attempt = PaymentAttempt(charge=charge, twin_of=attempt, amount=attempt.amount, currency=attempt.currency)
    earlier = charge.attempts.with_money().filter(is_surplus=False).first()

    fill_in(attempt, validation)
    better = earlier is not None and earlier.status == PaymentAttempt.Status.REVIEW and not validation.is_risky
    if earlier and better:
        earlier.status = PaymentAttempt.Status.SETTLED
        earlier.is_surplus = True
        earlier.save(update_fields=["status", "is_surplus"])
    attempt.is_surplus = earlier is not None and not better
    risky = validation.is_risky and not attempt.is_surplus
    attempt.status = PaymentAttempt.Status.REVIEW if risky else PaymentAttempt.Status.SETTLED
    attempt.save()
    post_settlement(charge, attempt)
    log.info("attempt_settled", attempt=attempt.pk, surplus=attempt.is_surplus, risky=risky)

    surplus = earlier if better else attempt if attempt.is_surplus else None
    if surplus:
        refund_attempt(charge, surplus, amount=surplus.amount, reason=Refund.Reason.SURPLUS)
    if attempt.is_surplus:
        return
    if risky:
        charge.status = Charge.Status.REVIEW
        charge.save(update_fields=["status"])
        log.error("payment_to_be_looked_at", charge=str(charge.pk), attempt=attempt.pk)
    else:
        mark_paid(charge)
    charge_settled.send(sender=Charge, charge=charge)


def fill_in(attempt: PaymentAttempt, validation: Validation) -> None:
    attempt.val_id = validation.val_id
    attempt.bank_tran_id = validation.bank_tran_id
    attempt.card_type = validation.card_type
    attempt.store_amount = passed_on(validation)
    attempt.settled_at = timezone.now()
    attempt.ask_at = None
    attempt.failure = ""


def passed_on(validation: Validation) -> Decimal:
    """The payment less the gateway's fee, in the payment's currency."""
    share = validation.store_amount / validation.settled_amount
    return (validation.amount * share).quantize(PAISA)


def mark_paid(charge: Charge) -> None:
    """The money counts, and the payer is owed a receipt. The caller holds the charge's lock."""
    charge.status = Charge.Status.PAID
    charge.paid_at = timezone.now()
    charge.save(update_fields=["status", "paid_at"])
    owe_document(charge)


@transaction.atomic
def approve_review(charge: Charge, *, by: User) -> None:
    """Let a risky payment stand: the charge is paid, and the seller hears of it again.

    Locks the charge. Raises NotUnderReview.
    """
    charge, attempt = lock_reviewed(charge)
    attempt.status = PaymentAttempt.Status.SETTLED
    attempt.save(update_fields=["status"])
    mark_paid(charge)
    log.info("review_approved", charge=str(charge.pk), by=by.pk)
    charge_settled.send(sender=Charge, charge=charge)


@transaction.atomic
def refuse_review(charge: Charge, *, by: User) -> None:
    """Send a risky payment back: the charge is void, and the seller hears that the sale is off.

    Locks the charge. Raises NotUnderReview.
    """
    charge, _ = lock_reviewed(charge)
    request_refund(charge, reason=Refund.Reason.ADMIN, by=by)
    log.info("review_refused", charge=str(charge.pk), by=by.pk)
    charge_refunded.send(sender=Charge, charge=charge)


def lock_reviewed(charge: Charge) -> tuple[Charge, PaymentAttempt]:
    charge = lock_charge(charge.pk)
    if charge.status != Charge.Status.REVIEW:
        raise NotUnderReview
    return charge, charge.attempts.get(status=PaymentAttempt.Status.REVIEW)
