"""What is known of the demo's patients, who acts for whom, and a year of looks at it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.models import Action, Ground, TrailEntry, User
from appointments.models import Appointment, Status
from patients.models import (
    Allergy,
    BloodGroup,
    Condition,
    EmergencyAccess,
    EmergencyReason,
    FactKind,
    Guardianship,
    Kinship,
    MedicationStatement,
    NoneKnown,
    Patient,
    Relation,
    Sex,
    Verdict,
    today,
)
from patients.models.emergency import EMERGENCY_LASTS
from patients.services import add_family_member, review_emergency_access

# As blood groups are spread in Bangladesh.
BLOOD = (BloodGroup.B_POSITIVE, BloodGroup.O_POSITIVE, BloodGroup.A_POSITIVE, BloodGroup.AB_POSITIVE)
BLOOD += (BloodGroup.O_NEGATIVE, BloodGroup.B_NEGATIVE)
BLOOD_WEIGHTS = (34, 32, 23, 8, 2, 1)

ALLERGIES = (
    (Allergy.Category.MEDICATION, "Penicillin", "Rash and swollen lips", Allergy.Severity.SEVERE),
    (Allergy.Category.MEDICATION, "Cotrimoxazole", "Itchy rash", Allergy.Severity.MODERATE),
    (Allergy.Category.MEDICATION, "Diclofenac", "Short of breath", Allergy.Severity.SEVERE),
    (Allergy.Category.FOOD, "Prawns", "Hives", Allergy.Severity.MODERATE),
    (Allergy.Category.FOOD, "Brinjal", "Itchy mouth", Allergy.Severity.MILD),
    (Allergy.Category.FOOD, "Hilsa fish", "Itchy skin", Allergy.Severity.MILD),
    (Allergy.Category.FOOD, "Beef", "Hives", Allergy.Severity.MODERATE),
    (Allergy.Category.OTHER, "House dust", "Sneezing", Allergy.Severity.MILD),
)


@dataclass(frozen=True, slots=True)
class Story:
    """An illness with the medicines that go with it, as (name, dose, what for)."""

    condition: str
    from_age: int
    is_over: bool = False
    medicines: tuple[tuple[str, str, str], ...] = field(default=())


STORIES = (
    Story("Type 2 diabetes", 40, medicines=(("Metformin 500 mg", "1+0+1 after food", "Diabetes"),)),
    Story("High blood pressure", 40, medicines=(("Amlodipine 5 mg", "0+0+1", "Blood pressure"),)),
    Story("High cholesterol", 45, medicines=(("Atorvastatin 10 mg", "0+0+1", "Cholesterol"),)),
    Story("Hypothyroidism", 25, medicines=(("Levothyroxine 50 mcg", "1+0+0 before food", "Thyroid"),)),
    Story("Asthma", 3, medicines=(("Salbutamol inhaler", "2 puffs when short of breath", "Asthma"),)),
    Story("Gastric ulcer", 20, medicines=(("Omeprazole 20 mg", "1+0+1 before food", "Stomach"),)),
    Story("Migraine", 16, medicines=(("Paracetamol 500 mg", "1 tablet when it begins", "Headache"),)),
    Story("Knee osteoarthritis", 50),
    Story("Dengue fever", 5, is_over=True),
    Story("Typhoid fever", 5, is_over=True),
    Story("Pulmonary tuberculosis", 18, is_over=True),
)


def add_families(random: Random, accounts: list[User]) -> None:
    """To the demo's own patient a second parent for her child, and a daughter who is eighteen in three weeks."""
    mother = accounts[0]
    (bond,) = Guardianship.objects.filter(guardian=mother, relation=Relation.CHILD).select_related("patient")
    father = next(user for user in accounts[1:] if user.patient.sex == Sex.MALE)
    Guardianship.objects.create(
        guardian=father, patient=bond.patient, relation=Relation.CHILD, valid=DateRange(today(), bond.valid.upper)
    )
    family_name = bond.patient.name.rpartition(" ")[2]
    comes_of_age = today() + timedelta(days=21)
    add_family_member(
        mother,
        name=f"Nabila {family_name}",
        relation=Relation.CHILD,
        birth_date=comes_of_age.replace(year=comes_of_age.year - 18, day=min(comes_of_age.day, 28)),
        sex=Sex.FEMALE,
    )


def write_health(random: Random, accounts: list[User]) -> int:
    """Facts of every patient: of some much, of some that there is nothing, of some silence. Answers how many."""
    guardians = {
        bond.patient_id: bond.guardian
        for bond in Guardianship.objects.current().select_related("guardian").order_by("-pk")
    }
    rows: list[Allergy | Condition | MedicationStatement | NoneKnown] = []
    for patient in Patient.objects.select_related("user").order_by("created_at", "pk"):
        teller = patient.user or guardians[patient.pk]
        is_first = patient.user == accounts[0]
        describe(random, patient, teller)
        rows += known_of(random, patient, teller, thorough=is_first or patient.user is None)
    for model in (Allergy, Condition, MedicationStatement, NoneKnown):
        model.objects.bulk_create([row for row in rows if isinstance(row, model)])
    return len(rows)


