"""Every switch of the sandbox, at every value it has: whatever goes wrong, a payment ends where it belongs, and so does
its refund. What each fault does on the way there has a test of its own; docs/payments.md has the table.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone
from pytest_django import Settings

from accounts.models import User
from appointments.models import Appointment, Status
from appointments.services import start_payment
from payments import services
from payments.gateways import sslcommerz
from payments.models import Account, Charge, GatewayMessage, Journal, PaymentAttempt, Refund
from payments.sandbox.faults import SWITCHES, Switch
from tests.appointments.visits import confirmed, hold
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.payments.till import GIVEN_BACK, PAID, Json, Till, balances

TIMEOUT, LONGER, PATIENT = 0.3, 0.5, 10.0
# What an IPN says otherwise: a field at a time.
LIES = (
    {"amount": "1.00"},
    {"currency_amount": "1.00"},
    {"currency_type": "USD"},
    {"store_id": "elsewhere"},
    {"tran_id": "P0"},
    {"val_id": "0"},
    {"status": "FAILED"},
)


def values(switch: Switch) -> list[dict[str, Any]]:
    """The settings that try it."""
    match switch.default:
        case bool():
            return [{switch.name: True}]
        case int():
            return [{switch.name: 3}]
        case float():
            return [{switch.name: LONGER, "session": "timeout"}]
        case str():
            return [{switch.name: choice} for choice in switch.choices if choice != switch.default]
    return [{switch.name: lie} for lie in LIES]


@pytest.mark.parametrize("tried", [values(switch) for switch in SWITCHES.values()], ids=list(SWITCHES))
def test_payment_and_refund_end_well_whatever_the_gateway_does(
    till: Till, settings: Settings, monkeypatch: pytest.MonkeyPatch, tried: list[dict[str, Any]]
) -> None:
    monkeypatch.setattr(sslcommerz, "PAUSE", 0)

    def go_wrong(faults: dict[str, Any]) -> None:
        settings.SSLCOMMERZ_TIMEOUT = TIMEOUT
        till.sandbox.faults(**{"hold_seconds": LONGER} | faults)

    def go_right() -> None:
        settings.SSLCOMMERZ_TIMEOUT = PATIENT
        till.sandbox.clear_faults()
        sslcommerz.fuses.clear()

    for faults in tried:
        charge = till.charge()
        before = balances()
        go_wrong(faults)
        pay_somehow(till, charge)
        assert Journal.objects.filter(charge=charge).count() <= 1
        go_right()
        while not is_paid(charge):
            pay_somehow(till, charge)
        assert came_to(before) == PAID, faults

        go_wrong(faults)
        with transaction.atomic():
            services.request_refund(services.lock_charge(charge.pk), reason=Refund.Reason.ADMIN)
        for _ in range(2):
            till.send(charge.refunds.latest("pk"))
        go_right()
        give_back_in_the_end(till, charge)
        assert came_to(before) == GIVEN_BACK, faults
        attempts = charge.attempts.values_list("tran_id", flat=True)
        assert given_back(till, attempts) == [Decimal("500.00")]


def pay_somehow(till: Till, charge: Charge) -> None:
    """The payer presses Pay, pays whatever page the gateway has, and comes back; messages are read, questions asked."""
    if not sessions(till, charge):
        assert till.browser(charge).post(f"/payments/{charge.pk}/start/").status_code == 303
    for session in sessions(till, charge):
        if session["status"] == "PENDING":
            paid = till.pay(PaymentAttempt(tran_id=session["tran_id"]))
            assert till.come_back(paid).status_code == 303
    till.sandbox.release_ipn()
    till.work()
    for attempt in charge.attempts.filter(val_id=None):
        till.reconcile(attempt)
    charge.refresh_from_db()
    if charge.status == Charge.Status.REVIEW:
        services.approve_review(charge, by=charge.payer)


def sessions(till: Till, charge: Charge) -> list[Json]:
    return [found for attempt in charge.attempts.all() for found in till.sandbox.transactions(attempt.tran_id)]


def is_paid(charge: Charge) -> bool:
    charge.refresh_from_db()
    return charge.status == Charge.Status.PAID


def came_to(before: dict[str, Decimal]) -> dict[str, Decimal]:
    """What changed on each account."""
    now = balances()
    changes = {account: now.get(account, Decimal(0)) - before.get(account, Decimal(0)) for account in now | before}
    return {Account(account): change for account, change in changes.items() if change}


def give_back_in_the_end(till: Till, charge: Charge) -> None:
    for _ in range(3):
        refund = charge.refunds.latest("pk")
        if refund.status == Refund.Status.FAILED:
            refund = services.retry_refund(refund, by=charge.payer)
        if refund.status in Refund.UNDECIDED:
            till.send(refund)
            if refund.refund_ref_id:
                till.sandbox.settle_refund(refund.refund_ref_id)


def given_back(till: Till, tran_ids: Any) -> list[Decimal]:
    """By the gateway's own books."""
    return [
        Decimal(refund["amount"])
        for tran_id in tran_ids
        for session in till.sandbox.transactions(tran_id)
        for refund in session["refunds"]
        if refund["status"] == "refunded"
    ]


