"""What the real gateway does not have: JSON under /control/ to make faults happen, to act as the customer, and to see.

| call | body or query | answer |
|---|---|---|
| GET /control/faults | | `switches` (what there is), `standing` (what is set) |
| PUT /control/faults | `switches` {name: value or null}, `tran_id`?, `times`? | the same |
| DELETE /control/faults | | the same, all at their defaults |
| GET /control/transactions | `tran_id`? | `transactions`, newest first, with their refunds, IPNs and API calls |
| GET /control/calls | `tran_id`? | `calls` of the APIs, oldest first, those that opened no session too |
| POST /control/transactions | tran_id, amount, currency, bank_tran_id, val_id, paid_at | the transaction |
| POST /control/pay | tran_id, `outcome`? (VALID), `channel`? (visa) | the transaction, `return`: url, fields or null |
| POST /control/ipn/release | `tran_id`? | `released`: how many held IPNs went out |
| POST /control/ipn/resend | tran_id | the transaction |
| POST /control/refunds/REF/settle | `status`: refunded or cancelled | the refund |
| POST /control/reset | | `{}`; everything is forgotten, the switches too |

Each needs the header `X-Sandbox-Token` with the store's password, else 403. A wrong request is 400 with `error`, an
unknown transaction or refund 404.
"""

import json
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Any

from payments.sandbox.api import as_json
from payments.sandbox.faults import EVERY, SWITCHES, BadSwitch, Faults
from payments.sandbox.gateway import OUTCOMES, Gateway, Refund
from payments.sandbox.messages import UNSEEN, Session
from payments.sandbox.protocol import CHANNELS, stamp, two_places
from payments.sandbox.session_request import Refused
from payments.sandbox.store import Store
from payments.sandbox.web import Request, Response

PREFIX = "/control/"


class BadRequest(Exception):
    """The text says what is wrong."""


