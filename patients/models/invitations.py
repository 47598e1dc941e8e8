"""Offers by mail between people who care for each other: to act for a child too, to take over one's own record."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.core import signing
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from config.db import UUID7Field
from patients.models.people import Patient, Relation

LIVES = timedelta(days=7)
SALT = "patients.invitation"


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> Self:
        """Those that can still be accepted."""
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=Now())

    def seen_by(self, user) -> Self:
        """One's own offers, and those about a patient whom one acts for: all of these one may withdraw."""
        patients = Patient.objects.acted_for_by(user).values("pk")
        return self.filter(Q(invited_by=user) | Q(patient__in=patients))

    def to_send(self) -> Self:
        """Those whose mail is due, oldest first."""
        return self.open().filter(mail_due_at__lte=Now()).order_by("mail_due_at")

    def signed(self, token: str) -> "Invitation | None":
        """That of a link, whatever has become of it; None for a link that is not ours."""
        try:
            key = signing.loads(token, salt=SALT)
        except signing.BadSignature:
            return None
        return self.filter(pk=key).first()


class Invitation(models.Model):
    """An offer to the owner of an address, open for seven days, to be accepted once and by nobody else.

    `mail_due_at` is empty once its mail is out.
    """

    class Purpose(models.TextChoices):
        # Another person is to act for the patient too.
        GUARDIAN = "guardian", _("To act for somebody")
        # The patient, who has no account, is to take over the record.
        CLAIM = "claim", _("To take over a record")
        # Somebody with an account is asked to let the inviter act.
        CONSENT = "consent", _("To let somebody act")

    id = UUID7Field()
    purpose = models.CharField(max_length=10, choices=Purpose)
    patient = models.ForeignKey(Patient, on_delete=models.CASCADE, null=True, related_name="invitations")
    email = models.EmailField(_("e-mail address"))
    relation = models.CharField(_("relation"), max_length=10, choices=Relation, blank=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="invitations")
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    withdrawn_at = models.DateTimeField(null=True)
    mail_due_at = models.DateTimeField(db_default=Now(), null=True)
    mail_attempts = models.PositiveSmallIntegerField(default=0)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        verbose_name = _("invitation")
        verbose_name_plural = _("invitations")
        constraints = [
            models.CheckConstraint(
                condition=Q(purpose="consent", patient=None) | ~Q(purpose="consent") & Q(patient__isnull=False),
                name="invitation_not_without_its_patient",
            ),
            models.CheckConstraint(
                condition=Q(purpose="claim", relation="") | ~Q(purpose="claim") & Q(relation__in=Relation.values),
                name="invitation_not_without_its_relation",
            ),
            models.CheckConstraint(condition=Q(email=Lower("email")), name="invitation_email_not_in_upper_case"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None) | Q(accepted_by__isnull=False, withdrawn_at=None),
                name="invitation_not_accepted_by_nobody",
            ),
            models.UniqueConstraint(
                fields=["purpose", "patient", "email", "invited_by"],
                condition=Q(accepted_at=None, withdrawn_at=None),
                nulls_distinct=False,
                name="invitation_not_open_twice",
            ),
        ]
        indexes = [
            models.Index(F("mail_due_at"), condition=Q(mail_due_at__isnull=False), name="invitations_to_send"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} · {self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("patients:invitation", args=[self.token])

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.withdrawn_at is None and self.expires_at > timezone.now()

    @property
    def token(self) -> str:
        return signing.dumps(str(self.pk), salt=SALT)
