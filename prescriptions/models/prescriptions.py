"""A prescription while it is composed, and the doctor's own templates. What is signed is frozen elsewhere.

It goes on from DRAFT to SIGNED, and from there to SUPERSEDED (by the one that amends it) or VOID; see TRANSITIONS.
"""

from typing import Self

from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Lower, Now
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment
from config.db import PAGE, UUID7Field
from prescriptions.models.medicines import LONGEST_NAME, Product, Severity

MOST_ITEMS = 12
LONGEST_WORDS = 2000
MOST_DAYS = 365


class PrescriptionStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    SIGNED = "signed", _("Signed")
    SUPERSEDED = "superseded", _("Replaced by a newer one")
    VOID = "void", _("Void")


# The only changes that there are. Signing makes SIGNED; amending signs another, and this becomes SUPERSEDED.
TRANSITIONS: dict[PrescriptionStatus, frozenset[PrescriptionStatus]] = {
    PrescriptionStatus.DRAFT: frozenset({PrescriptionStatus.SIGNED}),
    PrescriptionStatus.SIGNED: frozenset({PrescriptionStatus.SUPERSEDED, PrescriptionStatus.VOID}),
    PrescriptionStatus.SUPERSEDED: frozenset(),
    PrescriptionStatus.VOID: frozenset(),
}


# What of a row is taken along into another prescription or template.
COPIED = ("product_id", "written", "dose", "food", "days", "note")


class Food(models.TextChoices):
    """When it is taken beside the meals; empty: it does not matter."""

    BEFORE = "before", _("before food")
    AFTER = "after", _("after food")
    WITH = "with", _("with food")


class PrescriptionQuerySet(models.QuerySet["Prescription"]):
    def of_doctor(self, user) -> Self:
        """Those that the user composes or has signed, as a doctor who may practise."""
        return self.filter(
            appointment__doctor__user=user,
            appointment__doctor__verified_at__isnull=False,
            appointment__doctor__suspended_at__isnull=True,
        )

    def drafts(self) -> Self:
        return self.filter(status=PrescriptionStatus.DRAFT)

    def for_composer(self) -> Self:
        return (
            self.select_related("appointment__patient", "appointment__doctor__user")
            .prefetch_related("items__product__generic", "overrides")
            .fetch_mode(PAGE)
        )


