"""What came of a visit: the doctor's word at the chamber, what nobody said, and what a side says was otherwise."""

import re
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from accounts.models import Kind, Notification, User
from appointments.errors import CaseDecided, NotContestable
from appointments.models import Appointment, AppointmentEvent, Case, Status
from appointments.services import begin_visit, complete_visit, contest_visit, decide_case, mark_no_show, open_case
from appointments.tasks import sweep_left_open
from payments.models import Account, LedgerEntry, Refund
from tests.appointments.visits import confirmed, shifted, story
from tests.factories.accounts import UserFactory
from tests.payments.till import balances

type ClientOf = Callable[[User], Client]
Outcome = Case.Outcome


@pytest.fixture
def visit(doctor: User, patient: User) -> Appointment:
    """Paid with ৳800, and over for an hour."""
    return shifted(confirmed(doctor, patient), timezone.now() - timedelta(hours=1))


def left_open(visit: Appointment) -> Appointment:
    return shifted(visit, timezone.now() - timedelta(hours=25))


def contest(visit: Appointment, side: str, by: User) -> Case:
    return contest_visit(visit, side=side, words="I was there", by=by)


def holdings() -> tuple[int, int, int]:
    """What the doctor has, what is due back to the patient, what the portal bears."""
    left = balances()
    earned = left.get(Account.DOCTOR, 0) + left.get(Account.COMMISSION, 0)
    return int(-earned), int(-left.get(Account.REFUNDS_DUE, 0)), int(left.get(Account.BORNE, 0))


# Contesting ------------------------------------------------------------------------------------------------------


def test_side_that_is_said_to_have_missed_it_contests_once(
    visit: Appointment, doctor: User, patient: User, client_of: ClientOf
) -> None:
    mark_no_show(visit, side="patient", by=doctor)
    client, path = client_of(patient), f"/appointments/{visit.pk}/contest/"
    assert path in client.get(visit.get_absolute_url()).content.decode()
    assert path not in client_of(doctor).get(visit.get_absolute_url()).content.decode()
    assert client_of(doctor).post(path, {"words": "Never"}).status_code == 409
    assert client.post(path, {"words": ""}).status_code == 422
    assert client.post(path, {"words": "I waited from ten"}).status_code == 302

    case = Case.objects.get()
    assert (case.kind, case.side, case.words) == ("contest", "patient", "I waited from ten")
    assert client.post(path, {"words": "Again"}).status_code == 409
    assert "An administrator looks" in client.get(visit.get_absolute_url()).content.decode()


@pytest.mark.parametrize(
    ("missed_by", "side", "may"),
    [
        ("patient", "patient", True),
        ("patient", "doctor", False),
        ("doctor", "doctor", True),
        ("doctor", "patient", False),
        ("", "patient", True),
        ("", "doctor", False),
    ],
)
def test_who_may_contest_what(
    visit: Appointment, doctor: User, patient: User, missed_by: str, side: str, may: bool
) -> None:
    if missed_by:
        mark_no_show(visit, side=missed_by, by=doctor)
    else:
        complete_visit(visit, by=doctor)
    if may:
        contest(visit, side, patient)
    else:
        with pytest.raises(NotContestable):
            contest(visit, side, patient)


def test_time_to_contest_ends(visit: Appointment, doctor: User, patient: User) -> None:
    mark_no_show(visit, side="patient", by=doctor)
    last = visit.events.last()
    with transaction.atomic():
        AppointmentEvent.objects.filter(pk=last.pk).update(at=timezone.now() - timedelta(days=7, seconds=1))
    with pytest.raises(NotContestable):
        contest(visit, "patient", patient)


@pytest.mark.parametrize("state", ["confirmed", "in_progress"])
def test_what_is_not_over_is_not_contested(visit: Appointment, doctor: User, patient: User, state: str) -> None:
    if state == "in_progress":
        begin_visit(visit, by=doctor)
    with pytest.raises(NotContestable):
        contest(visit, "patient", patient)


# Deciding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("missed_by", "outcome", "holds"),
    [
        ("patient", Outcome.PATIENT_MISSED, (800, 0, 0)),
        ("patient", Outcome.COMPLETED, (800, 0, 0)),
        ("patient", Outcome.DOCTOR_MISSED, (0, 800, 0)),
        ("doctor", Outcome.DOCTOR_MISSED, (0, 800, 0)),
        ("doctor", Outcome.COMPLETED, (800, 800, 800)),
        ("doctor", Outcome.PATIENT_MISSED, (800, 800, 800)),
        ("", Outcome.COMPLETED, (800, 0, 0)),
        ("", Outcome.DOCTOR_MISSED, (0, 800, 0)),
    ],
)
def test_decision_brings_status_and_money_about(
    visit: Appointment,
    doctor: User,
    patient: User,
    admin: User,
    missed_by: str,
    outcome: Outcome,
    holds: tuple[int, int, int],
) -> None:
    if missed_by:
        mark_no_show(visit, side=missed_by, by=doctor)
    else:
        complete_visit(visit, by=doctor)
    case = contest(visit, missed_by or "patient", patient)
    before = set(LedgerEntry.objects.values_list("pk", "amount"))

    for _ in range(2):
        decide_case(case, outcome=outcome, by=admin)

    visit.refresh_from_db()
    wanted = "" if outcome == Outcome.COMPLETED else outcome.value
    assert visit.no_show_by == wanted
    assert visit.status == (Status.NO_SHOW if wanted else Status.COMPLETED)
    assert holdings() == holds
    # Earlier lines stand as they were.
    assert before <= set(LedgerEntry.objects.values_list("pk", "amount"))
    told = Notification.objects.filter(kind=Kind.CASE_DECIDED).values_list("user", flat=True)
    assert sorted(told) == sorted([patient.pk, doctor.pk])
    with pytest.raises(CaseDecided):
        decide_case(case, outcome=next(other for other in Outcome if other != outcome), by=admin)


