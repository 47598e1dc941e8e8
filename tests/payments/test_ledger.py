"""What the database refuses to keep."""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.utils import timezone

from config.db import constraint_name
from doctors.models import Doctor
from payments.models import Account, Charge, Journal, LedgerEntry
from payments.services.ledger import post
from tests.factories.doctors import DoctorFactory
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory


@pytest.fixture
def charge(transactional_db: None) -> Charge:
    return ChargeFactory()


LONG_AGO = datetime(2026, 1, 31, 18, tzinfo=UTC)


def write(charge: Charge, *lines: tuple[str, str, str], cause: str = "C", **details: Any) -> Journal:
    with transaction.atomic():
        journal = Journal.objects.create(kind=Journal.Kind.SETTLEMENT, charge=charge, cause=cause, **details)
        for account, amount, currency in lines:
            LedgerEntry.objects.create(journal=journal, account=account, amount=Decimal(amount), currency=currency)
    return journal


BALANCED = (("gateway", "97.50", "BDT"), ("gateway_fee", "2.50", "BDT"), ("deposit", "-100.00", "BDT"))


def test_balanced_journal_is_kept(charge: Charge) -> None:
    assert write(charge, *BALANCED).entries.count() == 3


@pytest.mark.parametrize(
    ("lines", "constraint"),
    [
        ([], "journal_not_of_one_side"),
        ([("gateway", "1.00", "BDT")], "journal_not_of_one_side"),
        ([("gateway", "1.00", "BDT"), ("deposit", "-0.99", "BDT")], "journal_not_out_of_balance"),
        ([("gateway", "1.00", "BDT"), ("deposit", "1.00", "BDT")], "journal_not_out_of_balance"),
        ([("gateway", "1.00", "BDT"), ("deposit", "-1.00", "USD")], "journal_not_out_of_balance"),
        (
            [
                ("gateway", "1.00", "BDT"),
                ("deposit", "-1.00", "BDT"),
                ("gateway", "1.00", "USD"),
                ("deposit", "-2.00", "USD"),
            ],
            "journal_not_out_of_balance",
        ),
    ],
)
def test_journal_that_does_not_balance_is_refused_at_commit(charge: Charge, lines: Any, constraint: str) -> None:
    with pytest.raises(IntegrityError) as refusal:
        write(charge, *lines)

    assert constraint_name(refusal.value) == constraint
    assert not Journal.objects.exists()


def test_balance_is_looked_at_when_the_journal_is_whole(charge: Charge) -> None:
    """Only at commit: within the transaction a journal may be written line by line."""
    with transaction.atomic():
        journal = Journal.objects.create(kind=Journal.Kind.SETTLEMENT, charge=charge, cause="C")
        LedgerEntry.objects.create(journal=journal, account="gateway", amount=1, currency="BDT")
        assert LedgerEntry.objects.count() == 1
        LedgerEntry.objects.create(journal=journal, account="deposit", amount=-1, currency="BDT")


TILTS: dict[str, Callable[[Journal, Journal], object]] = {
    "add": lambda first, _: LedgerEntry.objects.create(journal=first, account="desk", amount=1, currency="BDT"),
    "raise": lambda first, _: first.entries.filter(account="gateway").update(amount=F("amount") + 1),
    "move": lambda first, second: first.entries.filter(account="gateway").update(journal=second),
    "remove": lambda first, _: first.entries.filter(account="gateway").delete(),
}


@pytest.mark.parametrize("tilt", TILTS.values(), ids=TILTS.keys())
def test_journal_cannot_be_tilted_afterwards(charge: Charge, tilt: Callable[[Journal, Journal], object]) -> None:
    """Even the owner of the tables, who may write them, does not get this past the trigger."""
    first, second = write(charge, *BALANCED), write(charge, *BALANCED, cause="D")
    with pytest.raises(IntegrityError):
        transaction.atomic(tilt)(first, second)

    assert sum(first.entries.values_list("amount", flat=True)) == 0


