"""The life of an order, and what each step of it means for the money, the doctor's right to read, and who is told."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import Notification, User
from patients.models import CareRelationship, RecordGrant
from patients.services import attach_record
from payments.models import Account, Charge, Refund
from payments.services import approve_review, refund_by_admin, refuse_review
from prescriptions import services
from prescriptions.errors import NoKey, NothingToRepeat, NotOffered, OrderChanged, OtherDraft
from prescriptions.models import (
    Answer,
    Certificate,
    OfferedService,
    Order,
    OrderStatus,
    Prescription,
    PrescriptionStatus,
    Service,
    ServiceKind,
    SigningKey,
)
from prescriptions.services import Statement
from prescriptions.tasks import sweep_orders
from tests.appointments.visits import at, confirmed
from tests.factories.patients import GuardianshipFactory
from tests.factories.records import MedicalRecordFactory
from tests.payments.till import balances
from tests.prescriptions.orders import accepted, offered, overdue, paid, pay, placed, reasoned, seen, story, suspended
from tests.prescriptions.papers import drafted, signed_for


def told(user: User) -> list[str]:
    """Of orders, in the order in which it was."""
    rows = Notification.objects.filter(user=user).order_by("pk").values_list("kind", flat=True)
    return [kind for kind in rows if kind.startswith(("order_", "certificate_"))]


def statement(**words: str) -> Statement:
    day = timezone.localdate()
    facts = {"attests": "unfit", "first": day, "last": day + timedelta(days=2), "words": "Rest.", "language": "en"}
    return Statement(**facts | words)


def treats(doctor: User, order: Order) -> bool:
    return CareRelationship.objects.current().filter(doctor=doctor.doctor, source=order.pk).exists()


def since(before: dict[str, Decimal]) -> dict[str, Decimal]:
    now = balances()
    names = {*before, *now}
    return {name: d for name in names if (d := now.get(name, Decimal(0)) - before.get(name, Decimal(0)))}


# To the doctor -------------------------------------------------------------------------------------------------------


def test_order_is_paid_accepted_answered_and_earned(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    before = balances()
    assert told(doctor) == []
    pay(order)
    assert since(before)[Account.DEPOSIT] == -500
    assert treats(doctor, order)
    services.accept_order(order, by=doctor)
    services.answer_order(order, "All of it is as it should be.", by=doctor)
    order.refresh_from_db()
    assert story(order) == [
        ("", "placed", patient.pk, ""),
        ("placed", "paid", None, ""),
        ("paid", "accepted", doctor.pk, ""),
        ("accepted", "fulfilled", doctor.pk, ""),
    ]
    assert Account.DEPOSIT not in since(before)
    assert since(before)[Account.DOCTOR] + since(before)[Account.COMMISSION] == -500
    assert not treats(doctor, order)
    assert (order.answer.words, order.closed_at is not None) == ("All of it is as it should be.", True)
    assert told(doctor) == ["order_received"]
    assert told(patient) == ["order_accepted", "order_fulfilled"]


def test_asked_twice_it_is_one_order_at_the_first_price(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    Service.objects.filter(kind=ServiceKind.REVIEW).update(price=900)
    again, is_new = services.place_order(OfferedService.objects.get(), patient.patient, question="?", by=patient)
    assert (again.pk, is_new, again.price) == (order.pk, False, Decimal(500))
    assert services.pay_order(order, by=patient) == services.pay_order(again, by=patient)
    assert Charge.objects.filter(seller="prescriptions").count() == 1


def test_database_refuses_a_second_open_order(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    order.pk = None
    order._state.adding = True
    with pytest.raises(IntegrityError, match="order_not_open_twice"), transaction.atomic():
        order.save()


def test_doctors_own_price_counts_and_a_free_order_needs_no_payment(doctor: User, patient: User) -> None:
    order = placed(doctor, patient, own_price=Decimal(0))
    before = balances()
    assert services.pay_order(order, by=patient) is None
    order.refresh_from_db()
    assert (order.status, order.charge) == (OrderStatus.PAID, None)
    services.accept_order(order, by=doctor)
    services.answer_order(order, "Fine.", by=doctor)
    assert since(before) == {}


def test_nobody_orders_of_a_doctor_who_has_not_seen_them(
    doctor: User, other_doctor: User, patient: User, stranger: User
) -> None:
    asked = offered(doctor, ServiceKind.REVIEW)
    seen(doctor, patient)
    theirs = offered(other_doctor, ServiceKind.REVIEW)
    for offer, who in ((asked, stranger), (theirs, patient)):
        with pytest.raises(NotOffered):
            services.place_order(offer, who.patient, question="?", by=who)
    CareRelationship.objects.all().delete()
    with pytest.raises(NotOffered):
        services.place_order(asked, patient.patient, question="?", by=patient)


@pytest.mark.parametrize("care", ["ahead", "of an order", "over"])
def test_only_a_visit_that_took_place_lately_gives_the_right_to_order(doctor: User, patient: User, care: str) -> None:
    asked = offered(doctor, ServiceKind.CERTIFICATE)
    if care == "ahead":
        confirmed(doctor, patient)
    else:
        visit = seen(doctor, patient)
        paid(doctor, patient, ServiceKind.REVIEW)
        of_visit = CareRelationship.objects.filter(source=visit.pk)
        if care == "over":
            yesterday = timezone.now() - timedelta(days=1)
            of_visit.update(valid=DateTimeTZRange(yesterday - timedelta(days=1), yesterday))
        else:
            of_visit.delete()
    assert CareRelationship.objects.current().filter(doctor=doctor.doctor).exists()
    with pytest.raises(NotOffered):
        services.place_order(asked, patient.patient, question="?", by=patient)


def test_nobody_orders_of_themselves(doctor: User, stranger: User) -> None:
    child = GuardianshipFactory(guardian=doctor).patient
    seen(doctor, stranger, patient=child)
    with pytest.raises(NotOffered):
        services.place_order(offered(doctor, ServiceKind.CERTIFICATE), child, question="?", by=doctor)


@pytest.mark.parametrize("gone", ["list", "doctor", "offer"])
def test_nobody_orders_what_is_not_offered_any_more(doctor: User, patient: User, gone: str) -> None:
    asked = offered(doctor, ServiceKind.REVIEW)
    seen(doctor, patient)
    match gone:
        case "list":
            Service.objects.update(is_offered=False)
        case "doctor":
            suspended(doctor)
        case _:
            OfferedService.objects.all().delete()
    with pytest.raises(NotOffered):
        services.place_order(asked, patient.patient, question="?", by=patient)


def test_only_a_prescription_of_that_doctor_that_counts_is_repeated(
    doctor: User, other_doctor: User, patient: User, stranger: User
) -> None:
    anothers = signed_for(seen(doctor, stranger, start=at(12))).prescription
    visit = seen(doctor, patient)
    asked = offered(doctor, ServiceKind.REPEAT)
    void = signed_for(visit).prescription
    services.void_prescription(void, reason="A slip", by=doctor)
    void.refresh_from_db()
    theirs = signed_for(seen(other_doctor, patient)).prescription
    for repeats in (None, void, theirs, anothers):
        with pytest.raises(NothingToRepeat):
            services.place_order(asked, patient.patient, question="", repeats=repeats, by=patient)
    counts, review = signed_for(visit).prescription, offered(doctor, ServiceKind.REVIEW)
    with pytest.raises(NothingToRepeat):
        services.place_order(review, patient.patient, question="?", repeats=counts, by=patient)
    assert not Order.objects.exists()


def test_what_is_put_to_an_order_is_the_doctors_to_read_until_it_is_off(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    record = MedicalRecordFactory(patient=patient.patient)
    attach_record(record, source=order.pk, by=patient)
    assert not RecordGrant.objects.filter(content_object=record).exists()
    pay(order)
    grant = RecordGrant.objects.live().get(content_object=record, user=doctor)
    order.refresh_from_db()
    assert order.due_at is not None
    assert grant.expires_at == order.due_at + timedelta(hours=48)
    services.decline_order(order, reason="missing", words="The second page.", by=doctor)
    assert not RecordGrant.objects.filter(content_object=record).exists()
    assert not treats(doctor, order)


# Ended otherwise -----------------------------------------------------------------------------------------------------


def assert_all_went_back(order: Order, before: dict[str, Decimal], reason: str) -> None:
    refund = Refund.objects.get(charge=order.charge)
    assert (refund.amount, refund.reason) == (order.price, reason)
    assert since(before).get(Account.REFUNDS_DUE) == -order.price
    assert not {Account.DEPOSIT, Account.DOCTOR, Account.COMMISSION} & {*since(before)}


@pytest.mark.parametrize("when", [paid, accepted])
def test_declined_gives_all_back(doctor: User, patient: User, when) -> None:
    seen(doctor, patient)
    before = balances()
    order = when(doctor, patient)
    for _twice in range(2):
        services.decline_order(order, reason="see_first", words="Please come.", by=doctor)
    order.refresh_from_db()
    assert (order.status, order.no_reason, order.no_words) == (OrderStatus.DECLINED, "see_first", "Please come.")
    assert_all_went_back(order, before, "declined")
    assert told(patient)[-1] == "order_declined"


@pytest.mark.parametrize(("when", "code"), [(paid, "not_accepted"), (accepted, "not_fulfilled")])
def test_what_is_not_done_in_time_lapses_and_gives_all_back(doctor: User, patient: User, when, code: str) -> None:
    seen(doctor, patient)
    before = balances()
    order = when(doctor, patient)
    sweep_orders()
    order.refresh_from_db()
    assert order.is_waiting
    overdue(order)
    for _twice in range(2):
        sweep_orders()
    order.refresh_from_db()
    assert story(order)[-1][1:] == ("lapsed", None, code)
    assert_all_went_back(order, before, "not_done")
    assert told(patient)[-1] == told(doctor)[-1] == "order_lapsed"
    with pytest.raises(OrderChanged):
        services.answer_order(order, "Late.", by=doctor)
    assert not Answer.objects.exists()


def test_patient_calls_off_until_the_doctor_has_accepted(doctor: User, patient: User) -> None:
    seen(doctor, patient)
    before = balances()
    order = paid(doctor, patient)
    for _twice in range(2):
        services.cancel_order(order, by=patient)
    order.refresh_from_db()
    assert_all_went_back(order, before, "order_off")
    assert told(doctor) == ["order_received", "order_cancelled"]
    with pytest.raises(OrderChanged):
        services.cancel_order(accepted(doctor, patient), by=patient)


def fulfilled(doctor: User, patient: User) -> Order:
    order = accepted(doctor, patient)
    services.answer_order(order, "All is well.", by=doctor)
    return order


def called_off(doctor: User, patient: User) -> Order:
    return services.cancel_order(paid(doctor, patient), by=patient)


def lapsed(doctor: User, patient: User) -> Order:
    order = overdue(paid(doctor, patient))
    sweep_orders()
    return order


@pytest.mark.parametrize("ended", [fulfilled, called_off, lapsed])
def test_what_is_closed_is_neither_accepted_nor_declined(doctor: User, patient: User, ended) -> None:
    order = ended(doctor, patient)
    order.refresh_from_db()
    status, before = order.status, balances()
    assert not order.is_waiting
    with pytest.raises(OrderChanged):
        services.accept_order(order, by=doctor)
    with pytest.raises(OrderChanged):
        services.decline_order(order, reason="see_first", words="", by=doctor)
    order.refresh_from_db()
    assert (order.status, since(before)) == (status, {})


def test_order_that_is_not_paid_is_dropped_and_another_can_be_placed(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    charge = services.pay_order(order, by=patient)
    overdue(order)
    sweep_orders()
    assert charge is not None
    charge.refresh_from_db()
    order.refresh_from_db()
    assert (order.status, charge.status) == (OrderStatus.EXPIRED, Charge.Status.VOID)
    assert told(doctor) == told(patient) == []
    assert placed(doctor, patient).pk != order.pk


# Late, risky and refunded money --------------------------------------------------------------------------------------


def test_late_money_takes_the_order_up_again(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    services.pay_order(order, by=patient)
    overdue(order)
    sweep_orders()
    pay(order)
    assert order.status == OrderStatus.PAID
    assert order.closed_at is None
    assert not Refund.objects.filter(charge=order.charge).exists()


def test_late_money_goes_back_where_another_order_is_open(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    before = balances()
    services.pay_order(order, by=patient)
    overdue(order)
    sweep_orders()
    second = placed(doctor, patient)
    pay(order)
    second.refresh_from_db()
    assert (order.status, second.status) == (OrderStatus.CANCELLED, OrderStatus.PLACED)
    assert_all_went_back(order, before, "too_late")
    assert told(patient) == ["order_payment_too_late"]


def test_money_for_a_cancelled_order_goes_back(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    before = balances()
    services.pay_order(order, by=patient)
    services.cancel_order(order, by=patient)
    pay(order)
    assert order.status == OrderStatus.CANCELLED
    assert_all_went_back(order, before, "too_late")


def test_money_for_a_doctor_who_is_suspended_meanwhile_goes_back(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    suspended(doctor)
    pay(order)
    assert order.status == OrderStatus.CANCELLED
    assert Refund.objects.get(charge=order.charge).amount == 500
    assert told(doctor) == []


def test_risky_money_waits_for_an_administrator(doctor: User, patient: User, admin: User) -> None:
    order = placed(doctor, patient)
    charge = pay(order, risky=True)
    assert (order.status, told(doctor)) == (OrderStatus.PAYMENT_REVIEW, [])
    approve_review(charge, by=admin)
    order.refresh_from_db()
    assert (order.status, told(doctor)) == (OrderStatus.PAID, ["order_received"])


def test_risky_money_that_is_refused_ends_the_order(doctor: User, patient: User, admin: User) -> None:
    order = placed(doctor, patient)
    refuse_review(pay(order, risky=True), by=admin)
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED
    assert (told(doctor), told(patient)[-1]) == ([], "order_cancelled")


def test_risky_money_for_what_was_dropped_waits_and_takes_it_up_again(doctor: User, patient: User, admin: User) -> None:
    order = placed(doctor, patient)
    services.pay_order(order, by=patient)
    overdue(order)
    sweep_orders()
    charge = pay(order, risky=True)
    assert order.status == OrderStatus.EXPIRED
    approve_review(charge, by=admin)
    order.refresh_from_db()
    assert order.status == OrderStatus.PAID


def test_full_refund_by_an_administrator_ends_what_is_not_done(doctor: User, patient: User, admin: User) -> None:
    order = accepted(doctor, patient)
    assert order.charge is not None
    refund_by_admin(order.charge, amount=Decimal(100), by=admin)
    order.refresh_from_db()
    assert order.status == OrderStatus.ACCEPTED
    refund_by_admin(order.charge, by=admin)
    order.refresh_from_db()
    assert (order.status, told(doctor)[-1], told(patient)[-1]) == ("cancelled", "order_cancelled", "order_cancelled")
    assert not treats(doctor, order)


def test_full_refund_of_what_was_given_leaves_it_given(doctor: User, patient: User, admin: User) -> None:
    order = accepted(doctor, patient)
    services.answer_order(order, "Fine.", by=doctor)
    order.refresh_from_db()
    assert order.charge is not None
    refund_by_admin(order.charge, by=admin)
    order.refresh_from_db()
    assert order.status == OrderStatus.FULFILLED


# Certificates --------------------------------------------------------------------------------------------------------


def test_certificate_is_signed_once_and_any_change_of_it_shows(doctor: User, patient: User) -> None:
    services.make_key()
    order = accepted(doctor, patient, ServiceKind.CERTIFICATE)
    for words in ("Rest.", "Another."):
        services.certify_order(order, statement(words=words), by=doctor)
    certificate = Certificate.objects.get(order=order)
    assert certificate.facts["words"] == "Rest."
    assert services.is_unchanged(certificate)
    facts = {name: getattr(certificate, name) for name in ("order_id", "key", "code", "document", "signature")}
    rewritten = certificate.document.replace("Rest.", "Rest!")
    other_key = SigningKey(kid="other", public=certificate.key.public)
    for change in ({"document": rewritten}, {"code": "0" * 12}, {"order_id": uuid4()}, {"key": other_key}):
        assert not services.is_unchanged(Certificate(**facts | change))
    # What the same key signed is no certificate by that.
    signed = signed_for(seen(doctor, patient, start=at(12)))
    other = {name: getattr(signed, name) for name in ("key", "code", "document", "signature")}
    assert not services.is_unchanged(Certificate(order_id=order.pk, **other))


def test_without_a_key_nothing_is_signed_nor_earned(doctor: User, patient: User) -> None:
    order = accepted(doctor, patient, ServiceKind.CERTIFICATE)
    with pytest.raises(NoKey):
        services.certify_order(order, statement(), by=doctor)
    order.refresh_from_db()
    assert order.status == OrderStatus.ACCEPTED


def test_certificate_that_is_taken_back_gives_back_what_was_earned(doctor: User, patient: User) -> None:
    services.make_key()
    seen(doctor, patient)
    before = balances()
    order = accepted(doctor, patient, ServiceKind.CERTIFICATE)
    services.certify_order(order, statement(), by=doctor)
    for _twice in range(2):
        services.withdraw_certificate(order, words="Of another patient", by=doctor)
    order.refresh_from_db()
    assert order.status == OrderStatus.WITHDRAWN
    assert_all_went_back(order, before, "withdrawn")
    assert told(patient)[-1] == "certificate_withdrawn"


def test_answer_is_not_taken_back(doctor: User, patient: User) -> None:
    order = services.answer_order(accepted(doctor, patient), "Fine.", by=doctor)
    with pytest.raises(OrderChanged):
        services.withdraw_certificate(order, words="So", by=doctor)


@pytest.mark.parametrize("kind", [ServiceKind.CERTIFICATE, ServiceKind.REPEAT])
def test_each_kind_is_fulfilled_in_its_own_way_alone(doctor: User, patient: User, kind: ServiceKind) -> None:
    order = accepted(doctor, patient, kind)
    with pytest.raises(OrderChanged):
        services.answer_order(order, "Fine.", by=doctor)
    if kind == ServiceKind.REPEAT:
        with pytest.raises(OrderChanged):
            services.certify_order(order, statement(), by=doctor)
    else:
        with pytest.raises(OrderChanged):
            services.begin_repeat(order, language="en", by=doctor)


# Repeat prescriptions ------------------------------------------------------------------------------------------------


def test_signing_the_draft_that_was_begun_for_it_fulfils_a_repeat(doctor: User, patient: User) -> None:
    order = accepted(doctor, patient, ServiceKind.REPEAT)
    before = balances()
    begun = services.begin_repeat(order, language="en", by=doctor)
    assert services.begin_repeat(order, language="en", by=doctor) == begun
    draft = Prescription.objects.drafts().for_composer().get()
    assert [str(item.product) for item in draft.items.all()] == order.repeats.signed.medicines
    signed = services.sign_draft(reasoned(doctor), by=doctor)
    order.refresh_from_db()
    assert (order.status, order.prescription_id) == (OrderStatus.FULFILLED, signed.prescription_id)
    assert since(before)[Account.DOCTOR] < 0
    order.repeats.refresh_from_db()
    assert order.repeats.status == PrescriptionStatus.SIGNED


def test_repeat_waits_for_another_draft_of_the_visit(doctor: User, patient: User) -> None:
    order = accepted(doctor, patient, ServiceKind.REPEAT)
    drafted(order.repeats.appointment)
    with pytest.raises(OtherDraft):
        services.begin_repeat(order, language="en", by=doctor)


def test_repeat_begins_once_it_is_accepted_and_not_after_its_end(doctor: User, patient: User) -> None:
    order = paid(doctor, patient, ServiceKind.REPEAT)
    with pytest.raises(OrderChanged):
        services.begin_repeat(order, language="en", by=doctor)
    services.cancel_order(order, by=patient)
    with pytest.raises(OrderChanged):
        services.begin_repeat(order, language="en", by=doctor)


def test_order_that_lapses_while_it_is_composed_is_not_earned_by_signing(doctor: User, patient: User) -> None:
    order = accepted(doctor, patient, ServiceKind.REPEAT)
    services.begin_repeat(order, language="en", by=doctor)
    overdue(order)
    sweep_orders()
    before = balances()
    assert services.sign_draft(reasoned(doctor), by=doctor).prescription.status == PrescriptionStatus.SIGNED
    order.refresh_from_db()
    assert (order.status, since(before)) == (OrderStatus.LAPSED, {})


def test_draft_that_is_discarded_can_be_begun_again(doctor: User, patient: User) -> None:
    order = accepted(doctor, patient, ServiceKind.REPEAT)
    first = services.begin_repeat(order, language="en", by=doctor)
    services.drop_draft(first.appointment, by=doctor)
    order.refresh_from_db()
    assert order.prescription is None
    assert services.begin_repeat(order, language="en", by=doctor).pk != first.pk


# The database --------------------------------------------------------------------------------------------------------


def test_database_refuses_what_no_order_can_be(doctor: User, patient: User) -> None:
    order, now = paid(doctor, patient), timezone.now()
    refused: dict[str, dict[str, object]] = {
        "order_not_below_what_can_be_paid": {"price": Decimal(5)},
        "order_not_waited_for_endlessly": {"due_at": None},
        "order_not_with_the_doctor_unpaid": {"paid_at": None},
        "order_not_closed_without_a_time": {"status": "fulfilled"},
        "order_not_declined_without_a_reason": {"status": "declined", "closed_at": now},
        "order_status_not_unknown": {"status": "lost", "closed_at": now},
        "order_of_no_unknown_service": {"kind": "magic"},
    }
    for name, changes in refused.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Order.objects.filter(pk=order.pk).update(**changes)


def test_database_refuses_prices_and_hours_that_nobody_can_keep(doctor: User) -> None:
    offer = offered(doctor, ServiceKind.REVIEW)
    refused = (
        ("service_not_below_what_can_be_paid", Service, {"price": Decimal(5)}),
        ("service_not_waited_for_endlessly", Service, {"accept_hours": 0}),
        ("service_not_waited_for_endlessly", Service, {"fulfil_hours": 14 * 24 + 1}),
        ("offered_service_not_below_what_can_be_paid", OfferedService, {"own_price": Decimal(-1)}),
    )
    for name, model, changes in refused:
        with pytest.raises(IntegrityError, match=f'"{name}"'), transaction.atomic():
            model.objects.update(**changes)
    with pytest.raises(IntegrityError, match='"service_not_unknown"'), transaction.atomic():
        Service.objects.create(kind="magic", price=0, accept_hours=1, fulfil_hours=1)
    with pytest.raises(IntegrityError, match='"service_not_offered_twice"'), transaction.atomic():
        OfferedService.objects.create(doctor=doctor.doctor, service=offer.service)


@pytest.mark.parametrize("statement_", ["UPDATE {} SET order_id = order_id", "DELETE FROM {}"])
def test_what_was_given_is_not_rewritten_even_by_the_owner_of_the_table(
    doctor: User, patient: User, statement_: str
) -> None:
    services.make_key()
    services.answer_order(accepted(doctor, patient), "Fine.", by=doctor)
    services.certify_order(accepted(doctor, patient, ServiceKind.CERTIFICATE), statement(), by=doctor)
    for model in (Answer, Certificate):
        with (
            pytest.raises(DatabaseError, match="pgtrigger: Cannot"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(statement_.format(model._meta.db_table))
