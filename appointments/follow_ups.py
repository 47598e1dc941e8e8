"""Visits that somebody may still follow up, for the fee and within the days that the doctor names."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef
from django.utils import timezone

from appointments.models import OCCUPYING, Appointment, Status
from doctors.models import LONGEST_FOLLOW_UP, Doctor
from scheduling.models import VisitKind, VisitType
from scheduling.visits import follow_up_until


@dataclass(frozen=True, slots=True)
class FollowUp:
    """`visit` can be followed up by one that begins before `until`."""

    visit: Appointment
    until: datetime

    @property
    def last(self) -> datetime:
        """A moment of the last day on which it may be."""
        return self.until - timedelta.resolution


def follow_ups_for(user) -> list[FollowUp]:
    """Of those for whom the user acts: the latest visit to each doctor who offers follow-ups, unless another is booked
    already; what ends first comes first. Two queries."""
    now = timezone.now()
    recent = Appointment.objects.completed_between(now - timedelta(days=LONGEST_FOLLOW_UP + 1), now).held_by(user)
    same = Appointment.objects.filter(doctor=OuterRef("doctor"), patient=OuterRef("patient"))
    since = same.filter(status__in=[*OCCUPYING, Status.COMPLETED], period__gt=OuterRef("period"))
    offered = VisitType.objects.filter(doctor=OuterRef("doctor"), kind=VisitKind.FOLLOW_UP, is_active=True)
    doctors = Doctor.objects.public().filter(follow_up_days__isnull=False).exclude(user=user)
    rows = recent.filter(~Exists(since), Exists(offered), doctor__in=doctors, doctor__calendar__isnull=False)
    found = []
    for visit in rows.for_list().select_related("doctor__calendar"):
        until = follow_up_until(visit.doctor, visit.doctor.calendar, visit.end)
        if until is not None and until > now:
            found.append(FollowUp(visit, until))
    return sorted(found, key=lambda each: each.until)