class Control:
    def __init__(self, store: Store, gateway: Gateway, faults: Faults) -> None:
        self._store = store
        self._gateway = gateway
        self._faults = faults
        self._routes: dict[tuple[str, str], Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            ("GET", "faults"): self._show_faults,
            ("PUT", "faults"): self._set_faults,
            ("DELETE", "faults"): self._clear_faults,
            ("GET", "transactions"): self._list,
            ("POST", "transactions"): self._register,
            ("GET", "calls"): self._calls,
            ("POST", "pay"): self._pay,
            ("POST", "ipn/release"): self._release,
            ("POST", "ipn/resend"): self._resend,
            ("POST", "reset"): self._reset,
        }

    def answer(self, request: Request) -> Response:
        token = request.headers.get("x-sandbox-token", "")
        if not compare_digest(token.encode(), self._gateway.merchant.password.encode()):
            return as_json({"error": "X-Sandbox-Token is not the store's password"}, status=403)
        try:
            return as_json(self._act(request))
        except LookupError as error:
            return as_json({"error": str(error)}, status=404)
        except (BadRequest, BadSwitch, Refused) as error:
            return as_json({"error": str(error)}, status=400)

    def _act(self, request: Request) -> Mapping[str, Any]:
        params: Mapping[str, Any] = request.query if request.method == "GET" else _body(request)
        match request.path.removeprefix(PREFIX).split("/"):
            case ["refunds", ref, "settle"] if request.method == "POST":
                return self._settle(ref, params)
            case parts:
                route = self._routes.get((request.method, "/".join(parts)))
        if route is None:
            raise LookupError(f"no {request.method} {request.path}")
        return route(params)

    def _show_faults(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        switches = [
            {"name": each.name, "says": each.says, "default": each.default, "choices": each.choices}
            for each in SWITCHES.values()
        ]
        return {"switches": switches, "standing": self._faults.standing()}

    def _set_faults(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        switches = params.get("switches")
        if not isinstance(switches, dict):
            raise BadRequest("switches is missing or no object")
        self._faults.set(switches, tran_id=_text(params, "tran_id", EVERY), times=params.get("times"))
        return self._show_faults(params)

    def _clear_faults(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._faults.clear()
        return self._show_faults(params)

    def _list(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"transactions": [self.describe(each) for each in self._gateway.find_sessions(params.get("tran_id"))]}

    def _calls(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        tran_id = params.get("tran_id")
        with self._store.transaction() as db:
            calls = db.execute(
                "SELECT at, api, tran_id, fault, answer FROM call WHERE ? IS NULL OR tran_id = ? ORDER BY id",
                (tran_id, tran_id),
            ).fetchall()
        return {"calls": [dict(each) for each in calls]}

    def _register(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return self.describe(self._gateway.register_payment(params))

    def _pay(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        outcome, channel = _text(params, "outcome", "VALID"), _text(params, "channel", "visa")
        if outcome not in OUTCOMES or channel not in CHANNELS:
            raise BadRequest(f"outcome is one of {', '.join(OUTCOMES)}; channel one of {', '.join(CHANNELS)}")
        session = self._gateway.decide(self._newest(params).sessionkey, outcome, channel=channel)
        carried = {"url": session.return_url, "fields": self._gateway.signed_return(session)}
        return {**self.describe(session), "return": None if session.status in UNSEEN else carried}

    def _release(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"released": self._gateway.release_ipns(params.get("tran_id"))}

    def _resend(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        session = self._newest(params)
        if session.status == "PENDING":
            raise BadRequest("nothing was decided, so there is no IPN to send again")
        self._gateway.notify(session)
        return self.describe(session)

    def _settle(self, ref: str, params: Mapping[str, Any]) -> Mapping[str, Any]:
        status = _text(params, "status", "refunded")
        if status not in ("refunded", "cancelled"):
            raise BadRequest("status is refunded or cancelled")
        return describe_refund(self._gateway.settle_refund(ref, status=status))

    def _reset(self, params: Mapping[str, Any]) -> Mapping[str, Any]:
        self._store.reset()
        return {}

    def _newest(self, params: Mapping[str, Any]) -> Session:
        tran_id = _text(params, "tran_id", "")
        sessions = self._gateway.find_sessions(tran_id)
        if not sessions:
            raise LookupError(f"no session with tran_id {tran_id}")
        return sessions[0]

    def describe(self, session: Session) -> dict[str, Any]:
        """All that is known of a session, for a test or a person to read; times on Dhaka's clock."""
        with self._store.transaction() as db:
            ipns = db.execute("SELECT * FROM ipn WHERE sessionkey = ? ORDER BY id", (session.sessionkey,)).fetchall()
            attempts = db.execute(
                "SELECT ipn_attempt.* FROM ipn_attempt JOIN ipn ON ipn.id = ipn_id WHERE sessionkey = ?"
                " ORDER BY ipn_attempt.id",
                (session.sessionkey,),
            ).fetchall()
            calls = db.execute(
                "SELECT at, api, fault, answer FROM call WHERE tran_id = ? ORDER BY id", (session.tran_id,)
            ).fetchall()
            refunds = self._gateway.find_refunds(session)
        return {
            "sessionkey": session.sessionkey,
            "tran_id": session.tran_id,
            "status": session.status,
            "amount": two_places(session.amount),
            "currency_type": session.currency_type,
            "currency_amount": two_places(session.currency_amount),
            "channel": session.channel,
            "val_id": session.val_id,
            "bank_tran_id": session.bank_tran_id,
            "risk_level": session.risk_level,
            "opened_at": stamp(session.opened_at),
            "decided_at": stamp(session.decided_at) if session.decided_at else None,
            "validated_at": stamp(session.validated_at) if session.validated_at else None,
            "request": dict(session.request),
            "refunds": [describe_refund(each) for each in refunds],
            "calls": [dict(each) for each in calls],
            "ipns": [
                {
                    "id": each["id"],
                    "state": each["state"],
                    "url": each["url"],
                    "fields": json.loads(each["fields"]),
                    "attempts": [
                        {name: row[name] for name in ("at", "seconds", "status_code", "answer")}
                        for row in attempts
                        if row["ipn_id"] == each["id"]
                    ],
                }
                for each in ipns
            ],
        }


def describe_refund(refund: Refund) -> dict[str, Any]:
    return {
        "refund_ref_id": refund.refund_ref_id,
        "refund_trans_id": refund.refund_trans_id,
        "amount": two_places(refund.amount),
        "remarks": refund.remarks,
        "refe_id": refund.refe_id,
        "status": refund.status,
        "initiated_at": stamp(refund.initiated_at),
        "settled_at": stamp(refund.settled_at) if refund.settled_at else None,
    }


def _body(request: Request) -> Mapping[str, Any]:
    try:
        body = json.loads(request.body or b"{}")
    except ValueError:
        raise BadRequest("the body is not JSON") from None
    if not isinstance(body, dict):
        raise BadRequest("the body is not an object")
    return body


def _text(params: Mapping[str, Any], name: str, default: str) -> str:
    value = params.get(name, default)
    if not isinstance(value, str):
        raise BadRequest(f"{name} is not a text")
    return value
