"""What a doctor writes about a visit, and what stood there before."""

from datetime import timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment, Status
from config.db import PAGE, AppendOnlyModel, UUID7Field

LONGEST_PART = 4000
# What stood for so long was read or relied on; what was overwritten sooner is typing.
KEPT_AFTER = timedelta(minutes=1)

# The parts of a note in the order in which they are written, and those that the patient and other doctors read.
PARTS = ("complaint", "findings", "assessment", "plan")
SHARED_PARTS = ("assessment", "plan")


class NoteText(models.Model):
    """The four parts of a note. Each may be empty."""

    complaint = models.TextField(_("complaint"), max_length=LONGEST_PART, blank=True)
    findings = models.TextField(_("findings"), max_length=LONGEST_PART, blank=True)
    assessment = models.TextField(_("assessment"), max_length=LONGEST_PART, blank=True)
    plan = models.TextField(_("plan"), max_length=LONGEST_PART, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(*[LessThanOrEqual(Length(part), LONGEST_PART) for part in PARTS]),
                name="%(class)s_not_longer_than_allowed",
            ),
        ]

    @property
    def words(self) -> dict[str, str]:
        return {part: getattr(self, part) for part in PARTS}

    @property
    def is_blank(self) -> bool:
        return not any(self.words.values())


class VisitNoteQuerySet(models.QuerySet["VisitNote"]):
    def of_others(self, patient_id: UUID, *, doctor: int) -> Self:
        """Those of a patient's completed visits with other doctors in which there is something to read, the latest
        first."""
        return (
            self.filter(appointment__patient=patient_id, appointment__status=Status.COMPLETED)
            .exclude(appointment__doctor=doctor)
            .exclude(**dict.fromkeys(SHARED_PARTS, ""))
            .select_related("appointment__doctor")
            .order_by("-appointment__period")
            .fetch_mode(PAGE)
        )


class VisitNote(NoteText):
    """The note of one visit as it stands. There is none until something was saved.

    `version` goes up with every save, so that a save that has not seen the last one is found out; `tab` is the page
    that saved last, for a page whose answer was lost on the way has not been overtaken by itself.
    """

    appointment = models.OneToOneField(
        Appointment, on_delete=models.PROTECT, primary_key=True, related_name="visit_note"
    )
    version = models.PositiveIntegerField(default=1)
    tab = models.UUIDField()
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")

    objects = VisitNoteQuerySet.as_manager()

    class Meta(NoteText.Meta):
        verbose_name = _("visit note")
        verbose_name_plural = _("visit notes")
        constraints = [
            *NoteText.Meta.constraints,
            models.CheckConstraint(condition=Q(version__gte=1), name="visit_note_not_without_a_version"),
        ]

    def __str__(self) -> str:
        return str(self.pk)


class NoteVersion(AppendOnlyModel, NoteText):
    """What a note said before a save: services.notes says which of it is kept."""

    id = UUID7Field()
    note = models.ForeignKey(VisitNote, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    saved_at = models.DateTimeField()
    saved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    replaced_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(NoteText.Meta):
        verbose_name = _("version of a visit note")
        verbose_name_plural = _("versions of visit notes")
        constraints = [
            *NoteText.Meta.constraints,
            models.UniqueConstraint(fields=["note", "number"], name="note_version_not_twice"),
        ]

    def __str__(self) -> str:
        return f"{self.note_id} · {self.number}"
