"""Files of medicines and interactions on their way into the database, and what of them was refused."""

from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.handed_in import HandedIn

# A report that is longer says the same again; the count goes on.
MOST_REFUSED_KEPT = 10_000


class ImportKind(models.TextChoices):
    MEDICINES = "medicines", _("Medicines")
    INTERACTIONS = "interactions", _("Interactions")


class ImportStatus(models.TextChoices):
    PREVIEW = "preview", _("To be looked at")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Broke off")
    DISCARDED = "discarded", _("Discarded")


class ImportQuerySet(models.QuerySet["Import"]):
    def unfinished(self) -> Self:
        return self.filter(status=ImportStatus.RUNNING).order_by("pk")


class Import(HandedIn):
    """A file of medicines or interactions, looked at first."""

    kind = models.CharField(_("what"), max_length=12, choices=ImportKind)
    status = models.CharField(_("state"), max_length=10, choices=ImportStatus, default=ImportStatus.PREVIEW)
    source = models.CharField(_("source"), max_length=300)
    as_of = models.DateField(_("as of"))
    added = models.PositiveBigIntegerField(_("new"), default=0, editable=False)
    known = models.PositiveBigIntegerField(_("known before"), default=0, editable=False)
    refused = models.PositiveBigIntegerField(_("refused"), default=0, editable=False)

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        constraints = [
            models.CheckConstraint(condition=Q(status__in=ImportStatus.values), name="import_status_not_unknown"),
            models.CheckConstraint(condition=Q(kind__in=ImportKind.values), name="import_kind_not_unknown"),
            models.CheckConstraint(condition=Q(offset__lte=F("size")), name="import_not_beyond_its_file"),
        ]
        indexes = [models.Index(F("id"), condition=Q(status="running"), name="imports_that_run")]

    def __str__(self) -> str:
        return self.original_name


class RefusedRow(models.Model):
    """A row that was not taken: where it stood, how it began, and why."""

    of = models.ForeignKey(Import, on_delete=models.CASCADE, related_name="refused_rows")
    line = models.PositiveBigIntegerField()
    code = models.CharField(max_length=20)
    text = models.CharField(max_length=300)

    class Meta:
        verbose_name = _("refused row")
        verbose_name_plural = _("refused rows")
        ordering = ["line"]

    def __str__(self) -> str:
        return f"{self.line}: {self.code}"
