"""The lists of a day's payments and refunds that SSLCommerz's merchant panel gives out, row by row.

Columns are named as in the gateway's API; its panel writes some of them otherwise. Times are on the gateway's clock.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import IO

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from config import tables
from config.tables import Refused

# Bangladesh does not change its clocks in summer.
ZONE = timezone(timedelta(hours=6))
TAKA = "BDT"

# Of each kind of list, the columns that it must have, and those that it may have.
COLUMNS = {
    "payments": (
        ("tran_id", "bank_tran_id", "tran_date", "status", "amount", "store_amount"),
        ("currency_type", "currency_amount"),
    ),
    "refunds": (("refund_ref_id", "refund_amount", "status", "refunded_on"), ("tran_id", "currency_type")),
}
ALSO = {
    "transaction_id": "tran_id",
    "bank_transaction_id": "bank_tran_id",
    "transaction_date": "tran_date",
    "currency": "currency_type",
    "refund_reference_id": "refund_ref_id",
    "refund_date": "refunded_on",
} | {name: name for must, may in COLUMNS.values() for name in (*must, *may)}

# Why a row cannot be read; the codes stand in the database, the words beside them.
REFUSALS: dict[str, str | Promise] = {
    "columns": _("It has more or fewer columns than the first line names."),
    "number": _("It lacks the gateway's number, or one that can be read."),
    "amount": _("An amount is none, or has parts of a paisa."),
    "currency": _("Its currency is none, or its amount in it is missing."),
    "date": _("Its time is not written as 2026-01-31 23:59:59."),
    "status": _("Its status is none of those that are known."),
    "day": _("Its day is not among the days that the list is said to be of."),
}

CAME = {"VALID", "VALIDATED", "SUCCESS"}
DID_NOT_COME = {"FAILED", "CANCELLED", "UNATTEMPTED", "EXPIRED", "PENDING", "INVALID_TRANSACTION"}
WENT_BACK = {"REFUNDED"}
DID_NOT_GO_BACK = {"PROCESSING", "INITIATED", "CANCELLED", "FAILED"}

NUMBER = re.compile(r"[\x21-\x7e]+")
# As long as our columns are.
LONGEST_REFERENCE, LONGEST_TRAN_ID = 80, 60
CURRENCY = re.compile(r"[A-Z]{3}")
# Whole or with commas between its thousands or lakhs; behind the paisa there is nothing but zeros.
AMOUNT = re.compile(r"(?:[0-9]{1,10}|[0-9]{1,3}(?:,[0-9]{2,3}){1,3})(?:\.[0-9]{1,2}0{0,6})?")
PAISA, TOO_LARGE = Decimal("0.01"), Decimal(10**10)


@dataclass(frozen=True, slots=True)
class ListedRow:
    """Money that came, or went back. `amount` is in `currency`, `store_amount` in taka."""

    reference: str
    tran_id: str
    amount: Decimal
    store_amount: Decimal | None
    currency: str
    at: datetime


class Table(tables.Table[ListedRow | None]):
    """A list of one kind. None stands for a row that says that no money moved."""

    def __init__(self, stream: IO[bytes], kind: str) -> None:
        super().__init__(stream, columns=COLUMNS[kind], read=READERS[kind], also=ALSO)


def payment(values: dict[str, str]) -> ListedRow | None:
    """Raises Refused."""
    given = {name: text.strip() for name, text in values.items()}
    if not moved(given["status"], CAME, DID_NOT_COME):
        return None
    currency, amount = given.get("currency_type") or TAKA, given.get("currency_amount", "")
    if not CURRENCY.fullmatch(currency) or (currency != TAKA and not amount):
        raise Refused("currency")
    return ListedRow(
        reference=number(given["bank_tran_id"], longest=LONGEST_REFERENCE),
        tran_id=number(given["tran_id"], longest=LONGEST_TRAN_ID),
        amount=money(amount or given["amount"]),
        store_amount=money(given["store_amount"]),
        currency=currency,
        at=instant(given["tran_date"]),
    )


def refund(values: dict[str, str]) -> ListedRow | None:
    """Raises Refused."""
    given = {name: text.strip() for name, text in values.items()}
    if not moved(given["status"], WENT_BACK, DID_NOT_GO_BACK):
        return None
    currency, tran_id = given.get("currency_type") or TAKA, given.get("tran_id", "")
    if not CURRENCY.fullmatch(currency):
        raise Refused("currency")
    return ListedRow(
        reference=number(given["refund_ref_id"], longest=LONGEST_REFERENCE),
        tran_id=number(tran_id, longest=LONGEST_TRAN_ID) if tran_id else "",
        amount=money(given["refund_amount"]),
        store_amount=None,
        currency=currency,
        at=instant(given["refunded_on"]),
    )


READERS: dict[str, Callable[[dict[str, str]], ListedRow | None]] = {"payments": payment, "refunds": refund}


def moved(status: str, did: set[str], did_not: set[str]) -> bool:
    word = "_".join(status.upper().split())
    if word not in did | did_not:
        raise Refused("status")
    return word in did


def number(text: str, *, longest: int) -> str:
    """The gateway's own, in printable ASCII."""
    if len(text) > longest or not NUMBER.fullmatch(text):
        raise Refused("number")
    return text


def money(text: str) -> Decimal:
    """An amount above zero, to the paisa: what is not exact is no amount."""
    amount = Decimal(text.replace(",", "")) if AMOUNT.fullmatch(text) else Decimal(0)
    if not 0 < amount < TOO_LARGE:
        raise Refused("amount")
    return amount.quantize(PAISA)


def instant(text: str) -> datetime:
    """On the gateway's clock, whatever ours is."""
    try:
        return datetime.strptime(text.replace("T", " "), "%Y-%m-%d %H:%M:%S").replace(tzinfo=ZONE)
    except ValueError:
        raise Refused("date") from None
