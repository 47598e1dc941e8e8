"""Orders that two people change at one instant, on real connections."""

from functools import partial
from typing import Any

import pytest

from accounts.models import User
from payments.models import Charge, Journal, Refund
from prescriptions import services
from prescriptions.models import Answer, OfferedService, Order, OrderStatus, ServiceKind
from prescriptions.services import orders
from prescriptions.tasks import sweep_orders
from tests.appointments.races import at_once, no_deadlock, tally
from tests.appointments.test_races_of_changes import Between
from tests.prescriptions.orders import accepted, money_for_order, offered, overdue, paid, placed, reasoned, seen

pytestmark = pytest.mark.django_db(transaction=True)


def read_only(order: Order) -> tuple[Charge | None, Order]:
    """What lock_order answers, without its locks."""
    found = Order.objects.select_related("doctor__user", "patient", "charge").get(pk=order.pk)
    return found.charge, found


def written_over(order: Order, old: OrderStatus, changes: dict[str, Any]) -> bool:
    """What is written whatever stands there."""
    return bool(Order.objects.filter(pk=order.pk).update(**changes))


@pytest.mark.parametrize(("locks", "compares"), [(True, True), (True, False), (False, True), (False, False)])
def test_accept_against_lapse(
    doctor: User, patient: User, monkeypatch: pytest.MonkeyPatch, locks: bool, compares: bool
) -> None:
    """The sweeper comes after the doctor's request has looked, and before it writes: either guard suffices, and with
    neither the patient has the money back and the doctor the work."""
    order = overdue(paid(doctor, patient))
    if not locks:
        monkeypatch.setattr(orders, "lock_order", read_only)
    if not compares:
        monkeypatch.setattr(orders, "_swap", written_over)
    other = Between(monkeypatch, orders, "lock_order", sweep_orders)
    outcome = at_once(lambda: services.accept_order(order, by=doctor))[0]
    assert other.came_to == "done"
    order.refresh_from_db()
    came_to = (order.status, Refund.objects.filter(charge=order.charge).count(), outcome.name)
    if locks:
        assert came_to == ("accepted", 0, "done")
    elif compares:
        assert came_to == ("lapsed", 1, "OrderChanged")
    else:
        assert came_to == ("accepted", 1, "done")


def test_many_accept_and_lapse_at_once(doctor: User, patient: User) -> None:
    order = overdue(paid(doctor, patient))
    accept = partial(services.accept_order, order, by=doctor)
    with no_deadlock():
        at_once(*[accept, sweep_orders] * 4)
    order.refresh_from_db()
    assert (order.status, Refund.objects.filter(charge=order.charge).count()) in {("accepted", 0), ("lapsed", 1)}


def test_answered_twice_at_once_is_answered_and_earned_once(doctor: User, patient: User) -> None:
    order = accepted(doctor, patient)
    with no_deadlock():
        outcomes = at_once(*[lambda: services.answer_order(order, "Fine.", by=doctor)] * 4)
    assert tally(outcomes) == {"done": 4}
    assert Answer.objects.filter(order=order).count() == 1
    assert Journal.objects.filter(kind=Journal.Kind.EARNING, charge=order.charge).count() == 1


def test_paid_and_cancelled_at_once_gives_the_money_back_once(doctor: User, patient: User) -> None:
    order = placed(doctor, patient)
    arrive = money_for_order(order)
    with no_deadlock():
        outcomes = at_once(arrive, lambda: services.cancel_order(order, by=patient))
    assert tally(outcomes) == {"done": 2}
    order.refresh_from_db()
    refund = Refund.objects.get(charge=order.charge)
    assert (order.status, refund.amount) == (OrderStatus.CANCELLED, order.price)


def test_fulfilled_and_lapsed_at_once_is_earned_or_given_back(doctor: User, patient: User) -> None:
    order = overdue(accepted(doctor, patient))
    with no_deadlock():
        at_once(lambda: services.answer_order(order, "Fine.", by=doctor), sweep_orders)
    order.refresh_from_db()
    earned = Journal.objects.filter(kind=Journal.Kind.EARNING, charge=order.charge).count()
    back = Refund.objects.filter(charge=order.charge).count()
    assert (order.status, earned, back) in {("fulfilled", 1, 0), ("lapsed", 0, 1)}


def test_signed_and_discarded_at_once_is_one_of_both(doctor: User, patient: User) -> None:
    """Signing locks the order before the draft; discarding, which lets the order go, must too."""
    order = accepted(doctor, patient, ServiceKind.REPEAT)
    visit = services.begin_repeat(order, language="en", by=doctor).appointment
    draft = reasoned(doctor)
    with no_deadlock():
        at_once(lambda: services.sign_draft(draft, by=doctor), lambda: services.drop_draft(visit, by=doctor))
    order.refresh_from_db()
    assert (order.status, order.prescription_id) in {("fulfilled", draft.pk), ("accepted", None)}


def test_ordered_and_paid_twice_at_once_is_one_order_with_one_charge(doctor: User, patient: User) -> None:
    seen(doctor, patient)
    offered(doctor, ServiceKind.REVIEW)
    asked = OfferedService.objects.get()
    place = partial(services.place_order, asked, patient.patient, question="?", by=patient)
    with no_deadlock():
        outcomes = at_once(*[place] * 4)
        assert len({order.pk for order, _new in (outcome.value for outcome in outcomes)}) == 1
        pay = at_once(*[lambda: services.pay_order(outcomes[0].value[0], by=patient)] * 4)
    assert tally(pay) == {"done": 4}
    assert Charge.objects.filter(seller="prescriptions").count() == 1
