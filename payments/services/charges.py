"""What is owed: opened, prolonged and called off by the room that sells."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction

from accounts.models import User
from doctors.models import Doctor
from payments.errors import AlreadyPaid
from payments.models import Charge


def open_charge(
    *,
    payer: User,
    seller: str,
    description: str,
    done_path: str,
    amount: Decimal,
    currency: str,
    due_at: datetime | None,
    payer_phone: str = "",
    detail: str = "",
    at_desk: bool = False,
    doctor: Doctor | None = None,
) -> Charge:
    """Note that a user owes an amount, above zero, for one thing; attempts at it may start until `due_at`.

    `seller` is the selling room's name, `done_path` a path of this portal where the payer goes on, `description` what
    the payer reads: neither holds health data. `detail` stands on the payer's receipt: with whom, and when. The
    gateway is told none of the four. `doctor` is asked when the payer complains. The caller has locks of its own
    only on rows that come after Charge in the order, or on none: a new row is nobody's to wait for.
    """
    return Charge.objects.create(
        payer=payer,
        payer_phone=payer_phone,
        seller=seller,
        description=description,
        detail=detail,
        done_path=done_path,
        amount=amount,
        currency=currency,
        due_at=due_at,
        at_desk=at_desk,
        doctor=doctor,
    )


def lock_charge(pk: UUID) -> Charge:
    """The charge, locked FOR NO KEY UPDATE until the transaction ends. The first lock of all in the order of locks.

    Raises Charge.DoesNotExist.
    """
    return Charge.objects.select_for_update(no_key=True, of=("self",)).get(pk=pk)


@transaction.atomic
def extend_charge(charge: Charge, *, due_at: datetime) -> None:
    """Let attempts start until `due_at`, of a charge that is still to be paid; any other stays as it is.

    The caller holds the charge's lock.
    """
    if charge.status == Charge.Status.OPEN:
        charge.due_at = due_at
        charge.save(update_fields=["due_at"])


@transaction.atomic
def void_charge(charge: Charge) -> None:
    """Call off what was not paid: no attempt may start any more, and a second call changes nothing.

    Money that is under way may still settle it; the seller then hears so, and refunds it or seats the payer again.
    The caller holds the charge's lock. Raises AlreadyPaid if money is there: that is given back by request_refund.
    """
    if charge.status in {Charge.Status.PAID, Charge.Status.REVIEW}:
        raise AlreadyPaid
    charge.status = Charge.Status.VOID
    charge.save(update_fields=["status"])
