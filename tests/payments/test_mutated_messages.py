"""Messages as no gateway sends them, over HTTP to both doors: fields gone, doubled, swapped, in any order and encoding,
ten megabytes of them. Some are signed as if their sender knew the password. The ledger stays right.

`make test` tries a few, the same ones every time; LIVES=2000 tries so many that are new.
"""

import os
from decimal import Decimal
from typing import Any
from urllib.parse import quote_from_bytes

import requests
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from payments.models import Charge, GatewayMessage, Journal, PaymentAttempt
from payments.sandbox.protocol import sign
from tests.payments.sandbox_process import STORE_PASSWORD
from tests.payments.till import PAID, Till, balances

LIVES = int(os.environ.get("LIVES", "0"))
DOORS = ("ipn/", "ipn/", "return/success/", "return/fail/", "return/cancel/")
FORM = "application/x-www-form-urlencoded"
TYPES = (FORM, FORM, FORM, f"{FORM}; charset=utf-8", f"{FORM}; charset=utf-16", "multipart/form-data; boundary=x", "")
NAMES = ("tran_id", "val_id", "status", "amount", "currency_amount", "currency_type", "store_id", "risk_level")
NAMES += ("verify_key", "verify_sign", "verify_sign_sha2", "bank_tran_id", "store_amount", "nothing")
WORDS = ("", "VALID", "VALIDATED", "FAILED", "CANCELLED", "500.00", "500", "5e2", "-500.00", "NaN", "৫০০", "1.00")
WORDS += ("USD", "BDT", "bdt", "\x00", "\ud800", "a&b=c", "ক" * 400, "' OR 1=1 --", "{{7*7}}", "\r\nSet-Cookie: a=b")
TEN_MEGABYTES = 10_000_000

word = st.sampled_from(WORDS) | st.sampled_from(["own tran_id", "own val_id"]).map(lambda name: f"@{name[4:]}")
change = st.tuples(st.sampled_from(["set", "set", "drop", "double"]), st.sampled_from(NAMES), word, st.integers(0, 3))
message = st.fixed_dictionaries(
    {
        "of": st.integers(0, 3),
        "changes": st.lists(change, max_size=3),
        "signed": st.booleans(),
        "order": st.randoms(use_true_random=False),
        "encoding": st.sampled_from(["utf-8", "utf-8", "utf-8", "latin-1", "utf-16"]),
        "is_quoted": st.booleans(),
        "type": st.sampled_from(TYPES),
        "door": st.sampled_from(DOORS),
        "copies": st.sampled_from([1, 1, 2]),
        "is_huge": st.sampled_from([False] * 19 + [True]),
    }
)


class Counter:
    """Four payments: told and settled, paid and not told of, failed, and not decided at the gateway."""

    def __init__(self, till: Till) -> None:
        self.till = till
        till.sandbox.faults(ipn="never")
        self.told = self.attempt("VALID")
        till.reconcile(self.told)
        self.failed, self.open = self.attempt("FAILED"), self.attempt(None)
        self.settled = 1
        self.untold = self.attempt("VALID")

    def attempt(self, outcome: str | None) -> PaymentAttempt:
        attempt = self.till.start(self.till.charge())
        if outcome:
            self.till.pay(attempt, outcome)
        return attempt

    def fields(self, of: int) -> dict[str, str]:
        """As the gateway would write them; those of the one that is open are the settled one's under its tran_id."""
        attempt = (self.told, self.untold, self.failed, self.open)[of]
        source = self.told if attempt is self.open else attempt
        fields: dict[str, str] = self.till.sandbox.transaction(source.tran_id)["ipns"][0]["fields"]
        return fields | {"tran_id": attempt.tran_id}

    def meant(self, text: str, which: int) -> str:
        """The names of payments stand for what only this run knows."""
        attempt = (self.told, self.untold, self.failed, self.open)[which]
        match text:
            case "@tran_id":
                return attempt.tran_id
            case "@val_id":
                return self.till.sandbox.transaction(attempt.tran_id)["val_id"] or "0"
        return text

    def post(self, asked: dict[str, Any]) -> None:
        fields = list(self.fields(asked["of"]).items())
        for what, name, text, which in asked["changes"]:
            value = self.meant(text, which)
            if what != "double":
                fields = [pair for pair in fields if pair[0] != name]
            if what != "drop":
                fields.append((name, value))
        if asked["signed"]:
            unsigned = {name: value for name, value in fields if not name.startswith("verify_")}
            fields = list(sign(unsigned, STORE_PASSWORD).items())
        asked["order"].shuffle(fields)
        body = encoded(fields, asked["encoding"], is_quoted=asked["is_quoted"])
        if asked["is_huge"]:
            body += b"&padding=" + b"x" * TEN_MEGABYTES
        address = f"{self.till.origin}/payments/{asked['door']}"
        for _ in range(asked["copies"]):
            headers = {"Content-Type": asked["type"]}
            answer = requests.post(address, data=body, headers=headers, allow_redirects=False, timeout=30)
            assert answer.status_code in {200, 303, 400}
            # What is no message at all gets a page; whatever is one touches no session.
            assert answer.status_code == 400 or "Set-Cookie" not in answer.headers

    def is_right(self) -> None:
        """Nothing is settled but what the gateway vouches for, once, whoever told of it."""
        assert status_of(self.told) == Charge.Status.PAID
        assert status_of(self.failed) == status_of(self.open) == Charge.Status.OPEN
        if status_of(self.untold) == Charge.Status.PAID:
            self.settled += 1
            self.untold = self.attempt("VALID")
        assert Journal.objects.count() == self.settled
        assert balances() == {account: self.settled * amount for account, amount in PAID.items()}
        assert not GatewayMessage.objects.filter(status=GatewayMessage.Status.NEW).exists()


def encoded(fields: list[tuple[str, str]], encoding: str, *, is_quoted: bool) -> bytes:
    def part(text: str) -> bytes:
        raw = text.encode(encoding, errors="surrogatepass" if encoding.startswith("utf") else "replace")
        return quote_from_bytes(raw).encode() if is_quoted else raw

    return b"&".join(part(name) + b"=" + part(value) for name, value in fields)


def status_of(attempt: PaymentAttempt) -> str:
    return Charge.objects.values_list("status", flat=True).get(pk=attempt.charge_id)


def test_mutated_messages_leave_the_ledger_right(till: Till) -> None:
    counter = Counter(till)

    @settings(
        max_examples=LIVES or 15,
        phases=[Phase.generate, Phase.shrink] if LIVES else [Phase.generate],
        derandomize=not LIVES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(messages=st.lists(message, min_size=1, max_size=4))
    def try_them(messages: list[dict[str, Any]]) -> None:
        for each in messages:
            counter.post(each)
        till.work()
        counter.is_right()

    try_them()
    # And then the truth arrives.
    till.reconcile(counter.untold)
    assert status_of(counter.untold) == Charge.Status.PAID
    assert balances()["deposit"] == Decimal(-500) * (counter.settled + 1)
