"""By what a right to be in a room is known to have changed: rows of any of these, and the time."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.backends.postgresql.psycopg_any import DateRange
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from accounts.tickets import Gone, Ticket
from appointments.models import Appointment, Status
from doctors.models import Doctor
from doctors.services import suspend_doctor
from patients.models import Guardianship, Patient, today
from telehealth.access import Guest, arrival_of, facts_of, guest_of, has_the_same_right, with_room_of_now
from telehealth.models import Consultation, Outcome
from telehealth.services import room_of, touch
from tests.factories.patients import GuardianshipFactory
from tests.telehealth.rooms import visit_now

type ClientOf = Callable[[User], Client]


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    """Of the patient's child."""
    made = visit_now(doctor, patient, patient=GuardianshipFactory(guardian=patient).patient)
    room_of(made)
    return made


def came(user: User, visit: Appointment, client_of: ClientOf) -> tuple[Guest, Ticket]:
    session = client_of(user).session
    ticket = Ticket(user.pk, session.session_key, session[HASH_SESSION_KEY])
    return guest_of(ticket, visit.pk), ticket


@pytest.mark.parametrize(("who", "queries"), [("patient", 5), ("doctor", 4)])
def test_who_comes_is_let_in_by_one_look_at_each_row(
    visit: Appointment,
    client_of: ClientOf,
    django_assert_num_queries: DjangoAssertNumQueries,
    who: str,
    queries: int,
    request: pytest.FixtureRequest,
) -> None:
    user = request.getfixturevalue(who)
    cookies = {name: cookie.value for name, cookie in client_of(user).cookies.items()}
    with django_assert_num_queries(queries):
        ticket, guest = arrival_of({"cookies": cookies}, visit.pk)
    assert (guest.user, ticket.user_id, guest.side) == (user, user.pk, who)


@pytest.mark.parametrize(
    "what", ["signed out", "session over", "session is over in time", "guardianship deleted", "guardianship ended"]
)
def test_right_of_the_patients_side_that_ended_is_seen(
    visit: Appointment, patient: User, client_of: ClientOf, what: str
) -> None:
    long_ago = today() - timedelta(days=9)
    Guardianship.objects.update(valid=DateRange(long_ago, None))
    guest, ticket = came(patient, visit, client_of)
    assert has_the_same_right(guest, facts_of(ticket, visit.pk))
    later = timedelta()
    match what:
        case "signed out":
            Session.objects.all().delete()
        case "session over":
            Session.objects.update(expire_date=timezone.now())
        case "session is over in time":
            later = timedelta(days=365)
        case "guardianship deleted":
            Guardianship.objects.all().delete()
        case "guardianship ended":
            Guardianship.objects.update(valid=DateRange(long_ago, today()))
    with time_machine.travel(timezone.now() + later, tick=False):
        assert not has_the_same_right(guest, facts_of(ticket, visit.pk))
        with pytest.raises(Gone):
            guest_of(ticket, visit.pk)


def test_guardianship_that_ends_by_itself_is_seen_on_the_day(
    visit: Appointment, patient: User, client_of: ClientOf
) -> None:
    Guardianship.objects.update(valid=DateRange(today() - timedelta(days=9), today() + timedelta(days=1)))
    guest, ticket = came(patient, visit, client_of)
    with time_machine.travel(timezone.now() + timedelta(days=1), tick=False):
        assert not has_the_same_right(guest, facts_of(ticket, visit.pk))


@pytest.mark.parametrize(
    "what", ["cancelled", "suspended", "no longer verified", "deactivated", "another password", "another's practice"]
)
def test_right_of_the_doctor_that_ended_is_seen(
    visit: Appointment, doctor: User, stranger: User, admin: User, client_of: ClientOf, what: str
) -> None:
    guest, ticket = came(doctor, visit, client_of)
    assert has_the_same_right(guest, facts_of(ticket, visit.pk))
    match what:
        case "cancelled":
            Appointment.objects.update(status=Status.CANCELLED)
        case "suspended":
            suspend_doctor(doctor.doctor, reason="Papers ran out", by=admin)
        case "no longer verified":
            Doctor.objects.update(verified_at=None)
        case "deactivated":
            User.objects.filter(pk=doctor.pk).update(is_active=False)
        case "another password":
            doctor.set_password("quite another sentence")
            doctor.save()
        case "another's practice":
            Doctor.objects.update(user=stranger)
    assert not has_the_same_right(guest, facts_of(ticket, visit.pk))
    with pytest.raises(Gone):
        guest_of(ticket, visit.pk)


def test_whatever_a_room_shows_is_among_the_facts(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    guest, ticket = came(doctor, visit, client_of)
    seen = [guest.facts]
    touch(guest.room)
    seen.append(facts_of(ticket, visit.pk))
    assert has_the_same_right(guest, seen[-1])
    assert with_room_of_now(guest, seen[-1]).room.version == guest.room.version + 1
    Patient.objects.filter(pk=visit.patient_id).update(name="Named Anew")
    seen.append(facts_of(ticket, visit.pk))
    Consultation.objects.update(closed_at=timezone.now(), outcome=Outcome.COMPLETED)
    seen.append(facts_of(ticket, visit.pk))
    assert len(set(seen)) == 4
    assert not has_the_same_right(guest, seen[-1]), "of the patient, too, there is another row"
    assert not with_room_of_now(guest, seen[-1]).room.is_open
    assert facts_of(ticket, visit.pk) == seen[-1]


def test_room_that_is_gone_is_no_room_of_now(visit: Appointment, doctor: User, client_of: ClientOf) -> None:
    guest, ticket = came(doctor, visit, client_of)
    Consultation.objects.all().delete()
    assert not has_the_same_right(guest, facts_of(ticket, visit.pk))
    assert not has_the_same_right(guest, ())
