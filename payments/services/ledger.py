"""The one way into the ledger. docs/payments.md has the accounts, their signs and every journal."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from payments.models import Account, Charge, Journal, LedgerEntry, PaymentAttempt, Refund

PAISA = Decimal("0.01")


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """One journal before it is written; `post` has what its parts mean."""

    kind: Journal.Kind
    cause: str
    lines: dict[Account, Decimal]
    charge: Charge | None = None
    currency: str = ""
    doctor_id: int | None = None
    at: datetime | None = None

    def journal(self) -> Journal:
        moment = {} if self.at is None else {"at": self.at}
        return Journal(kind=self.kind, charge=self.charge, cause=self.cause, **moment)

    def entries(self, journal: Journal) -> list[LedgerEntry]:
        return [
            LedgerEntry(
                journal=journal,
                account=account,
                amount=amount,
                currency=self.charge.currency if self.charge else self.currency,
                doctor_id=self.doctor_id if account in {Account.DOCTOR, Account.COMMISSION} else None,
            )
            for account, amount in self.lines.items()
            if amount
        ]


@transaction.atomic
def post_all(movements: Collection[Movement]) -> list[Journal]:
    """Write these journals, as `post` writes one."""
    journals = Journal.objects.bulk_create([movement.journal() for movement in movements])
    LedgerEntry.objects.bulk_create(
        entry for movement, journal in zip(movements, journals, strict=True) for entry in movement.entries(journal)
    )
    return journals


def post(
    kind: Journal.Kind,
    *,
    cause: str,
    lines: dict[Account, Decimal],
    charge: Charge | None = None,
    currency: str = "",
    doctor_id: int | None = None,
    at: datetime | None = None,
) -> Journal:
    """Write one journal; lines of zero are left out. `doctor_id` is whose line on DOCTOR is, and of whose fee that on
    COMMISSION is kept. The currency is the charge's; it is named where there is no charge. `at` is for what is written
    later than it happened.

    The database refuses, at commit, lines that do not sum to zero, and at once a second journal of this kind for the
    same cause: that IntegrityError is a bug of the caller, who holds the charge's lock and has looked.
    """
    movement = Movement(
        kind=kind, cause=cause, lines=lines, charge=charge, currency=currency, doctor_id=doctor_id, at=at
    )
    (journal,) = post_all([movement])
    return journal


def standing(charge: Charge) -> dict[str, Decimal]:
    """What this charge's journals come to on each account."""
    entries = LedgerEntry.objects.filter(journal__charge=charge).order_by()
    return dict(entries.values_list("account").annotate(total=Sum("amount")))


def deposit(charge: Charge) -> Decimal:
    """What stands on DEPOSIT of the payment that counts. A surplus that the gateway would not take back stands there
    too, but is the payer's own: nobody earns it, and it is given back as a surplus or not at all."""
    surplus = charge.attempts.with_money().filter(is_surplus=True).aggregate(total=Sum("amount"))["total"]
    aside = Decimal(0)
    if surplus:
        promised = charge.refunds.filter(attempt__is_surplus=True).exclude(status=Refund.Status.FAILED)
        aside = surplus - (promised.aggregate(total=Sum("amount"))["total"] or Decimal(0))
    return -standing(charge).get(Account.DEPOSIT, Decimal(0)) - aside


def settlement(charge: Charge, attempt: PaymentAttempt, *, at: datetime | None = None) -> Movement:
    """The gateway holds the payment less its fee; we owe the payer the service or the money."""
    net = attempt.store_amount or Decimal(0)
    return Movement(
        kind=Journal.Kind.SETTLEMENT,
        charge=charge,
        cause=attempt.tran_id,
        lines={
            Account.GATEWAY: net,
            Account.GATEWAY_FEE: attempt.amount - net,
            Account.DEPOSIT: -attempt.amount,
        },
        at=at,
    )


def post_settlement(charge: Charge, attempt: PaymentAttempt, *, at: datetime | None = None) -> None:
    post_all([settlement(charge, attempt, at=at)])


def earning(
    charge: Charge, *, doctor_id: int, amount: Decimal, commission: Decimal, at: datetime | None = None
) -> Movement:
    """What was the payer's deposit is the doctor's now, less what the portal keeps."""
    return Movement(
        kind=Journal.Kind.EARNING,
        charge=charge,
        cause=charge.pk.hex,
        lines={Account.DEPOSIT: amount, Account.DOCTOR: commission - amount, Account.COMMISSION: -commission},
        doctor_id=doctor_id,
        at=at,
    )


def post_refund_due(charge: Charge, refund: Refund, *, at: datetime | None = None) -> None:
    """What was the payer's deposit is now owed back. What was earned meanwhile is taken back from the doctor and the
    portal, in the shares in which they have it."""
    stands = standing(charge)
    owed, kept = (-stands.get(account, Decimal(0)) for account in (Account.DOCTOR, Account.COMMISSION))
    earned = refund.amount - min(refund.amount, deposit(charge))
    from_kept = (earned * kept / (owed + kept)).quantize(PAISA) if earned else Decimal(0)
    post(
        Journal.Kind.REFUND_DUE,
        charge=charge,
        cause=refund.refund_trans_id,
        lines={
            Account.DEPOSIT: refund.amount - earned,
            Account.DOCTOR: earned - from_kept,
            Account.COMMISSION: from_kept,
            Account.REFUNDS_DUE: -refund.amount,
        },
        doctor_id=earner_of(charge),
        at=at,
    )


def earner_of(charge: Charge) -> int | None:
    """The doctor who earned it; None as long as nobody did."""
    earned = LedgerEntry.objects.filter(journal__charge=charge, account=Account.DOCTOR)
    return earned.values_list("doctor", flat=True).first()


def post_refund_paid(charge: Charge, refund: Refund, *, at: datetime | None = None) -> None:
    """The gateway gave it back out of what it holds for us; its fee stays spent. Cash is handed over at the desk."""
    where = Account.DESK if refund.at_desk else Account.GATEWAY
    post(
        Journal.Kind.REFUND_PAID,
        charge=charge,
        cause=refund.refund_trans_id,
        lines={Account.REFUNDS_DUE: refund.amount, where: -refund.amount},
        at=at,
    )


def post_refund_failed(charge: Charge, refund: Refund) -> None:
    """Takes REFUND_DUE back line by line: the money is whose it was, and may be promised anew."""
    due = LedgerEntry.objects.filter(journal__kind=Journal.Kind.REFUND_DUE, journal__cause=refund.refund_trans_id)
    post(
        Journal.Kind.REFUND_FAILED,
        charge=charge,
        cause=refund.refund_trans_id,
        lines={Account(account): -amount for account, amount in due.values_list("account", "amount")},
        doctor_id=earner_of(charge),
    )
