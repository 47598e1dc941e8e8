"""A doctor's terms: written by the doctor, copied at the hold, shown in words, and kept to the paisa."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal

import pytest
from django.test import Client
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Kind, Notification, User
from appointments.errors import LessComesBack
from appointments.models import Appointment, CancellationPolicy, Status, Terms
from appointments.services import cancel_appointment, save_terms
from doctors.models import Doctor
from payments.models import Account, Refund
from tests.appointments.visits import confirmed, hold, pay, shifted, story
from tests.payments.till import balances

type ClientOf = Callable[[User], Client]

# All until a day before, later a third, to be moved until six hours before.
STRICT = Terms(free_until_hours=24, percent_after=33, move_until_hours=6)
NOON = datetime(2026, 5, 6, 12, tzinfo=UTC)


def strict(doctor: User, fee: str = "799.99", terms: Terms = STRICT) -> None:
    Doctor.objects.filter(user=doctor).update(fee_video=Decimal(fee))
    save_terms(doctor.doctor, terms)


def due_in(visit: Appointment, **hours: float) -> Appointment:
    return shifted(visit, timezone.now() + timedelta(**hours))


# The sums --------------------------------------------------------------------------------------------------------


@given(
    paid=st.decimals(min_value=1, max_value=100_000, places=2),
    percent=st.integers(0, 100),
    hours=st.integers(0, 336),
    before=st.integers(0, 400 * 3600),
)
def test_what_goes_back_is_all_before_the_hour_and_the_percentage_after_it(
    paid: Decimal, percent: int, hours: int, before: int
) -> None:
    terms = Terms(hours, percent, 0)
    back = terms.given_back(paid, start=NOON, now=NOON - timedelta(seconds=before))
    if percent == 100 or before > hours * 3600:
        assert back == paid
    else:
        assert back == (paid * percent / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
    assert 0 <= back <= paid


def test_half_a_paisa_is_the_patients() -> None:
    assert Terms(1, 50, 0).given_back(Decimal("10.01"), start=NOON, now=NOON) == Decimal("5.01")


def test_the_very_hour_is_too_late() -> None:
    terms, hour = Terms(24, 0, 0), NOON - timedelta(hours=24)
    assert terms.given_back(Decimal(800), start=NOON, now=hour) == 0
    assert terms.given_back(Decimal(800), start=NOON, now=hour - timedelta(microseconds=1)) == 800


# Kept ------------------------------------------------------------------------------------------------------------


def test_hold_keeps_the_terms_of_its_moment(doctor: User, patient: User) -> None:
    strict(doctor)
    visit = confirmed(doctor, patient)
    save_terms(doctor.doctor, Terms(0, 0, 0))
    visit.refresh_from_db()
    assert visit.terms == STRICT


@pytest.mark.parametrize(
    ("hours", "back", "kept"), [(25, "799.99", "0"), (23, "264.00", "535.99"), (0.1, "264.00", "535.99")]
)
def test_late_cancellation_gives_a_part_back_and_the_doctor_earns_the_rest(
    doctor: User, patient: User, hours: float, back: str, kept: str
) -> None:
    strict(doctor)
    visit = due_in(confirmed(doctor, patient), hours=hours)

    cancel_appointment(visit, by=patient, side="patient", reason="cannot_come")

    refund, left = Refund.objects.get(), balances()
    assert refund.amount == Decimal(back)
    assert left[Account.REFUNDS_DUE] == -Decimal(back)
    assert -left.get(Account.DOCTOR, 0) - left.get(Account.COMMISSION, 0) == Decimal(kept)
    assert Account.DEPOSIT not in left
    told = Notification.objects.get(kind=Kind.APPOINTMENT_CANCELLED, user=patient)
    assert (told.facts["back"], told.facts["is_whole"]) == (str(refund.amount), kept == "0")
    assert "back" not in Notification.objects.get(kind=Kind.APPOINTMENT_CANCELLED, user=doctor).facts


def test_where_nothing_goes_back_there_is_no_refund(doctor: User, patient: User) -> None:
    strict(doctor, terms=Terms(24, 0, 0))
    cancel_appointment(due_in(confirmed(doctor, patient), hours=2), by=patient, side="patient")
    assert not Refund.objects.exists()
    assert balances()[Account.DOCTOR] == Decimal("-719.99")


def test_doctor_who_cancels_gives_all_back(doctor: User, patient: User) -> None:
    strict(doctor, terms=Terms(24, 0, 0))
    visit = due_in(confirmed(doctor, patient), hours=1)
    cancel_appointment(visit, by=doctor, side="doctor", reason="emergency")
    assert Refund.objects.get().amount == visit.fee
    assert Account.DOCTOR not in balances()


def test_payment_that_is_looked_at_goes_back_whole(doctor: User, patient: User) -> None:
    strict(doctor, terms=Terms(24, 0, 0))
    held = hold(doctor, patient)
    pay(held, risky=True)
    cancel_appointment(due_in(held, hours=1), by=patient, side="patient")
    assert Refund.objects.get().amount == held.fee


def test_page_that_promised_more_is_shown_again(doctor: User, patient: User, client_of: ClientOf) -> None:
    strict(doctor)
    visit = due_in(confirmed(doctor, patient), hours=25)
    page = client_of(patient).get(f"/appointments/{visit.pk}/cancel/confirm/").content.decode()
    assert 'name="promised" value="799.99"' in page
    due_in(visit, hours=23)

    with pytest.raises(LessComesBack):
        cancel_appointment(visit, by=patient, side="patient", promised=visit.fee)
    form = {"reason": "other", "words": "I have a cold", "promised": "799.99"}
    response = client_of(patient).post(f"/appointments/{visit.pk}/cancel/", form)

    page = response.content.decode()
    assert response.status_code == 409
    assert "less of the fee goes back" in page
    assert "৳264 of ৳799.99" in page
    assert "I have a cold" in page
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_reason_is_required_and_words_stay_on_the_booking(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    client = client_of(patient)
    for wrong in ({}, {"reason": "emergency"}):
        response = client.post(f"/appointments/{visit.pk}/cancel/", {**wrong, "words": "My fever is gone"})
        assert response.status_code == 422
        assert "My fever is gone" in response.content.decode()
    client.post(f"/appointments/{visit.pk}/cancel/", {"reason": "not_needed", "words": "My fever is gone"})

    visit.refresh_from_db()
    assert (visit.cancel_reason, visit.cancel_words) == ("not_needed", "My fever is gone")
    assert story(visit)[-1] == ("confirmed", "cancelled", patient.pk, "not_needed")
    assert not [facts for facts in Notification.objects.values_list("facts", flat=True) if "fever" in str(facts)]
    page = client_of(doctor).get(visit.get_absolute_url()).content.decode()
    assert "I do not need the visit any more" in page
    assert "My fever is gone" in page


def test_terms_are_in_words_before_paying_and_on_the_visit(doctor: User, patient: User, client_of: ClientOf) -> None:
    strict(doctor)
    client = client_of(patient)
    held = hold(doctor, patient)
    for _ in ("held", "confirmed"):
        page = " ".join(client.get(held.get_absolute_url()).content.decode().split())
        assert "all of ৳799.99 goes back" in page
        assert "it is ৳264 (33 percent)" in page
        if held.status == Status.HELD:
            pay(held)


# Written by the doctor -------------------------------------------------------------------------------------------


def test_doctor_sees_what_patients_read_before_saving(doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    typed = {"free_until_hours": "24", "percent_after": "50", "move_until_hours": "3"}
    page = client.post("/practice/terms/", typed | {"preview": "1"}).content.decode()
    assert "it is ৳400 (50 percent)" in " ".join(page.split())
    assert not CancellationPolicy.objects.exists()
    part = client.post("/practice/terms/", typed, headers={"HX-Request": "true"}).content.decode()
    assert "৳400" in part
    assert "<form" not in part

    assert client.post("/practice/terms/", typed | {"save": "1"}).status_code == 302
    assert CancellationPolicy.objects.get().terms == Terms(24, 50, 3)


@pytest.mark.parametrize(
    "typed",
    [{"percent_after": "101"}, {"percent_after": "-1"}, {"free_until_hours": "337"}, {"move_until_hours": "soon"}],
)
def test_terms_that_make_no_sense_are_refused_beside_the_field(
    doctor: User, client_of: ClientOf, typed: dict[str, str]
) -> None:
    form = {"free_until_hours": "24", "percent_after": "50", "move_until_hours": "3", "save": "1"} | typed
    response = client_of(doctor).post("/practice/terms/", form)
    assert response.status_code == 422
    assert f"id_{next(iter(typed))}_error" in response.content.decode()
    assert not CancellationPolicy.objects.exists()