def test_validation_that_hangs_or_denies_leaves_it_to_be_asked_again(till: Till, settings: Settings) -> None:
    for fault, timeout, status, verdict in (
        ("timeout", TIMEOUT, "new", ""),
        ("failed", PATIENT, "refused", "not_valid"),
        ("invalid", PATIENT, "refused", "not_valid"),
    ):
        charge = till.charge()
        attempt = till.start(charge)
        till.sandbox.faults(validation=fault, hold_seconds=LONGER)
        till.pay(attempt)
        # What shall not answer in time is given little of it, and only while it is asked.
        settings.SSLCOMMERZ_TIMEOUT = timeout
        till.work()
        settings.SSLCOMMERZ_TIMEOUT = PATIENT
        message = GatewayMessage.objects.latest("pk")
        assert (message.status, message.verdict, is_paid(charge)) == (status, verdict, False)

        till.sandbox.clear_faults()
        till.reconcile(attempt)
        assert is_paid(charge)
        # The message that was left over finds it settled.
        till.work()
    assert Journal.objects.count() == 3


def test_ipn_in_a_race_with_the_browser_settles_once(till: Till) -> None:
    till.sandbox.faults(ipn="with_return", ipn_copies=3)
    charge = till.charge()
    attempt = till.start(charge)
    assert till.come_back(till.pay(attempt)).status_code == 303
    eventually_told = [each["attempts"] for each in till.sandbox.transaction(attempt.tran_id)["ipns"]]
    assert len(eventually_told) == 3
    till.work()
    till.reconcile(attempt)
    till.work()
    assert is_paid(charge)
    assert balances() == PAID


@pytest.fixture
def people(till: Till) -> tuple[User, User, User]:
    """A doctor, and two who want the same time."""
    doctor = DoctorFactory(with_hours=True, fee_video=Decimal(500)).user
    return doctor, PatientFactory().user, PatientFactory().user


def paid_too_late(till: Till, doctor: User, patient: User) -> Appointment:
    """Paid at the gateway, whose message is late; and the hold ran out."""
    visit = hold(doctor, patient)
    charge = start_payment(visit, by=patient)
    assert charge
    till.sandbox.faults(ipn="late")
    till.pay(till.start(charge))
    Appointment.objects.filter(pk=visit.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    return visit


def test_money_that_comes_after_the_time_went_to_another_goes_back(till: Till, people: tuple[User, User, User]) -> None:
    doctor, first, second = people
    visit = paid_too_late(till, doctor, first)
    other = confirmed(doctor, second)

    till.sandbox.release_ipn()
    till.work()

    visit.refresh_from_db()
    assert visit.charge
    assert (visit.status, visit.charge.status) == (Status.EXPIRED, Charge.Status.PAID)
    refund = visit.charge.refunds.get()
    assert (refund.reason, till.send(refund).status) == (Refund.Reason.TOO_LATE, Refund.Status.DONE)
    assert given_back(till, visit.charge.attempts.values_list("tran_id", flat=True)) == [Decimal("500.00")]
    assert list(Appointment.objects.filter(status=Status.CONFIRMED)) == [other]


def test_money_that_comes_late_while_the_time_is_free_seats_the_patient(
    till: Till, people: tuple[User, User, User]
) -> None:
    doctor, first, _second = people
    visit = paid_too_late(till, doctor, first)

    till.sandbox.release_ipn()
    till.work()

    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert balances() == PAID
