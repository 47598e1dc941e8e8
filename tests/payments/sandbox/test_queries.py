"""Queries by session and by tran_id, and the ways they fail: what a reconciler lives on."""

import json

import pytest
import requests

from tests.payments.sandbox.shop import MERCHANT_API, Shop
from tests.payments.sandbox_process import Sandbox


def test_query_by_session_is_one_flat_object(shop: Shop) -> None:
    sessionkey = shop.open(tran_id="T1")["sessionkey"]

    answer = shop.query(sessionkey=sessionkey)

    assert (answer["APIConnect"], answer["sessionkey"]) == ("DONE", sessionkey)
    assert (answer["status"], answer["tran_id"], answer["val_id"]) == ("PENDING", "T1", "")


def test_query_by_tran_id_lists_elements(shop: Shop) -> None:
    payment = shop.paid(tran_id="T1")

    answer = shop.query(tran_id="T1")

    assert (answer["APIConnect"], answer["no_of_trans_found"]) == ("DONE", 1)
    (element,) = answer["element"]
    assert (element["status"], element["val_id"]) == ("VALID", payment["val_id"])
    assert (element["currency_type"], element["currency_amount"]) == ("BDT", "1200.00")
    assert element["bank_tran_id"] == payment["bank_tran_id"]


def test_query_says_validated_after_validation(shop: Shop) -> None:
    payment = shop.paid(tran_id="T1")
    shop.validate(payment["val_id"])

    assert shop.query(tran_id="T1")["element"][0]["status"] == "VALIDATED"
    assert shop.query(sessionkey=payment["sessionkey"])["status"] == "VALIDATED"


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELLED", "UNATTEMPTED", "EXPIRED"])
def test_query_of_what_was_not_paid(shop: Shop, outcome: str) -> None:
    shop.paid(outcome=outcome, tran_id="T1")

    element = shop.query(tran_id="T1")["element"][0]

    assert (element["status"], element["val_id"]) == (outcome, "")


def test_query_of_an_unknown_tran_id_fills_element_all_the_same(shop: Shop) -> None:
    answer = shop.query(tran_id="T404")

    assert answer["APIConnect"] == "DONE"
    assert answer["no_of_trans_found"] == 0
    assert answer["element"] == [{"tran_id": "T404", "status": "INVALID"}]


def test_query_of_an_unknown_session(shop: Shop) -> None:
    answer = shop.query(sessionkey="F" * 32)

    assert (answer["APIConnect"], answer["status"]) == ("DONE", "INVALID_TRANSACTION")


def test_query_lists_the_newest_of_several_first(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(duplicate_tran_id="accepted")
    older = shop.open(tran_id="T1")["sessionkey"]
    newer = shop.open(tran_id="T1", total_amount="50.00")["sessionkey"]
    assert older != newer

    answer = shop.query(tran_id="T1")

    assert answer["no_of_trans_found"] == 2
    assert [element["amount"] for element in answer["element"]] == ["50.00", "1200.00"]


@pytest.mark.parametrize(("shape", "kinds"), [("object", (int, dict)), ("text_count", (str, list))])
def test_query_can_come_in_another_shape(shop: Shop, sandbox: Sandbox, shape: str, kinds: tuple[type, type]) -> None:
    shop.paid(tran_id="T1")
    sandbox.faults(query_shape=shape)

    answer = shop.query(tran_id="T1")

    assert (type(answer["no_of_trans_found"]), type(answer["element"])) == kinds


def test_query_refuses_an_incomplete_request_and_wrong_credentials(shop: Shop) -> None:
    assert shop.query() == {"APIConnect": "INVALID_REQUEST"}
    assert shop.query(tran_id="T1", store_passwd="other") == {"APIConnect": "FAILED"}


@pytest.mark.parametrize("way", ["tran_id", "sessionkey", "refund_ref_id"])
def test_query_fails_in_every_way(shop: Shop, sandbox: Sandbox, way: str) -> None:
    payment = shop.paid(tran_id="T1")
    asked = {
        "tran_id": "T1",
        "sessionkey": payment["sessionkey"],
        "refund_ref_id": shop.refund(payment)["refund_ref_id"],
    }
    params = {way: asked[way]}

    sandbox.faults(query="error_500", times=1)
    assert shop.get(MERCHANT_API, params).status_code == 500
    sandbox.faults(query="html", times=1)
    assert shop.get(MERCHANT_API, params).text.startswith("<!DOCTYPE html>")
    sandbox.faults(query="truncated", times=1)
    with pytest.raises(json.JSONDecodeError):
        json.loads(shop.get(MERCHANT_API, params).text)
    sandbox.faults(query="inactive", times=1)
    assert shop.query(**params) == {"APIConnect": "INACTIVE"}
    sandbox.faults(query="drop", times=1)
    with pytest.raises(requests.ConnectionError):
        shop.get(MERCHANT_API, params)
    sandbox.faults(query="timeout", hold_seconds=60, times=1)
    with pytest.raises(requests.ReadTimeout):
        shop.get(MERCHANT_API, params, timeout=0.3)
    assert shop.query(**params)["APIConnect"] == "DONE"
