"""Reports, and what administrators decide: with a reason, told to both sides, counted at once, by least rights."""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from accounts.models import Kind, Notification, User
from appointments.models import Appointment, Status
from config.settings import RATE_LIMITS
from doctors.models import DoctorListing
from reviews.errors import NothingToDecide, ReviewChanged
from reviews.models import Report, Review, ReviewEvent, ReviewStatus, ReviewVersion
from reviews.services import (
    ask_for_change,
    hide_review,
    keep_review,
    remove_reply,
    reply_to_review,
    report_review,
    restore_review,
    withdraw_review,
)
from reviews.tasks import sweep_decided
from tests.factories.accounts import UserFactory
from tests.reviews.visits import contested, reviewed

pytestmark = pytest.mark.django_db

type ClientOf = Callable[[User], Client]

NOTE = "It names a third person."


@pytest.fixture
def moderator() -> User:
    return UserFactory(in_group="moderation")


def report_path(review: Review) -> str:
    return reverse("reviews:report", args=[review.pk])


def reported(review: Review, by: User) -> Report:
    assert report_review(review, about="review", reason="insult", words="", by=by)
    return Report.objects.get(review=review, by=by, closed_at=None)


def decide(client: Client, review: Review, what: str, note: str = NOTE) -> Any:
    return client.post(f"/admin/reviews/review/{review.pk}/{what}/", {"_form_submitted": "on", "note": note})


def shown_count(doctor: User) -> int:
    return DoctorListing.objects.get(pk=doctor.doctor.pk).rating_count


# Reporting ------------------------------------------------------------------------------------------------------------


def test_whoever_signs_in_reports_once_until_it_is_decided(
    doctor: User, patient: User, stranger: User, client_of: ClientOf, moderator: User
) -> None:
    review = reviewed(doctor, patient, 1, text="Rude.")
    client = client_of(stranger)
    assert "Rude." in client.get(report_path(review)).content.decode()
    for _ in range(2):
        assert client.post(report_path(review), {"reason": "insult"}).status_code == 302
    assert Report.objects.get().about == "review"
    assert [each.code for each in review.events.all()] == ["posted", "reported"]
    assert "Rude." in Client().get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()
    keep_review(review, note="Within the rules.", by=moderator)
    assert client.post(report_path(review), {"reason": "insult"}).status_code == 302
    assert Report.objects.count() == 2


