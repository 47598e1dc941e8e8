"""What the patients' room says no to, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class Changed(DomainError):
    message = _("This has changed in the meantime. Please look at it again.")


class RecordGone(DomainError):
    message = _("This record is not there any more.")


class DoctorNotThere(DomainError):
    message = _("This doctor cannot be given records just now. Please choose another one.")


class ShareNotBounded(DomainError):
    message = _("Please choose a last day between tomorrow and a year from now.")


class QuotaFull(DomainError):
    message = _("There is no room left for this file. Remove records that are not needed any more, then try again.")


class TooManyAttached(DomainError):
    message = _("Five files can be put to one appointment. Take one away first.")


class AlreadyReviewed(DomainError):
    message = _("Somebody has reviewed this emergency access meanwhile.")


class OwnAccess(DomainError):
    message = _("Somebody else reviews this: nobody judges an emergency access of their own.")


class AlreadyListed(DomainError):
    message = _("This is on the list already.")


class TooManyFacts(DomainError):
    message = _("The list is full. Remove what is no longer true, or tell your doctor about the rest.")


class SomethingKnown(DomainError):
    message = _("There is something on this list. Remove it first if it is not true.")
