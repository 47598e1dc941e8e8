"""Holding a time: who may, which times, for how long."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from types import SimpleNamespace
from urllib.parse import urlencode

import pytest
from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone, translation
from pytest_django import DjangoAssertNumQueries, Settings

from accounts.models import User
from appointments import hold_statements
from appointments.errors import IllegalChange, PatientBusy, SlotGone, TooManyHolds
from appointments.models import Appointment, AppointmentEvent, Status
from appointments.services import expire_hold, extend_hold, start_payment
from appointments.tasks import sweep_holds
from config.db import constraint_name
from doctors.models import Doctor, DoctorListing, Mode
from payments.models import Charge
from scheduling.models import Calendar, TimeOff, WeeklyHours
from tests.appointments.visits import at, confirmed, held_until_past, hold, pay, story
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import GuardianshipFactory, PatientFactory

MINUTE = timedelta(minutes=1)


def change_rules(doctor: User, **rules: int) -> None:
    Calendar.objects.filter(doctor=doctor.doctor).update(**rules)


def test_hold_keeps_the_time_for_ten_minutes(doctor: User, patient: User) -> None:
    before = timezone.now()
    held = hold(doctor, patient, reason="A sore throat")
    after = timezone.now()

    assert held.status == Status.HELD
    assert held.is_live_hold
    assert before + 10 * MINUTE <= held.hold_expires_at <= after + 10 * MINUTE
    held.refresh_from_db()
    assert (held.start, held.end) == (at(10), at(10, 15))
    assert held.blocked == held.period
    assert (held.doctor, held.patient, held.booked_by) == (doctor.doctor, patient.patient, patient)
    assert (held.mode, held.place, held.reason) == (Mode.VIDEO, None, "A sore throat")
    assert story(held) == [("", "held", patient.pk, "")]


def test_hold_takes_fee_and_policy_as_they_are_now(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    Doctor.objects.update(fee_video=Decimal(2000))

    held.refresh_from_db()
    assert (held.fee, held.currency) == (Decimal(800), "BDT")
    terms = {"free_until_hours": 0, "percent_after": 100, "move_until_hours": 2, "pay_at_desk": False}
    assert held.policy == terms
    charge = start_payment(held, by=patient)
    assert charge is not None
    assert charge.amount == Decimal(800)


def test_hold_asked_twice_is_the_same_hold(doctor: User, patient: User) -> None:
    first = hold(doctor, patient, reason="A sore throat")
    second = hold(doctor, patient, start=at(10).astimezone(UTC), reason="A sore throat")

    assert second.pk == first.pk
    assert second.hold_expires_at == first.hold_expires_at
    assert Appointment.objects.count() == AppointmentEvent.objects.count() == 1


def test_hold_asked_again_with_another_reason_takes_it(doctor: User, patient: User) -> None:
    first = hold(doctor, patient, reason="A sore throat")
    hold(doctor, patient, reason="A sore throat, and fever since Monday")
    hold(doctor, patient, reason="")

    first.refresh_from_db()
    assert first.reason == "A sore throat, and fever since Monday"


def test_hold_is_refused_at_the_third_of_an_account(doctor: User, patient: User) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    hold(doctor, patient, at(10))
    hold(doctor, patient, at(11), patient=child)
    with pytest.raises(TooManyHolds):
        hold(doctor, patient, at(12))

    # Asking again for one of the two is no third; and one that ran out, or was paid, does not count.
    again = hold(doctor, patient, at(10))
    held_until_past(again)
    third = hold(doctor, patient, at(12))
    pay(third)
    hold(doctor, patient, at(13))
    with pytest.raises(TooManyHolds):
        hold(doctor, patient, at(14))


def at_the_edge_of_notice() -> datetime:
    """A start on the grid of WHENEVER hours that is less than half an hour away."""
    now = timezone.now()
    return now.replace(second=0, microsecond=0) + timedelta(minutes=15 - now.minute % 15)


@pytest.fixture
def always_open(doctor: User) -> User:
    """The doctor, with hours round the clock."""
    WeeklyHours.objects.filter(doctor=doctor.doctor).update(start=time(0), minutes=24 * 60)
    return doctor


@pytest.mark.parametrize(
    "start",
    [
        pytest.param(lambda: at(10, days=-1), id="past"),
        pytest.param(lambda: at_the_edge_of_notice(), id="within the notice"),
        pytest.param(lambda: at(10, days=31), id="beyond the horizon"),
        pytest.param(lambda: at(10, 7), id="off the grid"),
        pytest.param(lambda: at(10) + timedelta(microseconds=1), id="off the grid by a hair"),
    ],
)
def test_hold_of_a_time_that_is_not_offered_is_refused(
    always_open: User, patient: User, start: Callable[[], datetime]
) -> None:
    with pytest.raises(SlotGone):
        hold(always_open, patient, start())
    assert not Appointment.objects.exists()


def test_hold_outside_the_hours_is_refused(doctor: User, patient: User) -> None:
    for start in (at(8, 45), at(17), at(3)):
        with pytest.raises(SlotGone):
            hold(doctor, patient, start)
    assert not Appointment.objects.exists()


def test_hold_within_time_off_is_refused(doctor: User, patient: User) -> None:
    TimeOff.objects.create(doctor=doctor.doctor, period=DateTimeTZRange(at(10), at(11)))
    for start in (at(10), at(10, 45)):
        with pytest.raises(SlotGone):
            hold(doctor, patient, start)
    assert hold(doctor, patient, at(11)).start == at(11)


@pytest.mark.parametrize("traits", [{"unverified": True}, {"hidden": True}, {"fee_video": None}])
def test_hold_at_a_doctor_who_cannot_be_booked_is_refused(patient: User, traits: dict[str, object]) -> None:
    doctor = DoctorFactory(with_hours=True, **traits)
    with pytest.raises(SlotGone):
        hold(doctor.user, patient)
    assert not Appointment.objects.exists()


def test_hold_at_a_doctor_without_a_calendar_is_refused(patient: User) -> None:
    with pytest.raises(SlotGone):
        hold(DoctorFactory().user, patient)


def test_hold_at_no_doctor_is_refused(doctor: User, patient: User) -> None:
    doctor.doctor.pk += 1000
    with pytest.raises(SlotGone):
        hold(doctor, patient)


@pytest.mark.parametrize("mode", ["in_person", "telepathy", ""])
def test_hold_by_a_mode_that_is_not_offered_is_refused(doctor: User, patient: User, mode: str) -> None:
    with pytest.raises(SlotGone):
        hold(doctor, patient, mode=mode)
    assert not Appointment.objects.exists()


def test_hold_by_a_mode_that_has_a_fee_but_no_hours_is_refused(doctor: User, patient: User) -> None:
    Doctor.objects.update(fee_in_person=Decimal(900))
    with pytest.raises(SlotGone):
        hold(doctor, patient, mode="in_person")


def test_hold_in_person_is_at_the_place_of_the_hours(doctor: User, patient: User) -> None:
    Doctor.objects.update(fee_in_person=Decimal(900))
    place = PracticePlaceFactory(doctor=doctor.doctor)
    WeeklyHours.objects.update(modes=["video", "in_person"], place=place)

    there = hold(doctor, patient, at(10), mode="in_person")
    assert (there.place, there.fee) == (place, Decimal(900))
    remote = hold(doctor, patient, at(11), mode="video")
    assert (remote.place, remote.fee) == (None, Decimal(800))


def test_visit_in_person_without_a_place_is_refused_by_the_database(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    with pytest.raises(IntegrityError) as refused, transaction.atomic():
        Appointment.objects.filter(pk=held.pk).update(mode="in_person")
    assert constraint_name(refused.value) == "visit_in_person_not_without_a_place"


def test_hold_of_a_taken_time_is_refused(doctor: User, patient: User, stranger: User) -> None:
    confirmed(doctor, patient, at(10))
    hold(doctor, patient, at(11))
    for start in (at(10), at(11)):
        with pytest.raises(SlotGone):
            hold(doctor, stranger, start)
    assert not Appointment.objects.filter(booked_by=stranger).exists()


def test_hold_of_a_patient_who_is_busy_elsewhere_is_refused(doctor: User, other_doctor: User, patient: User) -> None:
    hold(doctor, patient, at(10))
    with pytest.raises(PatientBusy):
        hold(other_doctor, patient, at(10))
    assert hold(other_doctor, patient, at(10, 15)).status == Status.HELD


def test_hold_of_a_patient_whose_other_visit_only_overlaps_is_refused(
    doctor: User, other_doctor: User, patient: User
) -> None:
    change_rules(other_doctor, slot_minutes=60)
    confirmed(doctor, patient, at(10, 45))
    with pytest.raises(PatientBusy):
        hold(other_doctor, patient, at(10))


def test_hold_counts_the_pauses_of_the_doctor(doctor: User, patient: User, stranger: User) -> None:
    change_rules(doctor, slot_minutes=20, buffer_before_minutes=5, buffer_after_minutes=5)
    held = hold(doctor, patient, at(10))
    assert held.blocked == DateTimeTZRange(at(9, 55), at(10, 25))
    assert held.period == DateTimeTZRange(at(10), at(10, 20))

    # The pauses have gone, and the grid is finer: what the first keeps free around itself is still kept.
    change_rules(doctor, slot_minutes=5, buffer_before_minutes=0, buffer_after_minutes=0)
    for start in (at(9, 55), at(10, 20)):
        with pytest.raises(SlotGone):
            hold(doctor, stranger, start)
    assert hold(doctor, stranger, at(10, 25)).start == at(10, 25)


def test_pauses_do_not_count_between_two_doctors(doctor: User, other_doctor: User, patient: User) -> None:
    change_rules(doctor, slot_minutes=20, buffer_before_minutes=5, buffer_after_minutes=5)
    hold(doctor, patient, at(10))
    assert hold(other_doctor, patient, at(10, 30)).status == Status.HELD


def test_hold_does_not_outlast_the_beginning_of_the_visit(always_open: User, patient: User) -> None:
    change_rules(always_open, slot_minutes=5, notice_minutes=0)
    now = timezone.now()
    start = now.replace(second=0, microsecond=0) + timedelta(minutes=5 - now.minute % 5)
    held = hold(always_open, patient, start)
    assert held.hold_expires_at == start
    assert extend_hold(held, by=patient).hold_expires_at == start


def test_lapsed_hold_is_bookable_at_that_instant(doctor: User, patient: User, stranger: User) -> None:
    first = held_until_past(hold(doctor, patient))

    second = hold(doctor, stranger)

    assert second.status == Status.HELD
    first.refresh_from_db()
    assert first.status == Status.EXPIRED
    assert story(first) == [("", "held", patient.pk, ""), ("held", "expired", None, "")]


def test_lapsed_hold_is_bookable_at_that_instant_by_the_one_who_had_it(doctor: User, patient: User) -> None:
    first = held_until_past(hold(doctor, patient))
    second = hold(doctor, patient)
    assert second.pk != first.pk


def test_lapsed_hold_elsewhere_does_not_keep_the_patient_busy(doctor: User, other_doctor: User, patient: User) -> None:
    first = held_until_past(hold(doctor, patient))
    assert hold(other_doctor, patient).status == Status.HELD
    first.refresh_from_db()
    assert first.status == Status.EXPIRED


def test_live_hold_is_not_taken_for_lapsed(doctor: User, patient: User, stranger: User) -> None:
    held = hold(doctor, patient)
    Appointment.objects.filter(pk=held.pk).update(hold_expires_at=timezone.now() + timedelta(seconds=5))
    with pytest.raises(SlotGone):
        hold(doctor, stranger)
    assert expire_hold(held.pk) is False


def test_sweeper_writes_down_what_ran_out(doctor: User, patient: User, stranger: User) -> None:
    gone = held_until_past(hold(doctor, patient, at(10)))
    live = hold(doctor, stranger, at(11))
    sweep_holds()
    sweep_holds()

    gone.refresh_from_db()
    live.refresh_from_db()
    assert (gone.status, live.status) == (Status.EXPIRED, Status.HELD)
    assert story(gone)[1:] == [("held", "expired", None, "")]


def test_extension_is_given_once_and_makes_twenty_minutes(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    longer = extend_hold(held, by=patient)
    assert longer.hold_expires_at == held.created_at + 20 * MINUTE
    with pytest.raises(IllegalChange):
        extend_hold(longer, by=patient)


def test_extension_of_a_lapsed_hold_is_refused(doctor: User, patient: User) -> None:
    held = held_until_past(hold(doctor, patient))
    with pytest.raises(IllegalChange):
        extend_hold(held, by=patient)
    held.refresh_from_db()
    assert not held.hold_extended


def test_payment_opens_one_charge_and_makes_twenty_minutes(doctor: User, patient: User) -> None:
    held = hold(doctor, patient)
    charge = start_payment(held, by=patient)
    assert charge is not None
    held.refresh_from_db()

    assert held.charge == charge
    assert held.hold_expires_at == held.created_at + 20 * MINUTE == charge.due_at
    assert (charge.amount, charge.currency, charge.payer) == (held.fee, "BDT", patient)
    assert charge.payer_phone == str(patient.patient.phone)
    assert charge.done_path == held.get_absolute_url()
    assert start_payment(held, by=patient) == charge
    held.refresh_from_db()
    assert held.hold_expires_at == held.created_at + 20 * MINUTE
    assert Charge.objects.count() == 1
    with pytest.raises(IllegalChange):
        extend_hold(held, by=patient)


def test_payment_after_an_extension_stays_within_twenty_minutes(doctor: User, patient: User) -> None:
    held = extend_hold(hold(doctor, patient), by=patient)
    charge = start_payment(held, by=patient)
    assert charge is not None
    assert charge.due_at == held.created_at + 20 * MINUTE


def test_payment_that_was_read_before_its_charge_goes_to_that_charge(doctor: User, patient: User) -> None:
    """As with two clicks: the second request read the row before the first had opened the charge."""
    held = hold(doctor, patient)
    stale = Appointment.objects.get(pk=held.pk)
    charge = start_payment(held, by=patient)
    assert start_payment(stale, by=patient) == charge


def test_payment_of_a_lapsed_hold_is_refused(doctor: User, patient: User) -> None:
    held = held_until_past(hold(doctor, patient))
    with pytest.raises(IllegalChange, match="not kept any longer"):
        start_payment(held, by=patient)
    assert not Charge.objects.exists()


def test_payment_for_a_child_carries_the_payers_phone(doctor: User, patient: User) -> None:
    child = GuardianshipFactory(guardian=patient, patient__phone="").patient
    charge = start_payment(hold(doctor, patient, patient=child), by=patient)
    assert charge is not None
    assert charge.payer_phone == str(patient.patient.phone)


def test_free_visit_is_confirmed_at_once(patient: User) -> None:
    doctor = DoctorFactory(with_hours=True, free=True)
    held = hold(doctor.user, patient)
    assert start_payment(held, by=patient) is None

    held.refresh_from_db()
    assert (held.status, held.charge) == (Status.CONFIRMED, None)
    assert story(held)[1:] == [("held", "confirmed", patient.pk, "")]
    assert not Charge.objects.exists()


def test_hold_and_its_end_make_search_look_again(doctor: User, patient: User) -> None:
    def is_stale() -> bool:
        found = DoctorListing.objects.filter(doctor=doctor.doctor, stale_at__lte=timezone.now()).exists()
        DoctorListing.objects.update(stale_at=timezone.now() + timedelta(hours=1))
        return found

    is_stale()
    held = hold(doctor, patient)
    assert is_stale()
    hold(doctor, patient)
    assert not is_stale()
    held_until_past(held)
    sweep_holds()
    assert is_stale()


def test_hold_takes_the_same_statements_however_long_the_history(
    doctor: User, patient: User, stranger: User, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    hold(doctor, PatientFactory().user, at(16))  # the first of a connection prepares the statements
    # A message with three locks and what must be known, and one with the appointment, its event and the listing; and
    # two statements of a savepoint, where the transaction's own would be.
    with django_assert_num_queries(4):
        hold(doctor, patient, at(9))
    for quarter in range(3):
        confirmed(doctor, stranger, at(12, 15 * quarter))
    with django_assert_num_queries(4):
        hold(doctor, stranger, at(10))


def test_form_that_is_sent_takes_the_same_statements_however_large_the_family(
    doctor: User, patient: User, client_of: Callable, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    def send(start: datetime) -> None:
        path = f"/book/{doctor.doctor.slug}/?{urlencode({'start': start.isoformat(), 'mode': 'video'})}"
        response = client.post(path, {"patient": str(patient.patient.pk), "reason": "x"})
        assert response.status_code == 302

    client = client_of(patient)
    send(at(9))
    Appointment.objects.update(status=Status.CANCELLED)
    # The session, the user; one message for the doctor's key and the patients, and the four of a hold.
    with django_assert_num_queries(7):
        send(at(10))
    GuardianshipFactory.create_batch(3, guardian=patient)
    with django_assert_num_queries(7):
        send(at(11))


def test_hold_that_lapses_while_the_next_booker_waits_for_the_doctor_is_out_of_the_way(
    db: None, doctor: User, patient: User, stranger: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The clock is read after the locks, however long they took."""
    first = hold(doctor, patient)
    late = timezone.now() + 11 * MINUTE

    def wait_then_look(**values: object) -> object:
        found = look.run(**values)
        monkeypatch.setattr(hold_statements.timezone, "now", lambda: late)
        return found

    look = hold_statements.look
    monkeypatch.setattr(hold_statements, "look", SimpleNamespace(run=wait_then_look))
    second = hold(doctor, stranger)

    assert second.hold_expires_at == late + 10 * MINUTE
    first.refresh_from_db()
    assert first.status == Status.EXPIRED


