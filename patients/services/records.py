"""Keeping documents, opening them and letting them go.

No file is without a record or a row that says it must go, and no record without its file, wherever a process is killed:
the row comes before the file, and goes in the transaction that makes the record. Nobody reads before it is on the
trail, and nobody reads by a right that was taken back before.
"""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from config.files import CheckedFile, private_name, private_storage, store_private
from config.queue import send_on_commit
from config.tries import attempt, try_again_at
from patients import rules
from patients.errors import Changed, QuotaFull, RecordGone
from patients.models import FileToRemove, Guardianship, MedicalRecord, Patient

log = structlog.get_logger()

FOLDER = "records"
# Longer than any upload that still gets its record; what is older was broken off.
BROKEN_OFF_AFTER = timedelta(hours=2)
# Waits between tries to remove a file, the last of them again and again: a file that must go is never forgotten.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 10, 60, 360))


@dataclass(frozen=True, slots=True)
class About:
    """What a person says of a document."""

    kind: str
    title: str
    dated: date
    notes: str = ""


def add_record(
    patient: Patient, checked: CheckedFile, about: About, *, original_name: str, by: User, source: UUID | None = None
) -> tuple[MedicalRecord, bool]:
    """Keep a document of the patient; the same file once more is the record that is there, and False.

    The caller has made sure that `by` acts for the patient. Raises QuotaFull. Closes the checked file. Locks the
    patient while the record is written, after the file is stored: two uploads at the edge of the quota do not both fit.
    """
    with closing(checked.content):
        _make_room(patient, checked)
        name = private_name(checked, FOLDER)
        FileToRemove.objects.create(name=name, due_at=timezone.now() + BROKEN_OFF_AFTER)
        try:
            store_private(checked, FOLDER, name=name)
            return _write_record(patient, checked, about, name, original_name, by, source)
        except BaseException:
            _remove_soon(name)
            raise


@transaction.atomic
def _write_record(
    patient: Patient,
    checked: CheckedFile,
    about: About,
    name: str,
    original_name: str,
    by: User,
    source: UUID | None,
) -> tuple[MedicalRecord, bool]:
    patient = Patient.objects.select_for_update(no_key=True).get(pk=patient.pk)
    there = MedicalRecord.objects.filter(patient=patient, sha256=checked.sha256).first()
    if there is not None:
        _remove_soon(name)
        return there, False
    _make_room(patient, checked)
    stored = FileToRemove.objects.select_for_update().filter(name=name, attempts=0).first()
    if stored is None:
        # It took so long that the file is being removed.
        raise Changed
    stored.delete()
    record = MedicalRecord.objects.create(
        patient=patient,
        kind=about.kind,
        title=about.title,
        dated=about.dated,
        notes=about.notes,
        file=name,
        original_name=original_name,
        content_type=checked.content_type,
        size=checked.size,
        sha256=checked.sha256,
        width=checked.width,
        height=checked.height,
        pages=checked.pages,
        uploaded_by=by,
        source=source,
    )
    ground = rules.ground_of(by, patient.pk)
    write_trail(Action.ADDED, by=by, about=record, subject=patient.pk, ground=ground)
    return record, True


def quota() -> int:
    """How many bytes of records a patient may keep."""
    return settings.RECORDS_QUOTA_MB * 1024 * 1024


def _make_room(patient: Patient, checked: CheckedFile) -> None:
    records = MedicalRecord.objects.filter(patient=patient)
    if records.size() + checked.size > quota() and not records.filter(sha256=checked.sha256).exists():
        raise QuotaFull


@transaction.atomic
def change_record(record: MedicalRecord, about: About, *, by: User) -> MedicalRecord:
    """Say something else of a document. Who was given its old kind no longer reads it, who was given its new kind does.

    Locks the record. Raises RecordGone.
    """
    record = _locked(record)
    record.kind, record.title, record.dated, record.notes = about.kind, about.title, about.dated, about.notes
    record.save(update_fields=["kind", "title", "dated", "notes"])
    write_trail(Action.CHANGED, by=by, about=record, subject=record.patient_id, ground=_ground(by, record))
    return record


