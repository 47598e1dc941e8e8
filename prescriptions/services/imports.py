"""Importing a file: looked at first, then written in batches by a worker, each of which is whole or not there."""

from collections.abc import Sequence
from datetime import date
from itertools import islice
from tempfile import NamedTemporaryFile
from time import monotonic
from uuid import UUID, uuid4

import structlog
from django.core.files.base import File
from django.core.files.uploadedfile import UploadedFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from config.db import lock
from config.files import private_storage, remove_private
from config.queue import send_on_commit
from config.tables import BadFile, Refused, unpack
from prescriptions.models import Import, ImportKind, ImportStatus, ReferenceSet, RefusedRow
from prescriptions.models.imports import MOST_REFUSED_KEPT
from prescriptions.rows import InteractionRow, MedicineRow, Table
from prescriptions.services.medicines import Written, write_interactions, write_medicines

log = structlog.get_logger()

BATCH = 2000
PREVIEW_ROWS = 20
# A run that takes longer hands over to the next, so that the queue of bulk work is shared.
RUN_SECONDS = 60
# A million rows take about a tenth of it.
MOST_BYTES = 1024 * 1024 * 1024


class NotRunning(BadFile):
    message = _("This import is not waiting to be started any more.")


def take_file(upload: "UploadedFile[bytes]", *, kind: ImportKind, source: str, as_of: date, by: User) -> Import:
    """Keep the file, unpacked if it came as .gz, for somebody to look at its first rows. Nothing is written yet.

    Raises BadFile for a file that is not of this kind, or too large.
    """
    with NamedTemporaryFile(suffix=".csv") as plain:
        size, _digest = unpack(upload, plain, most=MOST_BYTES, too_large=_("This file is larger than 1 GB."))
        Table(plain, kind).begin()
        plain.seek(0)
        name = private_storage().save(f"imports/{uuid4().hex}.csv", File(plain))
    return Import.objects.create(
        kind=kind, file=name, original_name=(upload.name or "")[:200], size=size, source=source, as_of=as_of, by=by
    )


def preview(imported: Import) -> list[tuple[int, list[str], str]]:
    """The first rows: their line, their values as they were understood, and the code of a refusal."""
    with private_storage().open(imported.file) as stream:
        table = Table(stream, imported.kind)
        table.begin()
        return [
            (line, [text.strip()[:200]], str(row)) if isinstance(row, Refused) else (line, _values(row), "")
            for line, text, row in islice(table.rows(), PREVIEW_ROWS)
        ]


def _values(row: MedicineRow | InteractionRow) -> list[str]:
    values = (getattr(row, name) for name in row.__slots__)
    return [" | ".join(value) if isinstance(value, tuple) else value for value in values]


@transaction.atomic
def start_import(imported: Import) -> None:
    """Let a worker write it. Raises NotRunning if somebody started or discarded it meanwhile."""
    from prescriptions.tasks import run_import

    imported = lock(Import.objects.all(), [imported.pk])[imported.pk]
    if imported.status != ImportStatus.PREVIEW:
        raise NotRunning
    imported.status = ImportStatus.RUNNING
    imported.save(update_fields=["status"])
    send_on_commit(run_import, str(imported.pk))


@transaction.atomic
def discard_import(imported: Import) -> None:
    """Drop a file that was only looked at. Raises NotRunning if it was started meanwhile."""
    imported = lock(Import.objects.all(), [imported.pk])[imported.pk]
    if imported.status != ImportStatus.PREVIEW:
        raise NotRunning
    imported.status, imported.finished_at = ImportStatus.DISCARDED, timezone.now()
    imported.save(update_fields=["status", "finished_at"])
    remove_private(imported.file)


def run_import(key: UUID, *, seconds: float = RUN_SECONDS) -> bool:
    """Write batches for so long, from where the last one ended; whether there is more to do.

    Each batch and how far it went are one transaction: a worker that dies in the middle of one has written nothing of
    it, and the next begins there. One that another worker holds is left to it.
    """
    until = monotonic() + seconds
    while (more := _run_batch(key)) and monotonic() < until:
        pass
    return more


@transaction.atomic
def _run_batch(key: UUID) -> bool:
    imported = Import.objects.unfinished().filter(pk=key).select_for_update(skip_locked=True).first()
    if imported is None:
        return False
    try:
        read = imported.read_on(Table, kind=imported.kind, most=BATCH)
    except (BadFile, OSError) as broken:
        return _break_off(imported, broken)
    good = [row for _line, _text, row in read if not isinstance(row, Refused)]
    places = [place for place, (_line, _text, row) in enumerate(read) if not isinstance(row, Refused)]
    with transaction.atomic():
        done = _write(imported, good)
    refused = {place: str(row) for place, (_line, _text, row) in enumerate(read) if isinstance(row, Refused)}
    refused |= {places[place]: code for place, code in done.refused.items()}
    _report(imported, [(read[place][0], read[place][1], code) for place, code in sorted(refused.items())])
    imported.added += done.added
    imported.known += done.known
    imported.refused += len(refused)
    if len(read) < BATCH:
        _finish(imported)
    imported.save()
    return imported.status == ImportStatus.RUNNING


def _write(imported: Import, rows: Sequence[MedicineRow | InteractionRow]) -> Written:
    if imported.kind == ImportKind.MEDICINES:
        medicines = [row for row in rows if isinstance(row, MedicineRow)]
        return write_medicines(medicines, source=imported.source[:80], imported_in=imported)
    return write_interactions([row for row in rows if isinstance(row, InteractionRow)], imported_in=imported)


def _report(imported: Import, refused: Sequence[tuple[int, str, str]]) -> None:
    room = max(0, MOST_REFUSED_KEPT - imported.refused)
    RefusedRow.objects.bulk_create(
        [
            RefusedRow(of=imported, line=line, code=code, text=text.replace("\0", "").strip()[:300])
            for line, text, code in refused[:room]
        ]
    )


def _finish(imported: Import) -> None:
    imported.status, imported.finished_at = ImportStatus.DONE, timezone.now()
    facts = {"source": imported.source, "as_of": imported.as_of, "is_starter": False, "loaded_at": timezone.now()}
    if imported.added or imported.known:
        ReferenceSet.objects.update_or_create(kind=imported.kind, defaults=facts)
    remove_private(imported.file)
    log.info("import_finished", imported=str(imported.pk), added=imported.added, refused=imported.refused)


def _break_off(imported: Import, why: Exception) -> bool:
    """What was written stays; the rest of the file cannot be read."""
    imported.break_off(why)
    imported.save(update_fields=["status", "finished_at", "error"])
    log.warning("import_broke_off", imported=str(imported.pk), error=type(why).__name__)
    return False
