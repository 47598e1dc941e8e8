"""What payments refuses, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class NotPayable(DomainError):
    message = _("This can no longer be paid.")


class TriedTooOften(NotPayable):
    message = _("This payment was tried too many times. Book again, or ask us for help.")


class PaymentUnavailable(DomainError):
    """Nobody knows whether the gateway took the attempt in; the charge is as it was."""

    status = 503
    message = _("The payment service does not answer. Nothing was paid. Your time is still held: try again.")


class PaymentAway(PaymentUnavailable):
    """The gateway was not asked, for it failed several times a moment ago; nothing was written."""


class PaymentRefused(DomainError):
    status = 502
    message = _(
        "The payment service could not start your payment. Nothing was paid. Your time is still held: try again."
    )


class AlreadyPaid(DomainError):
    message = _("This has been paid already.")


class NotAtDesk(DomainError):
    message = _("This is not a payment at the desk, or it is not open any more.")


class NotUnderReview(DomainError):
    message = _("This payment is not waiting for a decision.")


class NotRefundable(DomainError):
    message = _("This amount cannot be given back: it is more than what is left of the payment.")


class ReviewedAsAWhole(DomainError):
    message = _("A payment that is being looked at can only be given back as a whole.")


class NothingToPayOut(DomainError):
    message = _("Nobody with a payout account has earned enough before that day.")


class NotYoursToApprove(DomainError):
    message = _("Somebody else must approve what you drafted.")


class PayoutDecided(DomainError):
    message = _("This was decided or settled already, or its run is not approved.")


class ListClosed(DomainError):
    message = _("This list broke off, or was withdrawn already.")


class DifferenceClosed(DomainError):
    message = _("This difference is no longer open.")


class NotDisputable(DomainError):
    message = _("You cannot complain about this payment any more, or you did so already.")


class DisputeDecided(DomainError):
    message = _("This complaint was answered, settled or withdrawn meanwhile.")


class NothingToGiveBack(DomainError):
    message = _("All of this payment went back already. Refuse the complaint, and say so.")
