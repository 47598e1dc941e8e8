"""What the page of an appointment says in each state, and to whom."""

from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment, change_status, expire_hold, start_payment
from payments.models import Refund
from scheduling.models import WeeklyHours
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay, shifted
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.page import HTMX, Page, read

type ClientOf = Callable[[User], Client]


def with_a_charge(visit: Appointment) -> Appointment:
    start_payment(visit, by=visit.booked_by)
    visit.refresh_from_db()
    return visit


def late_money(doctor: User, patient: User) -> Appointment:
    """Paid after the hold ran out, and after somebody else took the time."""
    visit = with_a_charge(hold(doctor, patient))
    held_until_past(visit)
    expire_hold(visit.pk)
    confirmed(doctor, PatientFactory().user)
    pay(visit)
    return visit


def moved(visit: Appointment, *states: Status, **changes: object) -> Appointment:
    for state in states:
        change_status(visit, state, by=None, **changes)
    return visit


def over(doctor: User, patient: User, *states: Status, **changes: object) -> Appointment:
    return moved(shifted(confirmed(doctor, patient), timezone.now() - timedelta(hours=2)), *states, **changes)


def reviewed(doctor: User, patient: User) -> Appointment:
    visit = hold(doctor, patient)
    pay(visit, risky=True)
    return visit


def cancelled(doctor: User, patient: User, side: str) -> Appointment:
    by = patient if side == "patient" else doctor
    return cancel_appointment(confirmed(doctor, patient), by=by, side=side)


type Made = Callable[[User, User], Appointment]

# What a patient finds: how it came about, the page's title, words that stand there and words that do not.
TO_THE_PATIENT: dict[str, tuple[Made, str, tuple[str, ...], tuple[str, ...]]] = {
    "held": (
        hold,
        "Review your booking",
        ("Pay ৳800", "Ten more minutes", "Let this time go", "all of the fee goes back", "data-hold="),
        ("every 4s", "Add to calendar"),
    ),
    "paying": (
        lambda doctor, patient: with_a_charge(hold(doctor, patient)),
        "Review your booking",
        ("Go on with the payment", "every 4s"),
        ("Ten more minutes", "Pay ৳800"),
    ),
    "lapsed": (
        lambda doctor, patient: held_until_past(hold(doctor, patient)),
        "The time is no longer kept for you",
        ("Nothing was booked and nothing was paid", "See the open times"),
        ("data-hold=", "/pay/", "every 4s"),
    ),
    "lapsed while paying": (
        lambda doctor, patient: held_until_past(with_a_charge(hold(doctor, patient))),
        "The time is no longer kept for you",
        ("The payment was not completed in time", "every 4s"),
        ("/pay/",),
    ),
    "paid too late": (
        late_money,
        "The time is no longer kept for you",
        ("came after the time had run out", "Your refund is on its way", "৳800 goes back"),
        ("Paid</span>", "/pay/"),
    ),
    "payment review": (
        reviewed,
        "We are looking at your payment",
        ("The time stays yours meanwhile", "Cancel the appointment", "every 20s"),
        ("Add to calendar", "Before your visit", "/pay/"),
    ),
    "confirmed": (
        confirmed,
        "Your appointment is confirmed",
        ("Add to calendar", "calendar.google.com", "9:45\N{NO-BREAK SPACE}am", "Cancel the appointment", "Paid"),
        ("every ", "/pay/", "Refund"),
    ),
    "passed": (over, "The time of this visit has passed", ("What happened",), ("Cancel the appointment", "/pay/")),
    "in progress": (
        lambda doctor, patient: over(doctor, patient, Status.IN_PROGRESS),
        "Your visit has begun",
        ("is with you now", "Visit began"),
        ("Cancel the appointment",),
    ),
    "completed": (
        lambda doctor, patient: over(doctor, patient, Status.COMPLETED),
        "This visit is done",
        ("Book a follow-up", "Visit done"),
        ("Cancel the appointment",),
    ),
    "missed": (
        lambda doctor, patient: over(doctor, patient, Status.NO_SHOW, no_show_by="patient"),
        "This visit was missed",
        ("and you were not", "Book another time"),
        ("did not come",),
    ),
    "missed by the doctor": (
        lambda doctor, patient: over(doctor, patient, Status.NO_SHOW, no_show_by="doctor"),
        "This visit was missed",
        ("The doctor did not come",),
        ("you were not",),
    ),
    "let go": (
        lambda doctor, patient: cancel_appointment(hold(doctor, patient), by=patient, side="patient"),
        "This appointment is cancelled",
        ("You cancelled it", "Time let go", "Book another time"),
        ("refund", "every "),
    ),
    "cancelled": (
        lambda doctor, patient: cancelled(doctor, patient, "patient"),
        "This appointment is cancelled",
        ("You cancelled it", "Your refund is on its way", "৳800 goes back", "Cancelled by the patient", "every 20s"),
        ("Paid</span>", "Add to calendar"),
    ),
    "cancelled by the doctor": (
        lambda doctor, patient: cancelled(doctor, patient, "doctor"),
        "This appointment is cancelled",
        ("The doctor had to cancel it", "Cancelled by the doctor", "Your refund is on its way"),
        ("You cancelled it",),
    ),
}


