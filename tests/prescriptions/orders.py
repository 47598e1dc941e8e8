"""Orders as people make them, through the services that the pages call."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment
from appointments.services import complete_visit
from doctors.models import Doctor
from patients.models import Patient
from payments.models import Charge
from prescriptions.models import OfferedService, Order, OrderEvent, OrderStatus, Prescription, Service, ServiceKind
from prescriptions.services import accept_order, check_draft, give_reasons, pay_order, place_order
from tests.appointments.visits import confirmed, shifted
from tests.payments.money import money_for_charge
from tests.prescriptions.papers import signed_for

PRICES = {ServiceKind.CERTIFICATE: 300, ServiceKind.REVIEW: 500, ServiceKind.REPEAT: 200}


def price_list() -> None:
    """As the migration begins it; what tests commit takes it away with all other rows."""
    for kind, price in PRICES.items():
        line = {"price": price, "accept_hours": 24, "fulfil_hours": 48, "is_offered": True}
        Service.objects.update_or_create(kind=kind, defaults=line)


def offered(doctor: User, kind: ServiceKind, own_price: Decimal | None = None) -> OfferedService:
    """The doctor takes such orders."""
    price_list()
    there, _new = OfferedService.objects.update_or_create(
        doctor=doctor.doctor, service_id=kind, defaults={"own_price": own_price}
    )
    return OfferedService.objects.for_list().get(pk=there.pk)


def seen(doctor: User, by: User, **details: Any) -> Appointment:
    """A visit of yesterday that took place."""
    visit = confirmed(doctor, by, **details)
    shifted(visit, timezone.now() - timedelta(days=1))
    return complete_visit(visit, by=doctor)


def placed(doctor: User, by: User, kind: ServiceKind = ServiceKind.REVIEW, **details: Any) -> Order:
    """Ordered, and not paid; with a visit before it, if there was none."""
    patient: Patient = details.pop("patient", None) or by.patient
    asked = offered(doctor, kind, details.pop("own_price", None))
    visit = Appointment.objects.filter(patient=patient, doctor=doctor.doctor, status="completed").first()
    if visit is None:
        visit = seen(doctor, by, patient=patient)
    if kind == ServiceKind.REPEAT and "repeats" not in details:
        details["repeats"] = signed_for(visit).prescription
    order, _new = place_order(asked, patient, by=by, **{"question": "What does it mean?"} | details)
    return order


def money_for_order(order: Order, *, risky: bool = False) -> Any:
    """The payer has paid; what is to be called is the gateway's word for it."""
    order.refresh_from_db()
    charge = order.charge or pay_order(order, by=order.ordered_by)
    assert charge is not None
    return money_for_charge(charge, risky=risky)


def pay(order: Order, *, risky: bool = False) -> Charge:
    money_for_order(order, risky=risky)()
    order.refresh_from_db()
    assert order.charge is not None
    return order.charge


def paid(doctor: User, by: User, kind: ServiceKind = ServiceKind.REVIEW, **details: Any) -> Order:
    order = placed(doctor, by, kind, **details)
    pay(order)
    assert order.status == OrderStatus.PAID
    return order


def accepted(doctor: User, by: User, kind: ServiceKind = ServiceKind.REVIEW, **details: Any) -> Order:
    return accept_order(paid(doctor, by, kind, **details), by=doctor)


def reasoned(doctor: User) -> Prescription:
    """The one draft that there is, with a reason for whatever is severe: what is repeated is taken already."""
    draft = Prescription.objects.drafts().for_composer().get()
    severe = check_draft(draft, by=doctor).severe
    give_reasons(draft, severe, {finding.key: "The same again" for finding in severe}, by=doctor)
    return Prescription.objects.drafts().for_composer().get()


def overdue(order: Order) -> Order:
    """Its time is over, and no sweeper came."""
    Order.objects.filter(pk=order.pk).update(due_at=timezone.now() - timedelta(seconds=1))
    order.refresh_from_db()
    return order


def suspended(doctor: User) -> None:
    Doctor.objects.filter(pk=doctor.doctor.pk).update(suspended_at=timezone.now(), suspension_reason="A complaint.")


def story(order: Order) -> list[tuple[str, str, int | None, str]]:
    """The events of its life: old, new, by whom, code."""
    return list(OrderEvent.objects.filter(order=order).values_list("old", "new", "by", "code"))
