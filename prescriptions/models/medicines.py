"""What medicines there are: substances, what is made of them, and what one can buy of that."""

from typing import Self

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from config.db import PAGE
from specialties.fields import NFCCharField, TermField

# Of everything that is typed and of every column: no medicine has a longer name.
LONGEST_NAME = 200


class Form(models.TextChoices):
    """As what a medicine comes; the value stands in files that are imported."""

    TABLET = "tablet", _("tablet")
    CAPSULE = "capsule", _("capsule")
    LIQUID = "oral liquid", _("oral liquid")
    POWDER = "powder for oral liquid", _("powder for oral liquid")
    SACHET = "sachet", _("sachet")
    SUBLINGUAL = "sublingual tablet", _("tablet under the tongue")
    CHEWABLE = "chewable tablet", _("chewable tablet")
    DISPERSIBLE = "dispersible tablet", _("dispersible tablet")
    LOZENGE = "lozenge", _("lozenge")
    INJECTION = "injection", _("injection")
    INFUSION = "infusion", _("infusion")
    CREAM = "cream", _("cream")
    OINTMENT = "ointment", _("ointment")
    GEL = "gel", _("gel")
    LOTION = "lotion", _("lotion")
    SHAMPOO = "shampoo", _("shampoo")
    SOLUTION = "topical solution", _("solution for the skin")
    PASTE = "paste", _("paste")
    POWDER_TOPICAL = "topical powder", _("powder for the skin")
    EYE_DROPS = "eye drops", _("eye drops")
    EYE_OINTMENT = "eye ointment", _("eye ointment")
    EAR_DROPS = "ear drops", _("ear drops")
    NASAL_SPRAY = "nasal spray", _("nasal spray")
    INHALER = "inhaler", _("inhaler")
    NEBULISER = "nebuliser solution", _("nebuliser solution")
    GAS = "inhalation gas", _("gas or vapour to inhale")
    SUPPOSITORY = "suppository", _("suppository")
    ENEMA = "enema", _("enema")
    PESSARY = "pessary", _("pessary")
    RING = "vaginal ring", _("vaginal ring")
    PATCH = "patch", _("patch")
    IMPLANT = "implant", _("implant")
    DEVICE = "device", _("device")
    DENTAL = "dental", _("for the teeth")
    OTHER = "other", _("other")


class Route(models.TextChoices):
    ORAL = "oral", _("by mouth")
    SUBLINGUAL = "sublingual", _("under the tongue")
    INJECTION = "injection", _("by injection")
    SKIN = "skin", _("on the skin")
    EYE = "eye", _("into the eye")
    EAR = "ear", _("into the ear")
    NOSE = "nose", _("into the nose")
    INHALED = "inhaled", _("by inhaling")
    RECTAL = "rectal", _("into the rectum")
    VAGINAL = "vaginal", _("into the vagina")
    OTHER = "other", _("another way")


ROUTE_OF: dict[str, Route] = {
    **dict.fromkeys(
        [
            Form.TABLET,
            Form.CAPSULE,
            Form.LIQUID,
            Form.POWDER,
            Form.SACHET,
            Form.CHEWABLE,
            Form.DISPERSIBLE,
            Form.LOZENGE,
        ],
        Route.ORAL,
    ),
    Form.SUBLINGUAL: Route.SUBLINGUAL,
    Form.INJECTION: Route.INJECTION,
    Form.INFUSION: Route.INJECTION,
    **dict.fromkeys(
        [
            *(Form.CREAM, Form.OINTMENT, Form.GEL, Form.LOTION, Form.SHAMPOO, Form.SOLUTION),
            *(Form.PASTE, Form.POWDER_TOPICAL, Form.PATCH),
        ],
        Route.SKIN,
    ),
    Form.EYE_DROPS: Route.EYE,
    Form.EYE_OINTMENT: Route.EYE,
    Form.EAR_DROPS: Route.EAR,
    Form.NASAL_SPRAY: Route.NOSE,
    **dict.fromkeys([Form.INHALER, Form.NEBULISER, Form.GAS], Route.INHALED),
    **dict.fromkeys([Form.SUPPOSITORY, Form.ENEMA], Route.RECTAL),
    **dict.fromkeys([Form.PESSARY, Form.RING], Route.VAGINAL),
}


