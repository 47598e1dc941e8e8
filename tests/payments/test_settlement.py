"""What counts as paid, and what does not: every message comes over HTTP from the running sandbox, or from a forger."""

import hashlib
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from payments.models import Account, Charge, GatewayMessage, Journal, PaymentAttempt, Refund
from payments.services import lock_charge, receive_message, request_refund, void_charge
from tests.payments.till import PAID, Till, balances

type Alerts = Callable[[], list[str]]

STORE_PASSWORD = "demo-secret"


def sign(fields: dict[str, Any], *, keys: list[str] | None = None, password: str = STORE_PASSWORD) -> dict[str, Any]:
    """As SSLCommerz signs, written down a second time so that the portal is not measured against itself."""
    named = keys if keys is not None else sorted(fields)
    signed = {key: fields[key] for key in named} | {"store_passwd": hashlib.sha256(password.encode()).hexdigest()}
    line = "&".join(f"{key}={signed[key]}" for key in sorted(signed))
    return fields | {
        "verify_key": ",".join(named),
        "verify_sign": hashlib.md5(line.encode(), usedforsecurity=False).hexdigest(),
        "verify_sign_sha2": hashlib.sha256(line.encode()).hexdigest(),
    }


def genuine(paid: dict[str, Any]) -> dict[str, Any]:
    """The fields of a payment's notice, without its signature."""
    return {key: value for key, value in paid["return"]["fields"].items() if not key.startswith("verify_")}


def only_message() -> GatewayMessage:
    return GatewayMessage.objects.get()


def assert_untouched(charge: Charge) -> None:
    charge.refresh_from_db()
    assert charge.status == Charge.Status.OPEN
    assert not charge.attempts.with_money().exists()
    assert not Journal.objects.exists()


def test_ipn_settles_the_charge_and_tells_the_seller(till: Till) -> None:
    charge = till.charge()
    attempt = till.start(charge)

    paid = till.pay(attempt)
    assert [each["status_code"] for each in paid["ipns"][0]["attempts"]] == [200]
    assert charge.attempts.get().status == PaymentAttempt.Status.OPEN
    till.work()

    charge.refresh_from_db()
    attempt.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert charge.paid_at
    assert attempt.status == PaymentAttempt.Status.SETTLED
    assert (attempt.val_id, attempt.bank_tran_id) == (paid["val_id"], paid["bank_tran_id"])
    assert attempt.ask_at is None
    assert balances() == PAID
    assert till.seller.settled == [Charge.Status.PAID]
    assert (only_message().status, only_message().verdict) == ("done", "settled")


def test_browsers_return_alone_settles_nothing_but_is_asked_about(till: Till) -> None:
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    attempt = till.start(charge)

    paid = till.pay(attempt)
    response = till.come_back(paid)

    assert response.status_code == 303
    assert response.headers["Location"] == f"/payments/{charge.pk}/"
    assert_untouched(charge)
    till.work()
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID


def test_return_claiming_success_for_a_failed_payment_pays_nothing(till: Till) -> None:
    charge = till.charge()
    attempt = till.start(charge)
    paid = till.pay(attempt, "FAILED")
    claimed = sign(genuine(paid) | {"status": "VALID", "val_id": paid["val_id"]}, password="guessed")

    response = till.come_back({"return": {"url": f"{till.origin}/payments/return/success/", "fields": claimed}})
    till.work()

    assert response.status_code == 303
    attempt.refresh_from_db()
    assert attempt.status == PaymentAttempt.Status.FAILED
    assert_untouched(charge)


def test_hours_late_ipn_settles_what_was_given_up(till: Till) -> None:
    till.sandbox.faults(ipn="late")
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(status=PaymentAttempt.Status.EXPIRED, ask_at=None)

    assert till.sandbox.release_ipn(attempt.tran_id) == 1
    till.work()

    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert balances() == PAID


