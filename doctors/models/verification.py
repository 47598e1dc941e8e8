"""How an administrator comes to vouch for a doctor: what the doctor sends, what is looked at, and what came of it."""

from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.db import PAGE, AppendOnlyModel
from doctors.models.people import Doctor

LONGEST_WORDS = 1000


class VerificationStatus(models.TextChoices):
    PENDING = "pending", _("In review")
    MORE_ASKED = "more_asked", _("More is asked")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    WITHDRAWN = "withdrawn", _("Withdrawn")


# While in one of these, a doctor can send no other.
OPEN_VERIFICATION = (VerificationStatus.PENDING, VerificationStatus.MORE_ASKED)

# The only changes that there are. docs/architecture.md's diagram is made from this table.
VERIFICATION_TRANSITIONS: dict[VerificationStatus, frozenset[VerificationStatus]] = {
    VerificationStatus.PENDING: frozenset(
        {
            VerificationStatus.MORE_ASKED,
            VerificationStatus.APPROVED,
            VerificationStatus.REJECTED,
            VerificationStatus.WITHDRAWN,
        }
    ),
    VerificationStatus.MORE_ASKED: frozenset(
        {VerificationStatus.PENDING, VerificationStatus.REJECTED, VerificationStatus.WITHDRAWN}
    ),
    VerificationStatus.APPROVED: frozenset(),
    VerificationStatus.REJECTED: frozenset(),
    VerificationStatus.WITHDRAWN: frozenset(),
}


class Purpose(models.TextChoices):
    """Why somebody is verified: to begin, or because what was verified is to change."""

    APPLICATION = "application", _("Application")
    CHANGE = "change", _("Change of name or number")


class ChecklistItem(models.TextChoices):
    """What must be looked at, each of them, before a doctor is approved."""

    REGISTER = "register", _("The number was looked up in the BMDC register, and is valid there")
    NUMBER = "number", _("The registration number is the same in the register, on the certificate and here")
    NAME = "name", _("The name is the same in the register, on the certificate and here, in both scripts")
    CERTIFICATE = "certificate", _("The certificate is legible, whole and not out of date")
    SPECIALTIES = "specialties", _("Specialties and degrees agree with what is known of this doctor")


class CertificateQuerySet(models.QuerySet["Certificate"]):
    def kept(self) -> Self:
        return self.filter(goes_at=None)

    def to_go(self) -> Self:
        """Those whose file and row must go by now."""
        return self.filter(goes_at__lte=timezone.now()).order_by("goes_at")


