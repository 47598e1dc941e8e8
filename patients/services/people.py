"""Patients, their family, and who cares for them."""

from collections import defaultdict
from collections.abc import Collection
from datetime import date, datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.backends.postgresql.psycopg_any import DateRange, DateTimeTZRange
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from config.db import lock
from doctors.models import Doctor
from patients import rules
from patients.errors import Changed
from patients.models import AGE_OF_MAJORITY, PERSONAL, CareRelationship, Guardianship, Patient, Relation, today
from patients.services.health import standing
from patients.services.sharing import lend_attached, take_back_attached


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
    """A new patient whom the user acts for from today on; for somebody under 18, until the birthday.

    Asked twice for one name and birthday, it is the same patient. Locks the account.
    """
    lock(User.objects.only("pk"), [guardian.pk])
    family = Patient.objects.acted_for_by(guardian).filter(user=None)
    there = family.filter(name__iexact=name, birth_date=birth_date).first()
    if there is not None:
        return there
    patient = Patient.objects.create(name=name, birth_date=birth_date, sex=sex, phone=phone)
    bond = Guardianship.objects.create(
        guardian=guardian, patient=patient, relation=relation, valid=DateRange(today(), end_for(patient))
    )
    write_trail(Action.ADDED, by=guardian, about=patient, subject=patient.pk, ground=Ground.GUARDIAN, ground_id=bond.pk)
    return patient


@transaction.atomic
def change_person(patient: Patient, *, by: User) -> None:
    """Write down who a patient is, as its fields say; the patient's own user goes by the same name.

    Guardianships of a child follow the birthday. Locks the patient's row. Raises Changed when somebody else keeps this
    person by now: a child took over its record while its guardian wrote.
    """
    now = lock(Patient.objects.all(), [patient.pk])[patient.pk]
    if not rules.keeps_person(by, now) or (
        now.birth_date != patient.birth_date and not rules.may_change_birth_date(by, now)
    ):
        raise Changed
    patient.save(update_fields=PERSONAL)
    ground, ground_id = standing(by, now)
    write_trail(Action.CHANGED, by=by, about=patient, subject=patient.pk, ground=ground, ground_id=ground_id)
    if patient.user_id:
        User.objects.filter(pk=patient.user_id).update(name=patient.name)
    if patient.is_minor and now.birth_date != patient.birth_date:
        for bond in Guardianship.objects.current().filter(patient=patient):
            # An end that was announced is another one now.
            bond.valid, bond.announced_at = DateRange(bond.valid.lower, end_for(patient)), None
            bond.save(update_fields=["valid", "announced_at"])


def end_for(patient: Patient) -> date | None:
    """When a guardianship that begins now ends by itself: with majority; never for somebody who is grown up."""
    return majority(patient.birth_date) if patient.birth_date and patient.is_minor else None


def majority(birth_date: date) -> date:
    """The 18th birthday; somebody born on a 29 February comes of age on 1 March."""
    try:
        return birth_date.replace(year=birth_date.year + AGE_OF_MAJORITY)
    except ValueError:
        return date(birth_date.year + AGE_OF_MAJORITY, 3, 1)


def begin_care(patient: Patient, doctor: Doctor, *, source: UUID, visit_at: datetime | None, until: datetime) -> None:
    """From now until then the doctor may see this patient's health facts, and the records put to `source`: a visit,
    or, without `visit_at`, an order."""
    CareRelationship.objects.update_or_create(
        source=source,
        defaults={
            "patient": patient,
            "doctor": doctor,
            "visit_at": visit_at,
            "valid": DateTimeTZRange(timezone.now(), until),
        },
    )
    lend_attached(doctor, source=source, until=until)


def end_care(source: UUID) -> None:
    """What followed from `source` is over; a right that came from another visit stays."""
    now = timezone.now()
    for care in CareRelationship.objects.filter(source=source, valid__endswith__gt=now):
        care.valid = DateTimeTZRange(care.valid.lower, now) if care.valid.lower < now else DateTimeTZRange(empty=True)
        care.save(update_fields=["valid"])
    take_back_attached(source)


def phone_of(user: User) -> str:
    """The number under which this user is reached; empty where none is known."""
    patient = Patient.objects.filter(user=user).first()
    return str(patient.phone) if patient and patient.phone else ""


def set_phone(patient: Patient, phone: str) -> None:
    patient.phone = phone
    patient.save(update_fields=["phone"])


def people_of(patients: Collection[UUID]) -> dict[UUID, set[int]]:
    """The keys of those who act for each of these patients today and hear of it, as `Patient.people` has them: two
    queries, however many patients."""
    people = {patient: set[int]() for patient in patients}
    own = Patient.objects.filter(pk__in=patients, user__isnull=False).values_list("pk", "user_id")
    guarded = Guardianship.objects.current().filter(patient__in=patients).values_list("patient_id", "guardian_id")
    for patient, user in [*own, *guarded]:
        people[patient].add(user)
    return people


def patients_of(users: Collection[int]) -> dict[int, set[UUID]]:
    """The keys of the patients for whom each of these users acts today: two queries, however many users."""
    patients: dict[int, set[UUID]] = defaultdict(set)
    own = Patient.objects.filter(user__in=users).values_list("user_id", "pk")
    guarded = Guardianship.objects.current().filter(guardian__in=users).values_list("guardian_id", "patient_id")
    for user, patient in [*own, *guarded]:
        patients[user].add(patient)
    return patients
