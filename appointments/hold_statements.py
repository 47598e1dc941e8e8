"""What a hold asks of the database: in one message three locks and all that the booker must know, in another the rows.

The order within a message is the order in which the statements run. `make bench` prints each with its time.
"""

from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any, NamedTuple
from uuid import UUID

from django.contrib.postgres.fields import DateTimeRangeField
from django.db import DEFAULT_DB_ALIAS, models
from django.db.models import Case, Count, Exists, ExpressionWrapper, F, Func, OuterRef, QuerySet, Subquery, Value, When
from django.db.models.functions import UUID7, Coalesce, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from psycopg.types.json import Jsonb

from accounts.models import User
from appointments.models import OCCUPYING, Appointment, AppointmentEvent, Status, Terms
from config.statements import Batch, Insert, Param, Update
from doctors.models import Doctor, DoctorListing
from patients.models import Patient, today
from scheduling.calendars import (
    HOURS,
    RULES,
    DoctorTime,
    around,
    begun_on_the_day_of,
    day_start,
    days_later,
    departures,
    rules_of,
    typed,
)
from scheduling.models import Calendar, VisitKind, VisitType, WeeklyHours
from scheduling.slots import Interval

DOCTOR = Param("doctor", models.BigIntegerField())
PATIENT = Param("patient", models.UUIDField())
ACCOUNT = Param("account", models.BigIntegerField())
START = Param("start", models.DateTimeField())
TYPE = Param("visit_type", models.BigIntegerField())

# Of the doctor, what a hold copies.
MONEY = ("id", "fee_video", "fee_in_person", "follow_up_fee", "currency")
# Of the doctor's own terms, in the order of Terms; read with the calendar, for they are not what is locked.
TERMS = tuple(f"doctor__cancellation_policy__{name}" for name in Terms.__slots__)
# Of the type that was asked for, what a hold copies.
TYPED = ("id", "kind", "label", "fee_video", "fee_in_person")
BOOKING = (
    "pk",
    "doctor_id",
    "patient_id",
    "period",
    "blocked",
    "mode",
    "status",
    "hold_expires_at",
    "visit_kind",
    "visit_label",
)


SLUG = Param("slug", models.TextField())
TODAY = Param("today", models.DateField())
# Of a patient, what the form shows and asks.
PERSON = ("id", "user_id", "name", "phone")

form = Batch(
    doctor=lambda: Doctor.objects.public().filter(slug=SLUG).values_list("pk", "slug"),
    patients=lambda: Patient.objects.acted_for_by(ACCOUNT, TODAY).order_by("created_at").values_list(*PERSON),
)


def doctor_and_patients(slug: str, *, account_id: int) -> tuple[Doctor | None, list[Patient]]:
    """What a form that is sent needs: whether there is such a doctor for the public (the key alone is read), and whom
    the account acts for today."""
    found = form.run(slug=slug, account=account_id, today=today())
    patients = [Patient.from_db(DEFAULT_DB_ALIAS, PERSON, row) for row in found["patients"]]
    doctors = [Doctor.from_db(DEFAULT_DB_ALIAS, ("id", "slug"), row) for row in found["doctor"]]
    return next(iter(doctors), None), patients


class Booking(NamedTuple):
    """A booking that bears on a hold: the doctor's near that time, or a hold of the patient then, or of the account."""

    whose: str
    pk: UUID
    doctor: int
    patient: UUID
    period: Any
    blocked: Any
    mode: str
    status: str
    hold_expires_at: datetime | None
    visit_kind: str
    visit_label: str

    def is_lapsed(self, now: datetime) -> bool:
        return self.status == Status.HELD and self.hold_expires_at is not None and self.hold_expires_at <= now


