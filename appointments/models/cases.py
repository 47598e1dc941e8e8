"""What an administrator has to decide about a visit: what came of it, where nobody said or the sides do not agree."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.db import UUID7Field


class CaseQuerySet(models.QuerySet["Case"]):
    def open(self) -> Self:
        return self.filter(status=Case.Status.OPEN)


class Case(models.Model):
    """One question about one visit. Changes under the lock of its appointment, which comes first.

    `words` are for administrators: whoever writes them is told so, and that they are not the place for health.
    """

    class Kind(models.TextChoices):
        LEFT_OPEN = "left_open", _("Nobody said what came of it")
        CONTEST = "contest", _("One side says it was otherwise")

    class Status(models.TextChoices):
        OPEN = "open", _("To be decided")
        DECIDED = "decided", _("Decided")
        # The visit got its end in another way.
        SETTLED = "settled", _("No longer to be decided")

    class Outcome(models.TextChoices):
        COMPLETED = "completed", _("The visit took place")
        PATIENT_MISSED = "patient", _("The patient did not come")
        DOCTOR_MISSED = "doctor", _("The doctor did not come")

    id = UUID7Field()
    appointment = models.ForeignKey("appointments.Appointment", on_delete=models.PROTECT, related_name="cases")
    kind = models.CharField(_("question"), max_length=10, choices=Kind)
    side = models.CharField(_("asked by"), max_length=10, blank=True)
    words = models.TextField(_("in their words"), max_length=1000, blank=True)
    status = models.CharField(_("status"), max_length=10, choices=Status, default=Status.OPEN)
    outcome = models.CharField(_("decision"), max_length=10, choices=Outcome, blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(_("since"), db_default=Now(), editable=False)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = CaseQuerySet.as_manager()

    class Meta:
        verbose_name = _("open question")
        verbose_name_plural = _("open questions")
        permissions = [("decide_case", "Can decide what came of a visit")]
        constraints = [
            models.UniqueConstraint(fields=["appointment"], condition=Q(status="open"), name="case_not_open_twice"),
            models.UniqueConstraint(
                fields=["appointment", "side"], condition=Q(kind="contest"), name="visit_not_contested_twice_by_a_side"
            ),
            models.CheckConstraint(
                condition=~Q(status="decided") | ~Q(outcome="") & Q(by__isnull=False, closed_at__isnull=False),
                name="case_not_decided_by_nobody",
            ),
        ]
        indexes = [models.Index(F("created_at"), condition=Q(status="open"), name="cases_to_decide")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.pk}"
