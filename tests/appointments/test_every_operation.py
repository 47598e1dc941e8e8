"""Random lives of bookings: every operation in any order, and after each what must always be true.

`make test` tries a few lives, the same ones every time; LIVES=2000 STEPS=40 tries so many that are new.
"""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import pytest
from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.db.models import Sum
from django.utils import timezone
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.models import User
from appointments import hours
from appointments.errors import TimeIsOpen
from appointments.freed_times import offer_open_times
from appointments.models import (
    OCCUPYING,
    TRANSITIONS,
    Appointment,
    AppointmentEvent,
    Case,
    Offer,
    Status,
    Terms,
    Wait,
    WaitOffer,
)
from appointments.services import (
    accept_offer,
    begin_visit,
    cancel_appointment,
    complete_visit,
    contest_visit,
    decide_case,
    decline_offer,
    end_leave,
    end_offer,
    expire_hold,
    extend_hold,
    hold_slot,
    lay_leave,
    mark_no_show,
    open_case,
    pay_later,
    replace_appointment,
    reschedule,
    save_terms,
    start_payment,
)
from appointments.tasks import sweep_reminders
from appointments.waiting_list import join_waiting_list, leave_waiting_list
from config.errors import DomainError
from doctors.models import Doctor, Mode
from payments.models import Account, Charge, Journal, LedgerEntry, Refund
from payments.services import approve_review, refund_by_admin, refuse_review, take_at_desk
from scheduling.models import Calendar, TimeOff, VisitKind, VisitType, WeeklyHours
from tests.appointments.visits import DHAKA, at, money_for
from tests.factories.accounts import UserFactory
from tests.factories.doctors import DoctorFactory, PracticePlaceFactory
from tests.factories.patients import PatientFactory
from tests.factories.scheduling import VisitTypeFactory
from tests.factories.specialties import SpecialtyFactory

LIVES = int(os.environ.get("LIVES", "0"))
STEPS = int(os.environ.get("STEPS", "20"))
STARTS = [(day, hour, minute) for day in (1, 2) for hour in (9, 10) for minute in (0, 15)]
# So many visits a day the second doctor takes.
CAP = 3
FOLLOW_UP_DAYS = 1
FEES = (Decimal("799.99"), Decimal(1000))
TERMS = (Terms(24, 33, 2, pay_at_desk=True), Terms(0, 100, 1))


@dataclass
class Cast:
    doctors: list[User]
    patients: list[User]
    admin: User
    starts: list[datetime]
    clock: datetime
    # By doctor: a long visit that costs more, and a follow-up.
    long: list[VisitType]
    follow_up: list[VisitType]


CAST: Cast


def pick(of: int) -> Any:
    return st.integers(0, of - 1)


