"""/control/: its guard, the switches' scopes and counts, payments of the past."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import requests

from payments.sandbox.client import SandboxControl, SandboxError
from tests.payments.sandbox.shop import Shop
from tests.payments.sandbox_process import Sandbox

PAST: dict[str, Any] = {
    "tran_id": "OLD1",
    "amount": Decimal("800.00"),
    "bank_tran_id": "2612081030000oldBankTranId1",
    "val_id": "2612081030000oldValidation1",
    "paid_at": datetime(2026, 12, 8, 4, 30, tzinfo=UTC),
}


@pytest.mark.parametrize("token", ["", "wrong", "demo-secre"])
def test_control_needs_the_token(sandbox: Sandbox, token: str) -> None:
    for method, path in [("GET", "faults"), ("PUT", "faults"), ("GET", "transactions"), ("POST", "reset")]:
        answer = requests.request(
            method, f"{sandbox.url}/control/{path}", headers={"X-Sandbox-Token": token}, timeout=10
        )
        assert answer.status_code == 403

    with pytest.raises(SandboxError):
        SandboxControl(sandbox.url, token).reset()


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PUT", "faults", {"switches": {"nothing": "ok"}}, 400),
        ("PUT", "faults", {"switches": {"session": "sideways"}}, 400),
        ("PUT", "faults", {"switches": {"ipn_copies": 0}}, 400),
        ("PUT", "faults", {"switches": {"ipn_copies": True}}, 400),
        ("PUT", "faults", {"switches": {"hold_seconds": -1}}, 400),
        ("PUT", "faults", {"switches": {"risky": "yes"}}, 400),
        ("PUT", "faults", {"switches": {"ipn_fields": {"amount": 5}}}, 400),
        ("PUT", "faults", {"switches": {"session": "html"}, "times": 0}, 400),
        ("PUT", "faults", {"switches": []}, 400),
        ("PUT", "faults", [], 400),
        ("POST", "pay", {"tran_id": "T404"}, 404),
        ("POST", "pay", {"tran_id": 5}, 400),
        ("POST", "ipn/resend", {"tran_id": "T404"}, 404),
        ("POST", "refunds/nothing/settle", {}, 404),
        ("POST", "transactions", {"tran_id": "T1"}, 400),
        ("GET", "nothing", None, 404),
        ("DELETE", "transactions", None, 404),
    ],
)
def test_control_says_what_is_wrong(sandbox: Sandbox, method: str, path: str, body: Any, status: int) -> None:
    answer = requests.request(
        method,
        f"{sandbox.url}/control/{path}",
        json=body,
        headers={"X-Sandbox-Token": "demo-secret"},
        timeout=10,
    )

    assert answer.status_code == status
    assert answer.json()["error"]
    assert sandbox.standing_faults() == []


def test_wrong_switch_sets_none_of_the_others(sandbox: Sandbox) -> None:
    with pytest.raises(SandboxError, match="session takes one of"):
        sandbox.faults(risky=True, session="sideways")

    assert sandbox.standing_faults() == []


def test_switch_for_one_transaction_leaves_the_others(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(tran_id="T1", ipn="never")

    shop.paid(tran_id="T1")
    shop.paid(tran_id="T2")

    assert [ipn["tran_id"] for ipn in shop.ipns] == ["T2"]


def test_switch_for_one_transaction_comes_before_that_for_all(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="failed")
    sandbox.faults(tran_id="T1", session="ok")

    assert shop.open(tran_id="T1")["status"] == "SUCCESS"
    assert shop.open(tran_id="T2")["status"] == "FAILED"


def test_counted_switch_is_used_up(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(session="failed", times=2)

    assert [shop.open()["status"] for _ in range(3)] == ["FAILED", "FAILED", "SUCCESS"]
    assert sandbox.standing_faults() == []


def test_none_takes_one_switch_back_and_clear_all(sandbox: Sandbox) -> None:
    sandbox.faults(session="failed", refund="failed", validation="html")

    sandbox.faults(session=None)
    assert [each["name"] for each in sandbox.standing_faults()] == ["refund", "validation"]
    sandbox.clear_faults()
    assert sandbox.standing_faults() == []


def test_reset_forgets_everything(shop: Shop, sandbox: Sandbox) -> None:
    shop.paid(tran_id="T1")
    sandbox.faults(session="failed")

    sandbox.reset()

    assert sandbox.transactions() == []
    assert sandbox.calls() == []
    assert shop.open(tran_id="T1")["status"] == "SUCCESS"


def test_past_payment_can_be_validated_queried_and_refunded(shop: Shop, sandbox: Sandbox) -> None:
    registered = sandbox.register(**PAST)

    assert (registered["status"], registered["amount"]) == ("VALID", "800.00")
    assert registered["decided_at"] == "2026-12-08 10:30:00"
    assert shop.validate(PAST["val_id"])["status"] == "VALIDATED"
    assert shop.query(tran_id="OLD1")["element"][0]["val_id"] == PAST["val_id"]
    assert shop.refund(registered, "800.00")["status"] == "success"
    assert shop.refund(registered, "0.01", "R2")["status"] == "failed"
    assert shop.ipns == []


def test_past_payment_registered_twice_is_one(sandbox: Sandbox) -> None:
    assert sandbox.register(**PAST) == sandbox.register(**PAST)


@pytest.mark.parametrize(
    "change", [{"amount": Decimal("801.00")}, {"val_id": "2612081030000oldValidation2"}, {"tran_id": "OLD2"}]
)
def test_past_payment_that_contradicts_another_is_refused(sandbox: Sandbox, change: dict[str, Any]) -> None:
    sandbox.register(**PAST)

    with pytest.raises(SandboxError, match="different payment"):
        sandbox.register(**(PAST | change))


def test_calls_tell_what_the_merchant_asked(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(tran_id="T1")
    shop.validate(payment["val_id"])
    shop.refund(payment)
    shop.query(tran_id="T1")

    told = [(call["api"], call["answer"]) for call in sandbox.transaction("T1")["calls"]]

    assert told == [("session", "SUCCESS"), ("validation", "VALID"), ("refund", "success"), ("query", "1 found")]