@pytest.mark.parametrize(("made", "title", "there", "missing"), TO_THE_PATIENT.values(), ids=TO_THE_PATIENT)
def test_appointment_tells_the_patient_what_its_state_is(
    doctor: User,
    patient: User,
    client_of: ClientOf,
    made: Made,
    title: str,
    there: tuple[str, ...],
    missing: tuple[str, ...],
) -> None:
    visit = made(doctor, patient)
    page = read(client_of(patient), visit.get_absolute_url())

    assert page.title == title
    for words in there:
        assert words in page.html
    for words in missing:
        assert words not in page.html
    assert doctor.doctor.full_name in page.html


TO_THE_DOCTOR: dict[str, tuple[Made, tuple[str, ...], tuple[str, ...]]] = {
    "payment review": (reviewed, ("The payment is being looked at",), ("Cancel the visit",)),
    "confirmed": (confirmed, ("Confirmed", "Paid", "Cancel the visit", "Add to calendar"), ("Time chosen",)),
    "passed": (over, ("Confirmed",), ("Cancel the visit", "Add to calendar")),
    "in progress": (
        lambda doctor, patient: over(doctor, patient, Status.IN_PROGRESS),
        ("In progress", "Visit began"),
        ("Cancel the visit",),
    ),
    "completed": (lambda doctor, patient: over(doctor, patient, Status.COMPLETED), ("Done",), ("Cancel the visit",)),
    "missed": (
        lambda doctor, patient: over(doctor, patient, Status.NO_SHOW, no_show_by="patient"),
        ("Missed",),
        ("Cancel the visit",),
    ),
    "cancelled": (
        lambda doctor, patient: cancelled(doctor, patient, "patient"),
        ("The patient cancelled this visit", "৳800 goes back to the patient"),
        ("Paid</span>", "Your refund"),
    ),
    "cancelled by the doctor": (
        lambda doctor, patient: cancelled(doctor, patient, "doctor"),
        ("You cancelled this visit",),
        ("The patient cancelled",),
    ),
}


@pytest.mark.parametrize(("made", "there", "missing"), TO_THE_DOCTOR.values(), ids=TO_THE_DOCTOR)
def test_appointment_tells_the_doctor_who_comes_and_why(
    doctor: User, client_of: ClientOf, made: Made, there: tuple[str, ...], missing: tuple[str, ...]
) -> None:
    patient = PatientFactory(name="Karim Uddin", birth_date=date(1990, 5, 17)).user
    visit = made(doctor, patient)
    Appointment.objects.filter(pk=visit.pk).update(reason="Fever at night,\nand a cough")
    page = read(client_of(doctor), visit.get_absolute_url())

    assert page.title == "Karim Uddin"
    for words in ("Fever at night,\nand a cough", f"{patient.patient.age()} years", "Female", *there):
        assert words in page.html
    for words in ("/pay/", "/extend/", "before you pay", *missing):
        assert words not in page.html


def test_free_visit_is_confirmed_without_a_word_of_paying(patient: User, client_of: ClientOf) -> None:
    doctor = DoctorFactory(with_hours=True, free=True).user
    page = read(client_of(patient), hold(doctor, patient).get_absolute_url())
    assert "Confirm the visit" in page.buttons
    assert "Nothing to pay" in page.html
    assert not [words for words in page.buttons if words.startswith("Pay")]
    assert "Step 3 of 3" in page.html


def test_visit_in_person_says_where_and_not_how_to_reach_a_video_room(patient: User, client_of: ClientOf) -> None:
    doctor = DoctorFactory(with_hours=True, with_place=True)
    place = doctor.places.get()
    WeeklyHours.objects.filter(doctor=doctor).update(modes=["in_person"], place=place)
    visit = confirmed(doctor.user, patient, mode="in_person")
    page = read(client_of(patient), visit.get_absolute_url())
    assert place.name in page.html
    assert place.address in page.html
    assert "video room" not in page.html


