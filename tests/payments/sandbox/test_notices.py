"""The browser's return and the IPN: their fields, their signatures, when and how often they are sent."""

import hashlib
from typing import Any

import pytest
from sslcommerz_lib import SSLCOMMERZ

from tests.payments.sandbox.shop import Shop, wait_until
from tests.payments.sandbox_process import STORE_ID, STORE_PASSWORD, Sandbox

ALWAYS = {
    "tran_id",
    "amount",
    "bank_tran_id",
    "status",
    "tran_date",
    "error",
    "currency",
    "store_id",
    "currency_type",
    "currency_amount",
    "currency_rate",
    "base_fair",
    "value_a",
    "value_b",
    "value_c",
    "value_d",
    "verify_sign",
    "verify_sign_sha2",
    "verify_key",
}
CARD = {
    "card_type",
    "card_no",
    "card_issuer",
    "card_brand",
    "card_sub_brand",
    "card_issuer_country",
    "card_issuer_country_code",
}
PAID = {"val_id", "store_amount", "risk_level", "risk_title"}
FIELDS = {
    "VALID": ALWAYS | CARD | PAID,
    "FAILED": ALWAYS | CARD,
    "CANCELLED": ALWAYS,
    "UNATTEMPTED": ALWAYS | CARD | {"val_id", "store_amount"},
    "EXPIRED": ALWAYS | CARD | {"val_id", "store_amount"},
}


def md5_verifies(fields: dict[str, str]) -> bool:
    """The judgment of the gateway's own library."""
    library = SSLCOMMERZ({"store_id": STORE_ID, "store_pass": STORE_PASSWORD, "issandbox": True})
    return bool(library.hash_validate_ipn(dict(fields)))


def sha2_verifies(fields: dict[str, str]) -> bool:
    signed = {key: fields[key] for key in fields["verify_key"].split(",")}
    signed["store_passwd"] = hashlib.sha256(STORE_PASSWORD.encode()).hexdigest()
    text = "&".join(f"{key}={signed[key]}" for key in sorted(signed))
    return hashlib.sha256(text.encode()).hexdigest() == fields["verify_sign_sha2"]


def ipn_of(shop: Shop, **how: Any) -> dict[str, str]:
    shop.paid(**how)
    return shop.wait_for_ipns(1)[0]


@pytest.mark.parametrize("outcome", FIELDS)
def test_notice_has_the_fields_of_its_outcome_and_verifies(shop: Shop, outcome: str) -> None:
    fields = ipn_of(shop, outcome=outcome)

    assert set(fields) == FIELDS[outcome]
    assert fields["status"] == outcome
    assert set(fields["verify_key"].split(",")) == set(fields) - {"verify_sign", "verify_sign_sha2", "verify_key"}
    assert md5_verifies(fields)
    assert sha2_verifies(fields)


def test_valid_notice_says_what_was_paid(shop: Shop) -> None:
    fields = ipn_of(shop, channel="bkash", tran_id="T1", value_d="৳ & more")

    assert fields["tran_id"] == "T1"
    assert (fields["amount"], fields["currency"]) == ("1200.00", "BDT")
    assert (fields["currency_amount"], fields["currency_type"]) == ("1200.00", "BDT")
    assert fields["currency_rate"] == "1.0000"
    assert fields["store_amount"] == "1170.00"
    assert fields["card_brand"] == "MOBILEBANKING"
    assert (fields["value_a"], fields["value_d"]) == ("attempt-7", "৳ & more")
    assert fields["store_id"] == STORE_ID
    assert (fields["risk_level"], fields["risk_title"]) == ("0", "Safe")
    assert len(fields["val_id"]) == len(fields["bank_tran_id"]) == 27


def test_other_currencies_settle_in_taka_and_keep_what_was_sent(shop: Shop) -> None:
    fields = ipn_of(shop, total_amount="12.34", currency="USD")

    assert (fields["amount"], fields["currency"]) == ("1499.31", "BDT")
    assert (fields["currency_amount"], fields["currency_type"]) == ("12.34", "USD")
    assert fields["currency_rate"] == "121.5000"


def test_dates_are_on_dhakas_clock(shop: Shop, sandbox: Sandbox) -> None:
    fields = ipn_of(shop, tran_id="T1")

    # The reference begins with the same instant, and the control API reports it in the same way.
    date = fields["tran_date"]
    assert fields["val_id"].startswith(date[2:].replace("-", "").replace(" ", "").replace(":", ""))
    assert sandbox.transaction("T1")["decided_at"] == date


def test_cancelled_says_by_whom(shop: Shop) -> None:
    assert ipn_of(shop, outcome="CANCELLED")["error"] == "Cancelled by User"


@pytest.mark.parametrize(("outcome", "path"), [("VALID", "/success"), ("FAILED", "/fail"), ("CANCELLED", "/cancel")])
def test_return_carries_the_ipns_fields_to_the_outcomes_page(shop: Shop, outcome: str, path: str) -> None:
    payment = shop.paid(outcome=outcome)

    assert payment["return"] == {"url": shop.url + path, "fields": shop.ipns[0]}


@pytest.mark.parametrize("outcome", ["UNATTEMPTED", "EXPIRED"])
def test_nobody_returns_from_what_was_never_tried(shop: Shop, outcome: str) -> None:
    assert shop.paid(outcome=outcome)["return"] is None


