"""Who may do what about a patient, and when."""

from dataclasses import dataclass
from uuid import UUID

from django.db import models

from accounts.models import Ground, Role, User
from patients.models import (
    CareRelationship,
    EmergencyAccess,
    Guardianship,
    MedicalRecord,
    Patient,
    PatientGrant,
    RecordGrant,
    kind_permission,
    today,
)


def keeps_person(user: User, patient: Patient) -> bool:
    """Who has an account writes down themselves who they are; for all others it is those who act for them."""
    return patient.user_id in (None, user.pk)


def may_change_birth_date(user: User, patient: Patient) -> bool:
    """Not a child with an account of its own while guardians act for it: their right ends by this day."""
    return not (patient.user_id == user.pk and patient.is_minor and patient.guardianships.current().exists())


def is_treated(user: User, patient: Patient | None) -> bool:
    """Whether the portal keeps a patient of this user: everybody but the staff, and whoever of the staff has booked."""
    return patient is not None or user.role == Role.PATIENT


def is_in_care(user: User, patient_id: UUID) -> bool:
    """Whether the user treats this patient now as a doctor, and may see the health facts."""
    return CareRelationship.objects.current().of_user(user).filter(patient=patient_id).exists()


# Family -----------------------------------------------------------------------------------------------------------


# From this age on somebody may have an account of their own here, and the record with it.
AGE_OF_CLAIM = 17


def may_invite_guardian(user: User, patient: Patient) -> bool:
    """Grown-ups with an account decide themselves who acts for them; for all others it is those who act already."""
    if patient.user_id is None or patient.is_minor:
        return Guardianship.objects.current().filter(guardian=user, patient=patient).exists()
    return patient.user_id == user.pk


def is_of_claiming_age(patient: Patient) -> bool:
    age = patient.age(today())
    return age is None or age >= AGE_OF_CLAIM


def may_hand_over(user: User, patient: Patient) -> bool:
    """Who acts for somebody without an account, or did until they came of age, may offer them their record."""
    return is_of_claiming_age(patient) and Patient.objects.to_hand_over_by(user).filter(pk=patient.pk).exists()


def may_end(user: User, guardianship: Guardianship, patient: Patient) -> bool:
    """The guardian; or the patient, once grown up."""
    return guardianship.guardian_id == user.pk or (patient.user_id == user.pk and not patient.is_minor)


def may_renew(user: User, guardianship: Guardianship, patient: Patient) -> bool:
    """The patient, once grown up, what ended with majority."""
    return patient.user_id == user.pk and not patient.is_minor and guardianship.ended_by_id is None


# Records ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody may read: the ground for the trail, and the row that it follows from where it is not their own."""

    ground: Ground
    given: Guardianship | RecordGrant | PatientGrant | EmergencyAccess | None = None

    @property
    def ground_id(self) -> object:
        return self.given.pk if self.given else ""


def ground_of(user: User, patient_id: UUID) -> Ground:
    """As whom a user acts for this patient, who acts for them."""
    own = Patient.objects.filter(pk=patient_id, user=user).exists()
    return Ground.SELF if own else Ground.GUARDIAN


def acts_for(user: User, patient_id: UUID) -> bool:
    """The patient, or a current guardian."""
    return Patient.objects.acted_for_by(user).filter(pk=patient_id).exists()


def _first[M: models.Model](rows: models.QuerySet[M], *, lock: bool) -> M | None:
    return (rows.select_for_update(no_key=True, of=("self",)) if lock else rows).first()


def reason_to_read(user: User, record: MedicalRecord, *, lock: bool = False) -> Reason | None:
    """Because of what the user may read this record at this moment; None where there is nothing.

    With `lock` the row that it follows from stays until the transaction ends: whoever takes it back waits for that.
    """
    if Patient.objects.filter(pk=record.patient_id, user=user).exists():
        return Reason(Ground.SELF)
    bonds = Guardianship.objects.current().filter(guardian=user, patient=record.patient_id).order_by("pk")
    if bond := _first(bonds, lock=lock):
        return Reason(Ground.GUARDIAN, bond)
    codenames = ["view_records", kind_permission(record.kind)]
    alone = RecordGrant.objects.live().filter(user=user, content_object=record)
    wider = PatientGrant.objects.live().filter(
        user=user, content_object=record.patient_id, permission__codename__in=codenames
    )
    for grants in (alone.order_by("-expires_at"), wider.order_by("-expires_at")):
        if grant := _first(grants, lock=lock):
            return Reason(Ground.SHARE, grant)
    opened = _first(EmergencyAccess.objects.live(user).filter(patient=record.patient_id).order_by("pk"), lock=lock)
    return Reason(Ground.BREAK_GLASS, opened) if opened else None
