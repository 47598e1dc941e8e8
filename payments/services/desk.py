"""Cash at the desk: taken for a charge that is paid there, and given back there."""

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import Kind, User
from accounts.services import notify
from payments.errors import NotAtDesk
from payments.models import Account, Charge, Journal, Refund
from payments.services.charges import lock_charge
from payments.services.documents import owe_document
from payments.services.ledger import post, post_refund_paid
from payments.services.refunds import facts
from payments.services.settlement import mark_paid
from payments.signals import charge_settled

log = structlog.get_logger()


@transaction.atomic
def take_at_desk(charge: Charge, *, by: User) -> Charge:
    """Write down that the payer paid in cash: the charge is paid, and the seller hears of it. Said twice, it was once.

    Locks the charge. Raises NotAtDesk for a charge that is not to be paid there, or not any more.
    """
    charge = lock_charge(charge.pk)
    if charge.status == Charge.Status.PAID and charge.at_desk:
        return charge
    if charge.status != Charge.Status.OPEN or not charge.at_desk:
        raise NotAtDesk
    post(
        Journal.Kind.DESK,
        charge=charge,
        cause=charge.pk.hex,
        lines={Account.DESK: charge.amount, Account.DEPOSIT: -charge.amount},
    )
    mark_paid(charge)
    log.info("paid_at_desk", charge=str(charge.pk), by=by.pk)
    charge_settled.send(sender=Charge, charge=charge)
    return charge


@transaction.atomic
def give_at_desk(refund: Refund, *, by: User) -> Refund:
    """Write down that a refund was handed over in cash, once. Locks the charge; raises NotAtDesk for any other."""
    charge = lock_charge(refund.charge_id)
    refund = charge.refunds.select_for_update(no_key=True).get(pk=refund.pk)
    if not refund.at_desk:
        raise NotAtDesk
    if refund.status == Refund.Status.DONE:
        return refund
    refund.status, refund.done_at = Refund.Status.DONE, timezone.now()
    refund.save(update_fields=["status", "done_at"])
    post_refund_paid(charge, refund)
    notify(charge.payer, Kind.REFUND_DONE, facts=facts(charge, refund))
    owe_document(charge, refund)
    log.info("given_at_desk", refund=str(refund.pk), by=by.pk)
    return refund
