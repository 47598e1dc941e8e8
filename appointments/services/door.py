"""The one door to a booking's status, and the order of its locks.

Lock order, everywhere: Charge, doctors by id, patients by id, the account that books, Appointment, DoctorListing. A
booking locks the doctor's row before it looks whether the time is open, for an exclusion constraint alone lets a crowd
deadlock; the constraint stays as the final referee. docs/architecture.md has the measurements.
"""

from contextlib import suppress

from django.db import transaction

from accounts.models import User
from appointments.errors import IllegalChange
from appointments.models import OCCUPYING, TRANSITIONS, Appointment, AppointmentEvent, Status
from appointments.waiting_list import look_again
from config.db import lock
from doctors.models import Doctor
from doctors.services import mark_stale
from patients.models import Patient
from payments.models import Charge
from payments.services import lock_charge


def change_status(appointment: Appointment, new: Status, *, by: User | None, code: str = "", **changes: object) -> None:
    """Change the status, and with it `changes`, if it is still what this row says it is; write the event.

    The only door to a status. Raises IllegalChange where the table knows no such change, or somebody was faster.
    """
    old = Status(appointment.status)
    if new not in TRANSITIONS[old]:
        raise IllegalChange
    changes["status"] = new
    if not Appointment.objects.filter(pk=appointment.pk, status=old).update(**changes):
        raise IllegalChange
    for name, value in changes.items():
        setattr(appointment, name, value)
    AppointmentEvent.objects.create(appointment=appointment, by=by, old=old, new=new, code=code)
    if (old in OCCUPYING) != (new in OCCUPYING) or new == Status.CONFIRMED:
        mark_stale([appointment.doctor_id])
    if old in OCCUPYING and new not in OCCUPYING:
        look_again([appointment.doctor_id])


class _ChargeCame(Exception):
    """A charge was opened after the row was read; its lock comes before those that are taken."""


def lock_booking(appointment: Appointment) -> tuple[Charge | None, Appointment]:
    """The booking as it is now, locked in the house's order: Charge, doctor, patient, Appointment."""
    # The savepoint lets go of what was locked too early.
    with suppress(_ChargeCame), transaction.atomic():
        return _lock_in_order(appointment)
    return _lock_in_order(Appointment.objects.get(pk=appointment.pk))


def _lock_in_order(appointment: Appointment) -> tuple[Charge | None, Appointment]:
    charge = lock_charge(appointment.charge_id) if appointment.charge_id else None
    lock(Doctor.objects.all(), [appointment.doctor_id])
    lock(Patient.objects.all(), [appointment.patient_id])
    rows = Appointment.objects.select_for_update(no_key=True, of=("self",)).select_related("doctor", "patient")
    locked = rows.get(pk=appointment.pk)
    if locked.charge_id != appointment.charge_id:
        raise _ChargeCame
    return charge, locked
