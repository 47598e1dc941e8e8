"""The lists of a day: what was decided and what went back, by the clock of Dhaka."""

import csv
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import requests

from payments.sandbox.protocol import DHAKA
from tests.payments.sandbox.shop import Shop
from tests.payments.sandbox_process import Sandbox


def read(sandbox: Sandbox, kind: str, day: date) -> list[dict[str, str]]:
    return list(csv.DictReader(sandbox.report(kind, day).splitlines()))


def today() -> date:
    return datetime.now(UTC).astimezone(DHAKA).date()


def test_payments_of_a_day_are_listed_whatever_became_of_them(shop: Shop, sandbox: Sandbox) -> None:
    shop.open(tran_id="T0")
    payment = shop.paid(tran_id="T1")
    shop.open(tran_id="T2")
    sandbox.pay("T2", "FAILED")

    paid, failed = read(sandbox, "payments", today())
    assert (paid["tran_id"], paid["bank_tran_id"], paid["status"]) == ("T1", payment["bank_tran_id"], "VALID")
    assert (paid["amount"], paid["store_amount"], paid["currency_amount"]) == ("1200.00", "1170.00", "1200.00")
    assert (failed["tran_id"], failed["status"], failed["store_amount"]) == ("T2", "FAILED", "")
    assert read(sandbox, "payments", today() - timedelta(days=1)) == []


def test_day_is_the_one_of_dhaka(sandbox: Sandbox) -> None:
    late = datetime(2026, 3, 9, 18, 0, tzinfo=UTC)
    sandbox.register(tran_id="T1", amount=Decimal(500), bank_tran_id="B1", val_id="V1", paid_at=late)
    (row,) = read(sandbox, "payments", date(2026, 3, 10))
    assert row["tran_date"] == "2026-03-10 00:00:00"
    assert read(sandbox, "payments", date(2026, 3, 9)) == []


def test_refunds_of_a_day_are_listed(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(tran_id="T1")
    answer = shop.refund(payment, "200.00")
    (row,) = read(sandbox, "refunds", today())
    assert (row["refund_ref_id"], row["refund_amount"], row["status"]) == (
        answer["refund_ref_id"],
        "200.00",
        "refunded",
    )
    assert row["refunded_on"].startswith(str(today()))


def test_console_offers_the_lists_and_a_day_that_is_none_is_today(shop: Shop, sandbox: Sandbox) -> None:
    shop.paid(tran_id="T1")
    assert "/reports/refunds.csv" in requests.get(sandbox.url, timeout=20).text
    answer = requests.get(f"{sandbox.url}/reports/payments.csv?day=x", timeout=20)
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert f'filename="payments-{today()}.csv"' in answer.headers["Content-Disposition"]
    assert "T1" in answer.text
