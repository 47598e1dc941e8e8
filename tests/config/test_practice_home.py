"""A doctor's home: who waits and what is to be done; its figures, counted by hand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.test import Client
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from appointments.models import Appointment, AppointmentEvent, Status
from appointments.practice_figures import VisitFigures
from config.homes import practice_figures
from config.periods import By
from doctors.models import Mode
from patients.models import Patient
from payments.models import Journal
from prescriptions.models import ServiceKind
from reviews.models import Review
from reviews.services import hide_review
from tests.appointments.visits import DHAKA, at, confirmed, shifted
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import PatientFactory
from tests.page import read
from tests.payments.test_disputes import complained, paid
from tests.payments.test_income import line, paid_out
from tests.prescriptions.orders import placed
from tests.reviews.visits import reviewed
from tests.telehealth.rooms import visit_now
from tests.telehealth.test_pages import waiting

type ClientOf = Callable[[User], Client]

HOME = "/practice/today/"
# A Wednesday afternoon; in English its week began on Sunday the 15th, in Bangla on Saturday the 14th.
NOW = datetime(2026, 11, 18, 15, 0, tzinfo=DHAKA)


def november(day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(2026, 11, day, hour, minute, tzinfo=DHAKA)


def visit_at(doctor: User, patient: Patient, start: datetime, **facts: Any) -> Appointment:
    """As it stands at its end, with as little as that takes."""
    period = DateTimeTZRange(start, start + timedelta(minutes=15))
    facts = {"status": Status.COMPLETED, "mode": Mode.VIDEO, "fee": 0} | facts
    return Appointment.objects.create(
        doctor=doctor.doctor, patient=patient, booked_by=patient.user, period=period, blocked=period, **facts
    )


@pytest.fixture
def people(db: None) -> list[Patient]:
    return [PatientFactory() for _ in range(3)]


def test_visits_are_counted_from_midnight_in_dhaka_to_this_moment(
    doctor: User, other_doctor: User, people: list[Patient]
) -> None:
    one, two, three = people
    for start in (november(14, 23, 59), november(15, 0), november(18, 14, 59), november(18, 15)):
        visit_at(doctor, one, start)
    # Of the last week, up to this hour of its Wednesday, and after it.
    for start in (november(8, 0), november(11, 14, 59), november(11, 15), november(7, 23, 59)):
        visit_at(doctor, two, start)
    visit_at(other_doctor, three, november(16, 9))

    figures = practice_figures(doctor.doctor, By.WEEK, NOW)
    assert [row.visits.completed for row in figures.rows[-3:]] == [1, 4, 2]
    assert (figures.changes["visits"].trend, figures.changes["visits"].words) == ("flat", "as before")
    assert sum(row.visits.completed for row in figures.rows) == 7
    with translation.override("bn"):
        in_bangla = practice_figures(doctor.doctor, By.WEEK, NOW)
    assert [row.visits.completed for row in in_bangla.rows[-2:]] == [4, 3]
    months = practice_figures(doctor.doctor, By.MONTH, NOW)
    assert [row.visits.completed for row in months.rows[-2:]] == [0, 7]


def test_what_came_of_visits_is_told_apart(doctor: User, people: list[Patient]) -> None:
    one, two, three = people
    place = PracticePlaceFactory(doctor=doctor.doctor)
    for hour in (9, 10, 11):
        visit_at(doctor, one, november(16, hour))
    visit_at(doctor, two, november(16, 12), status=Status.NO_SHOW, no_show_by="patient")
    visit_at(doctor, two, november(16, 13), status=Status.NO_SHOW, no_show_by="doctor")
    visit_at(doctor, two, november(16, 14), status=Status.CANCELLED, cancelled_by="patient")
    visit_at(doctor, three, november(16, 15), status=Status.CONFIRMED, mode=Mode.IN_PERSON, place=place)
    # Never more than holds: nothing to the doctor.
    visit_at(doctor, three, november(16, 16), status=Status.EXPIRED)
    let_go = visit_at(doctor, three, november(16, 17), status=Status.CANCELLED)
    AppointmentEvent.objects.create(appointment=let_go, old=Status.HELD, new=Status.CANCELLED)

    found = practice_figures(doctor.doctor, By.WEEK, NOW).now.visits
    assert found == VisitFigures(completed=3, missed=1, not_held=1, cancelled=1, open=1, patients=1, new=1)
    assert (found.decided, found.completion, found.no_shows) == (6, 50, 25)


def test_patient_is_new_once_and_returning_ever_after(doctor: User, other_doctor: User, people: list[Patient]) -> None:
    one, two, three = people
    visit_at(doctor, one, datetime(2024, 2, 1, 9, tzinfo=DHAKA))  # long before what is shown
    for start in (november(16, 9), november(16, 10)):
        visit_at(doctor, one, start)
    for start in (november(9, 9), november(16, 11), november(17, 11)):
        visit_at(doctor, two, start)
    # What was missed or was with somebody else makes nobody a patient of this doctor.
    visit_at(doctor, three, november(2, 9), status=Status.NO_SHOW, no_show_by="patient")
    visit_at(other_doctor, three, november(3, 9))
    for start in (november(17, 9), november(18, 9)):
        visit_at(doctor, three, start)

    last, this = (row.visits for row in practice_figures(doctor.doctor, By.WEEK, NOW).rows[-2:])
    assert (last.patients, last.new, last.returning) == (1, 1, 0)
    assert (this.patients, this.new, this.returning) == (3, 1, 2)
    month = practice_figures(doctor.doctor, By.MONTH, NOW).now.visits
    assert (month.patients, month.new, month.returning) == (3, 2, 1)


def test_income_is_the_ledgers_by_week_and_month_without_payouts(doctor: User, other_doctor: User) -> None:
    line(doctor, Journal.Kind.EARNING, "100", "10", november(14, 23, 59))
    line(doctor, Journal.Kind.EARNING, "450", "50", november(15, 0))
    line(doctor, Journal.Kind.REFUND_DUE, "-90", "-10", november(18, 9))
    line(doctor, Journal.Kind.EARNING, "30", "3", november(11, 14))
    line(doctor, Journal.Kind.EARNING, "7", "1", november(18, 16))
    line(other_doctor, Journal.Kind.EARNING, "999", "1", november(16, 9))
    paid_out(doctor, "400", november(16, 12))

    weeks = practice_figures(doctor.doctor, By.WEEK, NOW)
    assert [row.income for row in weeks.rows[-3:]] == [Decimal(0), Decimal(130), Decimal(360)]
    # Against the thirty of the same days.
    assert (weeks.changes["income"].words, weeks.changes["income"].trend) == ("৳330 more", "up")
    assert practice_figures(doctor.doctor, By.MONTH, NOW).now.income == Decimal(490)


def test_fewer_no_shows_are_better_and_fewer_visits_are_not(doctor: User, people: list[Patient]) -> None:
    for hour in (9, 10):
        visit_at(doctor, people[0], november(9, hour))
        visit_at(doctor, people[1], november(10, hour), status=Status.NO_SHOW, no_show_by="patient")
    visit_at(doctor, people[0], november(16, 9))
    changes = practice_figures(doctor.doctor, By.WEEK, NOW).changes
    assert (changes["visits"].words, changes["visits"].trend, changes["visits"].good) == ("1 less", "down", False)
    assert (changes["missed"].words, changes["missed"].trend, changes["missed"].good) == ("2 less", "down", True)
    assert (changes["completion"].words, changes["completion"].good) == ("50 points more", True)


@pytest.mark.parametrize("by", ["week", "month", "nonsense"])
def test_page_says_that_there_was_nothing_before(doctor: User, patient: User, client_of: ClientOf, by: str) -> None:
    with time_machine.travel(NOW):
        visit_at(doctor, patient.patient, november(16, 9))
        page = read(client_of(doctor), f"{HOME}?by={by}")
    assert page.html.count("no visits before") == 4
    assert "nothing before" in page.html
    assert "100 %" in page.html
    assert "of 1 booked, 0 cancelled" in " ".join(page.html.split())
    # Every chart has its figures in a table.
    assert page.html.count('class="bar-chart"') == 3
    assert "The same as a table" in page.html
    assert page.html.count('<th scope="row">') == 12


def test_page_of_a_doctor_without_a_visit_has_no_figures_and_says_so(client_of: ClientOf, db: None) -> None:
    page = read(client_of(DoctorFactory(with_hours=True).user), HOME)
    assert "Your figures begin with your first visit" in page.html
    assert "No visits today" in page.html
    assert "Nobody waits" in page.html
    assert ("h2", "To do") not in page.headings


def test_page_counts_what_is_to_be_done_and_leads_there(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    order = placed(doctor, patient, ServiceKind.CERTIFICATE, own_price=Decimal(0))
    client_of(patient).post(f"/orders/{order.pk}/pay/")
    place = PracticePlaceFactory(doctor=doctor.doctor)
    now = timezone.now()
    said = {"mode": Mode.IN_PERSON, "place": place}
    unsaid = visit_at(doctor, patient.patient, now - timedelta(hours=2), status=Status.CONFIRMED, **said)
    # Over for longer than the doctor has; not over yet; by video, which closes by its own evidence.
    visit_at(doctor, patient.patient, now - timedelta(hours=26), status=Status.CONFIRMED, **said)
    visit_at(doctor, patient.patient, now - timedelta(minutes=5), status=Status.CONFIRMED, **said)
    visit_at(doctor, patient.patient, now - timedelta(hours=4), status=Status.CONFIRMED)
    review = reviewed(doctor, patient, 4, text="Clear answers.")
    reviewed(doctor, PatientFactory().user, 5, text="Kind.")

    page = read(client_of(doctor), HOME)
    assert ("h2", "To do") in page.headings
    (way,) = [href for words, href in page.links.items() if words.startswith("Say how the visit went")]
    assert way == unsaid.get_absolute_url()
    assert page.links["1 order to be done"] == "/practice/orders/"
    assert page.links["2 reviews without a reply"] == "/practice/reviews/"
    assert review.practice_path in page.links.values()
    elsewhere = read(client_of(other_doctor), HOME)
    assert ("h2", "To do") not in elsewhere.headings
    assert "Clear answers." not in elsewhere.html


@pytest.mark.parametrize("by", ["week", "month"])
def test_reviews_that_came_are_the_doctors_own_and_told_by_months(
    doctor: User, other_doctor: User, patient: User, admin: User, client_of: ClientOf, by: str
) -> None:
    """By the week it would tell of which visit a review is."""
    days = (datetime(2026, 10, 31, 23, 59, tzinfo=DHAKA), november(1, 0), november(17, 9), november(16, 9))
    with time_machine.travel(NOW):
        for whose in (doctor, other_doctor, other_doctor):
            for day in days:
                review = reviewed(whose, patient, 5 if whose == doctor else 1)
                Review.objects.filter(pk=review.pk).update(posted_at=day)
                if day == days[-1]:
                    hide_review(review, note="It insults.", by=admin)
        page, elsewhere = (read(client_of(whose), f"{HOME}?by={by}") for whose in (doctor, other_doctor))
    assert "3 ratings" in page.html
    assert "6 ratings" in elsewhere.html
    assert "2 this month, 1 last month" in page.html
    assert page.links["3 reviews without a reply"] == "/practice/reviews/"


def test_who_waits_and_who_complains_is_told_to_their_doctor_alone(
    doctor: User, other_doctor: User, patient: User, client_of: ClientOf
) -> None:
    patient.patient.name = "Rahima Begum"
    patient.patient.save()
    waiting(visit_now(doctor, patient))
    complained(paid(patient, doctor.doctor))
    own = read(client_of(doctor), HOME)
    assert "Rahima Begum" in own.html
    assert any("complaint" in words for words in own.links)
    elsewhere = read(client_of(other_doctor), HOME)
    assert "Rahima Begum" not in elsewhere.html
    assert not any("complaint" in words for words in elsewhere.links)


def test_page_takes_the_same_queries_for_one_row_of_each_and_for_three(
    doctor: User, client_of: ClientOf, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    with time_machine.travel(at(10, days=0)):
        client = client_of(doctor)
        for number in range(3):
            visitor = PatientFactory().user
            shifted(confirmed(doctor, visitor, at(10 + number)), timezone.now() + timedelta(minutes=20 * number))
            reviewed(doctor, visitor)
            client.get(HOME)
            with django_assert_num_queries(21):
                page = read(client, HOME)
            assert page.html.count("agenda-visit") == number + 1
            assert page.html.count('class="visit-link" href="/practice/reviews/') == number + 1


def test_home_is_nobody_elses(client: Client, patient: User, admin: User, client_of: ClientOf) -> None:
    assert client.get(HOME).status_code == 302
    assert client_of(patient).get(HOME).status_code == 403
    assert client_of(admin).get(HOME).status_code == 403


def test_home_is_where_a_doctor_lands_and_no_browser_keeps_it(doctor: User, client_of: ClientOf) -> None:
    client = client_of(doctor)
    assert client.get("/").headers["Location"] == HOME
    assert "no-store" in client.get(HOME).headers["Cache-Control"]
    assert client.post(HOME).status_code == 405
