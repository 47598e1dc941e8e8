"""The validation API: the only word that counts, and every way it can be missing."""

import json

import pytest
import requests

from tests.payments.sandbox.shop import VALIDATION_API, Shop
from tests.payments.sandbox_process import Sandbox


def test_validation_is_valid_once_and_validated_after(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid(tran_id="T1", total_amount="1200.00")

    first, second = shop.validate(payment["val_id"]), shop.validate(payment["val_id"])

    assert (first["status"], second["status"]) == ("VALID", "VALIDATED")
    assert first | {"status": ""} == second | {"status": ""}
    assert first["APIConnect"] == "DONE"
    assert (first["tran_id"], first["val_id"]) == ("T1", payment["val_id"])
    assert (first["amount"], first["currency_type"], first["currency_amount"]) == ("1200.00", "BDT", "1200.00")
    assert first["validated_on"] == sandbox.transaction("T1")["validated_at"]


def test_validation_names_no_store(shop: Shop) -> None:
    payment = shop.paid()

    assert "store_id" not in shop.validate(payment["val_id"])


def test_validation_of_an_unknown_val_id(shop: Shop) -> None:
    answer = shop.validate("2612151200000nobodyKnowsMe1")

    assert answer == {"status": "INVALID_TRANSACTION", "APIConnect": "DONE"}


def test_validation_of_a_failed_payment(shop: Shop) -> None:
    payment = shop.paid(outcome="FAILED")

    assert shop.validate(payment["val_id"])["status"] == "FAILED"


def test_validation_refuses_wrong_credentials(shop: Shop) -> None:
    payment = shop.paid()

    answer = shop.get(VALIDATION_API, {"val_id": payment["val_id"], "store_passwd": "other"}).json()

    assert answer == {"APIConnect": "FAILED"}


@pytest.mark.parametrize("params", [{"val_id": ""}, {"val_id": "x", "store_id": ""}, {"val_id": "x", "format": "xml"}])
def test_validation_refuses_an_incomplete_request(shop: Shop, params: dict[str, str]) -> None:
    assert shop.get(VALIDATION_API, params).json() == {"APIConnect": "INVALID_REQUEST"}


@pytest.mark.parametrize(("fault", "status"), [("pending", "PENDING"), ("failed", "FAILED")])
def test_validation_can_answer_another_status(shop: Shop, sandbox: Sandbox, fault: str, status: str) -> None:
    payment = shop.paid()
    sandbox.faults(validation=fault, times=1)

    assert shop.validate(payment["val_id"])["status"] == status
    assert shop.validate(payment["val_id"])["status"] == "VALID"


def test_validation_can_deny_a_payment(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid()
    sandbox.faults(validation="invalid")

    assert shop.validate(payment["val_id"])["status"] == "INVALID_TRANSACTION"


def test_validation_timeout_has_validated(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid()
    sandbox.faults(validation="timeout", hold_seconds=60, times=1)

    with pytest.raises(requests.ReadTimeout):
        shop.get(VALIDATION_API, {"val_id": payment["val_id"]}, timeout=0.3)

    assert shop.validate(payment["val_id"])["status"] == "VALIDATED"


def test_validation_drop_has_validated(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid()
    sandbox.faults(validation="drop", times=1)

    with pytest.raises(requests.ConnectionError):
        shop.get(VALIDATION_API, {"val_id": payment["val_id"]})

    assert shop.validate(payment["val_id"])["status"] == "VALIDATED"


def test_validation_500_has_done_nothing(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid()
    sandbox.faults(validation="error_500", times=1)

    assert shop.get(VALIDATION_API, {"val_id": payment["val_id"]}).status_code == 500
    assert shop.validate(payment["val_id"])["status"] == "VALID"


def test_validation_html_is_no_json(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid()
    sandbox.faults(validation="html")

    response = shop.get(VALIDATION_API, {"val_id": payment["val_id"]})

    assert response.status_code == 200
    assert response.headers["Content-Type"].startswith("text/html")


def test_validation_truncated_is_broken_json(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid()
    sandbox.faults(validation="truncated")

    response = shop.get(VALIDATION_API, {"val_id": payment["val_id"]})

    assert response.status_code == 200
    assert response.text.startswith('{"status": "VALID"')
    with pytest.raises(json.JSONDecodeError):
        json.loads(response.text)


def test_validation_inactive(shop: Shop, sandbox: Sandbox) -> None:
    payment = shop.paid()
    sandbox.faults(validation="inactive")

    assert shop.validate(payment["val_id"]) == {"APIConnect": "INACTIVE"}
