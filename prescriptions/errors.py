"""What the prescriptions' room says no to, in words for the person who asked."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError

if TYPE_CHECKING:
    from prescriptions.models import VisitNote


class NoteClosed(DomainError):
    message = _("Nothing can be written about this visit: it did not take place.")


class NoteChanged(DomainError):
    """Carries the note as it is now."""

    message = _("This note was saved elsewhere in the meantime. Please compare before you save.")

    def __init__(self, note: "VisitNote") -> None:
        super().__init__()
        self.note = note
