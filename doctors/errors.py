"""What doctors says no to, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class AlreadySuspended(DomainError):
    message = _("This doctor is suspended already.")


class NotSuspended(DomainError):
    message = _("This doctor is not suspended.")


class VerificationChanged(DomainError):
    message = _("Somebody else was faster: this has been decided or sent anew meanwhile. Please look at it again.")


class ChecklistIncomplete(DomainError):
    message = _("Tick every item of the checklist before you approve.")


class OwnVerification(DomainError):
    status = 403
    message = _("Nobody decides about themselves. Please leave this to another administrator.")


class WordsMissing(DomainError):
    message = _("Say in words what is missing, or why not: the doctor reads them.")


class NumberTaken(DomainError):
    message = _(
        "This registration number belongs to another doctor here. If it is yours, sign in with the e-mail address that "
        "you used then, or ask an administrator."
    )


class AlreadyInReview(DomainError):
    message = _("This is in review already. You can send something else once that is decided.")


class AlreadyVerified(DomainError):
    message = _("You are verified already.")


class NoCertificate(DomainError):
    message = _("Please add your certificate first.")


class TooManyVerifications(DomainError):
    message = _("You have sent five in the past 30 days. Please wait a while, or ask an administrator.")
