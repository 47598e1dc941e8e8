"""The SSLCommerz client: against the sandbox, and against servers that no sandbox would be."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest

from config.processes import wait_until
from payments.gateways import gateway
from payments.gateways.base import (
    Customer,
    GatewayRefused,
    GatewayUnclear,
    NotSigned,
    OtherStore,
    Outcome,
    RefundState,
    SessionRequest,
)
from payments.gateways.sslcommerz import AWAY_SECONDS, FAILURES, SSLCommerz, fuses
from tests.payments.sandbox_process import STORE_PASSWORD, Sandbox
from tests.payments.test_settlement import genuine, sign

PORTAL = "http://portal.example"


def client(url: str, *, timeout: float = 5, page_hosts: list[str] | None = None) -> SSLCommerz:
    return SSLCommerz(
        url=url,
        store_id="demo",
        password=STORE_PASSWORD,
        page_hosts=page_hosts or [],
        reply_address="portal@example.com",
        timeout=timeout,
    )


def session_request(**changes: Any) -> SessionRequest:
    fields = {
        "tran_id": "P1",
        "amount": Decimal("500.00"),
        "currency": "BDT",
        "product": "Consultation fee",
        "customer": Customer(name="Rahima Begum", email="rahima@example.com", phone="01711000000"),
        "success_url": f"{PORTAL}/success",
        "fail_url": f"{PORTAL}/fail",
        "cancel_url": f"{PORTAL}/cancel",
        "ipn_url": "",
    }
    return SessionRequest(**fields | changes)


def paid(sandbox: Sandbox, tran_id: str = "P1", **changes: Any) -> dict[str, Any]:
    gateway().open_session(session_request(tran_id=tran_id, **changes))
    return sandbox.pay(tran_id)


# Sessions


def test_session_leads_to_a_page_of_the_gateway(sandbox: Sandbox) -> None:
    session = gateway().open_session(session_request())

    assert session.page_url.startswith(f"{sandbox.url}/")
    assert session.key == sandbox.transaction("P1")["sessionkey"]


def test_session_tells_the_gateway_nothing_it_need_not_know(sandbox: Sandbox) -> None:
    gateway().open_session(session_request())

    sent = sandbox.transaction("P1")["request"]
    assert {name: value for name, value in sent.items() if name.startswith(("cus_", "product_", "value_"))} == {
        "cus_name": "Rahima Begum",
        "cus_email": "rahima@example.com",
        "cus_phone": "01711000000",
        "cus_add1": "Dhaka",
        "cus_city": "Dhaka",
        "cus_postcode": "1000",
        "cus_country": "Bangladesh",
        "product_name": "Consultation fee",
        "product_category": "Service",
        "product_profile": "non-physical-goods",
    }


@pytest.mark.parametrize(
    ("customer", "field", "sent"),
    [
        (Customer(name="ন" * 120, email="a@b.example", phone=""), "cus_name", "ন" * 50),
        (Customer(name="A\nB\x00C", email="a@b.example", phone=""), "cus_name", "A B C"),
        (Customer(name="A", email="a@b.example", phone=""), "cus_phone", "00000000000"),
        (Customer(name="A", email="x" * 60 + "@b.example", phone=""), "cus_email", "portal@example.com"),
    ],
)
def test_session_fits_customers_into_the_gateways_fields(
    sandbox: Sandbox, settings: Any, customer: Customer, field: str, sent: str
) -> None:
    settings.DEFAULT_FROM_EMAIL = "Portal <portal@example.com>"
    gateway().open_session(session_request(customer=customer))

    assert sandbox.transaction("P1")["request"][field] == sent


def test_session_refused_gives_the_reason(sandbox: Sandbox) -> None:
    with pytest.raises(GatewayRefused, match="from 10"):
        gateway().open_session(session_request(amount=Decimal("9.99")))
    sandbox.faults(session="failed")
    with pytest.raises(GatewayRefused, match="channels are not available"):
        gateway().open_session(session_request())


@pytest.mark.parametrize("fault", ["html", "no_url", "drop"])
def test_session_without_a_clear_answer_is_unclear_and_asked_once(sandbox: Sandbox, fault: str) -> None:
    sandbox.faults(session=fault)
    with pytest.raises(GatewayUnclear):
        gateway().open_session(session_request())

    assert len(sandbox.calls()) == 1


def test_session_that_times_out_is_unclear_in_time(sandbox: Sandbox, settings: Any) -> None:
    settings.SSLCOMMERZ_TIMEOUT = 0.8
    sandbox.faults(session="timeout", hold_seconds=5)
    started = time.monotonic()
    with pytest.raises(GatewayUnclear, match="no answer in time"):
        gateway().open_session(session_request())

    assert time.monotonic() - started < 5
    assert wait_until(lambda: sandbox.transactions("P1"), timeout=10)
    assert sandbox.transaction("P1")["status"] == "PENDING"


def test_wrong_password_is_refused_and_not_shown(sandbox: Sandbox, settings: Any) -> None:
    settings.SSLCOMMERZ_STORE_PASSWORD = "hunter2-hunter2"
    with pytest.raises(GatewayRefused, match="Store Credential Error") as refusal:
        gateway().open_session(session_request())
    assert "hunter2" not in repr(refusal.value)
    with pytest.raises(GatewayUnclear, match="APIConnect FAILED"):
        gateway().validate("2201010101NoSuch")


@pytest.mark.parametrize(
    ("page", "is_allowed"),
    [
        ("https://epay-gw.sslcommerz.com/page?a=1", True),
        ("{own}/page", True),
        ("http://epay-gw.sslcommerz.com/page", False),
        ("https://evil.example/page", False),
        ("https://epay-gw.sslcommerz.com@evil.example/", False),
        ("https://epay-gw.sslcommerz.com:8443/", False),
        ("https://epay-gw.sslcommerz.com.evil.example/", False),
        ("https://epay-gw.sslcommerz.com\\@evil.example/", False),
        ("https://epay-gw.sslcommerz.com/\r\nLocation: x", False),
        ("https://[broken/", False),
        ("javascript:alert(1)", False),
        ("//evil.example/", False),
        ("/page", False),
        ("https://epay-gw.sslcommerz.com/" + "x" * 600, False),
        ("", False),
        (None, False),
        (["https://epay-gw.sslcommerz.com/"], False),
    ],
)
def test_payer_is_sent_to_allowed_hosts_only(rude: "Rude", page: Any, is_allowed: bool) -> None:
    if isinstance(page, str):
        page = page.replace("{own}", rude.url)
    rude.answer_json({"status": "SUCCESS", "sessionkey": "K", "GatewayPageURL": page})
    shop = client(rude.url, page_hosts=["epay-gw.sslcommerz.com"])

    if is_allowed:
        assert shop.open_session(session_request()).page_url == page
    else:
        with pytest.raises(GatewayUnclear):
            shop.open_session(session_request())


# Validation and queries


def test_validation_reads_what_the_gateway_vouches_for(sandbox: Sandbox) -> None:
    payment = paid(sandbox)
    for _ in ("VALID", "VALIDATED"):
        validation = gateway().validate(payment["val_id"])
        assert (validation.tran_id, validation.amount, validation.currency) == ("P1", Decimal(500), "BDT")
        assert validation.store_amount == Decimal("487.50")
        assert not validation.is_risky


def test_validation_of_nothing_is_refused(sandbox: Sandbox) -> None:
    with pytest.raises(GatewayRefused, match="INVALID_TRANSACTION"):
        gateway().validate("2201010101NoSuchPayment")
    with pytest.raises(GatewayRefused):
        gateway().validate("a b")
    assert [call["api"] for call in sandbox.calls()] == ["validation"]


@pytest.mark.parametrize("times", [1, 2])
def test_question_is_asked_twice_and_no_more(sandbox: Sandbox, times: int) -> None:
    payment = paid(sandbox)
    sandbox.faults(validation="error_500", times=times)
    if times == 1:
        assert gateway().validate(payment["val_id"]).tran_id == "P1"
    else:
        with pytest.raises(GatewayUnclear, match="HTTP 500"):
            gateway().validate(payment["val_id"])

    assert len([call for call in sandbox.calls() if call["api"] == "validation"]) == 2


@pytest.mark.parametrize("shape", ["list", "object", "text_count"])
def test_query_reads_every_shape(sandbox: Sandbox, shape: str) -> None:
    sandbox.faults(query_shape=shape)
    payment = paid(sandbox)
    gateway().open_session(session_request(tran_id="P2"))

    (found,) = gateway().find("P1")
    assert (found.outcome, found.val_id) == (Outcome.PAID, payment["val_id"])
    assert [each.outcome for each in gateway().find("P2")] == [Outcome.PENDING]
    assert gateway().find("P3") == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ({"no_of_trans_found": "No transaction found", "element": []}, []),
        ({"no_of_trans_found": None}, []),
        ({"no_of_trans_found": 0, "element": [{"tran_id": "P1", "status": "INVALID"}]}, []),
        ({"no_of_trans_found": "1", "element": {"tran_id": "P1", "status": "FAILED"}}, [Outcome.FAILED]),
        ({"no_of_trans_found": 1, "element": [{"tran_id": "P9", "status": "VALID", "val_id": "V"}]}, []),
        ({"no_of_trans_found": 1, "element": "P1"}, None),
        ({"no_of_trans_found": 2, "element": []}, None),
        ({"no_of_trans_found": 1, "element": ["P1"]}, None),
    ],
)
def test_query_reads_what_others_reported(rude: "Rude", answer: Any, found: list[Outcome] | None) -> None:
    rude.answer_json({"APIConnect": "DONE"} | answer)
    if found is None:
        with pytest.raises(GatewayUnclear):
            client(rude.url).find("P1")
    else:
        assert [each.outcome for each in client(rude.url).find("P1")] == found


def test_session_is_found_by_its_key_under_its_own_tran_id(sandbox: Sandbox) -> None:
    session = gateway().open_session(session_request())
    (found,) = gateway().find_session(session.key, tran_id="P1")
    assert (found.outcome, found.val_id) == (Outcome.PENDING, "")
    payment = sandbox.pay("P1")
    (found,) = gateway().find_session(session.key, tran_id="P1")
    assert (found.outcome, found.val_id) == (Outcome.PAID, payment["val_id"])
    assert gateway().find_session(session.key, tran_id="P2") == []
    assert gateway().find_session("NOSUCHSESSION", tran_id="P1") == []


@pytest.mark.parametrize(
    "changed",
    [
        {"currency_amount": "1,200.00"},
        {"currency_amount": "-500.00"},
        {"currency_amount": "5e2"},
        {"currency_amount": "NaN"},
        {"currency_amount": "0.00"},
        {"currency_amount": True},
        {"currency_amount": None},
        {"amount": ""},
        {"store_amount": {}},
        {"val_id": ""},
        {"val_id": "V" * 61},
        {"bank_tran_id": None},
        {"tran_id": ["P1"]},
        {"currency_type": "TAKA"},
        {"APIConnect": "INACTIVE"},
        {"APIConnect": None},
        {"status": "PENDING"},
        {"status": None},
    ],
)
def test_validation_that_cannot_be_read_is_unclear(rude: "Rude", changed: dict[str, Any]) -> None:
    rude.answer_json(VALIDATION | changed)
    with pytest.raises(GatewayUnclear):
        client(rude.url).validate("V1")


@pytest.mark.parametrize("risk", ["1", 1, "", None, "2", "high"])
def test_whatever_is_not_clearly_safe_is_risky(rude: "Rude", risk: Any) -> None:
    rude.answer_json(VALIDATION | {"risk_level": risk})
    assert client(rude.url).validate("V1").is_risky


def test_amounts_written_as_numbers_are_exact(rude: "Rude") -> None:
    rude.answer(b'{"APIConnect":"DONE","status":"VALID","val_id":"V1","tran_id":"P1","amount":500.10,"currency_type":'
                b'"BDT","currency_amount":500.10,"store_amount":487.6,"bank_tran_id":"B1","risk_level":0}')  # fmt: skip
    validation = client(rude.url).validate("V1")
    assert (validation.amount, validation.store_amount) == (Decimal("500.10"), Decimal("487.6"))
    assert not validation.is_risky


VALIDATION = {
    "APIConnect": "DONE", "status": "VALID", "val_id": "V1", "tran_id": "P1", "amount": "500.00",
    "currency_type": "BDT", "currency_amount": "500.00", "store_amount": "487.50", "bank_tran_id": "B1",
    "risk_level": "0",
}  # fmt: skip


# Refunds


def test_refund_is_given_once_for_a_refund_trans_id(sandbox: Sandbox) -> None:
    payment = paid(sandbox)
    asked = {"refund_trans_id": "R1", "amount": Decimal("200.00"), "remarks": "Refund"}
    first = gateway().refund(bank_tran_id=payment["bank_tran_id"], **asked)
    again = gateway().refund(bank_tran_id=payment["bank_tran_id"], **asked)

    assert first == again
    assert gateway().refund_status(first.ref_id).state is RefundState.DONE
    (refund,) = sandbox.transaction("P1")["refunds"]
    assert (refund["refund_trans_id"], refund["amount"]) == ("R1", "200.00")


def test_refund_is_never_asked_for_twice_by_itself(sandbox: Sandbox) -> None:
    payment = paid(sandbox)
    sandbox.faults(refund="inactive")
    with pytest.raises(GatewayUnclear):
        gateway().refund(
            bank_tran_id=payment["bank_tran_id"], refund_trans_id="R1", amount=Decimal(1), remarks="Refund"
        )
    assert [call["api"] for call in sandbox.calls()].count("refund") == 1


# Messages


def message(sandbox: Sandbox) -> dict[str, Any]:
    return genuine(paid(sandbox))


def test_signed_message_is_read(sandbox: Sandbox) -> None:
    fields = message(sandbox)
    read = gateway().read_message(sign(fields))
    assert (read.tran_id, read.val_id, read.outcome) == ("P1", fields["val_id"], Outcome.PAID)
    assert (read.amount, read.currency) == (Decimal(500), "BDT")


def test_message_of_another_store_is_told_apart(sandbox: Sandbox) -> None:
    with pytest.raises(OtherStore):
        gateway().read_message(sign(message(sandbox) | {"store_id": "another"}))


def forge_by_embedding(fields: dict[str, Any]) -> dict[str, Any]:
    """The hole in the scheme: values are not escaped, so a signed line can be cut into other fields. Here the real
    amount goes into another field's value, and the field of the amount is left to be said at will."""
    signed = sign(fields)
    keys = [key for key in signed["verify_key"].split(",") if key not in {"currency_amount", "card_type"}]
    hidden = f"{fields['card_type']}&currency_amount={fields['currency_amount']}"
    return signed | {"currency_amount": "5.00", "card_type": hidden, "verify_key": ",".join([*keys, "card_type"])}