class Prescription(models.Model):
    """What a doctor prescribes after one visit.

    `version` goes up with every save, and `tab` is the page that saved last (as with the note). `replaces` is the
    signed one that this one amends. Weight, pregnancy and breast-feeding are as the doctor asked for this prescription;
    NULL is not asked.
    """

    id = UUID7Field()
    appointment = models.ForeignKey(Appointment, on_delete=models.PROTECT, related_name="prescriptions")
    status = models.CharField(_("state"), max_length=10, choices=PrescriptionStatus, default=PrescriptionStatus.DRAFT)
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    version = models.PositiveIntegerField(default=1)
    tab = models.UUIDField()
    saved_at = models.DateTimeField()
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    language = models.CharField(_("language of the paper"), max_length=2, choices=settings.LANGUAGES)
    weight_kg = models.DecimalField(
        _("weight in kg"),
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0.3), MaxValueValidator(400)],
    )
    is_pregnant = models.BooleanField(_("pregnant"), null=True, blank=True)
    is_breastfeeding = models.BooleanField(_("breast-feeding"), null=True, blank=True)
    tests = models.TextField(_("tests advised"), max_length=LONGEST_WORDS, blank=True)
    advice = models.TextField(_("advice"), max_length=LONGEST_WORDS, blank=True)
    follow_up_days = models.PositiveSmallIntegerField(
        _("come back after, in days"), null=True, blank=True, validators=[MaxValueValidator(MOST_DAYS)]
    )

    void_reason = models.CharField(_("why it is void"), max_length=300, blank=True)

    objects = PrescriptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("prescription")
        verbose_name_plural = _("prescriptions")
        constraints = [
            models.UniqueConstraint(
                fields=["appointment"], condition=Q(status="draft"), name="draft_not_twice_for_a_visit"
            ),
            models.CheckConstraint(
                condition=Q(status__in=PrescriptionStatus.values), name="prescription_status_not_unknown"
            ),
            models.CheckConstraint(condition=~Q(status="void") | ~Q(void_reason=""), name="void_not_without_a_reason"),
            models.CheckConstraint(
                condition=Q(weight_kg__isnull=True) | Q(weight_kg__gt=0, weight_kg__lte=400),
                name="prescription_weight_not_impossible",
            ),
            models.CheckConstraint(
                condition=Q(LessThanOrEqual(Length("tests"), LONGEST_WORDS))
                & Q(LessThanOrEqual(Length("advice"), LONGEST_WORDS)),
                name="prescription_words_not_longer_than_allowed",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("prescriptions:compose", args=[self.appointment_id])


class ItemFacts(models.Model):
    """One medicine of a prescription or a template; `written` is what was typed where it is none that is known.

    `dose` is as prescriptions.dosage writes it, or empty while nobody has typed one that is understood.
    """

    position = models.PositiveSmallIntegerField()
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    written = models.CharField(_("medicine"), max_length=LONGEST_NAME, blank=True)
    dose = models.CharField(_("dose"), max_length=60, blank=True)
    food = models.CharField(_("food"), max_length=6, choices=Food, blank=True)
    days = models.PositiveSmallIntegerField(
        _("days"), null=True, blank=True, validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)]
    )
    note = models.CharField(_("note"), max_length=200, blank=True)

    class Meta:
        abstract = True
        constraints = [
            models.CheckConstraint(
                condition=Q(product__isnull=False) | ~Q(written=""), name="%(class)s_not_without_a_medicine"
            ),
            models.CheckConstraint(condition=Q(food__in=["", *Food.values]), name="%(class)s_food_not_unknown"),
            models.CheckConstraint(
                condition=Q(days__isnull=True) | Q(days__range=(1, MOST_DAYS)), name="%(class)s_days_not_endless"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.position}"


class Item(ItemFacts):
    prescription = models.ForeignKey(Prescription, on_delete=models.CASCADE, related_name="items")

    class Meta(ItemFacts.Meta):
        verbose_name = _("medicine of a prescription")
        verbose_name_plural = _("medicines of prescriptions")
        ordering = ["position"]
        constraints = [
            *ItemFacts.Meta.constraints,
            models.UniqueConstraint(fields=["prescription", "position"], name="item_not_twice_in_a_place"),
        ]


class Override(models.Model):
    """That the doctor goes on in spite of a severe warning, and why. The trail has the code alone."""

    prescription = models.ForeignKey(Prescription, on_delete=models.CASCADE, related_name="overrides")
    key = models.CharField(max_length=500)
    code = models.CharField(max_length=20)
    severity = models.CharField(max_length=10, choices=Severity)
    reason = models.CharField(_("reason"), max_length=300)

    class Meta:
        verbose_name = _("reason against a warning")
        verbose_name_plural = _("reasons against warnings")
        constraints = [
            models.UniqueConstraint(fields=["prescription", "key"], name="override_not_twice"),
            models.CheckConstraint(condition=~Q(reason=""), name="override_not_without_a_reason"),
        ]

    def __str__(self) -> str:
        return self.code


class Template(models.Model):
    """A doctor's own prescription to begin from, without anything of a patient."""

    id = UUID7Field()
    doctor = models.ForeignKey("doctors.Doctor", on_delete=models.CASCADE, related_name="prescription_templates")
    name = models.CharField(_("name"), max_length=80)
    tests = models.TextField(_("tests advised"), max_length=LONGEST_WORDS, blank=True)
    advice = models.TextField(_("advice"), max_length=LONGEST_WORDS, blank=True)
    follow_up_days = models.PositiveSmallIntegerField(null=True, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("template")
        verbose_name_plural = _("templates")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint("doctor", Lower("name"), name="template_not_twice_of_a_name"),
            models.CheckConstraint(condition=~Q(name=""), name="template_not_without_a_name"),
        ]

    def __str__(self) -> str:
        return self.name


class TemplateItem(ItemFacts):
    template = models.ForeignKey(Template, on_delete=models.CASCADE, related_name="items")

    class Meta(ItemFacts.Meta):
        verbose_name = _("medicine of a template")
        verbose_name_plural = _("medicines of templates")
        ordering = ["position"]
        constraints = [
            *ItemFacts.Meta.constraints,
            models.UniqueConstraint(fields=["template", "position"], name="template_item_not_twice_in_a_place"),
        ]
