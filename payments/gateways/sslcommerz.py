"""SSLCommerz v4: the published library's calls and parameters, on a transport and with checks that it does not have."""

import hashlib
import hmac
import json
import re
import time
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from django.views.decorators.debug import sensitive_variables
from sslcommerz_lib import SSLCOMMERZ

from config.exchange import NoAnswer, Reply, exchange
from config.fuse import Fuse
from payments.gateways.base import (
    GatewayRefused,
    GatewayUnclear,
    Message,
    NotSigned,
    OtherStore,
    Outcome,
    RefundAnswer,
    RefundState,
    Session,
    SessionRequest,
    Transaction,
    Validation,
)

type Answer = dict[str, Any]

# The gateway's fields are mandatory, and the visit needs no address: nothing of the payer's is made up or given away.
COUNTRY, CITY, POSTCODE, NO_PHONE = "Bangladesh", "Dhaka", "1000", "00000000000"
LONGEST = {"cus_name": 50, "cus_email": 50, "cus_phone": 20, "refund_remarks": 255}
LONGEST_PAGE_URL = 600

OUTCOMES = {
    "VALID": Outcome.PAID,
    "VALIDATED": Outcome.PAID,
    "FAILED": Outcome.FAILED,
    "CANCELLED": Outcome.CANCELLED,
    "EXPIRED": Outcome.EXPIRED,
    "UNATTEMPTED": Outcome.UNTRIED,
}
# What must be under a message's signature, for we look at it. Whatever says VALID names its val_id as well.
RELIED_ON = frozenset({"status", "tran_id", "store_id", "currency_type", "currency_amount"})
KEY = re.compile(r"[a-z0-9_]+")
AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,4})?")
REFERENCE = re.compile(r"[\x21-\x7e]+")
UNSAFE_IN_URL = re.compile(r"[^\x21-\x7e]|\\")

TRIES, PAUSE = 2, 0.2

# A gateway that hangs would hold a worker for the whole time-out at every call, and the pages' threads with it: after
# so many calls in a row without a clear answer it is left alone for so many seconds. By the gateway's origin.
FAILURES, AWAY_SECONDS = 5, 15
fuses: defaultdict[str, Fuse] = defaultdict(lambda: Fuse(AWAY_SECONDS, failures=FAILURES))


