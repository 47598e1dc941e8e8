"""What the demo's patients keep here, whom they let read it, and what became of that: all as the services leave it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from django.contrib.auth.models import Permission
from django.utils import timezone

from accounts.models import Action, Ground, TrailEntry, User
from config.demo.papers import draw_report, draw_xray
from config.files import CheckedFile, store_private
from doctors.models import Doctor
from patients.models import (
    AttachedRecord,
    CareRelationship,
    MedicalRecord,
    Patient,
    PatientGrant,
    RecordGrant,
    RecordKind,
    kind_permission,
    today,
)
from patients.services.records import FOLDER

type Rows = tuple[tuple[str, ...], ...]

BLOOD: Rows = (
    ("Test", "Result", "Unit", "Normal"),
    ("Haemoglobin", "12.9", "g/dL", "12.0 – 16.0"),
    ("White cells", "7.4", "thousand/mm3", "4.0 – 11.0"),
    ("Platelets", "268", "thousand/mm3", "150 – 400"),
    ("Glucose, fasting", "5.4", "mmol/L", "3.9 – 5.6"),
    ("Creatinine", "0.9", "mg/dL", "0.6 – 1.1"),
)
SUGAR: Rows = (
    ("Test", "Result", "Unit", "Aim"),
    ("HbA1c", "7.2", "%", "below 7.0"),
    ("Glucose, fasting", "7.9", "mmol/L", "4.4 – 7.2"),
    ("Cholesterol, LDL", "2.8", "mmol/L", "below 2.6"),
)
MEDICINES: Rows = (
    ("Medicine", "Dose", "Days"),
    ("Paracetamol 500 mg", "1+1+1 after food", "5"),
    ("Cetirizine 10 mg", "0+0+1", "7"),
    ("Salt water gargle", "three times a day", "5"),
)
STAY: Rows = (
    ("Part", "What was found and done"),
    ("Reason", "Chest pain for two hours"),
    ("Found", "ECG and troponin without a finding, twice"),
    ("Done", "Watched for a night, no pain since"),
    ("Advice", "Blood pressure twice a week, seen in a month"),
)
SHOTS: Rows = (
    ("Vaccine", "Age", "Given"),
    ("BCG", "at birth", "yes"),
    ("Pentavalent 1, 2, 3", "6, 10, 14 weeks", "yes"),
    ("Measles and rubella 1", "9 months", "yes"),
    ("Measles and rubella 2", "15 months", "yes"),
)
LAB, CLINIC = "Shapla Diagnostic Centre", "Meghna General Hospital"


@dataclass(frozen=True, slots=True)
class Paper:
    """A document, so many days old. `kind` is what the portal calls it, `form` the kind of its file."""

    kind: RecordKind
    title: str
    days: int
    house: str = LAB
    rows: Rows = ()
    form: str = "PDF"
    notes: str = ""


# Of the demo's own patient, the child, the mother and the daughter, in the order in which they were added.
FAMILY: tuple[tuple[Paper, ...], ...] = (
    (
        Paper(RecordKind.LAB_REPORT, "Blood count and sugar", 41, rows=BLOOD),
        Paper(RecordKind.PRESCRIPTION, "Prescription for the cough", 84, CLINIC, MEDICINES, "JPEG"),
        Paper(RecordKind.IMAGING, "Chest X-ray", 163, notes="For the visa. The doctor said that all is well."),
    ),
    (
        Paper(RecordKind.VACCINATION, "Vaccination card", 290, "EPI centre, ward 12", SHOTS, "JPEG"),
        Paper(RecordKind.LAB_REPORT, "Blood count after the fever", 18, rows=BLOOD),
    ),
    (
        Paper(RecordKind.DISCHARGE_SUMMARY, "Night at the hospital", 216, CLINIC, STAY),
        Paper(RecordKind.LAB_REPORT, "Sugar of three months", 33, rows=SUGAR, notes="Before breakfast."),
        Paper(RecordKind.IMAGING, "Right knee", 122),
    ),
    (Paper(RecordKind.OTHER, "Form for the school", 64, CLINIC, STAY[:1] + STAY[4:]),),
)
# Of patients of the demo's own doctor, one each.
OF_THE_DOCTOR = (
    Paper(RecordKind.LAB_REPORT, "Blood count", 6, rows=BLOOD),
    Paper(RecordKind.IMAGING, "Chest X-ray of this week", 3),
    Paper(RecordKind.PRESCRIPTION, "What I take now", 11, CLINIC, MEDICINES, "JPEG"),
)


def keep_records(random: Random, account: User, doctor: Doctor) -> int:
    """Documents of the demo's own patient and family and of some patients of the demo's own doctor; how many."""
    family = [account.patient, *Patient.objects.filter(guardianships__guardian=account).order_by("created_at")]
    treated = Patient.objects.filter(pk__in=doctor.care.filter(valid__contains=timezone.now()).values("patient"))
    patients = list(treated.exclude(user=None).select_related("user").order_by("pk")[: len(OF_THE_DOCTOR)])
    plan = [(person, account, paper) for person, papers in zip(family, FAMILY, strict=True) for paper in papers]
    plan += [(patient, patient.user, paper) for patient, paper in zip(patients, OF_THE_DOCTOR, strict=False)]
    records = [keep(person, by, paper, draw(random, paper, person.name)) for person, by, paper in plan]
    rows = [*added(records), *share_of_family(records, account), *share_with(records, doctor, account)]
    TrailEntry.objects.bulk_create(sorted(rows, key=lambda row: row.at))
    return len(records)


def draw(random: Random, paper: Paper, name: str) -> CheckedFile:
    if paper.kind == RecordKind.IMAGING:
        return draw_xray(random, name, chest="Chest" in paper.title)
    day = f"{today() - timedelta(days=paper.days):%d %b %Y}"
    return draw_report(paper.house, paper.title, name, day, paper.rows, paper.form)


def keep(patient: Patient, by: User, paper: Paper, checked: CheckedFile) -> MedicalRecord:
    with checked.content:
        stored = store_private(checked, FOLDER)
    return MedicalRecord.objects.create(
        patient=patient,
        kind=paper.kind,
        title=paper.title,
        dated=today() - timedelta(days=paper.days),
        notes=paper.notes,
        file=stored,
        original_name=f"{paper.title.lower().replace(' ', '-')}{checked.extension}",
        content_type=checked.content_type,
        size=checked.size,
        sha256=checked.sha256,
        width=checked.width,
        height=checked.height,
        pages=checked.pages,
        uploaded_by=by,
        created_at=timezone.now() - timedelta(days=paper.days - 1, hours=3),
    )


def added(records: list[MedicalRecord]) -> Iterator[TrailEntry]:
    for record in records:
        yield noted(Action.ADDED, record, record.uploaded_by, record.created_at, own(record))


def share_of_family(records: list[MedicalRecord], account: User) -> Iterator[TrailEntry]:
    """The family lets its own doctors read: a report or a summary for weeks, an X-ray for the days of a visit, and a
    file that was put to a visit to come."""
    for record in records:
        if record.uploaded_by != account:
            continue
        visits = CareRelationship.objects.filter(patient=record.patient).select_related("doctor__user")
        past = visits.filter(visit_at__gt=record.created_at, visit_at__lt=timezone.now()).order_by("visit_at").first()
        coming = visits.filter(visit_at__gt=timezone.now()).order_by("visit_at").first()
        if record.title == "Blood count after the fever" and coming is not None:
            yield put_to(record, coming, account)
        elif past is not None and record.kind in (RecordKind.LAB_REPORT, RecordKind.DISCHARGE_SUMMARY):
            at, read_at = past.visit_at - timedelta(hours=20), past.visit_at + timedelta(minutes=3)
            given = grant(record, past.doctor, account, at, timezone.now() + timedelta(days=45))
            yield from told(given, record, past.doctor, account, at, read_at=read_at)
        elif past is not None and record.kind == RecordKind.IMAGING:
            at, read_at = past.visit_at - timedelta(hours=3), past.visit_at + timedelta(minutes=6)
            yield from told(None, record, past.doctor, account, at, read_at=read_at)
            ended = min(past.visit_at + timedelta(days=2), timezone.now())
            yield noted(Action.REVOKED, record, account, ended, own(record), code=f"doctor:{past.doctor_id}")


def put_to(record: MedicalRecord, care: CareRelationship, account: User) -> TrailEntry:
    """Put to a visit to come, an hour ago: its doctor reads it while the care lasts."""
    at = timezone.now() - timedelta(hours=1)
    AttachedRecord.objects.create(record=record, source=care.source, attached_by=account)
    grant(record, care.doctor, account, at, care.valid.upper, source=care.source)
    entry = noted(Action.SHARED, record, account, at, own(record), code="appointment")
    entry.ground_id = str(care.source)
    return entry


def share_with(records: list[MedicalRecord], doctor: Doctor, account: User) -> Iterator[TrailEntry]:
    """Patients of the demo's own doctor let the doctor read: one record each, the last one all of its kind."""
    theirs = [record for record in records if record.uploaded_by != account]
    for number, record in enumerate(theirs):
        at = record.created_at + timedelta(hours=1)
        until = timezone.now() + timedelta(days=30 + 15 * number)
        if record == theirs[-1]:
            permission = permission_to(kind_permission(record.kind))
            PatientGrant.objects.create(
                content_object=record.patient,
                user=doctor.user,
                permission=permission,
                granted_at=at,
                expires_at=until,
                granted_by=record.uploaded_by,
            )
            wide = noted(Action.SHARED, record, record.uploaded_by, at, Ground.SELF, code=f"doctor:{doctor.pk}")
            wide.about, wide.about_id = "patients.patient", str(record.patient_id)
            yield wide
        else:
            given = grant(record, doctor, record.uploaded_by, at, until)
            yield from told(given, record, doctor, record.uploaded_by, at, read_at=at + timedelta(hours=5))


