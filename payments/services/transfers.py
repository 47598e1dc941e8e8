"""Money that pays for something else than it was paid for, without leaving the house."""

from decimal import Decimal

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from payments.models import Account, Charge, Journal, Refund
from payments.services.ledger import post, standing
from payments.services.refunds import left_of_charge, request_refund

log = structlog.get_logger()


@transaction.atomic
def fund_charge(charge: Charge | None, *, old: Charge | None, by: User | None) -> None:
    """Pay a new charge with what is left of an old one: the portal bears what is missing, what is too much goes back.

    Two journals, for each speaks of one charge; between them the sum stands on TRANSFER, which is zero again after the
    second. Without a charge everything goes back. No gateway is asked, and the seller is not called: it called. The
    caller holds the old charge's lock, and made the new one.
    """
    paid = left_of_charge(old) if old else Decimal(0)
    moved = min(paid, charge.amount) if charge else Decimal(0)
    if old and paid > moved:
        request_refund(old, amount=paid - moved, reason=Refund.Reason.CHEAPER, by=by)
    if charge is None:
        return
    if old and moved:
        post(
            Journal.Kind.TRANSFER_OUT,
            charge=old,
            cause=old.pk.hex,
            lines={Account.DEPOSIT: moved, Account.TRANSFER: -moved},
        )
        charge.funded_by = old
    post(
        Journal.Kind.TRANSFER_IN,
        charge=charge,
        cause=charge.pk.hex,
        lines={Account.TRANSFER: moved, Account.BORNE: charge.amount - moved, Account.DEPOSIT: -charge.amount},
    )
    charge.status = Charge.Status.PAID
    charge.paid_at = timezone.now()
    charge.save(update_fields=["status", "paid_at", "funded_by"])
    log.info("charge_funded", charge=str(charge.pk), borne=str(charge.amount - moved))


@transaction.atomic
def release_borne(charge: Charge) -> None:
    """What the portal bears of a fee that nobody earns is the portal's again. The caller holds the charge's lock."""
    stands = standing(charge)
    borne, deposit = stands.get(Account.BORNE, Decimal(0)), -stands.get(Account.DEPOSIT, Decimal(0))
    if (back := min(borne, deposit)) > 0:
        post(
            Journal.Kind.RELEASE,
            charge=charge,
            cause=charge.pk.hex,
            lines={Account.DEPOSIT: back, Account.BORNE: -back},
        )
