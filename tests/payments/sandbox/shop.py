"""The other side, for the sandbox's own tests: a merchant that opens sessions, asks the APIs and receives notices."""

import itertools
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import requests

from tests.payments.sandbox_process import STORE_ID, STORE_PASSWORD, Sandbox

PATIENCE = 20
CREDENTIALS = {"store_id": STORE_ID, "store_passwd": STORE_PASSWORD}
SESSION_API = "/gwprocess/v4/api.php"
VALIDATION_API = "/validator/api/validationserverAPI.php"
MERCHANT_API = "/validator/api/merchantTransIDvalidationAPI.php"


def wait_until(condition: Callable[[], bool]) -> None:
    """Ask again until it is so; AssertionError if that takes too long."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never came to be"


class Shop:
    """A merchant of one sandbox. Its URL receives IPNs at /ipn and browsers at /success, /fail and /cancel."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.received: list[tuple[str, dict[str, str]]] = []
        self._statuses: Iterator[int] = iter(())
        self._arrived = threading.Condition()
        self._numbers = itertools.count(1)
        self.gate = threading.Event()
        self.gate.set()
        self._server = _Server(("127.0.0.1", 0), self)
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        self.gate.set()
        self._server.shutdown()
        self._server.server_close()

    # What it asks

    def session_params(self, **changes: str | None) -> dict[str, str]:
        """A complete session request; None takes a field out."""
        params: dict[str, str | None] = {
            **CREDENTIALS,
            "total_amount": "1200.00",
            "currency": "BDT",
            "tran_id": f"T{next(self._numbers):06}",
            "success_url": f"{self.url}/success",
            "fail_url": f"{self.url}/fail",
            "cancel_url": f"{self.url}/cancel",
            "ipn_url": f"{self.url}/ipn",
            "cus_name": "Rahima Begum",
            "cus_email": "rahima@example.com",
            "cus_add1": "House 1",
            "cus_city": "Dhaka",
            "cus_postcode": "1205",
            "cus_country": "Bangladesh",
            "cus_phone": "01700000000",
            "shipping_method": "NO",
            "num_of_item": "1",
            "product_name": "Consultation",
            "product_category": "Service",
            "product_profile": "non-physical-goods",
            "emi_option": "0",
            "value_a": "attempt-7",
            **changes,
        }
        return {name: value for name, value in params.items() if value is not None}

    def open(self, **changes: str | None) -> dict[str, Any]:
        """The session API's answer."""
        answer: dict[str, Any] = self.post_session(changes).json()
        return answer

    def post_session(self, changes: Mapping[str, str | None], *, timeout: float = PATIENCE) -> requests.Response:
        return requests.post(self.sandbox.url + SESSION_API, data=self.session_params(**changes), timeout=timeout)

    def paid(self, *, outcome: str = "VALID", channel: str = "visa", **changes: str | None) -> dict[str, Any]:
        """Open a session, end it, and return what /control/pay answers."""
        tran_id = changes.pop("tran_id", None) or f"T{next(self._numbers):06}"
        assert self.open(tran_id=tran_id, **changes)["status"] == "SUCCESS"
        return self.sandbox.pay(tran_id, outcome, channel=channel)

    def get(self, path: str, params: Mapping[str, str], *, timeout: float = PATIENCE) -> requests.Response:
        return requests.get(self.sandbox.url + path, params={**CREDENTIALS, **params}, timeout=timeout)

    def validate(self, val_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(VALIDATION_API, {"val_id": val_id, "v": "1", "format": "json"}).json()
        return answer

    def refund(self, payment: dict[str, Any], amount: str = "1200.00", refund_trans_id: str = "R1") -> dict[str, Any]:
        answer: dict[str, Any] = self.get(MERCHANT_API, self.refund_params(payment, amount, refund_trans_id)).json()
        return answer

    def refund_params(self, payment: dict[str, Any], amount: str, refund_trans_id: str) -> dict[str, str]:
        return {
            "bank_tran_id": payment["bank_tran_id"],
            "refund_trans_id": refund_trans_id,
            "refund_amount": amount,
            "refund_remarks": "Cancelled in time",
        }

    def query(self, **params: str) -> dict[str, Any]:
        answer: dict[str, Any] = self.get(MERCHANT_API, {**params, "format": "json"}).json()
        return answer

    # What it receives

    @property
    def ipns(self) -> list[dict[str, str]]:
        with self._arrived:
            return [fields for path, fields in self.received if path == "/ipn"]

    @property
    def came_back(self) -> list[dict[str, str]]:
        """What browsers brought, of whatever outcome."""
        with self._arrived:
            return [fields for path, fields in self.received if path != "/ipn"]

    def answer_with(self, statuses: Iterable[int]) -> None:
        """The statuses of the next answers; 200 after those."""
        self._statuses = iter(statuses)

    def wait_for_ipns(self, count: int) -> list[dict[str, str]]:
        with self._arrived:
            arrived = self._arrived.wait_for(lambda: len(self.ipns) >= count, PATIENCE)
        assert arrived, f"{len(self.ipns)} of {count} IPNs arrived"
        return self.ipns

    def _receive(self, path: str, fields: dict[str, str]) -> int:
        with self._arrived:
            self.received.append((path, fields))
            status = next(self._statuses, 200)
            self._arrived.notify_all()
        self.gate.wait(PATIENCE)
        return status


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], shop: Shop) -> None:
        super().__init__(address, _Handler)
        self.shop = shop


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status = self.server.shop._receive(self.path, dict(parse_qsl(body, keep_blank_values=True)))
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", "/elsewhere")
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        """Tests ask what was received; nobody reads a log."""
