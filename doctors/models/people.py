"""Doctors as the public meets them: who they are, and where they practise."""

from decimal import Decimal
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from config.db import PAGE
from config.history import tracked
from doctors.districts import DistrictChoices
from doctors.districts import district as find_district

# What the gateway accepts at the least; below it a fee is either nothing or a mistake.
LOWEST_ONLINE_FEE = Decimal(10)
LONGEST_FOLLOW_UP = 180
LONGEST_ABOUT = 4000
# Bangladesh lies within these degrees.
LATITUDES, LONGITUDES = (20.3, 26.8), (87.9, 92.9)
# Addresses below /doctors/ that are pages of the portal, and so of no doctor.
TAKEN_SLUGS = ("apply",)


def _not_below_the_gateways_least(field: str) -> Q:
    return Q(**{f"{field}__isnull": True}) | Q(**{field: 0}) | Q(**{f"{field}__gte": LOWEST_ONLINE_FEE})


class Mode(models.TextChoices):
    """How patient and doctor meet."""

    VIDEO = "video", _("Video")
    IN_PERSON = "in_person", _("In person")


class Gender(models.TextChoices):
    FEMALE = "female", _("Female")
    MALE = "male", _("Male")


class Language(models.TextChoices):
    """What a doctor speaks with patients."""

    BANGLA = "bn", _("Bangla")
    ENGLISH = "en", _("English")
    HINDI = "hi", _("Hindi")
    URDU = "ur", _("Urdu")
    ARABIC = "ar", _("Arabic")
    CHAKMA = "ccp", _("Chakma")
    SYLHETI = "syl", _("Sylheti")
    CHITTAGONIAN = "ctg", _("Chittagonian")


class DoctorQuerySet(models.QuerySet["Doctor"]):
    def public(self) -> Self:
        """Those whom anybody may find and book: verified by an admin, and not suspended."""
        return self.filter(verified_at__isnull=False, suspended_at__isnull=True)

    def for_documents(self) -> Self:
        """All that search finds a doctor by."""
        return self.prefetch_related("doctor_specialties", "qualifications", "places").fetch_mode(PAGE)

    def for_index(self) -> Self:
        """All that the search server holds of a doctor."""
        return self.filter(listing__isnull=False).select_related("listing").for_documents()

    def for_cards(self) -> Self:
        """All that a card on the results page shows."""
        return (
            self.select_related("listing")
            .defer("about", "about_bn")
            .prefetch_related("doctor_specialties__specialty", "places", "qualifications")
            .fetch_mode(PAGE)
        )

    def for_profile(self) -> Self:
        """All that a doctor's page shows."""
        return (
            self.select_related("listing")
            .prefetch_related("doctor_specialties__specialty", "places", "qualifications")
            .fetch_mode(PAGE)
        )