def test_a_report_says_why_and_other_reasons_need_words(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    review = reviewed(doctor, patient)
    client = client_of(stranger)
    assert client.post(report_path(review), {}).status_code == 422
    answer = client.post(report_path(review), {"reason": "other"})
    assert answer.status_code == 422
    assert "Please say what it is." in answer.content.decode()
    assert client.post(report_path(review), {"reason": "other", "words": "A copy of another."}).status_code == 302
    assert Report.objects.get().words == "A copy of another."


def test_an_account_reports_a_few_and_other_accounts_go_on(
    doctor: User, patient: User, stranger: User, other_doctor: User, client_of: ClientOf, settings: Settings
) -> None:
    settings.ACCOUNT_RATE_LIMITS = RATE_LIMITS | {"report_review": "2/h/user"}
    reviews = [reviewed(doctor, patient) for _ in range(3)]
    client = client_of(stranger)
    # What is refused for its form counts for nothing.
    for _ in range(3):
        assert client.post(report_path(reviews[0]), {}).status_code == 422
    answers = [client.post(report_path(review), {"reason": "insult"}) for review in reviews]
    assert [answer.status_code for answer in answers] == [302, 302, 429]
    assert "go on tomorrow" in answers[-1].content.decode()
    assert re.search(r'value="insult"[^>]* (checked|selected)', answers[-1].content.decode())
    assert Report.objects.count() == 2
    assert client_of(other_doctor).post(report_path(reviews[2]), {"reason": "insult"}).status_code == 302


def test_limit_of_reports_is_on() -> None:
    assert RATE_LIMITS["report_review"].endswith("/user")


def test_the_reply_is_reported_where_there_is_one(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    review = reviewed(doctor, patient)
    client = client_of(stranger)
    assert 'name="about"' not in client.get(report_path(review)).content.decode()
    reply_to_review(review, "You always come late.", by=doctor)
    assert client.post(report_path(review), {"reason": "insult", "about": "reply"}).status_code == 302
    assert Report.objects.get().about == "reply"


def test_ones_own_and_what_is_not_shown_is_not_reported(
    doctor: User, patient: User, stranger: User, client_of: ClientOf, moderator: User
) -> None:
    review = reviewed(doctor, patient)
    assert client_of(patient).post(report_path(review), {"reason": "insult"}).status_code == 409
    assert Client().get(report_path(review)).headers["Location"].startswith("/accounts/login/")
    hide_review(review, note=NOTE, by=moderator)
    assert client_of(stranger).post(report_path(review), {"reason": "insult"}).status_code == 404
    assert not Report.objects.exists()


# Deciding -------------------------------------------------------------------------------------------------------------


def test_moderator_hides_and_restores_in_the_admin_and_both_sides_read_why(
    doctor: User, patient: User, stranger: User, client_of: ClientOf, moderator: User
) -> None:
    review = reviewed(doctor, patient, 1, text="Aunt Rina says so too.")
    reported(review, stranger)
    client = client_of(moderator)
    queue = client.get("/admin/reviews/review/").content.decode()
    assert str(review.pk) in queue
    page = client.get(f"/admin/reviews/review/{review.pk}/change/").content.decode()
    assert "Aunt Rina says so too." in page
    for told in (patient.email, patient.name, stranger.email, stranger.name, str(review.appointment_id)):
        assert told not in page
    assert decide(client, review, "hide").status_code == 302
    review.refresh_from_db()
    assert (review.status, review.note, review.decided_by) == (ReviewStatus.HIDDEN, NOTE, moderator)
    assert shown_count(doctor) == 0
    for user, page in ((patient, review.get_absolute_url()), (doctor, review.practice_path)):
        told = Notification.objects.get(user=user, kind=Kind.REVIEW_DECIDED)
        assert told.facts["action"] == "hidden"
        assert told.facts["path"] == page
        assert NOTE not in str(told.facts)
        assert NOTE in client_of(user).get(page).content.decode()
    assert Notification.objects.get(user=stranger, kind=Kind.REPORT_DECIDED).facts["outcome"] == "hidden"
    assert "Aunt Rina" not in client_of(doctor).get(review.practice_path).content.decode()
    assert str(review.pk) not in client.get("/admin/reviews/review/").content.decode()
    assert decide(client, review, "restore", "It is her own aunt.").status_code == 302
    review.refresh_from_db()
    assert review.status == ReviewStatus.PUBLISHED
    assert shown_count(doctor) == 1
    assert [event.code for event in review.events.all()] == ["posted", "reported", "hidden", "restored"]


def test_a_decision_without_a_reason_is_none(doctor: User, patient: User, client_of: ClientOf, moderator: User) -> None:
    review = reviewed(doctor, patient)
    for what in ("hide", "ask-for-change"):
        decide(client_of(moderator), review, what, note="")
    review.refresh_from_db()
    assert review.status == ReviewStatus.PUBLISHED
    assert not Notification.objects.filter(kind=Kind.REVIEW_DECIDED).exists()


@pytest.mark.parametrize("status", [ReviewStatus.HIDDEN, ReviewStatus.CHANGE_ASKED])
def test_database_takes_no_decision_without_a_reason(doctor: User, patient: User, status: ReviewStatus) -> None:
    review = reviewed(doctor, patient)
    with pytest.raises(IntegrityError, match="review_not_hidden_without_a_reason"), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(status=status, decided_at=timezone.now())


def test_author_is_asked_to_change_and_the_change_waits_in_the_queue(
    doctor: User, patient: User, client_of: ClientOf, moderator: User
) -> None:
    review = reviewed(doctor, patient, text="Aunt Rina says so too.")
    client = client_of(moderator)
    assert decide(client, review, "ask-for-change").status_code == 302
    assert shown_count(doctor) == 0
    said = {"stars": "2", "text": "My aunt says so too.", "signed": "anonymous"}
    client_of(patient).post(reverse("reviews:edit", args=[review.pk]), said)
    assert str(review.pk) in client.get("/admin/reviews/review/").content.decode()
    assert decide(client, review, "restore", "Thank you.").status_code == 302
    review.refresh_from_db()
    assert (review.status, review.stars, shown_count(doctor)) == (ReviewStatus.PUBLISHED, 2, 1)


def test_reply_is_taken_away_and_kept_as_a_version(
    doctor: User, patient: User, client_of: ClientOf, moderator: User
) -> None:
    review = reply_to_review(reviewed(doctor, patient), "You always come late.", by=doctor)
    assert decide(client_of(moderator), review, "remove-reply").status_code == 302
    review.refresh_from_db()
    assert (review.reply, review.replied_at, review.status) == ("", None, ReviewStatus.PUBLISHED)
    assert ReviewVersion.objects.get(review=review).reply == "You always come late."


def test_taken_away_reply_answers_the_reports_of_it_alone(
    doctor: User, patient: User, stranger: User, other_doctor: User, admin: User
) -> None:
    review = reply_to_review(reviewed(doctor, patient), "You always come late.", by=doctor)
    reported(review, stranger)
    report_review(review, about="reply", reason="insult", words="", by=other_doctor)
    remove_reply(review, note="It blames the patient.", by=admin)
    assert set(Report.objects.values_list("by", "outcome")) == {(stranger.pk, ""), (other_doctor.pk, "reply_gone")}
    assert Notification.objects.get(kind=Kind.REPORT_DECIDED).user == other_doctor
    assert list(Review.objects.waiting()) == [review]
    hide_review(review, note=NOTE, by=admin)
    with pytest.raises(NothingToDecide):
        remove_reply(review, note="Again.", by=admin)


def test_whoever_reported_what_is_taken_back_is_told(doctor: User, patient: User, stranger: User) -> None:
    review = reviewed(doctor, patient)
    for somebody in (stranger, doctor):
        reported(review, somebody)
    withdraw_review(review, by=patient)
    told = Notification.objects.filter(kind=Kind.REPORT_DECIDED)
    assert set(told.values_list("user", "facts__outcome")) == {(stranger.pk, "gone"), (doctor.pk, "gone")}
    assert not Report.objects.open().exists()


def test_what_is_reported_is_left_and_whoever_reported_is_told(
    doctor: User, patient: User, stranger: User, client_of: ClientOf, moderator: User
) -> None:
    review = reviewed(doctor, patient)
    reported(review, stranger)
    reported(review, doctor)
    assert decide(client_of(moderator), review, "keep", "Within the rules.").status_code == 302
    assert set(Report.objects.values_list("outcome", flat=True)) == {"kept"}
    assert Notification.objects.filter(kind=Kind.REPORT_DECIDED).get().user == stranger
    with pytest.raises(NothingToDecide):
        keep_review(review, note="Again.", by=moderator)


def test_two_administrators_decide_once(doctor: User, patient: User, moderator: User, admin: User) -> None:
    review = reviewed(doctor, patient)
    hide_review(review, note=NOTE, by=moderator)
    with pytest.raises(NothingToDecide):
        hide_review(review, note="Another.", by=admin)
    restore_review(review, note="After all.", by=admin)
    with pytest.raises(NothingToDecide):
        restore_review(review, note="Again.", by=admin)
    withdraw_review(review, by=patient)
    for service in (hide_review, ask_for_change):
        with pytest.raises(ReviewChanged):
            service(review, note=NOTE, by=admin)
    review.refresh_from_db()
    assert review.status == ReviewStatus.WITHDRAWN


@pytest.mark.parametrize("group", ["verification", "support", "finance"])
def test_other_groups_do_not_moderate(doctor: User, patient: User, client_of: ClientOf, group: str) -> None:
    review = reviewed(doctor, patient)
    client = client_of(UserFactory(in_group=group))
    for what in ("hide", "ask-for-change", "restore", "keep", "remove-reply"):
        assert decide(client, review, what).status_code == 403
    assert client.get("/admin/reviews/review/").status_code == 403
    assert ReviewEvent.objects.filter(review=review).count() == 1


def test_admin_offers_what_the_state_allows(doctor: User, patient: User, client_of: ClientOf, moderator: User) -> None:
    review = reviewed(doctor, patient)
    client, path = client_of(moderator), f"/admin/reviews/review/{review.pk}/change/"
    offered = {"hide", "ask-for-change", "restore", "keep", "remove-reply"}

    def found() -> set[str]:
        page = client.get(path).content.decode()
        return {what for what in offered if f"/{review.pk}/{what}/" in page}

    assert found() == {"hide", "ask-for-change"}
    hide_review(review, note=NOTE, by=moderator)
    assert found() == {"restore", "ask-for-change"}
    withdraw_review(review, by=patient)
    assert found() == set()


@pytest.mark.parametrize("rows", [1, 3])
def test_queue_costs_the_same_however_long(
    doctor: User,
    patient: User,
    stranger: User,
    client_of: ClientOf,
    moderator: User,
    django_assert_max_num_queries: Any,
    rows: int,
) -> None:
    for _ in range(rows):
        reported(reviewed(doctor, patient), stranger)
    client = client_of(moderator)
    client.get("/admin/reviews/review/")
    with django_assert_max_num_queries(11):
        assert client.get("/admin/reviews/review/").status_code == 200


def test_queue_begins_with_what_waits_longest(doctor: User, patient: User, stranger: User, client_of: ClientOf) -> None:
    first, second, third = (reviewed(doctor, patient) for _ in range(3))
    reported(second, stranger)
    reported(first, stranger)
    Report.objects.filter(review=first).update(at=timezone.now() - timedelta(days=2))
    assert list(Review.objects.for_queue()) == [first, second, third]
    assert set(Review.objects.waiting()) == {first, second}


# What was decided about the visit -------------------------------------------------------------------------------------


def test_review_of_a_visit_that_did_not_take_place_after_all_is_taken_down(
    doctor: User, patient: User, admin: User
) -> None:
    review, other = reviewed(doctor, patient), reviewed(doctor, patient)
    for visit in (review.appointment, other.appointment):
        contested(visit, by=admin)
    Appointment.objects.filter(pk=review.appointment_id).update(status=Status.NO_SHOW, no_show_by="patient")
    for _ in range(2):
        sweep_decided()
    review.refresh_from_db()
    other.refresh_from_db()
    assert (review.status, other.status) == (ReviewStatus.HIDDEN, ReviewStatus.PUBLISHED)
    assert review.note == "It was decided that this visit did not take place."
    assert [event.code for event in review.events.all()] == ["posted", "not_held"]
    assert shown_count(doctor) == 1
