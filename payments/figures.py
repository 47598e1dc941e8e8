"""The money as an administrator sees it: what came today, what waits, where each taka stands. Read from the ledger, in
the portal's currency and by the portal's days; a constant number of queries, whatever there is.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce, Now, TruncDate
from django.utils import timezone

from config.days import zone
from payments.gateways.lists import ZONE
from payments.models import (
    Account,
    Charge,
    Difference,
    Dispute,
    GatewayList,
    GatewayMessage,
    Journal,
    LedgerEntry,
    ListKind,
    PaymentAttempt,
    Payout,
    Refund,
)

ZERO = Decimal(0)
# A list of the gateway is looked for on so many days that are over.
LISTS_LOOKED_FOR = 7


@dataclass(frozen=True, slots=True)
class Pile:
    """How many there are, and what they come to."""

    count: int = 0
    total: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Day:
    """What payers paid, by the gateway and in cash; what the gateway kept of it; and what went back to payers."""

    day: date
    online: Pile = Pile()
    cash: Pile = Pile()
    fee: Decimal = ZERO
    back: Pile = Pile()

    @property
    def taken(self) -> Pile:
        return Pile(self.online.count + self.cash.count, self.online.total + self.cash.total)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not at its end: each is somebody's to do, or to wait for."""

    # To be paid by the payer: online while there is time, and at the desk.
    unpaid: Pile
    at_desk: Pile
    # At the gateway, which has not told what became of it.
    undecided: Pile
    # Money that is there: risky payments that wait for a look, and fees of what is not done yet.
    risky: Pile
    # On its way back, and refused by the gateway without another try.
    refunds: Pile
    refused: Pile
    payouts: Pile
    disputes: Pile
    overdue_disputes: int
    differences: int
    messages: int
    # Days that are over and of which no list was compared.
    unlisted: dict[ListKind, list[date]] = field(default_factory=dict)


def balances() -> dict[Account, Decimal]:
    """What stands on each account, zeros too."""
    lines = LedgerEntry.objects.filter(currency=settings.CURRENCY).order_by()
    sums = dict(lines.values_list("account").annotate(total=Sum("amount")))
    return {account: sums.get(account, ZERO) for account in Account}


def by_day(last: date, *, days: int) -> list[Day]:
    """One for each of so many days up to `last`, newest first, also of days without money. One query."""
    first = last - timedelta(days=days - 1)
    midnights = [datetime.combine(each, time(), zone()) for each in (first, last + timedelta(days=1))]
    told: dict[tuple[str, str], str] = {
        (Journal.Kind.SETTLEMENT, Account.DEPOSIT): "online",
        (Journal.Kind.SETTLEMENT, Account.GATEWAY_FEE): "fee",
        (Journal.Kind.DESK, Account.DESK): "cash",
        (Journal.Kind.REFUND_PAID, Account.REFUNDS_DUE): "back",
    }
    lines = LedgerEntry.objects.filter(
        currency=settings.CURRENCY,
        journal__at__gte=midnights[0],
        journal__at__lt=midnights[1],
        journal__kind__in={kind for kind, _account in told},
    )
    found: dict[date, dict[str, Pile]] = {}
    grouped = lines.annotate(day=TruncDate("journal__at", tzinfo=zone())).order_by()
    rows = grouped.values_list("day", "journal__kind", "account").annotate(total=Sum("amount"), count=Count("pk"))
    for day, kind, account, total, count in rows:
        if name := told.get((kind, account)):
            found.setdefault(day, {})[name] = Pile(count, abs(total))
    return [_day(last - timedelta(days=each), found) for each in range(days)]


def _day(day: date, found: dict[date, dict[str, Pile]]) -> Day:
    piles = found.get(day, {})
    none = Pile()
    return Day(
        day,
        online=piles.get("online", none),
        cash=piles.get("cash", none),
        fee=piles.get("fee", none).total,
        back=piles.get("back", none),
    )


def waiting() -> Waiting:
    """All that is not at its end now."""
    own = Q(currency=settings.CURRENCY)
    open_now = Q(status=Charge.Status.OPEN)
    in_time = Q(due_at=None) | Q(due_at__gt=Now())
    charges = Charge.objects.filter(own, status__in=[Charge.Status.OPEN, Charge.Status.REVIEW]).aggregate(
        **_pile("unpaid", open_now & in_time & Q(at_desk=False)),
        **_pile("at_desk", open_now & Q(at_desk=True)),
        **_pile("risky", Q(status=Charge.Status.REVIEW)),
    )
    # Those that are asked about: the index of the reconciler finds them.
    undecided = (
        PaymentAttempt.objects.undecided().filter(own, ask_at__isnull=False).aggregate(**_pile("undecided", Q()))
    )
    refunds = Refund.objects.filter(charge__currency=settings.CURRENCY)
    under_way = refunds.filter(status__in=Refund.UNDECIDED).aggregate(**_pile("refunds", Q()))
    again = Refund.objects.filter(attempt=OuterRef("attempt"), amount=OuterRef("amount"), pk__gt=OuterRef("pk"))
    refused = refunds.filter(~Exists(again), status=Refund.Status.FAILED).aggregate(**_pile("refused", Q()))
    payouts = Payout.objects.filter(own, status=Payout.Status.DUE).aggregate(**_pile("payouts", Q()))
    disputes = Dispute.objects.open().aggregate(
        count=Count("pk"),
        total=Coalesce(Sum("charge__amount", filter=Q(charge__currency=settings.CURRENCY)), ZERO),
        overdue=Count("pk", filter=Q(decide_until__lte=Now())),
    )
    return Waiting(
        unpaid=_read(charges, "unpaid"),
        at_desk=_read(charges, "at_desk"),
        risky=_read(charges, "risky"),
        undecided=_read(undecided, "undecided"),
        refunds=_read(under_way, "refunds"),
        refused=_read(refused, "refused"),
        payouts=_read(payouts, "payouts"),
        disputes=Pile(disputes["count"], disputes["total"]),
        overdue_disputes=disputes["overdue"],
        differences=Difference.objects.open().count(),
        messages=GatewayMessage.objects.filter(status=GatewayMessage.Status.ASIDE).count(),
        unlisted=unlisted_days(),
    )


def _pile(name: str, which: Q) -> dict[str, Count | Coalesce]:
    return {
        f"{name}_count": Count("pk", filter=which),
        f"{name}_total": Coalesce(Sum("amount", filter=which), ZERO),
    }


def _read(sums: dict[str, Any], name: str) -> Pile:
    return Pile(int(sums[f"{name}_count"]), sums[f"{name}_total"])


def unlisted_days() -> dict[ListKind, list[date]]:
    """Of each kind of list, the days of the last week that none covers; the gateway's days, oldest first."""
    today = timezone.now().astimezone(ZONE).date()
    days = [today - timedelta(days=each) for each in range(LISTS_LOOKED_FOR, 0, -1)]
    there = GatewayList.objects.filter(status=GatewayList.Status.DONE, last__gte=days[0]).values_list(
        "kind", "first", "last"
    )
    return {kind: _uncovered(days, [span for name, *span in there if name == kind]) for kind in ListKind}


def _uncovered(days: Sequence[date], spans: Sequence[Sequence[date]]) -> list[date]:
    return [day for day in days if not any(first <= day <= last for first, last in spans)]
