"""What the house says no to, in words for the person who asked."""

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class IllegalChange(DomainError):
    message = _("This appointment has changed in the meantime. Please look at it again.")


class SlotGone(DomainError):
    message = _("This time is no longer open. Please choose another one.")


class DayFull(SlotGone):
    message = _("The doctor takes no further visit on this day. Please choose another one.")


class NoFollowUp(DomainError):
    message = _("A follow-up is for somebody whom this doctor has seen lately. Please choose another kind of visit.")


class PatientBusy(DomainError):
    message = _("There is already an appointment for this patient at that time.")


class TooManyHolds(DomainError):
    message = _("You are holding two other times already. Pay for one of them, or let it go first.")


class NotMovable(DomainError):
    message = _("This appointment can no longer be moved here.")


class OfferClosed(DomainError):
    message = _("This has been answered already, or the time to answer is over.")


class NotContestable(DomainError):
    message = _("This cannot be contested, or not any more.")


class CaseDecided(DomainError):
    message = _("This was decided already.")


class NotCancellable(DomainError):
    message = _("This appointment can no longer be cancelled here.")


class LessComesBack(DomainError):
    message = _("Meanwhile less of the fee goes back than this page said. Please look at it again.")


class TooManyWaits(DomainError):
    message = _("You wait for ten doctors already. Please leave one of those lists first.")


class TimeIsOpen(DomainError):
    """What somebody wants to wait for is there: `start` is the first such time."""

    message = _("There is an open time in these days. You can book it now.")

    def __init__(self, start: datetime) -> None:
        super().__init__()
        self.start = start
