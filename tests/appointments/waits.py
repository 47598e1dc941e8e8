"""People who wait for a time with a doctor, through the services that the pages call."""

from decimal import Decimal
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateRange

from accounts.models import User
from appointments.models import Appointment, Wait, WaitOffer
from appointments.services import cancel_appointment
from appointments.tasks import sweep_waiting_lists
from appointments.waiting_list import join_waiting_list
from patients.models import Patient
from scheduling.models import VisitKind, VisitType
from tests.appointments.visits import days_from_now
from tests.factories.patients import PatientFactory
from tests.factories.scheduling import VisitTypeFactory


def days(first: int = 0, last: int = 6) -> DateRange:
    return DateRange(days_from_now(first), days_from_now(last + 1))


def joined(doctor: User, by: User | None = None, *, patient: Patient | None = None, **details: Any) -> Wait:
    by = by or PatientFactory().user
    details = {"days": days()} | details
    return join_waiting_list(doctor.doctor, patient=patient or by.patient, by=by, **details)


def free(visit: Appointment) -> None:
    cancel_appointment(visit, by=visit.booked_by, side="patient")


def offered(doctor: User) -> list[tuple[User, Appointment]]:
    """Who is asked about which time now, in the order of the times."""
    sweep_waiting_lists()
    offers = WaitOffer.objects.open().filter(wait__doctor=doctor.doctor).select_related("appointment", "wait__asked_by")
    return [(offer.wait.asked_by, offer.appointment) for offer in offers.order_by("start")]


def of_type(doctor: User, **details: Any) -> VisitType:
    defaults = {"kind": VisitKind.NEW, "label": "First visit", "minutes": 60, "fee_video": Decimal(1500)}
    return VisitTypeFactory(doctor=doctor.doctor, **defaults | details)
