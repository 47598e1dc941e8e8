"""Where the gateway's lists and the ledger do not agree: found, asked about, explained or cleared.

Nothing here writes to the ledger, or settles what a list says. What a list has and the ledger has not is asked about:
the gateway's validation settles it, or nothing does.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import batched
from time import monotonic
from typing import Any

import structlog
from django.db import transaction
from django.db.models import Exists, Min, OuterRef, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from payments.errors import DifferenceClosed
from payments.gateways.base import GatewayUnclear
from payments.gateways.lists import TAKA
from payments.models import (
    Account,
    Difference,
    GatewayList,
    Journal,
    LedgerEntry,
    ListedEntry,
    ListKind,
    PaymentAttempt,
    Refund,
)
from payments.services.reconciliation import ask_about

log = structlog.get_logger()

BATCH = 2000
RUN_SECONDS = 60
# What comes so shortly before or after midnight may be of either day to the gateway.
EDGE, ONE_DAY = timedelta(minutes=15), timedelta(days=1)
# Between two questions about one difference; after so many it is for a person.
SHORTEST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(hours=6)
MOST_ASKED = 16

DIFFERS = Difference.Kind


# Comparing -------------------------------------------------------------------------------------------------------


def compare(entries: Sequence[ListedEntry]) -> list[Difference]:
    """What the ledger says otherwise of these rows; a handful of queries, however many they are. Writes nothing."""
    again = _listed_before(entries)
    once = [entry for entry in entries if entry.pk not in again]
    found = [_differs(entry, DIFFERS.TWICE, there=entry.amount) for entry in entries if entry.pk in again]
    found += _compare_payments([entry for entry in once if entry.of.kind == ListKind.PAYMENTS])
    found += _compare_refunds([entry for entry in once if entry.of.kind == ListKind.REFUNDS])
    return found


def _listed_before(entries: Sequence[ListedEntry]) -> set[int]:
    """Those whose number stands further up in the same list."""
    same = ListedEntry.objects.filter(
        of__in={entry.of_id for entry in entries}, reference__in={entry.reference for entry in entries}
    )
    firsts = {
        (of, reference): line
        for of, reference, line in same.order_by().values_list("of", "reference").annotate(line=Min("line"))
    }
    return {entry.pk for entry in entries if entry.line > firsts[entry.of_id, entry.reference]}


def _compare_payments(entries: Sequence[ListedEntry]) -> list[Difference]:
    """By the bank's number and the tran_id together: one alone may be another payment's."""
    known = _attempts(entries)
    posted = _posted(Journal.Kind.SETTLEMENT, {attempt.tran_id for attempt in known.values()})
    strangers = {entry.tran_id for entry in entries if (entry.reference, entry.tran_id) not in known}
    asked = {each.tran_id: each for each in PaymentAttempt.objects.filter(tran_id__in=strangers)}
    found = []
    for entry in entries:
        attempt = known.get((entry.reference, entry.tran_id))
        lines = posted.get(attempt.tran_id) if attempt else None
        if attempt is None or lines is None:
            attempt = attempt or asked.get(entry.tran_id)
            ask_at = timezone.now() if attempt else None
            found.append(_differs(entry, DIFFERS.NOT_HERE, there=entry.amount, attempt=attempt, ask_at=ask_at))
            continue
        paid, passed_on = -lines.get(Account.DEPOSIT, Decimal(0)), lines.get(Account.GATEWAY, Decimal(0))
        if (paid, attempt.currency) != (entry.amount, entry.currency):
            found.append(_differs(entry, DIFFERS.AMOUNT, there=entry.amount, here=paid, attempt=attempt))
        if entry.currency == TAKA and passed_on != entry.store_amount:
            found.append(_differs(entry, DIFFERS.FEE, there=entry.store_amount, here=passed_on, attempt=attempt))
    return found


def _attempts(entries: Sequence[ListedEntry]) -> dict[tuple[str, str], PaymentAttempt]:
    """By the bank's number, and the tran_id that the gateway knows: a second payment under one has it from its twin."""
    rows = PaymentAttempt.objects.with_money().filter(bank_tran_id__in={entry.reference for entry in entries})
    return {
        (each.bank_tran_id, each.twin_of.tran_id if each.twin_of else each.tran_id): each
        for each in rows.select_related("twin_of")
    }


