"""What becomes of a booking when its money arrives: in time, late, twice, risky, or for what was called off."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import Kind, Notification, User
from appointments.errors import SlotGone
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment, start_payment
from appointments.tasks import sweep_holds
from doctors.models import Doctor
from patients.models import CareRelationship
from payments.models import Charge, Refund
from payments.services import approve_review, lock_charge, refund_by_admin, refuse_review
from payments.signals import charge_settled
from scheduling.models import Calendar, TimeOff, WeeklyHours
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay, shifted, story
from tests.factories.doctors import PracticePlaceFactory
from tests.factories.payments import ChargeFactory


def expired(appointment: Appointment) -> Appointment:
    held_until_past(appointment)
    sweep_holds()
    appointment.refresh_from_db()
    assert appointment.status == Status.EXPIRED
    return appointment


def being_paid(doctor: User, patient: User) -> Appointment:
    held = hold(doctor, patient)
    start_payment(held, by=patient)
    held.refresh_from_db()
    return held


def told(user: User) -> list[str]:
    return list(Notification.objects.filter(user=user).order_by("created_at", "pk").values_list("kind", flat=True))


def assert_seated(appointment: Appointment, charge: Charge) -> None:
    assert appointment.status == Status.CONFIRMED
    assert charge.status == Charge.Status.PAID
    assert not charge.refunds.exists()
    assert told(appointment.booked_by) == [Kind.APPOINTMENT_CONFIRMED]
    assert told(appointment.doctor.user) == [Kind.APPOINTMENT_BOOKED]
    care = CareRelationship.objects.get(source=appointment.pk)
    assert (care.patient, care.doctor) == (appointment.patient, appointment.doctor)
    assert care.valid.lower <= timezone.now()
    assert care.valid.upper == appointment.end + timedelta(days=90)


def assert_sent_back(appointment: Appointment, charge: Charge, status: Status) -> None:
    assert appointment.status == status
    refund = charge.refunds.get()
    assert (refund.amount, refund.reason) == (charge.amount, Refund.Reason.TOO_LATE)
    assert told(charge.payer) == [Kind.REFUND_STARTED, Kind.PAYMENT_TOO_LATE]
    assert told(appointment.doctor.user) == []
    assert not CareRelationship.objects.exists()


def test_money_for_a_hold_confirms_it(doctor: User, patient: User) -> None:
    held = being_paid(doctor, patient)
    charge = pay(held)
    assert_seated(held, charge)
    assert story(held)[1:] == [("held", "confirmed", None, "")]


@pytest.mark.parametrize("swept", [False, True])
def test_money_after_the_hold_ran_out_seats_the_patient_where_nobody_sits(
    doctor: User, patient: User, swept: bool
) -> None:
    held = being_paid(doctor, patient)
    (expired if swept else held_until_past)(held)

    charge = pay(held)

    assert_seated(held, charge)
    assert story(held)[1:] == [("held", "expired", None, ""), ("expired", "confirmed", None, "")]


def by_somebody(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    confirmed(doctor, stranger)


def by_a_hold(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    hold(doctor, stranger)


def by_a_pause(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    Calendar.objects.update(buffer_after_minutes=10)
    hold(doctor, stranger, at(9, 50))
    Calendar.objects.update(buffer_after_minutes=0)


def by_the_patients_own_visit(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    hold(other_doctor, patient)


def by_time_off(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(at(9), at(12)))


def by_other_hours(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    WeeklyHours.objects.filter(doctor=doctor.doctor).delete()


def by_a_hidden_doctor(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    Doctor.objects.update(suspended_at=timezone.now(), suspension_reason="Complaints")


def by_an_unverified_doctor(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    Doctor.objects.update(verified_at=None)


def by_a_mode_no_longer_offered(doctor: User, stranger: User, other_doctor: User, patient: User) -> None:
    Doctor.objects.update(fee_video=None, fee_in_person=Decimal(500))


GONE = [
    by_somebody,
    by_a_hold,
    by_a_pause,
    by_the_patients_own_visit,
    by_time_off,
    by_other_hours,
    by_a_hidden_doctor,
    by_an_unverified_doctor,
    by_a_mode_no_longer_offered,
]


@pytest.mark.parametrize("swept", [False, True])
@pytest.mark.parametrize("taken", GONE)
def test_money_after_the_time_was_taken_goes_back(
    doctor: User, stranger: User, other_doctor: User, patient: User, taken: Callable, swept: bool
) -> None:
    late = being_paid(doctor, patient)
    (expired if swept else held_until_past)(late)
    taken(doctor, stranger, other_doctor, patient)
    Notification.objects.all().delete()
    CareRelationship.objects.all().delete()

    charge = pay(late)

    assert_sent_back(late, charge, Status.EXPIRED)


@pytest.mark.parametrize("swept", [False, True])
def test_money_after_the_visit_should_have_begun_goes_back(doctor: User, patient: User, swept: bool) -> None:
    late = being_paid(doctor, patient)
    (expired if swept else held_until_past)(late)
    shifted(late, timezone.now() - timedelta(hours=2))
    assert_sent_back(late, pay(late), Status.EXPIRED)


def test_money_within_the_doctors_notice_seats_the_patient(doctor: User, patient: User) -> None:
    late = expired(being_paid(doctor, patient))
    Calendar.objects.update(notice_minutes=14 * 24 * 60)
    assert_seated(late, pay(late))


def test_money_seats_the_patient_though_visits_are_longer_by_now(doctor: User, patient: User) -> None:
    late = expired(being_paid(doctor, patient))
    Calendar.objects.update(slot_minutes=30)
    assert_seated(late, pay(late))


def test_money_for_a_place_that_the_doctor_left_goes_back(doctor: User, patient: User) -> None:
    Doctor.objects.update(fee_in_person=Decimal(500))
    WeeklyHours.objects.update(modes=["in_person"], place=PracticePlaceFactory(doctor=doctor.doctor))
    late = hold(doctor, patient, mode="in_person")
    start_payment(late, by=patient)
    expired(late)
    WeeklyHours.objects.update(place=PracticePlaceFactory(doctor=doctor.doctor))
    assert_sent_back(late, pay(late), Status.EXPIRED)


def test_money_for_a_cancelled_booking_goes_back_even_if_the_time_is_open(doctor: User, patient: User) -> None:
    held = being_paid(doctor, patient)
    cancel_appointment(held, by=patient, side="patient")
    held.refresh_from_db()
    assert held.charge is not None
    assert held.charge.status == Charge.Status.VOID

    assert_sent_back(held, pay(held), Status.CANCELLED)


def test_risky_money_waits_and_is_then_confirmed(doctor: User, patient: User, admin: User) -> None:
    held = being_paid(doctor, patient)
    charge = pay(held, risky=True)
    assert held.status == Status.PAYMENT_REVIEW
    assert told(patient) == [Kind.PAYMENT_UNDER_REVIEW]
    assert told(doctor) == []
    assert not CareRelationship.objects.exists()

    approve_review(charge, by=admin)
    held.refresh_from_db()
    assert story(held)[1:] == [("held", "payment_review", None, ""), ("payment_review", "confirmed", None, "")]
    assert told(patient) == [Kind.PAYMENT_UNDER_REVIEW, Kind.APPOINTMENT_CONFIRMED]


def test_risky_money_keeps_the_time_from_others(doctor: User, patient: User, stranger: User) -> None:
    held = held_until_past(being_paid(doctor, patient))
    pay(held, risky=True)
    assert held.status == Status.PAYMENT_REVIEW
    with pytest.raises(SlotGone):
        hold(doctor, stranger)


def test_risky_money_that_is_refused_calls_the_booking_off(doctor: User, patient: User, admin: User) -> None:
    held = being_paid(doctor, patient)
    charge = pay(held, risky=True)
    refuse_review(charge, by=admin)

    held.refresh_from_db()
    assert (held.status, held.cancelled_by) == (Status.CANCELLED, "admin")
    assert story(held)[-1] == ("payment_review", "cancelled", None, "refunded")
    assert told(patient) == [Kind.PAYMENT_UNDER_REVIEW, Kind.REFUND_STARTED, Kind.APPOINTMENT_CANCELLED]
    assert told(doctor) == [], "the doctor never heard of it"


def test_risky_money_approved_after_the_visit_should_have_begun_goes_back(
    doctor: User, patient: User, admin: User
) -> None:
    held = being_paid(doctor, patient)
    charge = pay(held, risky=True)
    shifted(held, timezone.now() - timedelta(hours=2))
    Notification.objects.all().delete()

    approve_review(charge, by=admin)
    held.refresh_from_db()
    assert_sent_back(held, charge, Status.CANCELLED)
    assert story(held)[-1] == ("payment_review", "cancelled", None, "too_late")


def test_risky_money_for_an_expired_hold_waits_for_the_decision(doctor: User, patient: User, admin: User) -> None:
    late = expired(being_paid(doctor, patient))
    charge = pay(late, risky=True)
    assert late.status == Status.EXPIRED
    assert told(patient) == []

    approve_review(charge, by=admin)
    late.refresh_from_db()
    assert late.status == Status.CONFIRMED


def test_settlement_told_twice_confirms_once(doctor: User, patient: User) -> None:
    held = being_paid(doctor, patient)
    charge = pay(held)
    charge_settled.send(sender=Charge, charge=lock_charge(charge.pk))

    held.refresh_from_db()
    assert_seated(held, charge)
    assert len(story(held)) == 2


def test_second_payment_is_a_surplus_and_the_booking_stands(doctor: User, patient: User) -> None:
    held = being_paid(doctor, patient)
    pay(held)
    charge = pay(held)
    assert held.status == Status.CONFIRMED
    assert charge.refunds.get().reason == Refund.Reason.SURPLUS
    assert charge.refunded == 0


def test_refund_of_all_by_an_admin_calls_the_visit_off(
    doctor: User, patient: User, stranger: User, admin: User
) -> None:
    visit = confirmed(doctor, patient)
    Notification.objects.all().delete()
    assert visit.charge is not None
    refund_by_admin(visit.charge, by=admin)

    visit.refresh_from_db()
    assert (visit.status, visit.cancelled_by) == (Status.CANCELLED, "admin")
    assert told(patient) == [Kind.REFUND_STARTED, Kind.APPOINTMENT_CANCELLED]
    assert told(doctor) == [Kind.APPOINTMENT_CANCELLED]
    assert CareRelationship.objects.get().valid.isempty or CareRelationship.objects.get().valid.upper <= timezone.now()
    assert hold(doctor, stranger).status == Status.HELD


def test_refund_of_a_part_leaves_the_visit(doctor: User, patient: User, admin: User) -> None:
    visit = confirmed(doctor, patient)
    assert visit.charge is not None
    refund_by_admin(visit.charge, amount=Decimal(100), by=admin)
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_refund_of_a_visit_that_took_place_leaves_it_as_it_was(doctor: User, patient: User, admin: User) -> None:
    visit = confirmed(doctor, patient)
    Appointment.objects.update(status=Status.COMPLETED)
    assert visit.charge is not None
    refund_by_admin(visit.charge, by=admin)
    visit.refresh_from_db()
    assert visit.status == Status.COMPLETED


def test_settlement_of_another_rooms_charge_is_none_of_ours(doctor: User, patient: User) -> None:
    charge = ChargeFactory()
    charge_settled.send(sender=Charge, charge=charge)
    assert not Appointment.objects.exists()
