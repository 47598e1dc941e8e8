"""Calling a visit off, and what both sides are told of it and of its beginning."""

from collections.abc import Callable
from datetime import UTC, timedelta
from email.message import EmailMessage as Mail
from zoneinfo import ZoneInfo

import pytest
from django.core import mail
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone
from icalendar import Calendar, Event

from accounts.models import Delivery, Kind, Notification, User
from accounts.services import deliver
from appointments.errors import NotCancellable
from appointments.models import Appointment, Status
from appointments.open_times import find_open_slot
from appointments.services import cancel_appointment, start_payment
from doctors.models import Doctor
from patients.models import CareRelationship, today
from payments.models import Charge, Refund
from scheduling.models import WeeklyHours
from specialties.models import Specialty
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay, shifted, story
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import GuardianshipFactory

REASON = "Pain in the knee for three weeks"

type ClientOf = Callable[[User], Client]


def cancel_path(appointment: Appointment) -> str:
    return f"/appointments/{appointment.pk}/cancel/"


# Why each side calls it off, as its page sends it.
WHY = {"patient": {"reason": "cannot_come"}, "doctor": {"reason": "emergency"}}


def is_open(doctor: User) -> bool:
    return find_open_slot(Doctor.objects.get(user=doctor), at(), "video") is not None


def sent() -> list[Mail]:
    """All that is queued goes out; the mails as their recipients' programs read them."""
    for delivery in Delivery.objects.filter(status=Delivery.Status.QUEUED).order_by("pk"):
        deliver(delivery.pk)
    return [message.message() for message in mail.outbox]


def calendar_of(message: Mail) -> tuple[Calendar, Event]:
    [part] = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    calendar = Calendar.from_ical(part.get_payload(decode=True))
    [event] = calendar.walk("VEVENT")
    assert part.get_param("method") == calendar["method"]
    [file] = [part for part in message.walk() if part.get_filename() == "appointment.ics"]
    assert file.get_payload(decode=True).splitlines() == part.get_payload(decode=True).splitlines()
    return calendar, event


@pytest.mark.parametrize("side", ["patient", "doctor"])
def test_cancel_by_either_side_gives_all_back_and_opens_the_time(
    doctor: User, patient: User, stranger: User, client_of: ClientOf, side: str
) -> None:
    who = patient if side == "patient" else doctor
    visit = confirmed(doctor, patient)
    assert not is_open(doctor)

    response = client_of(who).post(cancel_path(visit), WHY[side])

    assert (response.status_code, response.url) == (302, visit.get_absolute_url())
    visit.refresh_from_db()
    assert (visit.status, visit.cancelled_by) == (Status.CANCELLED, side)
    assert story(visit)[-1] == ("confirmed", "cancelled", who.pk, WHY[side]["reason"])
    assert visit.charge is not None
    refund = visit.charge.refunds.get()
    assert (refund.amount, refund.reason, refund.requested_by) == (visit.fee, Refund.Reason.CANCELLED, who)
    assert is_open(doctor)
    assert hold(doctor, stranger).status == Status.HELD


def test_cancel_ends_the_care_that_came_of_the_visit_alone(doctor: User, patient: User) -> None:
    first, second = confirmed(doctor, patient, at(10)), confirmed(doctor, patient, at(11))
    assert CareRelationship.objects.current().count() == 2

    cancel_appointment(first, by=patient, side="patient")

    assert [care.source for care in CareRelationship.objects.current()] == [second.pk]


def test_cancel_of_a_hold_lets_it_go_and_tells_nobody(doctor: User, patient: User, client_of: ClientOf) -> None:
    held = hold(doctor, patient)
    charge = start_payment(held, by=patient)
    assert client_of(patient).post(cancel_path(held)).status_code == 302

    held.refresh_from_db()
    assert charge is not None
    charge.refresh_from_db()
    assert (held.status, charge.status) == (Status.CANCELLED, Charge.Status.VOID)
    assert not Notification.objects.exists()
    assert is_open(doctor)


def test_cancel_of_a_payment_that_is_looked_at_gives_it_back_and_tells_the_patient_alone(
    doctor: User, patient: User
) -> None:
    held = hold(doctor, patient)
    charge = pay(held, risky=True)
    Notification.objects.all().delete()
    with pytest.raises(NotCancellable):
        cancel_appointment(held, by=doctor, side="doctor")

    cancel_appointment(held, by=patient, side="patient")

    charge.refresh_from_db()
    assert charge.status == Charge.Status.VOID
    assert charge.refunds.get().amount == charge.amount
    told = Notification.objects.filter(kind=Kind.APPOINTMENT_CANCELLED)
    assert [notification.user for notification in told] == [patient]
    assert not Delivery.objects.filter(notification__in=told).exclude(calendar="").exists()


