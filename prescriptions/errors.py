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


class VisitClosed(DomainError):
    message = _("Nothing can be prescribed for this visit: it did not take place.")


class DraftChanged(DomainError):
    message = _("This prescription was saved elsewhere in the meantime. Load the page anew to see it.")


class TooManyItems(DomainError):
    message = _("Twelve medicines fit on one prescription. Take one away first.")


class NothingBefore(DomainError):
    message = _("You have not prescribed anything to this patient before.")


class TemplateNamed(DomainError):
    message = _("You have a template of this name already.")


class NotComplete(DomainError):
    message = _("Every medicine needs a dose that is understood, and for how many days. Go back and put it right.")


class NeedsReasons(DomainError):
    message = _("A severe warning has no reason yet. Say why you go on, or change the prescription.")


class NoKey(DomainError):
    status = 503
    message = _("Prescriptions cannot be signed just now. Please tell the portal.")


class IllegalState(DomainError):
    message = _("This prescription has changed in the meantime. Please look at it again.")


class OrderChanged(DomainError):
    message = _("This order has changed in the meantime. Please look at it again.")


class OtherDraft(DomainError):
    message = _("There is a draft of another prescription for that visit. Sign or discard it first.")


class NotOffered(DomainError):
    message = _("This doctor does not take such an order for this patient, or not any more.")


class NothingToRepeat(DomainError):
    message = _("Please choose a prescription of this doctor that still counts.")
