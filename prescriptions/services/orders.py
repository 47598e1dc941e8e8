"""Orders: placed and paid by the patient's side, taken and fulfilled by the doctor, or ended with all the money back.

Lock order: Charge, patient, Order, and after it prescriptions. `move_order` is the one door to a status.
"""

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

import structlog
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from config.db import constraint_name, lock
from doctors.models import Doctor
from patients.models import Patient
from patients.rules import ground_of
from patients.services import begin_care, end_care, phone_of
from payments.models import Charge, Refund
from payments.services import earn_charge, lock_charge, open_charge, request_refund, void_charge
from prescriptions import notices
from prescriptions.errors import NothingToRepeat, NotOffered, OrderChanged
from prescriptions.models import (
    OPEN,
    ORDER_TRANSITIONS,
    PAID_WITHIN,
    OfferedService,
    Order,
    OrderEvent,
    OrderStatus,
    Prescription,
    PrescriptionStatus,
    ServiceKind,
)

log = structlog.get_logger()

Reason = Refund.Reason


# The door ------------------------------------------------------------------------------------------------------------


def move_order(order: Order, new: OrderStatus, *, by: User | None, code: str = "", **changes: object) -> None:
    """Change the status, and with it `changes`, if it is still what this row says it is; write the event.

    The caller holds the order's lock. Raises OrderChanged where the table knows no such change, or somebody was faster.
    """
    old = OrderStatus(order.status)
    if new not in ORDER_TRANSITIONS[old]:
        raise OrderChanged
    changes["status"] = new
    changes["closed_at"] = None if new in OPEN else timezone.now()
    if not _swap(order, old, changes):
        raise OrderChanged
    for name, value in changes.items():
        setattr(order, name, value)
    OrderEvent.objects.create(order=order, by=by, old=old, new=new, code=code)


def _swap(order: Order, old: OrderStatus, changes: Mapping[str, object]) -> bool:
    """Write the changes if the status is still the old one."""
    return bool(Order.objects.filter(pk=order.pk, status=old).update(**changes))


class _ChargeCame(Exception):
    """A charge was opened after the row was read; its lock comes before those that are taken."""


def lock_order(order: Order) -> tuple[Charge | None, Order]:
    """The order as it is now, with its charge, locked in the house's order: Charge, patient, Order."""
    # The savepoint lets go of what was locked too early.
    with suppress(_ChargeCame), transaction.atomic():
        return _lock_in_order(order)
    return _lock_in_order(Order.objects.get(pk=order.pk))


def _lock_in_order(order: Order) -> tuple[Charge | None, Order]:
    charge = lock_charge(order.charge_id) if order.charge_id else None
    lock(Patient.objects.all(), [order.patient_id])
    rows = Order.objects.select_for_update(no_key=True, of=("self",)).select_related("doctor__user", "patient")
    locked = rows.get(pk=order.pk)
    if locked.charge_id != order.charge_id:
        raise _ChargeCame
    return charge, locked


# What a doctor offers ------------------------------------------------------------------------------------------------


@transaction.atomic
def offer_services(doctor: Doctor, wanted: Mapping[str, Decimal | None]) -> None:
    """Have the doctor offer these services, each for a price of the doctor's own or for the list's, and no others.

    What was ordered keeps its price. Saved twice, it is saved once: the doctor's row is locked.
    """
    lock(Doctor.objects.only("pk"), [doctor.pk])
    OfferedService.objects.filter(doctor=doctor).exclude(service__in=wanted).delete()
    for kind, own_price in wanted.items():
        OfferedService.objects.update_or_create(doctor=doctor, service_id=kind, defaults={"own_price": own_price})


# The patient's side --------------------------------------------------------------------------------------------------


@transaction.atomic
def place_order(
    offered: OfferedService, patient: Patient, *, question: str, repeats: Prescription | None = None, by: User
) -> tuple[Order, bool]:
    """Order a service of a doctor for a patient, at the price that stands now; and whether the order is new.

    While one of the kind is open with that doctor, it is that one. The doctor hears of it once it is paid. The caller
    has made sure that `by` acts for the patient. Locks the patient. Raises NotOffered where the doctor does
    not offer it, or has not seen the patient lately, and NothingToRepeat without a signed prescription of the doctor
    for the patient where one is to be repeated.
    """
    lock(Patient.objects.all(), [patient.pk])
    asked = OfferedService.objects.to_order_for(patient, by).select_related("doctor__user", "service")
    offered_now = asked.filter(pk=offered.pk).first()
    if offered_now is None:
        raise NotOffered
    doctor, kind, service = offered_now.doctor, offered_now.kind, offered_now.service
    there = Order.objects.open().filter(doctor=doctor, patient=patient, kind=kind).first()
    if there is not None:
        return there, False
    if (kind == ServiceKind.REPEAT) != (repeats is not None):
        raise NothingToRepeat
    if repeats is not None and not may_repeat(repeats, doctor=doctor, patient=patient):
        raise NothingToRepeat
    order = Order.objects.create(
        kind=kind,
        patient=patient,
        doctor=doctor,
        ordered_by=by,
        question=question,
        repeats=repeats,
        price=offered_now.price,
        accept_hours=service.accept_hours,
        fulfil_hours=service.fulfil_hours,
        due_at=timezone.now() + PAID_WITHIN,
    )
    OrderEvent.objects.create(order=order, by=by, new=OrderStatus.PLACED)
    ground = ground_of(by, patient.pk)
    write_trail(Action.ADDED, by=by, about=order, subject=patient.pk, ground=ground, ground_id=order.pk)
    return order, True


