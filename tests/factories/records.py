"""Medical records, and what doctors were given of them."""

from datetime import timedelta
from hashlib import sha256

import factory
from django.contrib.auth.models import Permission
from django.utils import timezone
from factory.django import DjangoModelFactory

from patients.models import MedicalRecord, PatientGrant, RecordGrant, RecordKind, kind_permission
from tests.factories.doctors import DoctorFactory
from tests.factories.patients import PatientFactory


class MedicalRecordFactory(DjangoModelFactory[MedicalRecord]):
    """A lab report of a patient with a user. There is no file behind it: tests of files upload one."""

    class Meta:
        model = MedicalRecord

    patient = factory.SubFactory(PatientFactory)
    kind = RecordKind.LAB_REPORT
    title = factory.Sequence(lambda n: f"Blood count {n}")
    dated = factory.LazyFunction(lambda: timezone.localdate() - timedelta(days=3))
    file = factory.Sequence(lambda n: f"records/none-{n}.pdf")
    original_name = "report.pdf"
    content_type = "application/pdf"
    size = 1000
    sha256 = factory.Sequence(lambda n: sha256(str(n).encode()).hexdigest())
    uploaded_by = factory.LazyAttribute(lambda record: record.patient.user)


def permission_to(codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label="patients", codename=codename)


class RecordGrantFactory(DjangoModelFactory[RecordGrant]):
    """A doctor may read one record, for a week from now; `doctor=` a Doctor."""

    class Meta:
        model = RecordGrant

    class Params:
        doctor = factory.SubFactory(DoctorFactory)

    content_object = factory.SubFactory(MedicalRecordFactory)
    user = factory.LazyAttribute(lambda grant: grant.doctor.user)
    permission = factory.LazyFunction(lambda: permission_to("view_medicalrecord"))
    granted_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda grant: grant.granted_at + timedelta(days=7))
    granted_by = factory.LazyAttribute(lambda grant: grant.content_object.patient.user)


class PatientGrantFactory(DjangoModelFactory[PatientGrant]):
    """A doctor may read all records of a patient, or with `kind=` those of one kind, for a week from now."""

    class Meta:
        model = PatientGrant

    class Params:
        doctor = factory.SubFactory(DoctorFactory)
        kind = ""

    content_object = factory.SubFactory(PatientFactory)
    user = factory.LazyAttribute(lambda grant: grant.doctor.user)
    permission = factory.LazyAttribute(lambda grant: permission_to(kind_permission(grant.kind)))
    granted_at = factory.LazyFunction(timezone.now)
    expires_at = factory.LazyAttribute(lambda grant: grant.granted_at + timedelta(days=7))
    granted_by = factory.LazyAttribute(lambda grant: grant.content_object.user)