@dataclass(frozen=True, slots=True)
class Scene:
    """All that decides about a hold, as it is under its locks at `now`.

    `time` is None for a doctor without a calendar, and goes by the length and the pauses of the `visit_type`, None for
    the usual visit; `day_is_full` says that the doctor's daily cap is reached on that day, `follows` that the patient
    was with the doctor within the days that a follow-up has; `lapsed` tells that a hold that ran out may still be in
    the way; `key` is for the new row, made by the database.
    """

    now: datetime
    key: UUID
    doctor: Doctor
    time: DoctorTime | None
    terms: Terms
    visit_type: VisitType | None
    day_is_full: bool
    follows: bool
    live: list[Booking]
    lapsed: bool


def locked[M: models.Model](rows: QuerySet[M]) -> QuerySet[M]:
    return rows.select_for_update(no_key=True)


def _near() -> ExpressionWrapper:
    near = Subquery(typed(Calendar.objects.filter(pk=DOCTOR), TYPE).values(near=around(START)))
    # Wrapped, or the overlap of ranges would take the query for one of many.
    return ExpressionWrapper(near, output_field=DateTimeRangeField())


def _bookings() -> QuerySet[Any]:
    """Three kinds in one statement; each finds its rows by an index of occupying bookings, however many others there
    are. Whether a hold among them ran out is for the clock to say that reads them: it may have waited for the locks."""
    near = _near()
    of_the_doctor = Appointment.objects.filter(status__in=OCCUPYING, doctor=DOCTOR, blocked__overlap=near)
    held = Appointment.objects.filter(status=Status.HELD)
    of_the_patient = held.filter(patient=PATIENT, period__overlap=near)
    of_the_account = held.filter(booked_by=ACCOUNT)
    return of_the_doctor.values_list(Value("doctor"), *BOOKING).union(
        of_the_patient.values_list(Value("patient"), *BOOKING),
        of_the_account.values_list(Value("account"), *BOOKING),
        all=True,
    )


def _calendar() -> QuerySet[Any]:
    """The doctor's rules for the type of visit, the type, and what only a count or a look at the past can tell: asked
    where it matters, and after the locks, so that of two who come for the last visit of a day the second is told."""
    zone = OuterRef("time_zone")
    clock = Func(function="clock_timestamp", output_field=models.DateTimeField())
    of_the_day = Appointment.objects.counted(clock).filter(begun_on_the_day_of(START, zone), doctor=DOCTOR)
    visits = Coalesce(Subquery(of_the_day.order_by().values("doctor").values(count=Count("pk"))), 0)
    since = days_later(day_start(START, zone), -OuterRef("doctor__follow_up_days"), zone)
    seen = Appointment.objects.filter(
        patient=PATIENT, doctor=DOCTOR, status=Status.COMPLETED, period__endswith__gte=since
    )
    never = Value(False, output_field=models.BooleanField())
    return typed(Calendar.objects.filter(pk=DOCTOR), TYPE).values_list(
        *RULES,
        *TERMS,
        Case(When(daily_cap__isnull=False, then=LessThanOrEqual(F("daily_cap"), visits)), default=never),
        Case(When(visit__kind=VisitKind.FOLLOW_UP, then=Exists(seen)), default=never),
        *(f"visit__{name}" for name in TYPED),
    )


LOCKS = {
    "doctor": lambda: locked(Doctor.objects.public().filter(pk=DOCTOR)).values_list(*MONEY, UUID7()),
    "patient": lambda: locked(Patient.objects.filter(pk=PATIENT)).values_list("pk"),
    "account": lambda: locked(User.objects.filter(pk=ACCOUNT)).values_list("pk"),
}
FACTS = {
    "calendar": _calendar,
    "hours": lambda: WeeklyHours.objects.filter(doctor=DOCTOR).order_by().values_list(*HOURS),
    "departures": lambda: departures(Calendar.objects.filter(pk=DOCTOR), _near()),
    "bookings": _bookings,
}
look = Batch(**LOCKS, **FACTS)


