"""The one way into the ledger. docs/payments.md has the accounts, their signs and every journal."""

from decimal import Decimal

from django.db import transaction

from payments.models import Account, Charge, Journal, LedgerEntry, PaymentAttempt, Refund


@transaction.atomic
def post(kind: Journal.Kind, *, charge: Charge, cause: str, lines: dict[Account, Decimal]) -> Journal:
    """Write one journal; lines of zero are left out.

    The database refuses, at commit, lines that do not sum to zero, and at once a second journal of this kind for the
    same cause: that IntegrityError is a bug of the caller, who holds the charge's lock and has looked.
    """
    journal = Journal.objects.create(kind=kind, charge=charge, cause=cause)
    LedgerEntry.objects.bulk_create(
        LedgerEntry(journal=journal, account=account, amount=amount, currency=charge.currency)
        for account, amount in lines.items()
        if amount
    )
    return journal


def post_settlement(charge: Charge, attempt: PaymentAttempt) -> None:
    """The gateway holds the payment less its fee; we owe the payer the service or the money."""
    net = attempt.store_amount or Decimal(0)
    post(
        Journal.Kind.SETTLEMENT,
        charge=charge,
        cause=attempt.tran_id,
        lines={
            Account.GATEWAY: net,
            Account.GATEWAY_FEE: attempt.amount - net,
            Account.DEPOSIT: -attempt.amount,
        },
    )


def post_refund_due(charge: Charge, refund: Refund) -> None:
    """What was the payer's deposit is now owed back."""
    post(
        Journal.Kind.REFUND_DUE,
        charge=charge,
        cause=refund.refund_trans_id,
        lines={Account.DEPOSIT: refund.amount, Account.REFUNDS_DUE: -refund.amount},
    )


def post_refund_paid(charge: Charge, refund: Refund) -> None:
    """The gateway gave it back out of what it holds for us; its fee stays spent."""
    post(
        Journal.Kind.REFUND_PAID,
        charge=charge,
        cause=refund.refund_trans_id,
        lines={Account.REFUNDS_DUE: refund.amount, Account.GATEWAY: -refund.amount},
    )


def post_refund_failed(charge: Charge, refund: Refund) -> None:
    """Takes REFUND_DUE back: the money is a deposit again, and may be promised anew."""
    post(
        Journal.Kind.REFUND_FAILED,
        charge=charge,
        cause=refund.refund_trans_id,
        lines={Account.REFUNDS_DUE: refund.amount, Account.DEPOSIT: -refund.amount},
    )
