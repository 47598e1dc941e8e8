"""The finance page: what came today, what waits, where each taka stands."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from config.days import zone
from payments import figures, services
from payments.gateways.lists import ZONE
from payments.models import Account, Charge, Journal, ListKind, PaymentAttempt, Refund
from payments.services.ledger import post, post_refund_due, post_refund_paid, post_settlement
from tests.factories.accounts import UserFactory
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory

type ClientOf = Callable[[User], Client]

PATH = "/admin/payments/charge/finance/"
SHEET = "/admin/payments/charge/finance/days.csv"
DAY = date(2026, 3, 10)


def on(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone())


def settled(at: datetime, **fields: Any) -> PaymentAttempt:
    attempt = PaymentAttemptFactory(settled=True, settled_at=at, **fields)
    post_settlement(attempt.charge, attempt, at=at)
    return attempt


def refund_of(attempt: PaymentAttempt, amount: str, **fields: Any) -> Refund:
    facts = {"amount": Decimal(amount), "reason": Refund.Reason.ADMIN} | fields
    return Refund.objects.create(charge=attempt.charge, attempt=attempt, **facts)


def cash(at: datetime, amount: str) -> None:
    charge = ChargeFactory(amount=Decimal(amount), at_desk=True, status=Charge.Status.PAID, paid_at=at)
    lines = {Account.DESK: charge.amount, Account.DEPOSIT: -charge.amount}
    post(Journal.Kind.DESK, charge=charge, cause=charge.pk.hex, lines=lines, at=at)


def test_days_are_summed_from_the_ledger_in_the_portals_zone(db: None) -> None:
    first = settled(on(DAY, 0, 0))
    settled(on(DAY, 23, 59))
    settled(on(DAY + timedelta(days=1), 0, 0))
    cash(on(DAY), "200.00")
    refund = refund_of(first, "120.50")
    # Promised on one day, and there on the next.
    post_refund_due(first.charge, refund, at=on(DAY))
    post_refund_paid(first.charge, refund, at=on(DAY + timedelta(days=1)))

    newest, day, empty = figures.by_day(DAY + timedelta(days=1), days=3)
    assert (day.day, day.online, day.cash) == (DAY, figures.Pile(2, Decimal(1000)), figures.Pile(1, Decimal(200)))
    assert (day.taken, day.fee, day.back.total) == (figures.Pile(3, Decimal(1200)), Decimal(25), 0)
    assert (newest.online.count, newest.back) == (1, figures.Pile(1, Decimal("120.50")))
    assert empty == figures.Day(DAY - timedelta(days=1))
    assert sum(figures.balances().values()) == 0


def test_what_waits_is_counted_and_what_does_not_is_not(db: None) -> None:
    now = timezone.now()
    ChargeFactory(amount=Decimal("100.00"))
    ChargeFactory(amount=Decimal("101.00"), due_at=now - timedelta(minutes=1))
    ChargeFactory(amount=Decimal("102.00"), at_desk=True, due_at=None)
    PaymentAttemptFactory(charge__amount=Decimal("103.00"), charge__status=Charge.Status.VOID, ask_at=now)
    risky = settled(now, charge__amount=Decimal("104.00"), charge__status=Charge.Status.REVIEW)
    paid = settled(now, charge__status=Charge.Status.PAID, charge__paid_at=now)
    refund_of(paid, "10.00")
    refund_of(paid, "20.00", status=Refund.Status.PROCESSING)
    refund_of(paid, "30.00", status=Refund.Status.FAILED)
    refund_of(paid, "40.00", status=Refund.Status.FAILED)
    # Tried again.
    refund_of(paid, "40.00", status=Refund.Status.DONE, done_at=now)

    waits = figures.waiting()
    assert waits.unpaid == figures.Pile(1, Decimal(100))
    assert waits.at_desk == figures.Pile(1, Decimal(102))
    assert waits.undecided == figures.Pile(1, Decimal(103))
    assert waits.risky == figures.Pile(1, Decimal(104))
    assert waits.refunds == figures.Pile(2, Decimal(30))
    assert waits.refused == figures.Pile(1, Decimal(30))
    assert risky.charge.status == Charge.Status.REVIEW


def test_days_without_a_list_are_named_until_one_is_compared(db: None) -> None:
    yesterday = timezone.now().astimezone(ZONE).date() - timedelta(days=1)
    assert len(figures.unlisted_days()[ListKind.PAYMENTS]) == figures.LISTS_LOOKED_FOR
    head = b"tran_id,bank_tran_id,tran_date,status,amount,store_amount\n"
    taken, _is_new = services.take_list(
        SimpleUploadedFile("list.csv", head),
        kind=ListKind.PAYMENTS,
        first=yesterday - timedelta(days=1),
        last=yesterday,
        by=UserFactory(as_admin=True),
    )
    assert yesterday in figures.unlisted_days()[ListKind.PAYMENTS], "it is not compared yet"
    services.compare_list(taken.pk)
    missing = figures.unlisted_days()
    assert len(missing[ListKind.PAYMENTS]) == figures.LISTS_LOOKED_FOR - 2
    assert yesterday not in missing[ListKind.PAYMENTS]
    assert yesterday in missing[ListKind.REFUNDS]


def test_page_and_sheet_are_finances_own(db: None, client_of: ClientOf) -> None:
    settled(timezone.now())
    finance, support = (client_of(UserFactory(in_group=name)) for name in ("finance", "support"))
    page = finance.get(PATH).content.decode()
    assert "৳500" in page
    assert "no list of the gateway was compared for" in page
    assert f'href="{PATH}"' in finance.get("/admin/payments/charge/").content.decode()
    lines = b"".join(finance.get(SHEET, {"days": "2"}).streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0] == "day,payments,online,gateway_fee,cash_payments,cash,refunds,refunded"
    assert lines[-1] == f"{timezone.localdate(timezone=zone())},1,500.00,12.50,0,0,0,0"
    assert len(lines) == 3
    for days in ("", "0", "-1", "9999999999", "x", "²"):
        assert finance.get(SHEET, {"days": days}).status_code == 200
    for path in (PATH, SHEET):
        assert support.get(path).status_code == 403
    assert finance.post(SHEET).status_code == 405


@pytest.mark.parametrize("number", [1, 3])
def test_page_takes_as_many_queries_whatever_there_is(
    db: None, client_of: ClientOf, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        refund_of(settled(timezone.now()), "10.00")
        ChargeFactory()
    browser = client_of(UserFactory(as_admin=True))
    browser.get(PATH)
    with django_assert_num_queries(13):
        browser.get(PATH)
