"""What is earned when a visit is done, and what becomes of it when money goes back after that."""

from decimal import Decimal

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from doctors.models import Doctor
from payments import services
from payments.models import Account, Charge, CommissionRate, Journal, LedgerEntry, Refund
from tests.factories.doctors import DoctorFactory
from tests.factories.specialties import SpecialtyFactory
from tests.payments.till import GIVEN_BACK, PAID, Till, balances

EARNED = PAID | {Account.DOCTOR: Decimal("-450.00"), Account.COMMISSION: Decimal("-50.00")}
del EARNED[Account.DEPOSIT]


@pytest.fixture
def own_doctor(db: None) -> Doctor:
    return DoctorFactory()


def earn(charge: Charge, doctor: Doctor) -> None:
    with transaction.atomic():
        services.earn_charge(services.lock_charge(charge.pk), doctor=doctor)


def refund(charge: Charge, amount: str) -> Refund:
    with transaction.atomic():
        locked = services.lock_charge(charge.pk)
        found = services.request_refund(locked, amount=Decimal(amount), reason=Refund.Reason.ADMIN)
    assert found
    return found


def test_deposit_is_earned_once(till: Till, own_doctor: Doctor) -> None:
    charge = till.charge()
    till.paid(charge)
    for _ in range(2):
        earn(charge, own_doctor)

    assert balances() == EARNED
    assert Journal.objects.filter(kind=Journal.Kind.EARNING).count() == 1
    assert LedgerEntry.objects.get(account=Account.DOCTOR).doctor == own_doctor


def test_what_was_promised_back_before_is_not_earned(till: Till, own_doctor: Doctor) -> None:
    charge = till.charge()
    till.paid(charge)
    refund(charge, "499.99")
    earn(charge, own_doctor)

    assert (balances()[Account.DOCTOR], Account.COMMISSION in balances()) == (Decimal("-0.01"), False)


def test_surplus_that_the_gateway_would_not_take_back_is_not_earned(till: Till, own_doctor: Doctor) -> None:
    till.sandbox.faults(refund="failed")
    charge = till.charge()
    for attempt in (till.start(charge), till.start(charge)):
        till.pay(attempt)
    till.work()
    refused = till.send(charge.refunds.get())
    assert (refused.status, refused.reason) == (Refund.Status.FAILED, Refund.Reason.SURPLUS)

    earn(charge, own_doctor)

    assert {account: balances()[account] for account in (Account.DEPOSIT, Account.DOCTOR, Account.COMMISSION)} == {
        Account.DEPOSIT: Decimal("-500.00"),
        Account.DOCTOR: Decimal("-450.00"),
        Account.COMMISSION: Decimal("-50.00"),
    }
    # What the doctor has earned is what a refund of the sale takes, and the surplus goes back by itself.
    refund(charge, "500.00")
    assert Account.DOCTOR not in balances()
    assert balances()[Account.DEPOSIT] == Decimal("-500.00")
    till.sandbox.clear_faults()
    assert till.send(services.retry_refund(refused, by=charge.payer)).status == Refund.Status.DONE
    assert Account.DEPOSIT not in balances()


def test_nothing_is_earned_of_what_went_back_whole_or_was_never_paid(till: Till, own_doctor: Doctor) -> None:
    back, unpaid = till.charge(), till.charge()
    till.paid(back)
    till.send(refund(back, "500.00"))
    for charge in (back, unpaid):
        earn(charge, own_doctor)

    assert balances() == GIVEN_BACK


def test_refund_of_what_was_earned_is_borne_as_it_was_shared(till: Till, own_doctor: Doctor) -> None:
    charge = till.charge()
    till.paid(charge)
    earn(charge, own_doctor)
    part = refund(charge, "33.33")

    # 3.333 rounds to 3.33; the doctor bears the rest.
    assert balances() == EARNED | {
        Account.DOCTOR: Decimal("-420.00"),
        Account.COMMISSION: Decimal("-46.67"),
        Account.REFUNDS_DUE: Decimal("-33.33"),
    }
    till.send(part)
    till.send(refund(charge, "466.67"))

    assert balances() == GIVEN_BACK


def test_refund_that_the_gateway_refuses_gives_the_shares_back(till: Till, own_doctor: Doctor) -> None:
    charge = till.charge()
    till.paid(charge)
    earn(charge, own_doctor)
    till.sandbox.faults(refund="failed")
    till.send(refund(charge, "100.00"))

    assert balances() == EARNED


def test_rate_is_the_doctors_then_the_first_specialtys_then_the_portals(own_doctor: Doctor) -> None:
    from payments.services.earnings import commission_percent

    own_doctor.doctor_specialties.all().delete()
    later, first = SpecialtyFactory(), SpecialtyFactory()
    own_doctor.doctor_specialties.create(specialty=later, position=1)
    own_doctor.doctor_specialties.create(specialty=first, position=0)
    assert commission_percent(own_doctor) == settings.COMMISSION_PERCENT

    CommissionRate.objects.create(specialty=later, percent=Decimal("7.5"))
    assert commission_percent(own_doctor) == Decimal("7.5")
    CommissionRate.objects.create(specialty=first, percent=12)
    assert commission_percent(own_doctor) == 12
    CommissionRate.objects.create(doctor=own_doctor, percent=0)
    assert commission_percent(own_doctor) == 0


@pytest.mark.parametrize("whose", ["both", "none"])
def test_rate_is_of_a_doctor_or_of_a_specialty(own_doctor: Doctor, whose: str) -> None:
    both = {"doctor": own_doctor, "specialty": SpecialtyFactory()} if whose == "both" else {}
    with pytest.raises(IntegrityError, match="commission_not_of_both_or_none"):
        CommissionRate.objects.create(percent=5, **both)


@transaction.atomic
def write_line_of_no_doctor(charge: Charge) -> None:
    journal = Journal.objects.create(kind=Journal.Kind.EARNING, charge=charge, cause="x")
    LedgerEntry.objects.create(journal=journal, account=Account.DOCTOR, amount=-1, currency="BDT")


def test_doctors_account_names_the_doctor(till: Till) -> None:
    charge = till.charge()
    with pytest.raises(IntegrityError, match="ledger_entry_not_of_an_unnamed_doctor"):
        write_line_of_no_doctor(charge)
