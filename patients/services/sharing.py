"""Consent: what a patient lets a doctor read, until when; and what a doctor reads because of an appointment.

Lock order: patients, then records, then grants. Whoever reads because of a grant holds the grant's row until the read
is on the trail, so once a revocation is done nobody reads by what was revoked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib.auth.models import Permission
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Action, Ground, Kind, Notification, User
from accounts.services import notify
from accounts.trail import write_trail
from doctors.models import Doctor
from patients.errors import DoctorNotThere, RecordGone, ShareNotBounded, TooManyAttached
from patients.models import (
    LONGEST_SHARE,
    AttachedRecord,
    CareRelationship,
    MedicalRecord,
    Patient,
    PatientGrant,
    RecordGrant,
    kind_permission,
)
from patients.models.sharing import GrantQuerySet
from patients.rules import ground_of

MOST_ATTACHED = 5
# A patient who shares three reports in a row is one piece of news to the doctor.
ONE_PIECE_OF_NEWS = timedelta(hours=1)


@transaction.atomic
def share_record(record: MedicalRecord, doctor: Doctor, *, until: datetime, by: User) -> RecordGrant:
    """Let a doctor read one record until then, and tell the doctor; shared again, the later word counts.

    Locks the record. Raises RecordGone, DoctorNotThere, ShareNotBounded.
    """
    record = _locked(record)
    return _share(RecordGrant, record, "view_medicalrecord", record.patient_id, doctor, until, by)


@transaction.atomic
def share_kind(patient: Patient, doctor: Doctor, *, kind: str, until: datetime, by: User) -> PatientGrant:
    """Let a doctor read all of a patient's records of this kind, those to come included; of every kind with "".

    The doctor is told.
    Raises DoctorNotThere, ShareNotBounded.
    """
    return _share(PatientGrant, patient, kind_permission(kind), patient.pk, doctor, until, by)


def _share[G: (RecordGrant, PatientGrant)](
    model: type[G], on: MedicalRecord | Patient, codename: str, subject: UUID, doctor: Doctor, until: datetime, by: User
) -> G:
    now = timezone.now()
    if not now < until <= now + LONGEST_SHARE:
        raise ShareNotBounded
    if not Doctor.objects.public().filter(pk=doctor.pk).exists():
        raise DoctorNotThere
    permission = Permission.objects.get(content_type__app_label="patients", codename=codename)
    grant: G = model.objects.update_or_create(
        content_object=on,
        user_id=doctor.user_id,
        permission=permission,
        source=None,
        defaults={"expires_at": until, "granted_at": now, "granted_by": by},
    )[0]
    _note(Action.SHARED, grant, doctor, subject, by)
    _tell(doctor, subject)
    return grant


def _tell(doctor: Doctor, subject: UUID) -> None:
    """Who shares, and where to read it; what it is and until when stands only behind the doctor's sign-in."""
    path = reverse("patients:shared_with_me", args=[subject])
    told = Notification.objects.filter(user=doctor.user_id, kind=Kind.RECORDS_SHARED, facts__path=path)
    if told.filter(created_at__gt=timezone.now() - ONE_PIECE_OF_NEWS).exists():
        return
    patient = Patient.objects.get(pk=subject)
    facts = {"patient": patient.name, "path": path}
    notify(User.objects.get(pk=doctor.user_id), Kind.RECORDS_SHARED, facts=facts)


def _note(action: Action, grant: RecordGrant | PatientGrant, doctor: Doctor, subject: UUID, by: User | None) -> None:
    """About what was shared, because of which grant, with whom."""
    write_trail(
        action,
        by=by,
        about=grant.content_object,
        subject=subject,
        ground=ground_of(by, subject) if by else Ground.SYSTEM,
        ground_id=grant.pk,
        code=f"doctor:{doctor.pk}",
    )


@transaction.atomic
def revoke_share(grant: RecordGrant | PatientGrant, *, by: User) -> bool:
    """Take back what was shared: it is gone at the doctor's next request. False where it was gone already.

    What came with an appointment is taken from the appointment. Takes a grant as `for_list` gives it.
    """
    gone, _each = type(grant).objects.filter(pk=grant.pk).delete()
    if not gone:
        return False
    if grant.source and isinstance(grant, RecordGrant):
        AttachedRecord.objects.filter(record=grant.content_object_id, source=grant.source).delete()
    _note(Action.REVOKED, grant, grant.user.doctor, subject_of(grant), by)
    return True