def test_decision_that_is_turned_round_twice_leaves_everybody_what_is_theirs(
    visit: Appointment, doctor: User, patient: User, admin: User
) -> None:
    mark_no_show(visit, side="doctor", by=doctor)
    decide_case(contest(visit, "doctor", doctor), outcome=Outcome.COMPLETED, by=admin)
    assert holdings() == (800, 800, 800)
    decide_case(contest(visit, "patient", patient), outcome=Outcome.DOCTOR_MISSED, by=admin)
    assert holdings() == (0, 800, 0)
    assert Refund.objects.count() == 1
    assert [step[:2] for step in story(visit)][-3:] == [
        ("confirmed", "no_show"),
        ("no_show", "completed"),
        ("completed", "no_show"),
    ]


def test_decision_between_two_missed_sides_goes_by_the_table(
    visit: Appointment, doctor: User, patient: User, admin: User
) -> None:
    mark_no_show(visit, side="patient", by=doctor)
    decide_case(contest(visit, "patient", patient), outcome=Outcome.DOCTOR_MISSED, by=admin)
    assert [step[:2] + step[3:] for step in story(visit)][-2:] == [
        ("no_show", "completed", "corrected"),
        ("completed", "no_show", "decided"),
    ]


# Left open -------------------------------------------------------------------------------------------------------


def test_visit_at_the_chamber_that_was_left_open_is_asked_about_once(visit: Appointment, admin: User) -> None:
    Appointment.objects.update(mode="in_person", place=_place(visit))
    sweep_left_open()
    assert not Case.objects.exists()
    left_open(visit)
    for _ in range(2):
        sweep_left_open()
    case = Case.objects.get()
    assert (case.kind, case.status) == ("left_open", "open")
    decide_case(case, outcome=Outcome.COMPLETED, by=admin)
    assert holdings() == (800, 0, 0)
    visit.refresh_from_db()
    assert story(visit)[-1] == ("confirmed", "completed", admin.pk, "decided")


def _place(visit: Appointment):
    from tests.factories.doctors import PracticePlaceFactory

    return PracticePlaceFactory(doctor=visit.doctor)


def test_question_is_settled_when_the_doctor_says_it_after_all(visit: Appointment, doctor: User) -> None:
    assert open_case(visit) is None
    case = open_case(left_open(visit))
    assert case
    complete_visit(visit, by=doctor)
    case.refresh_from_db()
    assert case.status == "settled"


def test_doctor_says_what_came_of_a_visit_at_the_chamber(
    visit: Appointment, doctor: User, patient: User, other_doctor: User, client_of: ClientOf
) -> None:
    path, done = f"/appointments/{visit.pk}/finish/", {"outcome": "completed"}
    assert client_of(doctor).post(path, done).status_code == 409
    Appointment.objects.update(mode="in_person", place=_place(visit))
    assert client_of(patient).post(path, done).status_code == 403
    assert client_of(other_doctor).post(path, done).status_code == 404
    shifted(visit, timezone.now() - timedelta(minutes=5))
    assert client_of(doctor).post(path, {"outcome": "no_show"}).status_code == 409
    page = client_of(doctor).get(visit.get_absolute_url()).content.decode()
    assert "The visit is done" in page
    assert "The patient did not come" not in page
    shifted(visit, timezone.now() - timedelta(minutes=11))
    page = client_of(doctor).get(visit.get_absolute_url()).content.decode()
    assert 'href="#missed"' in page
    assert re.search(r'<dialog[^>]*id="missed".*value="no_show".*Write it down', page, re.DOTALL)
    assert client_of(doctor).post(path, {"outcome": "no_show"}).status_code == 302
    visit.refresh_from_db()
    assert (visit.status, visit.no_show_by) == (Status.NO_SHOW, "patient")


def test_doctor_asks_for_a_follow_up_once(visit: Appointment, doctor: User, patient: User, client_of: ClientOf) -> None:
    path = f"/appointments/{visit.pk}/follow-up/"
    assert client_of(doctor).post(path).status_code == 409
    complete_visit(visit, by=doctor)
    assert "Book a follow-up" in client_of(patient).get(visit.get_absolute_url()).content.decode()
    assert "Ask for a follow-up" in client_of(doctor).get(visit.get_absolute_url()).content.decode()
    assert client_of(patient).post(path).status_code == 403
    assert [client_of(doctor).post(path).status_code for _ in range(2)] == [302, 302]
    assert Notification.objects.get(kind=Kind.FOLLOW_UP_ASKED).user == patient


# In the admin ----------------------------------------------------------------------------------------------------


def test_support_decides_in_the_admin(visit: Appointment, doctor: User, patient: User, client_of: ClientOf) -> None:
    mark_no_show(visit, side="patient", by=doctor)
    case = contest(visit, "patient", patient)
    client = client_of(UserFactory(in_group="support"))
    assert "I was there" in client.get(f"/admin/appointments/case/{case.pk}/change/").content.decode()
    assert client.get("/admin/appointments/case/").status_code == 200
    address = f"/admin/appointments/case/{case.pk}/took-place/"
    assert client_of(UserFactory(in_group="finance")).post(address).status_code == 403
    client.post(address, {"_form_submitted": "on"})
    case.refresh_from_db()
    assert (case.status, case.outcome) == ("decided", "completed")


def test_database_keeps_one_open_question_a_visit(visit: Appointment) -> None:
    left_open(visit)
    open_case(visit)
    with pytest.raises(IntegrityError), transaction.atomic():
        Case.objects.create(appointment=visit, kind="left_open")
    assert Decimal(800) == visit.fee
