"""What doctors specialise in, and the words by which people look for it."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from config.db import PAGE
from specialties.fields import IsNFC, JoinedText, NFCCharField, TermField
from specialties.icons import validate_icon

# The weight of a specialty that is the first to see for a complaint.
BEST_FIT = 10


def in_active_language(english: str, bangla: str) -> str:
    return bangla if get_language() == "bn" and bangla else english


class SpecialtyQuerySet(models.QuerySet["Specialty"]):
    def active(self) -> Self:
        """Those that patients may choose."""
        return self.filter(is_active=True)


class Specialty(models.Model):
    """A field of medicine, as patients and doctors name it in both languages.

    A row that is shipped comes from data/specialties.json and is kept as it is there by `load_specialties`, all but
    `is_active`, which is the admin's. A row that an admin made is never touched by it.
    """

    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name_en = NFCCharField(_("name in English"), max_length=80)
    name_bn = NFCCharField(_("name in Bangla"), max_length=80)
    practitioner_en = NFCCharField(
        _("practitioner in English"), max_length=80, help_text=_("What such a doctor is called: “Cardiologist”.")
    )
    practitioner_bn = NFCCharField(_("practitioner in Bangla"), max_length=80)
    icon = models.CharField(
        _("icon"), max_length=40, validators=[validate_icon], help_text=_("The name of a Lucide icon.")
    )
    synonyms = ArrayField(
        TermField(max_length=80),
        verbose_name=_("other words"),
        default=list,
        blank=True,
        help_text=_("What people type for it, in English, Bangla, and Bangla in Latin letters."),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0, help_text=_("The lowest comes first."))
    is_active = models.BooleanField(_("in use"), default=True)
    is_shipped = models.BooleanField(_("comes with the portal"), default=False, editable=False)

    objects = SpecialtyQuerySet.as_manager()

    class Meta:
        verbose_name = _("specialty")
        verbose_name_plural = _("specialties")
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(name_en="") & ~Q(name_bn="") & ~Q(practitioner_en="") & ~Q(practitioner_bn=""),
                name="specialty_not_without_a_name",
            ),
            models.CheckConstraint(
                condition=Q(
                    IsNFC("name_en"),
                    IsNFC("name_bn"),
                    IsNFC("practitioner_en"),
                    IsNFC("practitioner_bn"),
                    IsNFC(JoinedText("synonyms")),
                ),
                name="specialty_not_in_mixed_spellings",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language."""
        return in_active_language(self.name_en, self.name_bn)

    @property
    def practitioner(self) -> str:
        """What such a doctor is called, in the active language."""
        return in_active_language(self.practitioner_en, self.practitioner_bn)


class SymptomQuerySet(models.QuerySet["Symptom"]):
    def for_choice(self) -> Self:
        """Symptoms with the specialties that `ranked_specialties` reads."""
        return self.prefetch_related("symptom_specialties__specialty").fetch_mode(PAGE)


class Symptom(models.Model):
    """What troubles people, in their own words: English, Bangla, and Bangla in Latin letters."""

    slug = models.SlugField(_("address"), max_length=60, unique=True)
    name_en = NFCCharField(_("name in English"), max_length=80)
    name_bn = NFCCharField(_("name in Bangla"), max_length=80)
    synonyms = ArrayField(
        TermField(max_length=80),
        verbose_name=_("other words"),
        default=list,
        blank=True,
        help_text=_("What people type for it, in English, Bangla, and Bangla in Latin letters."),
    )
    specialties = models.ManyToManyField(Specialty, through="SymptomSpecialty", related_name="symptoms")
    is_shipped = models.BooleanField(_("comes with the portal"), default=False, editable=False)

    objects = SymptomQuerySet.as_manager()

    class Meta:
        verbose_name = _("symptom")
        verbose_name_plural = _("symptoms")
        ordering = ["name_en"]
        constraints = [
            models.CheckConstraint(condition=~Q(name_en="") & ~Q(name_bn=""), name="symptom_not_without_a_name"),
            models.CheckConstraint(
                condition=Q(IsNFC("name_en"), IsNFC("name_bn"), IsNFC(JoinedText("synonyms"))),
                name="symptom_not_in_mixed_spellings",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        """The name in the active language."""
        return in_active_language(self.name_en, self.name_bn)

    @property
    def ranked_specialties(self) -> list[Specialty]:
        """The specialties in use that treat it, the best to see first. Needs `for_choice` on lists."""
        return [link.specialty for link in self.symptom_specialties.all() if link.specialty.is_active]


class SymptomSpecialty(models.Model):
    """How well a specialty fits a symptom: the greatest weight first."""

    symptom = models.ForeignKey(Symptom, on_delete=models.CASCADE, related_name="symptom_specialties")
    specialty = models.ForeignKey(Specialty, on_delete=models.CASCADE, related_name="symptom_specialties")
    weight = models.PositiveSmallIntegerField(
        _("weight"),
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(BEST_FIT)],
        help_text=_("1 to 10; 10 is the specialty to see first."),
    )

    class Meta:
        verbose_name = _("specialty for a symptom")
        verbose_name_plural = _("specialties for a symptom")
        ordering = ["-weight", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["symptom", "specialty"], name="symptom_not_twice_for_a_specialty"),
            models.CheckConstraint(condition=Q(weight__range=(1, BEST_FIT)), name="symptom_weight_not_outside_1_to_10"),
        ]

    def __str__(self) -> str:
        return str(self.pk)