@tracked()
class Doctor(models.Model):
    """A doctor's public profile.

    Name and registration number are as an admin has verified them: services.approve_verification alone writes them
    once `verified_at` is set, and it alone sets that.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="doctor")
    slug = models.SlugField(_("address of the page"), max_length=80, unique=True)
    title = models.CharField(_("title"), max_length=40, default="Dr.")
    name = models.CharField(_("name"), max_length=120)
    name_bn = models.CharField(_("name in Bangla"), max_length=120, blank=True)
    gender = models.CharField(_("gender"), max_length=10, choices=Gender)
    registration_number = models.CharField(_("BMDC registration number"), max_length=20)
    specialties = models.ManyToManyField(
        "specialties.Specialty", through="DoctorSpecialty", related_name="doctors", verbose_name=_("specialties")
    )
    languages = ArrayField(models.CharField(max_length=5, choices=Language), verbose_name=_("languages"))
    practising_since = models.PositiveSmallIntegerField(_("practising since (year)"))
    about = models.TextField(_("about"), max_length=LONGEST_ABOUT, blank=True)
    about_bn = models.TextField(_("about, in Bangla"), max_length=LONGEST_ABOUT, blank=True)
    # Both are written by doctors/photos.py: 512 pixels square for the page, 128 for lists.
    photo = models.ImageField(_("photo"), upload_to="doctors/", blank=True)
    photo_small = models.ImageField(upload_to="doctors/", blank=True, editable=False)
    # A fee that is NULL means that the doctor does not offer this mode; 0 means free of charge.
    fee_video = models.DecimalField(_("fee for a video visit"), max_digits=10, decimal_places=2, null=True, blank=True)
    fee_in_person = models.DecimalField(
        _("fee for a visit in person"),
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[MinValueValidator(0)],
    )
    # What the same patient pays who comes again within so many days; NULL where that costs as much as any visit.
    follow_up_fee = models.DecimalField(
        _("fee for a follow-up"), max_digits=10, decimal_places=2, null=True, blank=True
    )
    follow_up_days = models.PositiveSmallIntegerField(
        _("days within which a follow-up counts"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(LONGEST_FOLLOW_UP)],
    )
    currency = models.CharField(max_length=3, default=settings.CURRENCY, editable=False)
    verified_at = models.DateTimeField(_("verified"), null=True, blank=True)
    suspended_at = models.DateTimeField(_("suspended"), null=True, blank=True)
    suspension_reason = models.CharField(_("why suspended"), max_length=400, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = DoctorQuerySet.as_manager()

    class Meta:
        verbose_name = _("doctor")
        verbose_name_plural = _("doctors")
        permissions = [("suspend_doctor", _("Can suspend doctors and restore them"))]
        constraints = [
            models.UniqueConstraint(
                fields=["registration_number"],
                condition=Q(verified_at__isnull=False),
                name="registration_number_not_of_two_verified_doctors",
            ),
            models.CheckConstraint(
                condition=_not_below_the_gateways_least("fee_video"),
                name="video_fee_not_below_the_gateways_least",
            ),
            models.CheckConstraint(
                condition=_not_below_the_gateways_least("fee_in_person"),
                name="in_person_fee_not_below_the_gateways_least",
            ),
            models.CheckConstraint(
                condition=_not_below_the_gateways_least("follow_up_fee"),
                name="follow_up_fee_not_below_the_gateways_least",
            ),
            models.CheckConstraint(
                condition=Q(follow_up_fee__isnull=True, follow_up_days__isnull=True)
                | Q(follow_up_fee__isnull=False, follow_up_days__range=(1, LONGEST_FOLLOW_UP)),
                name="follow_up_fee_not_without_a_window",
            ),
            models.CheckConstraint(
                condition=Q(suspended_at__isnull=True) | ~Q(suspension_reason=""),
                name="doctor_not_suspended_without_a_reason",
            ),
            models.CheckConstraint(condition=~Q(slug__in=TAKEN_SLUGS), name="slug_not_a_page_of_the_portal"),
        ]
        indexes = [
            GinIndex(fields=["languages"], name="doctor_languages"),
        ]

    def __str__(self) -> str:
        return self.full_name

    def get_absolute_url(self) -> str:
        return reverse("doctors:profile", args=[self.slug])

    @property
    def full_name(self) -> str:
        """Title and name in the active language, where the doctor gave it."""
        if get_language() == "bn" and self.name_bn:
            return self.name_bn
        return f"{self.title} {self.name}".strip()

    @property
    def about_text(self) -> str:
        return self.about_bn if get_language() == "bn" and self.about_bn else self.about

    @property
    def is_public(self) -> bool:
        return self.verified_at is not None and self.suspended_at is None

    @property
    def specialty_names(self) -> str:
        """The specialties in the active language, the first one first."""
        return ", ".join(row.specialty.name for row in self.doctor_specialties.all())

    @property
    def degrees(self) -> str:
        return ", ".join(dict.fromkeys(qualification.degree for qualification in self.qualifications.all()))

    @property
    def language_names(self) -> str:
        return ", ".join(str(Language(code).label) for code in self.languages)

    @property
    def years_of_practice(self) -> int:
        return max(0, timezone.localdate().year - self.practising_since)

    @property
    def active_places(self) -> list["PracticePlace"]:
        """Where the doctor sees patients in person now."""
        return [place for place in self.places.all() if place.is_active]

    @property
    def thumbnail(self) -> str:
        """The address of the picture for lists, empty where there is none."""
        return self.photo_small.url if self.photo_small else ""

    @property
    def modes(self) -> list[str]:
        """The modes that this doctor offers, video first."""
        return [mode for mode in Mode.values if self.fee(mode) is not None]

    def fee(self, mode: str) -> Decimal | None:
        """The fee for a visit of this mode, None where it is not offered."""
        return {Mode.VIDEO: self.fee_video, Mode.IN_PERSON: self.fee_in_person}[Mode(mode)]


@tracked()
class DoctorSpecialty(models.Model):
    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="doctor_specialties")
    specialty = models.ForeignKey("specialties.Specialty", on_delete=models.PROTECT, related_name="doctor_specialties")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("specialty")
        verbose_name_plural = _("specialties")
        ordering = ["position", "pk"]
        constraints = [models.UniqueConstraint(fields=["doctor", "specialty"], name="specialty_not_twice_for_a_doctor")]

    def __str__(self) -> str:
        return str(self.pk)


@tracked()
class Qualification(models.Model):
    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="qualifications")
    degree = models.CharField(_("degree"), max_length=80)
    institution = models.CharField(_("institution"), max_length=160, blank=True)
    year = models.PositiveSmallIntegerField(_("year"), null=True, blank=True)

    class Meta:
        verbose_name = _("qualification")
        verbose_name_plural = _("qualifications")
        ordering = ["year", "pk"]

    def __str__(self) -> str:
        return self.degree


@tracked()
class PracticePlace(models.Model):
    """A chamber, clinic or hospital where a doctor sees patients in person."""

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="places")
    name = models.CharField(_("name"), max_length=160)
    address = models.CharField(_("address"), max_length=240)
    district = models.CharField(_("district"), max_length=20, choices=DistrictChoices)
    phone = models.CharField(_("phone"), max_length=20, blank=True)
    is_active = models.BooleanField(_("in use"), default=True)
    # WGS 84 degrees; both NULL where no more is known than the district.
    latitude = models.FloatField(_("latitude"), null=True, blank=True)
    longitude = models.FloatField(_("longitude"), null=True, blank=True)

    class Meta:
        verbose_name = _("practice place")
        verbose_name_plural = _("practice places")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(latitude__isnull=True, longitude__isnull=True)
                | Q(latitude__range=LATITUDES, longitude__range=LONGITUDES),
                name="place_not_outside_the_country",
            ),
        ]
        indexes = [
            models.Index(fields=["district", "doctor"], name="place_by_district"),
            models.Index(fields=["latitude", "longitude"], condition=Q(is_active=True), name="place_by_point"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def district_name(self) -> str:
        """In the active language."""
        return find_district(self.district).name
