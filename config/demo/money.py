"""The papers of a year's payments, and what doctors were paid of it."""

from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.utils import timezone

from accounts.models import User
from config.encryption import encrypt
from doctors.models import Doctor
from payments import statements
from payments.models import (
    Account,
    Charge,
    Document,
    DocumentKind,
    DocumentSeries,
    Journal,
    Payout,
    PayoutAccount,
    PayoutMethod,
    PayoutRun,
    Refund,
)
from payments.services import draft_payouts
from payments.services.documents import PREFIXES
from payments.services.ledger import post
from payments.services.payouts import earned_before

MONTHS = 11
BANKS = ("Sonali Bank", "BRAC Bank", "Dutch-Bangla Bank", "Islami Bank Bangladesh", "City Bank")
BRANCHES = ("Motijheel", "Dhanmondi", "Agrabad", "Zindabazar", "Shaheb Bazar")


def write_documents() -> int:
    """A receipt for each paid charge and a note for each refund that arrived, in the order of their days."""
    owed: list[tuple[datetime, Charge, Refund | None]] = [
        (charge.paid_at, charge, None) for charge in Charge.objects.filter(status=Charge.Status.PAID)
    ]
    refunds = Refund.objects.filter(status=Refund.Status.DONE).select_related("charge")
    owed += [(refund.done_at, refund.charge, refund) for refund in refunds]
    last: Counter[tuple[DocumentKind, int]] = Counter()
    documents = []
    for at, charge, refund in sorted(owed, key=lambda each: each[0]):
        kind = DocumentKind.REFUND_NOTE if refund else DocumentKind.RECEIPT
        year = timezone.localtime(at, statements.zone()).year
        last[kind, year] += 1
        documents.append(
            Document(
                kind=kind,
                number=f"{PREFIXES[kind]}-{year}-{last[kind, year]:06}",
                charge=charge,
                refund=refund,
                amount=refund.amount if refund else charge.amount,
                currency=charge.currency,
                issued_at=at,
            )
        )
    Document.objects.bulk_create(documents, batch_size=500)
    DocumentSeries.objects.bulk_create(
        DocumentSeries(kind=kind, year=year, last=number) for (kind, year), number in last.items()
    )
    return len(documents)


def write_payouts(random: Random, doctors: list[Doctor], checker: User) -> int:
    """An account for each doctor, a run at the beginning of each month, and one that waits for approval."""
    accounts = {doctor.pk: _account(random, doctor) for doctor in doctors}
    PayoutAccount.objects.bulk_create(accounts.values())
    maker = User.objects.get(email="finance@example.com")
    this_month = statements.first_of(timezone.localdate(timezone=statements.zone()))
    written = 0
    for earlier in range(MONTHS, 0, -1):
        day = statements.first_of(this_month, later=1 - earlier)
        at = datetime.combine(day, time(11), statements.zone())
        if at > timezone.now():
            continue
        run = PayoutRun.objects.create(
            until=day,
            status=PayoutRun.Status.APPROVED,
            created_by=maker,
            created_at=at,
            decided_by=checker,
            decided_at=at + timedelta(hours=2),
        )
        for pk, amount in sorted(earned_before(day).items()):
            if amount >= 500:
                written += 1
                _pay(run, accounts[pk], amount, at + timedelta(hours=4), f"FT{day:%y%m}{written:06}")
    draft_payouts(until=timezone.localdate(timezone=statements.zone()), by=maker)
    return written


def _account(random: Random, doctor: Doctor) -> PayoutAccount:
    facts: dict[str, Any] = {"bank": "", "branch": "", "routing": ""}
    method = random.choice(PayoutMethod.values)
    if method == PayoutMethod.BANK:
        number = str(random.randint(10**11, 10**12 - 1))
        routing = str(random.randint(10**8, 10**9 - 1))
        facts = {"bank": random.choice(BANKS), "branch": random.choice(BRANCHES), "routing": routing}
    else:
        number = f"017{random.randint(10**7, 10**8 - 1)}"
    return PayoutAccount(
        doctor=doctor, method=method, holder=doctor.name, sealed_number=encrypt(number), tail=number[-4:], **facts
    )


def _pay(run: PayoutRun, account: PayoutAccount, amount: Decimal, at: datetime, reference: str) -> None:
    copied = ("doctor_id", "method", "holder", "sealed_number", "tail", "bank", "branch", "routing")
    payout = Payout.objects.create(
        run=run,
        amount=amount,
        status=Payout.Status.PAID,
        reference=reference,
        settled_at=at,
        **{name: getattr(account, name) for name in copied},
    )
    post(
        Journal.Kind.PAYOUT,
        cause=payout.pk.hex,
        currency=payout.currency,
        lines={Account.DOCTOR: amount, Account.BANK: -amount},
        doctor_id=payout.doctor_id,
        at=at,
    )