def may_repeat(prescription: Prescription, *, doctor: Doctor, patient: Patient) -> bool:
    """Whether the doctor signed it for the patient, and it is neither void nor replaced."""
    visit = prescription.appointment
    is_theirs = visit.doctor_id == doctor.pk and visit.patient_id == patient.pk
    return is_theirs and prescription.status == PrescriptionStatus.SIGNED


@transaction.atomic
def pay_order(order: Order, *, by: User) -> Charge | None:
    """The order's charge, opened at the first call; None for what is free, which goes to the doctor now.

    Raises OrderChanged once it is not to be paid any more.
    """
    charge, order = lock_order(order)
    if order.status != OrderStatus.PLACED:
        raise OrderChanged
    if order.price == 0:
        hand_over(order, by=by)
        return None
    if charge is None:
        charge = open_charge(
            payer=by,
            seller="prescriptions",
            description=order.get_kind_display(),
            detail=str(order.doctor),
            done_path=order.get_absolute_url(),
            amount=order.price,
            currency=order.currency,
            due_at=None,
            payer_phone=phone_of(by),
            doctor=order.doctor,
        )
        order.charge = charge
        order.save(update_fields=["charge"])
    return charge


@transaction.atomic
def cancel_order(order: Order, *, by: User) -> Order:
    """The patient's side calls off what no doctor has accepted; what was paid goes back whole.

    Called off already, nothing changes. Raises OrderChanged once the doctor is at it, or it was closed otherwise.
    """
    charge, order = lock_order(order)
    if order.status == OrderStatus.CANCELLED:
        return order
    if order.status not in {OrderStatus.PLACED, OrderStatus.PAID}:
        raise OrderChanged
    was_paid = order.status == OrderStatus.PAID
    move_order(order, OrderStatus.CANCELLED, by=by, code="patient")
    _give_back(order, charge, reason=Reason.ORDER_OFF, by=by)
    if was_paid:
        notices.order_called_off(order)
    return order


# What becomes of the money -------------------------------------------------------------------------------------------


def settle_order(charge: Charge) -> None:
    """What a charge's settlement means for its order; runs inside payments' transaction, under the Charge's lock.

    An order goes to its doctor, or waits while a risky payment is looked at. Money for one that was dropped meanwhile
    takes it up again, if the doctor still takes orders and has no other of the kind for the patient; else it goes back.
    """
    _charge, order = lock_order(Order.objects.get(charge=charge))
    if charge.status == Charge.Status.REVIEW:
        if order.status == OrderStatus.PLACED:
            move_order(order, OrderStatus.PAYMENT_REVIEW, by=None)
            notices.order_payment_under_review(order)
        return
    match order.status:
        case OrderStatus.PLACED | OrderStatus.PAYMENT_REVIEW | OrderStatus.EXPIRED if _take_up(order):
            pass
        case OrderStatus.PLACED | OrderStatus.PAYMENT_REVIEW | OrderStatus.EXPIRED:
            move_order(order, OrderStatus.CANCELLED, by=None, code="too_late")
            _send_back(charge, order)
        case OrderStatus.CANCELLED:
            _send_back(charge, order)
        case _:
            log.error("settled_for_a_running_order", order=str(order.pk), status=order.status)


def _take_up(order: Order) -> bool:
    """Hand the order to its doctor, if the doctor takes orders still; the constraint decides about a second one."""
    if not Doctor.objects.public().filter(pk=order.doctor_id).exists():
        return False
    try:
        with transaction.atomic():
            hand_over(order, by=None)
    except IntegrityError as error:
        if constraint_name(error) != "order_not_open_twice":
            raise
        return False
    return True


def _send_back(charge: Charge, order: Order) -> None:
    request_refund(charge, reason=Reason.TOO_LATE)
    notices.order_payment_too_late(order)


def undo_order(charge: Charge) -> None:
    """An administrator gave all of the charge back: what was not fulfilled is off. What was given stays given.

    Runs inside payments' transaction, under the Charge's lock.
    """
    _charge, order = lock_order(Order.objects.get(charge=charge))
    if order.status not in {OrderStatus.PAYMENT_REVIEW, OrderStatus.PAID, OrderStatus.ACCEPTED}:
        return
    doctor_knew = order.is_waiting
    move_order(order, OrderStatus.CANCELLED, by=None, code="refunded")
    end_care(order.pk)
    notices.order_undone(order, doctor_knew=doctor_knew)


