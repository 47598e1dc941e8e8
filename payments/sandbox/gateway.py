"""The gateway itself: sessions are opened, paid and validated, money goes back, notices go out.

Each operation is one transaction of the store; IPNs are rows of it and leave after it. Refused carries the reason the
API gives to the merchant.
"""

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal
from hmac import compare_digest
from typing import Any

from payments.sandbox.courier import Courier
from payments.sandbox.faults import Faults
from payments.sandbox.messages import UNSEEN, Session, notice
from payments.sandbox.protocol import (
    CHANNELS,
    CREDENTIAL_ERROR,
    RATES,
    in_taka,
    new_reference,
    new_refund_ref,
    new_sessionkey,
    sign,
    two_places,
)
from payments.sandbox.session_request import Refused, read_amount, read_session_request
from payments.sandbox.store import Store, now

OUTCOMES = ("VALID", "FAILED", "CANCELLED", *UNSEEN)
ERRORS = {"FAILED": "Transaction declined by the issuer", "CANCELLED": "Cancelled by User"}


@dataclass(frozen=True)
class Merchant:
    """The one store this gateway serves. `allow_hosts` empty lets its URLs be on any host."""

    store_id: str
    password: str
    name: str
    allow_hosts: Collection[str] = ()


@dataclass(frozen=True)
class Refund:
    """Money on its way back: processing, refunded or cancelled. A cancelled one may be refunded anew."""

    refund_ref_id: str
    refund_trans_id: str
    sessionkey: str
    amount: Decimal
    remarks: str
    refe_id: str
    status: str
    initiated_at: datetime
    settled_at: datetime | None

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "Refund":
        return cls(
            **{
                **dict(row),
                "amount": Decimal(row["amount"]),
                "initiated_at": datetime.fromisoformat(row["initiated_at"]),
                "settled_at": datetime.fromisoformat(row["settled_at"]) if row["settled_at"] else None,
            }
        )


