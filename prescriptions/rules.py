"""Who may write and read what came of a visit, and what is ordered besides visits."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts.models import Ground, User
from appointments.models import Appointment, Status
from appointments.rules import is_doctor_of
from patients.models import EmergencyAccess, PatientGrant, RecordKind, kind_permission
from patients.rules import acts_for, ground_of
from prescriptions.models import PARTS, SHARED_PARTS, Order, OrderStatus, ServiceKind

# A visit that came about, or is about to. Before that there is nothing to write, and nothing to read.
HAPPENS = frozenset({Status.CONFIRMED, Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW})


# What a patient may grant that opens what other doctors wrote (patients/models/sharing.py).
SHARES_NOTES = ("view_records",)
SHARES_PRESCRIPTIONS = ("view_records", kind_permission(RecordKind.PRESCRIPTION))


@dataclass(frozen=True, slots=True)
class Reading:
    """What somebody may read of a note at this moment, and why: the ground for the trail and what gave it."""

    parts: tuple[str, ...]
    ground: Ground
    ground_id: object = ""


def is_practising_doctor_of(user: User, visit: Appointment) -> bool:
    """The doctor of the visit, verified and not suspended. Takes the doctor along."""
    doctor = visit.doctor
    return is_doctor_of(user, visit) and doctor.verified_at is not None and doctor.suspended_at is None


def has_note(visit: Appointment) -> bool:
    """One that was called off keeps what was written before."""
    return visit.status in HAPPENS or visit.status == Status.CANCELLED


def can_write_note(user: User, visit: Appointment) -> bool:
    return visit.status in HAPPENS and is_practising_doctor_of(user, visit)


def consent_of(user: User, patient_id: UUID, codenames: Iterable[str]) -> PatientGrant | None:
    """What the patient shares with this doctor, of these rights: the one that lasts longest."""
    grants = PatientGrant.objects.live().filter(user=user, content_object=patient_id)
    return grants.filter(permission__codename__in=codenames).order_by("-expires_at").first()


def reading_of_prescription(user: User, visit: Appointment) -> Reading | None:
    """Why the user may read all of what was prescribed after a visit, its advice and its tests too; None for strangers.

    The doctor of the visit, the patient's side, a doctor with whom the patient shares prescriptions or all records, and
    an emergency access. Who only treats the patient reads which medicines there are: services.read_medicines.
    """
    if is_practising_doctor_of(user, visit):
        return Reading(PARTS, Ground.CARE, visit.pk)
    if acts_for(user, visit.patient_id):
        return Reading(PARTS, ground_of(user, visit.patient_id))
    if grant := consent_of(user, visit.patient_id, SHARES_PRESCRIPTIONS):
        return Reading(PARTS, Ground.SHARE, grant.pk)
    opened = EmergencyAccess.objects.live(user).filter(patient=visit.patient_id).first()
    return Reading(PARTS, Ground.BREAK_GLASS, opened.pk) if opened else None


def reading_of_note(user: User, visit: Appointment) -> Reading | None:
    """What of the visit's note the user may read; None for strangers.

    The doctor of the visit reads all of it, for as long as it is kept. The patient's side, and a doctor with whom the
    patient shares all records, read the assessment and the plan, once the visit is over: before, they are not the
    doctor's last word. That a doctor treats the patient opens no other doctor's note. An emergency access shows all.
    """
    if not has_note(visit):
        return None
    if is_practising_doctor_of(user, visit):
        return Reading(PARTS, Ground.CARE, visit.pk)
    last_word = SHARED_PARTS if visit.status == Status.COMPLETED else ()
    if acts_for(user, visit.patient_id):
        return Reading(last_word, ground_of(user, visit.patient_id))
    if grant := consent_of(user, visit.patient_id, SHARES_NOTES):
        return Reading(last_word, Ground.SHARE, grant.pk)
    opened = EmergencyAccess.objects.live(user).filter(patient=visit.patient_id).first()
    return Reading(PARTS, Ground.BREAK_GLASS, opened.pk) if opened else None


# Orders --------------------------------------------------------------------------------------------------------------


def is_practising_doctor_of_order(user: User, order: Order) -> bool:
    """The doctor of whom it was ordered, verified and not suspended, once it was paid. Takes the doctor along."""
    doctor = order.doctor
    practises = doctor.user_id == user.pk and doctor.verified_at is not None and doctor.suspended_at is None
    return practises and order.paid_at is not None


def reading_of_order(user: User, order: Order) -> Reading | None:
    """Why the user may read an order and what it was fulfilled with; None for strangers.

    Its doctor, the patient's side, and an emergency access.
    """
    if is_practising_doctor_of_order(user, order):
        return Reading((), Ground.CARE, order.pk)
    if acts_for(user, order.patient_id):
        return Reading((), ground_of(user, order.patient_id))
    opened = EmergencyAccess.objects.live(user).filter(patient=order.patient_id).first()
    return Reading((), Ground.BREAK_GLASS, opened.pk) if opened else None


def pays_order(user: User, order: Order) -> bool:
    """Who ordered: the charge, and its receipt, are theirs."""
    return order.ordered_by_id == user.pk


def can_pay_order(user: User, order: Order) -> bool:
    return order.status == OrderStatus.PLACED and pays_order(user, order)


def can_cancel_order(user: User, order: Order) -> bool:
    """The patient's side, until the doctor has accepted."""
    return order.status in {OrderStatus.PLACED, OrderStatus.PAID} and acts_for(user, order.patient_id)


def can_accept(user: User, order: Order) -> bool:
    return order.status == OrderStatus.PAID and is_practising_doctor_of_order(user, order)


def can_decline(user: User, order: Order) -> bool:
    return order.is_waiting and is_practising_doctor_of_order(user, order)


def can_fulfil(user: User, order: Order) -> bool:
    return order.status == OrderStatus.ACCEPTED and is_practising_doctor_of_order(user, order)


def can_withdraw(user: User, order: Order) -> bool:
    is_given = order.kind == ServiceKind.CERTIFICATE and order.status == OrderStatus.FULFILLED
    return is_given and is_practising_doctor_of_order(user, order)