def test_cancel_a_second_time_is_refused(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    client = client_of(patient)
    assert client.post(cancel_path(visit), WHY["patient"]).status_code == 302
    again = client.post(cancel_path(visit), WHY["patient"])

    assert again.status_code == 409
    assert "can no longer be cancelled" in again.content.decode()
    assert visit.charge is not None
    assert visit.charge.refunds.count() == 1
    assert Notification.objects.filter(kind=Kind.APPOINTMENT_CANCELLED, user=patient).count() == 1


@pytest.mark.parametrize("side", ["patient", "doctor"])
def test_cancel_after_the_visit_began_is_refused(doctor: User, patient: User, client_of: ClientOf, side: str) -> None:
    visit = shifted(confirmed(doctor, patient), timezone.now() - timedelta(minutes=1))
    client = client_of(patient if side == "patient" else doctor)
    assert client.post(cancel_path(visit)).status_code == 409
    assert client.get(f"{cancel_path(visit)}confirm/").status_code == 302
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
    assert not Refund.objects.exists()


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW, Status.EXPIRED])
def test_cancel_of_what_is_under_way_or_over_is_refused(doctor: User, patient: User, status: Status) -> None:
    visit = confirmed(doctor, patient)
    Appointment.objects.update(status=status)
    for side in ("patient", "doctor"):
        with pytest.raises(NotCancellable):
            cancel_appointment(visit, by=patient, side=side)
    assert not Refund.objects.exists()


def test_cancel_of_a_lapsed_hold_is_refused_whether_or_not_the_sweeper_came(doctor: User, patient: User) -> None:
    held = held_until_past(hold(doctor, patient))
    with pytest.raises(NotCancellable):
        cancel_appointment(held, by=patient, side="patient")


