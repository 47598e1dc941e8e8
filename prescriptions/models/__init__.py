"""What a doctor writes about a visit and prescribes after it."""

from prescriptions.models.notes import LONGEST_PART, PARTS, SHARED_PARTS, NoteVersion, VisitNote

__all__ = ["LONGEST_PART", "PARTS", "SHARED_PARTS", "NoteVersion", "VisitNote"]
