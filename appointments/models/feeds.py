"""Calendars elsewhere that read one's appointments by a secret address."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class CalendarFeed(models.Model):
    """The address of one person's feed is known by its digest alone: who reads the table cannot read the feed.

    A new address takes the place of the old one; without a row there is none.
    """

    class Side(models.TextChoices):
        PATIENT = "patient", _("My appointments")
        PRACTICE = "practice", _("My practice")

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="calendar_feeds")
    side = models.CharField(max_length=10, choices=Side)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    # By the hour: enough to tell whether a calendar still reads it.
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("calendar feed")
        verbose_name_plural = _("calendar feeds")
        constraints = [
            models.UniqueConstraint(fields=["user", "side"], name="calendar_feed_not_twice"),
            models.CheckConstraint(condition=Q(side__in=["patient", "practice"]), name="feed_side_not_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} · {self.side}"
