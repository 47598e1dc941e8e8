"""The documented APIs: parameters in, JSON out, with whatever the switches do to an answer on its way."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from payments.sandbox.faults import Faults
from payments.sandbox.gateway import Gateway, Refund
from payments.sandbox.messages import Session, query_element, validation_answer
from payments.sandbox.protocol import stamp
from payments.sandbox.session_request import Refused
from payments.sandbox.store import Store, now
from payments.sandbox.web import FORM, Request, Response

ERROR_PAGE = b"<!DOCTYPE html><html><head><title>502</title></head><body><h1>502 Bad Gateway</h1></body></html>"
REFUND_WORDS = {"refunded": "success", "processing": "processing", "cancelled": "failed"}
REFUND_FIELDS = {"bank_tran_id": 80, "refund_trans_id": 30, "refund_amount": 13, "refund_remarks": 255}


def as_json(answer: Mapping[str, Any], *, status: int = 200) -> Response:
    return Response(json.dumps(answer).encode(), "application/json", status)


class Api:
    def __init__(self, store: Store, gateway: Gateway, faults: Faults, *, public_url: str | None) -> None:
        self._store = store
        self._gateway = gateway
        self._faults = faults
        self._public_url = public_url

    # POST /gwprocess/v4/api.php

    def open_session(self, request: Request) -> Response:
        """Answer SUCCESS with the page's URL or FAILED with the reason, always with status 200."""
        try:
            params = self._posted(request)
        except Refused as refused:
            return self._session_failed("", "ok", str(refused))
        tran_id = params.get("tran_id", "")
        fault = self._faults.take("session", tran_id)
        if fault == "failed":
            return self._session_failed(tran_id, fault, "Payment channels are not available at this moment.")
        if fault == "html":
            self._note("session", tran_id, fault, "html")
            return Response(ERROR_PAGE, "text/html; charset=utf-8")
        try:
            session = self._gateway.open_session(params)
        except Refused as refused:
            return self._session_failed(tran_id, fault, str(refused))
        self._note("session", tran_id, fault, "SUCCESS")
        page = "" if fault == "no_url" else self._page_url(request, session)
        return self._late(as_json(session_answer(session, page, self._gateway.merchant.name)), fault, tran_id)

    def _posted(self, request: Request) -> dict[str, str]:
        if request.content_type != FORM:
            raise Refused(f"Invalid Content-Type! Only {FORM} is accepted.")
        try:
            return request.form()
        except UnicodeDecodeError:
            raise Refused("Invalid Information! The request is not UTF-8.") from None

    def _session_failed(self, tran_id: str, fault: str, reason: str) -> Response:
        self._note("session", tran_id, fault, reason)
        return as_json({"status": "FAILED", "failedreason": reason, "sessionkey": "", "GatewayPageURL": ""})

    def _page_url(self, request: Request, session: Session) -> str:
        base = self._public_url or f"http://{request.headers.get('host', '')}"
        return f"{base}/EasyCheckOut/testcde{session.sessionkey.lower()}"

    # GET /validator/api/validationserverAPI.php

    def validate(self, request: Request) -> Response:
        params = request.query
        if wrong := self._unwelcome(params, "val_id"):
            return wrong
        try:
            session = self._gateway.session_by_val_id(params["val_id"])
        except LookupError:
            session = None
        tran_id = session.tran_id if session else ""
        fault = self._faults.take("validation", tran_id)
        if spoilt := self._spoilt_before("validation", tran_id, fault):
            return spoilt
        if session is None or fault == "invalid":
            answer = {"status": "INVALID_TRANSACTION", "APIConnect": "DONE"}
        elif fault in ("pending", "failed"):
            answer = validation_answer(session, status=fault.upper())
        else:
            status = self._gateway.validate(session)
            answer = validation_answer(self._gateway.session(session.sessionkey), status=status)
        self._note("validation", tran_id, fault, answer["status"])
        return self._late(as_json(answer), fault, tran_id)

    # GET /validator/api/merchantTransIDvalidationAPI.php

    def refund_or_query(self, request: Request) -> Response:
        """The parameters choose: a refund, the status of one, or a query by session or by tran_id."""
        params = request.query
        if params.get("refund_ref_id"):
            return self._refund_status(params)
        if "bank_tran_id" in params or "refund_trans_id" in params:
            return self._refund(params)
        if params.get("sessionkey"):
            return self._query_session(params)
        return self._query_tran_id(params)

    def _refund(self, params: Mapping[str, str]) -> Response:
        if wrong := self._unwelcome(params, *REFUND_FIELDS):
            return wrong
        if any(len(params.get(name, "")) > longest for name, longest in {**REFUND_FIELDS, "refe_id": 50}.items()):
            return as_json({"APIConnect": "INVALID_REQUEST"})
        try:
            session = self._gateway.session_by_bank_tran_id(params["bank_tran_id"])
        except LookupError:
            return self._refund_failed(params, "", "ok", "Invalid bank_tran_id")
        tran_id = session.tran_id
        fault = self._faults.take("refund", tran_id)
        if spoilt := self._spoilt_before("refund", tran_id, fault):
            return spoilt
        if fault == "failed":
            return self._refund_failed(params, tran_id, fault, "Refund could not be initiated")
        try:
            refund = self._gateway.refund(session, params, processing=fault in ("processing", "timeout_processing"))
        except Refused as refused:
            return self._refund_failed(params, tran_id, fault, str(refused))
        word = REFUND_WORDS[refund.status]
        self._note("refund", tran_id, fault, word)
        answer = {
            "APIConnect": "DONE",
            "bank_tran_id": params["bank_tran_id"],
            "trans_id": tran_id,
            "refund_ref_id": refund.refund_ref_id,
            "status": word,
            "errorReason": "" if word != "failed" else "Refund was cancelled",
        }
        return self._late(as_json(answer), fault.removesuffix("_processing"), tran_id)

    def _refund_failed(self, params: Mapping[str, str], tran_id: str, fault: str, reason: str) -> Response:
        self._note("refund", tran_id, fault, reason)
        return as_json(
            {
                "APIConnect": "DONE",
                "bank_tran_id": params["bank_tran_id"],
                "trans_id": tran_id,
                "refund_ref_id": "",
                "status": "failed",
                "errorReason": reason,
            }
        )

    def _refund_status(self, params: Mapping[str, str]) -> Response:
        if wrong := self._unwelcome(params, "refund_ref_id"):
            return wrong
        refund: Refund | None
        try:
            refund = self._gateway.find_refund(params["refund_ref_id"])
            session = self._gateway.session(refund.sessionkey)
        except LookupError:
            refund = None
        tran_id = session.tran_id if refund else ""
        fault = self._faults.take("query", tran_id)
        if spoilt := self._spoilt_before("refund_status", tran_id, fault):
            return spoilt
        if refund is None:
            self._note("refund_status", "", fault, "unknown")
            return as_json({"APIConnect": "DONE", "errorReason": "Invalid refund_ref_id"})
        self._note("refund_status", tran_id, fault, refund.status)
        answer = {
            "APIConnect": "DONE",
            "bank_tran_id": session.bank_tran_id,
            "tran_id": tran_id,
            "refund_ref_id": refund.refund_ref_id,
            "initiated_on": stamp(refund.initiated_at),
            "refunded_on": stamp(refund.settled_at) if refund.settled_at and refund.status == "refunded" else "",
            "status": refund.status,
            "errorReason": "",
        }
        return self._late(as_json(answer), fault, tran_id)

    def _query_session(self, params: Mapping[str, str]) -> Response:
        if wrong := self._unwelcome(params, "sessionkey"):
            return wrong
        try:
            session = self._gateway.session(params["sessionkey"])
        except LookupError:
            session = None
        tran_id = session.tran_id if session else ""
        fault = self._faults.take("query", tran_id)
        if spoilt := self._spoilt_before("query", tran_id, fault):
            return spoilt
        if session is None:
            answer = {"APIConnect": "DONE", "status": "INVALID_TRANSACTION", "sessionkey": params["sessionkey"]}
        else:
            answer = {"APIConnect": "DONE", "sessionkey": session.sessionkey, **query_element(session)}
        self._note("query", tran_id, fault, answer["status"])
        return self._late(as_json(answer), fault, tran_id)

    def _query_tran_id(self, params: Mapping[str, str]) -> Response:
        if wrong := self._unwelcome(params, "tran_id"):
            return wrong
        tran_id = params["tran_id"]
        fault = self._faults.take("query", tran_id)
        if spoilt := self._spoilt_before("query", tran_id, fault):
            return spoilt
        shape = self._faults.take("query_shape", tran_id)
        known = [] if shape == "none" else self._gateway.find_sessions(tran_id)
        elements = [query_element(session) for session in known]
        found: int | str = len(elements)
        # The real gateway fills element even where it found nothing.
        element: Any = elements or [{"tran_id": tran_id, "status": "INVALID"}]
        if shape == "object":
            element = element[0]
        elif shape == "text_count":
            found = str(found)
        self._note("query", tran_id, fault, f"{len(elements)} found")
        return self._late(
            as_json({"APIConnect": "DONE", "no_of_trans_found": found, "element": element}), fault, tran_id
        )

    # What all of the validator's APIs have in common

    def _unwelcome(self, params: Mapping[str, str], *required: str) -> Response | None:
        if not all(params.get(name) for name in ("store_id", "store_passwd", *required)):
            return as_json({"APIConnect": "INVALID_REQUEST"})
        if params.get("format", "json") != "json":
            return as_json({"APIConnect": "INVALID_REQUEST"})
        if not self._gateway.knows(params):
            return as_json({"APIConnect": "FAILED"})
        return None

    def _spoilt_before(self, api: str, tran_id: str, fault: str) -> Response | None:
        """The answer of a gateway that failed before it did anything."""
        spoilt = {
            "error_500": Response(ERROR_PAGE, "text/html; charset=utf-8", 500),
            "html": Response(ERROR_PAGE, "text/html; charset=utf-8"),
            "inactive": as_json({"APIConnect": "INACTIVE"}),
        }.get(fault)
        if spoilt:
            self._note(api, tran_id, fault, fault)
        return spoilt

    def _late(self, response: Response, fault: str, tran_id: str) -> Response:
        """The answer of a gateway that did its work, on a bad way to the merchant."""
        match fault:
            case "timeout":
                return replace(response, hold=self._faults.take("hold_seconds", tran_id))
            case "drop":
                return replace(response, hang_up=True)
            case "truncated":
                return replace(response, body=response.body[: len(response.body) // 2])
        return response

    def _note(self, api: str, tran_id: str, fault: str, answer: str) -> None:
        with self._store.transaction() as db:
            db.execute(
                "INSERT INTO call (at, api, tran_id, fault, answer) VALUES (?, ?, ?, ?, ?)",
                (now().isoformat(), api, tran_id, "" if fault == "ok" else fault, answer),
            )


def session_answer(session: Session, page: str, store_name: str) -> dict[str, Any]:
    return {
        "status": "SUCCESS",
        "failedreason": "",
        "sessionkey": session.sessionkey,
        "gw": {
            "visa": "visacard",
            "master": "mastercard",
            "amex": "",
            "othercards": "",
            "internetbanking": "city",
            "mobilebanking": "bkash,nagad",
        },
        "redirectGatewayURL": "",
        "directPaymentURLBank": "",
        "directPaymentURLCard": "",
        "directPaymentURL": "",
        "redirectGatewayURLFailed": "",
        "GatewayPageURL": page,
        "storeBanner": "",
        "storeLogo": "",
        "store_name": store_name,
        "desc": [
            {"name": name, "type": kind, "logo": "", "gw": gateway}
            for name, kind, gateway in (
                ("VISA", "visa", "visacard"),
                ("MASTER", "master", "mastercard"),
                ("BKash", "mobilebanking", "bkash"),
                ("Nagad", "mobilebanking", "nagad"),
                ("City Bank", "internetbanking", "city"),
            )
        ],
        "is_direct_pay_enable": "0",
    }
