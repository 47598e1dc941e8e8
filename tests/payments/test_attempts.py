"""Starting to pay: durable first, then the gateway, then whatever came of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from payments.errors import AlreadyPaid, NotPayable, PaymentRefused, PaymentUnavailable, TriedTooOften
from payments.gateways.sslcommerz import FAILURES, SSLCommerz, fuses
from payments.models import Charge, PaymentAttempt, Refund
from payments.services import extend_charge, lock_charge, start_attempt, void_charge
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.payments.till import Till

Status = PaymentAttempt.Status


def test_attempt_is_durable_before_the_gateway_is_asked(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that dies while it waits for the gateway leaves an attempt that is asked about."""
    charge = till.charge()

    def die(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(SSLCommerz, "open_session", die)
    with pytest.raises(KeyboardInterrupt):
        start_attempt(charge.pk, by=charge.payer)

    attempt = charge.attempts.get()
    assert attempt.status == Status.CREATED
    assert timezone.now() < attempt.ask_at < timezone.now() + timedelta(minutes=1)


def test_gateway_hears_of_no_payer_but_by_the_charge(till: Till) -> None:
    charge = till.charge(description="Video visit with Dr. Heart, cardiologist", payer__name="Rahima Begum")
    attempt = till.start(charge)

    sent = till.sandbox.transaction(attempt.tran_id)["request"]
    assert sent["cus_phone"] == "01711000000"
    assert sent["ipn_url"] == f"{till.origin}/payments/ipn/"
    assert "cardiologist" not in str(sent)
    assert str(charge.pk) not in str(sent)


def test_session_timeout_leaves_it_unknown_and_a_second_may_start_at_once(till: Till, settings: Any) -> None:
    settings.SSLCOMMERZ_TIMEOUT = 0.8
    till.sandbox.faults(session="timeout", hold_seconds=5, times=2)
    charge = till.charge()
    with pytest.raises(PaymentUnavailable):
        start_attempt(charge.pk, by=charge.payer)
    settings.SSLCOMMERZ_TIMEOUT = 10.0

    unknown = charge.attempts.get()
    assert unknown.status == Status.UNKNOWN
    second = till.start(charge)

    # Both turn out to be known to the gateway, and both are paid.
    till.sandbox.faults(ipn="never")
    till.pay(second)
    till.pay(unknown)
    till.reconcile(second)
    till.reconcile(unknown)

    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    refund = charge.refunds.get()
    assert (refund.attempt, refund.amount, refund.reason) == (unknown, charge.amount, Refund.Reason.SURPLUS)
    assert till.send(refund).status == Refund.Status.DONE


@pytest.mark.parametrize("fault", ["html", "no_url", "drop"])
def test_unclear_session_leaves_it_unknown(till: Till, fault: str) -> None:
    till.sandbox.faults(session=fault)
    charge = till.charge()
    with pytest.raises(PaymentUnavailable):
        start_attempt(charge.pk, by=charge.payer)

    attempt = charge.attempts.get()
    assert attempt.status == Status.UNKNOWN
    assert attempt.failure
    assert attempt.ask_at


def test_refused_session_leaves_it_failed(till: Till, alerts: Callable[[], list[str]]) -> None:
    till.sandbox.faults(session="failed")
    charge = till.charge()
    with pytest.raises(PaymentRefused):
        start_attempt(charge.pk, by=charge.payer)

    attempt = charge.attempts.get()
    assert (attempt.status, attempt.ask_at) == (Status.FAILED, None)
    assert "channels are not available" in attempt.failure
    assert alerts() == ["session_refused"]


@pytest.mark.parametrize("status", [Charge.Status.PAID, Charge.Status.VOID, Charge.Status.REVIEW])
def test_charge_that_is_not_open_cannot_be_tried(transactional_db: None, status: str) -> None:
    charge = ChargeFactory(status=status, paid_at=timezone.now())
    with pytest.raises(NotPayable):
        start_attempt(charge.pk, by=charge.payer)

    assert not charge.attempts.exists()


def test_charge_whose_time_is_over_cannot_be_tried(transactional_db: None) -> None:
    charge = ChargeFactory(due_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(NotPayable):
        start_attempt(charge.pk, by=charge.payer)


def test_charge_is_tried_ten_times_at_the_most(transactional_db: None) -> None:
    charge = ChargeFactory()
    PaymentAttemptFactory.create_batch(10, charge=charge)
    with pytest.raises(TriedTooOften):
        start_attempt(charge.pk, by=charge.payer)


def test_charge_can_be_prolonged_while_it_is_open(transactional_db: None) -> None:
    later = timezone.now() + timedelta(minutes=20)
    charge, paid = ChargeFactory(), ChargeFactory(status=Charge.Status.PAID, paid_at=timezone.now())
    with transaction.atomic():
        extend_charge(lock_charge(charge.pk), due_at=later)
        extend_charge(lock_charge(paid.pk), due_at=later)

    charge.refresh_from_db()
    assert charge.due_at == later
    paid.refresh_from_db()
    assert paid.due_at != later


def test_charge_is_called_off_once_and_never_when_paid(transactional_db: None) -> None:
    charge, paid = ChargeFactory(), ChargeFactory(status=Charge.Status.PAID, paid_at=timezone.now())
    with transaction.atomic():
        for _ in range(2):
            void_charge(lock_charge(charge.pk))
        with pytest.raises(AlreadyPaid):
            void_charge(lock_charge(paid.pk))

    charge.refresh_from_db()
    assert charge.status == Charge.Status.VOID


def test_starting_inside_a_transaction_is_refused(transactional_db: None) -> None:
    """It would keep the charge locked, and the attempt unwritten, for as long as the gateway takes."""
    charge = ChargeFactory()
    with pytest.raises(RuntimeError, match="durable"), transaction.atomic():
        start_attempt(charge.pk, by=charge.payer)


def test_nothing_is_written_while_the_gateway_is_left_alone_and_the_payer_is_told(till: Till) -> None:
    charge = till.charge()
    fuse = fuses[till.sandbox.url]
    for _ in range(FAILURES):
        fuse.blow()
    answer = till.browser(charge).post(f"/payments/{charge.pk}/start/", follow=True)
    assert "does not answer" in answer.content.decode()
    assert not charge.attempts.exists()
    assert till.sandbox.calls() == []
    fuse.mend()
    till.start(charge)