class DrugClass(models.Model):
    """A family of substances that act or harm alike: somebody who reacts to one may react to all of it.

    `crosses` are families to which somebody may react who reacts to this one; more rarely than to its own.
    """

    code = models.SlugField(max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80)
    also = ArrayField(TermField(max_length=LONGEST_NAME), default=list, blank=True)
    crosses = models.ManyToManyField("self", symmetrical=True, blank=True)

    class Meta:
        verbose_name = _("class of medicines")
        verbose_name_plural = _("classes of medicines")

    def __str__(self) -> str:
        return self.name


class Caution(models.TextChoices):
    """What is known of a substance in pregnancy or while breast-feeding; empty: nothing is known here."""

    AVOID = "avoid", _("Do not use")
    CARE = "care", _("Only with care")
    USUAL = "usual", _("In usual doses")


class Ingredient(models.Model):
    """A substance by its international name. What is empty is not known here, and is said to be not checked."""

    name = TermField(_("name"), max_length=LONGEST_NAME, unique=True)
    also = ArrayField(TermField(max_length=LONGEST_NAME), default=list, blank=True, verbose_name=_("also called"))
    classes = models.ManyToManyField(DrugClass, blank=True, related_name="ingredients", verbose_name=_("classes"))
    pregnancy = models.CharField(_("in pregnancy"), max_length=5, choices=Caution, blank=True)
    breastfeeding = models.CharField(_("while breast-feeding"), max_length=5, choices=Caution, blank=True)
    min_age_months = models.PositiveSmallIntegerField(_("from which age, in months"), null=True, blank=True)
    max_daily_mg = models.DecimalField(
        _("most in a day for an adult, in mg"), max_digits=9, decimal_places=3, null=True, blank=True
    )
    max_daily_mg_per_kg = models.DecimalField(
        _("most in a day, in mg a kg"), max_digits=9, decimal_places=3, null=True, blank=True
    )
    # Whether interactions of this substance were looked for at all when the data were made.
    is_assessed = models.BooleanField(_("interactions looked for"), default=False)
    source = models.CharField(_("source"), max_length=200, blank=True)

    class Meta:
        verbose_name = pgettext_lazy("medicine", "substance")
        verbose_name_plural = _("substances")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="ingredient_not_without_a_name"),
            models.CheckConstraint(
                condition=Q(pregnancy__in=["", *Caution.values], breastfeeding__in=["", *Caution.values]),
                name="ingredient_caution_not_unknown",
            ),
            models.CheckConstraint(
                condition=(Q(max_daily_mg__isnull=True) | Q(max_daily_mg__gt=0))
                & (Q(max_daily_mg_per_kg__isnull=True) | Q(max_daily_mg_per_kg__gt=0)),
                name="ingredient_limit_not_nothing",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Generic(models.Model):
    """One substance or a fixed combination, as it is prescribed without a brand."""

    name = TermField(_("name"), max_length=LONGEST_NAME, unique=True)
    ingredients = models.ManyToManyField(Ingredient, related_name="generics", verbose_name=_("substances"))
    # Where it was named: `who-eml-23` for the WHO's list of 2023.
    listed_in = models.CharField(_("listed in"), max_length=40, blank=True)
    # Its names as they sound, for the search alone (prescriptions.search).
    heard = models.TextField(editable=False)

    class Meta:
        verbose_name = _("generic")
        verbose_name_plural = _("generics")
        ordering = ["name"]
        constraints = [models.CheckConstraint(condition=~Q(name=""), name="generic_not_without_a_name")]
        indexes = [GinIndex(OpClass(F("heard"), "gin_trgm_ops"), name="generics_by_sound")]

    def __str__(self) -> str:
        return self.name


class ProductQuerySet(models.QuerySet["Product"]):
    def for_composer(self) -> Self:
        """All that a row of the search shows and a prescription freezes."""
        return self.select_related("generic").fetch_mode(PAGE)


class Product(models.Model):
    """What a pharmacy hands out: a brand, or the generic as such (without one), in a strength and a form.

    `words` and `heard`, how the brand sounds, are for the search alone, written with the row (prescriptions.search).
    """

    generic = models.ForeignKey(Generic, on_delete=models.PROTECT, related_name="products", verbose_name=_("generic"))
    brand = NFCCharField(_("brand"), max_length=LONGEST_NAME, blank=True)
    strength = NFCCharField(_("strength"), max_length=80, blank=True)
    form = models.CharField(_("form"), max_length=30, choices=Form)
    route = models.CharField(_("route"), max_length=12, choices=Route)
    manufacturer = NFCCharField(_("made by"), max_length=LONGEST_NAME, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    source = models.CharField(_("source"), max_length=80, blank=True)
    imported_in = models.ForeignKey(
        "prescriptions.Import", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    words = models.TextField(editable=False)
    heard = models.TextField(editable=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ProductQuerySet.as_manager()

    class Meta:
        verbose_name = _("medicine")
        verbose_name_plural = _("medicines")
        constraints = [
            models.UniqueConstraint(
                fields=["generic", "brand", "strength", "form", "manufacturer"], name="product_not_twice"
            ),
            models.CheckConstraint(condition=Q(form__in=Form.values), name="product_form_not_unknown"),
            models.CheckConstraint(condition=Q(route__in=Route.values), name="product_route_not_unknown"),
        ]
        indexes = [
            GinIndex(OpClass(F("words"), "gin_trgm_ops"), condition=Q(is_active=True), name="products_by_words"),
            GinIndex(OpClass(F("heard"), "gin_trgm_ops"), condition=Q(is_active=True), name="products_by_sound"),
            # What patients say that they take is looked up by brand, and what doctors type by how one begins.
            models.Index(OpClass(Lower("brand"), "text_pattern_ops"), name="products_by_brand"),
        ]

    def __str__(self) -> str:
        return " ".join(filter(None, (self.brand or self.generic.name, self.strength, self.form)))

    @property
    def key(self) -> tuple[int, str, str, str, str]:
        """What makes it one product, as `product_not_twice` has it."""
        return (self.generic_id, self.brand, self.strength, self.form, self.manufacturer)


class Severity(models.TextChoices):
    SEVERE = "severe", _("Severe")
    MODERATE = "moderate", _("Moderate")


class Interaction(models.Model):
    """Two substances that do harm together. The lower key stands first, so that a pair is there once."""

    low = models.ForeignKey(Ingredient, on_delete=models.CASCADE, related_name="+", db_index=False)
    high = models.ForeignKey(Ingredient, on_delete=models.CASCADE, related_name="+")
    severity = models.CharField(_("severity"), max_length=10, choices=Severity)
    effect = models.CharField(_("what happens"), max_length=300)
    source = models.CharField(_("source"), max_length=200)
    imported_in = models.ForeignKey(
        "prescriptions.Import", on_delete=models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )

    class Meta:
        verbose_name = _("interaction")
        verbose_name_plural = _("interactions")
        constraints = [
            models.UniqueConstraint(fields=["low", "high"], name="interaction_not_twice"),
            models.CheckConstraint(condition=Q(low__lt=F("high")), name="interaction_not_of_one_or_backwards"),
            models.CheckConstraint(condition=Q(severity__in=Severity.values), name="interaction_severity_not_unknown"),
            models.CheckConstraint(
                condition=~Q(effect="") & ~Q(source=""), name="interaction_not_without_effect_and_source"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.low_id} × {self.high_id}"


class ReferenceSet(models.Model):
    """What was loaded last of one kind, from where, and as of when: so that it is said when it is old."""

    class Kind(models.TextChoices):
        MEDICINES = "medicines", _("Medicines")
        INGREDIENTS = "ingredients", _("Substances")
        INTERACTIONS = "interactions", _("Interactions")

    kind = models.CharField(_("what"), max_length=12, choices=Kind, primary_key=True)
    source = models.CharField(_("source"), max_length=300)
    as_of = models.DateField(_("as of"))
    is_starter = models.BooleanField(_("a starter set only"), default=True)
    loaded_at = models.DateTimeField(_("loaded"), db_default=Now())

    class Meta:
        verbose_name = _("reference data")
        verbose_name_plural = _("reference data")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.as_of}"
