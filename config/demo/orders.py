"""What the demo's patients have ordered besides visits, in each state that an order can be in."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from accounts.models import User
from appointments.models import Appointment, Status
from config.demo.visits import Diary
from doctors.models import Doctor
from patients.models import CareRelationship, Patient, today
from payments.gateways.base import Validation
from payments.models import PaymentAttempt
from payments.services import settle
from prescriptions.models import OfferedService, Order, Service, ServiceKind, SignedPrescription
from prescriptions.services import (
    Statement,
    accept_order,
    answer_order,
    certify_order,
    decline_order,
    pay_order,
    place_order,
)

# So many patients of the demo's doctor have ordered something: each kind in each state.
PATIENTS = 9
# Of so many doctors one offers nothing besides visits; the others all but one kind.
WITHOUT = 3
QUESTIONS = {
    ServiceKind.CERTIFICATE: "My employer asks for a certificate for the three days after the visit.",
    ServiceKind.REVIEW: "Here are the blood tests that you asked for. Do I have to come again?",
    ServiceKind.REPEAT: "I am well, and would like to go on as before.",
}
ANSWER = (
    "Your sugar and your kidneys are as they should be. The LDL is a little high: less fried food, a walk every day, "
    "and the test once more in three months. There is no need to come before that."
)


def write_orders(diary: Diary, doctors: list[Doctor], account: User) -> int:
    """What doctors offer, and orders of the demo's patient and at the demo's doctor; how many."""
    services = list(Service.objects.order_by("kind"))
    for number, doctor in enumerate(doctors):
        left_out = None if doctor == doctors[0] else number % len(services)
        if doctor == doctors[0] or number % WITHOUT:
            for place, service in enumerate(services):
                if place != left_out:
                    OfferedService.objects.get_or_create(doctor=doctor, service=service)
    return sum(
        _write(diary, offered, patient, step)
        for step, (offered, patient) in enumerate([*_at(doctors[0]), *_of(account)])
    )


def _seen() -> Iterable[CareRelationship]:
    visits = Appointment.objects.filter(status=Status.COMPLETED).values("pk")
    current = CareRelationship.objects.current().filter(source__in=visits)
    return current.select_related("patient", "doctor").order_by("-visit_at", "pk")


def _at(doctor: Doctor) -> list[tuple[OfferedService, Patient]]:
    """The kinds in turn, of those whom the doctor saw last."""
    offers = list(OfferedService.objects.filter(doctor=doctor).order_by("service"))
    patients = list(dict.fromkeys(care.patient for care in _seen() if care.doctor_id == doctor.pk))[:PATIENTS]
    return [(offers[number % len(offers)], patient) for number, patient in enumerate(patients)]


def _of(account: User) -> list[tuple[OfferedService, Patient]]:
    """One kind of each doctor whom the demo's patient saw; the last is a certificate, where it is offered."""
    own = [care for care in _seen() if care.patient.user_id == account.pk]
    offers: dict[int, list[OfferedService]] = {}
    for each in OfferedService.objects.order_by("service"):
        offers.setdefault(each.doctor_id, []).append(each)
    doctors = [doctor for doctor in dict.fromkeys(care.doctor_id for care in own) if doctor in offers][:3]
    return [(offers[doctor][-1 if number < 2 else 0], own[0].patient) for number, doctor in enumerate(doctors)]


def _write(diary: Diary, offered: OfferedService, patient: Patient, step: int) -> int:
    """An order that is as far as its number says; 0 where there is nothing to order."""
    booker = patient.user or patient.people().first()
    kind = offered.kind
    repeats = None
    if kind == ServiceKind.REPEAT:
        signed = SignedPrescription.objects.to_repeat(offered.doctor_id, patient.pk).order_by("-signed_at").first()
        repeats = signed.prescription if signed else None
    if booker is None or (kind == ServiceKind.REPEAT and repeats is None):
        return 0
    order, is_new = place_order(offered, patient, question=QUESTIONS[kind], repeats=repeats, by=booker)
    if not is_new:
        return 0
    _pay(diary, order)
    doctor = order.doctor.user
    match (step + step // 3) % 3:
        case 1:
            accept_order(order, by=doctor)
        case 2 if kind == ServiceKind.REPEAT:
            decline_order(order, reason="see_first", words="It is time to measure your pressure again.", by=doctor)
        case 2:
            _fulfil(accept_order(order, by=doctor), by=doctor)
    return 1


def _pay(diary: Diary, order: Order) -> None:
    """Paid at the sandbox, which is told of it as of all other payments."""
    charge = pay_order(order, by=order.ordered_by)
    if charge is None:
        return
    attempt = PaymentAttempt.objects.create(charge=charge, amount=charge.amount, currency=charge.currency)
    vouched = Validation(
        val_id=secrets.token_hex(12),
        tran_id=attempt.tran_id,
        amount=charge.amount,
        currency=charge.currency,
        settled_amount=charge.amount,
        store_amount=(charge.amount * 975 / 1000).quantize(charge.amount),
        bank_tran_id=secrets.token_hex(12),
        card_type="BKASH-BKash",
        is_risky=False,
    )
    settle(attempt, vouched)
    attempt.refresh_from_db()
    diary.payments.append(attempt)


def _fulfil(order: Order, *, by: User) -> None:
    if order.kind == ServiceKind.REVIEW:
        answer_order(order, ANSWER, by=by)
    else:
        days = Statement("unfit", today() - timedelta(days=2), today(), "", order.ordered_by.language)
        certify_order(order, days, by=by)