def lock_and_look(
    doctor_id: int, *, patient_id: UUID, account_id: int, start: datetime, visit_type: int | None = None
) -> Scene | None:
    """Lock the doctor's row, then the patient's, then the account's, and read what a hold at `start` depends on; None
    where there is no such doctor for the public.

    One message. Each statement in it sees what was committed before itself began: nothing that is read here is older
    than the locks. Raises Patient.DoesNotExist.
    """
    found = look.run(doctor=doctor_id, patient=patient_id, account=account_id, start=start, visit_type=visit_type)
    if not found["doctor"]:
        return None
    if not found["patient"]:
        raise Patient.DoesNotExist
    now = timezone.now()
    *money, key = found["doctor"][0]
    bookings = [Booking(*row) for row in found["bookings"]]
    near = [booking for booking in bookings if booking.whose != "account"]
    time, terms = None, Terms.usual()
    asked_for, day_is_full, follows = None, False, False
    if found["calendar"]:
        columns = iter(found["calendar"][0])
        time = DoctorTime(rules_of(*islice(columns, len(RULES))))
        own = tuple(islice(columns, len(TERMS)))
        terms = terms if None in own else Terms(*own)
        day_is_full, follows, *of_the_type = columns
        if of_the_type[0] is not None:
            asked_for = VisitType.from_db(DEFAULT_DB_ALIAS, TYPED, of_the_type)
        for row in found["hours"]:
            time.add_weekly(*row)
        for kind, _doctor, periods, modes, place in found["departures"]:
            time.add_departure(kind, periods, modes, place)
        taken = [each for each in near if each.whose == "doctor" and not each.is_lapsed(now)]
        time.busy = [Interval(each.blocked.lower, each.blocked.upper) for each in taken]
    return Scene(
        now=now,
        key=key,
        doctor=Doctor.from_db(DEFAULT_DB_ALIAS, MONEY, money),
        time=time,
        terms=terms,
        visit_type=asked_for,
        day_is_full=day_is_full,
        follows=follows,
        live=[each for each in bookings if each.whose == "account" and not each.is_lapsed(now)],
        lapsed=any(each.is_lapsed(now) for each in near),
    )


# The columns that a booker fills in, with their types: the others are as the model has them in a new row.
# (Text, for a cast to varchar(3) would cut off what an assignment refuses.)
GIVEN: dict[str, Any] = {
    "id": models.UUIDField(),
    "doctor_id": models.BigIntegerField(),
    "patient_id": models.UUIDField(),
    "booked_by_id": models.BigIntegerField(),
    "period": DateTimeRangeField(),
    "blocked": DateTimeRangeField(),
    "mode": models.TextField(),
    "visit_kind": models.TextField(),
    "visit_label": models.TextField(),
    "place_id": models.BigIntegerField(),
    "reason": models.TextField(),
    "hold_expires_at": models.DateTimeField(),
    "fee": models.DecimalField(max_digits=10, decimal_places=2),
    "currency": models.TextField(),
    "policy": models.JSONField(),
}


def _appointment() -> Insert:
    return Insert(Appointment(**{name: Param(name, field) for name, field in GIVEN.items()}), returning=("created_at",))


def _event() -> Insert:
    of, by, period = (Param(name, GIVEN[name]) for name in ("id", "booked_by_id", "period"))
    return Insert(AppointmentEvent(appointment_id=of, by_id=by, new=Status.HELD, period=period))


write = Batch(
    appointment=_appointment,
    event=_event,
    listing=lambda: Update(DoctorListing.objects.filter(pk=Param("doctor_id", GIVEN["doctor_id"])), stale_at=Now()),
)


def write_hold(appointment: Appointment) -> Appointment:
    """Save a new hold with its event, and have the doctor's open times looked at again, as `mark_stale` does.

    One message. Raises IntegrityError when one of the constraints refuses.
    """
    values = {name: getattr(appointment, name) for name in GIVEN}
    [(appointment.created_at,)] = write.run(**values | {"policy": Jsonb(appointment.policy)})["appointment"]
    appointment._state.adding, appointment._state.db = False, DEFAULT_DB_ALIAS
    return appointment
