"""How doctors are paid: an account, a run that two people look at, a journal for each payment."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Notification, User
from patients.models import today
from payments import services
from payments.errors import NothingToPayOut, NotYoursToApprove, PayoutDecided
from payments.models import Account, Charge, Journal, Payout, PayoutAccount, PayoutMethod, PayoutRun
from payments.services.ledger import post
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.payments import ChargeFactory
from tests.payments.till import balances

NUMBER = "01712345678"


def earned(doctor: Any, amount: str) -> Charge:
    """A fee of which the doctor has so much, and the portal a ninth of it."""
    charge = ChargeFactory(amount=Decimal(amount), done_path="/appointments/1/")
    part = Decimal(amount)
    kept = (part / 9).quantize(Decimal("0.01"))
    lines = {Account.DEPOSIT: part + kept, Account.DOCTOR: -part, Account.COMMISSION: -kept}
    post(Journal.Kind.EARNING, charge=charge, cause=charge.pk.hex, lines=lines, doctor_id=doctor.pk)
    return charge


def with_account(doctor: Any) -> PayoutAccount:
    fields = {"holder": "Anisul Haque", "number": NUMBER, "bank": "", "branch": "", "routing": ""}
    return services.set_payout_account(doctor, method=PayoutMethod.BKASH, by=doctor.user, **fields)


@pytest.fixture
def maker(db: None) -> User:
    return UserFactory(as_admin=True)


@pytest.fixture
def checker(db: None) -> User:
    return UserFactory(as_admin=True)


def drafted(maker: User) -> PayoutRun:
    return services.draft_payouts(until=today() + timedelta(days=1), by=maker)


def test_what_was_earned_is_paid_out_once_and_the_books_say_so(maker: User, checker: User) -> None:
    doctor = DoctorFactory()
    with_account(doctor)
    earned(doctor, "900.00")
    run = drafted(maker)
    [payout] = run.payouts.all()
    assert (payout.amount, payout.status, payout.number, payout.masked) == (Decimal(900), "due", NUMBER, "•••• 5678")
    with pytest.raises(NothingToPayOut):
        drafted(maker)
    with pytest.raises(PayoutDecided):
        services.mark_paid_out(payout, reference="TX1", by=checker)

    services.approve_payouts(run, by=checker)
    services.mark_paid_out(payout, reference="TX1", by=maker)
    assert balances()[Account.BANK] == Decimal(-900)
    assert Account.DOCTOR not in balances()
    with pytest.raises(PayoutDecided):
        services.mark_paid_out(payout, reference="TX2", by=maker)
    with pytest.raises(NothingToPayOut):
        drafted(maker)
    kinds = Notification.objects.filter(user=doctor.user).order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["payout_account_changed", "payout_sent"]


def test_doctor_sees_the_next_payout_until_it_is_made(client: Client, maker: User, checker: User) -> None:
    doctor = DoctorFactory()
    with_account(doctor)
    earned(doctor, "900.00")
    run = drafted(maker)
    client.force_login(doctor.user)
    waiting = client.get("/practice/income/").context
    assert (waiting["next_payout"].amount, waiting["balance"], waiting["month"].paid_out) == (900, 900, 0)
    services.approve_payouts(run, by=checker)
    services.mark_paid_out(run.payouts.get(), reference="TX1", by=maker)
    made = client.get("/practice/income/").context
    assert (made["next_payout"], made["balance"], made["month"].paid_out) == (None, 0, 900)


def test_run_is_approved_by_somebody_else(maker: User) -> None:
    doctor = DoctorFactory()
    with_account(doctor)
    earned(doctor, "900.00")
    run = drafted(maker)
    with pytest.raises(NotYoursToApprove):
        services.approve_payouts(run, by=maker)
    # Nor by SQL.
    with pytest.raises(IntegrityError, match="payout_run_not_approved_by_its_maker"), transaction.atomic():
        PayoutRun.objects.filter(pk=run.pk).update(status="approved", decided_by=maker)


def test_payment_that_did_not_go_through_leaves_the_money_owed(maker: User, checker: User) -> None:
    doctor = DoctorFactory()
    with_account(doctor)
    earned(doctor, "900.00")
    run = services.approve_payouts(drafted(maker), by=checker)
    services.mark_not_paid_out(run.payouts.get(), failure="No such wallet", by=maker)
    assert balances()[Account.DOCTOR] == Decimal(-900)
    assert Notification.objects.filter(user=doctor.user, kind="payout_failed").exists()
    assert drafted(maker).payouts.get().amount == Decimal(900)


def test_dropped_draft_holds_nothing(maker: User, checker: User) -> None:
    doctor = DoctorFactory()
    with_account(doctor)
    earned(doctor, "900.00")
    run = services.drop_payouts(drafted(maker), by=checker)
    assert run.payouts.get().status == Payout.Status.DROPPED
    with pytest.raises(PayoutDecided):
        services.approve_payouts(run, by=checker)
    assert drafted(maker).payouts.count() == 1


def test_run_takes_who_has_an_account_and_earned_enough_in_time(maker: User, settings: Any) -> None:
    settings.PAYOUT_MINIMUM = Decimal(500)
    enough, little, homeless, owing = (DoctorFactory() for _ in range(4))
    for doctor in (enough, little, owing):
        with_account(doctor)
    for doctor, amount in ((enough, "500.00"), (little, "499.99"), (homeless, "900.00")):
        earned(doctor, amount)
    charge = earned(owing, "900.00")
    # More went back since than was left.
    lines = {Account.DOCTOR: Decimal(901), Account.REFUNDS_DUE: Decimal(-901)}
    post(Journal.Kind.REFUND_DUE, charge=charge, cause="R1", lines=lines, doctor_id=owing.pk)
    assert [each.doctor for each in drafted(maker).payouts.all()] == [enough]
    with pytest.raises(NothingToPayOut):
        services.draft_payouts(until=today(), by=maker)


@pytest.mark.django_db(transaction=True)
def test_many_drafts_at_once_pay_nobody_twice() -> None:
    doctors = [DoctorFactory() for _ in range(3)]
    for doctor in doctors:
        with_account(doctor)
        earned(doctor, "900.00")
    makers = [UserFactory(as_admin=True) for _ in range(6)]

    def draft(maker: User) -> int:
        try:
            return drafted(maker).payouts.count()
        except NothingToPayOut:
            return 0
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as threads:
        assert sorted(threads.map(draft, makers)) == [0, 0, 0, 0, 0, 3]


def test_number_is_ciphertext_in_the_database(db: None) -> None:
    account = with_account(DoctorFactory())
    with connection.cursor() as cursor:
        cursor.execute("SELECT row_to_json(a)::text FROM payments_payoutaccount a")
        [(row,)] = cursor.fetchall()
    assert NUMBER not in row
    assert account.number == NUMBER


def test_numbers_move_to_a_new_key(maker: User, settings: Any) -> None:
    doctor = DoctorFactory()
    account = with_account(doctor)
    earned(doctor, "900.00")
    payout = drafted(maker).payouts.get()
    old, new = settings.MFA_ENCRYPTION_KEYS[0], "a new key of the portal, long enough"
    settings.MFA_ENCRYPTION_KEYS = [new, old]
    call_command("renew_payout_numbers")
    settings.MFA_ENCRYPTION_KEYS = [new]
    for row in (account, payout):
        row.refresh_from_db()
        assert row.number == NUMBER


def test_transfer_of_the_gateway_is_noted_once(db: None) -> None:
    services.note_bank_transfer(amount=Decimal("1000.00"), reference="BANK-1")
    with pytest.raises(IntegrityError, match="journal_not_twice_for_a_cause"), transaction.atomic():
        services.note_bank_transfer(amount=Decimal("1000.00"), reference="BANK-1")
    assert balances() == {Account.BANK: Decimal(1000), Account.GATEWAY: Decimal(-1000)}


# In the admin --------------------------------------------------------------------------------------------------------


def test_finance_drafts_approves_downloads_and_settles_in_the_admin(client: Client, maker: User, checker: User) -> None:
    doctor = DoctorFactory()
    with_account(doctor)
    earned(doctor, "900.00")
    client.force_login(maker)
    send = {"_form_submitted": "on"}
    drafted_at = client.post("/admin/payments/payoutrun/draft/", send | {"until": str(today() + timedelta(days=1))})
    run = PayoutRun.objects.get()
    assert f"/admin/payments/payoutrun/{run.pk}/change/" in drafted_at.url
    assert client.get(f"/admin/payments/payoutrun/{run.pk}/csv/").status_code in {403, 404}, "it is not approved"
    page = client.get(f"/admin/payments/payoutrun/{run.pk}/change/").content.decode()
    assert "•••• 5678" in page
    assert NUMBER not in page
    client.post(f"/admin/payments/payoutrun/{run.pk}/approve/", send)
    run.refresh_from_db()
    assert run.status == "draft", "nobody approves what they drafted"

    client.force_login(checker)
    client.post(f"/admin/payments/payoutrun/{run.pk}/approve/", send)
    run.refresh_from_db()
    assert (run.status, run.decided_by) == ("approved", checker)
    lines = b"".join(client.get(f"/admin/payments/payoutrun/{run.pk}/csv/").streaming_content).decode()
    assert NUMBER in lines
    payout = run.payouts.get()
    client.post(f"/admin/payments/payout/{payout.pk}/paid/", send | {"reference": "TX77"})
    payout.refresh_from_db()
    assert (payout.status, payout.reference) == ("paid", "TX77")
