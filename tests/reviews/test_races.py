"""What is decided while a page is on its way counts: each change looks again once the row is its own."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Status
from patients.services import end_guardianship
from reviews.models import Report, Review, ReviewStatus
from reviews.services import Words, ask_for_change, hide_review, post_review, restore_review
from reviews.tasks import sweep_decided
from tests.appointments.races import overtaken
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory
from tests.reviews.visits import contested, reviewed, visited

pytestmark = pytest.mark.django_db(transaction=True)

SAID = {"stars": "4", "text": "She took her time.", "signed": "anonymous"}


@pytest.fixture
def doctor(transactional_db: None) -> User:
    return DoctorFactory(with_hours=True).user


@pytest.fixture
def patient(transactional_db: None) -> User:
    return PatientFactory().user


@pytest.fixture
def admin(transactional_db: None) -> User:
    return UserFactory(as_admin=True)


@pytest.fixture
def sends(client_of: Callable[[User], Client]) -> Callable[..., Callable[[], HttpResponse]]:
    """A form that somebody is about to send."""

    def ready(user: User, path: str, said: dict[str, str]) -> Callable[[], HttpResponse]:
        client = client_of(user)
        return lambda: client.post(path, said)

    return ready


def write_path(visit: Appointment) -> str:
    return reverse("reviews:write", args=[visit.pk])


def the(row: Any) -> Any:
    return type(row).objects.filter(pk=row.pk)


def hidden(review: Review) -> Callable[[], Review]:
    moderator = UserFactory(in_group="moderation")
    return lambda: hide_review(review, note="It insults.", by=moderator)


def test_visit_that_turns_out_missed_meanwhile_is_not_reviewed(doctor: User, patient: User, sends: Any) -> None:
    visit = visited(doctor, patient)
    answer = overtaken(
        sends(patient, write_path(visit), SAID),
        by=lambda: the(visit).update(status=Status.NO_SHOW, no_show_by="patient"),
        holding=the(visit),
    )
    assert answer.status_code == 409
    assert "Only a visit that took place can be reviewed" in answer.content.decode()
    assert not Review.objects.exists()


def test_guardian_who_is_one_no_longer_does_not_review(doctor: User, patient: User, sends: Any) -> None:
    bond = GuardianshipFactory(guardian=patient)
    GuardianshipFactory(patient=bond.patient)
    visit = visited(doctor, patient, patient=bond.patient)
    answer = overtaken(
        sends(patient, write_path(visit), SAID),
        by=lambda: end_guardianship(bond, by=patient),
        holding=the(visit),
    )
    assert answer.status_code == 409
    assert not Review.objects.exists()


def test_slower_of_two_guardians_is_told_that_there_is_a_review(doctor: User, patient: User, sends: Any) -> None:
    child, other = GuardianshipFactory(guardian=patient).patient, UserFactory()
    GuardianshipFactory(guardian=other, patient=child)
    visit = visited(doctor, patient, patient=child)
    answer = overtaken(
        sends(other, write_path(visit), SAID),
        by=lambda: post_review(visit, Words(stars=1), by=patient),
        holding=the(visit),
    )
    assert answer.status_code == 409
    assert "Somebody has reviewed this visit already." in answer.content.decode()
    assert Review.objects.get().stars == 1


def test_what_is_hidden_meanwhile_is_not_changed_and_stays_hidden(doctor: User, patient: User, sends: Any) -> None:
    review = reviewed(doctor, patient, 1, text="Rude.")
    path = reverse("reviews:edit", args=[review.pk])
    answer = overtaken(sends(patient, path, SAID), by=hidden(review), holding=the(review))
    assert answer.status_code == 409
    review.refresh_from_db()
    assert (review.status, review.text) == (ReviewStatus.HIDDEN, "Rude.")


def test_what_is_shown_again_meanwhile_as_it_was_is_not_changed_after_its_days(
    doctor: User, patient: User, admin: User, sends: Any
) -> None:
    review = ask_for_change(reviewed(doctor, patient, 1, text="Rude."), note="No names.", by=admin)
    the(review).update(posted_at=timezone.now() - timedelta(days=30))
    answer = overtaken(
        sends(patient, reverse("reviews:edit", args=[review.pk]), SAID),
        by=lambda: restore_review(review, note="There are none.", by=admin),
        holding=the(review),
    )
    assert answer.status_code == 409
    review.refresh_from_db()
    assert (review.status, review.text) == (ReviewStatus.PUBLISHED, "Rude.")


def test_what_is_hidden_meanwhile_is_not_answered(doctor: User, patient: User, sends: Any) -> None:
    review = reviewed(doctor, patient)
    answer = overtaken(
        sends(doctor, review.practice_path, {"text": "Thank you."}), by=hidden(review), holding=the(review)
    )
    assert answer.status_code == 409
    review.refresh_from_db()
    assert (review.status, review.reply) == (ReviewStatus.HIDDEN, "")


def test_what_is_hidden_meanwhile_is_not_reported(doctor: User, patient: User, sends: Any) -> None:
    review = reviewed(doctor, patient)
    path = reverse("reviews:report", args=[review.pk])
    answer = overtaken(sends(UserFactory(), path, {"reason": "insult"}), by=hidden(review), holding=the(review))
    assert answer.status_code == 409
    assert not Report.objects.exists()


def test_reason_of_who_hid_it_meanwhile_stands(doctor: User, patient: User, admin: User) -> None:
    """Of a visit that, as was decided, did not take place either."""
    review = reviewed(doctor, patient)
    contested(review.appointment, by=admin)
    the(review.appointment).update(status=Status.NO_SHOW, no_show_by="patient")
    overtaken(sweep_decided, by=hidden(review), holding=the(review))
    review.refresh_from_db()
    assert (review.status, review.note) == (ReviewStatus.HIDDEN, "It insults.")
