"""Consent: what a patient lets a doctor read, and until when."""

from datetime import date, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from config.db import PAGE, UUID7Field
from patients.models.people import Patient
from patients.models.records import MedicalRecord, RecordKind

# Nobody lends for ever: a patient who wants to go on says so again.
LONGEST_SHARE = timedelta(days=366)


class GrantQuerySet[G: "Grant"](models.QuerySet[G]):
    def live(self) -> Self:
        """Those that count at this moment, whether or not the sweeper came."""
        return self.filter(**self.model.live_now())

    def past(self) -> Self:
        return self.filter(expires_at__lte=timezone.now())

    def for_list(self) -> Self:
        """All that the patient's list of what is shared shows."""
        return self.select_related("user__doctor", "permission", "content_object").fetch_mode(PAGE)


class Grant(UserObjectPermissionBase):
    """A doctor's user may do what `permission` names with one object, until then.

    guardian finds these rows by their `content_object`; the portal's own checker (config/permissions.py) adds
    `live_now`. `source` is the appointment that it follows from; a grant without one was given by hand.
    """

    id = UUID7Field()
    expires_at = models.DateTimeField()
    granted_at = models.DateTimeField(db_default=Now())
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    source = models.UUIDField(null=True, blank=True)

    objects = UserObjectPermissionManager.from_queryset(GrantQuerySet)()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def last_day(self) -> date:
        """The last day on which it counts, on the portal's clock."""
        return timezone.localdate(self.expires_at - timedelta(microseconds=1), ZoneInfo(settings.PORTAL_TIME_ZONE))

    @classmethod
    def live_now(cls) -> dict[str, Any]:
        """The conditions on a row that counts now: not past, its doctor verified and not suspended."""
        return {
            "expires_at__gt": timezone.now(),
            "user__doctor__verified_at__isnull": False,
            "user__doctor__suspended_at__isnull": True,
        }


def _bounds(name: str) -> list[models.CheckConstraint]:
    return [
        models.CheckConstraint(condition=Q(expires_at__gt=F("granted_at")), name=f"{name}_not_over_before_it_began"),
        models.CheckConstraint(
            condition=Q(source__isnull=False) | Q(expires_at__lte=F("granted_at") + LONGEST_SHARE),
            name=f"{name}_not_for_more_than_a_year",
        ),
    ]


class RecordGrant(Grant):
    """One record."""

    content_object = models.ForeignKey(MedicalRecord, on_delete=models.CASCADE, related_name="grants")

    class Meta:
        verbose_name = _("shared record")
        verbose_name_plural = _("shared records")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["content_object", "user", "permission", "source"],
                name="record_not_shared_twice_for_one_reason",
                nulls_distinct=False,
            ),
            *_bounds("shared_record"),
        ]
        indexes = [
            models.Index(fields=["expires_at"], name="shared_records_by_end"),
            models.Index(fields=["source"], condition=Q(source__isnull=False), name="shared_records_by_source"),
        ]


class PatientGrant(Grant):
    """All records of a patient, or all of one kind: `permission` says which."""

    content_object = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="grants")

    class Meta:
        verbose_name = _("shared kind of records")
        verbose_name_plural = _("shared kinds of records")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["content_object", "user", "permission", "source"],
                name="kind_not_shared_twice_for_one_reason",
                nulls_distinct=False,
            ),
            *_bounds("shared_kind"),
        ]
        indexes = [models.Index(fields=["expires_at"], name="shared_kinds_by_end")]

    @property
    def kind(self) -> RecordKind | None:
        """The kind that is shared, None for all. Takes `permission`."""
        code = self.permission.codename.removeprefix("view_").removesuffix("records").removesuffix("_")
        return RecordKind(code) if code else None


class AttachedRecordQuerySet(models.QuerySet["AttachedRecord"]):
    def of(self, source: UUID) -> Self:
        """What was put to this appointment, in the order in which it was."""
        return self.filter(source=source).select_related("record").order_by("pk").fetch_mode(PAGE)


class AttachedRecord(models.Model):
    """A record that the patient's side put to an appointment: its doctor reads it while the care for it lasts."""

    record = models.ForeignKey(MedicalRecord, on_delete=models.CASCADE, related_name="attachments")
    source = models.UUIDField()
    attached_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    attached_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AttachedRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("attached record")
        verbose_name_plural = _("attached records")
        constraints = [models.UniqueConstraint(fields=["source", "record"], name="record_not_attached_twice")]

    def __str__(self) -> str:
        return str(self.pk)
