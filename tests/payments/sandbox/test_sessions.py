"""Opening a session: what is accepted, what is refused and why, and the answers that go wrong."""

import time

import pytest
import requests

from tests.payments.sandbox.shop import SESSION_API, Shop
from tests.payments.sandbox_process import Sandbox


def test_session_answers_with_a_payment_page(shop: Shop) -> None:
    answer = shop.open()

    assert answer["status"] == "SUCCESS"
    assert answer["failedreason"] == ""
    assert len(answer["sessionkey"]) == 32
    page = requests.get(answer["GatewayPageURL"], timeout=10)
    assert page.status_code == 200
    assert "৳ 1,200.00" in page.text


def test_session_page_is_where_the_merchant_found_the_gateway(shop: Shop, sandbox: Sandbox) -> None:
    by_name = sandbox.url.replace("127.0.0.1", "localhost")

    answer = requests.post(by_name + SESSION_API, data=shop.session_params(), timeout=10).json()

    assert answer["GatewayPageURL"].startswith(by_name)


def test_session_keeps_what_was_sent_but_the_password(shop: Shop, sandbox: Sandbox) -> None:
    shop.open(tran_id="T1")

    kept = sandbox.transaction("T1")
    assert kept["status"] == "PENDING"
    assert kept["request"]["product_name"] == "Consultation"
    assert "store_passwd" not in kept["request"]
    assert "demo-secret" not in sandbox.output.read_text()


@pytest.mark.parametrize("name", ["store_id", "store_passwd"])
def test_session_refuses_wrong_credentials(shop: Shop, name: str) -> None:
    answer = shop.open(**{name: "other"})

    assert answer["status"] == "FAILED"
    assert answer["failedreason"] == "Store Credential Error Or Store is De-active"
    assert not answer["GatewayPageURL"]


def test_session_refuses_multipart(shop: Shop, sandbox: Sandbox) -> None:
    files = {name: (None, value) for name, value in shop.session_params().items()}

    answer = requests.post(sandbox.url + SESSION_API, files=files, timeout=10).json()

    assert answer["status"] == "FAILED"
    assert sandbox.transactions() == []


@pytest.mark.parametrize(
    "name",
    [
        "total_amount",
        "currency",
        "tran_id",
        "success_url",
        "fail_url",
        "cancel_url",
        "cus_name",
        "cus_email",
        "cus_add1",
        "cus_city",
        "cus_postcode",
        "cus_country",
        "cus_phone",
        "shipping_method",
        "num_of_item",
        "product_name",
        "product_category",
        "product_profile",
    ],
)
def test_session_refuses_a_missing_field(shop: Shop, sandbox: Sandbox, name: str) -> None:
    answer = shop.open(**{name: None})

    assert answer["status"] == "FAILED"
    assert name in answer["failedreason"]
    assert sandbox.transactions() == []


@pytest.mark.parametrize(
    ("name", "longest"),
    [
        ("tran_id", 30),
        ("cus_name", 50),
        ("cus_add1", 50),
        ("cus_postcode", 30),
        ("cus_country", 50),
        ("cus_phone", 20),
        ("product_name", 255),
        ("value_a", 255),
        ("value_d", 255),
    ],
)
def test_session_refuses_a_field_that_is_too_long(shop: Shop, name: str, longest: int) -> None:
    assert shop.open(**{name: "ক" * longest})["status"] == "SUCCESS"
    assert name in shop.open(**{name: "ক" * (longest + 1)})["failedreason"]


def test_session_refuses_a_hyphenated_uuid(shop: Shop) -> None:
    assert "tran_id" in shop.open(tran_id="0191b2f0-6e5b-7c3e-9d5f-0c2f5b1f9a11")["failedreason"]


@pytest.mark.parametrize("amount", ["10.00", "10", "500000.00", "99.5"])
def test_session_accepts_an_amount(shop: Shop, amount: str) -> None:
    assert shop.open(total_amount=amount)["status"] == "SUCCESS"


