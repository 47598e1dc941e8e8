"""What the demo's patients have ordered besides visits, in each state that an order can be in."""

import secrets
from collections.abc import Iterable
from datetime import timedelta
from random import Random

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from accounts.models import User
from appointments.models import Appointment, Status
from config.demo.visits import CARDS, Diary, earn, pay_back
from doctors.models import Doctor
from patients.models import CareRelationship, Patient, today
from payments.gateways.base import Validation
from payments.models import Charge, PaymentAttempt, Refund
from payments.services import settle
from prescriptions.models import (
    Answer,
    NoReason,
    OfferedService,
    Order,
    OrderEvent,
    OrderStatus,
    Service,
    ServiceKind,
    SignedPrescription,
)
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
# Of the visits that are longer ago one in so many had an order after it, and of these one in so many was declined.
AGO, EACH, DECLINED = timedelta(days=10), 9, 8
QUESTIONS = {
    ServiceKind.CERTIFICATE: "My employer asks for a certificate for the three days after the visit.",
    ServiceKind.REVIEW: "Here are the blood tests that you asked for. Do I have to come again?",
    ServiceKind.REPEAT: "I am well, and would like to go on as before.",
}
ANSWER = (
    "Your sugar and your kidneys are as they should be. The LDL is a little high: less fried food, a walk every day, "
    "and the test once more in three months. There is no need to come before that."
)


def offer_services(doctors: list[Doctor]) -> None:
    services = list(Service.objects.order_by("kind"))
    for number, doctor in enumerate(doctors):
        left_out = None if doctor == doctors[0] else number % len(services)
        if doctor == doctors[0] or number % WITHOUT:
            for place, service in enumerate(services):
                if place != left_out:
                    OfferedService.objects.get_or_create(doctor=doctor, service=service)


def write_past_orders(diary: Diary) -> int:
    """Over the year, after some visits: reports that a doctor was to look at, answered, or declined and paid back."""
    offers = OfferedService.objects.filter(service=ServiceKind.REVIEW).select_related("service")
    offered = {offer.doctor_id: offer for offer in offers}
    visits = Appointment.objects.filter(
        status=Status.COMPLETED, doctor__in=offered, period__endswith__lt=diary.now - AGO
    )
    rows = visits.select_related("doctor__user", "patient", "booked_by").order_by("period", "pk")[::EACH]
    orders = Order.objects.bulk_create(
        _past(diary.random, visit, offered[visit.doctor_id], is_declined=number % DECLINED == DECLINED - 1)
        for number, visit in enumerate(rows)
    )
    OrderEvent.objects.bulk_create(event for order in orders for event in _steps(order))
    CareRelationship.objects.bulk_create(
        CareRelationship(
            patient=order.patient,
            doctor=order.doctor,
            source=order.pk,
            valid=DateTimeTZRange(order.paid_at, order.closed_at),
        )
        for order in orders
    )
    answered = [order for order in orders if order.status == OrderStatus.FULFILLED]
    Answer.objects.bulk_create(
        Answer(order=order, words=ANSWER, written_by=order.doctor.user, written_at=order.closed_at)
        for order in answered
    )
    _settle(diary, [order for order in orders if order.price])
    return len(orders)


def _past(random: Random, visit: Appointment, offered: OfferedService, *, is_declined: bool) -> Order:
    placed = visit.end + timedelta(hours=random.randint(20, 90))
    no = {"no_reason": NoReason.SEE_FIRST} if is_declined else {}
    return Order(
        kind=ServiceKind.REVIEW,
        patient=visit.patient,
        doctor=visit.doctor,
        ordered_by=visit.booked_by,
        status=OrderStatus.DECLINED if is_declined else OrderStatus.FULFILLED,
        question=QUESTIONS[ServiceKind.REVIEW],
        price=offered.price,
        accept_hours=offered.service.accept_hours,
        fulfil_hours=offered.service.fulfil_hours,
        placed_at=placed,
        paid_at=placed + timedelta(minutes=random.randint(2, 9)),
        closed_at=placed + timedelta(hours=random.randint(5, 40)),
        **no,
    )


def _steps(order: Order) -> list[OrderEvent]:
    doctor = order.doctor.user
    steps = [
        ("", OrderStatus.PLACED, order.placed_at, order.ordered_by),
        (OrderStatus.PLACED, OrderStatus.PAID, order.paid_at, None),
    ]
    if order.status == OrderStatus.DECLINED:
        steps.append((OrderStatus.PAID, OrderStatus.DECLINED, order.closed_at, doctor))
    else:
        steps += [
            (OrderStatus.PAID, OrderStatus.ACCEPTED, order.placed_at + timedelta(hours=4), doctor),
            (OrderStatus.ACCEPTED, OrderStatus.FULFILLED, order.closed_at, doctor),
        ]
    return [OrderEvent(order=order, old=old, new=new, at=at, by=by) for old, new, at, by in steps]


def _settle(diary: Diary, orders: list[Order]) -> None:
    """Paid at their time, with the ledger."""
    charges = Charge.objects.bulk_create(
        Charge(
            payer=order.ordered_by,
            payer_phone=str(order.patient.phone),
            seller="prescriptions",
            description=order.get_kind_display(),
            detail=str(order.doctor),
            done_path=order.get_absolute_url(),
            amount=order.price,
            currency=order.currency,
            status=Charge.Status.PAID,
            created_at=order.paid_at,
            paid_at=order.paid_at,
            doctor=order.doctor,
        )
        for order in orders
    )
    for order, charge in zip(orders, charges, strict=True):
        order.charge = charge
    Order.objects.bulk_update(orders, ["charge"])
    attempts = diary.settle(charges, [diary.random.choice(CARDS) for _ in charges])
    for order, attempt in zip(orders, attempts, strict=True):
        if order.status == OrderStatus.DECLINED:
            pay_back(attempt, Refund.Reason.DECLINED)
    earn((order.charge, order.closed_at) for order in orders if order.status == OrderStatus.FULFILLED)


def write_orders(diary: Diary, doctors: list[Doctor], account: User) -> int:
    """Orders of the demo's patient and at the demo's doctor, of which some wait still; how many."""
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