def test_refund_is_followed_to_its_end(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = cancelled(doctor, patient, "patient")
    client = client_of(patient)
    for status, words in {
        Refund.Status.PROCESSING: "Your refund is on its way",
        Refund.Status.FAILED: "The refund is held up",
        Refund.Status.DONE: "The refund has arrived",
    }.items():
        Refund.objects.update(status=status, done_at=timezone.now() if status == Refund.Status.DONE else None)
        page = read(client, visit.get_absolute_url())
        assert words in page.html
        assert ("every 20s" in page.html) is (status == Refund.Status.PROCESSING)


def test_second_guardian_reads_who_can_pay(doctor: User, patient: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    other = GuardianshipFactory(patient=child).guardian
    visit = hold(doctor, patient, patient=child)
    page = read(client_of(other), visit.get_absolute_url())
    assert f"{patient.name} has booked this visit, and can pay for it." in page.html
    assert "/pay/" not in page.html
    assert "/extend/" not in page.html


def test_page_that_looks_again_is_left_alone_until_something_changed(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = with_a_charge(hold(doctor, patient))
    client = client_of(patient)
    whole = client.get(visit.get_absolute_url())
    assert "HX-Request" in whole["Vary"]
    seen = {"seen": whole.context["state"]}

    unchanged = client.get(visit.get_absolute_url(), seen, headers=HTMX)
    assert (unchanged.status_code, unchanged.content) == (204, b"")

    pay(visit)
    changed = client.get(visit.get_absolute_url(), seen, headers=HTMX)
    fragment = Page(changed.content.decode())
    assert changed.status_code == 200
    assert "<html" not in fragment.html
    assert fragment.title == "Your appointment is confirmed"
    assert "data-focus" in fragment.html
    assert "every " not in fragment.html


def test_hold_that_is_lengthened_elsewhere_is_not_taken_for_over(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = hold(doctor, patient)
    client = client_of(patient)
    seen = {"seen": client.get(visit.get_absolute_url()).context["state"]}
    client.post(f"/appointments/{visit.pk}/extend/")
    assert client.get(visit.get_absolute_url(), seen, headers=HTMX).status_code == 200


def test_appointment_is_shown_on_the_readers_clock_and_names_the_doctors(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient, at(10))
    client = client_of(patient)
    here = read(client, visit.get_absolute_url())
    assert "Dhaka time" not in here.html

    patient.time_zone = "Asia/Dubai"
    patient.save()
    abroad = read(client, visit.get_absolute_url())
    assert "8:00\N{NO-BREAK SPACE}am" in abroad.html
    assert "Dubai time" in abroad.html
    assert "10:00\N{NO-BREAK SPACE}am (Dhaka time)" in " ".join(abroad.html.split(" "))


def test_appointment_in_bangla_has_bangla_digits(doctor: User, patient: User, client_of: ClientOf) -> None:
    patient.language = "bn"
    patient.save()
    page = read(client_of(patient), hold(doctor, patient, at(14, 15)).get_absolute_url())
    assert "৳\N{NO-BREAK SPACE}৮০০" in page.html
    assert "দুপুর\N{NO-BREAK SPACE}২:১৫" in page.html


@pytest.mark.parametrize("side", ["patient", "doctor"])
def test_cancelling_is_asked_for_once_more_with_what_becomes_of_the_money(
    doctor: User, patient: User, client_of: ClientOf, side: str
) -> None:
    visit = confirmed(doctor, patient)
    user, other = (patient, doctor.doctor.full_name) if side == "patient" else (doctor, patient.patient.name)
    page = read(client_of(user), f"/appointments/{visit.pk}/cancel/confirm/")
    assert "৳800" in page.html
    assert other in page.html
    assert page.links["Keep it"] == visit.get_absolute_url()
    assert [words for words in page.buttons if words.startswith("Cancel the")]


def test_cancelling_a_free_visit_speaks_of_no_refund(patient: User, client_of: ClientOf) -> None:
    doctor = DoctorFactory(with_hours=True, free=True).user
    visit = hold(doctor, patient)
    start_payment(visit, by=patient)
    page = read(client_of(patient), f"/appointments/{visit.pk}/cancel/confirm/")
    assert "You have paid nothing" in page.html
