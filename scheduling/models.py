"""A doctor's calendar: the hours that repeat, what departs from them, and the rules by which time is offered."""

from datetime import date, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import ArrayField, DateRangeField, DateTimeRangeField, RangeOperators
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.backends.postgresql.psycopg_any import DateRange
from django.db.models import Func, Q
from django.utils.translation import gettext_lazy as _

from accounts.models import portal_time_zone, validate_time_zone
from doctors.models import LOWEST_ONLINE_FEE, Doctor, Mode, PracticePlace
from scheduling import slots

MINUTES_A_DAY = 24 * 60
SHORTEST_VISIT, LONGEST_VISIT, LONGEST_PAUSE = 5, 240, 120
MOST_VISITS_A_DAY = 200


class Calendar(models.Model):
    """The rules by which a doctor's time is offered. A doctor without one offers none."""

    doctor = models.OneToOneField(Doctor, on_delete=models.CASCADE, primary_key=True, related_name="calendar")
    time_zone = models.CharField(
        _("time zone"), max_length=64, default=portal_time_zone, validators=[validate_time_zone]
    )
    slot_minutes = models.PositiveSmallIntegerField(
        _("length of a visit (minutes)"),
        default=15,
        validators=[MinValueValidator(SHORTEST_VISIT), MaxValueValidator(LONGEST_VISIT)],
    )
    buffer_before_minutes = models.PositiveSmallIntegerField(
        _("pause before a visit (minutes)"), default=0, validators=[MaxValueValidator(LONGEST_PAUSE)]
    )
    buffer_after_minutes = models.PositiveSmallIntegerField(
        _("pause after a visit (minutes)"), default=0, validators=[MaxValueValidator(LONGEST_PAUSE)]
    )
    notice_minutes = models.PositiveIntegerField(
        _("booked at the latest (minutes before)"), default=30, validators=[MaxValueValidator(14 * MINUTES_A_DAY)]
    )
    horizon_days = models.PositiveSmallIntegerField(
        _("booked at the earliest (days before)"), default=30, validators=[MinValueValidator(1), MaxValueValidator(365)]
    )
    # On one day of the doctor's own clock, whatever their type; NULL for as many as there is time for.
    daily_cap = models.PositiveSmallIntegerField(
        _("visits a day at the most"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_VISITS_A_DAY)],
    )

    class Meta:
        verbose_name = _("calendar")
        verbose_name_plural = _("calendars")
        constraints = [
            models.CheckConstraint(condition=Q(slot_minutes__range=(5, 240)), name="visit_not_of_a_senseless_length"),
            models.CheckConstraint(
                condition=Q(daily_cap__isnull=True) | Q(daily_cap__range=(1, MOST_VISITS_A_DAY)),
                name="daily_cap_not_senseless",
            ),
        ]

    def __str__(self) -> str:
        return str(self.doctor_id)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def rules(self) -> slots.Rules:
        return slots.Rules(
            zone=self.zone,
            slot=timedelta(minutes=self.slot_minutes),
            buffer_before=timedelta(minutes=self.buffer_before_minutes),
            buffer_after=timedelta(minutes=self.buffer_after_minutes),
            notice=timedelta(minutes=self.notice_minutes),
            horizon=timedelta(days=self.horizon_days),
        )


class VisitKind(models.TextChoices):
    """What a visit is for, as far as its length and its price are concerned."""

    NEW = "new", _("Consultation")
    FOLLOW_UP = "follow_up", _("Follow-up")
    SHORT = "short", _("Short visit")


def _not_below_the_gateways_least(fee: str) -> Q:
    return Q(**{f"{fee}__isnull": True}) | Q(**{fee: 0}) | Q(**{f"{fee}__gte": LOWEST_ONLINE_FEE})


