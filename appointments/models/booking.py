"""The booking: one row from the first hold to the end."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.db.models import Count, Exists, Expression, F, OuterRef, Q
from django.db.models.functions import Now, TruncDate
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from appointments.models.cases import Case
from appointments.models.events import AppointmentEvent
from appointments.models.offers import Offer
from appointments.models.reasons import REASONS
from appointments.models.reminders import SPANS, Lead, Reminder
from appointments.models.status import OCCUPYING, Status
from appointments.models.terms import Terms
from config.db import PAGE, UUID7Field
from doctors.models import Doctor, Mode
from patients.models import Patient
from scheduling.models import VisitKind

HOLD = timedelta(minutes=10)
LONGEST_HOLD = timedelta(minutes=20)
LIVE_HOLDS_AN_ACCOUNT = 2
# No visit is longer, pauses and all.
LONGEST_VISIT = timedelta(days=1)

# A time of day, or the place for one in a statement that is written beforehand.
type Moment = datetime | Expression


def _of_patients_of(user) -> Q:
    # Who booked is no reason to see: a guardianship that ended ends this too. The keys are fetched first, for with a
    # subquery in their place PostgreSQL reads everybody's history.
    return Q(patient__in=list(Patient.objects.acted_for_by(user).values_list("pk", flat=True)))


def never_booked() -> Q:
    """What was never more than a hold, and so never the doctor's to see."""
    let_go = AppointmentEvent.objects.filter(appointment=OuterRef("pk"), old=Status.HELD, new=Status.CANCELLED)
    return Q(status__in=[Status.HELD, Status.EXPIRED]) | Q(status=Status.CANCELLED) & Exists(let_go)


def _occupying(now: Moment | None = None) -> Q:
    return Q(status__in=OCCUPYING) & ~Q(status=Status.HELD, hold_expires_at__lte=now or timezone.now())


def _beginning_at(moment: datetime) -> DateTimeTZRange:
    # PostgreSQL orders ranges by their beginning; this one comes before all others that begin then.
    return DateTimeTZRange(moment, moment, "[]")