@contextmanager
def held_grants(by: User, **which: object) -> Iterator[None]:
    """While the block runs nobody takes back what `by` reads by: what is listed, and the line on the trail that says
    so, are one. `which` narrows down the grants of single records, with `patient` also those of a patient's."""
    patient = which.pop("patient", None)
    alone = RecordGrant.objects.filter(user=by, **which)
    with transaction.atomic():
        if patient is not None:
            alone = alone.filter(content_object__patient=patient)
            _hold(PatientGrant.objects.filter(user=by, content_object=patient))
        _hold(alone)
        yield


def _hold(grants: GrantQuerySet[Any]) -> None:
    list(grants.live().order_by("pk").select_for_update(no_key=True, of=("self",)).values_list("pk"))


def subject_of(grant: RecordGrant | PatientGrant) -> UUID:
    """The patient whose records these are."""
    subject: UUID = grant.content_object_id if isinstance(grant, PatientGrant) else grant.content_object.patient_id
    return subject


def remove_past_grants() -> int:
    """Tidy away what nobody can read by any more."""
    return sum(model.objects.past().delete()[0] for model in (RecordGrant, PatientGrant))


# Appointments ----------------------------------------------------------------------------------------------------


@transaction.atomic
def attach_record(record: MedicalRecord, *, source: UUID, by: User) -> AttachedRecord:
    """Put a record to an appointment of the same patient: its doctor reads it from the confirmation on, while the care
    for it lasts.

    The caller has made sure that the appointment is the patient's. Locks the record. Raises RecordGone, and
    TooManyAttached at the sixth.
    """
    patient = Patient.objects.select_for_update(no_key=True).get(pk=record.patient_id)
    record = _locked(record)
    others = AttachedRecord.objects.filter(source=source).exclude(record=record)
    if others.count() >= MOST_ATTACHED:
        raise TooManyAttached
    attached, new = AttachedRecord.objects.get_or_create(source=source, record=record, defaults={"attached_by": by})
    if new:
        write_trail(
            Action.SHARED,
            by=by,
            about=record,
            subject=patient.pk,
            ground=ground_of(by, patient.pk),
            ground_id=source,
            code="appointment",
        )
    for care in CareRelationship.objects.current().filter(source=source, patient=patient).select_related("doctor"):
        lend_attached(care.doctor, source=source, until=care.valid.upper)
    return attached


@transaction.atomic
def detach_record(attached: AttachedRecord, *, by: User) -> None:
    """Take a record from its appointment; the record stays. Takes the attachment with its record."""
    record = attached.record
    AttachedRecord.objects.filter(pk=attached.pk).delete()
    RecordGrant.objects.filter(content_object=record, source=attached.source).delete()
    write_trail(
        Action.REVOKED,
        by=by,
        about=record,
        subject=record.patient_id,
        ground=ground_of(by, record.patient_id),
        ground_id=attached.source,
        code="appointment",
    )


def lend_attached(doctor: Doctor, *, source: UUID, until: datetime) -> None:
    """Let the doctor read what is put to this appointment, until then; asked again, the new end counts.

    The caller holds the appointment's locks, or the patient's.
    """
    now = timezone.now()
    attached = list(AttachedRecord.objects.filter(source=source))
    if not attached or until <= now:
        return
    permission = Permission.objects.get(content_type__app_label="patients", codename="view_medicalrecord")
    grants = [
        RecordGrant(
            content_object_id=each.record_id,
            user_id=doctor.user_id,
            permission=permission,
            source=source,
            expires_at=until,
            granted_at=now,
            granted_by_id=each.attached_by_id,
        )
        for each in attached
    ]
    # A move may lead to another doctor; what the first one read by is over.
    RecordGrant.objects.filter(source=source).delete()
    RecordGrant.objects.bulk_create(grants)


def take_back_attached(source: UUID) -> None:
    """The appointment is off: its doctor reads no more because of it. What was shared by hand stays."""
    grants = list(RecordGrant.objects.filter(source=source).for_list())
    for grant in grants:
        _note(Action.REVOKED, grant, grant.user.doctor, subject_of(grant), None)
    RecordGrant.objects.filter(pk__in=[grant.pk for grant in grants]).delete()


def _locked(record: MedicalRecord) -> MedicalRecord:
    locked = MedicalRecord.objects.select_for_update(no_key=True).filter(pk=record.pk).first()
    if locked is None:
        raise RecordGone
    return locked
