"""That somebody holds a review, or the reply to it, for wrong in this place."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _


class ReportSubject(models.TextChoices):
    REVIEW = "review", _("The review")
    REPLY = "reply", _("The doctor’s reply")


class ReportReason(models.TextChoices):
    INSULT = "insult", _("It insults or threatens somebody")
    PRIVATE = "private", _("It tells something private of somebody")
    NOT_A_VISIT = "not_a_visit", _("It is not about a visit to this doctor")
    ADVERT = "advert", _("It advertises something")
    UNTRUE = "untrue", _("It says what is not true")
    OTHER = "other", _("Something else")


class ReportQuerySet(models.QuerySet["Report"]):
    def open(self) -> Self:
        return self.filter(closed_at=None)


class Report(models.Model):
    """Changes under the lock of its review, which comes first. `words` are for administrators alone."""

    class Outcome(models.TextChoices):
        KEPT = "kept", _("Left as it is")
        HIDDEN = "hidden", _("Hidden")
        CHANGE_ASKED = "change_asked", _("The author is asked to change it")
        REPLY_GONE = "reply_gone", _("The reply is taken away")
        GONE = "gone", _("Taken back by its author")

    # The constraint begins with it.
    review = models.ForeignKey("reviews.Review", on_delete=models.CASCADE, related_name="reports", db_index=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    about = models.CharField(_("of what"), max_length=8, choices=ReportSubject, default=ReportSubject.REVIEW)
    reason = models.CharField(_("reason"), max_length=12, choices=ReportReason)
    words = models.TextField(_("in their words"), max_length=500, blank=True)
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    closed_at = models.DateTimeField(_("decided"), null=True, blank=True)
    outcome = models.CharField(_("decision"), max_length=12, choices=Outcome, blank=True)

    objects = ReportQuerySet.as_manager()

    class Meta:
        verbose_name = _("report of a review")
        verbose_name_plural = _("reports of reviews")
        constraints = [
            models.UniqueConstraint(
                fields=["review", "by"], condition=Q(closed_at=None), name="review_not_reported_twice_by_one"
            ),
            models.CheckConstraint(
                condition=Q(closed_at=None, outcome="") | Q(closed_at__isnull=False) & ~Q(outcome=""),
                name="report_not_closed_without_an_outcome",
            ),
        ]
        indexes = [
            models.Index(fields=["review"], name="reports_of_a_review"),
            models.Index(F("at"), condition=Q(closed_at=None), name="reports_to_decide"),
        ]

    def __str__(self) -> str:
        return f"{self.get_reason_display()} · {self.pk}"