class Gateway:
    def __init__(self, store: Store, faults: Faults, courier: Courier, merchant: Merchant) -> None:
        self._store = store
        self._faults = faults
        self._courier = courier
        self.merchant = merchant

    def knows(self, params: Mapping[str, str]) -> bool:
        """Whether store_id and store_passwd are the merchant's."""
        return compare_digest(
            f"{params.get('store_id', '')}\n{params.get('store_passwd', '')}".encode(),
            f"{self.merchant.store_id}\n{self.merchant.password}".encode(),
        )

    # Sessions

    def open_session(self, params: Mapping[str, str]) -> Session:
        """Record a session as asked for. Raises Refused with the `failedreason`."""
        if not self.knows(params):
            raise Refused(CREDENTIAL_ERROR)
        asked = read_session_request(params, self.merchant.allow_hosts)
        with self._store.transaction() as db:
            if self.find_sessions(asked.tran_id) and (
                self._faults.take("duplicate_tran_id", asked.tran_id) == "refused"
            ):
                raise Refused("Duplicate Transaction ID! 'tran_id' was used before.")
            sessionkey = new_sessionkey()
            db.execute(
                "INSERT INTO session (sessionkey, tran_id, amount, currency_type, currency_amount, request, opened_at)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (
                    sessionkey,
                    asked.tran_id,
                    two_places(asked.amount),
                    asked.currency_type,
                    two_places(asked.currency_amount),
                    json.dumps(asked.fields),
                    now().isoformat(),
                ),
            )
        if self._faults.take("pay_on_open", asked.tran_id):
            return self.decide(sessionkey, "VALID", channel="visa")
        return self.session(sessionkey)

    def session(self, sessionkey: str) -> Session:
        """Raises LookupError."""
        return self._one_session("sessionkey", sessionkey)

    def session_by_val_id(self, val_id: str) -> Session:
        """Raises LookupError."""
        return self._one_session("val_id", val_id)

    def session_by_bank_tran_id(self, bank_tran_id: str) -> Session:
        """Raises LookupError."""
        return self._one_session("bank_tran_id", bank_tran_id)

    def find_sessions(self, tran_id: str | None = None) -> list[Session]:
        """Newest first; more than one has the same tran_id only where duplicates are accepted."""
        with self._store.transaction() as db:
            rows = db.execute(
                "SELECT * FROM session WHERE ? IS NULL OR tran_id = ? ORDER BY opened_at DESC, rowid DESC",
                (tran_id, tran_id),
            ).fetchall()
        return [Session.from_row(row) for row in rows]

    def _one_session(self, column: str, value: str) -> Session:
        with self._store.transaction() as db:
            row = db.execute(f"SELECT * FROM session WHERE {column} = ?", (value,)).fetchone()
        if row is None:
            raise LookupError(f"no session with {column} {value}")
        return Session.from_row(row)

    # The customer's decision

    def decide(self, sessionkey: str, outcome: str, *, channel: str) -> Session:
        """End a session as the customer, or time, does; the first decision stands and sends its IPN.

        Returns the session as it then is: a later decision changes nothing and sends nothing. Unless the switches say
        otherwise the IPN was answered, or not answered for ten seconds, before this returns. Raises LookupError.
        """
        assert outcome in OUTCOMES
        assert channel in CHANNELS
        moment = now()
        with self._store.transaction() as db:
            session = self.session(sessionkey)
            if session.status != "PENDING":
                return session
            risky = outcome == "VALID" and self._faults.take("risky", session.tran_id)
            db.execute(
                "UPDATE session SET status = ?, channel = ?, val_id = ?, bank_tran_id = ?, risk_level = ?, error = ?,"
                " decided_at = ? WHERE sessionkey = ?",
                (
                    outcome,
                    channel if outcome in ("VALID", "FAILED") else "",
                    new_reference(moment),
                    new_reference(moment),
                    int(risky),
                    ERRORS.get(outcome, ""),
                    moment.isoformat(),
                    sessionkey,
                ),
            )
            session = self.session(sessionkey)
        self.notify(session)
        return session

    def notify(self, session: Session) -> None:
        """Send the IPN of a decided session as the switches shape it; again, if it was sent before."""
        url = session.request.get("ipn_url")
        if not url:
            return
        with self._store.transaction() as db:
            timing = self._faults.take("ipn", session.tran_id)
            copies = self._faults.take("ipn_copies", session.tran_id)
            changed = self._faults.take("ipn_fields", session.tran_id)
            forged = self._faults.take("ipn_forged", session.tran_id)
            messages = [{**notice(session, store_id=self.merchant.store_id), **changed}]
            if session.status == "VALID" and self._faults.take("failed_after_valid", session.tran_id):
                failed = replace(session, status="FAILED", error=ERRORS["FAILED"])
                messages.append(notice(failed, store_id=self.merchant.store_id))
            password = "not the password" if forged else self.merchant.password
            state = {"late": "held", "never": "never"}.get(timing, "new")
            ipn_ids = [
                db.execute(
                    "INSERT INTO ipn (sessionkey, url, fields, turn, state) VALUES (?, ?, ?, ?, ?) RETURNING id",
                    (session.sessionkey, url, json.dumps(sign(fields, password)), turn, state),
                ).fetchone()["id"]
                for turn, fields in enumerate(messages)
                for _ in range(copies)
            ]
        if state == "new":
            self._courier.deliver(ipn_ids, wait=timing == "before_return")

    def release_ipns(self, tran_id: str | None = None) -> int:
        """Send what `late` held back, of one transaction or of all; returns how many, when each was tried once."""
        with self._store.transaction() as db:
            rows = db.execute(
                "UPDATE ipn SET state = 'new' WHERE state = 'held' AND (? IS NULL OR sessionkey IN"
                " (SELECT sessionkey FROM session WHERE tran_id = ?)) RETURNING id",
                (tran_id, tran_id),
            ).fetchall()
        self._courier.deliver([row["id"] for row in rows], wait=True)
        return len(rows)

    def signed_return(self, session: Session) -> dict[str, str]:
        """What the browser carries back to `session.return_url`."""
        return sign(notice(session, store_id=self.merchant.store_id), self.merchant.password)

    # Validation

    def validate(self, session: Session) -> str:
        """The status of a payment for the validation API: VALID the first time it is asked for, VALIDATED after."""
        with self._store.transaction() as db:
            if session.status != "VALID":
                return session.status
            first = db.execute(
                "UPDATE session SET validated_at = ? WHERE sessionkey = ? AND validated_at IS NULL",
                (now().isoformat(), session.sessionkey),
            ).rowcount
        return "VALID" if first else "VALIDATED"

    # Refunds

    def refund(self, session: Session, params: Mapping[str, str], *, processing: bool) -> Refund:
        """Start a refund, or return the one that this refund_trans_id started before. Raises Refused.

        Together the refunds of a payment, but for cancelled ones, never exceed it.
        """
        amount = read_amount("refund_amount", params["refund_amount"])
        with self._store.transaction() as db:
            row = db.execute("SELECT * FROM refund WHERE refund_trans_id = ?", (params["refund_trans_id"],)).fetchone()
            if row:
                earlier = Refund.from_row(row)
                if (earlier.sessionkey, earlier.amount) != (session.sessionkey, amount):
                    raise Refused("refund_trans_id was used for another refund")
                return earlier
            if session.status != "VALID":
                raise Refused("The transaction is not a successful one")
            taken = sum((each.amount for each in self.find_refunds(session) if each.status != "cancelled"), Decimal(0))
            if not 0 < amount <= session.amount - taken:
                raise Refused("Refund amount is not within the amount left")
            moment = now().isoformat()
            ref = new_refund_ref()
            db.execute(
                "INSERT INTO refund VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    ref,
                    params["refund_trans_id"],
                    session.sessionkey,
                    two_places(amount),
                    params["refund_remarks"],
                    params.get("refe_id", ""),
                    "processing" if processing else "refunded",
                    moment,
                    None if processing else moment,
                ),
            )
            return self.find_refund(ref)

    def find_refund(self, refund_ref_id: str) -> Refund:
        """Raises LookupError."""
        with self._store.transaction() as db:
            row = db.execute("SELECT * FROM refund WHERE refund_ref_id = ?", (refund_ref_id,)).fetchone()
        if row is None:
            raise LookupError(f"no refund {refund_ref_id}")
        return Refund.from_row(row)

    def find_refunds(self, session: Session) -> list[Refund]:
        with self._store.transaction() as db:
            rows = db.execute(
                "SELECT * FROM refund WHERE sessionkey = ? ORDER BY initiated_at, rowid", (session.sessionkey,)
            ).fetchall()
        return [Refund.from_row(row) for row in rows]

    def settle_refund(self, refund_ref_id: str, *, status: str) -> Refund:
        """End a refund that is processing as refunded or cancelled; one that has ended stays. Raises LookupError."""
        assert status in ("refunded", "cancelled")
        with self._store.transaction() as db:
            db.execute(
                "UPDATE refund SET status = ?, settled_at = ? WHERE refund_ref_id = ? AND status = 'processing'",
                (status, now().isoformat(), refund_ref_id),
            )
            return self.find_refund(refund_ref_id)

    # Past payments, for demo data

    def register_payment(self, details: Mapping[str, Any]) -> Session:
        """Write down a payment as if it had been made and validated here; the same one twice is one.

        Takes tran_id, amount (text, in `currency`), currency, bank_tran_id, val_id, paid_at (ISO 8601 with its zone).
        Raises Refused, also where the tran_id or a reference belongs to a different payment.
        """
        try:
            tran_id, val_id, bank_tran_id = details["tran_id"], details["val_id"], details["bank_tran_id"]
            currency = details.get("currency", "BDT")
            currency_amount = read_amount("amount", details["amount"])
            paid_at = datetime.fromisoformat(details["paid_at"]).astimezone(UTC)
        except (KeyError, TypeError, ValueError) as error:
            raise Refused(f"not a payment: {error!r}") from None
        if currency not in RATES:
            raise Refused("not a payment: an unknown currency")
        with self._store.transaction() as db:
            known = db.execute(
                "SELECT * FROM session WHERE tran_id = ? OR val_id = ? OR bank_tran_id = ?",
                (tran_id, val_id, bank_tran_id),
            ).fetchall()
            if known:
                session = Session.from_row(known[0])
                same = (session.tran_id, session.val_id, session.bank_tran_id) == (tran_id, val_id, bank_tran_id)
                if len(known) > 1 or not same or session.currency_amount != currency_amount:
                    raise Refused("tran_id, val_id or bank_tran_id belongs to a different payment")
                return session
            sessionkey = new_sessionkey()
            db.execute(
                "INSERT INTO session (sessionkey, tran_id, status, amount, currency_type, currency_amount, request,"
                " channel, val_id, bank_tran_id, opened_at, decided_at, validated_at)"
                " VALUES (?, ?, 'VALID', ?, ?, ?, '{}', ?, ?, ?, ?, ?, ?)",
                (
                    sessionkey,
                    tran_id,
                    two_places(in_taka(currency_amount, currency)),
                    currency,
                    two_places(currency_amount),
                    "bkash",
                    val_id,
                    bank_tran_id,
                    *[paid_at.isoformat()] * 3,
                ),
            )
            return self.session(sessionkey)
