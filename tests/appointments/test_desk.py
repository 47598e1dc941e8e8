"""Visits at the chamber: their numbers, and fees that are paid at the desk."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.errors import IllegalChange
from appointments.models import Appointment, Status, Terms
from appointments.services import (
    cancel_appointment,
    complete_visit,
    mark_no_show,
    pay_later,
    reschedule,
    save_terms,
    start_payment,
)
from doctors.models import Doctor
from payments.errors import NotAtDesk
from payments.models import Account, Charge, Refund
from payments.services import give_at_desk, refund_by_admin, take_at_desk
from payments.tasks import sweep_refunds
from scheduling.models import WeeklyHours
from tests.appointments.visits import at, confirmed, held_until_past, hold, money_for, shifted
from tests.factories.accounts import UserFactory
from tests.factories.doctors import PracticePlaceFactory
from tests.factories.patients import PatientFactory
from tests.payments.till import balances

type ClientOf = Callable[[User], Client]

TERMS = Terms(free_until_hours=24, percent_after=50, move_until_hours=2, pay_at_desk=True)


@pytest.fixture
def chamber(doctor: User) -> User:
    """The doctor receives at a chamber too, for ৳1000 that may be paid there."""
    Doctor.objects.filter(user=doctor).update(fee_in_person=Decimal(1000))
    place = PracticePlaceFactory(doctor=doctor.doctor)
    WeeklyHours.objects.filter(doctor=doctor.doctor).update(modes=["video", "in_person"], place=place)
    save_terms(doctor.doctor, TERMS)
    return User.objects.get(pk=doctor.pk)


def unpaid(chamber: User, by: User, start=None) -> Appointment:
    visit = pay_later(hold(chamber, by, start, mode="in_person"), by=by)
    assert visit.status == Status.CONFIRMED
    return visit


# Numbers ---------------------------------------------------------------------------------------------------------


def test_numbers_count_up_by_place_and_day(chamber: User, patient: User) -> None:
    visits = [unpaid(chamber, PatientFactory().user, at(hour)) for hour in (14, 9, 11)]
    assert [visit.token for visit in visits] == [1, 2, 3]
    assert unpaid(chamber, patient, at(9, days=2)).token == 1
    assert confirmed(chamber, patient, at(10)).token is None
    # A number that was given is not given again.
    cancel_appointment(visits[2], by=chamber, side="doctor")
    assert unpaid(chamber, patient, at(15)).token == 4


def test_database_gives_no_number_twice(chamber: User, patient: User) -> None:
    first, second = unpaid(chamber, PatientFactory().user, at(9)), unpaid(chamber, patient, at(10))
    with pytest.raises(IntegrityError, match="token_not_given_twice"), transaction.atomic():
        Appointment.objects.filter(pk=second.pk).update(token=first.token)


def test_number_stays_within_the_day_and_is_new_on_another(chamber: User, patient: User) -> None:
    unpaid(chamber, PatientFactory().user, at(9))
    visit = unpaid(chamber, patient, at(10))
    assert visit.token == 2
    visit = reschedule(visit, start=at(12), sequence=0, by=patient, side="patient")
    assert (visit.token, visit.token_day) == (2, at(12).date())
    visit = reschedule(visit, start=at(12, days=2), sequence=1, by=patient, side="patient")
    assert (visit.token, visit.token_day) == (1, at(12, days=2).date())


# Cash ------------------------------------------------------------------------------------------------------------


def test_visit_is_booked_now_and_paid_at_the_desk(chamber: User, patient: User, client_of: ClientOf) -> None:
    held = hold(chamber, patient, mode="in_person")
    client, path = client_of(patient), f"/appointments/{held.pk}/pay-at-desk/"
    assert "Book now, pay at the desk" in client.get(held.get_absolute_url()).content.decode()
    assert [client.post(path).status_code for _ in range(2)] == [302, 302]
    page = client.get(held.get_absolute_url()).content.decode()
    assert "You pay ৳1,000 at the desk" in page
    charge = Charge.objects.get()
    assert (charge.status, charge.at_desk, charge.can_be_tried) == (Charge.Status.OPEN, True, False)

    staff = client_of(UserFactory(in_group="finance"))
    address = f"/admin/payments/charge/{charge.pk}/paid-at-the-desk/"
    assert client_of(UserFactory(in_group="support")).post(address).status_code == 403
    for _ in range(2):
        staff.post(address, {"_form_submitted": "on"})
    charge.refresh_from_db()
    assert charge.status == Charge.Status.PAID
    assert balances() == {Account.DESK: 1000, Account.DEPOSIT: -1000}


def test_only_visits_at_the_chamber_of_who_allows_it_are_paid_there(
    chamber: User, other_doctor: User, patient: User, stranger: User
) -> None:
    by_video = hold(chamber, patient)
    with pytest.raises(IllegalChange):
        pay_later(by_video, by=patient)
    cancel_appointment(by_video, by=patient, side="patient")
    lapsed = held_until_past(hold(chamber, patient, mode="in_person"))
    with pytest.raises(IllegalChange):
        pay_later(lapsed, by=patient)
    save_terms(chamber.doctor, Terms(0, 100, 0))
    with pytest.raises(IllegalChange):
        pay_later(hold(chamber, stranger, at(11), mode="in_person"), by=stranger)


@pytest.mark.parametrize("paid_first", [True, False])
def test_fee_is_earned_when_the_visit_is_done_and_the_money_there(
    chamber: User, patient: User, admin: User, paid_first: bool
) -> None:
    visit = shifted(unpaid(chamber, patient), timezone.now() - timedelta(minutes=30))
    assert visit.charge
    steps = [lambda: take_at_desk(visit.charge, by=admin), lambda: complete_visit(visit, by=chamber)]
    for step in steps if paid_first else steps[::-1]:
        step()
    assert balances() == {Account.DESK: 1000, Account.DOCTOR: -900, Account.COMMISSION: -100}


def test_who_does_not_come_owes_nothing(chamber: User, patient: User, admin: User) -> None:
    visit = shifted(unpaid(chamber, patient), timezone.now() - timedelta(minutes=30))
    mark_no_show(visit, side="patient", by=chamber)
    assert visit.charge
    visit.charge.refresh_from_db()
    assert visit.charge.status == Charge.Status.VOID
    with pytest.raises(NotAtDesk):
        take_at_desk(visit.charge, by=admin)


@pytest.mark.parametrize(("paid", "back"), [(False, None), (True, 500)])
def test_late_cancellation_keeps_by_the_terms_what_was_paid(
    chamber: User, patient: User, admin: User, paid: bool, back: int | None
) -> None:
    visit = shifted(unpaid(chamber, patient), timezone.now() + timedelta(hours=3))
    assert visit.charge
    if paid:
        take_at_desk(visit.charge, by=admin)
    cancel_appointment(visit, by=patient, side="patient")
    if back is None:
        assert not Refund.objects.exists()
        assert balances() == {}
        return
    refund = Refund.objects.get()
    assert (refund.amount, refund.at_desk) == (back, True)
    # No gateway is asked for cash.
    sweep_refunds()
    refund.refresh_from_db()
    assert refund.status == Refund.Status.REQUESTED
    for _ in range(2):
        give_at_desk(refund, by=admin)
    assert balances() == {Account.DESK: 500, Account.DOCTOR: -450, Account.COMMISSION: -50}


def test_admin_gives_cash_back_whole(chamber: User, patient: User, admin: User) -> None:
    visit = unpaid(chamber, patient)
    assert visit.charge
    take_at_desk(visit.charge, by=admin)
    assert refund_by_admin(visit.charge, by=admin)
    visit.refresh_from_db()
    assert visit.status == Status.CANCELLED
    assert balances() == {Account.DESK: 1000, Account.REFUNDS_DUE: -1000}


def test_payment_that_was_begun_before_pays_all_the_same(chamber: User, patient: User) -> None:
    held = hold(chamber, patient, mode="in_person")
    start_payment(held, by=patient)
    arrive = money_for(held)
    visit = pay_later(held, by=patient)
    arrive()
    assert visit.charge
    visit.charge.refresh_from_db()
    visit.refresh_from_db()
    assert (visit.charge.status, visit.status) == (Charge.Status.PAID, Status.CONFIRMED)
    cancel_appointment(visit, by=chamber, side="doctor")
    refund = Refund.objects.get()
    assert (refund.amount, refund.at_desk) == (1000, False)
