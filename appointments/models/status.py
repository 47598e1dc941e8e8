"""The states of a booking, and the only changes between them."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Status(models.TextChoices):
    HELD = "held", _("Held")
    PAYMENT_REVIEW = "payment_review", _("Payment being looked at")
    CONFIRMED = "confirmed", _("Confirmed")
    IN_PROGRESS = "in_progress", _("In progress")
    COMPLETED = "completed", _("Completed")
    NO_SHOW = "no_show", _("Missed")
    EXPIRED = "expired", _("Not completed in time")
    CANCELLED = "cancelled", _("Cancelled")


# While in one of these, a booking keeps its time from everybody else.
OCCUPYING = (Status.HELD, Status.PAYMENT_REVIEW, Status.CONFIRMED, Status.IN_PROGRESS)

# The only changes that there are. docs/architecture.md's diagram is made from this table.
TRANSITIONS: dict[Status, frozenset[Status]] = {
    Status.HELD: frozenset({Status.CONFIRMED, Status.PAYMENT_REVIEW, Status.EXPIRED, Status.CANCELLED}),
    Status.PAYMENT_REVIEW: frozenset({Status.CONFIRMED, Status.CANCELLED}),
    Status.EXPIRED: frozenset({Status.CONFIRMED}),
    Status.CONFIRMED: frozenset({Status.IN_PROGRESS, Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}),
    Status.IN_PROGRESS: frozenset({Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}),
    Status.NO_SHOW: frozenset({Status.COMPLETED}),
    Status.COMPLETED: frozenset({Status.NO_SHOW}),
    Status.CANCELLED: frozenset(),
}