def test_second_decision_changes_and_sends_nothing(shop: Shop, sandbox: Sandbox) -> None:
    first = shop.paid(tran_id="T1")

    second = sandbox.pay("T1", "FAILED")

    assert second["status"] == "VALID"
    assert second["return"] == first["return"]
    assert len(second["ipns"]) == len(shop.ipns) == 1


# When


def test_ipn_is_answered_before_the_browser_goes_back(shop: Shop) -> None:
    payment = shop.paid()

    (ipn,) = payment["ipns"]
    assert ipn["state"] == "delivered"
    assert [attempt["status_code"] for attempt in ipn["attempts"]] == [200]
    assert ipn["attempts"][0]["answer"] == "ok"


def test_ipn_may_race_the_browser(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(ipn="with_return")
    shop.gate.clear()

    payment = shop.paid()

    assert payment["ipns"][0]["state"] in ("new", "sending")
    shop.gate.set()
    shop.wait_for_ipns(1)


def test_late_ipn_is_held_until_released(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(ipn="late")
    assert shop.paid(tran_id="T1")["ipns"][0]["state"] == "held"
    shop.paid(tran_id="T2")
    assert shop.ipns == []

    assert sandbox.release_ipn("T1") == 1
    assert [ipn["tran_id"] for ipn in shop.ipns] == ["T1"]
    assert sandbox.release_ipn() == 1
    assert [ipn["tran_id"] for ipn in shop.ipns] == ["T1", "T2"]
    assert sandbox.release_ipn() == 0


def test_no_ipn_when_switched_to_never(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(ipn="never")

    payment = shop.paid()

    assert payment["status"] == "VALID"
    assert [ipn["state"] for ipn in payment["ipns"]] == ["never"]
    assert sandbox.release_ipn() == 0
    assert shop.ipns == []


def test_copies_arrive_in_parallel(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(ipn_copies=20, ipn="with_return")
    shop.gate.clear()

    shop.paid()

    # None has been answered while all have arrived.
    assert len(shop.wait_for_ipns(20)) == 20
    shop.gate.set()


def test_ipn_is_retried_until_answered_200(shop: Shop, sandbox: Sandbox) -> None:
    shop.answer_with([500, 302])

    shop.paid(tran_id="T1")
    shop.wait_for_ipns(3)

    (ipn,) = settled_ipns(sandbox, "T1")
    assert ipn["state"] == "delivered"
    assert [attempt["status_code"] for attempt in ipn["attempts"]] == [500, 302, 200]
    assert {path for path, _ in shop.received} == {"/ipn"}


def test_ipn_is_given_up_after_the_last_try(shop: Shop, sandbox: Sandbox) -> None:
    shop.answer_with([500] * 3)

    shop.paid(tran_id="T1")
    shop.wait_for_ipns(3)

    (ipn,) = settled_ipns(sandbox, "T1")
    assert ipn["state"] == "given up"


def test_ipn_to_nobody_is_logged_as_an_error(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(ipn_url="http://127.0.0.1:1/ipn")

    attempt = payment["ipns"][0]["attempts"][0]
    assert attempt["status_code"] is None
    assert "refused" in attempt["answer"].lower()


def test_ipn_can_be_sent_again(shop: Shop, sandbox: Sandbox) -> None:
    shop.paid(tran_id="T1")

    sandbox.resend_ipn("T1")

    first, second = shop.ipns
    assert first == second


def settled_ipns(sandbox: Sandbox, tran_id: str) -> list[dict[str, Any]]:
    """The IPNs of a transaction once the outcome of the last try is written down, shortly after its answer."""

    def ipns() -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = sandbox.transaction(tran_id)["ipns"]
        return found

    wait_until(lambda: all(ipn["state"] in ("delivered", "given up") for ipn in ipns()))
    return ipns()


# What it says


def test_forged_ipn_does_not_verify(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(ipn_forged=True)

    fields = ipn_of(shop)

    assert not md5_verifies(fields)
    assert not sha2_verifies(fields)


def test_return_stays_genuine_when_the_ipn_is_forged(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(ipn_forged=True)

    assert sha2_verifies(shop.paid()["return"]["fields"])


@pytest.mark.parametrize(
    ("name", "value"),
    [("amount", "10.00"), ("currency", "USD"), ("store_id", "other"), ("tran_id", "T999"), ("val_id", "used")],
)
def test_changed_field_is_signed_like_the_rest(shop: Shop, sandbox: Sandbox, name: str, value: str) -> None:
    sandbox.faults(ipn_fields={name: value})

    fields = ipn_of(shop)

    assert fields[name] == value
    assert md5_verifies(fields)
    assert sha2_verifies(fields)


def test_failed_follows_valid(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(failed_after_valid=True)

    payment = shop.paid()

    valid, failed = shop.wait_for_ipns(2)
    assert (valid["status"], failed["status"]) == ("VALID", "FAILED")
    assert set(failed) == FIELDS["FAILED"]
    assert failed["tran_id"] == valid["tran_id"]
    assert sha2_verifies(failed)
    assert payment["status"] == "VALID"


def test_failed_follows_valid_when_both_were_held(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(failed_after_valid=True, ipn="late")
    shop.paid()

    assert sandbox.release_ipn() == 2

    assert [ipn["status"] for ipn in shop.ipns] == ["VALID", "FAILED"]


def test_risky_payment_says_so_everywhere(shop: Shop, sandbox: Sandbox) -> None:
    sandbox.faults(risky=True)

    fields = ipn_of(shop)

    assert (fields["risk_level"], fields["risk_title"]) == ("1", "Not Safe")
    assert shop.validate(fields["val_id"])["risk_level"] == "1"