FORGERIES: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "nothing signed": lambda fields: fields,
    "another password": lambda fields: sign(fields, password="guessed"),
    "MD5 alone": lambda fields: {k: v for k, v in sign(fields).items() if k != "verify_sign_sha2"},
    "changed afterwards": lambda fields: sign(fields) | {"currency_amount": "5.00"},
    "amount not covered": lambda fields: sign(fields, keys=sorted(set(fields) - {"currency_amount"})),
    "val_id not covered": lambda fields: sign(fields, keys=sorted(set(fields) - {"val_id"})),
    "store not covered": lambda fields: sign(fields, keys=sorted(set(fields) - {"store_id"})),
    "key that is not there": lambda fields: sign(fields | {"gone": "1"}) | {"verify_key": "gone"},
    "key missing": lambda fields: {k: v for k, v in sign(fields).items() if k != "card_no"},
    "key named twice": lambda fields: (s := sign(fields)) | {"verify_key": s["verify_key"] + ",amount"},
    "odd key": lambda fields: sign(fields | {"a=1&b": "x"}),
    "password as a field": lambda fields: (s := sign(fields)) | {
        "store_passwd": "x", "verify_key": s["verify_key"] + ",store_passwd"
    },
    "signature that is not ASCII": lambda fields: sign(fields) | {"verify_sign_sha2": "ষ" * 64},
    "embedded": forge_by_embedding,
    "empty": lambda fields: {},
}  # fmt: skip


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_message_that_is_not_signed_as_it_must_be_is_not_read(
    sandbox: Sandbox, forge: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    with pytest.raises(NotSigned):
        gateway().read_message(forge(message(sandbox)))


# Servers that misbehave


class Rude:
    """A server that sends given bytes to whoever connects; `between` is a pause after each byte."""

    def __init__(self) -> None:
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        self.head, self.body, self.between = b"", b"", 0.0
        self.asked: list[bytes] = []
        self.closing = threading.Event()
        threading.Thread(target=self.serve, daemon=True).start()

    def answer(self, body: bytes, *, status: str = "200 OK", headers: str = "") -> None:
        self.head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{headers}Connection: close\r\n\r\n".encode()
        self.body = body

    def answer_json(self, answer: Any) -> None:
        self.answer(json.dumps(answer).encode())

    def serve(self) -> None:
        while not self.closing.is_set():
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                self.converse(connection)

    def converse(self, connection: socket.socket) -> None:
        try:
            self.asked.append(connection.recv(65536))
            if not self.between:
                connection.sendall(self.head + self.body)
                return
            for byte in self.head + self.body:
                connection.sendall(bytes([byte]))
                if self.closing.wait(self.between):
                    return
        except OSError:
            return

    def close(self) -> None:
        self.closing.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()


@pytest.fixture
def rude() -> Iterator[Rude]:
    # An earlier one may have had the same port.
    fuses.clear()
    rude = Rude()
    yield rude
    rude.close()


def test_gateway_that_fails_in_a_row_is_left_alone_and_then_tried_once(
    rude: Rude, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [0.0]
    monkeypatch.setattr("config.fuse.monotonic", lambda: clock[0])
    shop = client(rude.url)
    rude.answer(b"<html>", status="502 Bad Gateway")
    for _ in range(FAILURES):
        assert not shop.is_away
        with pytest.raises(GatewayUnclear, match="HTTP 502"):
            shop.open_session(session_request())
    asked = len(rude.asked)
    for ask in (lambda: shop.open_session(session_request()), lambda: client(rude.url).validate("V1")):
        with pytest.raises(GatewayUnclear, match="left alone"):
            ask()
    assert (shop.is_away, len(rude.asked)) == (True, asked)
    assert not client("http://127.0.0.1:1").is_away, "another gateway is another one"

    # One caller tries; it fails, and the time begins anew.
    clock[0] += AWAY_SECONDS
    for match in ("HTTP 502", "left alone"):
        with pytest.raises(GatewayUnclear, match=match):
            shop.open_session(session_request())
    # It is back, and a refusal is an answer too.
    clock[0] += AWAY_SECONDS
    rude.answer_json({"status": "FAILED", "failedreason": "No"})
    for _ in range(FAILURES + 1):
        with pytest.raises(GatewayRefused):
            shop.open_session(session_request())
    assert not shop.is_away


def test_failures_that_are_not_in_a_row_are_borne(rude: Rude) -> None:
    shop = client(rude.url)
    for _ in range(FAILURES):
        rude.answer(b"<html>")
        with pytest.raises(GatewayUnclear):
            shop.open_session(session_request())
        rude.answer_json({"status": "FAILED"})
        with pytest.raises(GatewayRefused):
            shop.open_session(session_request())


@pytest.mark.parametrize("part", ["head", "body"])
def test_answer_that_trickles_is_cut_off_in_time(rude: Rude, part: str) -> None:
    rude.answer(b'{"status": "VALID", "pad": "' + b"x" * 5000 + b'"}')
    rude.between = 0.1
    if part == "body":
        rude.head, rude.body = b"", rude.head + rude.body
        rude.between = 0.02
    started = time.monotonic()
    with pytest.raises(GatewayUnclear, match="no answer in time"):
        client(rude.url, timeout=1).validate("V1")

    assert time.monotonic() - started < 10


def test_silence_ends_in_time(rude: Rude) -> None:
    rude.head, rude.between = b" " * 10, 3
    started = time.monotonic()
    with pytest.raises(GatewayUnclear, match="no answer"):
        client(rude.url, timeout=1).find("P1")

    assert time.monotonic() - started < 10


@pytest.mark.parametrize(
    ("body", "status", "headers"),
    [
        (b"{}" + b" " * 600_000, "200 OK", ""),
        (b"[" * 100_000, "200 OK", ""),
        (b'{"status": "VALID"', "200 OK", ""),
        (b'["VALID"]', "200 OK", ""),
        (b'{"n": ' + b"9" * 5000 + b"}", "200 OK", ""),
        (b"\xff\xfe\x00", "200 OK", ""),
        (b"", "200 OK", ""),
        (b"{}", "302 Found", "Location: http://127.0.0.1:1/\r\n"),
        (b'{"status": "VALID", "APIConnect": "DONE"}', "500 Oops", ""),
        (b'{"status": "VALID", "APIConnect": "DONE"}', "404 Not Found", ""),
    ],
    ids=["large", "deep", "truncated", "list", "long number", "not UTF-8", "empty", "redirect", "500", "404"],
)
def test_answer_that_is_no_answer_is_unclear(rude: Rude, body: bytes, status: str, headers: str) -> None:
    rude.answer(body, status=status, headers=headers)
    with pytest.raises(GatewayUnclear):
        client(rude.url).validate("V1")


def test_server_that_is_not_there_is_unclear_and_its_address_unsaid() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with pytest.raises(GatewayUnclear) as unclear:
        client(url).validate("V1")

    error: BaseException | None = unclear.value
    while error:
        assert STORE_PASSWORD not in repr(error)
        assert error.__cause__ is None
        error = error.__context__


def test_password_does_not_reach_the_callers_fields(sandbox: Sandbox) -> None:
    fields = {"tran_id": "P1"}
    assert client(sandbox.url).createSession(fields)["status"] == "FAILED"
    assert fields == {"tran_id": "P1"}


def test_sessions_fields_are_urlencoded_and_sent_once_over_a_fresh_connection(rude: Rude) -> None:
    rude.answer_json({"status": "FAILED", "failedreason": "No\nway\x00"})
    with pytest.raises(GatewayRefused, match=r"^No way$"):
        client(rude.url).open_session(session_request())

    (asked,) = rude.asked
    assert b"Content-Type: application/x-www-form-urlencoded" in asked
