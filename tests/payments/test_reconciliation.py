"""Asking about what the gateway has not told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from payments import tasks
from payments.gateways.base import Outcome
from payments.models import Charge, PaymentAttempt
from payments.services import reconcile_attempt
from payments.services.reconciliation import UNPROVEN, fate
from tests.factories.payments import PaymentAttemptFactory
from tests.payments.till import PAID, Till, balances

Status = PaymentAttempt.Status


def aged(attempt: PaymentAttempt, age: timedelta) -> PaymentAttempt:
    """The attempt as if it had begun so long ago, its turn come."""
    began = timezone.now() - age
    PaymentAttempt.objects.filter(pk=attempt.pk).update(created_at=began, ask_at=timezone.now(), asked_at=None)
    attempt.refresh_from_db()
    return attempt


def test_payment_whose_ipn_never_came_is_found(till: Till) -> None:
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(ask_at=timezone.now())

    tasks.reconcile_attempts()

    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert balances() == PAID
    assert till.seller.settled == [Charge.Status.PAID]


def test_payment_that_is_known_by_its_session_alone_is_found(till: Till) -> None:
    till.sandbox.faults(ipn="never", query_shape="none")
    charge = till.charge()
    attempt = till.start(charge)
    assert till.reconcile(attempt).status == Status.OPEN
    till.pay(attempt)
    assert till.reconcile(attempt).status == Status.SETTLED


def test_attempt_is_not_asked_about_before_its_turn(till: Till) -> None:
    attempt = till.start(till.charge())
    tasks.reconcile_attempts()
    assert [call["api"] for call in till.sandbox.calls(attempt.tran_id)] == ["session"]


@pytest.mark.parametrize(
    ("age", "least", "most"),
    [
        (timedelta(0), timedelta(seconds=29), timedelta(seconds=31)),
        (timedelta(minutes=10), timedelta(minutes=4), timedelta(minutes=6)),
        (timedelta(days=1), timedelta(minutes=59), timedelta(minutes=61)),
    ],
)
def test_undecided_attempt_is_asked_about_ever_less_often(
    till: Till, age: timedelta, least: timedelta, most: timedelta
) -> None:
    attempt = till.reconcile(aged(till.start(till.charge()), age))

    assert attempt.status == Status.OPEN
    assert least < attempt.ask_at - timezone.now() < most


def test_attempt_the_gateway_never_heard_of_is_given_up_after_three_days(till: Till) -> None:
    attempt = PaymentAttemptFactory(status=Status.UNKNOWN)
    assert till.reconcile(aged(attempt, timedelta(days=2, hours=23))).status == Status.UNKNOWN

    till.reconcile(aged(attempt, timedelta(days=3)))
    assert (attempt.status, attempt.ask_at) == (Status.EXPIRED, None)


@pytest.mark.parametrize("fault", ["error_500", "html", "truncated", "inactive", "drop"])
def test_unclear_query_leaves_it_open_to_be_asked_again(till: Till, fault: str) -> None:
    till.sandbox.faults(query=fault, ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    till.reconcile(attempt)
    assert attempt.status == Status.OPEN
    assert attempt.ask_at > timezone.now()

    till.sandbox.clear_faults()
    assert till.reconcile(attempt).status == Status.SETTLED


def test_unclear_query_is_asked_again_even_after_three_days(till: Till) -> None:
    till.sandbox.faults(query="inactive", ipn="never")
    attempt = aged(till.start(till.charge()), timedelta(days=4))
    till.reconcile(attempt)
    assert (attempt.status, attempt.ask_at is None) == (Status.OPEN, False)


def test_payment_of_another_amount_is_found_flagged_and_not_settled(
    till: Till, alerts: Callable[[], list[str]]
) -> None:
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt)
    PaymentAttempt.objects.filter(pk=attempt.pk).update(amount=501)
    till.reconcile(attempt)
    assert (attempt.status, attempt.failure) == (Status.OPEN, UNPROVEN)
    assert balances() == {}
    assert alerts() == ["validation_of_another_payment", "found_but_not_settled"]

    till.reconcile(aged(attempt, timedelta(days=3)))
    assert (attempt.status, attempt.failure, attempt.ask_at) == (Status.EXPIRED, UNPROVEN, None)


def test_query_that_times_out_leaves_it_open(till: Till, settings: Any) -> None:
    attempt = till.start(till.charge())
    settings.SSLCOMMERZ_TIMEOUT = 0.5
    till.sandbox.faults(query="timeout", hold_seconds=3)
    assert till.reconcile(attempt).status == Status.OPEN


def test_failed_attempt_is_looked_at_again_when_the_payer_may_have_tried_once_more(till: Till) -> None:
    till.sandbox.faults(ipn="never")
    attempt = till.start(till.charge())
    till.pay(attempt, "FAILED")
    till.reconcile(attempt)

    assert attempt.status == Status.FAILED
    assert attempt.ask_at == attempt.created_at + timedelta(hours=2)
    till.reconcile(aged(attempt, timedelta(hours=3)))
    assert attempt.ask_at == attempt.created_at + timedelta(hours=24)
    till.reconcile(aged(attempt, timedelta(hours=25)))
    assert (attempt.status, attempt.ask_at) == (Status.FAILED, None)


def test_waiting_payer_makes_the_gateway_be_asked_but_not_without_end(till: Till) -> None:
    till.sandbox.faults(ipn="never")
    charge = till.charge()
    attempt = till.start(charge)
    till.pay(attempt, "CANCELLED")
    for _ in range(5):
        reconcile_attempt(attempt.pk, prompted=True)

    attempt.refresh_from_db()
    assert attempt.status == Status.CANCELLED
    assert [call["api"] for call in till.sandbox.calls(attempt.tran_id)].count("query") == 1


def test_settled_attempt_is_not_asked_about_again(till: Till) -> None:
    attempt = till.paid(till.charge())
    before = len(till.sandbox.calls(attempt.tran_id))
    reconcile_attempt(attempt.pk, prompted=True)
    till.reconcile(attempt)
    assert len(till.sandbox.calls(attempt.tran_id)) == before


FRESH, OLD, ANCIENT = timedelta(minutes=1), timedelta(hours=2), timedelta(days=3)


@pytest.mark.parametrize(
    ("outcomes", "age", "status"),
    [
        (set(), FRESH, None),
        (set(), OLD, None),
        (set(), ANCIENT, Status.EXPIRED),
        ({Outcome.PENDING}, OLD, None),
        ({Outcome.PENDING, Outcome.FAILED}, OLD, None),
        ({Outcome.PENDING}, ANCIENT, Status.EXPIRED),
        ({Outcome.UNTRIED}, FRESH, None),
        ({Outcome.UNTRIED}, OLD, Status.EXPIRED),
        ({Outcome.UNTRIED, Outcome.FAILED}, FRESH, None),
        ({Outcome.EXPIRED}, FRESH, Status.EXPIRED),
        ({Outcome.CANCELLED, Outcome.EXPIRED}, FRESH, Status.CANCELLED),
        ({Outcome.CANCELLED, Outcome.FAILED}, FRESH, Status.FAILED),
        # Paid, without the val_id that could prove it.
        ({Outcome.PAID}, FRESH, None),
    ],
)
def test_fate_of_an_attempt_without_money(outcomes: set[Outcome], age: timedelta, status: str | None) -> None:
    assert fate(outcomes, age=age) == status
