"""A doctor's rating: always what the shown reviews come to, whoever writes them, in whatever way, at whatever time."""

from collections.abc import Callable
from decimal import Decimal
from random import Random
from threading import Event
from typing import Any

import pgtrigger
import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import User
from config.processes import wait_until
from doctors.models import DoctorListing
from reviews.models import DoctorRating, Review, ReviewStatus
from reviews.services import Words, edit_review, hide_review, post_review, restore_review, withdraw_review
from reviews.services.ratings import COLUMNS, counted
from tests.appointments.races import at_once, no_deadlock, overtaken, tally
from tests.doctors.test_find import text_of
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory
from tests.reviews.visits import reviewed, visited

RATING = "reviews.Review:rating_follows"


def kept(doctor: User) -> dict[str, int]:
    return DoctorRating.objects.filter(pk=doctor.doctor.pk).values(*COLUMNS).get()


def truth(doctor: User) -> tuple[Decimal | None, int]:
    """The Bayesian mean and the count by the reviews alone, without any of the code that keeps them."""
    stars = [each.stars for each in Review.objects.filter(doctor=doctor.doctor) if each.status == "published"]
    if not stars:
        return None, 0
    mean = (Decimal(sum(stars)) + 5 * Decimal("4.2")) / (len(stars) + 5)
    return mean.quantize(Decimal("0.01"), "ROUND_HALF_UP"), len(stars)


def assert_right(doctor: User) -> None:
    assert kept(doctor) == counted(doctor.doctor.pk)
    listing = DoctorListing.objects.get(pk=doctor.doctor.pk)
    rating = DoctorRating.objects.get(pk=doctor.doctor.pk)
    assert (listing.rating, listing.rating_count) == (rating.mean, rating.count) == truth(doctor)


@pytest.mark.django_db
def test_a_single_five_does_not_lead(doctor: User, patient: User) -> None:
    reviewed(doctor, patient, 5, listening=4)
    rating = DoctorRating.objects.get(pk=doctor.doctor.pk)
    assert (rating.mean, rating.count) == (Decimal("4.33"), 1)
    assert rating.spread == [(5, 1), (4, 0), (3, 0), (2, 0), (1, 0)]
    assert rating.parts == [("listening", Decimal("4.00"))]
    assert_right(doctor)


@pytest.mark.django_db
def test_rating_follows_whatever_becomes_of_the_reviews(
    doctor: User, other_doctor: User, patient: User, admin: User
) -> None:
    """A hundred and twenty steps by chance, through services, bulk writes and deletes; compared after each tenth."""
    random = Random(8)

    def stars() -> int:
        return random.randint(1, 5)

    for number in range(120):
        shown = list(Review.objects.published())
        hidden = list(Review.objects.filter(status=ReviewStatus.HIDDEN))
        whose = random.choice((doctor, other_doctor))
        match random.randrange(8):
            case 0 if shown:
                hide_review(random.choice(shown), note="No.", by=admin)
            case 1 if hidden:
                restore_review(random.choice(hidden), note="Yes.", by=admin)
            case 2 if shown:
                edit_review(random.choice(shown), Words(stars=stars(), explaining=stars()), by=patient)
            case 3 if shown:
                withdraw_review(random.choice(shown), by=patient)
            case 4:
                Review.objects.filter(doctor=whose.doctor).update(stars=stars(), punctuality=None)
            case 5:
                visits = [visited(whose, patient) for _ in range(2)]
                rows = [Review(appointment=each, doctor=whose.doctor, author=patient, stars=stars()) for each in visits]
                Review.objects.bulk_create(rows)
            case 6 if shown:
                with connection.cursor() as cursor:
                    gone = random.choice(shown).pk
                    for table in ("event", "version"):
                        cursor.execute(f"DELETE FROM reviews_review{table} WHERE review_id = %s", [gone])
                    cursor.execute("DELETE FROM reviews_review WHERE id = %s", [gone])
            case _:
                reviewed(whose, patient, stars(), listening=random.choice((None, stars())), punctuality=stars())
        if number % 10 == 9:
            for each in (doctor, other_doctor):
                if DoctorRating.objects.filter(pk=each.doctor.pk).exists():
                    assert_right(each)
    assert Review.objects.count() > 20


@pytest.mark.django_db
def test_command_finds_what_is_wrong_and_puts_it_right(
    doctor: User, other_doctor: User, patient: User, capsys: pytest.CaptureFixture[str]
) -> None:
    for stars in (5, 3, 1):
        reviewed(doctor, patient, stars)
    reviewed(other_doctor, patient, 4)
    DoctorRating.objects.filter(pk=doctor.doctor.pk).update(fives=7, listening_sum=9)
    DoctorListing.objects.filter(pk=other_doctor.doctor.pk).update(rating="1.00")
    for wrong in (2, 0):
        call_command("rebuild_ratings")
        assert f"{wrong} ratings were wrong." in capsys.readouterr().out
    assert_right(doctor)
    assert_right(other_doctor)


