"""From a time that was chosen to a hold, through the pages: what people type, and what is wrong with it."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone

from accounts.models import TrailEntry, User
from appointments.models import Appointment, Status
from appointments.services import cancel_appointment
from doctors.models import Doctor
from patients.models import Patient
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay
from tests.factories.accounts import PASSWORD, UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import AllergyFactory, GuardianshipFactory
from tests.page import read

type ClientOf = Callable[[User], Client]

PHONE = "01712 345678"


def address(doctor: User, start: Any = None, mode: str = "video") -> str:
    """The link of a time on the doctor's page."""
    chosen = start if isinstance(start, str) else (start or at()).isoformat()
    return f"/book/{doctor.doctor.slug}/?{urlencode({'start': chosen, 'mode': mode})}"


def errors(response: HttpResponse) -> dict[str, list[str]]:
    return dict(response.context["form"].errors)


def test_time_that_is_chosen_becomes_a_hold(doctor: User, patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    page = client.get(address(doctor))
    assert page.status_code == 200
    assert "no-store" in page["Cache-Control"]

    response = client.post(address(doctor), {"patient": patient.patient.pk, "reason": "A sore throat"})

    held = Appointment.objects.get()
    assert (response.status_code, response.url) == (302, held.get_absolute_url())
    assert (held.status, held.start, held.reason) == (Status.HELD, at(), "A sore throat")
    assert client.get(response.url).status_code == 200


def test_form_of_a_time_that_one_holds_already_leads_to_the_hold(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    held = hold(doctor, patient)
    response = client_of(patient).get(address(doctor))
    assert (response.status_code, response.url) == (302, held.get_absolute_url())
    assert client_of(stranger).get(address(doctor)).status_code == 409


def test_form_for_another_person_at_a_time_that_one_holds_is_not_taken_for_the_hold(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    """Whoever chose a child must not end up paying for a visit of their own."""
    hold(doctor, patient)
    child = GuardianshipFactory(guardian=patient).patient
    response = client_of(patient).post(address(doctor), {"patient": child.pk, "reason": "Fever"})
    assert response.status_code == 409
    assert Appointment.objects.count() == 1


def test_user_without_a_patient_becomes_one_with_a_phone(doctor: User, client_of: ClientOf, db: None) -> None:
    user = UserFactory()
    client = client_of(user)
    missing = client.post(address(doctor), {"patient": "me", "reason": "Cough"})
    assert missing.status_code == 422
    assert set(errors(missing)) == {"phone"}
    assert not Patient.objects.exists()

    assert client.post(address(doctor), {"patient": "me", "phone": PHONE, "reason": "Cough"}).status_code == 302
    held = Appointment.objects.get()
    assert held.patient.user == user
    assert str(held.patient.phone) == "+8801712345678"


def test_child_is_booked_for_by_a_guardian_with_the_guardians_phone(
    doctor: User, client_of: ClientOf, db: None
) -> None:
    child = GuardianshipFactory(guardian=UserFactory(), patient__phone="").patient
    guardian = User.objects.get(guardianships__patient=child)
    client = client_of(guardian)
    response = client.post(address(doctor), {"patient": child.pk, "phone": PHONE, "reason": "Fever"})
    assert response.status_code == 302
    assert Appointment.objects.get().patient == child
    assert str(guardian.patient.phone) == "+8801712345678"


BAD: list[tuple[str, dict[str, str], str]] = [
    ("reason too long", {"reason": "x" * 1001}, "reason"),
    ("reason far too long", {"reason": "ক" * 60_000}, "reason"),
    ("NUL in the reason", {"reason": "sore\x00throat"}, "reason"),
    ("nobody's patient", {"patient": "01a206da-462c-7438-a102-375d7b86619f"}, "patient"),
    ("malformed patient", {"patient": "'; drop table patients; --"}, "patient"),
    ("no patient", {"patient": ""}, "patient"),
    ("me, where there is a patient", {"patient": "me"}, "patient"),
]


@pytest.mark.parametrize(("typed", "field"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_value_is_named_beside_its_field_and_kept(
    doctor: User, patient: User, client_of: ClientOf, typed: dict[str, str], field: str
) -> None:
    data = {"patient": str(patient.patient.pk), "reason": "A sore throat"} | typed
    response = client_of(patient).post(address(doctor), data)

    assert response.status_code == 422
    assert set(errors(response)) == {field}
    page = response.content.decode()
    for message in errors(response)[field]:
        assert message in unescape(page)
    if field != "reason":
        assert "A sore throat" in page
    assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    "phone", ["12", "+1 650 253 0000 ext 5 x", "phone", "০", "0171234567890123", "01712\x00345678"]
)
def test_bad_phone_is_named_beside_its_field_and_kept(doctor: User, client_of: ClientOf, phone: str) -> None:
    data = {"patient": "me", "phone": phone, "reason": "A sore throat"}
    response = client_of(UserFactory()).post(address(doctor), data)
    assert response.status_code == 422
    assert set(errors(response)) == {"phone"}
    assert "A sore throat" in response.content.decode()
    assert not Patient.objects.exists()


def test_request_beyond_all_measure_is_refused(doctor: User, patient: User, client_of: ClientOf) -> None:
    data = {"patient": str(patient.patient.pk), "reason": "x" * 1_000_000}
    assert client_of(patient).post(address(doctor), data).status_code == 400
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("reason", ["<script>alert(1)</script>", "\u202egnirts", "{{ settings.SECRET_KEY }}", "'\"--"])
def test_reason_is_shown_as_it_was_typed_and_never_run(
    doctor: User, patient: User, client_of: ClientOf, reason: str
) -> None:
    visit = confirmed(doctor, patient, reason=reason)
    for user in (patient, doctor):
        page = client_of(user).get(visit.get_absolute_url()).content.decode()
        assert "<script>alert" not in page
    visit.refresh_from_db()
    assert visit.reason == reason


@pytest.mark.parametrize(
    "start",
    [
        "",
        "tomorrow",
        "2026-13-01T10:00:00+06:00",
        "2026-11-31T10:00:00+06:00",
        "2026-11-24T10:00:00",
        "2026-11-24",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59.999999-12:00",
        "2026-11-24T10:00:00+99:99",
        "\x00",
        "1" * 5000,
        "2026-11-24T10:00:00+06:00<script>",
    ],
)
def test_malformed_start_leads_back_to_the_times(doctor: User, patient: User, client_of: ClientOf, start: str) -> None:
    client = client_of(patient)
    for send in (client.get, client.post):
        response = send(address(doctor, start))
        assert (response.status_code, response.url) == (302, f"/times/{doctor.doctor.slug}/")
    page = client.get(response.url).content.decode()
    assert "choose a time" in page
    assert not Appointment.objects.exists()


@pytest.mark.parametrize("mode", ["", "telepathy", "VIDEO", "video\x00"])
def test_malformed_mode_leads_back_to_the_times(doctor: User, patient: User, client_of: ClientOf, mode: str) -> None:
    response = client_of(patient).post(address(doctor, mode=mode))
    assert (response.status_code, response.url) == (302, f"/times/{doctor.doctor.slug}/")


def test_time_in_any_zone_is_the_same_time(doctor: User, patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    for start in (at().strftime("%Y-%m-%dT10:00:00+06:00"), at().strftime("%Y-%m-%dT04:00:00Z")):
        assert client.get(address(doctor, start)).status_code == 200
    # A link that was not encoded: its plus sign arrives as a blank.
    assert client.get(f"/book/{doctor.doctor.slug}/?start={at().isoformat()}&mode=video").status_code == 200


GONE: dict[str, Callable[[User, User], str]] = {
    "taken": lambda doctor, other: address(doctor, hold(doctor, other).start),
    "past": lambda doctor, other: address(doctor, at(10, days=-1)),
    "off the grid": lambda doctor, other: address(doctor, at(10, 7)),
    "beyond the horizon": lambda doctor, other: address(doctor, at(10, days=300)),
    "centuries away": lambda doctor, other: address(doctor, "2199-12-31T10:00:00+06:00"),
    "by a mode that is not offered": lambda doctor, other: address(doctor, mode="in_person"),
}


@pytest.mark.parametrize("case", GONE.values(), ids=GONE)
def test_time_that_is_not_open_is_said_to_be_and_what_was_written_is_kept(
    doctor: User, patient: User, stranger: User, client_of: ClientOf, case: Callable[[User, User], str]
) -> None:
    there = case(doctor, stranger)
    client = client_of(patient)
    data = {"patient": patient.patient.pk, "reason": "A sore throat"}

    for response in (client.get(there), client.post(there, data)):
        assert response.status_code == 409
        assert "no longer open" in response.content.decode()
    assert not Appointment.objects.filter(booked_by=patient).exists()
    assert "A sore throat" in client.get(address(doctor, at(15))).content.decode()


@pytest.mark.parametrize("traits", [{"unverified": True}, {"hidden": True}])
def test_doctor_who_is_not_public_is_not_found(patient: User, client_of: ClientOf, traits: dict[str, bool]) -> None:
    doctor = DoctorFactory(with_hours=True, **traits).user
    client = client_of(patient)
    assert client.get(address(doctor)).status_code == 404
    assert client.post(address(doctor), {"patient": patient.patient.pk}).status_code == 404
    assert client.get(f"/times/{doctor.doctor.slug}/").status_code == 404
    assert not Appointment.objects.exists()


def test_doctor_who_was_hidden_while_the_form_was_open_is_not_found(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    client = client_of(patient)
    assert client.get(address(doctor)).status_code == 200
    Doctor.objects.update(suspended_at=timezone.now(), suspension_reason="Complaints")
    assert client.post(address(doctor), {"patient": patient.patient.pk}).status_code == 404


def test_patient_who_is_busy_is_named_beside_the_choice_of_patient(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    confirmed(other_doctor, patient)
    data = {"patient": patient.patient.pk, "reason": "A sore throat"}
    response = client_of(patient).post(address(doctor), data)
    assert response.status_code == 409
    assert set(errors(response)) == {"patient"}
    page = response.content.decode()
    assert "already an appointment for this patient" in page
    assert "A sore throat" in page


def test_third_hold_is_refused_beside_the_form(doctor: User, patient: User, client_of: ClientOf) -> None:
    first = hold(doctor, patient, at(10))
    hold(doctor, patient, at(11))
    client, data = client_of(patient), {"patient": patient.patient.pk, "reason": "A sore throat"}
    response = client.post(address(doctor, at(12)), data)
    assert response.status_code == 409
    assert "holding two other times" in response.content.decode()
    cancel_appointment(first, by=patient, side="patient")
    assert client.post(address(doctor, at(12)), data).status_code == 302


def test_form_takes_no_doctor_fee_or_status_from_the_browser(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    data = {
        "patient": patient.patient.pk,
        "reason": "Cough",
        "doctor": other_doctor.doctor.pk,
        "doctor_id": other_doctor.doctor.pk,
        "fee": "0",
        "status": "confirmed",
        "booked_by": other_doctor.pk,
        "hold_expires_at": "2199-01-01",
    }
    client_of(patient).post(address(doctor), data)
    held = Appointment.objects.get()
    assert (held.doctor, held.fee, held.status, held.booked_by) == (doctor.doctor, 800, Status.HELD, patient)


@pytest.mark.parametrize("method", ["put", "delete", "patch"])
def test_booking_by_another_method_is_refused(doctor: User, patient: User, client_of: ClientOf, method: str) -> None:
    assert getattr(client_of(patient), method)(address(doctor)).status_code == 405


def test_hold_is_paid_extended_and_let_go_by_post_alone(doctor: User, patient: User, client_of: ClientOf) -> None:
    held = hold(doctor, patient)
    client = client_of(patient)
    for action in ("pay", "extend", "cancel"):
        assert client.get(f"/appointments/{held.pk}/{action}/").status_code == 405
    held.refresh_from_db()
    assert (held.status, held.charge, held.hold_extended) == (Status.HELD, None, False)

    assert client.post(f"/appointments/{held.pk}/extend/").status_code == 302
    again = client.post(f"/appointments/{held.pk}/extend/")
    assert again.status_code == 409
    paying = client.post(f"/appointments/{held.pk}/pay/")
    held.refresh_from_db()
    assert held.charge is not None
    assert paying.url == held.charge.get_absolute_url()


def test_payment_of_a_hold_that_ran_out_says_so(doctor: User, patient: User, client_of: ClientOf) -> None:
    held = held_until_past(hold(doctor, patient))
    client = client_of(patient)
    for action in ("pay", "extend"):
        response = client.post(f"/appointments/{held.pk}/{action}/")
        assert response.status_code == 409
        assert "data-refusal" in response.content.decode()
    assert client.get(held.get_absolute_url()).status_code == 200


# Visitors --------------------------------------------------------------------------------------------------------


def test_visitor_signs_up_with_the_code_and_holds_the_time_with_what_was_written(doctor: User) -> None:
    visitor = Client()
    there = address(doctor)
    assert visitor.get(there).status_code == 200
    response = visitor.post(there, {"reason": "A sore throat since Monday"})
    assert (response.status_code, response.url) == (302, f"/accounts/signup/?{urlencode({'next': there})}")
    assert not User.objects.filter(doctor=None).exists()

    form = {"name": "Rahima Begum", "email": "rahima@example.com", "password1": "a long enough one", "next": there}
    response = visitor.post(response.url, form)
    assert response.status_code == 302
    code = re.search(r"^[0-9A-Z-]{6,9}$", mail.outbox[-1].body, re.MULTILINE)
    assert code, mail.outbox[-1].body
    response = visitor.post(response.url, {"code": code[0]})
    assert (response.status_code, response.url) == (302, there)

    page = visitor.get(there)
    assert page.status_code == 200
    assert "A sore throat since Monday" in page.content.decode()
    kept = page.context["form"]["reason"].value()
    response = visitor.post(there, {"patient": "me", "phone": PHONE, "reason": kept})
    held = Appointment.objects.get()
    assert response.url == held.get_absolute_url()
    assert held.reason == "A sore throat since Monday"
    assert (held.patient.name, held.booked_by.email) == ("Rahima Begum", "rahima@example.com")


def test_visitor_with_an_account_signs_in_and_goes_on(doctor: User, patient: User) -> None:
    visitor = Client()
    there = address(doctor)
    response = visitor.post(there, {"reason": "A sore throat", "sign_in": "1"})
    assert response.url.startswith("/accounts/login/?next=")
    response = visitor.post(response.url, {"login": patient.email, "password": PASSWORD, "next": there})
    assert (response.status_code, response.url) == (302, there)
    assert "A sore throat" in visitor.get(there).content.decode()


def test_visitors_bad_reason_is_named_before_anything_else(doctor: User) -> None:
    response = Client().post(address(doctor), {"reason": "x" * 1001})
    assert response.status_code == 422
    assert set(errors(response)) == {"reason"}


def test_visitor_is_told_at_once_that_a_time_is_gone(doctor: User, patient: User) -> None:
    hold(doctor, patient)
    visitor = Client()
    response = visitor.post(address(doctor), {"reason": "A sore throat"})
    assert response.status_code == 409
    assert "A sore throat" in visitor.get(address(doctor, at(15))).content.decode()


def test_what_was_written_for_one_doctor_is_not_shown_for_another(doctor: User, other_doctor: User) -> None:
    visitor = Client()
    visitor.post(address(doctor), {"reason": "A sore throat"})
    assert "A sore throat" not in visitor.get(address(other_doctor)).content.decode()


def test_somebody_to_care_for_is_added_on_the_way(doctor: User, patient: User, client_of: ClientOf) -> None:
    client = client_of(patient)
    there = address(doctor)
    data = {"patient": patient.patient.pk, "reason": "Fever", "add_member": "1"}
    response = client.post(there, data)
    assert response.url.startswith("/account/family/add/?next=")
    member = {"name": "Mitu", "relation": "child", "birth_date": "2020-01-31", "sex": "female", "next": there}
    response = client.post(response.url, member)
    assert (response.status_code, response.url) == (302, there)
    page = client.get(there).content.decode()
    assert "Mitu" in page
    assert "Fever" in page


# What the doctor is going to know --------------------------------------------------------------------------------


def test_review_shows_what_is_known_of_the_childs_health_and_writes_down_who_looked(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    bond = GuardianshipFactory(guardian=patient)
    AllergyFactory(patient=bond.patient, substance="Peanuts")
    AllergyFactory(patient=patient.patient, substance="Latex")
    held = hold(doctor, patient, patient=bond.patient)
    page = read(client_of(patient), held.get_absolute_url())
    assert "Peanuts" in page.html
    assert "Not said yet" in page.html
    assert "Latex" not in page.html
    look = TrailEntry.objects.get(about="patients.facts")
    assert (look.by, look.subject, look.ground, look.ground_id) == (patient, bond.patient.pk, "guardian", str(bond.pk))
    assert page.links["Put it right"] == f"/account/health/{bond.patient.pk}/?next={held.get_absolute_url()}"

    # Once it is booked the facts are no part of the page, and not written down as read.
    pay(held)
    assert "Peanuts" not in read(client_of(patient), held.get_absolute_url()).html
    assert TrailEntry.objects.filter(about="patients.facts").count() == 1


def test_doctor_sees_no_facts_on_the_page_of_the_visit(doctor: User, patient: User, client_of: ClientOf) -> None:
    AllergyFactory(patient=patient.patient, substance="Latex")
    visit = confirmed(doctor, patient)
    assert "Latex" not in read(client_of(doctor), visit.get_absolute_url()).html
    assert not TrailEntry.objects.filter(about="patients.facts").exists()
