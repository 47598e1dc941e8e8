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


class NotTheAddressee(DomainError):
    status = 403
    message = _("This invitation went to another address. Sign in with the account of that address to answer it.")


class InvitationOver(DomainError):
    status = 410
    message = _("This invitation is no longer open. Ask for a new one.")


class NotOfAge(DomainError):
    message = _("Somebody under 18 cannot agree to this alone.")


class AlreadyActing(DomainError):
    message = _("This person acts for the patient already.")


class AlreadyAPatient(DomainError):
    message = _(
        "Your account has visits or health facts of its own, and two records are not put together here. Write to us."
    )


class TooManyGuardians(DomainError):
    message = _("Four people act for this patient already.")


class TooManyInvitations(DomainError):
    message = _("You have sent many invitations today. Try again tomorrow.")


class LastGuardian(DomainError):
    message = _("Nobody else acts for this child. Invite somebody first, and step down once they have accepted.")


class AlreadyListed(DomainError):
    message = _("This is on the list already.")


class TooManyFacts(DomainError):
    message = _("The list is full. Remove what is no longer true, or tell your doctor about the rest.")


class SomethingKnown(DomainError):
    message = _("There is something on this list. Remove it first if it is not true.")