class SSLCommerz(SSLCOMMERZ):
    """A Gateway. Holds no connection, and nothing that changes but the fuse, so threads may share one."""

    def __init__(
        self, *, url: str, store_id: str, password: str, page_hosts: list[str], reply_address: str, timeout: float
    ) -> None:
        """`url` is the gateway's origin; `page_hosts` are hosts beside it that a payer may be sent to; `timeout` is in
        seconds, for one call with all that belongs to it; `reply_address` stands in for an e-mail address that is too
        long for the gateway."""
        super().__init__({"store_id": store_id, "store_pass": password, "issandbox": True})
        self.createSessionUrl = f"{url}/gwprocess/v4/api.php"
        self.validation_url = f"{url}/validator/api/validationserverAPI.php"
        self.transaction_url = f"{url}/validator/api/merchantTransIDvalidationAPI.php"
        self.origin = urlsplit(url)
        self.page_hosts = frozenset(page_hosts)
        self.reply_address = reply_address
        self.timeout = timeout
        self.fuse = fuses[url]

    # The Gateway's calls

    @property
    def is_away(self) -> bool:
        return self.fuse.is_blown

    def open_session(self, request: SessionRequest) -> Session:
        answer = self.createSession(self._session_fields(request))
        match answer.get("status"):
            case "SUCCESS":
                pass
            case "FAILED":
                raise GatewayRefused(readable(answer.get("failedreason")))
            case _:
                raise GatewayUnclear("a session without a status")
        return Session(key=reference(answer, "sessionkey", longest=80), page_url=self._page_url(answer))

    def validate(self, val_id: str) -> Validation:
        if not REFERENCE.fullmatch(val_id):
            raise GatewayRefused("not a val_id")
        answer = self.validationTransactionOrder(val_id)
        status = answer.get("status")
        if status in {"FAILED", "INVALID_TRANSACTION"}:
            raise GatewayRefused(str(status))
        expect_done(answer)
        if OUTCOMES.get(str(status)) is not Outcome.PAID:
            raise GatewayUnclear("the payment is not decided")
        return Validation(
            val_id=reference(answer, "val_id", longest=60),
            tran_id=reference(answer, "tran_id", longest=60),
            amount=money(answer, "currency_amount"),
            currency=reference(answer, "currency_type", longest=3),
            settled_amount=money(answer, "amount"),
            store_amount=money(answer, "store_amount"),
            bank_tran_id=reference(answer, "bank_tran_id", longest=80),
            card_type=str(answer.get("card_type") or "")[:60],
            # Whatever is not clearly safe is for a person to look at.
            is_risky=str(answer.get("risk_level")) != "0",
        )

    def find(self, tran_id: str) -> list[Transaction]:
        answer = self.transaction_query_tranid(tran_id)
        expect_done(answer)
        count, element = answer.get("no_of_trans_found"), answer.get("element")
        if not isinstance(count, int) and not str(count).isdecimal():
            # A sentence in place of the number says that there is none.
            count = 0
        if int(str(count)) == 0:
            return []
        rows = [element] if isinstance(element, dict) else element
        if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
            raise GatewayUnclear("a query that counts what it does not list")
        return [transaction(row) for row in rows if row.get("tran_id") == tran_id]

    def find_session(self, session_key: str, *, tran_id: str) -> list[Transaction]:
        answer = self.transaction_query_session(session_key)
        expect_done(answer)
        return [transaction(answer)] if answer.get("tran_id") == tran_id else []

    def refund(self, *, bank_tran_id: str, refund_trans_id: str, amount: Decimal, remarks: str) -> RefundAnswer:
        answer = self.call_api(
            "GET",
            self.transaction_url,
            {
                "bank_tran_id": bank_tran_id,
                "refund_trans_id": refund_trans_id,
                "refund_amount": f"{amount:.2f}",
                "refund_remarks": remarks[: LONGEST["refund_remarks"]],
                "refe_id": refund_trans_id,
                "store_id": self.store_id,
                "store_passwd": self.store_pass,
                "format": "json",
            },
        )
        expect_done(answer)
        match answer.get("status"):
            case "success" | "processing":
                return RefundAnswer(state=RefundState.UNDER_WAY, ref_id=reference(answer, "refund_ref_id", longest=80))
            case "failed":
                raise GatewayRefused(readable(answer.get("errorReason")))
        raise GatewayUnclear("a refund without a status")

    def refund_status(self, ref_id: str) -> RefundAnswer:
        answer = self.query_refund_status(ref_id)
        expect_done(answer)
        match answer.get("status"):
            case "refunded":
                return RefundAnswer(state=RefundState.DONE, ref_id=ref_id)
            case "processing":
                return RefundAnswer(state=RefundState.UNDER_WAY, ref_id=ref_id)
            case "cancelled":
                raise GatewayRefused(readable(answer.get("errorReason") or "cancelled"))
        raise GatewayUnclear("a refund's status without a status")

    def read_message(self, fields: Mapping[str, str]) -> Message:
        if not self.hash_validate_ipn(fields):
            raise NotSigned
        if fields["store_id"] != self.store_id:
            raise OtherStore
        asked_for = fields["currency_amount"]
        return Message(
            tran_id=fields["tran_id"],
            val_id=fields.get("val_id", ""),
            outcome=OUTCOMES.get(fields["status"], Outcome.PENDING),
            amount=Decimal(asked_for) if AMOUNT.fullmatch(asked_for) else None,
            currency=fields["currency_type"],
        )

    # The library's, hardened

    def createSession(self, post_body: Mapping[str, str]) -> Answer:  # noqa: N802
        """The library writes the password into what it is given: a copy of the caller's."""
        answer: Answer = super().createSession(dict(post_body))
        return answer

    def hash_validate_ipn(self, post_body: Mapping[str, str]) -> bool:
        """Whether the message was signed with our password, over all that we look at.

        A filter, no proof: the gateway escapes nothing before it hashes, and the sender chooses which fields count.
        """
        keys = post_body.get("verify_key", "").split(",")
        needed = RELIED_ON | ({"val_id"} & post_body.keys())
        if len(set(keys)) != len(keys) or not needed <= set(keys) or not all(map(KEY.fullmatch, keys)):
            return False
        if "store_passwd" in keys or not set(keys) <= post_body.keys():
            return False
        signed = {key: post_body[key] for key in keys}
        signed["store_passwd"] = hashlib.sha256(self.store_pass.encode()).hexdigest()
        line = "&".join(f"{key}={signed[key]}" for key in sorted(signed))
        signature = hashlib.sha256(line.encode()).hexdigest()
        return hmac.compare_digest(signature.encode(), post_body.get("verify_sign_sha2", "").encode())

    @sensitive_variables()
    def call_api(self, method: str, url: str, payload: Answer) -> Answer:
        """The answer as a dictionary, within the timeout. Raises GatewayUnclear for any other.

        What only asks is asked once more when the gateway stumbles and there is time; what does something is not.
        While the fuse is blown nothing is sent.
        """
        if not self.fuse.holds():
            raise GatewayUnclear("it is left alone for a moment, for it failed several times in a row")
        try:
            answer = self._send(method, url, payload)
        except GatewayUnclear:
            self.fuse.blow()
            raise
        self.fuse.mend()
        return answer

    @sensitive_variables()
    def _send(self, method: str, url: str, payload: Answer) -> Answer:
        fields = {key: str(value) for key, value in payload.items()}
        if method == "GET":
            fields["v"] = "1"
        tries = TRIES if method == "GET" and "refund_trans_id" not in fields else 1
        deadline = time.monotonic() + self.timeout
        while True:
            tries -= 1
            try:
                return read(ask(method, url, fields, timeout=max(deadline - time.monotonic(), 0.01)))
            except GatewayUnclear:
                if not tries or deadline - time.monotonic() < 2 * PAUSE:
                    raise
            time.sleep(PAUSE)

    # What is sent, and where the payer is sent

    def _session_fields(self, request: SessionRequest) -> Answer:
        customer = request.customer
        fits = len(customer.email) <= LONGEST["cus_email"]
        return {
            "tran_id": request.tran_id,
            "total_amount": f"{request.amount:.2f}",
            "currency": request.currency,
            "success_url": request.success_url,
            "fail_url": request.fail_url,
            "cancel_url": request.cancel_url,
            "ipn_url": request.ipn_url,
            "cus_name": readable(customer.name)[: LONGEST["cus_name"]],
            "cus_email": customer.email if fits else self.reply_address,
            "cus_phone": (customer.phone or NO_PHONE)[: LONGEST["cus_phone"]],
            "cus_add1": CITY,
            "cus_city": CITY,
            "cus_postcode": POSTCODE,
            "cus_country": COUNTRY,
            "shipping_method": "NO",
            "num_of_item": "1",
            "product_name": request.product,
            "product_category": "Service",
            "product_profile": "non-physical-goods",
            "emi_option": "0",
        }

    def _page_url(self, answer: Answer) -> str:
        """The gateway's page, if its address is one that a payer may be sent to."""
        url = str(answer.get("GatewayPageURL") or "")
        if not url or len(url) > LONGEST_PAGE_URL or UNSAFE_IN_URL.search(url):
            raise GatewayUnclear("a session without a page")
        try:
            parts = urlsplit(url)
            own = (parts.scheme, parts.netloc) == (self.origin.scheme, self.origin.netloc)
            allowed = parts.scheme == "https" and parts.netloc in self.page_hosts
        except ValueError:
            own = allowed = False
        if not own and not allowed:
            raise GatewayUnclear("a session whose page is on another host")
        return url


