"""What the portal wants of a payment gateway, in words that belong to none of them.

Every call leaves the process, takes at most settings.SSLCOMMERZ_TIMEOUT seconds, and ends in an answer, in
GatewayRefused or in GatewayUnclear. Amounts are Decimal in the currency that stands beside them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum, auto
from typing import Protocol


class GatewayError(Exception):
    """Its text is safe to log and to show to an administrator: no address, no credentials, no payer."""


class GatewayUnclear(GatewayError):
    """Nothing is known: no answer in time, or one that cannot be read. What was asked for may have happened."""


class GatewayRefused(GatewayError):
    """A clear no, with the gateway's reason: what was asked for did not happen."""


class MessageRefused(Exception):
    """A message that is not taken for the gateway's."""


class NotSigned(MessageRefused):
    pass


class OtherStore(MessageRefused):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    name: str
    email: str
    phone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRequest:
    """`product` is a generic name: what was bought says something about the payer's health."""

    tran_id: str
    amount: Decimal
    currency: str
    product: str
    customer: Customer
    success_url: str
    fail_url: str
    cancel_url: str
    ipn_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A page of the gateway that waits for the payer; its address is on a host that the settings allow."""

    key: str
    page_url: str


class Outcome(Enum):
    """What became of a payment."""

    PAID = auto()
    FAILED = auto()
    CANCELLED = auto()
    EXPIRED = auto()
    # The payer has not tried yet: may still become anything.
    UNTRIED = auto()
    PENDING = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Validation:
    """A payment that the gateway vouches for: the one thing that settles an attempt.

    `amount` and `currency` are as they were asked for, `settled_amount` is their value in taka, of which the gateway
    passes on `store_amount`.
    """

    val_id: str
    tran_id: str
    amount: Decimal
    currency: str
    settled_amount: Decimal
    store_amount: Decimal
    bank_tran_id: str
    card_type: str
    is_risky: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """What the gateway's books say of one payment under a tran_id; `val_id` only if it is PAID. Not yet a proof."""

    outcome: Outcome
    val_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """What a signed message of the gateway claims. A hint: nothing is changed because of it alone.

    `amount` and `currency` are what it says was asked for, or None where it says nothing readable.
    """

    tran_id: str
    val_id: str
    outcome: Outcome
    amount: Decimal | None
    currency: str


class RefundState(Enum):
    UNDER_WAY = auto()
    DONE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundAnswer:
    state: RefundState
    ref_id: str


class Gateway(Protocol):
    """Safe to share between threads."""

    @property
    def is_away(self) -> bool:
        """It failed several times in a row a moment ago: for a while nothing is asked, and all is GatewayUnclear."""
        ...

    def open_session(self, request: SessionRequest) -> Session:
        """Sent once, never again: a lost answer raises GatewayUnclear, and the tran_id may be known all the same."""
        ...

    def validate(self, val_id: str) -> Validation:
        """The gateway's proof of a payment; asking again changes nothing. GatewayRefused: there is no such payment."""
        ...

    def find(self, tran_id: str) -> list[Transaction]:
        """All that the books have under a tran_id; empty if they do not know it."""
        ...

    def find_session(self, session_key: str, *, tran_id: str) -> list[Transaction]:
        """What the books have of one session; empty if they do not know it, or know it under another tran_id."""
        ...

    def refund(self, *, bank_tran_id: str, refund_trans_id: str, amount: Decimal, remarks: str) -> RefundAnswer:
        """Give money back; asked again under the same `refund_trans_id`, it is not given twice."""
        ...

    def refund_status(self, ref_id: str) -> RefundAnswer:
        """GatewayRefused: the refund was called off."""
        ...

    def read_message(self, fields: Mapping[str, str]) -> Message:
        """A message's claims. Raises NotSigned or OtherStore: then it is not the gateway's, or not for us."""
        ...
