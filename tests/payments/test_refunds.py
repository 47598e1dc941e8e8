"""Money on its way back, and payments that are looked at first."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from accounts.models import Kind, Notification
from accounts.services import words
from payments import services, tasks
from payments.errors import NotRefundable, NotUnderReview, ReviewedAsAWhole
from payments.models import Account, Charge, Journal, PaymentAttempt, Refund
from tests.factories.accounts import UserFactory
from tests.factories.payments import ChargeFactory
from tests.payments.till import GIVEN_BACK, PAID, Till, balances


def request(charge: Charge, amount: Decimal | None = None) -> Refund | None:
    with transaction.atomic():
        charge = services.lock_charge(charge.pk)
        return services.request_refund(charge, amount=amount, reason=Refund.Reason.CANCELLED)


def promised(charge: Charge, amount: Decimal | None = None) -> Refund:
    refund = request(charge, amount)
    assert refund
    return refund


def kinds(charge: Charge) -> list[str]:
    return list(Notification.objects.filter(user=charge.payer).order_by("pk").values_list("kind", flat=True))


def refund_calls(till: Till) -> list[str]:
    return [call["api"] for call in till.sandbox.calls() if call["api"].startswith("refund")]


def test_refund_goes_back_whole_and_the_payer_is_told(till: Till) -> None:
    charge = till.charge()
    attempt = till.paid(charge)
    refund = promised(charge)

    assert (refund.amount, refund.attempt, refund.status) == (Decimal(500), attempt, "requested")
    assert balances()[Account.REFUNDS_DUE] == Decimal(-500)
    assert Account.DEPOSIT not in balances()
    till.send(refund)

    assert refund.status == Refund.Status.DONE
    assert refund.done_at
    assert balances() == GIVEN_BACK
    assert kinds(charge) == [Kind.REFUND_STARTED, Kind.REFUND_DONE]
    (given,) = till.sandbox.transaction(attempt.tran_id)["refunds"]
    assert (given["refund_trans_id"], given["amount"]) == (refund.refund_trans_id, "500.00")


def test_refund_notices_say_what_goes_back(till: Till) -> None:
    charge = till.charge(description="Visit <b>& more</b>", payer__name="Rahima")
    till.paid(charge)
    till.sandbox.faults(refund="failed", times=1)
    refused = till.send(promised(charge, Decimal("120.50")))
    till.send(services.retry_refund(refused, by=UserFactory()))

    assert {*kinds(charge)} == {Kind.REFUND_STARTED, Kind.REFUND_DELAYED, Kind.REFUND_DONE}
    for notification in Notification.objects.filter(user=charge.payer):
        subject, body = words(notification)
        assert subject
        assert "৳120.50" in body
        assert "Visit <b>& more</b>" in body
        assert f"/payments/{charge.pk}/" in body


def test_parts_go_back_until_nothing_is_left(till: Till) -> None:
    charge = till.charge()
    till.paid(charge)
    promised(charge, Decimal("100.00"))
    promised(charge, Decimal("399.99"))

    with pytest.raises(NotRefundable):
        request(charge, Decimal("0.02"))
    assert promised(charge).amount == Decimal("0.01")
    assert request(charge) is None
    assert charge.refunded == 500


@pytest.mark.parametrize("amount", [Decimal(0), Decimal(-1), Decimal("500.01")])
def test_amount_that_is_not_there_does_not_go_back(till: Till, amount: Decimal) -> None:
    charge = till.charge()
    till.paid(charge)
    with pytest.raises(NotRefundable):
        request(charge, amount)
    assert balances() == PAID


def test_unpaid_charge_has_nothing_to_give_back(transactional_db: None) -> None:
    charge = ChargeFactory()
    assert request(charge) is None
    with pytest.raises(NotRefundable):
        request(charge, Decimal(1))


@pytest.mark.parametrize("fault", ["timeout", "drop", "timeout_processing"])
def test_lost_answer_is_asked_for_again_under_the_same_id(till: Till, settings: Any, fault: str) -> None:
    """The gateway did it and its answer was lost: it is given back once."""
    charge = till.charge()
    attempt = till.paid(charge)
    refund = promised(charge)
    settings.SSLCOMMERZ_TIMEOUT = 0.8
    till.sandbox.faults(refund=fault, hold_seconds=3, times=1)
    till.send(refund)
    assert (refund.status, refund.asked, refund.refund_ref_id) == ("requested", 1, "")
    assert refund.due_at > timezone.now()

    settings.SSLCOMMERZ_TIMEOUT = 10.0
    till.send(refund)
    if fault == "timeout_processing":
        assert refund.status == Refund.Status.PROCESSING
        till.sandbox.settle_refund(refund.refund_ref_id)
        till.send(refund)

    assert refund.status == Refund.Status.DONE
    assert len(till.sandbox.transaction(attempt.tran_id)["refunds"]) == 1
    assert balances() == GIVEN_BACK


def test_refund_that_takes_days_is_asked_about_until_it_is_there(till: Till) -> None:
    till.sandbox.faults(refund="processing")
    charge = till.charge()
    till.paid(charge)
    refund = till.send(promised(charge))
    assert (refund.status, bool(refund.refund_ref_id)) == (Refund.Status.PROCESSING, True)
    assert kinds(charge) == [Kind.REFUND_STARTED]
    till.send(refund)
    assert refund.status == Refund.Status.PROCESSING

    till.sandbox.settle_refund(refund.refund_ref_id)
    till.send(refund)
    assert refund.status == Refund.Status.DONE
    assert refund_calls(till).count("refund") == 1


def test_unclear_status_of_a_refund_is_asked_for_again(till: Till) -> None:
    till.sandbox.faults(query="error_500")
    charge = till.charge()
    till.paid(charge)
    refund = till.send(promised(charge))
    assert (refund.status, bool(refund.refund_ref_id)) == (Refund.Status.PROCESSING, True)

    till.sandbox.clear_faults()
    assert till.send(refund).status == Refund.Status.DONE
    assert refund_calls(till).count("refund") == 1


def test_refused_refund_is_owed_again_and_can_be_retried(till: Till, alerts: Callable[[], list[str]]) -> None:
    till.sandbox.faults(refund="failed")
    charge = till.charge()
    till.paid(charge)
    refund = till.send(promised(charge))

    assert (refund.status, refund.failure) == (Refund.Status.FAILED, "Refund could not be initiated")
    assert balances() == PAID
    assert charge.refunded == 0
    till.send(refund)
    assert refund.asked == 1
    assert alerts() == ["refund_refused"]

    till.sandbox.clear_faults()
    again = services.retry_refund(refund, by=UserFactory())
    assert again.refund_trans_id != refund.refund_trans_id
    assert till.send(again).status == Refund.Status.DONE
    with pytest.raises(NotRefundable):
        services.retry_refund(refund, by=UserFactory())
    assert balances() == GIVEN_BACK
    steps = [Kind.REFUND_STARTED, Kind.REFUND_DELAYED, Kind.REFUND_STARTED, Kind.REFUND_DONE]
    assert kinds(charge) == steps


def test_last_part_that_goes_back_at_the_second_try_ends_the_sale(till: Till) -> None:
    till.sandbox.faults(refund="failed", times=1)
    charge = till.charge()
    till.paid(charge)
    by = UserFactory()
    refused = services.refund_by_admin(charge, amount=Decimal(200), by=by)
    assert refused
    assert till.send(refused).status == Refund.Status.FAILED
    services.refund_by_admin(charge, amount=Decimal(300), by=by)
    assert till.seller.refunded == []

    services.retry_refund(refused, by=by)

    assert till.seller.refunded == [charge]


def test_refund_cancelled_at_the_gateway_is_owed_again(till: Till) -> None:
    till.sandbox.faults(refund="processing")
    charge = till.charge()
    till.paid(charge)
    refund = till.send(promised(charge))
    till.sandbox.settle_refund(refund.refund_ref_id, "cancelled")

    assert till.send(refund).status == Refund.Status.FAILED
    assert balances() == PAID


def test_refund_is_due_ever_less_often(till: Till) -> None:
    till.sandbox.faults(refund="inactive")
    charge = till.charge()
    till.paid(charge)
    refund = promised(charge)
    minutes = []
    for _ in range(12):
        wait = till.send(refund).due_at - timezone.now()
        minutes.append(round(wait / timedelta(minutes=1), 1))
    assert minutes == [0.5, 1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]


def test_sweeper_sends_what_no_message_told_of(till: Till) -> None:
    charge = till.charge()
    till.paid(charge)
    refund = promised(charge)
    tasks.sweep_refunds()

    refund.refresh_from_db()
    assert refund.status == Refund.Status.DONE


def test_admin_gives_a_part_back_and_the_sale_stands(till: Till) -> None:
    charge, admin = till.charge(), UserFactory(as_admin=True)
    till.paid(charge)
    refund = services.refund_by_admin(charge, amount=Decimal(200), by=admin)
    assert refund
    assert (refund.reason, refund.requested_by) == (Refund.Reason.ADMIN, admin)
    assert till.seller.refunded == []

    services.refund_by_admin(charge, by=admin)
    assert till.seller.refunded == [charge]
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID


def test_risky_payment_waits_for_a_person(till: Till, alerts: Callable[[], list[str]]) -> None:
    till.sandbox.faults(risky=True)
    charge = till.charge()
    attempt = till.paid(charge)
    charge.refresh_from_db()

    assert (charge.status, charge.paid_at) == (Charge.Status.REVIEW, None)
    assert attempt.status == PaymentAttempt.Status.REVIEW
    assert till.seller.settled == [Charge.Status.REVIEW]
    assert balances() == PAID
    assert alerts() == ["payment_to_be_looked_at"]
    assert not charge.can_be_tried


def test_approved_payment_is_paid_and_the_seller_hears_again(till: Till) -> None:
    till.sandbox.faults(risky=True)
    charge, admin = till.charge(), UserFactory(as_admin=True)
    attempt = till.paid(charge)
    services.approve_review(charge, by=admin)

    charge.refresh_from_db()
    attempt.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert attempt.status == PaymentAttempt.Status.SETTLED
    assert till.seller.settled == [Charge.Status.REVIEW, Charge.Status.PAID]
    assert Journal.objects.count() == 1
    with pytest.raises(NotUnderReview):
        services.approve_review(charge, by=admin)
    with pytest.raises(NotUnderReview):
        services.refuse_review(charge, by=admin)


def test_refused_payment_goes_back_and_the_sale_is_off(till: Till) -> None:
    till.sandbox.faults(risky=True)
    charge, admin = till.charge(), UserFactory(as_admin=True)
    till.paid(charge)
    services.refuse_review(charge, by=admin)

    charge.refresh_from_db()
    assert charge.status == Charge.Status.VOID
    assert till.seller.refunded == [charge]
    assert till.send(charge.refunds.get()).status == Refund.Status.DONE
    assert balances() == GIVEN_BACK


def test_payer_who_cancels_during_the_look_gets_all_back(till: Till) -> None:
    till.sandbox.faults(risky=True)
    charge = till.charge()
    till.paid(charge)
    with pytest.raises(ReviewedAsAWhole):
        request(charge, Decimal(10))
    promised(charge)

    charge.refresh_from_db()
    assert charge.status == Charge.Status.VOID
    with pytest.raises(NotUnderReview):
        services.approve_review(charge, by=UserFactory())


def test_safe_payment_takes_the_place_of_a_risky_one(till: Till) -> None:
    charge = till.charge()
    risky, safe = till.start(charge), till.start(charge)
    till.sandbox.faults(tran_id=risky.tran_id, risky=True)
    till.pay(risky)
    till.work()
    till.pay(safe)
    till.work()

    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert charge.refunds.get().attempt == risky
    assert charge.attempts.get(is_surplus=False) == safe
    assert till.seller.settled == [Charge.Status.REVIEW, Charge.Status.PAID]


def test_risky_payment_beside_a_safe_one_goes_back(till: Till) -> None:
    charge = till.charge()
    safe, risky = till.start(charge), till.start(charge)
    till.sandbox.faults(tran_id=risky.tran_id, risky=True)
    till.pay(safe)
    till.pay(risky)
    till.work()

    assert charge.refunds.get().attempt == risky
    assert charge.attempts.get(pk=risky.pk).status == PaymentAttempt.Status.SETTLED
    assert till.seller.settled == [Charge.Status.PAID]
