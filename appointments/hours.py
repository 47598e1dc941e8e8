"""Every save of hours or leave: under the doctor's lock, so that no booking slips in between.

What a save would leave without hours is named first. Whoever saves says which visits they have seen (`seen`), and the
save is refused, with all that it concerns, as long as there is another among them.
"""

from collections.abc import Callable, Collection, Sequence
from uuid import UUID

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from appointments.models import OCCUPYING, Appointment, Status
from appointments.services.leave import LeaveOutcome, lay_leave
from appointments.waiting_list import look_again
from config.db import lock
from config.errors import DomainError
from doctors.models import Doctor
from doctors.services import mark_stale
from scheduling import services as scheduling
from scheduling.calendars import DoctorTime, read_calendars
from scheduling.models import Calendar, ExtraHours, VisitType, WeeklyHours
from scheduling.slots import ExtraBlock, Interval


class ConcernsVisits(DomainError):
    """There are booked visits that this concerns; `visits` names them."""

    message = _("There are visits that this concerns.")

    def __init__(self, visits: list[Appointment]) -> None:
        super().__init__()
        self.visits = visits


def _let_them_be_seen(visits: list[Appointment], seen: Collection[UUID]) -> None:
    if any(visit.pk not in seen for visit in visits):
        raise ConcernsVisits(visits)


# What is booked ----------------------------------------------------------------------------------------------------


def booked(doctor: Doctor) -> list[Appointment]:
    """The visits to come that somebody has, whether or not the hours hold them."""
    return list(Appointment.objects.filter(doctor=doctor).exclude(status=Status.HELD).coming().for_list())


def conflicts(doctor: Doctor, period: DateTimeTZRange) -> list[Appointment]:
    """The booked visits to come of which leave in this period would take a part, in their order. One query."""
    inside = Appointment.objects.filter(doctor=doctor, period__overlap=period, status__in=OCCUPYING)
    inside = inside.exclude(status=Status.HELD).filter(period__endswith__gt=timezone.now())
    return list(inside.order_by("period").for_list())


def visits_outside(doctor: Doctor) -> list[Appointment]:
    """The booked visits to come that the hours no longer hold, or that lie in time off: they stay booked.

    One query where nothing is booked, else four.
    """
    visits = booked(doctor)
    calendar = Calendar.objects.filter(doctor=doctor).first() if visits else None
    if calendar is None:
        return visits
    time = _time_around(calendar, visits)
    return [visit for visit in visits if not _is_offered(time, visit)]


def _let_go(doctor: Doctor, change: Callable[[DoctorTime], None]) -> list[Appointment]:
    """The booked visits to come that the hours hold now, and would not hold any more after the change."""
    visits = booked(doctor)
    calendar = Calendar.objects.filter(doctor=doctor).first() if visits else None
    if calendar is None:
        return []
    time = _time_around(calendar, visits)
    held = [visit for visit in visits if _is_offered(time, visit)]
    change(time)
    return [visit for visit in held if not _is_offered(time, visit)]


def _time_around(calendar: Calendar, visits: list[Appointment]) -> DoctorTime:
    window = Interval(visits[0].start, max(visit.end for visit in visits))
    return read_calendars([calendar], window, Appointment.objects.none())[calendar.doctor_id]


def _is_offered(time: DoctorTime, visit: Appointment) -> bool:
    return time.is_offered(Interval(visit.start, visit.end))


# Hours -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def save_week(doctor: Doctor, calendar: Calendar, hours: Sequence[WeeklyHours], *, seen: Collection[UUID] = ()) -> None:
    """Replace the doctor's rules and weekly hours. Visits that are booked stay booked.

    Locks the doctor's row. Raises ConcernsVisits where hours go in which visits are booked that were not `seen`, and
    scheduling's HoursOverlap.
    """
    lock(Doctor.objects.all(), [doctor.pk])

    def change(time: DoctorTime) -> None:
        time.weekly = []
        for row in hours:
            time.add_weekly(row.weekday, row.start, row.minutes, row.modes, row.place_id, row.valid)

    _let_them_be_seen(_let_go(doctor, change), seen)
    scheduling.save_week(calendar, hours)
    mark_stale([doctor.pk])
    look_again([doctor.pk])


@transaction.atomic
def add_extra_hours(hours: ExtraHours) -> None:
    """Offer these hours once. Locks the doctor's row; raises scheduling's ExtraOverlap."""
    lock(Doctor.objects.all(), [hours.doctor_id])
    scheduling.add_extra_hours(hours)
    mark_stale([hours.doctor_id])
    look_again([hours.doctor_id])


@transaction.atomic
def remove_extra_hours(doctor: Doctor, hours: ExtraHours, *, seen: Collection[UUID] = ()) -> None:
    """Offer these hours no more. Visits that are booked stay booked.

    Locks the doctor's row; raises ConcernsVisits where visits are booked in them that were not `seen`.
    """
    lock(Doctor.objects.all(), [doctor.pk])
    gone = Interval(hours.period.lower, hours.period.upper)

    def change(time: DoctorTime) -> None:
        time.extra = [block for block in time.extra if not _is_the_block(block, gone)]

    _let_them_be_seen(_let_go(doctor, change), seen)
    hours.delete()
    mark_stale([doctor.pk])


def _is_the_block(block: ExtraBlock, period: Interval) -> bool:
    return (block.start, block.end) == (period.start, period.end)


@transaction.atomic
def save_visit_types(doctor: Doctor, types: Sequence[VisitType]) -> None:
    """Replace the kinds of visit that the doctor offers beside the usual one. Locks the doctor's row, so that a hold is
    of the old kind or of the new; raises scheduling's NameTaken."""
    lock(Doctor.objects.all(), [doctor.pk])
    scheduling.save_visit_types(doctor, types)
    look_again([doctor.pk])


# Leave -------------------------------------------------------------------------------------------------------------


@transaction.atomic
def take_time_off(doctor: Doctor, period: DateTimeTZRange, *, by: User, seen: Collection[UUID] = ()) -> LeaveOutcome:
    """Close this time for bookings; whoever is booked in it is asked what to do (services.lay_leave).

    Locks the doctor's row. Raises ConcernsVisits where visits are booked in it that were not `seen`, and scheduling's
    AlreadyOff.
    """
    lock(Doctor.objects.all(), [doctor.pk])
    _let_them_be_seen(conflicts(doctor, period), seen)
    return lay_leave(doctor, period, by=by)