def grant(
    record: MedicalRecord, doctor: Doctor, by: User, at: datetime, until: datetime, *, source: object = None
) -> RecordGrant:
    return RecordGrant.objects.create(
        content_object=record,
        user=doctor.user,
        permission=permission_to("view_medicalrecord"),
        granted_at=at,
        expires_at=until,
        granted_by=by,
        source=source,
    )


def permission_to(codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label="patients", codename=codename)


def told(
    given: RecordGrant | None, record: MedicalRecord, doctor: Doctor, by: User, at: datetime, *, read_at: datetime
) -> Iterator[TrailEntry]:
    """That it was shared, and that the doctor looked at it where that is past."""
    key = str(given.pk) if given else ""
    shared = noted(Action.SHARED, record, by, at, own(record), code=f"doctor:{doctor.pk}")
    shared.ground_id = key
    yield shared
    if read_at < timezone.now():
        read = noted(Action.READ, record, doctor.user, read_at, Ground.SHARE)
        read.ground_id = key
        yield read


def own(record: MedicalRecord) -> Ground:
    return Ground.SELF if record.patient.user_id == record.uploaded_by_id else Ground.GUARDIAN


def noted(
    action: Action, record: MedicalRecord, by: User, at: datetime, ground: Ground, *, code: str = ""
) -> TrailEntry:
    return TrailEntry(
        at=at,
        by=by,
        action=action,
        about="patients.medicalrecord",
        about_id=str(record.pk),
        subject=record.patient_id,
        ground=ground,
        code=code,
        address="127.0.0.1",
    )