def test_ipn_before_the_sessions_answer_settles(till: Till) -> None:
    till.sandbox.faults(pay_on_open=True)
    attempt = till.start(till.charge())
    till.work()

    attempt.refresh_from_db()
    assert attempt.status == PaymentAttempt.Status.SETTLED


def test_session_answered_after_its_ipn_was_dealt_with_stays_settled(
    till: Till, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worker is quicker than the answer that opens the payer's page."""
    from payments.services import attempts

    till.sandbox.faults(pay_on_open=True)
    charge = till.charge()
    note = attempts.note

    def work_first(attempt: PaymentAttempt, **fields: object) -> None:
        till.work()
        note(attempt, **fields)

    monkeypatch.setattr(attempts, "note", work_first)
    response = till.browser(charge).post(f"/payments/{charge.pk}/start/")

    assert response.status_code == 303
    assert charge.attempts.get().status == PaymentAttempt.Status.SETTLED


def test_failed_after_valid_leaves_it_paid(till: Till) -> None:
    till.sandbox.faults(failed_after_valid=True)
    charge = till.charge()
    till.paid(charge)

    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert sorted(GatewayMessage.objects.values_list("verdict", flat=True)) == ["asked", "settled"]
    assert till.seller.settled == [Charge.Status.PAID]


@pytest.mark.parametrize("status", ["FAILED", "CANCELLED", "EXPIRED", "UNATTEMPTED"])
def test_forged_ending_of_an_open_attempt_ends_nothing(till: Till, status: str) -> None:
    charge = till.charge()
    attempt = till.start(charge)
    ending = {
        "tran_id": attempt.tran_id, "status": status, "store_id": "demo", "amount": "500.00", "currency": "BDT",
        "currency_type": "BDT", "currency_amount": "500.00",
    }  # fmt: skip

    assert till.send_ipn(sign(ending, password="guessed")).status_code == 200
    till.work()
    assert only_message().verdict == "not_signed"
    # Even with the right signature it is the gateway's books that count.
    till.send_ipn(sign(ending))
    till.work()

    attempt.refresh_from_db()
    assert attempt.status == PaymentAttempt.Status.OPEN
    paid = till.pay(attempt)
    till.work()
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert paid["val_id"] == charge.attempts.get().val_id


@pytest.mark.parametrize("outcome", ["FAILED", "CANCELLED", "EXPIRED"])
def test_real_ending_is_taken_from_the_gateways_books(till: Till, outcome: str) -> None:
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt, outcome)
    till.work()

    attempt.refresh_from_db()
    assert attempt.status == PaymentAttempt.Status[outcome]
    assert "query" in [call["api"] for call in till.sandbox.calls(attempt.tran_id)]
    assert_untouched(charge)


def test_message_signed_with_another_password_is_refused(till: Till) -> None:
    till.sandbox.faults(ipn_forged=True)
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    till.work()

    assert (only_message().status, only_message().verdict) == ("refused", "not_signed")
    assert [call["api"] for call in till.sandbox.calls(attempt.tran_id)] == ["session"]
    assert_untouched(charge)


@pytest.mark.parametrize(
    ("changed", "verdict"),
    [
        ({"currency_amount": "5.00"}, "other_amount"),
        ({"currency_amount": "501.00"}, "other_amount"),
        ({"currency_amount": "500.0x"}, "other_amount"),
        ({"currency_type": "USD"}, "other_amount"),
        ({"store_id": "somebody-else"}, "other_store"),
        ({"tran_id": "P0000000000000000000000000"}, "unknown_attempt"),
        ({"val_id": "220101010101NoSuchThing0001"}, "not_valid"),
        ({"val_id": "বৈধ"}, "not_valid"),
    ],
)
def test_signed_message_that_says_something_else_is_refused(
    till: Till, alerts: Alerts, changed: dict[str, str], verdict: str
) -> None:
    till.sandbox.faults(ipn_fields=changed)
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    till.work()

    assert (only_message().status, only_message().verdict) == ("refused", verdict)
    assert_untouched(charge)
    assert alerts() == ["message_refused"]
    # The payer did pay, and is not the one to suffer for it.
    till.reconcile(attempt)
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID


