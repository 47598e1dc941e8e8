"""Whether the ledger is whole: what the database sees to at each commit, asked of all of it, as after a restore."""

from dataclasses import dataclass, field
from decimal import Decimal

from django.db.models import Count, Exists, F, Max, Min, Model, OuterRef, Q, QuerySet, Sum

from payments.models import Account, Journal, LedgerEntry, PaymentAttempt, Refund

# As many of each kind of fault as are named.
NAMED = 20


@dataclass(frozen=True, slots=True)
class Soundness:
    """How many entries there are, what they come to in each currency, and by kind of fault where it is not sound."""

    entries: int
    sums: dict[str, Decimal]
    faults: dict[str, list[str]] = field(default_factory=dict)

    @property
    def is_sound(self) -> bool:
        return not self.faults and not any(self.sums.values())


def look_through() -> Soundness:
    """Read the whole ledger, in one snapshot where the caller has opened one; nothing is changed.

    A few statements, each over all rows: for a person or a job at night, not for a page.
    """
    lines = LedgerEntry.objects.order_by()
    unbalanced = lines.values("journal", "currency").annotate(total=Sum("amount")).exclude(total=0)
    found = {
        "journals that do not sum to zero": unbalanced.values_list("journal", flat=True),
        "lines of another time than their journal's": _named(lines.exclude(at=F("journal__at")), "pk"),
        "journals of more than one doctor": lines.filter(account__in=[Account.DOCTOR, Account.COMMISSION])
        .values("journal")
        .annotate(first=Min("doctor"), last=Max("doctor"), unnamed=Count("pk", filter=Q(doctor=None)))
        .filter(Q(first__lt=F("last")) | Q(first__isnull=False, unnamed__gt=0))
        .values_list("journal", flat=True),
        "journals without lines": _named(Journal.objects.exclude(_posted(journal=OuterRef("pk"))), "pk"),
        "payments that the ledger has not": _named(
            PaymentAttempt.objects.with_money().exclude(
                _posted(
                    journal__kind=Journal.Kind.SETTLEMENT,
                    journal__cause=OuterRef("tran_id"),
                    account=Account.DEPOSIT,
                    amount=-1 * OuterRef("amount"),
                )
            ),
            "tran_id",
        ),
        "settlements of no payment": _named(
            Journal.objects.filter(kind=Journal.Kind.SETTLEMENT).exclude(
                Exists(PaymentAttempt.objects.with_money().filter(tran_id=OuterRef("cause")))
            ),
            "cause",
        ),
        "refunds that the ledger has not": _named(
            Refund.objects.filter(status=Refund.Status.DONE).exclude(
                _posted(
                    journal__kind=Journal.Kind.REFUND_PAID,
                    journal__cause=OuterRef("refund_trans_id"),
                    account=Account.REFUNDS_DUE,
                    amount=OuterRef("amount"),
                )
            ),
            "refund_trans_id",
        ),
    }
    named = {fault: [str(each) for each in keys[:NAMED]] for fault, keys in found.items()}
    return Soundness(
        entries=lines.count(),
        sums=dict(lines.values_list("currency").annotate(total=Sum("amount"))),
        faults={fault: keys for fault, keys in named.items() if keys},
    )


def _posted(**lines: object) -> Exists:
    return Exists(LedgerEntry.objects.filter(**lines))


def _named[Row: Model](rows: QuerySet[Row], name: str) -> QuerySet[Row, object]:
    return rows.order_by().values_list(name, flat=True)
