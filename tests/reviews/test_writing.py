"""Reviews as their authors write, change and take them back; who may not; and what everybody sees of it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Kind, Notification, User
from appointments.models import Appointment, Status
from reviews.forms import first_name
from reviews.models import Review, ReviewEvent, ReviewStatus, ReviewVersion
from reviews.services import ask_for_change, hide_review, reply_to_review
from tests.factories.accounts import UserFactory
from tests.factories.patients import GuardianshipFactory
from tests.page import read
from tests.reviews.visits import reviewed, visited

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]

SAID = {"stars": "4", "listening": "5", "text": "She took her time.", "signed": "anonymous"}


def write_path(visit: Appointment) -> str:
    return reverse("reviews:write", args=[visit.pk])


def story(review: Review) -> list[tuple[str, str, int | None, str]]:
    return list(ReviewEvent.objects.filter(review=review).values_list("old", "new", "by", "code"))


def test_a_visit_is_reviewed_and_its_doctor_told(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = visited(doctor, patient)
    client = client_of(patient)
    assert client.get(write_path(visit)).status_code == 200
    answer = client.post(write_path(visit), SAID)
    review = Review.objects.get()
    assert answer.headers["Location"] == review.get_absolute_url()
    assert (review.stars, review.listening, review.explaining, review.text) == (4, 5, None, "She took her time.")
    assert (review.author, review.signed_as, review.doctor) == (patient, "", doctor.doctor)
    assert story(review) == [("", "published", patient.pk, "posted")]
    told = Notification.objects.get(user=doctor, kind=Kind.REVIEW_RECEIVED)
    assert told.facts == {"doctor": doctor.doctor.full_name, "path": review.practice_path}
    page = Client().get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()
    assert "She took her time." in page
    assert "Anonymous" in page
    assert patient.name not in page


def test_first_name_is_shown_where_it_is_wanted(doctor: User, patient: User, client_of: ClientOf) -> None:
    patient.name = "Md. Shafiqul Islam"
    patient.save()
    client_of(patient).post(write_path(visited(doctor, patient)), SAID | {"signed": "name"})
    page = Client().get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()
    assert "Shafiqul" in page
    assert "Islam" not in page


@pytest.mark.parametrize(
    ("name", "called"),
    [("Rahima Begum", "Rahima"), ("Md. Karim", "Karim"), ("মোঃ রফিক উদ্দিন", "রফিক"), ("Dr.", "Dr."), ("", "")],
)
def test_first_name_is_no_title(name: str, called: str) -> None:
    assert first_name(User(name=name)) == called


@pytest.mark.parametrize(
    "facts",
    [
        {"status": Status.CONFIRMED},
        {"status": Status.IN_PROGRESS},
        {"status": Status.CANCELLED},
        {"status": Status.NO_SHOW},
        {"ago": timedelta(days=61)},
        {"ago": timedelta(days=-2), "status": Status.CONFIRMED},
    ],
)
def test_only_a_visit_that_took_place_lately_is_reviewed(
    doctor: User, patient: User, client_of: ClientOf, facts: dict[str, Any]
) -> None:
    visit = visited(doctor, patient, **facts)
    client = client_of(patient)
    assert client.get(write_path(visit)).status_code == 409
    answer = client.post(write_path(visit), SAID)
    assert answer.status_code == 409
    assert "Only a visit that took place can be reviewed" in answer.content.decode()
    assert not Review.objects.exists()


def test_strangers_and_the_doctor_do_not_review_it(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    visit = visited(doctor, patient)
    for somebody in (stranger, doctor, UserFactory(as_admin=True)):
        assert client_of(somebody).post(write_path(visit), SAID).status_code == 404
    assert Client().post(write_path(visit), SAID).headers["Location"].startswith("/accounts/login/")
    assert not Review.objects.exists()


def test_a_doctor_does_not_review_a_visit_to_oneself(doctor: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=doctor).patient
    visit = visited(doctor, doctor, patient=child)
    assert client_of(doctor).post(write_path(visit), SAID).status_code == 409
    assert not Review.objects.exists()


def test_guardians_review_once_for_all(doctor: User, patient: User, stranger: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    GuardianshipFactory(guardian=stranger, patient=child)
    visit = visited(doctor, patient, patient=child)
    assert client_of(patient).post(write_path(visit), SAID).status_code == 302
    assert client_of(stranger).get(write_path(visit)).status_code == 409
    answer = client_of(stranger).post(write_path(visit), SAID | {"stars": "1"})
    assert answer.status_code == 409
    assert Review.objects.get().stars == 4


def test_a_second_review_of_a_visit_leads_to_the_first(doctor: User, patient: User, client_of: ClientOf) -> None:
    review = reviewed(doctor, patient, 3)
    answer = client_of(patient).post(write_path(review.appointment), SAID)
    assert answer.headers["Location"] == review.get_absolute_url()
    assert Review.objects.get().stars == 3


@pytest.mark.parametrize("status", [Status.CONFIRMED, Status.NO_SHOW, Status.CANCELLED])
def test_database_takes_no_review_of_a_visit_that_was_not(doctor: User, patient: User, status: Status) -> None:
    visit = visited(doctor, patient, status=status)
    with pytest.raises(IntegrityError, match="a review is of a completed visit"), transaction.atomic():
        Review.objects.create(appointment=visit, doctor=doctor.doctor, author=patient, stars=5)


def test_database_takes_no_second_review_and_none_for_another_doctor(
    doctor: User, other_doctor: User, patient: User
) -> None:
    review = reviewed(doctor, patient)
    with pytest.raises(IntegrityError, match="visit_not_reviewed_twice"), transaction.atomic():
        Review.objects.create(appointment=review.appointment, doctor=doctor.doctor, author=patient, stars=1)
    visit = visited(doctor, patient)
    with pytest.raises(IntegrityError, match="a review is of a completed visit"), transaction.atomic():
        Review.objects.create(appointment=visit, doctor=other_doctor.doctor, author=patient, stars=5)
    with pytest.raises(IntegrityError, match="stars_not_out_of_range"), transaction.atomic():
        Review.objects.create(appointment=visit, doctor=doctor.doctor, author=patient, stars=6)
    with pytest.raises(IntegrityError, match="stars_of_parts_not_out_of_range"), transaction.atomic():
        Review.objects.create(appointment=visit, doctor=doctor.doctor, author=patient, stars=5, punctuality=0)


# What is typed --------------------------------------------------------------------------------------------------------


def test_without_stars_nothing_is_published_and_the_words_are_kept(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    answer = client_of(patient).post(write_path(visited(doctor, patient)), SAID | {"stars": ""})
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Please choose how many stars." in page
    assert "She took her time." in page
    assert not Review.objects.exists()


@pytest.mark.parametrize("wrong", [{"stars": "6"}, {"stars": "0"}, {"stars": "five"}, {"signed": "Dr. No"}])
def test_made_up_choices_are_refused(doctor: User, patient: User, client_of: ClientOf, wrong: dict[str, str]) -> None:
    assert client_of(patient).post(write_path(visited(doctor, patient)), SAID | wrong).status_code == 422
    assert not Review.objects.exists()


def test_more_words_than_there_is_room_for_are_kept_and_refused(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    answer = client_of(patient).post(write_path(visited(doctor, patient)), SAID | {"text": "x" * 2001})
    assert answer.status_code == 422
    assert "shorten it to 2000 letters" in answer.content.decode()
    assert f"{'x' * 2001}</textarea>" in answer.content.decode()
    assert not Review.objects.exists()


def test_a_telephone_number_is_refused_beside_the_field(doctor: User, patient: User, client_of: ClientOf) -> None:
    said = SAID | {"text": "Call me: 01712-345678", "says_health": "on"}
    answer = client_of(patient).post(write_path(visited(doctor, patient)), said)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "Please take this out: 01712-345678" in page
    assert "Call me: 01712-345678</textarea>" in page
    assert not Review.objects.exists()


def test_health_is_asked_about_and_goes_where_its_author_wants_it(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    path, said = write_path(visited(doctor, patient)), SAID | {"text": "My diabetes was explained well."}
    client = client_of(patient)
    assert 'name="says_health"' not in client.get(path).content.decode()
    answer = client.post(path, said)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert "“diabetes”" in page
    assert 'name="says_health"' in page
    assert "My diabetes was explained well." in page
    assert not Review.objects.exists()
    assert client.post(path, said | {"says_health": "on"}).status_code == 302
    review = Review.objects.get()
    assert review.speaks_of_health
    assert "diabetes" in review.text


def test_scripts_are_words(doctor: User, patient: User) -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>"
    review = reviewed(doctor, patient, text=evil, signed_as=evil[:40])
    reply_to_review(review, evil, by=doctor)
    for _ in range(2):
        reviewed(doctor, patient)
    page = Client().get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "&lt;script&gt;alert(1)" in page
    # The data for search engines cannot be left either: the name is cut before the script begins, the words are not.
    assert "\\u003Cscript\\u003Ealert(1)" in page


# Changing and taking back ---------------------------------------------------------------------------------------------


def test_a_review_is_changed_and_what_it_was_is_kept(doctor: User, patient: User, client_of: ClientOf) -> None:
    review = reviewed(doctor, patient, 2, text="Late.")
    client = client_of(patient)
    path = reverse("reviews:edit", args=[review.pk])
    assert "Late." in client.get(path).content.decode()
    assert client.post(path, SAID).status_code == 302
    review.refresh_from_db()
    assert (review.stars, review.text, review.status) == (4, "She took her time.", ReviewStatus.PUBLISHED)
    version = ReviewVersion.objects.get(review=review)
    assert (version.stars, version.text) == (2, "Late.")
    assert story(review)[1:] == [("published", "published", patient.pk, "edited")]
    assert "Late." in client.get(review.get_absolute_url()).content.decode()
    public = Client().get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()
    assert "Late." not in public
    assert "changed later" in public


def test_after_fourteen_days_it_stays(doctor: User, patient: User, client_of: ClientOf) -> None:
    review = reviewed(doctor, patient, 2)
    client, path = client_of(patient), reverse("reviews:edit", args=[review.pk])
    Review.objects.update(posted_at=timezone.now() - timedelta(days=13, hours=23))
    assert client.get(path).status_code == 200
    Review.objects.update(posted_at=timezone.now() - timedelta(days=14))
    assert path not in client.get(review.get_absolute_url()).content.decode()
    assert client.get(path).status_code == 409
    answer = client.post(path, SAID)
    assert answer.status_code == 409
    assert "The time to change this review is over." in answer.content.decode()
    assert Review.objects.get().stars == 2


def test_nobody_else_sees_changes_or_takes_it_back(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    review = reviewed(doctor, patient)
    for somebody in (stranger, doctor, UserFactory(as_admin=True)):
        client = client_of(somebody)
        assert client.get(review.get_absolute_url()).status_code == 404
        assert client.post(reverse("reviews:edit", args=[review.pk]), SAID).status_code == 404
        assert client.post(reverse("reviews:withdraw", args=[review.pk])).status_code == 404
    assert client_of(patient).get(reverse("reviews:withdraw", args=[review.pk])).status_code == 405
    review.refresh_from_db()
    assert (review.stars, review.status) == (5, ReviewStatus.PUBLISHED)


def test_a_hidden_review_is_not_changed(doctor: User, patient: User, admin: User, client_of: ClientOf) -> None:
    review = hide_review(reviewed(doctor, patient), note="It insults.", by=admin)
    client = client_of(patient)
    assert client.post(reverse("reviews:edit", args=[review.pk]), SAID).status_code == 409
    assert "It insults." in client.get(review.get_absolute_url()).content.decode()


def test_what_was_asked_for_goes_to_the_administrators_first(
    doctor: User, patient: User, admin: User, client_of: ClientOf
) -> None:
    """Also after its fourteen days."""
    review = ask_for_change(reviewed(doctor, patient, text="Aunt Rina was there too."), note="No names.", by=admin)
    Review.objects.update(posted_at=timezone.now() - timedelta(days=30))
    client, path = client_of(patient), reverse("reviews:edit", args=[review.pk])
    assert "No names." in client.get(path).content.decode()
    assert client.post(path, SAID).status_code == 302
    review.refresh_from_db()
    assert review.status == ReviewStatus.CHANGED
    public = Client().get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()
    assert "She took her time." not in public


def test_a_review_is_taken_back_once_and_for_good(doctor: User, patient: User, client_of: ClientOf) -> None:
    review = reviewed(doctor, patient, text="Fine.")
    client = client_of(patient)
    for _ in range(2):
        answer = client.post(reverse("reviews:withdraw", args=[review.pk]))
        assert answer.headers["Location"] == review.get_absolute_url()
        assert [str(each) for each in get_messages(answer.wsgi_request)]
    assert [step[3] for step in story(review)] == ["posted", "withdrawn"]
    assert client.post(reverse("reviews:edit", args=[review.pk]), SAID).status_code == 409
    assert client.post(write_path(review.appointment), SAID).headers["Location"] == review.get_absolute_url()
    assert "Fine." not in Client().get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()


# One's list -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3])
def test_own_reviews_cost_the_same_however_many(
    doctor: User, patient: User, client_of: ClientOf, django_assert_num_queries: Any, rows: int
) -> None:
    for _ in range(rows):
        reviewed(doctor, patient)
        visited(doctor, patient)
    client = client_of(patient)
    client.get("/reviews/")
    with django_assert_num_queries(6):
        page = client.get("/reviews/").content.decode()
    assert page.count("/review/") == rows


def test_own_reviews_are_ones_own(doctor: User, patient: User, stranger: User, client_of: ClientOf) -> None:
    own, others = reviewed(doctor, patient), reviewed(doctor, stranger)
    page = read(client_of(patient), "/reviews/")
    assert own.get_absolute_url() in page.html
    assert others.get_absolute_url() not in page.html


def test_doctors_visit_to_oneself_does_not_wait_to_be_reviewed(doctor: User, client_of: ClientOf) -> None:
    child = GuardianshipFactory(guardian=doctor).patient
    visited(doctor, doctor, patient=child)
    assert "/review/" not in read(client_of(doctor), "/reviews/").html


def test_visits_wait_to_be_reviewed_until_somebody_has(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = visited(doctor, patient)
    visited(doctor, patient, status=Status.NO_SHOW)
    visited(doctor, patient, ago=timedelta(days=61))
    client = client_of(patient)
    assert client.get("/reviews/").content.decode().count("/review/") == 1
    client.post(write_path(visit), SAID)
    page = read(client, "/reviews/")
    assert "/review/" not in page.html
    assert "Visits to review" not in page.html
