"""Complaints about payments: said, answered, settled; each step once, in order, and told to both sides."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import Delivery, Notification, User
from accounts.services import deliver
from patients.models import today
from payments import services, tasks
from payments.erasure import blank_payer, is_money_open
from payments.errors import DisputeDecided, NotDisputable, NothingToGiveBack, NothingToPayOut, NotRefundable
from payments.models import Account, Charge, Dispute, DisputeEvent, Journal, PayoutMethod, Refund
from payments.services import disputes
from payments.services.ledger import post_settlement
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.payments import ChargeFactory, PaymentAttemptFactory
from tests.payments.test_races import at_once
from tests.payments.till import balances

type ClientOf = Callable[[User], Client]

WORDS = "We had agreed on another day."


def paid(payer: User, doctor: Any = None, **fields: Any) -> Charge:
    """৳500 that the ledger has on deposit."""
    facts = {"payer": payer, "doctor": doctor, "status": Charge.Status.PAID, "paid_at": timezone.now()}
    charge = ChargeFactory(**facts | fields)
    post_settlement(charge, PaymentAttemptFactory(charge=charge, settled=True))
    return charge


def complained(charge: Charge) -> Dispute:
    return services.open_dispute(charge, reason=Dispute.Reason.NOT_HELD, words=WORDS, by=charge.payer)


def told(user: User) -> list[str]:
    kinds = Notification.objects.filter(user=user, kind__startswith="dispute").order_by("created_at", "pk")
    return list(kinds.values_list("kind", flat=True))


def codes(dispute: Dispute) -> list[str]:
    return list(dispute.events.values_list("code", flat=True))


@pytest.fixture
def judge(db: None) -> User:
    return UserFactory(in_group="finance")


# From the first word to the last ---------------------------------------------------------------------------------


def test_complaint_is_answered_and_money_goes_back_and_both_hear_of_each_step(
    patient: User, doctor: User, judge: User
) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    assert (dispute.status, dispute.doctor) == ("open", doctor.doctor)
    services.answer_dispute(dispute, answer="The day was moved.", by=doctor)
    services.settle_dispute(dispute, amount=Decimal("120.50"), note="Half of it was not told.", by=judge)
    dispute.refresh_from_db()
    refund = dispute.charge.refunds.get()
    assert (dispute.status, dispute.refund, refund.amount) == ("refunded", refund, Decimal("120.50"))
    assert (refund.reason, refund.requested_by) == (Refund.Reason.DISPUTE, judge)
    assert balances()[Account.REFUNDS_DUE] == Decimal("-120.50")
    assert codes(dispute) == ["opened", "answered", "refunded"]
    assert told(patient) == ["dispute_received", "dispute_answered", "dispute_settled"]
    assert told(doctor) == ["dispute_opened", "dispute_answered", "dispute_settled"]


def test_refused_complaint_leaves_the_money_where_it_is(patient: User, doctor: User, judge: User) -> None:
    before = complained(paid(patient, doctor.doctor))
    sums = balances()
    services.refuse_dispute(before, note="It was held.", by=judge)
    assert balances() == sums
    assert not Refund.objects.exists()
    with pytest.raises(NotDisputable):
        complained(before.charge)


def test_withdrawn_complaint_may_be_made_once_more(patient: User, doctor: User) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    services.withdraw_dispute(dispute, by=patient)
    assert told(doctor) == ["dispute_opened", "dispute_withdrawn"]
    assert complained(dispute.charge) != dispute


def test_time_to_decide_begins_with_the_answer(patient: User, doctor: User) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    assert timedelta(days=9, hours=23) < dispute.decide_until - timezone.now() <= timedelta(days=10)
    dispute = services.answer_dispute(dispute, answer="It was agreed.", by=doctor)
    assert timedelta(days=4, hours=23) < dispute.decide_until - timezone.now() <= timedelta(days=5)


def test_doctor_who_is_silent_is_passed_by_once(patient: User, doctor: User) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    tasks.sweep_disputes()
    assert codes(dispute) == ["opened"], "there is time"
    Dispute.objects.update(answer_until=timezone.now())
    for _ in range(2):
        tasks.sweep_disputes()
    dispute.refresh_from_db()
    assert (dispute.status, codes(dispute)) == ("answered", ["opened", "unanswered"])
    assert told(patient)[-1] == told(doctor)[-1] == "dispute_unanswered"
    with pytest.raises(DisputeDecided):
        services.answer_dispute(dispute, answer="Now", by=doctor)


def test_without_a_doctor_an_administrator_decides_at_once(patient: User) -> None:
    dispute = complained(paid(patient))
    assert (dispute.status, dispute.doctor) == ("answered", None)
    assert timedelta(days=4, hours=23) < dispute.decide_until - timezone.now() <= timedelta(days=5)


def test_who_has_earned_it_is_asked_where_the_seller_named_nobody(patient: User, doctor: User) -> None:
    charge = paid(patient)
    services.earn_charge(charge, doctor=doctor.doctor)
    assert complained(charge).doctor == doctor.doctor


@pytest.mark.parametrize(
    "move",
    [
        lambda dispute, by: services.answer_dispute(dispute, answer="x", by=by),
        lambda dispute, by: services.settle_dispute(dispute, amount=None, note="x", by=by),
        lambda dispute, by: services.refuse_dispute(dispute, note="x", by=by),
        lambda dispute, by: services.withdraw_dispute(dispute, by=by),
    ],
)
def test_what_is_settled_stays_settled(patient: User, doctor: User, judge: User, move: Any) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    services.refuse_dispute(dispute, note="It was held.", by=judge)
    with pytest.raises(DisputeDecided):
        move(dispute, judge)
    assert codes(dispute) == ["opened", "refused"]


# What may be complained about, and until when ----------------------------------------------------------------------


def test_only_who_paid_complains_about_what_is_paid(patient: User, stranger: User, doctor: User) -> None:
    charge = paid(patient, doctor.doctor)
    for by, subject in ((stranger, charge), (patient, ChargeFactory(payer=patient))):
        with pytest.raises(NotDisputable):
            services.open_dispute(subject, reason=Dispute.Reason.OTHER, words=WORDS, by=by)
    services.refund_by_admin(charge, by=UserFactory(as_admin=True))
    with pytest.raises(NotDisputable):
        complained(charge)


def test_time_to_complain_begins_when_it_is_earned(patient: User, doctor: User, settings: Settings) -> None:
    charge = paid(patient, doctor.doctor, paid_at=timezone.now() - timedelta(days=365))
    services.earn_charge(charge, doctor=doctor.doctor, at=timezone.now() - timedelta(days=29, hours=23))
    services.withdraw_dispute(complained(charge), by=patient)
    settings.DISPUTE_WITHIN_DAYS = 29
    with pytest.raises(NotDisputable):
        complained(charge)


def test_amount_that_is_not_left_is_refused_and_nothing_is_decided(patient: User, doctor: User, judge: User) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    with pytest.raises(NotRefundable):
        services.settle_dispute(dispute, amount=Decimal("500.01"), note="x", by=judge)
    services.refund_by_admin(dispute.charge, by=judge)
    with pytest.raises(NothingToGiveBack):
        services.settle_dispute(dispute, amount=None, note="x", by=judge)
    dispute.refresh_from_db()
    assert (dispute.status, codes(dispute)) == ("open", ["opened"])


def test_database_forbids_what_the_services_do(patient: User, doctor: User) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    for name, change in (
        ("dispute_not_closed_without_a_time", {"status": "withdrawn"}),
        ("dispute_not_settled_without_a_reason", {"status": "refused", "closed_at": timezone.now()}),
        ("dispute_not_without_words", {"words": ""}),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Dispute.objects.filter(pk=dispute.pk).update(**change)


def test_disputed_money_is_not_paid_out_until_it_is_settled(patient: User, doctor: User, judge: User) -> None:
    services.set_payout_account(
        doctor.doctor,
        method=PayoutMethod.BKASH,
        holder="A",
        number="01712345678",
        bank="",
        branch="",
        routing="",
        by=doctor,
    )
    free, held = paid(patient, doctor.doctor, amount=Decimal(1000)), paid(patient, doctor.doctor, amount=Decimal(1000))
    for charge in (free, held):
        services.earn_charge(charge, doctor=doctor.doctor)
    dispute = complained(held)
    run = services.draft_payouts(until=today() + timedelta(days=1), by=judge)
    assert run.payouts.get().amount == Decimal(900)
    services.drop_payouts(run, by=judge)
    services.refuse_dispute(dispute, note="It was held.", by=judge)
    assert services.draft_payouts(until=today() + timedelta(days=1), by=judge).payouts.get().amount == Decimal(1800)
    with pytest.raises(NothingToPayOut):
        services.draft_payouts(until=today() + timedelta(days=1), by=judge)


# At once ---------------------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_complaint_made_at_once_is_one() -> None:
    charge = paid(UserFactory(), DoctorFactory())
    outcomes = at_once(*[lambda: complained(charge)] * 4)
    assert sum(isinstance(each, Dispute) for each in outcomes) == 1
    assert {type(each) for each in outcomes} == {Dispute, NotDisputable}


@pytest.mark.django_db(transaction=True)
def test_without_the_charges_lock_the_database_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    charge = paid(UserFactory(), DoctorFactory())
    monkeypatch.setattr(disputes, "lock_charge", lambda pk: Charge.objects.get(pk=pk))
    monkeypatch.setattr(disputes.rules, "can_dispute", lambda *_: True)
    outcomes = at_once(*[lambda: complained(charge)] * 4)
    assert Dispute.objects.count() == 1
    assert sum(isinstance(each, IntegrityError) for each in outcomes) == 3


@pytest.mark.django_db(transaction=True)
def test_settled_refused_answered_and_withdrawn_at_once_ends_in_one_way() -> None:
    charge, judge = paid(UserFactory(), DoctorFactory()), UserFactory(as_admin=True)
    dispute = complained(charge)
    at_once(
        lambda: services.settle_dispute(dispute, amount=None, note="x", by=judge),
        lambda: services.refuse_dispute(dispute, note="x", by=judge),
        lambda: services.withdraw_dispute(dispute, by=charge.payer),
        lambda: services.answer_dispute(dispute, answer="x", by=judge),
    )
    dispute.refresh_from_db()
    ends = DisputeEvent.objects.filter(code__in=["refunded", "refused", "withdrawn"])
    assert [each.code for each in ends] == [dispute.status]
    assert charge.refunds.count() == (dispute.status == "refunded")
    assert Journal.objects.filter(kind=Journal.Kind.REFUND_DUE).count() == (dispute.status == "refunded")


# The pages -------------------------------------------------------------------------------------------------------


def test_patient_and_doctor_walk_through_it(
    client_of: ClientOf, patient: User, stranger: User, doctor: User, other_doctor: User
) -> None:
    charge = paid(patient, doctor.doctor, detail="Dr. Anisul, 10 March")
    address = f"/payments/{charge.pk}/dispute/"
    payer = client_of(patient)
    assert address in payer.get(f"/payments/{charge.pk}/").content.decode()
    answer = payer.post(address, {"reason": "not_held", "words": ""})
    assert (answer.status_code, Dispute.objects.count()) == (422, 0)
    assert "Please say what happened." in answer.content.decode()
    assert client_of(stranger).post(address, {"reason": "other", "words": "x"}).status_code == 404
    assert payer.post(address, {"reason": "not_held", "words": "<b>late</b>"}).status_code == 302
    assert payer.post(address, {"reason": "not_held", "words": "again"}).status_code == 409
    page = payer.get(address).content.decode()
    assert "&lt;b&gt;late" in page
    assert "The doctor may answer until" in page

    dispute = Dispute.objects.get()
    where = f"/practice/income/disputes/{dispute.pk}/"
    practice = client_of(doctor)
    assert "/practice/income/disputes/" in practice.get("/practice/income/").content.decode()
    assert where in practice.get("/practice/income/disputes/").content.decode()
    assert where not in client_of(other_doctor).get("/practice/income/disputes/").content.decode()
    assert client_of(other_doctor).post(where, {"answer": "x"}).status_code == 404
    assert payer.post(where, {"answer": "x"}).status_code == 403
    assert practice.post(where, {"answer": " "}).status_code == 422
    assert practice.post(where, {"answer": "It was agreed."}).status_code == 302
    assert practice.post(where, {"answer": "Once more."}).status_code == 409
    assert "It was agreed." in payer.get(address).content.decode()
    assert "Send the answer" not in practice.get(where).content.decode()

    withdraw = f"{address}withdraw/"
    assert client_of(stranger).post(withdraw).status_code == 404
    assert payer.get(withdraw).status_code == 405
    assert payer.post(withdraw).status_code == 302
    assert payer.post(withdraw).status_code == 409


def test_finance_settles_in_the_admin(client_of: ClientOf, patient: User, doctor: User, judge: User) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    desk, send = client_of(judge), {"_form_submitted": "on"}
    assert str(dispute.pk) in desk.get("/admin/payments/dispute/").content.decode()
    address = f"/admin/payments/dispute/{dispute.pk}/"
    page = desk.get(f"{address}change/").content.decode()
    assert WORDS in page
    assert f"{address}give-back/" in page
    assert "<form" in desk.get(f"{address}give-back/").content.decode()
    for amount in ("500.01", "0", "much"):
        desk.post(f"{address}give-back/", send | {"amount": amount, "note": "x"})
    desk.post(f"{address}give-back/", send | {"amount": "100", "note": ""})
    assert not Refund.objects.exists()
    helper = client_of(UserFactory(in_group="support"))
    assert helper.post(f"{address}give-back/", send | {"note": "x"}).status_code == 403
    desk.post(f"{address}give-back/", send | {"amount": "100", "note": "It was told too late."})
    dispute.refresh_from_db()
    assert (dispute.status, dispute.decided_by, dispute.charge.refunded) == ("refunded", judge, Decimal(100))
    record = LogEntry.objects.get()
    assert "100" in record.change_message
    # Pressed by somebody who had the page open.
    stale = desk.post(f"{address}refuse/", send | {"note": "x"}, follow=True)
    assert "settled or withdrawn meanwhile" in stale.content.decode()
    assert f"{address}refuse/" not in desk.get(f"{address}change/").content.decode()


def test_mails_say_nothing_of_what_was_written(patient: User, doctor: User, judge: User) -> None:
    first, second = (complained(paid(patient, doctor.doctor)) for _ in range(2))
    services.answer_dispute(first, answer="The secret answer", by=doctor)
    services.settle_dispute(first, amount=None, note="The secret reason", by=judge)
    Dispute.objects.filter(pk=second.pk).update(answer_until=timezone.now())
    tasks.sweep_disputes()
    services.withdraw_dispute(second, by=patient)
    for pk in Delivery.objects.order_by("pk").values_list("pk", flat=True):
        deliver(pk)
    about = [each for each in mail.outbox if "omplain" in each.subject]
    assert len(about) >= 10
    for each in about:
        assert "৳500" in each.body or "৳ 500" in each.body
        for secret in (WORDS, "secret"):
            assert secret not in each.subject + each.body


@pytest.mark.parametrize("number", [1, 3])
def test_lists_take_as_many_queries_however_many_complaints(
    client_of: ClientOf, patient: User, doctor: User, number: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(number):
        complained(paid(patient, doctor.doctor))
    browser = client_of(doctor)
    browser.get("/practice/income/disputes/")
    with django_assert_num_queries(5):
        page = browser.get("/practice/income/disputes/").content.decode()
    assert page.count("Please answer until") == number


@pytest.mark.parametrize("number", [1, 3])
def test_queue_takes_as_many_queries_and_has_what_is_due_first(
    client_of: ClientOf,
    patient: User,
    doctor: User,
    judge: User,
    number: int,
    django_assert_num_queries: DjangoAssertNumQueries,
) -> None:
    made = [complained(paid(patient, doctor.doctor)) for _ in range(number)]
    due = made[-1]
    Dispute.objects.filter(pk=due.pk).update(decide_until=timezone.now())
    if number > 1:
        services.refuse_dispute(made[0], note="It was held.", by=judge)
    desk = client_of(UserFactory(as_admin=True))
    desk.get("/admin/payments/dispute/")
    with django_assert_num_queries(5):
        rows = list(desk.get("/admin/payments/dispute/").context["cl"].result_list)
    assert rows[0] == due
    assert rows[-1] == made[0]


# What is kept of a person ----------------------------------------------------------------------------------------


def test_account_is_not_erased_while_a_complaint_is_open_and_its_words_go_with_it(
    patient: User, doctor: User, judge: User
) -> None:
    dispute = complained(paid(patient, doctor.doctor))
    assert is_money_open(patient)
    assert is_money_open(doctor)
    services.answer_dispute(dispute, answer="It was agreed.", by=doctor)
    services.refuse_dispute(dispute, note="It was held.", by=judge)
    assert not is_money_open(patient)
    blank_payer(patient)
    dispute.refresh_from_db()
    assert (dispute.words, dispute.answer) == ("–", "It was agreed.")
    blank_payer(doctor)
    dispute.refresh_from_db()
    assert dispute.answer == "–"