@pytest.mark.parametrize("lives", [True, False])
def test_two_holds_count_while_they_live(
    doctor: User, patient: User, monkeypatch: pytest.MonkeyPatch, lives: bool
) -> None:
    child = GuardianshipFactory(guardian=patient).patient
    hold(doctor, patient, at(10))
    hold(doctor, patient, at(11), patient=child)
    now = timezone.now() + (9 if lives else 11) * MINUTE
    monkeypatch.setattr(hold_statements.timezone, "now", lambda: now)
    if lives:
        with pytest.raises(TooManyHolds):
            hold(doctor, patient, at(12))
    else:
        assert hold(doctor, patient, at(12)).status == Status.HELD


def test_hold_leaves_the_row_as_the_model_would_make_it(doctor: User, patient: User) -> None:
    """The statement is written beforehand: whatever it leaves out must be what a new row of the model has."""
    held = hold(doctor, patient, reason="A sore throat")
    stored = Appointment.objects.get(pk=held.pk)
    for field in Appointment._meta.concrete_fields:
        assert getattr(held, field.attname) == getattr(stored, field.attname), field.name
    assert not held._state.adding
    given = {name: getattr(stored, name) for name in hold_statements.GIVEN if name != "id"}
    with transaction.atomic():
        stored.status = Status.CANCELLED
        stored.save()
        usual = Appointment.objects.create(**given)
        usual.refresh_from_db()
        for field in Appointment._meta.concrete_fields:
            if field.name not in {"id", "created_at", "status"}:
                assert getattr(usual, field.attname) == getattr(held, field.attname), field.name
        transaction.set_rollback(True)
    events = AppointmentEvent.objects.filter(appointment=held).values_list("old", "new", "by", "code")
    assert list(events) == [("", "held", patient.pk, "")]


