"""Who waits for a time with a doctor, and which times they were offered."""

from datetime import date
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import DateRangeField
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models.booking import Appointment
from appointments.models.status import Status
from config.db import PAGE, UUID7Field
from doctors.models import Mode, Part
from patients.models import Patient
from scheduling.models import VisitType


class WaitQuerySet(models.QuerySet["Wait"]):
    def visible_to(self, user) -> Self:
        """Those of the patients for whom the user acts today."""
        return self.filter(patient__in=list(Patient.objects.acted_for_by(user).values_list("pk", flat=True)))

    def waiting(self, today: date) -> Self:
        """Those that still want a time, on that day or a later one."""
        return self.filter(state=Wait.State.WAITING, days__endswith__gt=today)

    def without_an_offer(self) -> Self:
        """Those that are not asked about a time at this moment."""
        return self.exclude(Exists(WaitOffer.objects.open().filter(wait=OuterRef("pk"))))

    def for_list(self) -> Self:
        """What the page of one's own waits shows, in the order in which they were joined."""
        return self.select_related("doctor", "patient", "visit_type").order_by("created_at", "pk").fetch_mode(PAGE)


class Wait(models.Model):
    """Somebody wants a time with a doctor on one of these days, where none was open.

    The days are those of the doctor's calendar. `visit_type` is None for the usual visit, which is also what is waited
    for once the doctor has taken a type away. `asked_by` is told, holds what is offered, and pays for it.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        BOOKED = "booked", _("Booked")
        LEFT = "left", _("Left")

    id = UUID7Field()
    # The index of those who wait begins with the doctor.
    doctor = models.ForeignKey("doctors.Doctor", on_delete=models.PROTECT, related_name="waits", db_index=False)
    patient = models.ForeignKey("patients.Patient", on_delete=models.PROTECT, related_name="waits")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="waits")
    visit_type = models.ForeignKey(VisitType, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    mode = models.CharField(_("mode"), max_length=10, choices=Mode, blank=True)
    part = models.CharField(_("part of the day"), max_length=10, choices=Part, blank=True)
    days = DateRangeField(_("days"))
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = WaitQuerySet.as_manager()

    class Meta:
        verbose_name = _("wait")
        verbose_name_plural = _("waiting list")
        constraints = [
            models.UniqueConstraint(
                fields=["doctor", "patient"], condition=Q(state="waiting"), name="patient_not_waiting_twice"
            ),
            models.CheckConstraint(
                condition=Q(days__isempty=False, days__startswith__isnull=False, days__endswith__isnull=False),
                name="wait_not_endless",
            ),
            models.CheckConstraint(condition=Q(state__in=["waiting", "booked", "left"]), name="wait_not_unknown"),
        ]
        indexes = [
            models.Index(fields=["doctor", "created_at"], condition=Q(state="waiting"), name="waits_of_a_doctor"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    @property
    def first(self) -> date:
        day: date = self.days.lower
        return day

    @property
    def last(self) -> date:
        day: date = self.days.upper - date.resolution
        return day


class WaitOfferQuerySet(models.QuerySet["WaitOffer"]):
    def open(self) -> Self:
        """Those that can still be taken: held, or with a payment that is looked at."""
        held = Q(appointment__status=Status.HELD, appointment__hold_expires_at__gt=timezone.now())
        return self.filter(held | Q(appointment__status=Status.PAYMENT_REVIEW))


class WaitOffer(models.Model):
    """A time that came free, held for the one who waited. What became of it is the appointment's status."""

    wait = models.ForeignKey(Wait, on_delete=models.PROTECT, related_name="offers", db_index=False)
    appointment = models.OneToOneField(Appointment, on_delete=models.PROTECT, related_name="wait_offer")
    start = models.DateTimeField()
    at = models.DateTimeField(db_default=Now(), editable=False)

    objects = WaitOfferQuerySet.as_manager()

    class Meta:
        verbose_name = _("offer to one who waits")
        verbose_name_plural = _("offers to those who wait")
        constraints = [models.UniqueConstraint(fields=["wait", "start"], name="time_not_offered_twice_to_one")]

    def __str__(self) -> str:
        return f"{self.wait_id} · {self.start:%Y-%m-%d %H:%M}"


class WaitingList(models.Model):
    """A doctor for whom somebody waits, and when the open times are to be looked at for them next.

    What opens a time sets it to now, in its own transaction; after a look it is some minutes ahead, for time opens
    times by itself: another day comes within the horizon.
    """

    doctor = models.OneToOneField("doctors.Doctor", on_delete=models.CASCADE, primary_key=True, related_name="+")
    look_at = models.DateTimeField(db_default=Now(), db_index=True)

    def __str__(self) -> str:
        return str(self.doctor_id)