@pytest.mark.parametrize("amount", ["9.99", "500000.01", "1,200.00", "12.345", "-50.00", "1e3", "NaN", "১২০০", " 50"])
def test_session_refuses_an_amount(shop: Shop, amount: str) -> None:
    assert shop.open(total_amount=amount)["status"] == "FAILED"


def test_session_converts_other_currencies(shop: Shop, sandbox: Sandbox) -> None:
    shop.open(tran_id="T1", total_amount="10.00", currency="USD")

    kept = sandbox.transaction("T1")
    assert (kept["amount"], kept["currency_type"], kept["currency_amount"]) == ("1215.00", "USD", "10.00")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("currency", "XXX"),
        ("cus_email", "rahima"),
        ("product_profile", "health"),
        ("num_of_item", "x"),
        ("emi_option", "1"),
        ("shipping_method", "YES"),
        ("success_url", "javascript:alert(1)"),
        ("ipn_url", "file:///etc/passwd"),
        ("ipn_url", "ftp://example.com/ipn"),
        ("fail_url", "//example.com/fail"),
        ("cancel_url", "http://"),
        ("ipn_url", "http://user:secret@example.com/ipn"),
        ("success_url", "http://example.com;script-src/"),
        ("success_url", "http://[bad/"),
    ],
)
def test_session_refuses_a_wrong_value(shop: Shop, name: str, value: str) -> None:
    assert shop.open(**{name: value})["status"] == "FAILED"


def test_session_refuses_what_is_not_utf8(sandbox: Sandbox) -> None:
    answer = requests.post(
        sandbox.url + SESSION_API,
        data=b"cus_name=%ff",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
        timeout=10,
    ).json()

    assert answer["status"] == "FAILED"


def test_session_does_not_need_an_ipn_url(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(ipn_url=None)

    assert payment["status"] == "VALID"
    assert payment["ipns"] == []


def test_duplicate_tran_id_is_refused(shop: Shop) -> None:
    shop.open(tran_id="T1")

    assert "Duplicate" in shop.open(tran_id="T1")["failedreason"]


def test_duplicate_tran_id_is_accepted_when_switched(shop: Shop, sandbox: Sandbox) -> None:
    shop.open(tran_id="T1")
    sandbox.faults(duplicate_tran_id="accepted")

    assert shop.open(tran_id="T1")["status"] == "SUCCESS"
    assert shop.query(tran_id="T1")["no_of_trans_found"] == 2


def test_session_timeout_records_and_answers_late(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="timeout", hold_seconds=60)

    with pytest.raises(requests.ReadTimeout):
        shop.post_session({"tran_id": "T1"}, timeout=0.3)

    assert sandbox.transaction("T1")["status"] == "PENDING"


def test_session_timeout_ends_after_its_seconds(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="timeout", hold_seconds=0.2)

    started = time.monotonic()
    assert shop.open()["status"] == "SUCCESS"
    assert time.monotonic() - started >= 0.2


def test_session_drop_records_and_hangs_up(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="drop")

    with pytest.raises(requests.ConnectionError):
        shop.post_session({"tran_id": "T1"})

    assert sandbox.transaction("T1")["status"] == "PENDING"


def test_session_failed_records_nothing(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="failed")

    answer = shop.open(tran_id="T1")

    assert answer["status"] == "FAILED"
    assert answer["failedreason"]
    assert sandbox.transactions() == []
    assert [call["fault"] for call in sandbox.calls("T1")] == ["failed"]


def test_session_html_is_no_json(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="html")

    response = shop.post_session({})

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")
    assert response.text.startswith("<!DOCTYPE html>")


def test_session_no_url_is_a_success_without_a_page(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="no_url")

    answer = shop.open()

    assert (answer["status"], answer["GatewayPageURL"]) == ("SUCCESS", "")


def test_pay_on_open_notifies_before_the_session_is_answered(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(pay_on_open=True)
    shop.gate.clear()

    with pytest.raises(requests.ReadTimeout):
        shop.post_session({"tran_id": "T1"}, timeout=1)

    assert shop.wait_for_ipns(1)[0]["tran_id"] == "T1"
    shop.gate.set()
    assert sandbox.transaction("T1")["status"] == "VALID"
