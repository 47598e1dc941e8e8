"""What the prescriptions' room does."""

from prescriptions.services.notes import read_note, save_note

__all__ = ["read_note", "save_note"]