class VisitType(models.Model):
    """A kind of visit that a doctor offers beside the usual one, which the calendar itself describes.

    What is NULL is as it is usual: the fee as in the profile (of a follow-up: the profile's fee for follow-ups), the
    pauses as in the calendar.
    """

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="visit_types")
    kind = models.CharField(_("kind"), max_length=10, choices=VisitKind)
    label = models.CharField(_("name for patients"), max_length=60, blank=True)
    minutes = models.PositiveSmallIntegerField(
        _("length (minutes)"), validators=[MinValueValidator(SHORTEST_VISIT), MaxValueValidator(LONGEST_VISIT)]
    )
    fee_video = models.DecimalField(_("fee by video"), max_digits=10, decimal_places=2, null=True, blank=True)
    fee_in_person = models.DecimalField(_("fee in person"), max_digits=10, decimal_places=2, null=True, blank=True)
    buffer_before_minutes = models.PositiveSmallIntegerField(
        _("pause before (minutes)"), null=True, blank=True, validators=[MaxValueValidator(LONGEST_PAUSE)]
    )
    buffer_after_minutes = models.PositiveSmallIntegerField(
        _("pause after (minutes)"), null=True, blank=True, validators=[MaxValueValidator(LONGEST_PAUSE)]
    )
    is_active = models.BooleanField(_("offered to patients"), default=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        verbose_name = _("visit type")
        verbose_name_plural = _("visit types")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["doctor", "kind", "label"], name="visit_type_not_twice_for_a_doctor"),
            # It would bear the name of the usual visit.
            models.CheckConstraint(
                condition=~Q(kind=VisitKind.NEW) | ~Q(label=""), name="further_consultation_not_without_a_name"
            ),
            models.CheckConstraint(condition=Q(kind__in=VisitKind.values), name="kind_of_visit_not_unknown"),
            models.CheckConstraint(
                condition=Q(minutes__range=(SHORTEST_VISIT, LONGEST_VISIT)), name="visit_type_not_of_a_senseless_length"
            ),
            models.CheckConstraint(
                condition=_not_below_the_gateways_least("fee_video"),
                name="visit_types_video_fee_not_below_the_gateways_least",
            ),
            models.CheckConstraint(
                condition=_not_below_the_gateways_least("fee_in_person"),
                name="visit_types_in_person_fee_not_below_the_gateways_least",
            ),
            models.CheckConstraint(
                condition=~Q(kind=VisitKind.FOLLOW_UP) | Q(fee_video__isnull=True, fee_in_person__isnull=True),
                name="fee_of_a_follow_up_not_in_two_places",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return self.label or str(VisitKind(self.kind).label)


class Weekday(models.IntegerChoices):
    """As date.weekday() counts."""

    MONDAY = 0, _("Monday")
    TUESDAY = 1, _("Tuesday")
    WEDNESDAY = 2, _("Wednesday")
    THURSDAY = 3, _("Thursday")
    FRIDAY = 4, _("Friday")
    SATURDAY = 5, _("Saturday")
    SUNDAY = 6, _("Sunday")


class WeekMinutes(Func):
    """The minutes of the week, 0 to 10080, that hours take: split in two where they run past the week's end."""

    function = "week_minutes"


class Int4MultiRangeField(models.Field):
    """A generated column that only the database reads."""

    def db_type(self, connection) -> str:
        return "int4multirange"


def always() -> DateRange:
    return DateRange(None, None)


class WeeklyHours(models.Model):
    """A stretch of time that repeats every week, on the doctor's wall clock: local start plus duration.

    `valid` holds the local days on which it may begin. It may run past midnight.
    """

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="weekly_hours")
    weekday = models.PositiveSmallIntegerField(_("day"), choices=Weekday)
    start = models.TimeField(_("from"))
    minutes = models.PositiveSmallIntegerField(_("length (minutes)"))
    modes = ArrayField(models.CharField(max_length=10, choices=Mode), verbose_name=_("modes"))
    place = models.ForeignKey(
        PracticePlace, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("place")
    )
    valid = DateRangeField(_("valid"), default=always)
    week = models.GeneratedField(
        expression=WeekMinutes("weekday", "start", "minutes"), output_field=Int4MultiRangeField(), db_persist=True
    )

    class Meta:
        verbose_name = _("weekly hours")
        verbose_name_plural = _("weekly hours")
        ordering = ["weekday", "start"]
        constraints = [
            ExclusionConstraint(
                name="weekly_hours_not_overlapping",
                expressions=[
                    ("doctor", RangeOperators.EQUAL),
                    ("week", RangeOperators.OVERLAPS),
                    ("valid", RangeOperators.OVERLAPS),
                ],
            ),
            models.CheckConstraint(condition=Q(minutes__range=(5, MINUTES_A_DAY)), name="weekly_hours_not_too_long"),
            models.CheckConstraint(condition=Q(weekday__range=(0, 6)), name="weekday_not_unknown"),
            models.CheckConstraint(condition=Q(modes__len__gte=1), name="weekly_hours_not_without_a_mode"),
            models.CheckConstraint(
                condition=~Q(modes__contains=[Mode.IN_PERSON]) | Q(place__isnull=False),
                name="hours_in_person_not_without_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_weekday_display()} {self.start:%H:%M}–{self.end:%H:%M}"

    @property
    def end(self) -> time:
        """The wall clock's time at the end; may be on the next day."""
        total = (self.start.hour * 60 + self.start.minute + self.minutes) % MINUTES_A_DAY
        return time(total // 60, total % 60)

    @property
    def first(self) -> date | None:
        """The first day on which these hours may begin; None where they always did."""
        return self.valid.lower

    @property
    def last(self) -> date | None:
        """The last day on which they may begin; None where they go on."""
        return self.valid.upper - timedelta(days=1) if self.valid.upper else None


class PeriodQuerySet(models.QuerySet):
    def touching(self, window: slots.Interval) -> Self:
        return self.filter(period__overlap=(window.start, window.end))


class ExtraHours(models.Model):
    """Time that a doctor offers once, beside the weekly hours."""

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="extra_hours")
    period = DateTimeRangeField(_("period"))
    modes = ArrayField(models.CharField(max_length=10, choices=Mode), verbose_name=_("modes"))
    place = models.ForeignKey(
        PracticePlace, on_delete=models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("place")
    )

    objects = PeriodQuerySet.as_manager()

    class Meta:
        verbose_name = _("extra hours")
        verbose_name_plural = _("extra hours")
        constraints = [
            ExclusionConstraint(
                name="extra_hours_not_overlapping",
                expressions=[("doctor", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__startswith__isnull=False, period__endswith__isnull=False),
                name="extra_hours_not_endless",
            ),
            models.CheckConstraint(condition=Q(modes__len__gte=1), name="extra_hours_not_without_a_mode"),
            models.CheckConstraint(
                condition=~Q(modes__contains=[Mode.IN_PERSON]) | Q(place__isnull=False),
                name="extra_hours_in_person_not_without_a_place",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.doctor_id} + {self.period}"


class TimeOff(models.Model):
    """Time in which a doctor is away; it closes what the hours would open."""

    doctor = models.ForeignKey(Doctor, on_delete=models.CASCADE, related_name="time_off")
    period = DateTimeRangeField(_("period"))

    objects = PeriodQuerySet["TimeOff"].as_manager()

    class Meta:
        verbose_name = _("time off")
        verbose_name_plural = _("time off")
        constraints = [
            ExclusionConstraint(
                name="time_off_not_overlapping",
                expressions=[("doctor", RangeOperators.EQUAL), ("period", RangeOperators.OVERLAPS)],
            ),
            models.CheckConstraint(
                condition=Q(period__isempty=False, period__startswith__isnull=False, period__endswith__isnull=False),
                name="time_off_not_endless",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.doctor_id} − {self.period}"
