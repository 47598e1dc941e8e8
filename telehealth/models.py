"""The consultation room: who is in it, what was written, agreed to and measured. No sound, no picture."""

from datetime import timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length, Now
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models import Appointment, Status
from config.db import PAGE, AppendOnlyModel, UUID7Field
from doctors.models import Mode

OPENS_BEFORE = timedelta(minutes=15)
CLOSES_AFTER = timedelta(minutes=60)
# Who was not heard of for so long is away, whether or not a socket was closed: its process may have died.
PRESENT_FOR = timedelta(seconds=40)
# Nobody who was silent for so long has a socket any more.
GONE_AFTER = timedelta(seconds=60)
# How long after the start a patient who never came is written down as missing.
NO_SHOW_AFTER: timedelta = settings.NO_SHOW_GRACE
LONGEST_TEXT = 2000
# How long what a doctor said of being late counts.
LATE_FOR = timedelta(hours=3)


class Side(models.TextChoices):
    DOCTOR = "doctor", _("Doctor")
    PATIENT = "patient", _("Patient")

    @property
    def other(self) -> "Side":
        return Side.PATIENT if self is Side.DOCTOR else Side.DOCTOR


class Grade(models.TextChoices):
    GOOD = "good", _("Good connection")
    FAIR = "fair", _("Fair connection")
    POOR = "poor", _("Weak connection")


class Device(models.TextChoices):
    PHONE = "phone", _("Phone or tablet")
    COMPUTER = "computer", _("Computer")


class Outcome(models.TextChoices):
    COMPLETED = "completed", _("Done")
    NO_SHOW = "no_show", _("Missed")


class RoomStatus(models.TextChoices):
    """Told from rows and the clock, never stored."""

    EARLY = "early", _("Not open yet")
    WAITING = "waiting", _("Waiting")
    IN_CALL = "in_call", _("In the call")
    CLOSED = "closed", _("Closed")


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    def open(self) -> Self:
        """Those whose room is open at this moment, admitted or not."""
        now = timezone.now()
        return self.filter(
            closed_at=None,
            appointment__mode=Mode.VIDEO,
            appointment__status__in=[Status.CONFIRMED, Status.IN_PROGRESS],
            appointment__period__startswith__lte=now + OPENS_BEFORE,
            appointment__period__endswith__gt=now - CLOSES_AFTER,
        )

    def of_doctor(self, doctor_id: int) -> Self:
        return self.filter(appointment__doctor=doctor_id)

    def for_queue(self) -> Self:
        """Those in which the patient's side is, first booked first, with all that a row of the queue shows."""
        return (
            self.filter(presences__side=Side.PATIENT)
            .select_related("appointment__patient")
            .prefetch_related("presences")
            .order_by("appointment__period")
            .fetch_mode(PAGE)
        )


class Consultation(models.Model):
    """The room of one video visit. The appointment says who and when; `closed_at` is the doctor's word.

    `version` goes up with whatever the state of the room shows, so that a client sees that it missed something.
    """

    appointment = models.OneToOneField(
        Appointment, on_delete=models.PROTECT, primary_key=True, related_name="consultation"
    )
    version = models.PositiveIntegerField(default=0)
    admitted_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=10, choices=Outcome, blank=True)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        verbose_name = _("consultation")
        verbose_name_plural = _("consultations")
        constraints = [
            models.CheckConstraint(
                condition=Q(closed_at__isnull=True, outcome="") | Q(closed_at__isnull=False) & ~Q(outcome=""),
                name="consultation_not_closed_without_an_outcome",
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def opens_at(self):
        return self.appointment.start - OPENS_BEFORE

    @property
    def closes_at(self):
        return self.appointment.end + CLOSES_AFTER

    @property
    def status(self) -> RoomStatus:
        now = timezone.now()
        if (
            self.closed_at is not None
            or self.appointment.status not in (Status.CONFIRMED, Status.IN_PROGRESS)
            or now >= self.closes_at
        ):
            return RoomStatus.CLOSED
        if now < self.opens_at:
            return RoomStatus.EARLY
        return RoomStatus.IN_CALL if self.admitted_at else RoomStatus.WAITING

    @property
    def is_open(self) -> bool:
        return self.status in (RoomStatus.WAITING, RoomStatus.IN_CALL)

    @property
    def waiting(self) -> "Presence | None":
        """The patient's seat, of the prefetched ones."""
        return next((each for each in self.presences.all() if each.side == Side.PATIENT), None)


class PresenceQuerySet(models.QuerySet["Presence"]):
    def present(self) -> Self:
        return self.filter(is_connected=True, seen_at__gt=timezone.now() - PRESENT_FOR)


class Presence(models.Model):
    """The seat of one side: who has it, on which device, and when they were last heard of.

    `device` is a tab of a browser, `session` a page in it, `connection` a socket of that page.
    """

    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="presences")
    side = models.CharField(max_length=10, choices=Side)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    device = models.UUIDField()
    session = models.UUIDField()
    connection = models.UUIDField()
    device_class = models.CharField(max_length=10, choices=Device)
    browser = models.CharField(max_length=20, blank=True)
    # Since when this side waits: coming back does not begin it anew.
    since = models.DateTimeField(default=timezone.now)
    seen_at = models.DateTimeField(default=timezone.now)
    is_connected = models.BooleanField(default=True)
    grade = models.CharField(max_length=10, choices=Grade, blank=True)
    mic = models.BooleanField(default=True)
    camera = models.BooleanField(default=True)
    screen = models.BooleanField(default=False)
    audio_only = models.BooleanField(default=False)

    objects = PresenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("presence")
        verbose_name_plural = _("presences")
        constraints = [models.UniqueConstraint(fields=["consultation", "side"], name="seat_not_taken_twice")]
        # Few are, of all that ever were. Not by `seen_at`, which each beat sets.
        indexes = [
            models.Index(fields=["consultation"], name="telehealth_seat_connected", condition=Q(is_connected=True))
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} · {self.side}"

    @property
    def is_present(self) -> bool:
        return self.is_connected and self.seen_at > timezone.now() - PRESENT_FOR


class JoinEvidence(AppendOnlyModel):
    """That somebody came or went: who, when, on what, how good. It decides what a visit comes to, and is written once.

    `seen_at` is when whoever left was last heard of.
    """

    class Event(models.TextChoices):
        JOINED = "joined", _("Came in")
        LEFT = "left", _("Left")
        LOST = "lost", _("Lost the connection")
        TAKEN_OVER = "taken_over", _("Went on, on another device")
        ADMITTED = "admitted", _("Was let in")
        CLOSED = "closed", _("Closed the visit")

    id = UUID7Field()
    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="evidence")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=10, choices=Side)
    event = models.CharField(max_length=12, choices=Event)
    at = models.DateTimeField(db_default=Now(), editable=False)
    connection = models.UUIDField(null=True)
    device_class = models.CharField(max_length=10, choices=Device, blank=True)
    browser = models.CharField(max_length=20, blank=True)
    grade = models.CharField(max_length=10, choices=Grade, blank=True)
    seen_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("evidence of joining")
        verbose_name_plural = _("evidence of joining")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.consultation_id} · {self.side} {self.event}"


