"""A doctor's reviews, and the one reply to each: to answer, to change, and never about health."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Kind, Notification, User
from doctors.models import Doctor
from reviews.errors import ReviewChanged
from reviews.models import Review, ReviewVersion
from reviews.services import hide_review, reply_to_review, withdraw_review
from tests.factories.accounts import UserFactory
from tests.page import HTMX, read
from tests.reviews.visits import reviewed

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]


def test_doctor_answers_once_and_the_author_is_told(doctor: User, patient: User, client_of: ClientOf) -> None:
    review = reviewed(doctor, patient, text="Fine.")
    client = client_of(doctor)
    assert client.post(review.practice_path, {"text": "Thank you."}).headers["Location"] == "/practice/reviews/"
    review.refresh_from_db()
    assert review.reply == "Thank you."
    assert review.replied_at is not None
    told = Notification.objects.get(user=patient, kind=Kind.REVIEW_REPLIED)
    assert told.facts["path"] == review.get_absolute_url()
    assert told.facts["is_change"] is False
    assert "Thank you." not in str(told.facts)
    assert "Thank you." in client_of(patient).get(review.get_absolute_url()).content.decode()


def test_reply_is_changed_and_what_it_was_is_kept(doctor: User, patient: User, client_of: ClientOf) -> None:
    review = reply_to_review(reviewed(doctor, patient), "Thank you.", by=doctor)
    client = client_of(doctor)
    assert "Thank you." in client.get(review.practice_path).content.decode()
    for _ in range(2):
        assert client.post(review.practice_path, {"text": "Thank you very much."}).status_code == 302
    review.refresh_from_db()
    assert review.reply == "Thank you very much."
    assert ReviewVersion.objects.get().reply == "Thank you."
    assert [event.code for event in review.events.all()] == ["posted", "replied", "reply_edited"]
    assert Notification.objects.filter(user=patient, kind=Kind.REVIEW_REPLIED).count() == 2


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "Please write your reply."),
        ("Your diabetes is better now.", "What you know of a patient’s health is not for everybody"),
        ("Call me: 01712345678", "Please take this out: 01712345678"),
        ("x" * 1001, "shorten it to 1000 letters"),
    ],
)
def test_what_may_not_stand_there_is_refused_and_kept(
    doctor: User, patient: User, client_of: ClientOf, text: str, said: str
) -> None:
    review = reviewed(doctor, patient)
    answer = client_of(doctor).post(review.practice_path, {"text": text})
    assert answer.status_code == 422
    assert said in answer.content.decode()
    assert f"{text}</textarea>" in answer.content.decode()
    assert Review.objects.get().reply == ""


def test_nobody_else_answers(
    doctor: User, other_doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    review = reviewed(doctor, patient)
    found = {
        user: client_of(user).post(review.practice_path, {"text": "Me too."}).status_code
        for user in (other_doctor, patient, stranger, UserFactory(as_admin=True))
    }
    assert list(found.values()) == [404, 403, 403, 403]
    with pytest.raises(ReviewChanged):
        reply_to_review(review, "Me too.", by=other_doctor)
    assert client_of(doctor).put(review.practice_path).status_code == 405
    assert Review.objects.get().reply == ""


def test_what_is_hidden_meanwhile_and_who_is_suspended_is_not_answered(
    doctor: User, patient: User, admin: User, client_of: ClientOf
) -> None:
    review = hide_review(reviewed(doctor, patient, text="Rude."), note="It insults.", by=admin)
    client = client_of(doctor)
    page = client.get(review.practice_path).content.decode()
    assert "It insults." in page
    assert "Rude." not in page
    assert "<textarea" not in page
    assert client.post(review.practice_path, {"text": "Thank you."}).status_code == 409
    other = reviewed(doctor, patient)
    Doctor.objects.update(suspended_at=timezone.now(), suspension_reason="A complaint.")
    assert client.post(other.practice_path, {"text": "Thank you."}).status_code == 409
    assert not Review.objects.exclude(reply="").exists()


def test_list_begins_with_what_is_to_be_answered(doctor: User, patient: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    assert "No reviews yet" in read(client, "/practice/reviews/").html
    first, second = reviewed(doctor, patient, signed_as="Rahima"), reviewed(doctor, patient)
    reply_to_review(first, "Thank you.", by=doctor)
    page = read(client, "/practice/reviews/")
    assert second.practice_path in page.html
    assert first.practice_path not in page.html
    assert first.practice_path in read(client, "/practice/reviews/?show=all").html
    reply_to_review(second, "Thank you.", by=doctor)
    assert "All are answered" in read(client, "/practice/reviews/?show=waiting").html


def test_list_is_of_ones_own_practice_without_what_is_taken_back(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    own, others, gone = reviewed(doctor, patient), reviewed(other_doctor, patient), reviewed(doctor, patient)
    withdraw_review(gone, by=patient)
    client = client_of(doctor)
    for show in ("all", "waiting"):
        page = read(client, f"/practice/reviews/?show={show}")
        assert own.practice_path in page.html
        assert others.practice_path not in page.html
        assert gone.practice_path not in page.html
    assert client.get(gone.practice_path).status_code == 404


def test_anonymous_stays_anonymous_to_the_doctor(doctor: User, patient: User, client_of: ClientOf) -> None:
    """Neither in what is read nor in the source; the key is no clock, by which the visit could be told."""
    patient.name = "Zymurgina Quellwasser"
    patient.save()
    review = reviewed(doctor, patient, text="Fine.")
    assert review.pk.version == 4
    assert review.month.day == 1
    client, public = client_of(doctor), reverse("reviews:of_doctor", args=[doctor.doctor.slug])
    told = Notification.objects.get(user=doctor, kind=Kind.REVIEW_RECEIVED).facts
    pages = [client.get(each).content.decode() for each in ("/practice/reviews/", review.practice_path, public)]
    for page in (*pages, client.get(public, headers=HTMX).content.decode(), str(told)):
        assert "Zymurgina" not in page
        assert str(review.appointment_id) not in page
        assert f"{timezone.localdate(review.posted_at):%Y-%m-%d}" not in page


@pytest.mark.parametrize("rows", [1, 3])
def test_list_costs_the_same_however_many(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        reviewed(doctor, patient, text="Fine.")
    client = client_of(doctor)
    client.get("/practice/reviews/")
    with django_assert_num_queries(7):
        assert client.get("/practice/reviews/").content.decode().count("visit-link") == rows
