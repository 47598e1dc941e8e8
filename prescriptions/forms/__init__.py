"""What doctors type."""

from prescriptions.forms.notes import NoteForm

__all__ = ["NoteForm"]
