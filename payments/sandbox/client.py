"""A handle on a running sandbox: what /control/ offers, as methods. For tests, and for loading demo payments."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import requests

PATIENCE = 60
"""Seconds. Paying waits for the merchant's answer to the IPN, and the merchant may be slow."""

type Json = dict[str, Any]


class SandboxError(Exception):
    """The sandbox refused; the text is its reason."""


class SandboxControl:
    """`url` is the sandbox's origin, `token` the store's password. Shapes of the answers: see control.py."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token

    def faults(self, *, tran_id: str = "", times: int | None = None, **switches: Any) -> None:
        """Set switches, for every transaction or one, for good or the next few times; None resets one."""
        self._call("PUT", "faults", {"switches": switches, "tran_id": tran_id, "times": times})

    def clear_faults(self) -> None:
        self._call("DELETE", "faults")

    def standing_faults(self) -> list[Json]:
        return self._listed("faults", "standing")

    def transactions(self, tran_id: str | None = None) -> list[Json]:
        """Newest first, each with its refunds, IPNs and API calls."""
        return self._listed("transactions", "transactions", tran_id=tran_id)

    def transaction(self, tran_id: str) -> Json:
        """The newest with this tran_id. LookupError if there is none."""
        found = self.transactions(tran_id)
        if not found:
            raise LookupError(f"the sandbox knows no transaction {tran_id}")
        return found[0]

    def calls(self, tran_id: str | None = None) -> list[Json]:
        """What the portal asked of the APIs, oldest first."""
        return self._listed("calls", "calls", tran_id=tran_id)

    def pay(self, tran_id: str, outcome: str = "VALID", *, channel: str = "visa") -> Json:
        """Do what the customer does on the hosted page; `return` in the answer is what the browser would post."""
        return self._call("POST", "pay", {"tran_id": tran_id, "outcome": outcome, "channel": channel})

    def register(
        self,
        *,
        tran_id: str,
        amount: Decimal,
        bank_tran_id: str,
        val_id: str,
        paid_at: datetime,
        currency: str = "BDT",
    ) -> Json:
        """Make a payment of the past known, so that it can be queried and refunded; the same one twice is one."""
        return self._call(
            "POST",
            "transactions",
            {
                "tran_id": tran_id,
                "amount": f"{amount:.2f}",
                "currency": currency,
                "bank_tran_id": bank_tran_id,
                "val_id": val_id,
                "paid_at": paid_at.isoformat(),
            },
        )

    def release_ipn(self, tran_id: str | None = None) -> int:
        """Send the IPNs held by `ipn="late"`; returns how many, when each was tried once."""
        released: int = self._call("POST", "ipn/release", {"tran_id": tran_id})["released"]
        return released

    def resend_ipn(self, tran_id: str) -> Json:
        return self._call("POST", "ipn/resend", {"tran_id": tran_id})

    def settle_refund(self, refund_ref_id: str, status: str = "refunded") -> Json:
        return self._call("POST", f"refunds/{refund_ref_id}/settle", {"status": status})

    def report(self, kind: str, day: date) -> str:
        """The list of a day as CSV; `kind` is payments or refunds."""
        response = requests.get(f"{self.url}/reports/{kind}.csv", params={"day": str(day)}, timeout=PATIENCE)
        response.raise_for_status()
        return response.text

    def reset(self) -> None:
        """Forget everything, the switches too."""
        self._call("POST", "reset")

    def _listed(self, path: str, name: str, *, tran_id: str | None = None) -> list[Json]:
        listed: list[Json] = self._call("GET", path, params={"tran_id": tran_id} if tran_id is not None else {})[name]
        return listed

    def _call(
        self, method: str, path: str, body: Json | None = None, *, params: Mapping[str, str] | None = None
    ) -> Json:
        response = requests.request(
            method,
            f"{self.url}/control/{path}",
            json=body,
            params=params,
            headers={"X-Sandbox-Token": self._token},
            timeout=PATIENCE,
        )
        answer: Json = response.json()
        if response.status_code != 200:
            raise SandboxError(answer["error"])
        return answer
