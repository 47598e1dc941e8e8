"""Another doctor in the place of one who is away: a new booking that `replaces`, paid by the money of the old one."""

from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.errors import OfferClosed, PatientBusy, SlotGone
from appointments.hold_statements import lock_and_look, write_hold
from appointments.models import Appointment, Offer
from appointments.open_times import open_slot_by
from appointments.services.door import lock_booking
from appointments.services.ending import call_off
from appointments.services.holds import expire_lapsed_holds
from appointments.services.offers import close_offer, locked_offer
from appointments.services.paying import confirm, owe_fee
from config.db import constraint_name, lock, retry_serialization
from doctors.models import Doctor, Mode
from patients.models import Patient
from payments.models import Charge
from payments.services import fund_charge, lock_charge


@retry_serialization
def replace_appointment(appointment: Appointment, *, doctor_id: int, start: datetime, by: User) -> Appointment:
    """Take an open time of another doctor of the same specialty for a visit that lies in leave; answers the new one.

    The old booking is off and its money funds the new charge: the portal bears a higher fee, and what a lower one
    leaves goes back. Asked twice, it is the same new booking. Raises OfferClosed, SlotGone, PatientBusy. Locks the old
    Charge, both doctors by id, the patient, the account, then the old Appointment.
    """
    try:
        with transaction.atomic():
            return _replace(appointment, doctor_id=doctor_id, start=start, by=by)
    except IntegrityError as error:
        match constraint_name(error):
            case "doctor_not_double_booked":
                raise SlotGone from error
            case "patient_not_double_booked":
                raise PatientBusy from error
            case _:
                raise


def _replace(appointment: Appointment, *, doctor_id: int, start: datetime, by: User) -> Appointment:
    if appointment.charge_id:
        lock_charge(appointment.charge_id)
    lock(Doctor.objects.all(), [appointment.doctor_id, doctor_id])
    lock(Patient.objects.all(), [appointment.patient_id])
    lock(User.objects.all(), [by.pk])
    charge, appointment = lock_booking(appointment)
    done = Appointment.objects.filter(replaces=appointment).first()
    if done is not None and (done.doctor_id, done.start) == (doctor_id, start):
        return done
    locked_offer(appointment, Offer.Kind.LEAVE)
    if charge is not None and charge.status != Charge.Status.PAID:
        raise OfferClosed(_("This visit is not paid yet. Take another time, or cancel it and book anew."))
    if doctor_id not in {doctor.pk for doctor in Doctor.objects.public().filter(**same_specialty(appointment))}:
        raise SlotGone

    close_offer(appointment, Offer.Status.REPLACED, by=by)
    call_off(appointment, by=by, side="doctor", code="replaced", cancel_reason="away", replaced=True)
    new = _seat(appointment, doctor_id=doctor_id, start=start, by=by)
    new.replaces = appointment
    new.save(update_fields=["replaces"])
    owed = owe_fee(new, payer=charge.payer if charge else by, due_at=None) if new.fee else None
    fund_charge(owed, old=charge, by=by)
    confirm(new, by=by, code="replaces")
    return new


def same_specialty(appointment: Appointment) -> dict[str, object]:
    """The filter for the public doctors, this one apart, who practise what this doctor does."""
    own = appointment.doctor.doctor_specialties.values_list("specialty", flat=True)
    others = Doctor.objects.filter(doctor_specialties__specialty__in=list(own)).exclude(pk=appointment.doctor_id)
    return {"pk__in": others.values("pk")}


def _seat(old: Appointment, *, doctor_id: int, start: datetime, by: User) -> Appointment:
    """A hold of this time on the old booking's terms of payment, with the new doctor's own. Raises SlotGone."""
    scene = lock_and_look(doctor_id, patient_id=old.patient_id, account_id=by.pk, start=start)
    if scene is None or scene.time is None or old.mode not in scene.doctor.modes:
        raise SlotGone
    slot, fee = open_slot_by(scene.time, start, old.mode, scene.now), scene.doctor.fee(old.mode)
    if slot is None or fee is None or scene.day_is_full:
        raise SlotGone
    blocked = slot.blocked(scene.time.rules)
    if scene.lapsed:
        expire_lapsed_holds(doctor=scene.doctor, patient=Patient(pk=old.patient_id), blocked=blocked)
    held = write_hold(
        Appointment(
            id=scene.key,
            doctor_id=doctor_id,
            patient_id=old.patient_id,
            booked_by=by,
            period=DateTimeTZRange(slot.start, slot.end),
            blocked=DateTimeTZRange(blocked.start, blocked.end),
            mode=old.mode,
            place_id=slot.place if old.mode == Mode.IN_PERSON else None,
            reason=old.reason,
            hold_expires_at=slot.start,
            fee=fee,
            currency=scene.doctor.currency,
            policy=scene.terms.snapshot,
        )
    )
    return Appointment.objects.select_related("doctor__user", "patient", "place").get(pk=held.pk)
