"""Leave over bookings: the time is closed, and whoever is booked in it is asked what to do."""

from dataclasses import dataclass

from django.db import transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange
from django.utils import timezone

from accounts.models import User
from appointments import notices
from appointments.models import Appointment, AppointmentQuerySet, Offer, Status
from appointments.services.offers import answered_by, close_offer, is_away, open_offer
from appointments.waiting_list import look_again
from config.db import lock
from doctors.models import Doctor
from doctors.services import mark_stale
from scheduling import services as scheduling
from scheduling.models import TimeOff


@dataclass(frozen=True, slots=True)
class LeaveOutcome:
    """What leave came to: the time that is closed, and who is asked."""

    time_off: TimeOff
    offers: list[Offer]


def covered_by(doctor: Doctor, period: DateTimeTZRange) -> AppointmentQuerySet:
    """The visits that leave in this time would lie over, in order: confirmed, and not begun."""
    ahead = Appointment.objects.filter(doctor=doctor, status=Status.CONFIRMED, period__overlap=period)
    return ahead.filter(period__startswith__gt=timezone.now()).order_by("period")


@transaction.atomic
def lay_leave(doctor: Doctor, period: DateTimeTZRange, *, by: User) -> LeaveOutcome:
    """Close this time; each patient whose visit lies in it may choose another time, another doctor or the fee.

    Who does not answer until the offer ends gets the fee back whole. A time that is held, or whose payment is being
    looked at, is asked about once it is confirmed. Locks the doctor's row; raises scheduling's AlreadyOff.
    """
    lock(Doctor.objects.all(), [doctor.pk])
    time_off = scheduling.take_time_off(doctor, period)
    mark_stale([doctor.pk])
    offers = []
    for visit in covered_by(doctor, period).select_related("doctor__user", "patient", "place"):
        offer = open_offer(visit, Offer.Kind.LEAVE, until=answered_by(visit))
        notices.doctor_away(visit, offer)
        offers.append(offer)
    return LeaveOutcome(time_off, offers)


@transaction.atomic
def end_leave(doctor: Doctor, time_off: TimeOff) -> int:
    """Open this time again; visits in it that nobody has answered about stand as they were, and are told so.

    Answers how many. Locks the doctor's row.
    """
    lock(Doctor.objects.all(), [doctor.pk])
    period = time_off.period
    time_off.delete()
    mark_stale([doctor.pk])
    look_again([doctor.pk])
    stands = covered_by(doctor, period).filter(offers__kind=Offer.Kind.LEAVE, offers__status=Offer.Status.OPEN)
    asked = list(stands.select_related("doctor__user", "patient", "place"))
    # A visit may reach into leave that stays.
    visits = [visit for visit in asked if not is_away(visit)]
    for visit in visits:
        close_offer(visit, Offer.Status.WITHDRAWN, by=None)
        notices.stands(visit)
    return len(visits)
