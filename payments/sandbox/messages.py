"""A session, and what the gateway says of it: the fields of the return and the IPN, of validation and of queries."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from payments.sandbox.protocol import CHANNELS, RATES, stamp, store_amount, two_places

CARD_FIELDS = (
    "card_type",
    "card_no",
    "card_issuer",
    "card_brand",
    "card_sub_brand",
    "card_issuer_country",
    "card_issuer_country_code",
)
UNSEEN = ("UNATTEMPTED", "EXPIRED")
"""Outcomes of which the browser brings nothing back; an IPN tells."""


@dataclass(frozen=True)
class Session:
    """One payment session. Times are UTC; `request` is what the merchant sent, without its password."""

    sessionkey: str
    tran_id: str
    status: str
    amount: Decimal
    currency_type: str
    currency_amount: Decimal
    request: Mapping[str, str]
    channel: str
    val_id: str | None
    bank_tran_id: str | None
    risk_level: int
    error: str
    opened_at: datetime
    decided_at: datetime | None
    validated_at: datetime | None

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "Session":
        def moment(name: str) -> datetime | None:
            return datetime.fromisoformat(row[name]) if row[name] else None

        return cls(
            **{
                **dict(row),
                "amount": Decimal(row["amount"]),
                "currency_amount": Decimal(row["currency_amount"]),
                "request": json.loads(row["request"]),
                "opened_at": datetime.fromisoformat(row["opened_at"]),
                "decided_at": moment("decided_at"),
                "validated_at": moment("validated_at"),
            }
        )

    @property
    def return_url(self) -> str:
        """Where the browser goes from here; empty for a payment that was only written down, by nobody's browser."""
        page = {"VALID": "success_url", "CANCELLED": "cancel_url"}.get(self.status, "fail_url")
        return self.request.get(page, "")


def notice(session: Session, *, store_id: str) -> dict[str, str]:
    """What the return and the IPN carry for a decided session, unsigned.

    VALID has every field; FAILED lacks val_id, store_amount and risk; CANCELLED lacks the card as well.
    """
    fields = _facts(session)
    fields["error"] = session.error
    fields["store_id"] = store_id
    match session.status:
        case "VALID":
            return fields
        case "UNATTEMPTED" | "EXPIRED":
            fields["val_id"] = fields["store_amount"] = ""
            gone: tuple[str, ...] = ("risk_level", "risk_title")
        case "CANCELLED":
            gone = ("val_id", "store_amount", "risk_level", "risk_title", *CARD_FIELDS)
        case _:
            gone = ("val_id", "store_amount", "risk_level", "risk_title")
    return {name: value for name, value in fields.items() if name not in gone}


def validation_answer(session: Session, *, status: str) -> dict[str, str]:
    """What the validation API answers for a val_id. It names no store."""
    return {
        "status": status,
        **{name: value for name, value in _facts(session).items() if name != "status"},
        **EXTRAS,
        "APIConnect": "DONE",
        "validated_on": stamp(session.validated_at) if session.validated_at else "",
        "gw_version": "",
    }


def query_element(session: Session) -> dict[str, str]:
    """What a query says of one session; VALIDATED once the merchant has validated it."""
    status = "VALIDATED" if session.status == "VALID" and session.validated_at else session.status
    fields = {**_facts(session), **EXTRAS, "status": status, "error": session.error}
    fields["validated_on"] = stamp(session.validated_at) if session.validated_at else ""
    if session.status != "VALID":
        fields.update(val_id="", store_amount="", risk_level="", risk_title="")
    return fields


EXTRAS = {
    "emi_instalment": "0",
    "emi_amount": "0.00",
    "emi_description": "",
    "emi_issuer": "",
    "account_details": "",
    "discount_percentage": "0",
    "discount_amount": "0.00",
    "discount_remarks": "",
}
"""Instalments and discounts, which nothing here has."""


def _facts(session: Session) -> dict[str, str]:
    channel = CHANNELS.get(session.channel)
    paid_by = (
        (
            channel.card_type,
            channel.card_no,
            channel.card_issuer,
            channel.card_brand,
            channel.card_sub_brand,
            "Bangladesh",
            "BD",
        )
        if channel
        else ("",) * len(CARD_FIELDS)
    )
    return {
        "tran_id": session.tran_id,
        "val_id": session.val_id or "",
        "amount": two_places(session.amount),
        "store_amount": two_places(store_amount(session.amount)),
        **dict(zip(CARD_FIELDS, paid_by, strict=True)),
        "bank_tran_id": session.bank_tran_id or "",
        "status": session.status,
        "tran_date": stamp(session.decided_at or session.opened_at),
        "currency": "BDT",
        "currency_type": session.currency_type,
        "currency_amount": two_places(session.currency_amount),
        "currency_rate": str(RATES[session.currency_type]),
        "base_fair": "0.00",
        **{name: session.request.get(name, "") for name in ("value_a", "value_b", "value_c", "value_d")},
        "risk_level": str(session.risk_level),
        "risk_title": "Not Safe" if session.risk_level else "Safe",
    }