def test_val_id_of_another_payment_settles_nothing(till: Till) -> None:
    cheap, dear = till.charge(amount=Decimal(20)), till.charge(amount=Decimal(500))
    first = till.paid(cheap)
    second = till.start(dear)
    paid = till.pay(second, "CANCELLED")
    before = balances()
    GatewayMessage.objects.all().delete()

    claimed = sign(genuine(paid) | {"status": "VALID", "val_id": first.val_id})
    till.send_ipn(claimed)
    till.work()

    assert (only_message().status, only_message().verdict) == ("refused", "other_payment")
    dear.refresh_from_db()
    assert dear.status == Charge.Status.OPEN
    assert balances() == before


def test_unsettled_val_id_of_another_payment_settles_nothing(till: Till, alerts: Alerts) -> None:
    """As above, where only the gateway can tell that the payment is another one, though of as much."""
    till.sandbox.faults(ipn="never")
    other, charge = till.charge(), till.charge()
    paid = till.pay(till.start(other))
    attempt = till.start(charge)

    till.send_ipn(sign(genuine(paid) | {"tran_id": attempt.tran_id}))
    till.work()

    assert (only_message().status, only_message().verdict) == ("refused", "other_payment")
    assert_untouched(charge)
    assert alerts() == ["validation_of_another_payment", "message_refused"]


def test_message_is_kept_whatever_its_characters(db: None) -> None:
    """PostgreSQL takes neither of the two."""
    message = receive_message(GatewayMessage.Source.IPN, {"tran_id": "P\x001", "note": "half \ud800 a pair"})
    message.refresh_from_db()
    assert message.fields == {"tran_id": "P\ufffd1", "note": "half ? a pair"}


@pytest.mark.parametrize("asked", [Decimal("500.01"), Decimal("499.99"), Decimal("501.00")])
def test_validation_of_another_amount_settles_nothing(till: Till, asked: Decimal) -> None:
    """The gateway vouches for ৳500; we asked for a little more or less: no tolerance."""
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    paid = till.pay(attempt)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(amount=asked)

    till.send_ipn(sign(genuine(paid) | {"currency_amount": str(asked), "amount": str(asked)}))
    till.work()

    assert only_message().verdict == "other_payment"
    assert_untouched(charge)


def test_validation_in_another_currency_settles_nothing(till: Till) -> None:
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    paid = till.pay(attempt)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(currency="USD")

    till.send_ipn(sign(genuine(paid) | {"currency_type": "USD"}))
    till.work()

    assert only_message().verdict == "other_payment"
    assert_untouched(charge)


def test_foreign_currency_is_settled_in_itself(till: Till) -> None:
    charge = till.charge(amount=Decimal("20.00"), currency="USD")
    attempt = till.paid(charge)

    assert attempt.status == PaymentAttempt.Status.SETTLED
    assert balances() == {
        Account.GATEWAY: Decimal("19.50"),
        Account.GATEWAY_FEE: Decimal("0.50"),
        Account.DEPOSIT: Decimal("-20.00"),
    }


def test_replayed_ipn_changes_nothing(till: Till) -> None:
    charge = till.charge()
    attempt = till.paid(charge)
    for _ in range(3):
        till.sandbox.resend_ipn(attempt.tran_id)
    till.work()

    assert Journal.objects.count() == 1
    assert till.seller.settled == [Charge.Status.PAID]
    validations = [call for call in till.sandbox.calls(attempt.tran_id) if call["api"] == "validation"]
    assert len(validations) == 1


