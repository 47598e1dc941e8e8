"""What people are told of prescriptions and orders: that there is one, whose and from whom, never what is in it."""

from django.urls import reverse
from django.utils import translation

from accounts.models import Kind, User
from accounts.services import notify
from prescriptions.models import Order, Prescription


def signed(prescription: Prescription, *, amends: bool) -> None:
    _tell(prescription, Kind.PRESCRIPTION_AMENDED if amends else Kind.PRESCRIPTION_READY)


def voided(prescription: Prescription) -> None:
    _tell(prescription, Kind.PRESCRIPTION_VOID)


def _tell(prescription: Prescription, kind: Kind) -> None:
    """Takes the visit with its patient and doctor along."""
    visit = prescription.appointment
    for user in visit.patient.people():
        # The doctor is called as in the language of the one who is told.
        with translation.override(user.language):
            facts = {
                "doctor": visit.doctor.full_name,
                "patient": visit.patient.name,
                "path": reverse("prescriptions:signed", args=[prescription.pk]),
            }
            notify(user, kind, facts=facts)


# Orders --------------------------------------------------------------------------------------------------------------


def order_received(order: Order) -> None:
    _tell_of_order(order.doctor.user, Kind.ORDER_RECEIVED, order)


def order_accepted(order: Order) -> None:
    _tell_patients_side(order, Kind.ORDER_ACCEPTED)


def order_fulfilled(order: Order) -> None:
    _tell_patients_side(order, Kind.ORDER_FULFILLED)


def order_declined(order: Order) -> None:
    _tell_patients_side(order, Kind.ORDER_DECLINED)


def order_lapsed(order: Order) -> None:
    """To both sides: who lets an order run out should know what it cost."""
    _tell_patients_side(order, Kind.ORDER_LAPSED)
    _tell_of_order(order.doctor.user, Kind.ORDER_LAPSED, order, to_doctor=True)


def order_called_off(order: Order) -> None:
    """By the patient's side: its doctor need not look any more."""
    _tell_of_order(order.doctor.user, Kind.ORDER_CANCELLED, order, to_doctor=True)


def order_undone(order: Order, *, doctor_knew: bool) -> None:
    """By an administrator, who gave the money back."""
    _tell_patients_side(order, Kind.ORDER_CANCELLED)
    if doctor_knew:
        order_called_off(order)


def certificate_withdrawn(order: Order) -> None:
    _tell_patients_side(order, Kind.CERTIFICATE_WITHDRAWN)


def order_payment_under_review(order: Order) -> None:
    _tell_of_order(order.ordered_by, Kind.ORDER_PAYMENT_UNDER_REVIEW, order)


def order_payment_too_late(order: Order) -> None:
    _tell_of_order(order.ordered_by, Kind.ORDER_PAYMENT_TOO_LATE, order)


def _tell_patients_side(order: Order, kind: Kind) -> None:
    for user in order.patient.people():
        _tell_of_order(user, kind, order)


def _tell_of_order(user: User, kind: Kind, order: Order, *, to_doctor: bool = False) -> None:
    """Takes the order with its patient and doctor along."""
    with translation.override(user.language):
        facts = {
            "doctor": order.doctor.full_name,
            "patient": order.patient.name,
            "until": order.due_at.isoformat() if order.due_at and order.is_waiting else "",
            "is_paid": order.charge_id is not None and order.paid_at is not None,
            "to_doctor": to_doctor,
            "path": order.get_absolute_url(),
        }
        notify(user, kind, facts=facts)
