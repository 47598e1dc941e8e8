"""What a patient may choose when the doctor changed a visit: until an hour, and then what is usual happens."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, UUID7Field


class OfferQuerySet(models.QuerySet["Offer"]):
    def open(self) -> Self:
        """Those that can still be answered, whether or not the sweeper came."""
        return self.filter(status=Offer.Status.OPEN, until__gt=timezone.now())

    def for_patients(self, people) -> Self:
        """Those about visits of these patients, with all that a line shows; what ends soonest comes first."""
        rows = self.select_related("appointment__doctor", "appointment__patient")
        return rows.filter(appointment__patient__in=people).order_by("until", "pk").fetch_mode(PAGE)

    def due(self) -> Self:
        """Those whose time to answer is over, longest first."""
        return self.filter(status=Offer.Status.OPEN, due_at__lte=timezone.now()).order_by("due_at")


class Offer(models.Model):
    """The patient's say after the doctor moved a visit, or went on leave over it.

    Nothing is reserved for it: the other times are looked up when they are shown, and again when one is chosen. Changes
    under the lock of its appointment, which comes first.
    """

    class Kind(models.TextChoices):
        MOVED = "moved", _("Moved by the doctor")
        LEAVE = "leave", _("The doctor is away")

    class Status(models.TextChoices):
        OPEN = "open", _("To be answered")
        ACCEPTED = "accepted", _("The new time is fine")
        MOVED = "moved", _("Another time was chosen")
        REPLACED = "replaced", _("Another doctor was chosen")
        DECLINED = "declined", _("The fee goes back")
        # Nobody answered: a time that was moved stands, a visit in leave is called off.
        RAN_OUT = "ran_out", _("Not answered in time")
        WITHDRAWN = "withdrawn", _("No longer needed")

    id = UUID7Field()
    appointment = models.ForeignKey("appointments.Appointment", on_delete=models.PROTECT, related_name="offers")
    kind = models.CharField(max_length=10, choices=Kind)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    until = models.DateTimeField()
    # When the sweeper looks at it: put off before it begins, so that two never work on one.
    due_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    objects = OfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("offer")
        verbose_name_plural = _("offers")
        constraints = [
            models.UniqueConstraint(fields=["appointment"], condition=Q(status="open"), name="offer_not_open_twice"),
            models.CheckConstraint(
                condition=Q(status="open", closed_at__isnull=True) | ~Q(status="open") & Q(closed_at__isnull=False),
                name="offer_not_closed_without_a_time",
            ),
        ]
        indexes = [models.Index(F("due_at"), condition=Q(status="open"), name="offers_by_end")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_status_display()}"
