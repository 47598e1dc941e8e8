"""Leave over bookings: who is booked chooses another time, another doctor or the fee; who says nothing gets the fee."""

from collections.abc import Callable
from datetime import UTC, timedelta
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone

from accounts.models import Kind, Notification, User
from appointments.errors import OfferClosed, PatientBusy, SlotGone
from appointments.models import Appointment, Offer, Status, Terms
from appointments.services import (
    LeaveOutcome,
    cancel_appointment,
    decline_offer,
    end_leave,
    end_offer,
    lay_leave,
    replace_appointment,
    reschedule,
    save_terms,
)
from appointments.tasks import sweep_offers
from doctors.models import Doctor, DoctorSpecialty
from payments.models import Account, Charge, Refund
from payments.services import refund_by_admin
from scheduling.models import Calendar, WeeklyHours
from scheduling.services import AlreadyOff
from tests.appointments.visits import at, confirmed, hold, pay, shifted, story
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import PatientFactory
from tests.payments.till import balances

type ClientOf = Callable[[User], Client]

MORNING = DateTimeTZRange(at(9), at(12))


@pytest.fixture
def colleague(doctor: User) -> User:
    """Another doctor of the same specialty, for ৳1000."""
    specialty = DoctorSpecialty.objects.get(doctor=doctor.doctor).specialty
    return DoctorFactory(with_hours=True, specialty=specialty, fee_video=Decimal(1000)).user


def leave(doctor: User) -> LeaveOutcome:
    return lay_leave(doctor.doctor, MORNING, by=doctor)


def ran_out() -> None:
    past = timezone.now() - timedelta(seconds=1)
    Offer.objects.filter(status="open").update(until=past, due_at=past)
    sweep_offers()


def replace(visit: Appointment, colleague: User, by: User, start=None) -> Appointment:
    return replace_appointment(visit, doctor_id=colleague.doctor.pk, start=start or at(10), by=by)


# Laid ------------------------------------------------------------------------------------------------------------


def test_leave_asks_those_inside_alone(doctor: User, patient: User, stranger: User) -> None:
    inside, outside = confirmed(doctor, patient, at(11, 45)), confirmed(doctor, stranger, at(12))
    outcome = leave(doctor)
    assert [offer.appointment for offer in outcome.offers] == [inside]
    assert outcome.time_off.period == MORNING
    offer = outcome.offers[0]
    # Two days to answer, and never beyond the visit.
    assert offer.until == inside.start
    told = Notification.objects.get(kind=Kind.DOCTOR_AWAY)
    assert (told.user, told.facts["until"]) == (patient, offer.until.isoformat())
    for visit in (inside, outside):
        visit.refresh_from_db()
        assert visit.status == Status.CONFIRMED
    with pytest.raises(AlreadyOff):
        leave(doctor)
    with pytest.raises(SlotGone):
        hold(doctor, PatientFactory().user, at(10))