def hand_over(order: Order, *, by: User | None) -> None:
    """It is paid: its doctor is asked, and may read what goes with it until the time for it is over.

    The caller holds the locks.
    """
    now = timezone.now()
    due_at = now + timedelta(hours=order.accept_hours)
    move_order(order, OrderStatus.PAID, by=by, paid_at=now, due_at=due_at)
    begin_care(
        order.patient, order.doctor, source=order.pk, visit_at=None, until=due_at + timedelta(hours=order.fulfil_hours)
    )
    notices.order_received(order)


def _give_back(order: Order, charge: Charge | None, *, reason: Refund.Reason, by: User | None) -> None:
    """All that was paid goes back, and with it what the doctor could read. The caller holds the locks."""
    end_care(order.pk)
    if charge is None:
        return
    if charge.status == Charge.Status.OPEN:
        void_charge(charge)
    else:
        request_refund(charge, reason=reason, by=by)


# The doctor's side ---------------------------------------------------------------------------------------------------


@transaction.atomic
def accept_order(order: Order, *, by: User) -> Order:
    """The doctor will do it, within the hours that were promised; the patient's side is told.

    Accepted already, nothing changes. Raises OrderChanged when it was called off, or ran out, meanwhile.
    """
    _charge, order = lock_order(order)
    if order.status == OrderStatus.ACCEPTED:
        return order
    due_at = timezone.now() + timedelta(hours=order.fulfil_hours)
    move_order(order, OrderStatus.ACCEPTED, by=by, due_at=due_at)
    notices.order_accepted(order)
    return order


@transaction.atomic
def decline_order(order: Order, *, reason: str, words: str, by: User) -> Order:
    """The doctor will not do it, or finds that it cannot be done: all that was paid goes back, and the patient's side
    is told. `words` may speak of health: they stay on the order.

    Declined already, nothing changes. Raises OrderChanged once it is closed otherwise.
    """
    charge, order = lock_order(order)
    if order.status == OrderStatus.DECLINED:
        return order
    move_order(order, OrderStatus.DECLINED, by=by, code=reason, no_reason=reason, no_words=words)
    _give_back(order, charge, reason=Reason.DECLINED, by=by)
    notices.order_declined(order)
    return order


def close_fulfilled(order: Order, charge: Charge | None, *, by: User, at: datetime) -> None:
    """It is done: the doctor has earned it, reads no more of what went with it, and the patient's side is told.

    The caller holds the locks.
    """
    move_order(order, OrderStatus.FULFILLED, by=by)
    end_care(order.pk)
    if charge is not None:
        earn_charge(charge, doctor=order.doctor, at=at)
    notices.order_fulfilled(order)


@transaction.atomic
def withdraw_certificate(order: Order, *, words: str, by: User) -> Order:
    """The doctor takes a certificate back: it counts no more, and all that was paid for it goes back.

    Taken back already, nothing changes. Raises OrderChanged for an order that is not a fulfilled certificate.
    """
    charge, order = lock_order(order)
    if order.status == OrderStatus.WITHDRAWN:
        return order
    if order.kind != ServiceKind.CERTIFICATE:
        raise OrderChanged
    move_order(order, OrderStatus.WITHDRAWN, by=by, no_words=words)
    _give_back(order, charge, reason=Reason.WITHDRAWN, by=by)
    write_trail(Action.VOIDED, by=by, about=order, subject=order.patient_id, ground=Ground.CARE, ground_id=order.pk)
    notices.certificate_withdrawn(order)
    return order


# The clock -----------------------------------------------------------------------------------------------------------


@transaction.atomic
def end_overdue(order_id: UUID) -> bool:
    """Close an order whose time is over: one that was never paid is dropped; one that its doctor did not accept, or
    did not fulfil, lapses, and all that was paid goes back. False where somebody was faster.
    """
    found = Order.objects.overdue().filter(pk=order_id).first()
    if found is None:
        return False
    charge, order = lock_order(found)
    if not Order.objects.overdue().filter(pk=order.pk).exists():
        return False
    if order.status == OrderStatus.PLACED:
        move_order(order, OrderStatus.EXPIRED, by=None)
        _give_back(order, charge, reason=Reason.ORDER_OFF, by=None)
        return True
    move_order(order, OrderStatus.LAPSED, by=None, code=f"not_{_NEXT[OrderStatus(order.status)]}")
    _give_back(order, charge, reason=Reason.NOT_DONE, by=None)
    notices.order_lapsed(order)
    return True


# What a doctor did not do of it in time.
_NEXT = {OrderStatus.PAID: "accepted", OrderStatus.ACCEPTED: "fulfilled"}