def test_line_has_the_time_of_its_journal_whatever_is_written(charge: Charge) -> None:
    """What a doctor's month comes to is read from the lines alone."""
    journal, now = write(charge, *BALANCED, at=LONG_AGO), timezone.now()
    with transaction.atomic():
        LedgerEntry.objects.create(journal=journal, account="gateway", amount=1, currency="BDT", at=now)
        LedgerEntry.objects.create(journal=journal, account="deposit", amount=-1, currency="BDT", at=now)
    assert set(journal.entries.values_list("at", flat=True)) == {LONG_AGO}
    journal.entries.update(at=now)
    assert set(journal.entries.values_list("at", flat=True)) == {LONG_AGO}


def test_journal_keeps_its_time(charge: Charge) -> None:
    journal = write(charge, *BALANCED, at=LONG_AGO)
    with pytest.raises(IntegrityError) as refusal:
        Journal.objects.filter(pk=journal.pk).update(at=timezone.now())
    assert constraint_name(refusal.value) == "journal_not_moved_in_time"


@transaction.atomic
def write_earning(charge: Charge, *, doctor: Doctor, keeper: Doctor | None) -> None:
    journal = Journal.objects.create(kind=Journal.Kind.EARNING, charge=charge, cause="C")
    for account, amount, whose in (("deposit", 500, None), ("doctor", -450, doctor), ("commission", -50, keeper)):
        LedgerEntry.objects.create(journal=journal, account=account, amount=amount, doctor=whose, currency="BDT")


@pytest.mark.parametrize("named", ["nobody", "another"])
def test_commission_names_the_doctor_of_whose_fee_it_is_kept(charge: Charge, named: str) -> None:
    doctor, other = DoctorFactory.create_batch(2)
    keeper = other if named == "another" else None
    with pytest.raises(IntegrityError) as refusal:
        write_earning(charge, doctor=doctor, keeper=keeper)
    assert constraint_name(refusal.value) == "journal_not_of_two_doctors"


def test_cause_has_one_journal_of_a_kind(charge: Charge) -> None:
    write(charge, *BALANCED)
    with pytest.raises(IntegrityError) as refusal:
        write(charge, *BALANCED)
    assert constraint_name(refusal.value) == "journal_not_twice_for_a_cause"


def test_lines_of_nothing_are_left_out(charge: Charge) -> None:
    journal = post(
        Journal.Kind.SETTLEMENT,
        charge=charge,
        cause="C",
        lines={Account.GATEWAY: Decimal(5), Account.GATEWAY_FEE: Decimal(0), Account.DEPOSIT: Decimal(-5)},
    )
    assert journal.entries.count() == 2


@pytest.mark.parametrize(
    ("table", "change", "constraint"),
    [
        ("payments_charge", "amount = 0", "charge_not_below_a_paisa"),
        ("payments_charge", "status = 'paid'", "charge_not_paid_without_a_time"),
        ("payments_charge", "status = 'free'", "charge_status_not_unknown"),
        ("payments_charge", "done_path = '//evil.example'", "charge_does_not_lead_off_the_portal"),
        ("payments_charge", "done_path = 'https://evil.example'", "charge_does_not_lead_off_the_portal"),
        ("payments_paymentattempt", "status = 'settled'", "attempt_not_settled_without_the_gateways_word"),
        ("payments_paymentattempt", "status = 'review'", "attempt_not_settled_without_the_gateways_word"),
        ("payments_paymentattempt", "status = 'gone'", "attempt_status_not_unknown"),
    ],
)
def test_row_that_can_never_be_true_is_refused(charge: Charge, table: str, change: str, constraint: str) -> None:
    PaymentAttemptFactory(charge=charge)
    with pytest.raises(IntegrityError) as refusal, connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change}")
    assert constraint_name(refusal.value) == constraint


def test_charge_has_one_settlement_that_counts(charge: Charge) -> None:
    PaymentAttemptFactory(charge=charge, settled=True)
    PaymentAttemptFactory(charge=charge, settled=True, is_surplus=True)
    with pytest.raises(IntegrityError) as refusal:
        PaymentAttemptFactory(charge=charge, settled=True)
    assert constraint_name(refusal.value) == "charge_not_settled_twice"


def test_val_id_settles_one_attempt(charge: Charge) -> None:
    first = PaymentAttemptFactory(settled=True)
    with pytest.raises(IntegrityError):
        PaymentAttemptFactory(charge=charge, settled=True, val_id=first.val_id)