# How answers are read


def ask(method: str, url: str, fields: Mapping[str, str], *, timeout: float) -> Reply:
    """Raises GatewayUnclear without a complete answer."""
    try:
        return exchange(method, url, fields=fields, timeout=timeout)
    except NoAnswer as error:
        raise GatewayUnclear(str(error)) from None


def read(reply: Reply) -> Answer:
    """The JSON object of a reply. Raises GatewayUnclear for errors, HTML, broken or unexpected JSON."""
    if reply.status != 200:
        raise GatewayUnclear(f"HTTP {reply.status}")
    try:
        answer = json.loads(reply.body, parse_float=Decimal)
    except (ValueError, RecursionError):
        answer = None
    if not isinstance(answer, dict):
        raise GatewayUnclear("an answer that is not a JSON object")
    return answer


def transaction(row: Answer) -> Transaction:
    """A row of the books; a status that nobody knows may still become anything."""
    outcome = OUTCOMES.get(str(row.get("status")), Outcome.PENDING)
    return Transaction(outcome=outcome, val_id=str(row.get("val_id") or ""))


def expect_done(answer: Answer) -> None:
    if answer.get("APIConnect") != "DONE":
        raise GatewayUnclear(f"APIConnect {readable(answer.get('APIConnect'))}")


def reference(answer: Answer, name: str, *, longest: int) -> str:
    """A reference as the gateway writes it: printable ASCII. Raises GatewayUnclear."""
    value = answer.get(name)
    if not isinstance(value, str) or len(value) > longest or not REFERENCE.fullmatch(value):
        raise GatewayUnclear(f"an answer without {name}")
    return value


def money(answer: Answer, name: str) -> Decimal:
    """An amount above zero, of text or of a JSON number. Raises GatewayUnclear."""
    value = answer.get(name)
    written = str(value) if isinstance(value, str | int | Decimal) else ""
    if not AMOUNT.fullmatch(written) or not Decimal(written):
        raise GatewayUnclear(f"an answer without {name}")
    return Decimal(written)


def readable(value: object) -> str:
    """Somebody's words, on one line of printable characters; never empty."""
    words = " ".join("".join(c if c.isprintable() else " " for c in str(value or "")).split())
    return words[:160] or "no reason given"
