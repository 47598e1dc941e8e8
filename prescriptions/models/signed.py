"""What was signed: frozen by the database, with the key that it was signed with and what became of it since."""

import json
from datetime import date, timedelta
from typing import Any, Self
from uuid import UUID
from zoneinfo import ZoneInfo

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, AppendOnlyModel, UUID7Field
from doctors.models import Doctor
from patients.models import Patient
from prescriptions.models.prescriptions import Prescription, PrescriptionStatus


class SigningKeyQuerySet(models.QuerySet["SigningKey"]):
    def in_use(self) -> Self:
        """The newest first: that one signs."""
        return self.filter(retired_at=None).order_by("-created_at", "-pk")


class SigningKey(models.Model):
    """A pair of keys. The public half verifies for ever; the private one is ciphertext, and gone once it is retired."""

    kid = models.SlugField(max_length=40, unique=True)
    public = models.CharField(max_length=44, unique=True)
    secret = models.TextField(blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    retired_at = models.DateTimeField(null=True, blank=True)

    objects = SigningKeyQuerySet.as_manager()

    class Meta:
        verbose_name = _("signing key")
        verbose_name_plural = _("signing keys")
        triggers = [
            pgtrigger.ReadOnly(name="public_half_not_exchanged", fields=["kid", "public"]),
            pgtrigger.Protect(name="key_not_removed", operation=pgtrigger.Delete),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(retired_at__isnull=False, secret="") | Q(retired_at__isnull=True) & ~Q(secret=""),
                name="signing_key_not_retired_with_its_secret",
            ),
        ]

    def __str__(self) -> str:
        return self.kid


class SignedDocument(AppendOnlyModel):
    """A document as it was signed, byte for byte, and the code by which anybody verifies it."""

    id = UUID7Field()
    code = models.CharField(max_length=12, unique=True)
    document = models.TextField()
    signature = models.CharField(max_length=88)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.code


class SignedQuerySet(models.QuerySet["SignedPrescription"]):
    def of_practice(self, user) -> Self:
        """Those of the user's own visits, as a doctor who may practise."""
        doctor = {"verified_at__isnull": False, "suspended_at__isnull": True, "user": user}
        return self.filter(doctor=Doctor.objects.filter(**doctor).values("pk")[:1])

    def that_count(self, since) -> Self:
        """Those neither replaced nor void, signed since that day."""
        return self.filter(prescription__status=PrescriptionStatus.SIGNED, signed_at__date__gte=since)

    def to_repeat(self, doctor_id: int, patient_id: UUID) -> Self:
        """Those of a doctor for a patient that are neither replaced nor void."""
        return self.filter(doctor=doctor_id, patient=patient_id, prescription__status=PrescriptionStatus.SIGNED)

    def for_list(self) -> Self:
        return self.select_related("prescription", "patient", "doctor").order_by("-signed_at", "-pk").fetch_mode(PAGE)

    def for_page(self) -> Self:
        visit = "prescription__appointment"
        related = ("key", f"{visit}__doctor__user", f"{visit}__patient", "prescription__replaced_by__signed")
        return self.select_related(*related).fetch_mode(PAGE)


class SignedPrescription(SignedDocument):
    """A prescription that was signed. What becomes of it stands in the prescription's state.

    `doctor` and `patient` are those of the visit, `words` its medicines as the search reads them: for lists, and
    frozen with the row.
    """

    prescription = models.OneToOneField(Prescription, on_delete=models.PROTECT, related_name="signed")
    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, related_name="+", db_index=False)
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="+", db_index=False)
    expires_on = models.DateField()
    words = models.TextField()

    objects = SignedQuerySet.as_manager()

    class Meta:
        verbose_name = _("signed prescription")
        verbose_name_plural = _("signed prescriptions")
        triggers = [
            # The processes' role has no right to it either; this stops the tables' owner too.
            pgtrigger.Protect(name="signed_not_rewritten", operation=pgtrigger.Update | pgtrigger.Delete),
        ]
        constraints = [
            models.CheckConstraint(condition=~Q(document="") & ~Q(signature=""), name="signed_not_empty"),
        ]
        indexes = [
            models.Index(fields=["doctor", "-signed_at"], name="signed_of_a_doctor"),
            models.Index(fields=["patient", "-signed_at"], name="signed_of_a_patient"),
        ]

    @cached_property
    def facts(self) -> dict[str, Any]:
        """The document, read; without medicines where it is none any more, for its page says that it is not genuine."""
        try:
            document: dict[str, Any] = json.loads(self.document)
        except json.JSONDecodeError:
            return {"items": []}
        return document

    def last_day(self, days: int | None) -> date:
        """On which one of its medicines is taken that is for so many days; None is once."""
        return timezone.localdate(self.signed_at, ZoneInfo(settings.PORTAL_TIME_ZONE)) + timedelta(days=(days or 1) - 1)

    @property
    def medicines(self) -> list[str]:
        """What they are called, as it was signed."""
        return [item["name"] for item in self.facts["items"]]


class PrescriptionEvent(AppendOnlyModel):
    """One change of a prescription's state: who, when, from what to what."""

    id = UUID7Field()
    prescription = models.ForeignKey(Prescription, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    old = models.CharField(max_length=10, choices=PrescriptionStatus)
    new = models.CharField(max_length=10, choices=PrescriptionStatus)

    class Meta:
        verbose_name = _("event of a prescription")
        verbose_name_plural = _("events of prescriptions")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.old} → {self.new}"
