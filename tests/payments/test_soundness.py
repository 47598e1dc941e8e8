"""The whole ledger looked through, as after a restore: what is off is named, and the command fails."""

import io
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from payments.models import Account, LedgerEntry, PaymentAttempt, Refund
from payments.services.ledger import earning, post_all, post_settlement
from tests.emptying import UNGUARDED
from tests.factories.doctors import DoctorFactory
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.payments.test_lists import given_back


@pytest.fixture(autouse=True)
def _money(transactional_db: None) -> None:
    """A payment, and another that went back."""
    attempt = PaymentAttemptFactory(settled=True)
    post_settlement(attempt.charge, attempt)
    given_back()


def behind_the_databases_back(statement: str, *values: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"BEGIN; {UNGUARDED}")
        cursor.execute(statement, values)
        cursor.execute("COMMIT")


def said() -> str:
    out = io.StringIO()
    with pytest.raises(CommandError, match="not whole"):
        call_command("check_ledger", stdout=out, stderr=out)
    return out.getvalue()


def test_whole_ledger_is_said_to_be_whole() -> None:
    out = io.StringIO()
    call_command("check_ledger", stdout=out)
    assert out.getvalue() == "10 entries\nBDT: 0.00\nThe ledger is whole.\n"


def test_journal_that_does_not_sum_to_zero_is_named() -> None:
    entry = LedgerEntry.objects.filter(account=Account.GATEWAY).earliest("pk")
    behind_the_databases_back("UPDATE payments_ledgerentry SET amount = amount + 1 WHERE id = %s", entry.pk)
    assert said().splitlines()[1:] == ["BDT: 1.00", f"journals that do not sum to zero: {entry.journal_id}"]


def test_line_of_another_time_than_its_journals_is_named() -> None:
    entry = LedgerEntry.objects.earliest("pk")
    behind_the_databases_back("UPDATE payments_ledgerentry SET at = at - interval '1 day' WHERE id = %s", entry.pk)
    assert said().splitlines()[2:] == [f"lines of another time than their journal's: {entry.pk}"]


@pytest.mark.parametrize("named", ["nobody", "another"])
def test_commission_that_names_another_than_the_doctor_is_named(named: str) -> None:
    doctor, other = DoctorFactory.create_batch(2)
    charge = ChargeFactory()
    post_all([earning(charge, doctor_id=doctor.pk, amount=charge.amount, commission=Decimal(50))])
    keeper = other.pk if named == "another" else None
    behind_the_databases_back("UPDATE payments_ledgerentry SET doctor_id = %s WHERE account = 'commission'", keeper)
    journal = LedgerEntry.objects.get(account=Account.COMMISSION).journal_id
    assert said().splitlines()[2:] == [f"journals of more than one doctor: {journal}"]


def test_journals_that_are_off_against_one_another_are_both_named() -> None:
    """The sum of all is zero."""
    first, last = LedgerEntry.objects.filter(account=Account.GATEWAY, amount__gt=0).order_by("pk")
    for entry, change in ((first, 1), (last, -1)):
        behind_the_databases_back(
            "UPDATE payments_ledgerentry SET amount = amount + %s WHERE id = %s", change, entry.pk
        )
    total, fault = said().splitlines()[1:]
    assert total == "BDT: 0.00"
    assert set(fault.partition(": ")[2].split(", ")) == {str(first.journal_id), str(last.journal_id)}


def test_payment_and_refund_that_the_ledger_lost_are_named() -> None:
    attempt, refund = PaymentAttempt.objects.latest("pk"), Refund.objects.get()
    lost = "DELETE FROM payments_ledgerentry e USING payments_journal j WHERE j.id = e.journal_id AND j.cause = %s"
    for cause in (attempt.tran_id, refund.refund_trans_id):
        behind_the_databases_back(lost, cause)
    words = said()
    assert "journals without lines: " in words
    assert f"payments that the ledger has not: {attempt.tran_id}" in words
    assert f"refunds that the ledger has not: {refund.refund_trans_id}" in words


def test_payment_of_another_amount_and_settlement_of_nothing_are_named() -> None:
    other, gone = PaymentAttempt.objects.order_by("pk")
    PaymentAttempt.objects.filter(pk=other.pk).update(amount=Decimal("499.99"))
    PaymentAttempt.objects.filter(pk=gone.pk).update(status=PaymentAttempt.Status.FAILED)
    words = said()
    assert f"payments that the ledger has not: {other.tran_id}" in words
    assert f"settlements of no payment: {gone.tran_id}" in words