def describe(random: Random, patient: Patient, teller: User) -> None:
    """Blood group, and whom to call: the one who acts for them, or a relative."""
    if random.random() < 0.8:
        patient.blood_group = random.choices(BLOOD, BLOOD_WEIGHTS)[0]
    if patient.user is None:
        patient.emergency_name = teller.name
        patient.emergency_relation = Kinship.PARENT if patient.is_minor else Kinship.CHILD
        patient.emergency_phone = str(teller.patient.phone)
    elif random.random() < 0.7:
        family_name = patient.name.rpartition(" ")[2]
        patient.emergency_name = f"{random.choice(('Nasima', 'Jahangir', 'Rokeya', 'Monir'))} {family_name}"
        patient.emergency_relation = random.choice((Kinship.SPOUSE, Kinship.SIBLING, Kinship.PARENT))
        patient.emergency_phone = f"+8801{random.randint(3, 9)}{random.randint(10**7, 10**8 - 1)}"
    patient.save()


def known_of(
    random: Random, patient: Patient, teller: User, *, thorough: bool
) -> list[Allergy | Condition | MedicationStatement | NoneKnown]:
    age = patient.age(today()) or 30
    said = timezone.now() - timedelta(days=random.randint(5, 300), hours=random.randint(0, 20))
    who = {"patient": patient, "recorded_by": teller, "recorded_at": said}
    fitting = [story for story in STORIES if age >= story.from_age]
    stories = random.sample(fitting, k=min(len(fitting), random.choice((0, 1, 1, 2, 3) if age >= 40 else (0, 0, 1, 1))))
    rows: list[Allergy | Condition | MedicationStatement | NoneKnown] = []
    for story in stories:
        since = today().year - random.randint(1, max(1, min(15, age - story.from_age)))
        status = Condition.ClinicalStatus.RESOLVED if story.is_over else Condition.ClinicalStatus.ACTIVE
        rows.append(Condition(**who, name=story.condition, clinical_status=status, onset_year=since))
        for name, dose, reason in story.medicines:
            month = random.choice((None, None, 2, 6, 11)) if since < today().year else None
            rows.append(
                MedicationStatement(**who, name=name, dose=dose, reason=reason, since_year=since, since_month=month)
            )
    for category, substance, reaction, severity in random.sample(ALLERGIES, k=random.choice((0, 0, 1, 1, 2))):
        rows.append(Allergy(**who, category=category, substance=substance, reaction=reaction, severity=severity))
    kinds = {row.kind for row in rows}
    for kind in FactKind:
        if kind not in kinds and (thorough or random.random() < 0.6):
            rows.append(NoneKnown(patient=patient, kind=kind, said_by=teller, said_at=said))
    return rows


def write_trail_of_the_year(random: Random, accounts: list[User]) -> int:
    """Doctors looked at the facts when their visits began, guardians and patients now and then. How many looks."""
    visits = Appointment.objects.filter(status=Status.COMPLETED).select_related("doctor").order_by("period")
    rows = [
        look(
            visit.doctor.user_id,
            visit.patient_id,
            visit.start + timedelta(minutes=random.randint(-9, 4)),
            Ground.CARE,
            visit.pk,
        )
        for visit in visits
    ]
    now = timezone.now()
    for bond in Guardianship.objects.current().order_by("pk"):
        for _ in range(random.randint(2, 5)):
            at = now - timedelta(days=random.randint(1, 200), minutes=random.randint(0, 1400))
            rows.append(look(bond.guardian_id, bond.patient_id, at, Ground.GUARDIAN, bond.pk))
    for user in accounts:
        at = now - timedelta(days=random.randint(1, 200), minutes=random.randint(0, 1400))
        rows.append(look(user.pk, user.patient.pk, at, Ground.SELF, ""))
    TrailEntry.objects.bulk_create(sorted(rows, key=lambda row: row.at))
    return len(rows)


def look(by: int, patient: object, at: datetime, ground: Ground, ground_id: object) -> TrailEntry:
    return TrailEntry(
        at=at,
        by_id=by,
        action=Action.READ,
        about="patients.facts",
        subject=patient,
        ground=ground,
        ground_id=str(ground_id),
        address="127.0.0.1",
    )


def write_emergencies(account: User, *, by: User, reviewer: User) -> int:
    """An administrator looked at this account's patient twice: one is reviewed, one still to be. How many."""
    now = timezone.now()
    told = (
        (now - timedelta(days=41), EmergencyReason.REQUEST, "The patient called: a result lay under another name."),
        (now - timedelta(days=2), EmergencyReason.SAFETY, "A dose was reported; we compare it with the allergies."),
    )
    rows = []
    for at, reason, words in told:
        ends = {"expires_at": at + EMERGENCY_LASTS, "closed_at": at + timedelta(minutes=12)}
        access = EmergencyAccess.objects.create(
            by=by, patient=account.patient, reason=reason, words=words, opened_at=at, **ends
        )
        opened = look(by.pk, access.patient_id, at, Ground.BREAK_GLASS, access.pk)
        opened.action, opened.about = Action.BROKE_GLASS, "patients.emergencyaccess"
        rows += [opened, look(by.pk, access.patient_id, at + timedelta(minutes=1), Ground.BREAK_GLASS, access.pk)]
    TrailEntry.objects.bulk_create(rows)
    first = EmergencyAccess.objects.order_by("opened_at")[0]
    review_emergency_access(first, by=reviewer, verdict=Verdict.JUSTIFIED, words="The call and the ticket are there.")
    return len(told)
