"""Visits as people make them, through the services that the pages call."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, AppointmentEvent, Status
from appointments.services import hold_slot, start_payment
from doctors.models import Mode
from patients.models import Patient
from payments.models import Charge
from tests.payments.money import money_for_charge

DHAKA = ZoneInfo("Asia/Dhaka")


def at(hour: int = 10, minute: int = 0, *, days: int = 1) -> datetime:
    """That time in Dhaka, tomorrow unless given."""
    return datetime.combine(timezone.localdate(timezone=DHAKA) + timedelta(days=days), time(hour, minute), DHAKA)


def hold(
    doctor: User, by: User, start: datetime | None = None, *, patient: Patient | None = None, **details: Any
) -> Appointment:
    """A hold of tomorrow at ten by video, for the user's own patient, unless given."""
    details = {"mode": Mode.VIDEO, "patient_id": (patient or by.patient).pk} | details
    return hold_slot(doctor.doctor.pk, start=start or at(), by=by, **details)


def held_until_past(appointment: Appointment) -> Appointment:
    """Its ten minutes are over, and no sweeper came."""
    Appointment.objects.filter(pk=appointment.pk).update(hold_expires_at=timezone.now() - timedelta(seconds=1))
    appointment.refresh_from_db()
    return appointment


def pay(appointment: Appointment, *, risky: bool = False) -> Charge:
    """Money for the appointment's charge arrives; what the gateway's word is worth is payments' own to test."""
    arrive = money_for(appointment, risky=risky)
    arrive()
    appointment.refresh_from_db()
    assert appointment.charge is not None
    return appointment.charge


def money_for(appointment: Appointment, *, risky: bool = False) -> Callable[[], None]:
    """The payer has paid; what is to be called is the gateway's word for it."""
    appointment.refresh_from_db()
    charge = appointment.charge
    if charge is None:
        charge = start_payment(appointment, by=appointment.booked_by)
        assert charge is not None
    return money_for_charge(charge, risky=risky)


def confirmed(doctor: User, by: User, start: datetime | None = None, **details: Any) -> Appointment:
    """Held and paid."""
    appointment = hold(doctor, by, start, **details)
    pay(appointment)
    assert appointment.status == Status.CONFIRMED
    return appointment


def shifted(appointment: Appointment, to: datetime) -> Appointment:
    """The same visit at another time, as if it had been booked for then: into the past, where no booking leads."""
    length = appointment.end - appointment.start
    period = DateTimeTZRange(to, to + length)
    Appointment.objects.filter(pk=appointment.pk).update(period=period, blocked=period)
    appointment.refresh_from_db()
    return appointment


def story(appointment: Appointment) -> list[tuple[str, str, int | None, str]]:
    """The events of its life: old, new, by whom, code."""
    events = AppointmentEvent.objects.filter(appointment=appointment)
    return list(events.values_list("old", "new", "by", "code"))


def days_from_now(days: int) -> date:
    return timezone.localdate(timezone=DHAKA) + timedelta(days=days)