def test_hold_that_is_paid_into_leave_is_asked_about_at_once(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    assert leave(doctor).offers == []
    pay(held)
    assert Offer.objects.get().appointment == held


def test_leave_that_is_taken_back_lets_the_visits_stand(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    time_off = leave(doctor).time_off
    assert end_leave(doctor.doctor, time_off) == 1
    assert Offer.objects.get().status == "withdrawn"
    assert Notification.objects.filter(kind=Kind.APPOINTMENT_STANDS, user=patient).count() == 1
    ran_out()
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_database_asks_about_a_visit_once(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    leave(doctor)
    with pytest.raises(IntegrityError, match="offer_not_open_twice"), transaction.atomic():
        Offer.objects.create(appointment=visit, kind="moved", until=at(9), due_at=at(9))


def test_visit_that_reaches_into_other_leave_is_asked_about_still(doctor: User, patient: User) -> None:
    confirmed(doctor, patient, at(10))
    first = lay_leave(doctor.doctor, DateTimeTZRange(at(9), at(10, 5)), by=doctor)
    lay_leave(doctor.doctor, DateTimeTZRange(at(10, 5), at(12)), by=doctor)
    assert end_leave(doctor.doctor, first.time_off) == 0
    assert Offer.objects.open().count() == 1


def test_offer_that_was_answered_before_the_sweeper_came_to_it_is_not_ended(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    [offer] = leave(doctor).offers
    reschedule(visit, start=at(14), sequence=0, by=patient, side="patient")
    Offer.objects.update(until=timezone.now() - timedelta(seconds=1))
    assert not end_offer(offer.pk)
    visit.refresh_from_db()
    offer.refresh_from_db()
    assert (visit.status, offer.status) == (Status.CONFIRMED, "moved")


def test_who_says_nothing_gets_all_back(doctor: User, patient: User) -> None:
    save_terms(doctor.doctor, Terms(336, 0, 0))
    visit = confirmed(doctor, patient)
    leave(doctor)
    for _ in range(2):
        ran_out()
    visit.refresh_from_db()
    assert (visit.status, visit.cancelled_by, Offer.objects.get().status) == (Status.CANCELLED, "doctor", "ran_out")
    assert story(visit)[-1] == ("confirmed", "cancelled", None, "leave")
    assert Refund.objects.get().amount == visit.fee


def test_page_shows_live_ways_and_each_works(
    doctor: User, colleague: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    leave(doctor)
    client = client_of(patient)
    page = client.get(f"/appointments/{visit.pk}/offer/").content.decode()
    assert "all of ৳800 goes back" in " ".join(page.split())
    # The doctor's own next time after leave, and the colleague at the same hour; not the doctor of another field.
    assert quote(at(12).astimezone(UTC).isoformat()) in page
    assert colleague.doctor.get_absolute_url() in page
    assert other_doctor.doctor.get_absolute_url() not in page

    answer = {"answer": "replace", "doctor": str(colleague.doctor.pk), "start": at(10).isoformat()}
    responses = [client.post(f"/appointments/{visit.pk}/offer/", answer) for _ in range(2)]
    new = Appointment.objects.get(replaces=visit)
    assert [response.url for response in responses] == [new.get_absolute_url()] * 2


def test_page_says_where_another_doctor_would_be(
    doctor: User, colleague: User, patient: User, client_of: ClientOf
) -> None:
    for each, name in ((doctor, "Green Road"), (colleague, "Lake View")):
        Doctor.objects.filter(user=each).update(fee_in_person=900)
        place = PracticePlaceFactory(doctor=each.doctor, name=name)
        WeeklyHours.objects.filter(doctor=each.doctor).update(modes=["in_person"], place=place)
    visit = confirmed(doctor, patient, mode="in_person")
    leave(doctor)
    page = client_of(patient).get(f"/appointments/{visit.pk}/offer/").content.decode()
    assert "· Lake View<" in " ".join(page.split()).replace(" <", "<")


def test_page_costs_the_same_for_one_and_three_colleagues(
    doctor: User, colleague: User, patient: User, client_of: ClientOf, django_assert_num_queries
) -> None:
    visit = confirmed(doctor, patient)
    leave(doctor)
    client, page = client_of(patient), f"/appointments/{visit.pk}/offer/"
    client.get(page)
    with django_assert_num_queries(28):
        client.get(page)
    specialty = DoctorSpecialty.objects.get(doctor=doctor.doctor).specialty
    DoctorFactory.create_batch(2, with_hours=True, specialty=specialty)
    with django_assert_num_queries(28):
        client.get(page)


def test_another_time_of_the_same_doctor_ends_the_asking(doctor: User, patient: User) -> None:
    visit = shifted(confirmed(doctor, patient), at(9))
    leave(doctor)
    moved = reschedule(visit, start=at(14), sequence=0, by=patient, side="patient")
    assert (moved.start, Offer.objects.get().status) == (at(14), "moved")


# Another doctor --------------------------------------------------------------------------------------------------


def test_other_doctor_is_a_new_booking_and_the_portal_bears_a_higher_fee(
    doctor: User, colleague: User, patient: User
) -> None:
    visit = confirmed(doctor, patient, reason="A cough")
    leave(doctor)
    new = replace(visit, colleague, patient)

    visit.refresh_from_db()
    assert (visit.status, visit.cancelled_by) == (Status.CANCELLED, "doctor")
    assert (new.status, new.replaces, new.doctor, new.start) == (Status.CONFIRMED, visit, colleague.doctor, at(10))
    assert (new.fee, new.reason, new.period) == (Decimal(1000), "A cough", visit.period)
    assert [step[:2] for step in story(new)] == [("", "held"), ("held", "confirmed")]
    assert new.charge is not None
    assert (new.charge.status, new.charge.funded_by) == (Charge.Status.PAID, visit.charge)
    left = balances()
    assert (left[Account.DEPOSIT], left[Account.BORNE]) == (-1000, 200)
    assert Account.TRANSFER not in left
    assert not Refund.objects.exists()


def test_lower_fee_gives_the_difference_back(doctor: User, colleague: User, patient: User) -> None:
    Doctor.objects.filter(user=colleague).update(fee_video=Decimal("649.50"))
    visit = confirmed(doctor, patient)
    leave(doctor)
    replace(visit, colleague, patient)
    refund = Refund.objects.get()
    assert (refund.amount, refund.reason) == (Decimal("150.50"), Refund.Reason.CHEAPER)
    assert balances()[Account.DEPOSIT] == Decimal("-649.50")


@pytest.mark.parametrize(("side", "back"), [("doctor", 800), ("patient", 200)])
def test_new_booking_that_is_called_off_gives_back_what_the_patient_paid(
    doctor: User, colleague: User, patient: User, side: str, back: int
) -> None:
    save_terms(colleague.doctor, Terms(336, 25, 0))
    visit = confirmed(doctor, patient)
    leave(doctor)
    new = replace(visit, colleague, patient)
    cancel_appointment(new, by=patient, side=side)
    left = balances()
    assert Refund.objects.get().amount == back
    assert Account.BORNE not in left
    assert Account.DEPOSIT not in left
    assert left.get(Account.DOCTOR, 0) + left.get(Account.COMMISSION, 0) == back - 800


def test_admin_gives_back_what_was_paid_once(doctor: User, colleague: User, patient: User, admin: User) -> None:
    visit = confirmed(doctor, patient)
    leave(doctor)
    new = replace(visit, colleague, patient)
    assert visit.charge
    assert new.charge
    assert refund_by_admin(visit.charge, by=admin) is None
    refund = refund_by_admin(new.charge, by=admin)
    assert refund
    assert refund.amount == 800
    new.refresh_from_db()
    assert new.status == Status.CANCELLED


def test_free_visit_is_replaced_at_the_portals_cost(colleague: User, patient: User) -> None:
    specialty = DoctorSpecialty.objects.get(doctor=colleague.doctor).specialty
    free = DoctorFactory(with_hours=True, free=True, specialty=specialty).user
    from appointments.services import start_payment

    visit = hold(free, patient)
    start_payment(visit, by=patient)
    leave(free)
    new = replace(visit, colleague, patient)
    assert new.status == Status.CONFIRMED
    assert balances() == {Account.DEPOSIT: -1000, Account.BORNE: 1000}


def test_doctor_of_another_field_or_a_time_that_went_is_refused(
    doctor: User, colleague: User, other_doctor: User, patient: User, stranger: User
) -> None:
    visit = confirmed(doctor, patient)
    leave(doctor)
    confirmed(colleague, stranger, at(10))
    for who, start in ((other_doctor, at(11)), (colleague, at(10)), (colleague, at(8))):
        with pytest.raises(SlotGone):
            replace(visit, who, patient, start)
    confirmed(other_doctor, patient, at(11))
    with pytest.raises(PatientBusy):
        replace(visit, colleague, patient, at(11))
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert Offer.objects.open().count() == 1


def test_full_day_of_another_doctor_stays_full(doctor: User, colleague: User, patient: User, stranger: User) -> None:
    visit = confirmed(doctor, patient)
    confirmed(colleague, stranger, at(11))
    leave(doctor)
    Calendar.objects.filter(doctor=colleague.doctor).update(daily_cap=1)
    with pytest.raises(SlotGone):
        replace(visit, colleague, patient, at(10))
    Calendar.objects.filter(doctor=colleague.doctor).update(daily_cap=2)
    assert replace(visit, colleague, patient, at(10)).status == Status.CONFIRMED


def test_nothing_is_replaced_that_is_not_in_leave(doctor: User, colleague: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    with pytest.raises(OfferClosed):
        replace(visit, colleague, patient)
    leave(doctor)
    decline_offer(visit, by=patient)
    with pytest.raises(OfferClosed):
        replace(visit, colleague, patient)
    assert Refund.objects.get().amount == 800
