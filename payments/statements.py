"""What a doctor earned and was paid, read from the ledger. Amounts are as the doctor sees them: plus is the doctor's.

A line's gross is the doctor's part and the portal's commission of the same journal together.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import DateField, DecimalField, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, TruncDate, TruncMonth

from config.days import first_of, midnight, zone
from config.db import PAGE
from config.periods import PartOf, Stretch
from doctors.models import Doctor
from payments.models import Account, Journal, LedgerEntry

ZERO = Decimal(0)
MONTHS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Sums:
    """Of a day or a month: what the work brought in all, what the portal kept, what the doctor has of it, and what was
    paid out. `back` is what went back to patients of what had been earned; the other sums are without it."""

    day: date
    gross: Decimal = ZERO
    commission: Decimal = ZERO
    net: Decimal = ZERO
    back: Decimal = ZERO
    paid_out: Decimal = ZERO

    @property
    def earned(self) -> Decimal:
        """Of the work alone, before anything went back: without `back` and `commission` it is `net`."""
        return self.gross + self.back


def lines_of(doctor: Doctor, begin: date, end: date) -> QuerySet[LedgerEntry]:
    """The doctor's lines, and what the portal kept, from the first day on and before the second."""
    return LedgerEntry.objects.filter(doctor=doctor, at__gte=midnight(begin), at__lt=midnight(end))


def statement_lines(doctor: Doctor, month: date) -> QuerySet[LedgerEntry]:
    """All lines of a month in their order, each with its gross, its journal's commission and the doctor's net."""
    kept = LedgerEntry.objects.filter(journal=OuterRef("journal"), account=Account.COMMISSION).order_by()
    total = kept.values("journal").annotate(total=Sum("amount")).values("total")
    money = DecimalField(max_digits=12, decimal_places=2)
    rows = lines_of(doctor, first_of(month), first_of(month, later=1)).filter(account=Account.DOCTOR)
    return (
        rows.annotate(
            net=-F("amount"), commission=-Coalesce(Subquery(total, output_field=money), ZERO, output_field=money)
        )
        .annotate(gross=F("net") + F("commission"))
        .select_related("journal__charge")
        .order_by("at", "pk")
        .fetch_mode(PAGE)
    )


def balance(doctor: Doctor, *, before: date | None = None) -> Decimal:
    """What the portal owes the doctor, as that day begins or now; below zero the doctor owes it."""
    rows = LedgerEntry.objects.filter(doctor=doctor, account=Account.DOCTOR)
    if before:
        rows = rows.filter(at__lt=midnight(before))
    return -(rows.aggregate(total=Sum("amount"))["total"] or ZERO)


def by_day(doctor: Doctor, month: date) -> list[Sums]:
    """One for each day of the month, also of days without work."""
    first, after = first_of(month), first_of(month, later=1)
    found = _summed(doctor, first, after, TruncDate("at", tzinfo=zone()))
    days = [first + timedelta(days=each) for each in range((after - first).days)]
    return [found.get(day, Sums(day)) for day in days]


def of_month(doctor: Doctor, month: date) -> Sums:
    """One month by itself: it asks no line of which month it is, which for a long one is most of the work."""
    first = first_of(month)
    found = _summed(doctor, first, first_of(month, later=1), Value(first, output_field=DateField()))
    return found.get(first, Sums(first))


def by_month(doctor: Doctor, last: date, *, months: int = MONTHS_SHOWN) -> list[Sums]:
    """One for each of so many months up to `last`, also of months without work."""
    first, after = first_of(last, later=1 - months), first_of(last, later=1)
    found = _summed(doctor, first, after, TruncMonth("at", tzinfo=zone()))
    return [found.get(month, Sums(month)) for month in (first_of(first, later=each) for each in range(months))]


def earned(doctor: Doctor, stretch: Stretch) -> list[Decimal]:
    """What the doctor has of the work of each part of a stretch, without payouts, as `net` of a month. Two queries."""
    rows = LedgerEntry.objects.filter(
        doctor=doctor, account=Account.DOCTOR, at__gte=stretch.begin, at__lt=stretch.until
    ).order_by()
    by_part = rows.values_list(PartOf(F("at"), stretch))
    lines = dict(by_part.annotate(total=Sum("amount")))
    payouts = by_part.filter(amount__gt=0, journal__kind=Journal.Kind.PAYOUT).annotate(total=Sum("amount"))
    paid_out = dict(payouts)
    return [paid_out.get(part, ZERO) - lines.get(part, ZERO) for part in range(len(stretch.parts))]


def _summed(doctor: Doctor, begin: date, end: date, period: Any) -> dict[date, Sums]:
    """Two queries, whatever the number of lines. The first reads one index alone; what was paid out has its journal to
    tell it by, and is looked for among the lines that took something from the doctor."""
    rows = lines_of(doctor, begin, end).annotate(period=period).order_by()
    own: dict[str, dict[date, Decimal]] = {Account.DOCTOR: {}, Account.COMMISSION: {}}
    taken: dict[date, Decimal] = {}
    sums = {"total": Sum("amount"), "plus": Coalesce(Sum("amount", filter=Q(amount__gt=0)), ZERO)}
    for at, account, total, plus in rows.values_list("period", "account").annotate(**sums):
        day = _day(at)
        own[account][day] = -total
        taken[day] = taken.get(day, ZERO) + plus
    payouts = rows.filter(account=Account.DOCTOR, amount__gt=0, journal__kind=Journal.Kind.PAYOUT)
    paid = {_day(at): total for at, total in payouts.values_list("period").annotate(total=Sum("amount")) if total}
    found = {}
    for day in taken:
        out, share = paid.get(day, ZERO), own[Account.COMMISSION].get(day, ZERO)
        net = own[Account.DOCTOR].get(day, ZERO) + out
        found[day] = Sums(day, gross=net + share, commission=share, net=net, back=taken[day] - out, paid_out=out)
    return found


def _day(at: date) -> date:
    return at.date() if isinstance(at, datetime) else at
