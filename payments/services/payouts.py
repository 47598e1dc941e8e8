"""Paying doctors what they earned: an account, a batch that two people look at, and a journal for each payment."""

from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Sum
from django.utils import timezone

from accounts.models import Kind, User
from accounts.services import notify
from config.encryption import encrypt
from doctors.models import Doctor
from payments.errors import NothingToPayOut, NotYoursToApprove, PayoutDecided
from payments.models import Account, Dispute, Journal, LedgerEntry, Payout, PayoutAccount, PayoutMethod, PayoutRun
from payments.services.ledger import post


@transaction.atomic
def set_payout_account(
    doctor: Doctor, *, method: PayoutMethod, holder: str, number: str, bank: str, branch: str, routing: str, by: User
) -> PayoutAccount:
    """Say where the doctor is paid from now on; the doctor is told, for it may have been somebody else.

    What is in a run already goes where it was to go. The number is written encrypted.
    """
    account, _made = PayoutAccount.objects.update_or_create(
        doctor=doctor,
        defaults={
            "method": method,
            "holder": holder,
            "sealed_number": encrypt(number),
            "tail": number[-4:],
            "bank": bank,
            "branch": branch,
            "routing": routing,
            "changed_at": timezone.now(),
        },
    )
    facts = {"account": str(account), "path": "/practice/income/"}
    notify(doctor.user, Kind.PAYOUT_ACCOUNT_CHANGED, facts=facts)
    return account


def earned_before(day: date) -> dict[int, Decimal]:
    """What each doctor has earned before that day and was not paid yet, no more than stands today; by doctor.

    What a payer complains about waits until that is settled.
    """
    midnight = datetime.combine(day, time(), ZoneInfo(settings.PORTAL_TIME_ZONE))
    lines = LedgerEntry.objects.filter(account=Account.DOCTOR, currency=settings.CURRENCY).order_by()
    lines = lines.exclude(Exists(Dispute.objects.open().filter(charge=OuterRef("journal__charge"))))
    today = dict(lines.values_list("doctor").annotate(total=Sum("amount")))
    # What went out or back since that day counts as well: it is gone.
    then = lines.filter(journal__at__lt=midnight).values_list("doctor").annotate(total=Sum("amount"))
    return {doctor: -max(total, today[doctor]) for doctor, total in then}


@transaction.atomic
def draft_payouts(*, until: date, by: User) -> PayoutRun:
    """A run of all that was earned before `until` and reaches settings.PAYOUT_MINIMUM, for doctors with an account.

    Raises NothingToPayOut when that is nobody. Who is in a run that is not settled is left out of this one. Drafts
    wait for one another.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('payments.draft_payouts'))")
    # Read before the ledger: whoever is paid in between was still busy here, and is left out.
    busy = set(Payout.objects.filter(status=Payout.Status.DUE).values_list("doctor", flat=True))
    earned = earned_before(until)
    due = [pk for pk, amount in earned.items() if amount >= settings.PAYOUT_MINIMUM and pk not in busy]
    accounts = PayoutAccount.objects.filter(doctor__in=due).order_by("doctor")
    if not accounts:
        raise NothingToPayOut
    run = PayoutRun.objects.create(until=until, created_by=by)
    copied = ("method", "holder", "sealed_number", "tail", "bank", "branch", "routing")
    payouts = [
        Payout(
            run=run,
            doctor_id=account.doctor_id,
            amount=earned[account.doctor_id],
            **{name: getattr(account, name) for name in copied},
        )
        for account in accounts
    ]
    Payout.objects.bulk_create(payouts, batch_size=500)
    return run


def _lock_draft(run: PayoutRun) -> PayoutRun:
    run = PayoutRun.objects.select_for_update(no_key=True).get(pk=run.pk)
    if run.status != PayoutRun.Status.DRAFT:
        raise PayoutDecided
    return run


@transaction.atomic
def approve_payouts(run: PayoutRun, *, by: User) -> PayoutRun:
    """Let a run go out. Raises NotYoursToApprove for whoever drafted it, PayoutDecided if it was decided."""
    run = _lock_draft(run)
    if run.created_by_id == by.pk:
        raise NotYoursToApprove
    _decide(run, PayoutRun.Status.APPROVED, by)
    return run


@transaction.atomic
def drop_payouts(run: PayoutRun, *, by: User) -> PayoutRun:
    """Call a draft off; what it held may be drafted anew. Raises PayoutDecided if it was decided."""
    run = _lock_draft(run)
    run.payouts.update(status=Payout.Status.DROPPED)
    _decide(run, PayoutRun.Status.DROPPED, by)
    return run


def _decide(run: PayoutRun, status: PayoutRun.Status, by: User) -> None:
    run.status, run.decided_by, run.decided_at = status, by, timezone.now()
    run.save(update_fields=["status", "decided_by", "decided_at"])


def _lock_due(payout: Payout) -> Payout:
    """The payout of an approved run, locked. Raises PayoutDecided if it is settled, or its run was not approved."""
    rows = Payout.objects.select_for_update(no_key=True, of=("self",)).select_related("run", "doctor__user")
    payout = rows.get(pk=payout.pk)
    if payout.status != Payout.Status.DUE or payout.run.status != PayoutRun.Status.APPROVED:
        raise PayoutDecided
    return payout


@transaction.atomic
def mark_paid_out(payout: Payout, *, reference: str, by: User) -> Payout:
    """The bank or the wallet has it, under this reference: the ledger says so, and the doctor is told.

    Raises PayoutDecided.
    """
    payout = _lock_due(payout)
    payout.status, payout.reference, payout.settled_at = Payout.Status.PAID, reference, timezone.now()
    payout.save(update_fields=["status", "reference", "settled_at"])
    post(
        Journal.Kind.PAYOUT,
        cause=payout.pk.hex,
        currency=payout.currency,
        lines={Account.DOCTOR: payout.amount, Account.BANK: -payout.amount},
        doctor_id=payout.doctor_id,
    )
    _tell(payout, Kind.PAYOUT_SENT)
    return payout


@transaction.atomic
def mark_not_paid_out(payout: Payout, *, failure: str, by: User) -> Payout:
    """It did not go through: the money is still owed, and the doctor is asked to look at the account.

    Raises PayoutDecided.
    """
    payout = _lock_due(payout)
    payout.status, payout.failure, payout.settled_at = Payout.Status.FAILED, failure, timezone.now()
    payout.save(update_fields=["status", "failure", "settled_at"])
    _tell(payout, Kind.PAYOUT_FAILED)
    return payout


def _tell(payout: Payout, kind: Kind) -> None:
    facts = {
        "amount": str(payout.amount),
        "currency": payout.currency,
        "account": f"{payout.get_method_display()} {payout.masked}",
        "reference": payout.reference,
        "path": "/practice/income/",
    }
    notify(payout.doctor.user, kind, facts=facts)


@transaction.atomic
def note_bank_transfer(*, amount: Decimal, reference: str) -> Journal:
    """The gateway has sent our money to the bank. The reference is the bank's, and counts once.

    Raises IntegrityError (`journal_not_twice_for_a_cause`) for a reference that is known.
    """
    return post(
        Journal.Kind.BANK_TRANSFER,
        cause=reference,
        currency=settings.CURRENCY,
        lines={Account.BANK: amount, Account.GATEWAY: -amount},
    )