class AppointmentQuerySet(models.QuerySet["Appointment"]):
    def visible_to(self, user) -> Self:
        """Those of the patients whom the user acts for today, and those of the user's own practice.

        A doctor does not see what was never more than a hold. Takes one query at once, for whom the user acts.
        """
        own_practice = Q(doctor=Doctor.objects.filter(user=user).values("pk")[:1])
        return self.filter(_of_patients_of(user) | own_practice & ~never_booked())

    def of_practice(self, doctor: Doctor) -> Self:
        """What this doctor sees of the own practice."""
        return self.filter(~never_booked(), doctor=doctor)

    def held_by(self, user) -> Self:
        """Those that the user acts on as the patient's side."""
        return self.filter(_of_patients_of(user))

    def occupying(self, now: Moment | None = None) -> Self:
        """Those that keep their time now: a hold that ran out does not, whether or not the sweeper came."""
        return self.filter(_occupying(now))

    def counted(self, now: Moment | None = None) -> Self:
        """Those that a doctor's daily cap counts: booked, or over and done with."""
        return self.filter(_occupying(now) | Q(status__in=[Status.COMPLETED, Status.NO_SHOW]))

    def lapsed(self, now: Moment | None = None) -> Self:
        """Holds that ran out and whose row does not say so yet."""
        return self.filter(status=Status.HELD, hold_expires_at__lte=now or timezone.now())

    def holds_ending_within(self, span: timedelta) -> Self:
        """Live holds that run out so soon, unless they are paid or lengthened."""
        now = timezone.now()
        return self.filter(status=Status.HELD, hold_expires_at__gt=now, hold_expires_at__lte=now + span)

    def live_holds(self, user, now: Moment | None = None) -> Self:
        return self.filter(status=Status.HELD, booked_by=user, hold_expires_at__gt=now or timezone.now())

    def coming(self) -> Self:
        now = timezone.now()
        return self.starting(now - LONGEST_VISIT).filter(_occupying(now), period__endswith__gt=now).order_by("period")

    def still_today(self, doctor_id: int) -> Self:
        """The doctor's confirmed visits that are not over, and begin before the portal's midnight."""
        midnight = timezone.localtime(timezone=ZoneInfo(settings.PORTAL_TIME_ZONE)) + timedelta(days=1)
        until = midnight.replace(hour=0, minute=0, second=0, microsecond=0)
        ahead = self.filter(doctor=doctor_id, status=Status.CONFIRMED, period__endswith__gt=timezone.now())
        return ahead.filter(period__startswith__lt=until).order_by("period")

    def unsaid_at_chamber(self, now: datetime) -> Self:
        """Visits at the chamber that are over, and of which their doctor has still a day to say what came of them."""
        over = {"period__endswith__lte": now, "period__endswith__gt": now - settings.LEFT_OPEN_AFTER}
        begun = self.starting(now - settings.LEFT_OPEN_AFTER - LONGEST_VISIT, now)
        return begun.filter(mode=Mode.IN_PERSON, status__in=[Status.CONFIRMED, Status.IN_PROGRESS], **over)

    def left_open(self) -> Self:
        """Those that were over a day ago, and nobody said what came of them, and no administrator is asked."""
        asked = Case.objects.open().filter(appointment=OuterRef("pk"))
        over = timezone.now() - settings.LEFT_OPEN_AFTER
        open_ones = self.filter(status__in=[Status.CONFIRMED, Status.IN_PROGRESS], period__endswith__lte=over)
        return open_ones.exclude(Exists(asked)).order_by("period")

    def past(self) -> Self:
        """All others: over, called off, or never paid in time."""
        return self.exclude(_occupying(), period__endswith__gt=timezone.now()).order_by("-period")

    def begun_from(self, moment: datetime) -> Self:
        """Those that begin then or later; found by an index of periods, as are those of the next two."""
        return self.filter(period__gte=_beginning_at(moment))

    def begun_before(self, moment: datetime) -> Self:
        return self.filter(period__lt=_beginning_at(moment))

    def begun_within(self, period: DateTimeTZRange) -> Self:
        return self.begun_from(period.lower).begun_before(period.upper)

    def counts_by_day(self, zone: ZoneInfo) -> list[tuple[date, int]]:
        """How many begin on each day of a zone that has any."""
        day = TruncDate(F("period__startswith"), tzinfo=zone)
        return list(self.order_by().values(day=day).annotate(visits=Count("pk")).values_list("day", "visits"))

    def completed_between(self, since: datetime, until: datetime) -> Self:
        """Those that took place, and ended after the one and not after the other."""
        ended = {"period__endswith__gt": since, "period__endswith__lte": until}
        return self.filter(status=Status.COMPLETED, **ended).order_by("period__endswith")

    def over(self) -> Self:
        """Those that were held or missed, or whose time has passed."""
        now = timezone.now()
        begun = [Status.PAYMENT_REVIEW, Status.CONFIRMED, Status.IN_PROGRESS]
        ended = Q(status__in=[Status.COMPLETED, Status.NO_SHOW]) | Q(status__in=begun, period__endswith__lte=now)
        return self.starting(before=now).filter(ended)

    def called_off(self) -> Self:
        """Those that were cancelled, and holds that came to nothing."""
        lapsed = Q(status=Status.HELD, hold_expires_at__lte=timezone.now())
        return self.filter(Q(status__in=[Status.CANCELLED, Status.EXPIRED]) | lapsed)

    def starting(self, since: datetime | None = None, before: datetime | None = None) -> Self:
        """Those that begin then. Compared as whole ranges, which is how the indexes have them: of two it is the one
        that begins later that is greater."""
        rows = self
        if since is not None:
            rows = rows.filter(period__gt=DateTimeTZRange(since - datetime.resolution, None))
        return rows.filter(period__lt=DateTimeTZRange(before - datetime.resolution, None)) if before else rows

    def following(self, period: DateTimeTZRange, pk: UUID, *, backwards: bool) -> Self:
        """Those that come after this one, ordered by period and key."""
        if backwards:
            return self.filter(period__lte=period).exclude(period=period, pk__gte=pk)
        return self.filter(period__gte=period).exclude(period=period, pk__lte=pk)

    def not_reminded(self, lead: Lead) -> Self:
        """Confirmed visits, as they stand, of which nobody was reminded so long before."""
        told = Reminder.objects.filter(appointment=OuterRef("pk"), sequence=OuterRef("sequence"), lead=lead)
        return self.filter(~Exists(told), status=Status.CONFIRMED)

    def to_remind(self, lead: Lead, now: datetime) -> Self:
        """Those that are to be reminded of now. Who booked later than that has just been told when the visit is."""
        begins, ends = SPANS[lead]
        return self.not_reminded(lead).filter(
            period__startswith__gt=now + ends,
            period__startswith__lte=now + begins,
            created_at__lte=F("period__startswith") - begins,
        )

    def for_list(self) -> Self:
        """All that a row in a list shows; `is_asked` says that the patient is asked about what the doctor changed."""
        asked = Exists(Offer.objects.open().filter(appointment=OuterRef("pk")))
        return self.select_related("doctor", "patient", "place", "charge").annotate(is_asked=asked).fetch_mode(PAGE)

    def for_detail(self) -> Self:
        return (
            self.select_related("doctor__calendar", "doctor__user", "patient", "place", "charge", "booked_by")
            .prefetch_related("events", "cases", "charge__refunds")
            .fetch_mode(PAGE)
        )


