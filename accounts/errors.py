"""What this room says no to, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class ReportRefused(DomainError):
    """A provider's report that is not about a message of ours, or not the next about it."""

    message = _("This was reported before, or is not about a message of ours.")


class NotAPushService(DomainError):
    status = 422
    message = _("Your browser's push service is not one that we know.")


class TooManyDevices(DomainError):
    message = _("You have messages shown on many devices already. Take one away first.")


class WrongCode(DomainError):
    status = 422
    message = _("This is not the code that we sent. Look again, or have a new one sent.")


class CodeTooOld(DomainError):
    status = 422
    message = _("This code is too old, or was tried too often. Have a new one sent.")


class CodeTooSoon(DomainError):
    status = 429
    message = _("We have just sent you a code. Wait a minute before you ask for another.")
