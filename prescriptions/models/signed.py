"""What was signed: frozen by the database, with the key that it was signed with and what became of it since."""

from typing import Self

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
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


class SignedQuerySet(models.QuerySet["SignedPrescription"]):
    def visible_to(self, user) -> Self:
        """Those of whom the user acts for, and those that the user signed as a doctor who may practise.

        Takes one query at once, for whom the user acts.
        """
        patients = list(Patient.objects.acted_for_by(user).values_list("pk", flat=True))
        doctor = {"verified_at__isnull": False, "suspended_at__isnull": True, "user": user}
        own = Doctor.objects.filter(**doctor).values("pk")[:1]
        visit = "prescription__appointment"
        return self.filter(Q(**{f"{visit}__patient__in": patients}) | Q(**{f"{visit}__doctor": own}))

    def that_count(self, since) -> Self:
        """Those neither replaced nor void, signed since that day."""
        return self.filter(prescription__status=PrescriptionStatus.SIGNED, signed_at__date__gte=since)

    def for_list(self) -> Self:
        related = ("prescription__appointment__patient", "prescription__appointment__doctor")
        return self.select_related(*related).order_by("-signed_at", "-pk").fetch_mode(PAGE)

    def for_page(self) -> Self:
        visit = "prescription__appointment"
        related = ("key", f"{visit}__doctor__user", f"{visit}__patient", "prescription__replaced_by__signed")
        return self.select_related(*related).fetch_mode(PAGE)


class SignedPrescription(AppendOnlyModel):
    """The document as it was signed, byte for byte. What becomes of it stands in the prescription's state."""

    id = UUID7Field()
    prescription = models.OneToOneField(Prescription, on_delete=models.PROTECT, related_name="signed")
    code = models.CharField(max_length=12, unique=True)
    document = models.TextField()
    signature = models.CharField(max_length=88)
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")
    signed_at = models.DateTimeField()
    signed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    expires_on = models.DateField()

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

    def __str__(self) -> str:
        return self.code


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
