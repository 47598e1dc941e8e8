"""Writing a visit's note: as one types, from one tab or two, with nothing lost."""

from collections.abc import Mapping
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Action, Ground, User
from accounts.trail import write_trail
from appointments.models import Appointment, Status
from config.db import constraint_name, lock
from prescriptions.errors import NoteChanged, NoteClosed
from prescriptions.models import PARTS, NoteVersion, VisitNote
from prescriptions.models.notes import KEPT_AFTER
from prescriptions.rules import HAPPENS


@transaction.atomic
def save_note(visit: Appointment, words: Mapping[str, str], *, seen: int, tab: UUID, by: User) -> VisitNote:
    """Put these words into the note, if `seen` is the version that stands there; the same words again change nothing.

    What it said before is kept as a version if that stood for a minute, came from another tab, or could be read by
    others because the visit was over.
    The first save and every one that keeps a version stand in the trail. Locks the note. Raises NoteClosed, and
    NoteChanged with the note as it is: unless the last save came from the same tab, whose answer was lost on the way.
    """
    if visit.status not in HAPPENS:
        raise NoteClosed
    words = {part: words[part] for part in PARTS}
    note = _locked(visit)
    if note is None:
        note = _begun(visit, words, tab=tab, by=by)
        if note is not None:
            write_trail(
                Action.ADDED, by=by, about=note, subject=visit.patient_id, ground=Ground.CARE, ground_id=visit.pk
            )
            return note
        note = _locked(visit)
        assert note is not None
    if note.words == words:
        return note
    answer_was_lost = note.tab == tab and seen == note.version - 1
    if seen != note.version and not answer_was_lost:
        raise NoteChanged(note)
    now = timezone.now()
    if visit.status == Status.COMPLETED or note.tab != tab or now - note.saved_at >= KEPT_AFTER:
        NoteVersion.objects.create(
            note=note, number=note.version, saved_at=note.saved_at, saved_by=note.saved_by, **note.words
        )
        write_trail(Action.CHANGED, by=by, about=note, subject=visit.patient_id, ground=Ground.CARE, ground_id=visit.pk)
    for part, text in words.items():
        setattr(note, part, text)
    note.version, note.tab, note.saved_at, note.saved_by = note.version + 1, tab, now, by
    note.save()
    return note


def _locked(visit: Appointment) -> VisitNote | None:
    return lock(VisitNote.objects.select_related("saved_by"), [visit.pk]).get(visit.pk)


def _begun(visit: Appointment, words: Mapping[str, str], *, tab: UUID, by: User) -> VisitNote | None:
    """The note's first words; None if another save was faster."""
    try:
        with transaction.atomic():
            return VisitNote.objects.create(appointment=visit, tab=tab, saved_at=timezone.now(), saved_by=by, **words)
    except IntegrityError as error:
        if constraint_name(error) != "prescriptions_visitnote_pkey":
            raise
        return None


def read_note(
    visit: Appointment, parts: tuple[str, ...], *, by: User, ground: Ground, ground_id: object
) -> VisitNote | None:
    """The note, if there is something in it that may be read, and that `by` is about to see it stands in the trail.

    The one door to a note: what cannot be written down is not read, for the database's error goes up.
    """
    note = VisitNote.objects.filter(pk=visit.pk).first() if parts else None
    if note is None or not any(note.words[part] for part in parts):
        return note
    write_trail(Action.READ, by=by, about=note, subject=visit.patient_id, ground=ground, ground_id=ground_id)
    return note
