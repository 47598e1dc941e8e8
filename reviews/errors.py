"""What the reviews' room says no to, in words for the person who asked."""

from django.utils.translation import gettext_lazy as _

from config.errors import DomainError


class NotReviewable(DomainError):
    message = _("Only a visit that took place can be reviewed, and only in the weeks after it.")


class AlreadyReviewed(DomainError):
    message = _("Somebody has reviewed this visit already. There is one review for each visit.")


class ReviewChanged(DomainError):
    message = _("This review has changed in the meantime. Please look at it again.")


class EditOver(DomainError):
    message = _("The time to change this review is over.")


class NotReportable(DomainError):
    message = _("This cannot be reported: it is not shown any more, or it is your own.")


class NothingToDecide(DomainError):
    message = _("Somebody has decided about this already.")