def _compare_refunds(entries: Sequence[ListedEntry]) -> list[Difference]:
    rows = Refund.objects.filter(refund_ref_id__in={entry.reference for entry in entries}).select_related("charge")
    known = {each.refund_ref_id: each for each in rows}
    posted = _posted(Journal.Kind.REFUND_PAID, {refund.refund_trans_id for refund in known.values()})
    found = []
    for entry in entries:
        refund = known.get(entry.reference)
        lines = posted.get(refund.refund_trans_id) if refund else None
        if refund is None or lines is None:
            found.append(_differs(entry, DIFFERS.NOT_HERE, there=entry.amount, refund=refund))
            continue
        given = lines.get(Account.REFUNDS_DUE, Decimal(0))
        if (given, refund.charge.currency) != (entry.amount, entry.currency):
            found.append(_differs(entry, DIFFERS.AMOUNT, there=entry.amount, here=given, refund=refund))
    return found


def _posted(kind: Journal.Kind, causes: Collection[str]) -> dict[str, dict[str, Decimal]]:
    """The sums of the journals of these causes, by cause and account."""
    lines = LedgerEntry.objects.filter(journal__kind=kind, journal__cause__in=causes).order_by()
    sums: dict[str, dict[str, Decimal]] = {}
    for cause, account, total in lines.values_list("journal__cause", "account").annotate(total=Sum("amount")):
        sums.setdefault(cause, {})[account] = total
    return sums


def _differs(entry: ListedEntry, kind: Difference.Kind, **facts: Any) -> Difference:
    return Difference(
        of=entry.of,
        kind=kind,
        entry=entry,
        line=entry.line,
        reference=entry.reference,
        tran_id=entry.tran_id,
        currency=entry.currency,
        **facts,
    )


def note_missing(taken: GatewayList) -> None:
    """Write down what the ledger has of the list's days and no list has."""
    for missing in batched(_not_there(taken), BATCH):
        write_differences(missing)


def _looked_through(taken: GatewayList) -> tuple[datetime, datetime]:
    """Its days, and what is around their midnights once the list of the day beside is compared too: whichever of two
    neighbours comes second misses what neither has."""
    compared = GatewayList.objects.filter(kind=taken.kind, status=GatewayList.Status.DONE)

    def edge(day: date) -> timedelta:
        return EDGE if compared.filter(first__lte=day, last__gte=day).exists() else -EDGE

    return taken.begin - edge(taken.first - ONE_DAY), taken.end + edge(taken.last + ONE_DAY)


def _not_there(taken: GatewayList) -> Iterable[Difference]:
    """What the ledger has of the list's days and no list has, but for what was found to be so before."""
    listed = ListedEntry.objects.counted(taken.kind)
    begin, end = _looked_through(taken)
    known = Difference.objects.filter(kind=DIFFERS.NOT_THERE).exclude(status=Difference.Status.CLEARED)
    if taken.kind == ListKind.PAYMENTS:
        attempts = PaymentAttempt.objects.with_money().filter(settled_at__gte=begin, settled_at__lt=end)
        missing = attempts.exclude(Exists(listed.filter(reference=OuterRef("bank_tran_id"))))
        for attempt in missing.exclude(Exists(known.filter(attempt=OuterRef("pk")))).iterator(BATCH):
            facts = {"attempt": attempt, "tran_id": attempt.tran_id, "here": attempt.amount}
            yield _missing(taken, attempt.bank_tran_id, currency=attempt.currency, **facts)
    else:
        refunds = Refund.objects.filter(done_at__gte=begin, done_at__lt=end, attempt__isnull=False)
        lacking = refunds.exclude(Exists(listed.filter(reference=OuterRef("refund_ref_id"))))
        lacking = lacking.exclude(Exists(known.filter(refund=OuterRef("pk")))).select_related("charge")
        for refund in lacking.iterator(BATCH):
            facts = {"refund": refund, "tran_id": refund.refund_trans_id, "here": refund.amount}
            yield _missing(taken, refund.refund_ref_id, currency=refund.charge.currency, **facts)


def _missing(taken: GatewayList, reference: str, **facts: Any) -> Difference:
    return Difference(of=taken, kind=DIFFERS.NOT_THERE, reference=reference, **facts)


