"""Patients, their family, and who cares for them."""

from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from doctors.models import Doctor
from patients.models import AGE_OF_MAJORITY, CareRelationship, Guardianship, Patient, Relation, today


def own_patient(user: User) -> Patient:
    """The patient that the user is; made at the first call. Two calls at once make one patient."""
    found = Patient.objects.filter(user=user).first()
    if found is not None:
        return found
    try:
        with transaction.atomic():
            return Patient.objects.create(user=user, name=user.name or user.email)
    except IntegrityError:
        return Patient.objects.get(user=user)


@transaction.atomic
def add_family_member(
    guardian: User, *, name: str, relation: Relation, birth_date: date | None = None, sex: str = "", phone: str = ""
) -> Patient:
    """A new patient whom the user acts for from today on; for a child, until the 18th birthday."""
    patient = Patient.objects.create(name=name, birth_date=birth_date, sex=sex, phone=phone)
    until = majority(birth_date) if relation == Relation.CHILD and birth_date else None
    Guardianship.objects.create(guardian=guardian, patient=patient, relation=relation, valid=DateRange(today(), until))
    return patient


def majority(birth_date: date) -> date:
    """The 18th birthday; somebody born on a 29 February comes of age on 1 March."""
    try:
        return birth_date.replace(year=birth_date.year + AGE_OF_MAJORITY)
    except ValueError:
        return date(birth_date.year + AGE_OF_MAJORITY, 3, 1)


def begin_care(patient: Patient, doctor: Doctor, *, source: UUID, until: datetime) -> None:
    """From now until then the doctor may see this patient's health facts, because of `source`."""
    CareRelationship.objects.update_or_create(
        source=source,
        defaults={"patient": patient, "doctor": doctor, "valid": DateTimeTZRange(timezone.now(), until)},
    )


def end_care(source: UUID) -> None:
    """What followed from `source` is over; a right that came from another visit stays."""
    now = timezone.now()
    for care in CareRelationship.objects.filter(source=source, valid__endswith__gt=now):
        care.valid = DateTimeTZRange(care.valid.lower, now) if care.valid.lower < now else DateTimeTZRange(empty=True)
        care.save(update_fields=["valid"])


def phone_of(user: User) -> str:
    """The number under which this user is reached; empty where none is known."""
    patient = Patient.objects.filter(user=user).first()
    return str(patient.phone) if patient and patient.phone else ""


def set_phone(patient: Patient, phone: str) -> None:
    patient.phone = phone
    patient.save(update_fields=["phone"])
