"""The end of a video visit from the evidence: left open for a day, or a doctor who never came."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Kind, Notification, User
from appointments.models import Appointment, Case, Status
from payments.models import Refund
from telehealth.closing import close_by_evidence, verdict
from telehealth.models import Consultation, JoinEvidence
from telehealth.services import room_of, say_late
from telehealth.tasks import close_left_open
from tests.appointments.visits import at, confirmed, shifted
from tests.factories.doctors import PracticePlaceFactory
from tests.factories.patients import PatientFactory

type ClientOf = Callable[[User], Client]
Event = JoinEvidence.Event


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    return shifted(confirmed(doctor, patient), timezone.now() - timedelta(hours=25))


def came(visit: Appointment, *steps: tuple[str, Event, int]) -> None:
    """Evidence: side, event, minutes after the start."""
    room = room_of(visit)
    for side, event, minutes in steps:
        user = visit.doctor.user if side == "doctor" else visit.booked_by
        when = visit.start + timedelta(minutes=minutes)
        JoinEvidence.objects.create(consultation=room, user=user, side=side, event=event, at=when)


BOTH = (("patient", Event.JOINED, -5), ("doctor", Event.JOINED, 1))


@pytest.mark.parametrize(
    ("steps", "says"),
    [
        ((), ""),
        ((*BOTH, ("patient", Event.ADMITTED, 2)), "completed"),
        (BOTH, ""),
        ((BOTH[0],), "doctor"),
        ((BOTH[0], ("patient", Event.LOST, 5), ("patient", Event.JOINED, 6)), "doctor"),
        ((BOTH[0], ("patient", Event.LEFT, 5)), ""),
        ((("patient", Event.JOINED, 20),), ""),
        ((BOTH[1],), "patient"),
        ((("doctor", Event.JOINED, 11),), ""),
    ],
)
def test_visit_that_was_left_open_ends_as_the_evidence_says(
    visit: Appointment, steps: tuple[tuple[str, Event, int], ...], says: str
) -> None:
    came(visit, *steps)
    assert verdict(visit) == says
    for _ in range(2):
        close_left_open()

    visit.refresh_from_db()
    if not says:
        assert (visit.status, Case.objects.get().kind) == (Status.CONFIRMED, "left_open")
        return
    assert not Case.objects.exists()
    assert (visit.status, visit.no_show_by) == (
        (Status.COMPLETED, "") if says == "completed" else (Status.NO_SHOW, says)
    )
    assert Consultation.objects.get().closed_at is not None
    assert Refund.objects.exists() == (says == "doctor")
    assert visit.events.last().code == "evidence"


def test_what_is_not_over_for_a_day_stays_open(visit: Appointment) -> None:
    shifted(visit, timezone.now() - timedelta(hours=23))
    close_left_open()
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED


def test_what_got_its_end_meanwhile_keeps_it(visit: Appointment) -> None:
    came(visit, BOTH[0])
    Appointment.objects.update(status=Status.CANCELLED)
    assert close_by_evidence(visit) == ""


def test_patient_who_waits_says_that_the_doctor_did_not_come(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = shifted(confirmed(doctor, patient), timezone.now() - timedelta(minutes=11))
    path = f"/consultations/{visit.pk}/doctor-missed/"
    client = client_of(patient)
    assert client.post(path).status_code == 409
    came(visit, BOTH[0])
    say_late(doctor.doctor.pk, minutes=20)
    assert client.post(path).status_code == 409
    say_late(doctor.doctor.pk, minutes=0)
    assert client_of(doctor).post(path).status_code == 403
    assert [client.post(path).status_code for _ in range(2)] == [302, 409]

    visit.refresh_from_db()
    assert (visit.status, visit.no_show_by) == (Status.NO_SHOW, "doctor")
    assert Refund.objects.get().amount == visit.fee
    assert Notification.objects.filter(kind=Kind.VISIT_MISSED, user=doctor).count() == 1


def test_doctor_who_came_is_not_said_to_have_missed_it(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = shifted(confirmed(doctor, patient), timezone.now() - timedelta(minutes=11))
    came(visit, *BOTH)
    assert client_of(patient).post(f"/consultations/{visit.pk}/doctor-missed/").status_code == 409


# Running late ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["video", "in_person"])
def test_who_is_booked_today_is_told_once_by_either_mode(doctor: User, client_of: ClientOf, mode: str) -> None:
    people = [PatientFactory().user for _ in range(3)]
    now, over, tomorrow = (confirmed(doctor, user, at(10 + n)) for n, user in enumerate(people))
    # Running now, so that it is of today at every hour of the day.
    shifted(now, timezone.now() - timedelta(minutes=1))
    shifted(over, timezone.now() - timedelta(minutes=30))
    shifted(tomorrow, timezone.now() + timedelta(days=1))
    if mode == "in_person":
        Appointment.objects.update(mode=mode, place=PracticePlaceFactory(doctor=doctor.doctor))
    client = client_of(doctor)
    assert "1 patient who is still booked" in client.get("/practice/late/").content.decode()
    for _ in range(2):
        assert client.post("/practice/late/", {"minutes": "20"}).status_code == 302
    told = Notification.objects.get(kind=Kind.RUNNING_LATE)
    assert (told.user, told.facts["minutes"]) == (people[0], 20)
    assert client.post("/practice/late/", {"minutes": "7"}).status_code == 422
