"""Asking for reviews: two hours after the visit, once, whoever else asks at the same moment."""

from datetime import timedelta

import pytest
import time_machine
from django.core import mail
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import Delivery, Kind, Notification, User
from accounts.services import deliver
from appointments.models import Appointment, Status
from reviews.models import ReviewRequest
from reviews.services import ask_for_reviews, asking
from reviews.tasks import sweep_requests
from tests.appointments.races import at_once, tally
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.reviews.visits import reviewed, visited

HOUR = timedelta(hours=1)


def asked() -> list[int]:
    return list(Notification.objects.filter(kind=Kind.REVIEW_ASKED).order_by("pk").values_list("user", flat=True))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("ago", "status", "many"),
    [
        (1.9 * HOUR, Status.COMPLETED, 0),
        (2 * HOUR, Status.COMPLETED, 1),
        (71 * HOUR, Status.COMPLETED, 1),
        (73 * HOUR, Status.COMPLETED, 0),
        (3 * HOUR, Status.NO_SHOW, 0),
        (3 * HOUR, Status.CANCELLED, 0),
        (3 * HOUR, Status.IN_PROGRESS, 0),
    ],
)
def test_visit_that_took_place_is_asked_about_two_hours_after(
    doctor: User, patient: User, ago: timedelta, status: Status, many: int
) -> None:
    visited(doctor, patient, ago=ago, status=status)
    sweep_requests()
    assert asked() == [patient.pk] * many
    sweep_requests()
    assert len(asked()) == many


@pytest.mark.django_db
def test_everybody_who_acts_is_asked_but_not_the_doctor(doctor: User, patient: User) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    GuardianshipFactory(guardian=doctor, patient=child)
    visited(doctor, patient, ago=3 * HOUR, patient=child)
    ask_for_reviews()
    assert asked() == [patient.pk]


@pytest.mark.django_db
def test_what_is_reviewed_is_not_asked_about(doctor: User, patient: User) -> None:
    review = reviewed(doctor, patient)
    Appointment.objects.filter(pk=review.appointment_id).update(reason="A cough")
    ask_for_reviews()
    assert asked() == []


@pytest.mark.django_db
def test_mail_says_where_and_nothing_of_why(doctor: User, patient: User) -> None:
    visit = visited(doctor, patient, ago=3 * HOUR, reason="A cough since Monday")
    ask_for_reviews()
    deliver(Delivery.objects.get(notification__kind=Kind.REVIEW_ASKED).pk)
    (sent,) = mail.outbox
    assert sent.subject == "How was your visit?"
    assert f"/appointments/{visit.pk}/review/" in sent.body
    assert "cough" not in sent.body


@pytest.mark.django_db
def test_question_is_not_sent_once_it_is_old(doctor: User, patient: User) -> None:
    visited(doctor, patient, ago=3 * HOUR)
    ask_for_reviews()
    delivery = Delivery.objects.get(notification__kind=Kind.REVIEW_ASKED)
    with time_machine.travel(timezone.now() + 73 * HOUR):
        deliver(delivery.pk)
    delivery.refresh_from_db()
    assert (delivery.status, delivery.error) == ("failed", "too_late")
    assert mail.outbox == []


@pytest.mark.django_db
def test_batches_are_asked_until_none_is_left(doctor: User, patient: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "BATCH", 2)
    for _ in range(5):
        visited(doctor, patient, ago=3 * HOUR)
    assert [ask_for_reviews() for _ in range(4)] == [2, 2, 1, 0]
    assert len(asked()) == 5


@pytest.mark.django_db(transaction=True)
def test_many_workers_ask_once() -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    for _ in range(4):
        visited(doctor, patient, ago=3 * HOUR)
    assert tally(at_once(*[ask_for_reviews] * 4)) == {"done": 4}
    sweep_requests()
    assert len(asked()) == 4
    assert ReviewRequest.objects.count() == 4


@pytest.mark.django_db(transaction=True)
def test_visit_that_somebody_holds_is_left_and_not_waited_for() -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    visit = visited(doctor, patient, ago=3 * HOUR)

    def ask() -> int:
        connection.cursor().execute("SET lock_timeout = '10s'")
        return ask_for_reviews()

    with transaction.atomic():
        Appointment.objects.select_for_update().get(pk=visit.pk)
        (outcome,) = at_once(ask)
        assert (outcome.name, outcome.value) == ("done", 0)
    assert ask_for_reviews() == 1
