"""Documents in patients' records, handed in through the service that the pages call."""

from datetime import date
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import User
from config.files import checked_upload
from patients.models import MedicalRecord, Patient, RecordKind
from patients.services import About, add_record
from tests.documents import pdf


def handed_in(
    patient: Patient, data: bytes | None = None, *, name: str = "report.pdf", by: User | None = None, **about: Any
) -> MedicalRecord:
    """A document that the patient's own user handed in, unless given; a lab report of one page."""
    checked = checked_upload(SimpleUploadedFile(name, data or pdf(str(MedicalRecord.objects.count()))))
    facts = {"kind": RecordKind.LAB_REPORT, "title": "Blood count", "dated": date(2026, 3, 4)} | about
    user = by or patient.user
    assert user
    record, _new = add_record(patient, checked, About(**facts), original_name=name, by=user)
    return record