class Lives(RuleBasedStateMachine):
    """Two doctors of one specialty, three patients, eight times; the clock is the machine's own."""

    def __init__(self) -> None:
        super().__init__()
        self.savepoint = transaction.savepoint_create()
        self.clock = CAST.clock
        self.real = timezone.now
        timezone.now = lambda: self.clock
        # What the patient is owed back of each booking that was called off, worked out here and not by the house.
        self.owed: dict[UUID, Decimal] = {}
        self.given_by_admin: set[UUID] = set()

    def teardown(self) -> None:
        timezone.now = self.real
        transaction.savepoint_rollback(self.savepoint)

    # How it is done

    @contextmanager
    def may_be_refused(self) -> Iterator[None]:
        """The house may say no, and then nothing has changed; rows that were made are of the machine's time."""
        latest = AppointmentEvent.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        try:
            with transaction.atomic():
                yield
        except DomainError:
            pass
        made = AppointmentEvent.objects.filter(pk__gt=latest)
        made.update(at=self.clock)
        Appointment.objects.filter(events__in=made.filter(old="")).update(created_at=self.clock)

    def bookings(self, *statuses: Status) -> list[Appointment]:
        rows = Appointment.objects.select_related("doctor__user", "booked_by", "charge", "patient").order_by("pk")
        return list(rows.filter(status__in=statuses) if statuses else rows)

    def one(self, number: int, *statuses: Status) -> Appointment | None:
        rows = self.bookings(*statuses)
        return rows[number % len(rows)] if rows else None

    def paid(self, visit: Appointment) -> Decimal:
        """What the patient has paid for it and not got back: a higher fee that the portal bears is not in it."""
        if visit.charge is None or visit.charge.status not in (Charge.Status.PAID, Charge.Status.REVIEW):
            return Decimal(0)
        lines = LedgerEntry.objects.filter(journal__charge=visit.charge)
        counting = ["deposit", "doctor", "commission", "borne"]
        return -(lines.filter(account__in=counting).aggregate(total=Sum("amount"))["total"] or Decimal(0))

    def expect_back(self, visit: Appointment, side: str) -> None:
        """By the terms in plain arithmetic, unless somebody else than the patient is why it is called off."""
        paid, asked = self.paid(visit), Offer.objects.filter(appointment=visit, status="open", until__gt=self.clock)
        terms, until_start = visit.terms, visit.start - self.clock
        kept = side == "patient" and visit.status == Status.CONFIRMED and not asked.exists()
        if kept and until_start <= timedelta(hours=terms.free_until_hours) and terms.free_until_hours:
            paid = (paid * terms.percent_after / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        self.owed[visit.pk] = self.refunded(visit) + paid

    def refunded(self, visit: Appointment) -> Decimal:
        total = (
            Refund.objects.filter(charge=visit.charge).aggregate(total=Sum("amount"))["total"] if visit.charge else 0
        )
        return total or Decimal(0)

    # Operations

    @rule(
        doctor=pick(2),
        patient=pick(3),
        start=pick(len(STARTS)),
        at_chamber=st.booleans(),
        kind=st.sampled_from(["usual", "usual", "long", "follow_up"]),
    )
    def hold(self, doctor: int, patient: int, start: int, at_chamber: bool, kind: str = "usual") -> None:
        user = CAST.patients[patient]
        with self.may_be_refused():
            visit = hold_slot(
                CAST.doctors[doctor].doctor.pk,
                start=CAST.starts[start],
                mode=Mode.IN_PERSON if at_chamber and doctor == 0 else Mode.VIDEO,
                patient_id=user.patient.pk,
                by=user,
                visit_type=self.type_of(kind, doctor),
            )
            assert kind != "follow_up" or self.follows(visit)

    def type_of(self, kind: str, doctor: int) -> int | None:
        types = {"long": CAST.long, "follow_up": CAST.follow_up}.get(kind)
        return types[doctor].pk if types else None

    def follows(self, visit: Appointment) -> bool:
        """Whether the patient was with this doctor the day before or on the same day, by the doctor's clock."""
        done = Appointment.objects.filter(doctor=visit.doctor_id, patient=visit.patient_id, status=Status.COMPLETED)
        apart = [(visit.start.astimezone(DHAKA).date() - each.end.astimezone(DHAKA).date()).days for each in done]
        return any(days <= FOLLOW_UP_DAYS for days in apart)

    @rule(
        doctor=pick(2),
        patient=pick(3),
        first=pick(2),
        kind=st.sampled_from(["usual", "long", "follow_up"]),
        looked_at=st.booleans(),
    )
    def wait(self, doctor: int, patient: int, first: int, kind: str, looked_at: bool) -> None:
        """Also where a time is open, as if none had been: it is offered at the next look, perhaps at once."""
        user, of = CAST.patients[patient], CAST.doctors[doctor].doctor
        begin = CAST.starts[4 * first].astimezone(DHAKA).date()
        wanted = {"days": DateRange(begin, begin + timedelta(days=2)), "visit_type_id": self.type_of(kind, doctor)}
        with self.may_be_refused():
            try:
                visit_type = VisitType.objects.filter(pk=wanted["visit_type_id"]).first()
                join_waiting_list(of, patient=user.patient, days=wanted["days"], visit_type=visit_type, by=user)
            except TimeIsOpen:
                here = Wait.objects.filter(doctor=of, patient=user.patient, state=Wait.State.WAITING)
                if not here.update(**wanted):
                    Wait.objects.create(doctor=of, patient=user.patient, asked_by=user, **wanted)
        if looked_at:
            self.look_for_who_waits(doctor)

    @rule(number=pick(4))
    def wait_no_more(self, number: int) -> None:
        rows = list(Wait.objects.filter(state=Wait.State.WAITING).order_by("pk"))
        if rows:
            leave_waiting_list(rows[number % len(rows)])

    @rule(doctor=pick(2))
    def look_for_who_waits(self, doctor: int) -> None:
        with self.may_be_refused():
            offer_open_times(CAST.doctors[doctor].doctor.pk)

    @rule(doctor=pick(2), until=st.sampled_from([10, 17]))
    def change_hours(self, doctor: int, until: int) -> None:
        """Visits that the hours hold no more stay as they are."""
        of = CAST.doctors[doctor].doctor
        rows = list(WeeklyHours.objects.filter(doctor=of))
        for row in rows:
            row.pk, row.minutes = None, 60 * (until - 9)
        calendar, before = Calendar.objects.get(doctor=of), [each.period for each in self.bookings()]
        try:
            with transaction.atomic():
                hours.save_week(of, calendar, rows)
        except hours.ConcernsVisits as concerned:
            hours.save_week(of, calendar, rows, seen=[visit.pk for visit in concerned.visits])
        assert [each.period for each in self.bookings()] == before

    @rule()
    def remind_of_what_is_near(self) -> None:
        sweep_reminders()

    @initialize(doctor=pick(2), starts=st.sets(pick(len(STARTS)), min_size=2, max_size=3))
    def begin_with_visits(self, doctor: int, starts: set[int]) -> None:
        for patient, start in enumerate(sorted(starts)):
            self.hold(doctor, patient, start, False)
        for number in range(len(starts)):
            self.pay(0 * number, False)

    @rule(number=pick(8))
    def extend(self, number: int) -> None:
        if visit := self.one(number, Status.HELD):
            with self.may_be_refused():
                extend_hold(visit, by=visit.booked_by)

    @rule(number=pick(8), what=st.sampled_from(["the latest number", "an old number"]))
    def move_to_where_it_is(self, number: int, what: str) -> None:
        """A form that is posted twice, or by a tab that knows less, changes nothing."""
        if visit := self.one(number, Status.CONFIRMED):
            known = visit.sequence if what == "the latest number" else max(visit.sequence - 1, 0)
            same = reschedule(visit, start=visit.start, sequence=known, by=visit.booked_by, side="patient")
            assert (same.sequence, same.period) == (visit.sequence, visit.period)

    @rule(number=pick(8), risky=st.sampled_from([False, False, False, True]))
    def pay(self, number: int, risky: bool) -> None:
        """Begun in time or not at all; the money of what lapsed or was let go since may come late."""
        if visit := self.one(number, Status.HELD):
            with self.may_be_refused():
                start_payment(visit, by=visit.booked_by)
                money_for(visit, risky=risky)()

    @rule(number=pick(8))
    def begin_to_pay(self, number: int) -> None:
        if visit := self.one(number, Status.HELD):
            with self.may_be_refused():
                start_payment(visit, by=visit.booked_by)

    @rule(number=pick(8))
    def late_money(self, number: int) -> None:
        visit = self.one(number, Status.HELD, Status.EXPIRED, Status.CANCELLED)
        if visit and visit.charge and visit.charge.status in (Charge.Status.OPEN, Charge.Status.VOID):
            if visit.status == Status.CANCELLED:
                self.owed[visit.pk] = visit.fee
            with self.may_be_refused():
                money_for(visit)()

    @rule(number=pick(8))
    def book_and_pay_at_desk(self, number: int) -> None:
        if visit := self.one(number, Status.HELD):
            with self.may_be_refused():
                pay_later(visit, by=visit.booked_by)

    @rule(number=pick(8))
    def desk_takes_money(self, number: int) -> None:
        if (visit := self.one(number, Status.CONFIRMED, Status.COMPLETED)) and visit.charge:
            with self.may_be_refused():
                take_at_desk(visit.charge, by=CAST.admin)

    @rule(number=pick(8), stands=st.booleans())
    def look_at_risky_money(self, number: int, stands: bool) -> None:
        if (visit := self.one(number, Status.PAYMENT_REVIEW)) and visit.charge:
            if not stands or visit.start <= self.clock:
                self.owed[visit.pk] = visit.fee
            with self.may_be_refused():
                (approve_review if stands else refuse_review)(visit.charge, by=CAST.admin)

    @rule(number=pick(8), side=st.sampled_from(["patient", "doctor"]))
    def cancel(self, number: int, side: str) -> None:
        if visit := self.one(number, Status.HELD, Status.PAYMENT_REVIEW, Status.CONFIRMED, Status.IN_PROGRESS):
            by = visit.booked_by if side == "patient" else visit.doctor.user
            before = dict(self.owed)
            self.expect_back(visit, side)
            with self.may_be_refused():
                cancel_appointment(visit, by=by, side=side, reason="other")
                return
            self.owed = before

    @rule(number=pick(8), start=pick(len(STARTS)), side=st.sampled_from(["patient", "patient", "doctor"]))
    def move(self, number: int, start: int, side: str) -> None:
        if visit := self.one(number, Status.CONFIRMED):
            by = visit.booked_by if side == "patient" else visit.doctor.user
            with self.may_be_refused():
                reschedule(visit, start=CAST.starts[start], sequence=visit.sequence, by=by, side=side)

    @rule(doctor=pick(2), start=pick(len(STARTS)), quarters=st.integers(1, 8))
    def go_on_leave(self, doctor: int, start: int, quarters: int) -> None:
        begin = CAST.starts[start]
        with self.may_be_refused():
            period = DateTimeTZRange(begin, begin + timedelta(minutes=15 * quarters))
            lay_leave(CAST.doctors[doctor].doctor, period, by=CAST.doctors[doctor])

    @rule(number=pick(4))
    def come_back(self, number: int) -> None:
        rows = list(TimeOff.objects.select_related("doctor").order_by("pk"))
        if rows:
            end_leave(rows[number % len(rows)].doctor, rows[number % len(rows)])

    @rule(number=pick(4), answer=st.sampled_from(["accept", "decline", "replace"]), start=pick(len(STARTS)))
    def answer(self, number: int, answer: str, start: int) -> None:
        rows = list(Offer.objects.filter(status="open").order_by("pk"))
        if not rows:
            return
        visit = self.bookings_by_key(rows[number % len(rows)].appointment_id)
        by = visit.booked_by
        before, paid = dict(self.owed), self.paid(visit)
        with self.may_be_refused():
            match answer:
                case "accept":
                    accept_offer(visit, by=by)
                case "decline":
                    self.expect_back(visit, "doctor")
                    decline_offer(visit, by=by)
                case "replace":
                    other = next(each for each in CAST.doctors if each.doctor != visit.doctor)
                    new = replace_appointment(visit, doctor_id=other.doctor.pk, start=CAST.starts[start], by=by)
                    self.owed[visit.pk] = self.refunded(visit)
                    assert self.refunded(visit) == max(paid - new.fee, 0)
            return
        self.owed = before

    def bookings_by_key(self, key: UUID) -> Appointment:
        return next(each for each in self.bookings() if each.pk == key)

    @rule(number=pick(8), what=st.sampled_from(["begin", "complete", "patient", "doctor"]))
    def visit_happens(self, number: int, what: str) -> None:
        if visit := self.one(number, Status.CONFIRMED, Status.IN_PROGRESS):
            by = visit.doctor.user
            acts: dict[str, Callable[[], Any]] = {
                "begin": lambda: begin_visit(visit, by=by),
                "complete": lambda: complete_visit(visit, by=by),
                "patient": lambda: mark_no_show(visit, side="patient", by=by),
                "doctor": lambda: mark_no_show(visit, side="doctor", by=by),
            }
            if what == "begin" and visit.start > self.clock + timedelta(minutes=15):
                return
            with self.may_be_refused():
                acts[what]()

    @rule(number=pick(8), side=st.sampled_from(["patient", "doctor"]))
    def contest(self, number: int, side: str) -> None:
        if visit := self.one(number, Status.COMPLETED, Status.NO_SHOW):
            with self.may_be_refused():
                contest_visit(visit, side=side, words="", by=visit.booked_by)

    @rule(number=pick(4), outcome=st.sampled_from(list(Case.Outcome)))
    def decide(self, number: int, outcome: Case.Outcome) -> None:
        rows = list(Case.objects.open().select_related("appointment").order_by("pk"))
        if rows:
            with self.may_be_refused():
                decide_case(rows[number % len(rows)], outcome=outcome, by=CAST.admin)

    @rule(number=pick(8))
    def admin_gives_all_back(self, number: int) -> None:
        if (visit := self.one(number, *Status)) and visit.charge:
            paid, before = self.paid(visit), self.refunded(visit)
            with self.may_be_refused():
                refund_by_admin(visit.charge, by=CAST.admin)
                self.given_by_admin.add(visit.pk)
                self.owed[visit.pk] = before + paid

    @rule(minutes=st.sampled_from([1, 11, 60, 6 * 60, 24 * 60]))
    def time_passes(self, minutes: int) -> None:
        self.clock += timedelta(minutes=minutes)

    @rule()
    def sweepers_come(self) -> None:
        for hold in Appointment.objects.lapsed():
            expire_hold(hold.pk)
        for offer in list(Offer.objects.due().select_related("appointment")):
            visit = self.bookings_by_key(offer.appointment_id)
            if offer.kind == "leave" and visit.status == Status.CONFIRMED:
                self.owed[visit.pk] = self.refunded(visit) + self.paid(visit)
            with self.may_be_refused():
                end_offer(offer.pk)
        for visit in Appointment.objects.left_open():
            open_case(visit)

    # What is always true

    @invariant()
    def nobody_sits_on_anybody(self) -> None:
        rows = [each for each in self.bookings(*OCCUPYING) if not each.is_lapsed]
        for n, one in enumerate(rows):
            for other in rows[n + 1 :]:
                if one.doctor_id == other.doctor_id:
                    assert one.blocked.upper <= other.blocked.lower or other.blocked.upper <= one.blocked.lower
                if one.patient_id == other.patient_id:
                    assert one.period.upper <= other.period.lower or other.period.upper <= one.period.lower

    @invariant()
    def nobody_has_a_day_that_is_too_full(self) -> None:
        days = Counter(
            visit.start.astimezone(DHAKA).date()
            for visit in Appointment.objects.counted().filter(doctor=CAST.doctors[1].doctor)
        )
        assert all(count <= CAP for count in days.values()), days

    @invariant()
    def who_waits_is_asked_about_one_time_at_once(self) -> None:
        asked = Counter(WaitOffer.objects.open().values_list("wait", flat=True))
        assert all(count == 1 for count in asked.values())
        for offer in WaitOffer.objects.select_related("wait", "appointment"):
            assert (offer.wait.doctor_id, offer.wait.patient_id) == (
                offer.appointment.doctor_id,
                offer.appointment.patient_id,
            )

    @invariant()
    def events_replay_to_the_state(self) -> None:
        lives: dict[UUID, list[AppointmentEvent]] = {}
        for event in AppointmentEvent.objects.order_by("pk"):
            lives.setdefault(event.appointment_id, []).append(event)
        for visit in self.bookings():
            status, moves, period = "", 0, None
            for event in lives.pop(visit.pk):
                assert event.old == status
                if event.code.startswith("moved_by_"):
                    assert event.old == event.new == Status.CONFIRMED
                    moves += 1
                elif status:
                    assert event.new in TRANSITIONS[Status(status)]
                status, period = event.new, event.period or period
            assert (status, moves, period) == (visit.status, visit.sequence, visit.period)
        assert not lives

    @invariant()
    def ledger_sums_to_zero(self) -> None:
        sums = LedgerEntry.objects.values("journal").annotate(total=Sum("amount")).exclude(total=0).order_by()
        assert not list(sums)
        on = dict(LedgerEntry.objects.values_list("account").annotate(total=Sum("amount")).order_by())
        assert on.get(Account.TRANSFER, 0) == 0
        assert on.get(Account.DEPOSIT, 0) <= 0
        assert on.get(Account.REFUNDS_DUE, 0) == -sum(Refund.objects.values_list("amount", flat=True))

    @invariant()
    def money_is_where_the_terms_say(self) -> None:
        for visit in self.bookings():
            if visit.charge is None:
                continue
            lines = LedgerEntry.objects.filter(journal__charge=visit.charge).values_list("account")
            on = dict(lines.annotate(total=Sum("amount")).order_by())
            deposit = -on.get(Account.DEPOSIT, Decimal(0))
            earned = -on.get(Account.DOCTOR, Decimal(0)) - on.get(Account.COMMISSION, Decimal(0))
            back = self.refunded(visit)
            was_paid = visit.charge.paid_at is not None or bool(on)
            match visit.status:
                case Status.HELD | Status.CONFIRMED | Status.IN_PROGRESS | Status.PAYMENT_REVIEW:
                    assert earned == 0
                    assert deposit == (visit.fee if was_paid else 0)
                case Status.CANCELLED:
                    assert deposit == 0
                    assert back == self.owed.get(visit.pk, Decimal(0)), visit.pk
                case Status.EXPIRED:
                    assert (deposit, earned) == (0, 0)
                case _ if visit.pk in self.given_by_admin:
                    assert deposit == 0
                case Status.NO_SHOW if visit.no_show_by == "doctor":
                    assert (deposit, earned) == (0, 0)
                case Status.COMPLETED | Status.NO_SHOW:
                    assert deposit == 0
                    assert earned == (visit.fee if was_paid else 0)


@pytest.mark.django_db
def test_every_operation_in_any_order_keeps_every_promise() -> None:
    global CAST
    specialty = SpecialtyFactory()
    doctors = [DoctorFactory(with_hours=True, specialty=specialty, fee_video=fee).user for fee in FEES]
    Doctor.objects.filter(user=doctors[0]).update(fee_in_person=Decimal(500))
    Doctor.objects.filter(user__in=doctors).update(follow_up_fee=Decimal(300), follow_up_days=FOLLOW_UP_DAYS)
    Calendar.objects.filter(doctor=doctors[1].doctor).update(daily_cap=CAP)
    place = PracticePlaceFactory(doctor=doctors[0].doctor)
    WeeklyHours.objects.filter(doctor=doctors[0].doctor).update(modes=["video", "in_person"], place=place)
    for doctor, terms in zip(doctors, TERMS, strict=True):
        doctor.doctor.refresh_from_db()
        save_terms(doctor.doctor, terms)
    CAST = Cast(
        doctors=[User.objects.get(pk=doctor.pk) for doctor in doctors],
        patients=[PatientFactory().user for _ in range(3)],
        admin=UserFactory(as_admin=True),
        starts=[at(hour, minute, days=day) for day, hour, minute in STARTS],
        # Before the first of the times, and after whatever the factories wrote.
        clock=max(at(8, days=1), timezone.now()),
        long=[
            VisitTypeFactory(
                doctor=each.doctor, kind=VisitKind.NEW, label="Long", minutes=30, fee_video=Decimal("1200.55")
            )
            for each in doctors
        ],
        follow_up=[VisitTypeFactory(doctor=each.doctor, kind=VisitKind.FOLLOW_UP, minutes=15) for each in doctors],
    )
    chosen = settings(
        max_examples=LIVES or 10,
        stateful_step_count=STEPS,
        # To look for the shortest life that fails takes minutes, and is for whoever mends it.
        phases=list(Phase) if LIVES else [Phase.generate],
        derandomize=not LIVES,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(Lives, settings=chosen)
    assert Journal.objects.count() == 0
