"""The papers of a year's payments, and what doctors were paid of it."""

from collections import Counter
from datetime import datetime, time, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Case, When
from django.utils import timezone

from accounts.models import User
from config.days import first_of, today, zone
from config.encryption import encrypt
from doctors.models import Doctor
from payments.gateways.lists import ZONE
from payments.models import (
    Account,
    Charge,
    Dispute,
    Document,
    DocumentKind,
    DocumentSeries,
    Journal,
    ListKind,
    PaymentAttempt,
    Payout,
    PayoutAccount,
    PayoutMethod,
    PayoutRun,
    Refund,
)
from payments.services import (
    answer_dispute,
    compare_list,
    draft_payouts,
    open_dispute,
    refuse_dispute,
    take_list,
)
from payments.services.documents import PREFIXES
from payments.services.ledger import Movement, post_all
from payments.services.payouts import earned_before

MONTHS = 11
LIST_HEAD = "tran_id,bank_tran_id,tran_date,status,amount,store_amount,currency_type\n"
COMPLAINTS = (
    (Dispute.Reason.AMOUNT, "The page had named a lower fee."),
    (Dispute.Reason.NOT_HELD, "The visit ended after a few minutes."),
    (Dispute.Reason.NOT_HELD, "We had agreed on another time."),
)
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
        year = timezone.localtime(at, zone()).year
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
    this_month = first_of(today())
    written = 0
    for earlier in range(MONTHS, 0, -1):
        day = first_of(this_month, later=1 - earlier)
        at = datetime.combine(day, time(11), zone())
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
        owed = [(accounts[pk], amount) for pk, amount in sorted(earned_before(day).items()) if amount >= 500]
        _pay(run, owed, at + timedelta(hours=4), numbers=range(written + 1, written + len(owed) + 1))
        written += len(owed)
    draft_payouts(until=today(), by=maker)
    return written


def write_lists(by: User) -> int:
    """The gateway's lists of two days: one agrees; the other has another fee, lacks a payment and has a stranger's."""
    today = timezone.now().astimezone(ZONE).date()
    found = 0
    for day in (today - timedelta(days=2), today - timedelta(days=1)):
        begin = datetime.combine(day, time(), ZONE)
        paid = PaymentAttempt.objects.with_money().filter(
            settled_at__gte=begin, settled_at__lt=begin + timedelta(days=1)
        )
        rows = [_listed(attempt) for attempt in paid.order_by("settled_at")]
        if day == today - timedelta(days=1) and len(rows) > 2:
            first = paid.earliest("settled_at")
            stranger = f"PSTRANGER,{begin:%y%m%d}STRANGER,{begin:%Y-%m-%d} 09:30:00,VALID,700.00,682.50,BDT\n"
            rows = [_listed(first, passed_on=Decimal("1.00")), *rows[1:-1], stranger]
        upload = SimpleUploadedFile(f"payments-{day}.csv", (LIST_HEAD + "".join(rows)).encode())
        taken, _is_new = take_list(upload, kind=ListKind.PAYMENTS, first=day, last=day, by=by)
        compare_list(taken.pk)
        found += taken.differences.count()
    return found


def _listed(attempt: PaymentAttempt, *, passed_on: Decimal | None = None) -> str:
    at = (attempt.settled_at or attempt.created_at).astimezone(ZONE)
    facts = (attempt.tran_id, attempt.bank_tran_id, f"{at:%Y-%m-%d %H:%M:%S}", "VALID", attempt.amount)
    return ",".join(str(cell) for cell in (*facts, passed_on or attempt.store_amount, attempt.currency)) + "\n"


def write_complaints(doctor: Doctor, by: User) -> int:
    """Three: one about this doctor's payments, to be answered; one to be decided; one refused."""
    lately = timezone.now() - timedelta(days=settings.DISPUTE_WITHIN_DAYS - 1)
    earned = Journal.objects.filter(kind=Journal.Kind.EARNING, charge__doctor__isnull=False, at__gte=lately)
    journals = earned.filter(charge__refunds=None).select_related("charge__payer", "charge__doctor__user")
    own_first = journals.order_by(Case(When(charge__doctor=doctor, then=0), default=1), "-at")[: len(COMPLAINTS)]
    charges = [journal.charge for journal in own_first if journal.charge]
    made = [
        open_dispute(charge, reason=reason, words=words, by=charge.payer)
        for charge, (reason, words) in zip(charges, COMPLAINTS, strict=False)
    ]
    for dispute in made[1:]:
        if dispute.doctor:
            answer = "The visit began on time, and lasted as long as was agreed."
            answer_dispute(dispute, answer=answer, by=dispute.doctor.user)
    for dispute in made[2:]:
        refuse_dispute(dispute, note="Both sides were in the room for the whole time.", by=by)
    return len(made)


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


def _pay(run: PayoutRun, owed: list[tuple[PayoutAccount, Decimal]], at: datetime, *, numbers: range) -> None:
    copied = ("doctor_id", "method", "holder", "sealed_number", "tail", "bank", "branch", "routing")
    payouts = Payout.objects.bulk_create(
        Payout(
            run=run,
            amount=amount,
            status=Payout.Status.PAID,
            reference=f"FT{run.until:%y%m}{number:06}",
            settled_at=at,
            **{name: getattr(account, name) for name in copied},
        )
        for (account, amount), number in zip(owed, numbers, strict=True)
    )
    post_all(
        [
            Movement(
                kind=Journal.Kind.PAYOUT,
                cause=payout.pk.hex,
                currency=payout.currency,
                lines={Account.DOCTOR: payout.amount, Account.BANK: -payout.amount},
                doctor_id=payout.doctor_id,
                at=at,
            )
            for payout in payouts
        ]
    )