def write_differences(differences: Sequence[Difference]) -> None:
    """Each once in a list; a refund that the gateway has given and we still wait for is asked about soon."""
    Difference.objects.bulk_create(differences, ignore_conflicts=True)
    waiting = [each.refund_id for each in differences if each.kind == DIFFERS.NOT_HERE and each.refund_id]
    if waiting:
        Refund.objects.filter(pk__in=waiting, status__in=Refund.UNDECIDED).update(due_at=Now())


# What becomes of a difference ------------------------------------------------------------------------------------


def recheck_differences(*, seconds: float = RUN_SECONDS) -> None:
    """Look at all open differences once more, and clear what agrees by now. Those that somebody holds are left out."""
    until = monotonic() + seconds
    after: int | None = 0
    while after is not None and monotonic() < until:
        after = _recheck_batch(after)


@transaction.atomic
def _recheck_batch(after: int) -> int | None:
    """The key of the last one that was looked at; None when there are no more."""
    rows = Difference.objects.open().filter(pk__gt=after, of__status=GatewayList.Status.DONE)
    locked = rows.select_for_update(skip_locked=True, no_key=True, of=("self",)).select_related("of", "entry__of")
    found = list(locked.order_by("pk")[:BATCH])
    if not found:
        return None
    entries = {each.entry.pk: each.entry for each in found if each.entry is not None}
    now = compare(list(entries.values()))
    stays = {(each.entry_id, each.kind) for each in now}
    told = {(each.entry_id, each.kind) for each in found}
    listed = _listed([each for each in found if each.kind == DIFFERS.NOT_THERE])
    gone = [
        each.pk
        for each in found
        if (each.entry_id and (each.entry_id, each.kind) not in stays)
        or (each.kind == DIFFERS.NOT_THERE and (each.of.kind, each.reference) in listed)
    ]
    close_differences(Difference.objects.filter(pk__in=gone))
    write_differences([each for each in now if (each.entry_id, each.kind) not in told])
    return found[-1].pk


def _listed(missing: Sequence[Difference]) -> set[tuple[str, str]]:
    """The kinds and numbers of those that a list has by now."""
    rows = ListedEntry.objects.filter(
        of__status__in=GatewayList.COUNTED, reference__in={each.reference for each in missing}
    )
    return set(rows.values_list("of__kind", "reference"))


def ask_about_difference(difference_id: int) -> None:
    """Ask the gateway about the payment that a list has and the ledger has not; may run twice, and at the same time.

    What it proves is settled like any other payment, and the difference is cleared when it is looked at again. Must
    not run inside a transaction.
    """
    difference = claim_difference(difference_id)
    if difference is None or difference.attempt is None:
        return
    try:
        ask_about(difference.attempt)
    except GatewayUnclear as unclear:
        log.warning("difference_unclear", difference=difference.pk, reason=str(unclear))


@transaction.atomic(durable=True)
def claim_difference(difference_id: int) -> Difference | None:
    """The difference if it is due, with its next turn put off first: a worker that dies on it does not keep it."""
    due = Difference.objects.to_ask_about().select_for_update(skip_locked=True, no_key=True, of=("self",))
    difference = due.select_related("attempt").filter(pk=difference_id).first()
    if difference:
        difference.asked += 1
        wait = min(SHORTEST_WAIT * 2**difference.asked, LONGEST_WAIT)
        difference.ask_at = timezone.now() + wait if difference.asked < MOST_ASKED else None
        difference.save(update_fields=["asked", "ask_at"])
    return difference


@transaction.atomic
def explain_difference(difference: Difference, *, note: str, by: User) -> Difference:
    """Write down why a difference is none, or what was done about it; it is closed. Raises DifferenceClosed."""
    difference = Difference.objects.select_for_update(no_key=True, of=("self",)).get(pk=difference.pk)
    if difference.status != Difference.Status.OPEN:
        raise DifferenceClosed
    difference.status, difference.closed_at, difference.ask_at = Difference.Status.EXPLAINED, timezone.now(), None
    difference.note, difference.by = note, by
    difference.save(update_fields=["status", "closed_at", "ask_at", "note", "by"])
    log.info("difference_explained", difference=difference.pk, by=by.pk)
    return difference


def close_differences(differences: QuerySet[Difference]) -> None:
    """They are none any more, by themselves."""
    differences.update(status=Difference.Status.CLEARED, closed_at=timezone.now(), ask_at=None)