class ChatMessage(models.Model):
    """Something written beside the call. `client_id` is the sender's, so that what is sent again is one message."""

    id = UUID7Field()
    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="messages")
    sender = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    side = models.CharField(max_length=10, choices=Side)
    client_id = models.UUIDField()
    text = models.TextField(max_length=LONGEST_TEXT)
    at = models.DateTimeField(db_default=Now(), editable=False)
    delivered_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("chat message")
        verbose_name_plural = _("chat messages")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["consultation", "sender", "client_id"], name="message_not_twice"),
            models.CheckConstraint(
                condition=LessThanOrEqual(Length("text"), LONGEST_TEXT), name="message_not_longer_than_allowed"
            ),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def status(self) -> str:
        return "read" if self.read_at else "delivered" if self.delivered_at else "sent"


class ConsentGiven(AppendOnlyModel):
    """That somebody agreed, for this visit, to the text of this version (telehealth/consent.py)."""

    id = UUID7Field()
    consultation = models.ForeignKey(Consultation, on_delete=models.PROTECT, related_name="consents")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    version = models.CharField(max_length=20)
    at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        constraints = [
            models.UniqueConstraint(fields=["consultation", "user", "version"], name="consent_not_given_twice")
        ]

    def __str__(self) -> str:
        return f"{self.consultation_id} · {self.version}"


class QualitySample(models.Model):
    """How a call went over some seconds, on one side: figures, and nothing of what was said or seen."""

    consultation = models.ForeignKey(Consultation, on_delete=models.CASCADE, related_name="quality")
    side = models.CharField(max_length=10, choices=Side)
    at = models.DateTimeField(db_default=Now(), editable=False)
    rtt_ms = models.PositiveIntegerField()
    loss_pct = models.FloatField()
    kbps_in = models.PositiveIntegerField()
    kbps_out = models.PositiveIntegerField()
    frames_decoded = models.PositiveBigIntegerField()
    audio_only = models.BooleanField()
    relayed = models.BooleanField()
    grade = models.CharField(max_length=10, choices=Grade)

    class Meta:
        verbose_name = _("quality sample")
        verbose_name_plural = _("quality samples")

    def __str__(self) -> str:
        return f"{self.consultation_id} · {self.side} {self.at:%H:%M:%S}"


class Desk(models.Model):
    """A doctor at the queue: last heard of when, and how late by the doctor's own word."""

    doctor = models.OneToOneField(
        "doctors.Doctor", on_delete=models.CASCADE, primary_key=True, related_name="consultation_desk"
    )
    seen_at = models.DateTimeField(null=True, blank=True)
    late_minutes = models.PositiveSmallIntegerField(default=0)
    late_said_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = _("desk")
        verbose_name_plural = _("desks")

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def is_here(self) -> bool:
        return self.seen_at is not None and self.seen_at > timezone.now() - PRESENT_FOR

    @property
    def late_by(self) -> int:
        """The minutes that were said, as long as that counts."""
        said = self.late_said_at
        return self.late_minutes if said is not None and said > timezone.now() - LATE_FOR else 0
