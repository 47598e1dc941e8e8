"""What is known of a patient's health: allergies, conditions, medicines, each in rows, and what is known not to be.

The words are those of the field (FHIR's AllergyIntolerance, Condition and MedicationStatement). `code` is for the day
on which a row is told apart by a terminology; until then it is empty.
"""

from datetime import date
from typing import ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, UUID7Field
from config.history import tracked
from patients.models.people import Patient

EARLIEST_YEAR, LATEST_YEAR = 1900, 2200


class FactKind(models.TextChoices):
    """What a health fact is about; the value stands in addresses."""

    ALLERGIES = "allergies", _("Allergies")
    CONDITIONS = "conditions", _("Conditions")
    MEDICATIONS = "medicines", _("Medicines")


class HealthFactQuerySet[M: models.Model](models.QuerySet[M]):
    def for_facts(self) -> Self:
        """All that a row of the facts shows, in the order in which a doctor reads them."""
        return self.select_related("recorded_by").order_by(*self.model.reading_order).fetch_mode(PAGE)


class HealthFact(models.Model):
    """One thing that is known of a patient's health, and who said so last."""

    kind: ClassVar[FactKind]
    reading_order: ClassVar[tuple[str, ...]]

    id = UUID7Field()
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="%(class)s_facts")
    code = models.CharField(max_length=64, null=True, blank=True, editable=False)  # noqa: DJ001  NULL: not coded
    recorded_at = models.DateTimeField(db_default=Now(), editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, editable=False, related_name="+"
    )

    objects = HealthFactQuerySet.as_manager()

    class Meta:
        abstract = True


@tracked()
class Allergy(HealthFact):
    """What a patient reacts to."""

    class Category(models.TextChoices):
        MEDICATION = "medication", _("A medicine")
        FOOD = "food", _("A food")
        OTHER = "other", _("Something else")

    class Severity(models.TextChoices):
        MILD = "mild", _("Mild")
        MODERATE = "moderate", _("Moderate")
        SEVERE = "severe", _("Severe")

    kind = FactKind.ALLERGIES
    reading_order = ("-severity", "substance")

    category = models.CharField(_("what it is"), max_length=10, choices=Category)
    substance = models.CharField(_("substance"), max_length=120)
    reaction = models.CharField(_("reaction"), max_length=200, blank=True)
    severity = models.CharField(_("severity"), max_length=10, choices=Severity, blank=True)

    class Meta:
        verbose_name = _("allergy")
        verbose_name_plural = _("allergies")
        constraints = [
            models.UniqueConstraint("patient", Lower("substance"), name="allergy_not_twice"),
            models.CheckConstraint(condition=~Q(substance=""), name="allergy_not_without_a_substance"),
            models.CheckConstraint(
                condition=Q(category__in=["medication", "food", "other"]), name="allergy_category_not_unknown"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["", "mild", "moderate", "severe"]), name="allergy_severity_not_unknown"
            ),
        ]

    def __str__(self) -> str:
        return self.substance


@tracked()
class Condition(HealthFact):
    """An illness or a state that a doctor should know of; one that is over stays, as past."""

    class ClinicalStatus(models.TextChoices):
        ACTIVE = "active", _("I have it now")
        RESOLVED = "resolved", _("It is over")

    kind = FactKind.CONDITIONS
    reading_order = ("clinical_status", "name")

    name = models.CharField(_("name"), max_length=120)
    clinical_status = models.CharField(
        _("now or in the past"), max_length=10, choices=ClinicalStatus, default=ClinicalStatus.ACTIVE
    )
    onset_year = models.PositiveSmallIntegerField(_("since which year"), null=True, blank=True)

    class Meta:
        verbose_name = _("condition")
        verbose_name_plural = _("conditions")
        constraints = [
            models.UniqueConstraint("patient", Lower("name"), name="condition_not_twice"),
            models.CheckConstraint(condition=~Q(name=""), name="condition_not_without_a_name"),
            models.CheckConstraint(
                condition=Q(clinical_status__in=["active", "resolved"]), name="condition_status_not_unknown"
            ),
            models.CheckConstraint(
                condition=Q(onset_year__isnull=True) | Q(onset_year__range=(EARLIEST_YEAR, LATEST_YEAR)),
                name="condition_onset_not_out_of_time",
            ),
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class MedicationStatement(HealthFact):
    """A medicine that the patient takes now, as the patient says; not a prescription."""

    kind = FactKind.MEDICATIONS
    reading_order = ("name",)

    name = models.CharField(_("name"), max_length=120)
    dose = models.CharField(_("dose"), max_length=120, blank=True)
    since_year = models.PositiveSmallIntegerField(_("since which year"), null=True, blank=True)
    since_month = models.PositiveSmallIntegerField(_("month"), null=True, blank=True)
    reason = models.CharField(_("what for"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("medicine")
        verbose_name_plural = _("medicines")
        constraints = [
            models.UniqueConstraint("patient", Lower("name"), name="medication_not_twice"),
            models.CheckConstraint(condition=~Q(name=""), name="medication_not_without_a_name"),
            models.CheckConstraint(
                condition=Q(since_year__isnull=True) | Q(since_year__range=(EARLIEST_YEAR, LATEST_YEAR)),
                name="medication_start_not_out_of_time",
            ),
            models.CheckConstraint(
                condition=Q(since_month__isnull=True) | Q(since_month__range=(1, 12), since_year__isnull=False),
                name="medication_month_not_without_a_year",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def since(self) -> date | None:
        """The first day of the month or the year since when, as far as it is known."""
        return date(self.since_year, self.since_month or 1, 1) if self.since_year else None


@tracked()
class NoneKnown(models.Model):
    """Somebody said that there is nothing of this kind, and when: silence never means that."""

    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, related_name="none_known")
    kind = models.CharField(max_length=10, choices=FactKind)
    said_at = models.DateTimeField(db_default=Now(), editable=False)
    said_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+")

    class Meta:
        verbose_name = _("nothing known")
        verbose_name_plural = _("nothing known")
        constraints = [
            models.UniqueConstraint(fields=["patient", "kind"], name="none_known_not_twice"),
            models.CheckConstraint(condition=Q(kind__in=FactKind.values), name="none_known_kind_not_unknown"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.patient_id}"


FACTS: dict[str, type[HealthFact]] = {model.kind: model for model in (Allergy, Condition, MedicationStatement)}