@transaction.atomic
def remove_record(record: MedicalRecord, *, by: User | None) -> None:
    """Let a document go, with whatever was shared of it; its file goes once that is durable.

    Locks the record: somebody who is about to share it is told that it is gone. Raises RecordGone. `by` is None where
    the portal itself removes it.
    """
    record = _locked(record)
    ground = _ground(by, record) if by else Ground.SYSTEM
    write_trail(Action.REMOVED, by=by, about=record, subject=record.patient_id, ground=ground)
    record.delete()
    _remove_soon(record.file)


def _locked(record: MedicalRecord) -> MedicalRecord:
    locked = MedicalRecord.objects.select_for_update().filter(pk=record.pk).first()
    if locked is None:
        raise RecordGone
    return locked


def _ground(by: User, record: MedicalRecord) -> Ground:
    return rules.ground_of(by, record.patient_id)


# Reading ---------------------------------------------------------------------------------------------------------


@transaction.atomic
def note_read(record: MedicalRecord, *, by: User, action: Action = Action.READ) -> bool:
    """Put it on the trail that `by` is about to read this record; False where nothing allows it.

    To be called before anything of it is shown; an error of the database goes up, and the read is refused. A grant is
    held until the trail is written: once its revocation has returned, this answers False.
    """
    reason = rules.reason_to_read(by, record, lock=True)
    if reason is None:
        return False
    write_trail(
        action,
        by=by,
        about=record,
        subject=record.patient_id,
        ground=reason.ground,
        ground_id=reason.ground_id,
    )
    return True


def note_listed(records: Iterable[MedicalRecord], *, by: User) -> None:
    """Put it on the trail, a line for each patient, that a guardian is about to see what their documents are called;
    of one's own nothing is written. Takes records with their patient.

    Raises PermissionDenied where `by` acts for one of them no more: who ends that waits for the line.
    """
    others = {record.patient_id for record in records if record.patient.user_id != by.pk}
    if others:
        _note_listed(others, by)


@transaction.atomic
def _note_listed(patients: set[UUID], by: User) -> None:
    rows = Guardianship.objects.current().filter(guardian=by, patient__in=patients).order_by("pk")
    bonds = {bond.patient_id: bond for bond in rows.select_for_update(no_key=True, of=("self",))}
    if bonds.keys() != patients:
        raise PermissionDenied
    for patient, bond in bonds.items():
        write_trail(
            Action.READ, by=by, about="patients.records", subject=patient, ground=Ground.GUARDIAN, ground_id=bond.pk
        )


# Files that must go ----------------------------------------------------------------------------------------------


def _remove_soon(name: str) -> None:
    from patients.tasks import remove_file

    file, _new = FileToRemove.objects.update_or_create(name=name, defaults={"due_at": timezone.now()})
    send_on_commit(remove_file, file.pk)


def remove_file(file_id: int) -> bool:
    """Remove a file that is due from private storage; False if another worker did, or it failed and is due again.

    Claims the row by putting its next turn off, so that a worker that dies leaves it due. A file that a record has is
    never removed.
    """
    with transaction.atomic():
        file = FileToRemove.objects.due().select_for_update(skip_locked=True).filter(pk=file_id).first()
        if file is None:
            return False
        if MedicalRecord.objects.filter(file=file.name).exists():
            log.error("file_of_a_record_was_to_go", file=file.pk)
            file.delete()
            return False
        file.attempts += 1
        file.due_at = try_again_at(BACKOFF, file.attempts)
        file.save(update_fields=["due_at", "attempts"])
    about = {"file": file.pk, "attempts": file.attempts}
    tried = attempt(
        lambda: private_storage().delete(file.name), "file_not_removed", backoff=BACKOFF, tries=file.attempts, **about
    )
    if tried.failure:
        return False
    file.delete()
    return True