class Appointment(models.Model):
    """A patient's time with a doctor. Its status changes through services.change_status alone.

    `blocked` is the period with the doctor's pauses around it. `fee` and `policy` are as they were at the hold.
    """

    id = UUID7Field()
    # These three have no index of their own: those below begin with them.
    doctor = models.ForeignKey("doctors.Doctor", on_delete=models.PROTECT, related_name="appointments", db_index=False)
    patient = models.ForeignKey(
        "patients.Patient", on_delete=models.PROTECT, related_name="appointments", db_index=False
    )
    booked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="bookings", db_index=False
    )
    period = DateTimeRangeField()
    blocked = DateTimeRangeField()
    mode = models.CharField(_("mode"), max_length=10, choices=Mode)
    # What kind of visit it is, as its doctor offered it then; the length is the period's.
    visit_kind = models.CharField(
        _("kind of visit"), max_length=10, choices=VisitKind, default=VisitKind.NEW, db_default=VisitKind.NEW
    )
    visit_label = models.CharField(max_length=60, blank=True, default="", db_default="")
    place = models.ForeignKey("doctors.PracticePlace", on_delete=models.PROTECT, null=True, blank=True)
    reason = models.TextField(_("reason for the visit"), max_length=1000, blank=True)
    status = models.CharField(_("status"), max_length=16, choices=Status, default=Status.HELD)
    hold_expires_at = models.DateTimeField(null=True, blank=True)
    hold_extended = models.BooleanField(default=False)
    cancelled_by = models.CharField(max_length=10, blank=True)
    # Why it was called off: a code, and what was written beside it, which may speak of health.
    cancel_reason = models.CharField(max_length=20, blank=True)
    cancel_words = models.TextField(max_length=500, blank=True)
    no_show_by = models.CharField(max_length=10, blank=True)
    fee = models.DecimalField(_("fee"), max_digits=10, decimal_places=2)
    currency = models.CharField(max_length=3, default=settings.CURRENCY)
    policy = models.JSONField(default=dict)
    # The number by which the desk calls those who come to a place on a day of the doctor's clock.
    token = models.PositiveSmallIntegerField(null=True, blank=True)
    token_day = models.DateField(null=True, blank=True)
    charge = models.OneToOneField(
        "payments.Charge", on_delete=models.PROTECT, null=True, blank=True, related_name="appointment"
    )
    replaces = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="replaced_by")
    # iCalendar's SEQUENCE: goes up with every move.
    sequence = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects = AppointmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [
            ExclusionConstraint(
                name="doctor_not_double_booked",
                expressions=[("doctor", RangeOperators.EQUAL), ("blocked", RangeOperators.OVERLAPS)],
                condition=Q(status__in=OCCUPYING),
            ),
            ExclusionConstraint(
                name="patient_not_double_booked",
                expressions=[("patient", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
                condition=Q(status__in=OCCUPYING),
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__startswith__isnull=False, period__endswith__isnull=False),
                name="period_not_empty_or_endless",
            ),
            models.CheckConstraint(condition=Q(blocked__contains=F("period")), name="blocked_not_within_the_period"),
            models.CheckConstraint(
                condition=~Q(status="held") | Q(hold_expires_at__isnull=False), name="hold_not_without_an_end"
            ),
            models.CheckConstraint(
                condition=~Q(mode="in_person") | Q(place__isnull=False), name="visit_in_person_not_without_a_place"
            ),
            models.UniqueConstraint(fields=["doctor", "place", "token_day", "token"], name="token_not_given_twice"),
            models.CheckConstraint(
                condition=Q(token__isnull=True, token_day__isnull=True)
                | Q(token__isnull=False, token_day__isnull=False, place__isnull=False),
                name="token_not_without_a_day_and_a_place",
            ),
            models.CheckConstraint(condition=Q(fee__gte=0), name="fee_not_negative"),
            models.CheckConstraint(condition=Q(status__in=Status.values), name="status_not_unknown"),
            models.CheckConstraint(
                condition=Q(visit_kind__in=VisitKind.values), name="kind_of_appointment_not_unknown"
            ),
        ]
        indexes = [
            models.Index(F("hold_expires_at"), condition=Q(status="held"), name="holds_by_end"),
            models.Index(fields=["booked_by"], condition=Q(status="held"), name="holds_of_an_account"),
            models.Index(fields=["patient", "-period"], name="appointments_of_a_patient"),
            models.Index(fields=["doctor", "-period"], name="appointments_of_a_doctor"),
            models.Index(fields=["booked_by", "-period"], name="appointments_by_booker"),
            models.Index(fields=["doctor", "-period"], condition=Q(status="cancelled"), name="cancelled_of_a_doctor"),
            # Whether somebody was there before.
            models.Index(
                fields=["doctor", "patient", "period"], condition=Q(status="completed"), name="completed_of_a_patient"
            ),
            models.Index(F("period__startswith"), condition=Q(status="confirmed"), name="confirmed_by_start"),
            models.Index(F("period__endswith"), condition=Q(status="completed"), name="completed_by_end"),
            # For what is counted by day: rows lie more or less in the order of both, so a few kB find a month of them.
            BrinIndex(F("period__startswith"), autosummarize=True, name="appointments_by_day"),
            BrinIndex(fields=["created_at"], autosummarize=True, name="appointments_by_hold"),
        ]

    def __str__(self) -> str:
        return str(self.pk)

    def get_absolute_url(self) -> str:
        return reverse("appointments:detail", args=[self.pk])

    @property
    def start(self) -> datetime:
        return self.period.lower

    @property
    def end(self) -> datetime:
        return self.period.upper

    @property
    def terms(self) -> Terms:
        """What was agreed at the hold."""
        return Terms.kept(self.policy)

    @property
    def can_pay_at_desk(self) -> bool:
        """Whether the fee may be paid where the visit is."""
        return self.mode == Mode.IN_PERSON and self.fee > 0 and self.terms.pay_at_desk

    @property
    def free_until(self) -> datetime:
        """Until when the patient calls it off for nothing."""
        return self.terms.free_until(self.start)

    @property
    def back_after(self) -> Decimal:
        """What goes back of the fee when the patient calls it off later."""
        return self.terms.given_back(self.fee, start=self.start, now=self.start)

    @property
    def move_until(self) -> datetime:
        """Until when the patient may take another time."""
        return self.terms.move_until(self.start)

    @property
    def why_cancelled(self) -> str:
        """In the words of whoever cancelled; empty where none were chosen."""
        choices = REASONS.get(self.cancelled_by)
        return dict(choices.choices).get(self.cancel_reason, "") if choices else ""

    @property
    def minutes(self) -> int:
        """How long the visit takes."""
        return int((self.end - self.start).total_seconds() // 60)

    @property
    def visit_name(self) -> str:
        """What its doctor calls this kind of visit."""
        return self.visit_label or str(VisitKind(self.visit_kind).label)

    @property
    def is_lapsed(self) -> bool:
        """A hold whose time ran out, whether or not its row says so."""
        return self.status == Status.EXPIRED or (self.status == Status.HELD and self.hold_expires_at <= timezone.now())

    @property
    def is_live_hold(self) -> bool:
        return self.status == Status.HELD and self.hold_expires_at > timezone.now()