class Certificate(models.Model):
    """A file that proves a registration. It lies in private storage under `file`; nobody opens it but by a check.

    `goes_at` says that nothing holds it, and when it goes: written before the file is stored, taken back when a draft
    has it, written again when it is forgotten. So no file is left behind.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="certificates")
    file = models.CharField(max_length=200, unique=True)
    filename = models.CharField(_("file"), max_length=160)
    content_type = models.CharField(_("kind of file"), max_length=40)
    size = models.PositiveIntegerField(_("size"))
    pages = models.PositiveSmallIntegerField(_("pages"), default=1)
    sha256 = models.CharField(max_length=64)
    uploaded_at = models.DateTimeField(_("uploaded"), db_default=Now(), editable=False)
    goes_at = models.DateTimeField(null=True, editable=False)

    objects = CertificateQuerySet.as_manager()

    class Meta:
        verbose_name = _("certificate")
        verbose_name_plural = _("certificates")
        indexes = [
            models.Index(fields=["goes_at"], condition=Q(goes_at__isnull=False), name="certificates_to_go_by_time")
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def is_picture(self) -> bool:
        return self.content_type.startswith("image/")


class VerificationDraft(models.Model):
    """What somebody has filled in and not sent yet, by page of the form."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="verification_draft"
    )
    answers = models.JSONField(default=dict)
    certificate = models.ForeignKey(Certificate, on_delete=models.PROTECT, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("draft of an application")
        verbose_name_plural = _("drafts of applications")

    def __str__(self) -> str:
        return str(self.pk)


class VerificationQuerySet(models.QuerySet["Verification"]):
    def open(self) -> Self:
        return self.filter(status__in=OPEN_VERIFICATION)

    def of_user(self, user: object) -> Self:
        return self.filter(doctor__user=user)

    def for_queue(self) -> Self:
        """All that a row of the queue shows."""
        return self.select_related("doctor__user").fetch_mode(PAGE)

    def for_review(self) -> Self:
        """All that the page shows on which an administrator decides."""
        return (
            self.select_related("doctor__user", "certificate")
            .prefetch_related("events__by", "doctor__doctor_specialties__specialty", "doctor__qualifications")
            .fetch_mode(PAGE)
        )

    def for_applicant(self) -> Self:
        """All that the doctor's own pages show."""
        return self.select_related("doctor", "certificate").prefetch_related("events").fetch_mode(PAGE)


class Verification(models.Model):
    """A name and a registration number that somebody claims, with the paper that proves them.

    Its status changes through services.move_verification alone. `revision` goes up each time it is sent, so that
    nobody approves what they have not seen. What it proposes reaches the doctor's page when it is approved.
    """

    doctor = models.ForeignKey(Doctor, on_delete=models.PROTECT, related_name="verifications")
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    status = models.CharField(
        _("status"), max_length=12, choices=VerificationStatus, default=VerificationStatus.PENDING
    )
    revision = models.PositiveSmallIntegerField(_("times sent"), default=1)
    name = models.CharField(_("name"), max_length=120)
    name_bn = models.CharField(_("name in Bangla"), max_length=120, blank=True)
    registration_number = models.CharField(_("BMDC registration number"), max_length=20)
    certificate = models.ForeignKey(
        Certificate, on_delete=models.PROTECT, related_name="verifications", verbose_name=_("certificate")
    )
    sent_at = models.DateTimeField(_("sent"), default=timezone.now)
    decided_at = models.DateTimeField(_("decided"), null=True, blank=True)

    objects = VerificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("verification")
        verbose_name_plural = _("verifications")
        permissions = [("decide_verification", _("Can decide on verifications"))]
        constraints = [
            models.UniqueConstraint(
                fields=["doctor"], condition=Q(status__in=OPEN_VERIFICATION), name="verification_not_open_twice"
            ),
            models.UniqueConstraint(
                fields=["registration_number"],
                condition=Q(status__in=OPEN_VERIFICATION),
                name="registration_number_not_in_review_twice",
            ),
            models.CheckConstraint(
                condition=Q(status__in=VerificationStatus.values), name="verification_status_not_unknown"
            ),
            models.CheckConstraint(
                condition=Q(registration_number__regex=r"^[A-Z]{1,3}-[0-9]{3,7}$"),
                name="registration_number_not_as_it_was_typed",
            ),
            models.CheckConstraint(
                condition=Q(status__in=OPEN_VERIFICATION, decided_at__isnull=True)
                | ~Q(status__in=OPEN_VERIFICATION) & Q(decided_at__isnull=False),
                name="verification_not_closed_without_a_time",
            ),
        ]
        indexes = [models.Index(fields=["status", "sent_at"], name="verification_queue")]

    def __str__(self) -> str:
        return f"{self.name}, {self.registration_number}"

    @property
    def is_open(self) -> bool:
        return self.status in OPEN_VERIFICATION

    @property
    def may_be_sent_again(self) -> bool:
        """It is the doctor's turn, or nobody's: what was sent can be put right, its certificate used once more."""
        return self.status in (
            VerificationStatus.MORE_ASKED,
            VerificationStatus.REJECTED,
            VerificationStatus.WITHDRAWN,
        )

    @property
    def last_words(self) -> str:
        """What the administrator asked or said at the end; empty where the last step took no words."""
        events = list(self.events.all())
        return events[-1].words if events else ""


class VerificationEvent(AppendOnlyModel):
    """One step of a verification: who, when, from what to what; and what was asked, or why not, in an
    administrator's words to the doctor about papers."""

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="events")
    at = models.DateTimeField(_("at"), db_default=Now(), editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by"))
    revision = models.PositiveSmallIntegerField(_("times sent"))
    old = models.CharField(_("from"), max_length=12, blank=True)
    new = models.CharField(_("to"), max_length=12, choices=VerificationStatus)
    words = models.TextField(_("words"), max_length=LONGEST_WORDS, blank=True)

    class Meta:
        verbose_name = _("step of a verification")
        verbose_name_plural = _("steps of verifications")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=~Q(new__in=[VerificationStatus.MORE_ASKED, VerificationStatus.REJECTED]) | ~Q(words=""),
                name="question_and_refusal_not_without_words",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.old or '∅'} → {self.new}"


class VerificationTick(AppendOnlyModel):
    """Somebody ticked an item of the checklist for what was sent then, or took the tick back: the last one counts."""

    verification = models.ForeignKey(Verification, on_delete=models.PROTECT, related_name="ticks")
    revision = models.PositiveSmallIntegerField()
    item = models.CharField(max_length=20, choices=ChecklistItem)
    is_ticked = models.BooleanField()
    by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("tick")
        verbose_name_plural = _("ticks")
        ordering = ["pk"]
        indexes = [models.Index(fields=["verification", "revision", "item", "-id"], name="last_tick_of_an_item")]

    def __str__(self) -> str:
        return f"{self.item} {'☑' if self.is_ticked else '☐'}"
