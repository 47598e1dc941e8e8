"""Medical records: documents that patients keep here, each a file in private storage and what is known of it."""

from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q, Sum, Value
from django.db.models.functions import Concat, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, UUID7Field
from config.history import tracked
from patients.models.emergency import EmergencyAccess
from patients.models.people import Patient


class RecordKind(models.TextChoices):
    LAB_REPORT = "lab_report", _("Lab report")
    IMAGING = "imaging", _("X-ray or scan")
    PRESCRIPTION = "prescription", _("Prescription")
    DISCHARGE_SUMMARY = "discharge_summary", _("Discharge summary")
    VACCINATION = "vaccination", _("Vaccination")
    OTHER = "other", _("Other document")


ICONS = {
    RecordKind.LAB_REPORT: "flask-conical",
    RecordKind.IMAGING: "scan-line",
    RecordKind.PRESCRIPTION: "pill",
    RecordKind.DISCHARGE_SUMMARY: "bed",
    RecordKind.VACCINATION: "syringe",
    RecordKind.OTHER: "file-text",
}


class MedicalRecordQuerySet(models.QuerySet["MedicalRecord"]):
    def kept_by(self, user) -> Self:
        """Those of the user's own and of everybody for whom the user acts today."""
        # The keys are fetched first: with a subquery in their place PostgreSQL reads everybody's records.
        people = list(Patient.objects.acted_for_by(user).values_list("pk", flat=True))
        return self.filter(patient__in=people)

    def shared_with(self, user) -> Self:
        """Those that somebody shares with the user at this moment: one by one, by their kind, or all of a patient's.

        Says the same as `user.has_perm("patients.view_medicalrecord", record)`, for many records in one query.
        """
        return self.filter(_shared_with(user))

    def readable_by(self, user) -> Self:
        """Those that the user keeps or was given; an administrator's also while an emergency access is open."""
        people = list(Patient.objects.acted_for_by(user).values_list("pk", flat=True))
        opened = EmergencyAccess.objects.live(user).values("patient")
        return self.filter(Q(patient__in=people) | Q(patient__in=opened) | _shared_with(user))

    def put_to(self, source: UUID) -> Self:
        """Those that were put to this appointment."""
        return self.filter(attachments__source=source)

    def for_list(self) -> Self:
        """All that a row in a list shows, the newest document first."""
        return self.select_related("patient").order_by("-dated", "-pk").fetch_mode(PAGE)

    def for_detail(self) -> Self:
        return self.select_related("patient", "uploaded_by").fetch_mode(PAGE)

    def size(self) -> int:
        """How many bytes they take together."""
        return self.aggregate(all=Sum("size"))["all"] or 0


def _shared_with(user) -> Q:
    from patients.models.sharing import PatientGrant, RecordGrant

    alone = RecordGrant.objects.live().filter(user=user, content_object=OuterRef("pk"))
    of_patient = PatientGrant.objects.live().filter(user=user, content_object=OuterRef("patient"))
    of_kind = Q(permission__codename=Concat(Value("view_"), OuterRef("kind"), Value("_records")))
    return Q(Exists(alone)) | Q(Exists(of_patient.filter(Q(permission__codename="view_records") | of_kind)))


@tracked(without=["title", "notes", "original_name"])
class MedicalRecord(models.Model):
    """A document of a patient. `file` is its name in private storage; what the person called it is `original_name`.

    `sha256` and `size` are of what is stored: a picture has been made anew by then. `source` is the id of the
    appointment for which it was handed in, where it was.
    """

    id = UUID7Field()
    patient = models.ForeignKey(Patient, on_delete=models.PROTECT, related_name="records")
    kind = models.CharField(_("kind"), max_length=20, choices=RecordKind)
    title = models.CharField(_("title"), max_length=120)
    dated = models.DateField(_("date of the document"))
    notes = models.TextField(_("notes"), max_length=2000, blank=True)
    file = models.CharField(max_length=200, unique=True, editable=False)
    original_name = models.CharField(max_length=120, editable=False)
    content_type = models.CharField(max_length=40, editable=False)
    size = models.PositiveIntegerField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    pages = models.PositiveSmallIntegerField(default=1, editable=False)
    # Of the picture, or of a PDF's first page as it is shown: pages keep the place before they are there.
    width = models.PositiveIntegerField(default=0, editable=False)
    height = models.PositiveIntegerField(default=0, editable=False)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False
    )
    source = models.UUIDField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = MedicalRecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("medical record")
        verbose_name_plural = _("medical records")
        default_permissions = ("view",)
        constraints = [
            models.UniqueConstraint(fields=["patient", "sha256"], name="record_not_twice_for_a_patient"),
            models.CheckConstraint(condition=Q(size__gt=0), name="record_not_empty"),
            models.CheckConstraint(condition=Q(kind__in=RecordKind.values), name="record_kind_not_unknown"),
        ]
        indexes = [models.Index(fields=["patient", "-dated", "-id"], name="records_of_a_patient")]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("patients:record", args=[self.pk])

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")

    @property
    def icon(self) -> str:
        return ICONS[RecordKind(self.kind)]

    @property
    def wider_grants(self) -> dict[str, tuple[Patient, frozenset[str]]]:
        """What a permission on this record also follows from: one of these on its patient."""
        return {
            "view_medicalrecord": (Patient(pk=self.patient_id), frozenset({"view_records", kind_permission(self.kind)}))
        }


def kind_permission(kind: str) -> str:
    """The permission on a patient that lets all records of this kind be read, all records without one."""
    return f"view_{kind}_records" if kind else "view_records"


class FileToRemoveQuerySet(models.QuerySet["FileToRemove"]):
    def due(self) -> Self:
        return self.filter(due_at__lte=timezone.now()).order_by("due_at")


class FileToRemove(models.Model):
    """A file in private storage that no record has, and that goes at `due_at`: so that none is left behind.

    Written before a file is stored and taken back in the transaction that makes its record; written again in the one
    that removes the record.
    """

    name = models.CharField(max_length=200, unique=True)
    due_at = models.DateTimeField(db_default=Now())
    attempts = models.PositiveSmallIntegerField(default=0)

    objects = FileToRemoveQuerySet.as_manager()

    class Meta:
        verbose_name = _("file to remove")
        verbose_name_plural = _("files to remove")
        indexes = [models.Index(fields=["due_at"], name="files_to_remove_by_time")]

    def __str__(self) -> str:
        return str(self.pk)