def test_cancel_by_a_stranger_finds_nothing(
    doctor: User, patient: User, stranger: User, other_doctor: User, admin: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    for user in (stranger, other_doctor, admin):
        assert client_of(user).post(cancel_path(visit)).status_code == 404
    assert Client().post(cancel_path(visit)).url.startswith("/accounts/login/")
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_cancel_of_a_hold_by_its_doctor_finds_nothing(doctor: User, patient: User, client_of: ClientOf) -> None:
    assert client_of(doctor).post(cancel_path(hold(doctor, patient))).status_code == 404


@pytest.mark.parametrize("method", ["get", "put", "delete", "patch"])
def test_cancel_by_another_method_changes_nothing(
    doctor: User, patient: User, client_of: ClientOf, method: str
) -> None:
    visit = confirmed(doctor, patient)
    assert getattr(client_of(patient), method)(cancel_path(visit)).status_code == 405
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_cancel_without_a_token_of_the_portals_own_form_is_refused(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    client = Client(enforce_csrf_checks=True)
    client.force_login(patient)
    assert client.post(cancel_path(visit)).status_code == 403
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_cancel_of_a_free_visit_needs_no_refund(patient: User) -> None:
    held = hold(DoctorFactory(with_hours=True, free=True).user, patient)
    start_payment(held, by=patient)
    cancelled = cancel_appointment(held, by=patient, side="patient")
    assert cancelled.status == Status.CANCELLED
    assert not Charge.objects.exists()


# What they are told ----------------------------------------------------------------------------------------------


@pytest.fixture
def told_doctor(db: None) -> User:
    return DoctorFactory(with_hours=True, name="Farhana Islam", specialty__name_en="Rheumatology").user


def test_both_sides_get_the_visit_for_their_calendars_and_its_end(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    invitations = sent()
    cancel_appointment(visit, by=doctor, side="doctor")
    cancellations = sent()[len(invitations) :]

    assert [message["To"] for message in invitations] == [patient.email, doctor.email]
    # The one without a calendar is payments', that the money is on its way.
    with_calendar = [message for message in cancellations if b"text/calendar" in message.as_bytes()]
    assert [message["To"] for message in with_calendar] == [patient.email, doctor.email]
    assert len(cancellations) == 3

    events = {}
    for method, messages in {"REQUEST": invitations, "CANCEL": with_calendar}.items():
        for message in messages:
            calendar, event = calendar_of(message)
            assert calendar["method"] == method
            assert event["status"] == ("CONFIRMED" if method == "REQUEST" else "CANCELLED")
            assert event.decoded("dtstart") == visit.start
            assert event.decoded("dtend") == visit.end
            assert event.decoded("dtstart").tzinfo in (UTC, ZoneInfo("UTC"))
            assert event["attendee"] == f"mailto:{message['To']}"
            assert event["organizer"].startswith("mailto:")
            assert event["sequence"] == (0 if method == "REQUEST" else 1), "an end is the last of its changes"
            events[method, message["To"]] = event["uid"]
    assert len(events) == 4
    assert len(set(events.values())) == 1


def test_mails_and_calendars_say_nothing_of_health(told_doctor: User, patient: User) -> None:
    visit = confirmed(told_doctor, patient, reason=REASON)
    cancel_appointment(visit, by=patient, side="patient")
    late = hold(told_doctor, patient, at(11), reason=REASON)
    start_payment(late, by=patient)
    pay(shifted(held_until_past(late), timezone.now() - timedelta(hours=1)))
    risky = hold(told_doctor, patient, at(12), reason=REASON)
    pay(risky, risky=True)

    written = []
    for message in sent():
        written.append(str(message["Subject"]))
        written += [str(part.get_payload(decode=True), "utf-8") for part in message.walk() if not part.is_multipart()]
    written += [str(facts) for facts in Notification.objects.values_list("facts", flat=True)]
    words = ["knee", "pain"]
    for specialty in Specialty.objects.all():
        words += [specialty.name_en.lower(), specialty.practitioner_en.lower(), specialty.name_bn]
    assert "rheumatology" in words
    assert len(written) > 20
    for text in written:
        assert not [word for word in words if word in text.lower()], text


def test_calendar_names_the_doctor_to_the_patient_and_nobody_to_the_doctor(told_doctor: User, patient: User) -> None:
    confirmed(told_doctor, patient)
    to_patient, to_doctor = (calendar_of(message)[1] for message in sent())
    assert to_patient["summary"] == "Appointment with Dr. Farhana Islam"
    assert to_doctor["summary"] == "Appointment on Nirog"
    assert patient.patient.name not in to_doctor.to_ical().decode()


def test_calendar_of_a_visit_in_person_has_its_place(doctor: User, patient: User) -> None:
    Doctor.objects.update(fee_in_person=500)
    place = PracticePlaceFactory(doctor=doctor.doctor, name="Green Road; Chamber, 2nd floor")
    WeeklyHours.objects.update(modes=["in_person"], place=place)
    confirmed(doctor, patient, mode="in_person")
    _calendar, event = calendar_of(sent()[0])
    assert event["location"] == f"{place.name}, {place.address}"


def test_each_is_told_in_their_own_language_and_time(doctor: User, patient: User) -> None:
    User.objects.filter(pk=patient.pk).update(language="bn")
    User.objects.filter(pk=doctor.pk).update(time_zone="America/New_York")
    Doctor.objects.update(name_bn="ডা. ফারহানা ইসলাম")
    patient.refresh_from_db()
    confirmed(doctor, patient)

    to_patient, to_doctor = Notification.objects.order_by("created_at", "pk")
    assert to_patient.facts["doctor"] == "ডা. ফারহানা ইসলাম"
    assert to_doctor.facts["doctor"] == doctor.doctor.full_name
    _mail, for_doctor = sent()
    text = next(part for part in for_doctor.walk() if part.get_content_type() == "text/plain").get_content()
    # Ten in the morning in Dhaka is eleven at night, or midnight, in New York.
    local = at().astimezone(ZoneInfo("America/New_York"))
    assert f"{local.hour % 12 or 12}:00\N{NO-BREAK SPACE}{local:%p}".replace("AM", "am").replace("PM", "pm") in text


def test_current_guardians_are_told_of_a_childs_visit(doctor: User, patient: User, stranger: User) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    GuardianshipFactory(guardian=stranger, patient=child)
    former = GuardianshipFactory(patient=child, valid=DateRange(today() - timedelta(days=90), today())).guardian

    confirmed(doctor, patient, patient=child)
    told = Notification.objects.filter(kind=Kind.APPOINTMENT_CONFIRMED).values_list("user", flat=True)
    assert set(told) == {patient.pk, stranger.pk}
    assert former.pk not in told


def test_calendar_file_is_for_those_who_see_the_visit(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    path = f"/appointments/{visit.pk}/appointment.ics"
    response = client_of(patient).get(path)
    assert response["Content-Type"] == "text/calendar; charset=utf-8"
    calendar = Calendar.from_ical(response.content)
    [event] = calendar.walk("VEVENT")
    assert calendar["method"] == "PUBLISH"
    assert event["uid"].startswith(str(visit.pk))
    assert "attendee" not in event
    assert client_of(doctor).get(path).status_code == 200
    assert client_of(stranger).get(path).status_code == 404
