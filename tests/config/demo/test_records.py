"""The demo's documents are there to be opened, shared as the services would have it, and nothing of it lies ahead."""

from datetime import timedelta
from random import Random

import pytest
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import Action, TrailEntry, User
from config.demo.records import FAMILY, OF_THE_DOCTOR, keep_records
from config.files import private_storage
from patients.models import AttachedRecord, MedicalRecord, Patient, RecordGrant
from tests.factories.patients import CareRelationshipFactory, GuardianshipFactory, PatientFactory

pytestmark = pytest.mark.django_db


def test_documents_are_kept_shared_and_looked_at(patient: User, doctor: User) -> None:
    family = [patient.patient, *(GuardianshipFactory(guardian=patient).patient for _ in FAMILY[1:])]
    now = timezone.now()
    for person in family:
        for days in (-3, 5):
            visit_at = now + timedelta(days=days)
            valid = DateTimeTZRange(visit_at - timedelta(days=9), visit_at + timedelta(days=60))
            CareRelationshipFactory(patient=person, visit_at=visit_at, valid=valid)
    for other in PatientFactory.create_batch(len(OF_THE_DOCTOR)):
        CareRelationshipFactory(patient=other, doctor=doctor.doctor)

    made = keep_records(Random(1), patient, doctor.doctor)

    assert made == MedicalRecord.objects.count() == sum(map(len, FAMILY)) + len(OF_THE_DOCTOR)
    for record in MedicalRecord.objects.all():
        with private_storage().open(record.file) as kept:
            assert len(kept.read()) == record.size
    assert set(MedicalRecord.objects.values_list("patient", flat=True)) == set(
        Patient.objects.values_list("pk", flat=True)
    )
    readable = MedicalRecord.objects.shared_with(doctor)
    assert readable.count() == len(OF_THE_DOCTOR)
    # What is put to a visit goes with it; all else was given by hand.
    attached = AttachedRecord.objects.get()
    assert RecordGrant.objects.get(source=attached.source).content_object == attached.record
    rows = TrailEntry.objects.filter(about__startswith="patients.")
    assert {Action.ADDED, Action.SHARED, Action.READ, Action.REVOKED} == set(rows.values_list("action", flat=True))
    assert not rows.filter(at__gt=timezone.now()).exists()
    given = set(map(str, RecordGrant.objects.filter(source=None).values_list("pk", flat=True)))
    assert given <= set(rows.filter(action=Action.SHARED).values_list("ground_id", flat=True))
