"""What is told of the doctors, on the public home and to administrators: counted, never claimed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Aggregate, Count, DurationField, Exists, F, OuterRef, Q
from django.db.models.functions import TruncMonth

from config.days import span, zone
from doctors.models import (
    DailySteps,
    Doctor,
    OpenDay,
    PracticePlace,
    Purpose,
    Verification,
    VerificationStatus,
)
from specialties.models import Specialty, SpecialtyQuerySet


@dataclass(frozen=True, slots=True)
class HomeFigures:
    """Doctors whom anybody may find, those of them with an open time today, and the districts where they practise."""

    doctors: int
    open_today: int
    districts: int


def home_figures() -> HomeFigures:
    """As the database has them now: two queries."""
    open_today = Exists(OpenDay.objects.within(0, 0).filter(doctor=OuterRef("pk")))
    public = Doctor.objects.public()
    counted = public.aggregate(doctors=Count("pk"), open_today=Count("pk", filter=Q(open_today)))
    places = PracticePlace.objects.filter(is_active=True, doctor__in=public)
    return HomeFigures(**counted, districts=places.aggregate(districts=Count("district", distinct=True))["districts"])


def popular_specialties(count: int) -> SpecialtyQuerySet:
    """The specialties in use with the most public doctors, each with `doctor_count`; those without any are left out."""
    public = Q(doctors__verified_at__isnull=False, doctors__suspended_at__isnull=True)
    counted = Specialty.objects.active().annotate(doctor_count=Count("doctors", filter=public))
    return counted.filter(doctor_count__gt=0).order_by("-doctor_count", "position", "pk")[:count]


# For administrators ------------------------------------------------------------------------------------------------


class Median(Aggregate):
    """Half of them are less, and half of them more."""

    function = "percentile_cont"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"


@dataclass(frozen=True, slots=True)
class Decided:
    """Applications that were approved or rejected, and how long half of them waited at the most since they were last
    sent; None where there were none."""

    count: int = 0
    waited: timedelta | None = None


def steps_by_day(first: date, last: date) -> Iterator[tuple[date, str, int]]:
    """How often results and doctors' pages were opened, by day and Step."""
    yield from DailySteps.objects.filter(day__range=(first, last)).values_list("day", "step", "count")


def decided_by_month(first: date, last: date) -> tuple[Decided, dict[date, Decided]]:
    """Of all these days, and of each month that has any; by the day of the decision. Two queries."""
    begin, end = span(first, last)
    decided = Verification.objects.filter(
        purpose=Purpose.APPLICATION,
        status__in=[VerificationStatus.APPROVED, VerificationStatus.REJECTED],
        decided_at__gte=begin,
        decided_at__lt=end,
    ).order_by()
    waited = F("decided_at") - F("sent_at")
    sums = {"count": Count("pk"), "waited": Median(waited, output_field=DurationField())}
    by_month = decided.values(month=TruncMonth("decided_at", tzinfo=zone())).annotate(**sums)
    return Decided(**decided.aggregate(**sums)), {
        row["month"].date(): Decided(row["count"], row["waited"]) for row in by_month
    }
