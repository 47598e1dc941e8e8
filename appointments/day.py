"""A doctor's day: the visits in their order, who comes next, and what comes after it."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.utils import timezone

from appointments.models import OCCUPYING, Appointment, Status, Wait
from doctors.models import Doctor

NOT_SHOWN = (Status.HELD, Status.EXPIRED, Status.CANCELLED)
LATER_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Day:
    """`now` is when it was looked at; `unsaid` are visits at the chamber, of this day and the last, of which the doctor
    has not said what came of them; `waiting` is how many are on the waiting list."""

    now: datetime
    visits: list[Appointment]
    later: list[Appointment]
    unsaid: list[Appointment]
    waiting: int

    @property
    def to_come(self) -> list[Appointment]:
        """Those that are not over."""
        return [visit for visit in self.visits if visit.end > self.now and visit.status in OCCUPYING]

    @property
    def next_visit(self) -> Appointment | None:
        """The one that runs, or the first that is to begin."""
        return next(iter(self.to_come), None)


def day_of(doctor: Doctor, zone: ZoneInfo) -> Day:
    """This day on the clocks of the zone. Four queries."""
    now = timezone.now()
    midnight = datetime.combine(now.astimezone(zone).date(), time(), zone)
    own = Appointment.objects.filter(doctor=doctor).order_by("period")
    end = midnight + timedelta(days=1)
    today = own.filter(period__overlap=(midnight, end)).exclude(status__in=NOT_SHOWN)
    later = own.filter(status=Status.CONFIRMED, period__startswith__gte=end)
    return Day(
        now=now,
        visits=list(today.for_list()),
        later=list(later.for_list()[:LATER_SHOWN]),
        unsaid=list(own.unsaid_at_chamber(now).for_list()),
        waiting=Wait.objects.filter(doctor=doctor).waiting(midnight.date()).count(),
    )
