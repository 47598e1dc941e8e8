"""The same things at the same moment, on connections of their own; and what happens without the guard."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from config.db import constraint_name
from payments import services
from payments.models import Charge, GatewayMessage, Journal, PaymentAttempt, Refund
from payments.services import charges, settlement
from tests.payments.till import PAID, Till, balances


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """Each call in a thread and on a connection of its own; what it returned or raised, in order."""
    gate = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        try:
            gate.wait(20)
            return call()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(run, calls))


def test_twenty_ipns_beside_the_return_settle_once(till: Till) -> None:
    till.sandbox.faults(ipn_copies=20, ipn="late")
    charge = till.charge()
    attempt = till.start(charge)
    paid = till.pay(attempt)

    released, response = at_once(
        lambda: till.sandbox.release_ipn(attempt.tran_id), lambda: till.come_back(paid).status_code
    )

    assert (released, response) == (20, 303)
    ipns = till.sandbox.transaction(attempt.tran_id)["ipns"]
    assert [each["attempts"][0]["status_code"] for each in ipns] == [200] * 20
    pks = list(GatewayMessage.objects.values_list("pk", flat=True))
    assert len(pks) == 21
    outcomes = at_once(*[lambda pk=pk: services.process_message(pk) for pk in pks])

    assert outcomes == [None] * 21
    assert set(GatewayMessage.objects.values_list("status", "verdict")) == {("done", "settled")}
    assert Journal.objects.count() == 1
    assert balances() == PAID
    assert till.seller.settled == [Charge.Status.PAID]


def test_one_message_in_many_hands_is_dealt_with_once(till: Till) -> None:
    attempt = till.start(till.charge())
    till.pay(attempt)
    message = GatewayMessage.objects.get()

    assert at_once(*[lambda: services.process_message(message.pk)] * 12) == [None] * 12
    assert [call["api"] for call in till.sandbox.calls(attempt.tran_id)] == ["session", "validation"]
    assert till.seller.settled == [Charge.Status.PAID]


def settle_both_at_once(till: Till, monkeypatch: pytest.MonkeyPatch) -> tuple[Charge, list[Any]]:
    """Two paid attempts of one charge settle; each looks whether the charge is paid before either writes."""
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    paid = [(attempt, till.pay(attempt)["val_id"]) for attempt in (till.start(charge), till.start(charge))]
    both_looked = threading.Barrier(2)
    passed_on = settlement.passed_on

    def after_both_looked(validation: Any) -> Decimal:
        # With the guard only one of them gets here, and goes on alone.
        with suppress(threading.BrokenBarrierError):
            both_looked.wait(1)
        return passed_on(validation)

    monkeypatch.setattr(settlement, "passed_on", after_both_looked)
    results = at_once(*[lambda one=one: services.settle_by_validation(*one) for one in paid])
    charge.refresh_from_db()
    return charge, results


def test_two_attempts_that_settle_at_once_are_told_apart(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    charge, results = settle_both_at_once(till, monkeypatch)

    assert results == [None, None]
    assert charge.status == Charge.Status.PAID
    assert sorted(charge.attempts.values_list("status", "is_surplus")) == [("settled", False), ("settled", True)]
    assert charge.refunds.get().reason == Refund.Reason.SURPLUS
    assert till.seller.settled == [Charge.Status.PAID]


def test_without_the_charges_lock_the_same_race_breaks(till: Till, monkeypatch: pytest.MonkeyPatch) -> None:
    """The guard taken away: both settle the charge, and only the database's last word keeps one of them out."""
    monkeypatch.setattr(settlement, "lock_charge", lambda pk: Charge.objects.get(pk=pk))
    charge, results = settle_both_at_once(till, monkeypatch)

    (error,) = [result for result in results if result is not None]
    assert isinstance(error, IntegrityError)
    assert constraint_name(error) == "charge_not_settled_twice"
    assert charge.attempts.with_money().count() == 1


def test_attempts_started_at_once_stay_within_the_limit(till: Till) -> None:
    charge = till.charge()
    outcomes = at_once(*[lambda: services.start_attempt(charge.pk, by=charge.payer)] * 14)

    assert charge.attempts.count() == PaymentAttempt.MOST
    assert len([each for each in outcomes if isinstance(each, PaymentAttempt)]) == PaymentAttempt.MOST


def test_refund_asked_for_at_once_gives_no_more_than_there_is(till: Till) -> None:
    charge = till.charge()
    till.paid(charge)
    by = charge.payer

    outcomes = at_once(*[lambda: services.refund_by_admin(charge, amount=Decimal(200), by=by)] * 5)

    assert len([each for each in outcomes if isinstance(each, Refund)]) == 2
    assert charge.refunded == 400
    assert len(till.seller.refunded) == 0


def test_void_beside_a_settlement_ends_in_one_of_both_orders(till: Till) -> None:
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    val_id = till.pay(attempt)["val_id"]

    def void() -> None:
        with transaction.atomic():
            services.void_charge(charges.lock_charge(charge.pk))

    at_once(void, lambda: services.settle_by_validation(attempt, val_id))

    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert till.seller.settled == [Charge.Status.PAID]
    assert balances() == PAID


def test_refund_sent_at_once_from_many_hands_goes_back_once(till: Till) -> None:
    charge = till.charge()
    attempt = till.paid(charge)
    refund = services.refund_by_admin(charge, by=charge.payer)
    assert refund

    assert at_once(*[lambda: services.send_refund(refund.pk)] * 10) == [None] * 10
    assert [call["api"] for call in till.sandbox.calls(attempt.tran_id)].count("refund") == 1
    refund.refresh_from_db()
    assert refund.status == Refund.Status.DONE
    assert Journal.objects.filter(kind=Journal.Kind.REFUND_PAID).count() == 1