@pytest.mark.parametrize("fault", ["error_500", "html", "truncated", "inactive", "pending", "drop"])
def test_unclear_validation_leaves_it_pending_until_it_clears(till: Till, fault: str) -> None:
    till.sandbox.faults(validation=fault)
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    till.work()

    message = only_message()
    assert (message.status, message.attempts) == ("new", 1)
    assert message.due_at > message.received_at
    assert_untouched(charge)

    till.sandbox.clear_faults()
    till.work()
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID


def test_message_that_stays_unclear_is_set_aside(till: Till, alerts: Alerts) -> None:
    till.sandbox.faults(validation="inactive")
    attempt = till.start(till.charge())
    till.pay(attempt)
    for _ in range(15):
        till.work()

    message = only_message()
    assert (message.status, message.verdict, message.attempts) == ("aside", "too_often", 14)
    assert alerts() == ["message_set_aside"]


def test_seller_that_raises_undoes_the_settlement(till: Till) -> None:
    def refuse(charge: Charge) -> None:
        raise RuntimeError("no")

    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    till.seller.on_settled = refuse
    with pytest.raises(RuntimeError, match="no"):
        till.work()
    assert_untouched(charge)

    till.seller.on_settled = None
    till.work()
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID


def test_money_for_a_charge_that_was_called_off_is_recorded_and_can_go_back(till: Till) -> None:
    charge = till.charge()
    attempt = till.start(charge)
    void(charge)
    till.pay(attempt)
    till.seller.on_settled = lambda charge: request_refund(charge, reason=Refund.Reason.TOO_LATE)
    till.work()

    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    refund = till.send(charge.refunds.get())
    assert (refund.amount, refund.reason, refund.status) == (Decimal(500), "too_late", "done")


def void(charge: Charge) -> None:
    from django.db import transaction

    with transaction.atomic():
        void_charge(lock_charge(charge.pk))


def test_two_attempts_that_both_settle_leave_one_payment_and_give_the_other_back(till: Till) -> None:
    charge = till.charge()
    first, second = till.start(charge), till.start(charge)
    till.pay(second)
    till.pay(first)
    till.work()

    charge.refresh_from_db()
    refund = charge.refunds.get()
    assert charge.status == Charge.Status.PAID
    assert (refund.attempt, refund.amount, refund.reason) == (first, Decimal(500), "surplus")
    assert charge.attempts.filter(is_surplus=True).get() == first
    assert charge.refunded == 0
    assert till.seller.settled == [Charge.Status.PAID]
    assert till.send(refund).status == Refund.Status.DONE
    assert balances()[Account.DEPOSIT] == Decimal(-500)
    assert Account.REFUNDS_DUE not in balances()


def test_one_tran_id_paid_twice_gives_the_second_payment_back(till: Till, alerts: Alerts) -> None:
    till.sandbox.faults(duplicate_tran_id="accepted")
    charge = till.charge()
    attempt = till.paid(charge)
    request = till.sandbox.transaction(attempt.tran_id)["request"]
    reopen(till, request)
    till.pay(attempt)
    till.work()

    twin = PaymentAttempt.objects.get(twin_of=attempt)
    assert twin.is_surplus
    assert alerts() == ["attempt_paid_twice"]
    assert twin.val_id not in {None, attempt.val_id}
    assert charge.refunds.get().attempt == twin
    assert till.send(charge.refunds.get()).status == Refund.Status.DONE
    assert balances()[Account.DEPOSIT] == Decimal(-500)

    # Told once more, nothing comes to it.
    till.sandbox.resend_ipn(attempt.tran_id)
    till.work()
    till.reconcile(attempt)
    assert PaymentAttempt.objects.count() == 2
    assert Refund.objects.count() == 1


def reopen(till: Till, request: dict[str, str]) -> None:
    """The same session once more, as a shop that retries its POST would open it."""
    import requests

    fields = request | {"store_id": "demo", "store_passwd": STORE_PASSWORD, "total_amount": request["total_amount"]}
    answer = requests.post(f"{till.sandbox.url}/gwprocess/v4/api.php", data=fields, timeout=30).json()
    assert answer["status"] == "SUCCESS"