@pytest.mark.parametrize("prepare", [True, False], ids=["prepared", "plain"])
def test_hold_by_prepared_statements_and_by_plain_ones_is_the_same(
    doctor: User, patient: User, stranger: User, settings: Settings, prepare: bool
) -> None:
    settings.DATABASE_PREPARE = prepare
    held = hold(doctor, patient, reason="50% of the day; 'fever' \\ জ্বর")
    held.refresh_from_db()
    assert (held.status, held.start, held.reason) == (Status.HELD, at(10), "50% of the day; 'fever' \\ জ্বর")
    with pytest.raises(SlotGone):
        hold(doctor, stranger)
    with pytest.raises(PatientBusy):
        hold(DoctorFactory(with_hours=True).user, patient)


def test_hold_for_another_persons_patient_is_not_offered_by_the_form(
    doctor: User, patient: User, stranger: User, client_of: Callable
) -> None:
    PatientFactory()
    response = client_of(patient).post(
        f"/book/{doctor.doctor.slug}/?start={at().isoformat().replace('+', '%2B')}&mode=video",
        {"patient": str(stranger.patient.pk), "reason": "x"},
    )
    assert response.status_code == 422
    assert not Appointment.objects.exists()


def test_charge_tells_what_it_is_for_in_the_payers_words_and_time(doctor: User, patient: User) -> None:
    """Whoever opens it: the receipt shows these words for as long as it is kept."""
    patient.language, patient.time_zone = "bn", "Asia/Tokyo"
    patient.save()
    with translation.override("en"), timezone.override("UTC"):
        charge = start_payment(hold(doctor, patient), by=patient)
    assert charge is not None
    assert charge.description == "ডাক্তারের ফি"
    assert charge.detail.endswith("(Tokyo সময়)")
