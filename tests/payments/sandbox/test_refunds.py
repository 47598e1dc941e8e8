"""Refunds: never twice, never more than was paid, and their status until the money is back."""

from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
import requests

from tests.payments.sandbox.shop import MERCHANT_API, Shop
from tests.payments.sandbox_process import Sandbox


def test_refund_gives_the_money_back(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(tran_id="T1")

    answer = shop.refund(payment, "1200.00", "R1")

    assert answer["APIConnect"] == "DONE"
    assert (answer["status"], answer["errorReason"]) == ("success", "")
    assert (answer["bank_tran_id"], answer["trans_id"]) == (payment["bank_tran_id"], "T1")
    status = shop.query(refund_ref_id=answer["refund_ref_id"])
    assert (status["status"], status["tran_id"]) == ("refunded", "T1")
    assert status["initiated_on"] == status["refunded_on"] != ""
    (kept,) = sandbox.transaction("T1")["refunds"]
    assert (kept["refund_trans_id"], kept["amount"], kept["status"]) == ("R1", "1200.00", "refunded")


def test_refund_asked_twice_is_one(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(tran_id="T1")

    first, second = shop.refund(payment, "500.00", "R1"), shop.refund(payment, "500.00", "R1")

    assert first == second
    assert len(sandbox.transaction("T1")["refunds"]) == 1


def test_refund_asked_in_parallel_is_one(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(tran_id="T1")

    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: shop.refund(payment, "500.00", "R1"), range(16)))

    assert len({answer["refund_ref_id"] for answer in answers}) == 1
    assert len(sandbox.transaction("T1")["refunds"]) == 1


def test_refunds_in_parallel_never_exceed_the_payment(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(tran_id="T1")

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: shop.refund(payment, "500.00", f"R{n}"), range(8)))

    assert sorted(answer["status"] for answer in answers) == ["failed"] * 6 + ["success"] * 2
    assert sum(Decimal(refund["amount"]) for refund in sandbox.transaction("T1")["refunds"]) == 1000


def test_refund_in_parts_up_to_the_payment(shop: Shop) -> None:
    payment = shop.paid()

    assert shop.refund(payment, "700.00", "R1")["status"] == "success"
    refused = shop.refund(payment, "500.01", "R2")
    assert (refused["status"], refused["refund_ref_id"]) == ("failed", "")
    assert refused["errorReason"]
    assert shop.refund(payment, "500.00", "R3")["status"] == "success"


def test_refund_trans_id_belongs_to_one_refund(shop: Shop) -> None:
    payment, other = shop.paid(), shop.paid()
    shop.refund(payment, "500.00", "R1")

    assert shop.refund(payment, "400.00", "R1")["status"] == "failed"
    assert shop.refund(other, "500.00", "R1")["status"] == "failed"


@pytest.mark.parametrize("missing", ["refund_trans_id", "refund_amount", "refund_remarks", "bank_tran_id"])
def test_refund_needs_every_field(shop: Shop, missing: str) -> None:
    params = shop.refund_params(shop.paid(), "500.00", "R1") | {missing: ""}

    assert shop.query(**params) == {"APIConnect": "INVALID_REQUEST"}


@pytest.mark.parametrize(("name", "longest"), [("refund_trans_id", 30), ("refund_remarks", 255), ("refe_id", 50)])
def test_refund_refuses_what_is_too_long(shop: Shop, name: str, longest: int) -> None:
    params = shop.refund_params(shop.paid(), "5.00", "R1") | {name: "x" * (longest + 1)}

    assert shop.query(**params) == {"APIConnect": "INVALID_REQUEST"}


@pytest.mark.parametrize("amount", ["0.00", "-1.00", "12.345", "all"])
def test_refund_refuses_an_amount(shop: Shop, amount: str) -> None:
    assert shop.refund(shop.paid(), amount)["status"] == "failed"


def test_refund_of_what_was_not_paid_is_refused(shop: Shop) -> None:
    failed = shop.paid(outcome="FAILED")

    assert shop.refund(failed)["status"] == "failed"
    assert shop.refund({"bank_tran_id": "nobody"})["status"] == "failed"


def test_refund_refuses_wrong_credentials(shop: Shop) -> None:
    params = shop.refund_params(shop.paid(), "5.00", "R1")

    assert shop.query(**params, store_passwd="other") == {"APIConnect": "FAILED"}


def test_refund_stays_processing_until_settled(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(refund="processing")
    payment = shop.paid()

    answer = shop.refund(payment)

    ref = answer["refund_ref_id"]
    assert answer["status"] == "processing"
    waiting = shop.query(refund_ref_id=ref)
    assert (waiting["status"], waiting["refunded_on"]) == ("processing", "")
    sandbox.settle_refund(ref)
    done = shop.query(refund_ref_id=ref)
    assert done["status"] == "refunded"
    assert done["refunded_on"]
    assert sandbox.settle_refund(ref, "cancelled")["status"] == "refunded"


def test_cancelled_refund_leaves_the_money_refundable(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(refund="processing", times=1)
    payment = shop.paid()
    ref = shop.refund(payment, "1200.00", "R1")["refund_ref_id"]

    sandbox.settle_refund(ref, "cancelled")

    assert shop.query(refund_ref_id=ref)["status"] == "cancelled"
    assert shop.refund(payment, "1200.00", "R1")["status"] == "failed"
    assert shop.refund(payment, "1200.00", "R2")["status"] == "success"


def test_refund_failed_may_be_tried_again_under_the_same_id(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(refund="failed", times=1)
    payment = shop.paid(tran_id="T1")

    failed = shop.refund(payment)

    assert (failed["status"], failed["refund_ref_id"]) == ("failed", "")
    assert failed["errorReason"]
    assert sandbox.transaction("T1")["refunds"] == []
    assert shop.refund(payment)["status"] == "success"


@pytest.mark.parametrize(("fault", "word"), [("timeout", "success"), ("timeout_processing", "processing")])
def test_refund_timeout_was_recorded(shop: Shop, sandbox: Sandbox, fault: str, word: str) -> None:
    sandbox.faults(refund=fault, hold_seconds=60, times=1)
    payment = shop.paid(tran_id="T1")

    with pytest.raises(requests.ReadTimeout):
        shop.get(MERCHANT_API, shop.refund_params(payment, "1200.00", "R1"), timeout=0.3)

    assert len(sandbox.transaction("T1")["refunds"]) == 1
    assert shop.refund(payment, "1200.00", "R1")["status"] == word
    assert len(sandbox.transaction("T1")["refunds"]) == 1


def test_refund_drop_was_recorded(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(refund="drop", times=1)
    payment = shop.paid(tran_id="T1")

    with pytest.raises(requests.ConnectionError):
        shop.refund(payment)

    assert shop.refund(payment)["status"] == "success"
    assert len(sandbox.transaction("T1")["refunds"]) == 1


def test_refund_inactive(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(refund="inactive")

    assert shop.refund(shop.paid()) == {"APIConnect": "INACTIVE"}


def test_status_of_an_unknown_refund(shop: Shop) -> None:
    answer = shop.query(refund_ref_id="59bd63fea5455")

    assert answer["APIConnect"] == "DONE"
    assert "status" not in answer
