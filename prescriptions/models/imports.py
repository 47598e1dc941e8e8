"""Files of medicines and interactions on their way into the database, and what of them was refused."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from config.db import UUID7Field

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


class Import(models.Model):
    """One file. `offset` and `line` say how far it is written: whoever goes on with it begins there."""

    id = UUID7Field()
    kind = models.CharField(_("what"), max_length=12, choices=ImportKind)
    status = models.CharField(_("state"), max_length=10, choices=ImportStatus, default=ImportStatus.PREVIEW)
    file = models.CharField(max_length=200, editable=False)
    original_name = models.CharField(_("file"), max_length=200, editable=False)
    size = models.PositiveBigIntegerField(_("size"), editable=False)
    source = models.CharField(_("source"), max_length=300)
    as_of = models.DateField(_("as of"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", editable=False, verbose_name=_("by")
    )
    offset = models.PositiveBigIntegerField(default=0, editable=False)
    line = models.PositiveBigIntegerField(default=0, editable=False)
    added = models.PositiveBigIntegerField(_("new"), default=0, editable=False)
    known = models.PositiveBigIntegerField(_("known before"), default=0, editable=False)
    refused = models.PositiveBigIntegerField(_("refused"), default=0, editable=False)
    error = models.CharField(_("why it broke off"), max_length=400, blank=True, editable=False)
    created_at = models.DateTimeField(_("handed in"), db_default=Now(), editable=False)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True, editable=False)

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

    @property
    def percent(self) -> int:
        return 100 if not self.size else int(self.offset * 100 / self.size)


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
