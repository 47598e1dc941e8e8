"""What happened to a booking, in order; never rewritten."""

from django.conf import settings
from django.contrib.postgres.fields import DateTimeRangeField
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from appointments.models.status import Status
from config.db import AppendOnlyModel


class AppointmentEvent(AppendOnlyModel):
    """One change of an appointment: who, when, from what status to what. Codes and ids only.

    `period` is the time that it took or moved to; empty where the time stays.
    """

    appointment = models.ForeignKey("appointments.Appointment", on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    old = models.CharField(max_length=16, blank=True)
    new = models.CharField(max_length=16, choices=Status)
    code = models.CharField(max_length=40, blank=True)
    period = DateTimeRangeField(null=True)

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.old or '∅'} → {self.new}"
