"""The one door by which an administrator sees health data: opened with a reason, for a short while, reviewed later."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.core.validators import MinLengthValidator
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, UUID7Field
from patients.models.people import Patient

EMERGENCY_LASTS = timedelta(minutes=30)


class EmergencyReason(models.TextChoices):
    EMERGENCY = "emergency", _("A medical emergency")
    SAFETY = "safety", _("The safety of patients is being looked into")
    REQUEST = "request", _("The patient asked us to look")
    ORDER = "order", _("An order by a court or an authority")


class Verdict(models.TextChoices):
    JUSTIFIED = "justified", _("It was justified")
    UNJUSTIFIED = "unjustified", _("It was not justified")


class EmergencyAccessQuerySet(models.QuerySet["EmergencyAccess"]):
    def live(self, user) -> Self:
        """What this person may look through now, if the right to open anything was not taken away meanwhile."""
        if not (user.is_staff and user.has_perm("patients.break_glass")):
            return self.none()
        return self.filter(by=user, closed_at=None, expires_at__gt=timezone.now())

    def for_list(self) -> Self:
        return self.select_related("patient").order_by("-expires_at").fetch_mode(PAGE)

    def to_review(self) -> Self:
        """The oldest first."""
        return self.filter(reviewed_at=None).order_by("opened_at", "pk")


class EmergencyAccess(models.Model):
    """An administrator's look at one patient's data; whoever the data belongs to is told, and another judges it."""

    id = UUID7Field()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("who"))
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", verbose_name=_("patient"))
    reason = models.CharField(_("reason"), max_length=12, choices=EmergencyReason)
    words = models.TextField(_("why, in your words"), max_length=1000, validators=[MinLengthValidator(15)])
    opened_at = models.DateTimeField(_("opened"), db_default=Now(), editable=False)
    expires_at = models.DateTimeField(_("until"))
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True)
    reviewed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("reviewed by"),
    )
    reviewed_at = models.DateTimeField(_("reviewed"), null=True, blank=True)
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict, blank=True)
    review_words = models.TextField(_("what was found"), max_length=1000, blank=True)

    objects = EmergencyAccessQuerySet.as_manager()

    class Meta:
        verbose_name = _("emergency access")
        verbose_name_plural = _("emergency accesses")
        permissions = [
            ("break_glass", "Can open a patient's data in an emergency"),
            ("review_break_glass", "Can review emergency accesses of others"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("opened_at"), expires_at__lte=F("opened_at") + timedelta(hours=1)),
                name="emergency_access_not_longer_than_an_hour",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_by__isnull=True) | ~Q(reviewed_by=F("by")),
                name="emergency_access_not_reviewed_by_who_opened_it",
            ),
            models.CheckConstraint(
                condition=Q(reviewed_at__isnull=True, reviewed_by__isnull=True, verdict="")
                | Q(reviewed_at__isnull=False, reviewed_by__isnull=False, verdict__in=Verdict.values),
                name="emergency_access_not_half_reviewed",
            ),
        ]
        indexes = [
            models.Index(fields=["by", "-expires_at"], name="emergency_by_person"),
            models.Index(F("opened_at"), condition=Q(reviewed_at__isnull=True), name="emergency_to_review"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_live(self) -> bool:
        return self.closed_at is None and self.expires_at > timezone.now()
