"""That a visit's patient was reminded of it: once for each time that the visit has had, and each way of being near."""

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class Lead(models.TextChoices):
    """How long before the visit."""

    DAY = "day", _("A day before")
    HOUR = "hour", _("An hour before")
    SOON = "soon", _("Ten minutes before")


# From so long before the visit until so long before it: what a worker that was down missed is made good, as long as
# the words are still of use.
SPANS = {
    Lead.DAY: (timedelta(hours=24), timedelta(hours=12)),
    Lead.HOUR: (timedelta(minutes=60), timedelta(minutes=20)),
    Lead.SOON: (timedelta(minutes=10), timedelta(minutes=1)),
}


class Reminder(models.Model):
    """Written when the reminder is claimed, in the transaction of the notices that tell it.

    `sequence` is the visit's: one that was moved is reminded of anew.
    """

    # The unique constraint begins with it.
    appointment = models.ForeignKey(
        "appointments.Appointment", on_delete=models.PROTECT, related_name="reminders", db_index=False
    )
    sequence = models.PositiveSmallIntegerField()
    lead = models.CharField(_("how long before"), max_length=4, choices=Lead)
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(fields=["appointment", "sequence", "lead"], name="reminder_not_twice"),
            models.CheckConstraint(condition=Q(lead__in=Lead.values), name="lead_not_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.appointment_id} · {self.lead}"
