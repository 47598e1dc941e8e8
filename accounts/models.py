"""Who signs in, and what they are told."""

from collections.abc import Iterable
from typing import ClassVar, Self
from uuid import UUID
from zoneinfo import ZoneInfo, available_timezones

from django.conf import settings
from django.contrib.auth import get_backends
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from phonenumber_field.modelfields import PhoneNumberField

from config.db import AppendOnlyModel, UUID7Field


class Role(models.TextChoices):
    """Which home a person sees first. What a person may do follows from profiles and relations, never from this."""

    PATIENT = "patient", _("Patient")
    DOCTOR = "doctor", _("Doctor")
    ADMIN = "admin", _("Administrator")


def validate_time_zone(value: str) -> None:
    if value not in available_timezones():
        raise ValidationError(_("This is not a time zone that we know."))


def portal_time_zone() -> str:
    return settings.PORTAL_TIME_ZONE


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, role=Role.ADMIN, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, email: str | None) -> "User":
        return self.get(email=(email or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A person who signs in, by an e-mail address that is kept in lower case."""

    email = models.EmailField(_("e-mail address"), unique=True)
    name = models.CharField(_("name"), max_length=120)
    role = models.CharField(_("role"), max_length=10, choices=Role, default=Role.PATIENT)
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=portal_time_zone, validators=[validate_time_zone]
    )
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, default="en")
    # Where text messages go: a number that its owner has proven, or none.
    mobile = PhoneNumberField(_("mobile number for text messages"), blank=True, editable=False)
    # What they chose to be told of, and how, where it is not as accounts.topics has it: {"reminders:sms": false}.
    choices = models.JSONField(default=dict, blank=True, editable=False)
    # The address from which a mail came back because there is no such mailbox: while it is theirs none goes there.
    returned_email = models.EmailField(blank=True, db_default="", editable=False)
    # Whether there is a PushDevice. It stands here so that telling somebody costs no query more.
    has_push = models.BooleanField(default=False, editable=False)
    is_staff = models.BooleanField(_("may open the admin"), default=False)
    is_active = models.BooleanField(_("may sign in"), default=True)
    date_joined = models.DateTimeField(_("joined"), default=timezone.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.CheckConstraint(condition=Q(email=Lower("email")), name="email_not_in_upper_case"),
            models.CheckConstraint(condition=Q(role__in=Role.values), name="role_not_unknown"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def has_perm(self, perm: str, obj: models.Model | None = None) -> bool:
        """As Django has it, but what people grant on one object is nobody's by being a superuser."""
        if obj is None:
            return super().has_perm(perm)
        return any(backend.has_perm(self, perm, obj) for backend in get_backends() if hasattr(backend, "has_perm"))

    @property
    def mail_returns(self) -> bool:
        """Whether mails to the address of now come back."""
        return bool(self.returned_email) and self.returned_email == self.email

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class Kind(models.TextChoices):
    """What a person is told about. The words are in templates/notifications/<kind>.txt."""

    APPOINTMENT_CONFIRMED = "appointment_confirmed", _("An appointment is confirmed")
    APPOINTMENT_BOOKED = "appointment_booked", _("A patient booked an appointment")
    APPOINTMENT_CANCELLED = "appointment_cancelled", _("An appointment is cancelled")
    APPOINTMENT_MOVED = "appointment_moved", _("An appointment has another time")
    APPOINTMENT_STANDS = "appointment_stands", _("An appointment stands after all")
    DOCTOR_AWAY = "doctor_away", _("A doctor is away at the time of an appointment")
    VISIT_REMINDER = "visit_reminder", _("A visit is near")
    TIME_OFFERED = "time_offered", _("A time that somebody waited for is free")
    VISIT_COMPLETED = "visit_completed", _("A visit is done")
    VISIT_MISSED = "visit_missed", _("A visit was missed")
    PRESCRIPTION_READY = "prescription_ready", _("A prescription is ready")
    PRESCRIPTION_AMENDED = "prescription_amended", _("A prescription is replaced by a newer one")
    PRESCRIPTION_VOID = "prescription_void", _("A prescription is void")
    ORDER_RECEIVED = "order_received", _("A patient ordered a service")
    ORDER_ACCEPTED = "order_accepted", _("A doctor accepted an order")
    ORDER_FULFILLED = "order_fulfilled", _("What was ordered is ready")
    ORDER_DECLINED = "order_declined", _("A doctor declined an order")
    ORDER_LAPSED = "order_lapsed", _("An order was not done in time")
    ORDER_CANCELLED = "order_cancelled", _("An order is cancelled")
    ORDER_PAYMENT_UNDER_REVIEW = "order_payment_under_review", _("A payment for an order is being looked at")
    ORDER_PAYMENT_TOO_LATE = "order_payment_too_late", _("A payment for an order came too late and goes back")
    CERTIFICATE_WITHDRAWN = "certificate_withdrawn", _("A doctor took a certificate back")
    FOLLOW_UP_ASKED = "follow_up_asked", _("A doctor asks for a follow-up")
    RUNNING_LATE = "running_late", _("A doctor is running late")
    CASE_DECIDED = "case_decided", _("It is decided what came of a visit")
    PAYMENT_UNDER_REVIEW = "payment_under_review", _("A payment is being looked at")
    PAYMENT_TOO_LATE = "payment_too_late", _("A payment came too late and goes back")
    REFUND_STARTED = "refund_started", _("A refund is on its way")
    REFUND_DELAYED = "refund_delayed", _("A refund takes longer")
    REFUND_DONE = "refund_done", _("A refund has arrived")
    RECEIPT_ISSUED = "receipt_issued", _("A receipt is ready")
    REFUND_NOTED = "refund_noted", _("A refund note is ready")
    PAYOUT_ACCOUNT_CHANGED = "payout_account_changed", _("A payout account was changed")
    PAYOUT_SENT = "payout_sent", _("A payout was sent")
    PAYOUT_FAILED = "payout_failed", _("A payout did not go through")
    LIST_DIFFERS = "list_differs", _("A list of the gateway differs from the ledger")
    DISPUTE_OPENED = "dispute_opened", _("A patient complains about a payment")
    DISPUTE_RECEIVED = "dispute_received", _("A complaint about a payment was received")
    DISPUTE_ANSWERED = "dispute_answered", _("A complaint about a payment was answered")
    DISPUTE_UNANSWERED = "dispute_unanswered", _("A complaint about a payment was not answered in time")
    DISPUTE_SETTLED = "dispute_settled", _("A complaint about a payment is settled")
    DISPUTE_WITHDRAWN = "dispute_withdrawn", _("A complaint about a payment was withdrawn")
    REVIEW_ASKED = "review_asked", _("What did you think of a visit?")
    REVIEW_RECEIVED = "review_received", _("A patient reviewed a visit")
    REVIEW_REPLIED = "review_replied", _("A doctor answered a review")
    REVIEW_DECIDED = "review_decided", _("An administrator decided about a review")
    REPORT_DECIDED = "report_decided", _("An administrator looked at a report")
    DOCTOR_APPLIED = "doctor_applied", _("A doctor's papers have arrived")
    DOCTOR_MORE_ASKED = "doctor_more_asked", _("Something more is asked of a doctor")
    GUARDIAN_INVITED = "guardian_invited", _("Somebody is invited to act for a member of the family")
    GUARDIAN_ADDED = "guardian_added", _("Somebody acts for a member of the family now")
    GUARDIAN_ENDED = "guardian_ended", _("Somebody does not act for a member of the family any more")
    GUARDIANSHIP_ENDS = "guardianship_ends", _("A child comes of age")
    RECORD_OFFERED = "record_offered", _("A record is offered to its owner")
    RECORD_CLAIMED = "record_claimed", _("A record was taken over by its owner")
    RECORDS_SHARED = "records_shared", _("A patient shares records with a doctor")
    ERASURE_ASKED = "erasure_asked", _("An account is going to be erased")
    EMERGENCY_ACCESS = "emergency_access", _("An administrator opened a patient's data")
    EMERGENCY_REVIEWED = "emergency_reviewed", _("An emergency access was reviewed")
    DOCTOR_VERIFIED = "doctor_verified", _("A doctor's profile is verified")
    DOCTOR_REJECTED = "doctor_rejected", _("A doctor's papers are not accepted")
    DOCTOR_SUSPENDED = "doctor_suspended", _("A doctor is suspended")
    DOCTOR_RESTORED = "doctor_restored", _("A doctor is no longer suspended")


# Called, and not written into migrations: a new kind is a new word, not a change of the tables.
def kinds() -> list[tuple[str, str]]:
    return Kind.choices


class NotificationQuerySet(models.QuerySet["Notification"]):
    def unread(self) -> Self:
        return self.filter(read_at=None)

    def for_inbox(self) -> Self:
        """The newest first."""
        return self.order_by("-created_at", "-pk")


class Notification(models.Model):
    """One thing that one person was told: durable, in the transaction of what it tells.

    `facts` holds what the words need, as JSON: names, times in ISO 8601, amounts, paths. No health data.
    """

    id = UUID7Field()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notifications")
    kind = models.CharField(max_length=40, choices=kinds)
    facts = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        verbose_name = _("notification")
        verbose_name_plural = _("notifications")
        indexes = [
            models.Index(fields=["user", "-created_at"], name="notification_inbox"),
            models.Index(fields=["user", "-created_at"], condition=Q(read_at=None), name="notification_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.pk}"


class Channel(models.TextChoices):
    """Ways out of the portal. The inbox is none: whatever is told is there."""

    EMAIL = "email", _("E-mail")
    SMS = "sms", _("Text message")
    PUSH = "push", _("On your devices")


# As with kinds.
def channels() -> list[tuple[str, str]]:
    return Channel.choices


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def due(self) -> Self:
        """Those to be tried now, oldest first."""
        return self.filter(status=Delivery.Status.QUEUED, due_at__lte=Now()).order_by("due_at")


class Delivery(models.Model):
    """One way on which a notification goes out, and what became of it. Sent at least once, under one Message-ID.

    Sent is what somebody took from us to carry it on; delivered, what a provider says has arrived. `error` is why it
    failed, as a code: docs/notifications.md has them.
    """

    class Status(models.TextChoices):
        QUEUED = "queued", _("Queued")
        SENT = "sent", _("Sent")
        DELIVERED = "delivered", _("Delivered")
        FAILED = "failed", _("Failed")

    notification = models.ForeignKey(Notification, on_delete=models.CASCADE, related_name="deliveries")
    channel = models.CharField(max_length=10, choices=channels)
    # A calendar file for the mail, as text; empty when there is none. `calendar_method` is its iTIP METHOD.
    calendar = models.TextField(blank=True)
    calendar_method = models.CharField(max_length=10, blank=True)
    status = models.CharField(max_length=10, choices=Status, default=Status.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(db_default=Now())
    # Of no use to anybody after this.
    until = models.DateTimeField(null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    # The name that a provider of text messages has for it, and the last that it reported of it.
    reference = models.CharField(max_length=80, blank=True)
    report = models.CharField(max_length=20, blank=True)
    error = models.CharField(max_length=80, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        verbose_name = _("delivery")
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["notification", "channel"], name="delivery_not_twice_on_a_channel"),
            models.CheckConstraint(
                condition=~Q(status__in=["sent", "delivered"]) | Q(sent_at__isnull=False),
                name="delivery_not_sent_without_a_time",
            ),
        ]
        indexes = [
            models.Index(F("due_at"), condition=Q(status="queued"), name="delivery_due"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()} · {self.get_status_display()}"


class PushDevice(models.Model):
    """A browser in which somebody let the portal show messages, at the address that its maker's push service gave it.

    `session_key` is the session in which it was last used here: signing out of it takes the device away.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="push_devices")
    endpoint = models.URLField(max_length=1000, unique=True)
    # The browser's public key and the secret that goes with it (RFC 8291), as base64url.
    p256dh = models.CharField(max_length=100)
    auth = models.CharField(max_length=40)
    name = models.CharField(max_length=80)
    session_key = models.CharField(max_length=40, db_index=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)
    taken_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("device for messages")
        verbose_name_plural = _("devices for messages")

    def __str__(self) -> str:
        return f"{self.name} · {self.pk}"


class MobileProof(models.Model):
    """A number that somebody says is theirs, until they type the code that was sent to it; the code is a hash here."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    number = PhoneNumberField()
    code = models.CharField(max_length=128)
    sent_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("proof of a mobile number")
        verbose_name_plural = _("proofs of mobile numbers")

    def __str__(self) -> str:
        return str(self.pk)


class Action(models.TextChoices):
    """What somebody did with somebody's data, or with somebody's standing."""

    READ = "read", _("Looked at")
    DOWNLOADED = "downloaded", _("Opened the file")
    ADDED = "added", _("Added")
    CHANGED = "changed", _("Changed")
    REMOVED = "removed", _("Removed")
    SHARED = "shared", _("Shared")
    REVOKED = "revoked", _("Ended the sharing")
    APPLIED = "applied", _("Applied")
    ASKED = "asked", _("Asked for more")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Rejected")
    SUSPENDED = "suspended", _("Suspended")
    RESTORED = "restored", _("Restored")
    BROKE_GLASS = "broke_glass", _("Opened in an emergency")
    REVIEWED = "reviewed", _("Reviewed an emergency access")
    EXPORTED = "exported", _("Took a copy of the data")
    ERASED = "erased", _("Erased")
    SIGNED = "signed", _("Signed")
    VOIDED = "voided", _("Made void")
    OVERRODE = "overrode", _("Went on in spite of a warning")


class Ground(models.TextChoices):
    """Why somebody was allowed to."""

    SELF = "self", _("Their own data")
    GUARDIAN = "guardian", _("They act for this person")
    CARE = "care", _("A visit with this doctor")
    SHARE = "share", _("It was shared with this doctor")
    BREAK_GLASS = "break_glass", _("Emergency access")
    DUTY = "duty", _("An administrator's task")
    SYSTEM = "system", _("The portal itself")


def actions() -> list[tuple[str, str]]:
    return Action.choices


def grounds() -> list[tuple[str, str]]:
    return Ground.choices


class TrailQuerySet(models.QuerySet["TrailEntry"]):
    def about_patients(self, ids: Iterable[UUID]) -> Self:
        """What was done with these patients' data, the latest first."""
        return self.filter(subject__in=list(ids)).order_by("-at", "-pk")


class TrailEntry(AppendOnlyModel):
    """One thing that was done or looked at: who, what, when, why and from where, in ids and codes alone.

    `about` is the kind of row (`patients.medicalrecord`, or a code) and `about_id` its key; `subject` is the patient
    whose data it is. `ground_id` names what gave the right: the visit, the grant, the emergency access.
    """

    id = UUID7Field()
    at = models.DateTimeField(_("when"), db_default=Now(), editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("who")
    )
    action = models.CharField(_("what"), max_length=12, choices=actions)
    about = models.CharField(_("of what"), max_length=60)
    about_id = models.CharField(_("key"), max_length=40, blank=True)
    subject = models.UUIDField(_("patient"), null=True)
    ground = models.CharField(_("why"), max_length=12, choices=grounds)
    ground_id = models.CharField(max_length=40, blank=True)
    code = models.CharField(_("code"), max_length=40, blank=True)
    address = models.GenericIPAddressField(_("from where"), null=True)

    objects = TrailQuerySet.as_manager()

    class Meta:
        verbose_name = _("trail entry")
        verbose_name_plural = _("trail")
        indexes = [
            models.Index(fields=["subject", "-at"], name="trail_of_a_patient"),
            models.Index(fields=["by", "-at"], name="trail_of_a_person"),
            models.Index(fields=["about", "about_id"], name="trail_of_a_row"),
            models.Index(fields=["-at"], name="trail_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.about} {self.about_id}"


class SpentCode(models.Model):
    """How far a user's authenticator app has been used: the last step of its clock whose code was taken."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    counter = models.PositiveBigIntegerField()

    class Meta:
        verbose_name = _("spent code")
        verbose_name_plural = _("spent codes")

    def __str__(self) -> str:
        return f"{self.pk} · {self.counter}"


class ErasureQuerySet(models.QuerySet["Erasure"]):
    def due(self) -> Self:
        """Those whose time to think is over, the longest first."""
        return self.filter(done_at=None, due_at__lte=Now()).order_by("due_at")


class Erasure(models.Model):
    """A person's wish to be erased, from the day it was said to the day it was done."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, primary_key=True)
    asked_at = models.DateTimeField(db_default=Now(), editable=False)
    due_at = models.DateTimeField()
    done_at = models.DateTimeField(null=True, blank=True)

    objects = ErasureQuerySet.as_manager()

    class Meta:
        verbose_name = _("erasure")
        verbose_name_plural = _("erasures")
        constraints = [
            models.CheckConstraint(
                condition=Q(done_at__isnull=True) | Q(done_at__gte=F("due_at")), name="erasure_not_done_before_its_day"
            ),
        ]
        indexes = [models.Index(F("due_at"), condition=Q(done_at__isnull=True), name="erasure_due")]

    def __str__(self) -> str:
        return str(self.pk)