@pytest.mark.django_db
def test_number_is_told_when_enough_have_rated(client: Client, doctor: User, patient: User) -> None:
    path, reviews = doctor.doctor.get_absolute_url(), reverse("reviews:of_doctor", args=[doctor.doctor.slug])
    assert '"aggregateRating"' not in client.get(path).content.decode()
    for _ in range(2):
        reviewed(doctor, patient, 5)
    page = client.get(path)
    assert "2 ratings so far" in text_of(page)
    assert '"aggregateRating"' not in page.content.decode()
    assert "4.4" not in text_of(client.get(reviews))
    reviewed(doctor, patient, 5)
    page = client.get(path)
    assert "4.5 out of 5, 3 ratings" in text_of(page)
    assert (
        '"aggregateRating": {"@type": "AggregateRating", "ratingValue": 4.5, "ratingCount": 3' in page.content.decode()
    )
    assert "4.5 out of 5, 3 ratings" in text_of(client.get("/doctors/"))
    assert "4.5" in text_of(client.get(reviews))


# At once --------------------------------------------------------------------------------------------------------------

# What somebody writes who does not know better: look, then write down what comes of it.
READ_THEN_WRITE = """
    CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE many integer;
    BEGIN
        SELECT fives INTO many FROM reviews_doctorrating WHERE doctor_id = NEW.doctor_id;
        UPDATE reviews_doctorrating SET fives = many + 1 WHERE doctor_id = NEW.doctor_id;
        RETURN NULL;
    END $$
"""


def function_of_the_trigger() -> str:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.proname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid"
            " WHERE t.tgrelid = 'reviews_review'::regclass AND t.tgname LIKE 'pgtrigger_rating_follows%'"
        )
        (name,) = cursor.fetchone()
    return str(name)


def blocked() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
        )
        return int(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_reviews_at_once_are_all_counted(guarded: bool) -> None:
    """Four reviews wait for the rating's row, which somebody holds: all have looked at it when it comes free. With the
    trigger each adds to what it then finds; one that writes what it saw before loses three of them."""
    doctor, patients = DoctorFactory(with_hours=True).user, [PatientFactory().user for _ in range(4)]
    visits = [visited(doctor, each) for each in patients]
    first = visited(doctor, patients[0])
    post_review(first, Words(stars=5), by=patients[0])
    if not guarded:
        with connection.cursor() as cursor:
            cursor.execute(READ_THEN_WRITE.format(function=function_of_the_trigger()))

    is_held = Event()

    def hold() -> None:
        with transaction.atomic():
            DoctorRating.objects.select_for_update().get(pk=doctor.doctor.pk)
            is_held.set()
            assert wait_until(lambda: blocked() == len(visits), timeout=30)

    def post(number: int) -> Callable[[], Any]:
        def review() -> None:
            # Not before the row is held: what is posted earlier does not race.
            assert is_held.wait(30)
            post_review(visits[number], Words(stars=5), by=patients[number])

        return review

    try:
        with no_deadlock():
            outcomes = at_once(hold, *map(post, range(len(visits))))
        assert tally(outcomes) == {"done": 5}
        assert Review.objects.filter(doctor=doctor.doctor).count() == 5
        assert kept(doctor)["fives"] == (5 if guarded else 2)
        if guarded:
            assert_right(doctor)
    finally:
        pgtrigger.install(RATING)


@pytest.mark.django_db(transaction=True)
def test_first_two_reviews_of_a_doctor_at_once_are_both_counted() -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    visits = [visited(doctor, patient) for _ in range(2)]
    is_written = Event()

    def first() -> None:
        with transaction.atomic():
            post_review(visits[0], Words(stars=5), by=patient)
            is_written.set()
            assert wait_until(lambda: blocked() == 1, timeout=30)

    def second() -> None:
        assert is_written.wait(30)
        post_review(visits[1], Words(stars=2), by=patient)

    assert tally(at_once(first, second)) == {"done": 2}
    assert_right(doctor)


@pytest.mark.django_db(transaction=True)
def test_rebuilding_beside_writers_is_right_at_the_end() -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    visits = [visited(doctor, patient) for _ in range(6)]
    posts = [lambda visit=visit: post_review(visit, Words(stars=4, listening=2), by=patient) for visit in visits]
    with no_deadlock():
        outcomes = at_once(*posts, *[lambda: call_command("rebuild_ratings")] * 3)
    assert tally(outcomes) == {"done": 9}
    assert_right(doctor)


@pytest.mark.django_db(transaction=True)
def test_rebuilding_counts_what_was_posted_while_it_waited() -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    reviewed(doctor, patient, 5)
    visit, wrong = visited(doctor, patient), DoctorRating.objects.filter(pk=doctor.doctor.pk)
    wrong.update(fives=7)
    overtaken(
        lambda: call_command("rebuild_ratings"),
        by=lambda: post_review(visit, Words(stars=3), by=patient),
        holding=wrong,
    )
    assert_right(doctor)


@pytest.mark.django_db(transaction=True)
def test_two_reviews_of_one_visit_at_once_are_one() -> None:
    doctor, patient = DoctorFactory(with_hours=True).user, PatientFactory().user
    visit = visited(doctor, patient)
    with no_deadlock():
        outcomes = at_once(*[lambda: post_review(visit, Words(stars=4), by=patient)] * 6)
    assert tally(outcomes) == {"done": 6}
    assert sorted(is_new for _review, is_new in (outcome.value for outcome in outcomes)) == [False] * 5 + [True]
    assert Review.objects.get().stars == 4
    assert_right(doctor)


@pytest.mark.django_db
def test_reviews_page_shows_the_spread(client: Client, doctor: User, patient: User) -> None:
    for stars in (5, 5, 2):
        reviewed(doctor, patient, stars)
    page = client.get(reverse("reviews:of_doctor", args=[doctor.doctor.slug])).content.decode()
    assert '<progress class="spread-bar" max="3" value="2"' in page
