"""Another time for a visit: by the patient until the cut-off, by the doctor at once, with the patient's say."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import Kind, Notification, User
from appointments.errors import IllegalChange, NotMovable, OfferClosed, PatientBusy, SlotGone
from appointments.models import Appointment, Offer, Status, Terms
from appointments.services import (
    accept_offer,
    cancel_appointment,
    decline_offer,
    end_offer,
    reschedule,
    save_terms,
)
from appointments.tasks import sweep_offers
from patients.models import CareRelationship
from payments.models import Account, Refund
from tests.appointments.test_cancel import calendar_of, sent
from tests.appointments.visits import at, confirmed, hold, shifted, story
from tests.payments.till import balances

type ClientOf = Callable[[User], Client]


def move(
    visit: Appointment, start: datetime, by: User, side: str = "patient", sequence: int | None = None
) -> Appointment:
    known = visit.sequence if sequence is None else sequence
    moved = reschedule(visit, start=start, sequence=known, by=by, side=side)
    visit.refresh_from_db()
    return moved


def path(visit: Appointment, page: str = "move") -> str:
    return f"/appointments/{visit.pk}/{page}/"


def past_the_cut_off(visit: Appointment) -> Appointment:
    """An hour before it begins: the usual terms let a patient move until two hours before."""
    return shifted(visit, timezone.now() + timedelta(hours=1))


# By the patient --------------------------------------------------------------------------------------------------


def test_move_keeps_row_room_and_charge_and_tells_both(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = confirmed(doctor, patient)
    charge, was = visit.charge_id, visit.start
    Notification.objects.all().delete()

    client = client_of(patient)
    page = client.get(f"{path(visit)}?start={quote(at(11).isoformat())}").content.decode()
    assert "Nothing more is to be paid" in page
    form = {"start": at(11).isoformat(), "sequence": "0"}
    assert client.post(path(visit), form).url == visit.get_absolute_url()

    visit.refresh_from_db()
    assert (visit.start, visit.end) == (at(11), at(11, 15))
    assert (visit.blocked.lower, visit.blocked.upper) == (at(11), at(11, 15))
    assert (visit.sequence, visit.status, visit.charge_id) == (1, Status.CONFIRMED, charge)
    assert story(visit)[-1] == ("confirmed", "confirmed", patient.pk, "moved_by_patient")
    assert visit.events.last().period == visit.period
    care = CareRelationship.objects.get(source=visit.pk)
    assert care.visit_at == at(11)
    told = Notification.objects.filter(kind=Kind.APPOINTMENT_MOVED)
    assert {(note.user, note.facts["was"]) for note in told} == {(patient, was.isoformat()), (doctor, was.isoformat())}
    assert not Offer.objects.exists()
    assert hold(doctor, patient, at(10)).status == Status.HELD


def test_calendars_follow_by_the_next_sequence_of_the_same_uid(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    before = sent()
    move(visit, at(11), patient)
    after = sent()[len(before) :]
    [first, *_], updates = [calendar_of(mail)[1] for mail in before], [calendar_of(mail) for mail in after]
    assert len(updates) == 2
    for calendar, event in updates:
        assert calendar["method"] == "REQUEST"
        assert (event["uid"], event["sequence"]) == (first["uid"], 1)
        assert event.decoded("dtstart").astimezone(ZoneInfo("Asia/Dhaka")) == at(11)


def test_move_to_the_time_beside_is_not_kept_off_by_its_own(doctor: User, patient: User) -> None:
    doctor.doctor.calendar.buffer_after_minutes = 15
    doctor.doctor.calendar.save()
    visit = confirmed(doctor, patient, at(9))
    assert move(visit, at(9, 30), patient).start == at(9, 30)


def test_form_sent_twice_moves_once(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit, client = confirmed(doctor, patient), client_of(patient)
    form = {"start": at(11).isoformat(), "sequence": "0"}
    assert [client.post(path(visit), form).status_code for _ in range(2)] == [302, 302]
    visit.refresh_from_db()
    assert visit.sequence == 1
    assert Notification.objects.filter(kind=Kind.APPOINTMENT_MOVED, user=patient).count() == 1


def test_second_tab_does_not_undo_what_the_first_did(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit, client = confirmed(doctor, patient), client_of(patient)
    client.post(path(visit), {"start": at(11).isoformat(), "sequence": "0"})
    late = client.post(path(visit), {"start": at(12).isoformat(), "sequence": "0"})
    assert late.status_code == 409
    assert "has changed in the meantime" in late.content.decode()
    visit.refresh_from_db()
    assert visit.start == at(11)
    with pytest.raises(IllegalChange):
        move(visit, at(12), patient, sequence=0)


def test_time_that_went_meanwhile_shows_the_others(
    doctor: User, patient: User, stranger: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    confirmed(doctor, stranger, at(11))
    client = client_of(patient)
    for response in (
        client.get(path(visit), {"start": at(11).isoformat()}),
        client.post(path(visit), {"start": at(11).isoformat(), "sequence": "0"}),
    ):
        page = response.content.decode()
        assert response.status_code == 409
        assert "no longer open" in page
        assert "Nothing has changed" in page
        assert f"start={quote(at(11, 15).astimezone(UTC).isoformat())}" in page
    visit.refresh_from_db()
    assert visit.sequence == 0


def test_patient_is_nowhere_twice(doctor: User, other_doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    confirmed(other_doctor, patient, at(11))
    with pytest.raises(PatientBusy):
        move(visit, at(11), patient)


@pytest.mark.parametrize("start", [at(8), at(10, 7), at(10, days=400), at(10, days=-1)])
def test_only_open_times_are_taken(doctor: User, patient: User, start: datetime) -> None:
    visit = confirmed(doctor, patient)
    with pytest.raises(SlotGone):
        move(visit, start, patient)


def test_cut_off_of_the_terms_ends_it_for_the_patient_alone(doctor: User, patient: User, client_of: ClientOf) -> None:
    visit = past_the_cut_off(confirmed(doctor, patient))
    response = client_of(patient).post(path(visit), {"start": at(11).isoformat(), "sequence": "0"})
    assert response.status_code == 409
    assert "can no longer be moved" in response.content.decode()
    assert client_of(patient).get(path(visit)).status_code == 409
    assert "Choose another time" not in client_of(patient).get(visit.get_absolute_url()).content.decode()
    assert client_of(doctor).post(path(visit), {"start": at(11).isoformat(), "sequence": "0"}).status_code == 302


@pytest.mark.parametrize("status", [Status.HELD, Status.IN_PROGRESS, Status.COMPLETED, Status.CANCELLED])
def test_only_a_confirmed_visit_moves(doctor: User, patient: User, status: Status) -> None:
    visit = confirmed(doctor, patient)
    Appointment.objects.update(status=status)
    for side in ("patient", "doctor"):
        with pytest.raises(NotMovable):
            move(visit, at(11), patient, side)


# By the doctor ---------------------------------------------------------------------------------------------------


def test_doctors_move_takes_effect_at_once_and_asks_the_patient(
    doctor: User, patient: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    move(visit, at(12), doctor, "doctor")
    offer = Offer.objects.get()
    assert (visit.start, visit.sequence) == (at(12), 1)
    assert (offer.kind, offer.status, offer.until) == ("moved", "open", at(10))
    told = Notification.objects.get(kind=Kind.APPOINTMENT_MOVED, user=patient)
    assert told.facts["until"] == offer.until.isoformat()
    assert "until" not in Notification.objects.get(kind=Kind.APPOINTMENT_MOVED, user=doctor).facts

    client = client_of(patient)
    assert "See what you can do" in client.get(visit.get_absolute_url()).content.decode()
    page = client.get(path(visit, "offer")).content.decode()
    assert "has moved your visit" in page
    assert [client.post(path(visit, "offer"), {"answer": "accept"}).status_code for _ in range(2)] == [302, 302]
    offer.refresh_from_db()
    assert (offer.status, offer.by) == ("accepted", patient)
    assert client.get(path(visit, "offer")).status_code == 409


def test_patient_may_choose_again_beyond_the_cut_off_while_asked(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    move(visit, at(12), doctor, "doctor")
    past_the_cut_off(visit)
    move(visit, at(14), patient)
    assert Offer.objects.get().status == "moved"


@pytest.mark.parametrize("way", ["decline", "cancel"])
def test_patient_whom_it_does_not_suit_gets_all_back_whatever_the_terms(doctor: User, patient: User, way: str) -> None:
    save_terms(doctor.doctor, Terms(336, 0, 0))
    visit = confirmed(doctor, patient)
    move(visit, at(12), doctor, "doctor")
    if way == "decline":
        decline_offer(visit, by=patient)
        with pytest.raises(OfferClosed):
            decline_offer(visit, by=patient)
    else:
        cancel_appointment(visit, by=patient, side="patient", reason="cannot_come", promised=visit.fee)
    assert Refund.objects.get().amount == visit.fee
    assert balances()[Account.REFUNDS_DUE] == -visit.fee
    assert not Offer.objects.open().exists()


def test_silence_lets_the_new_time_stand(doctor: User, patient: User) -> None:
    save_terms(doctor.doctor, Terms(336, 0, 0))
    visit = confirmed(doctor, patient)
    move(visit, at(12), doctor, "doctor")
    offer = Offer.objects.get()
    assert not end_offer(offer.pk)
    past = timezone.now() - timedelta(seconds=1)
    Offer.objects.update(until=past, due_at=past)
    with pytest.raises(OfferClosed):
        accept_offer(visit, by=patient)
    for _ in range(2):
        sweep_offers()

    offer.refresh_from_db()
    visit.refresh_from_db()
    assert (offer.status, visit.status, visit.start) == ("ran_out", Status.CONFIRMED, at(12))
    assert not Refund.objects.exists()
    cancel_appointment(visit, by=patient, side="patient")
    assert balances()[Account.DOCTOR] == -Decimal(720)


def test_second_move_by_the_doctor_asks_anew(doctor: User, patient: User) -> None:
    visit = confirmed(doctor, patient)
    move(visit, at(12), doctor, "doctor")
    move(visit, at(13), doctor, "doctor")
    assert [offer.status for offer in Offer.objects.order_by("pk")] == ["withdrawn", "open"]


# Whose it is -----------------------------------------------------------------------------------------------------


def test_move_and_offer_of_others_are_not_found(
    doctor: User, patient: User, stranger: User, other_doctor: User, client_of: ClientOf
) -> None:
    visit = confirmed(doctor, patient)
    form = {"start": at(11).isoformat(), "sequence": "0"}
    for user in (stranger, other_doctor):
        assert client_of(user).post(path(visit), form).status_code == 404
        assert client_of(user).post(path(visit, "offer"), {"answer": "refund"}).status_code == 404
    move(visit, at(12), doctor, "doctor")
    assert client_of(doctor).post(path(visit, "offer"), {"answer": "refund"}).status_code == 403
    assert client_of(patient).put(path(visit)).status_code == 405
    assert client_of(patient).post(path(visit, "offer"), {"answer": "nothing"}).status_code == 409
    visit.refresh_from_db()
    assert visit.status == Status.CONFIRMED
