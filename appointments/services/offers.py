"""The patient's say when the doctor moved a visit or is away: accepted, declined, or not answered in time."""

from datetime import datetime, timedelta
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from appointments import notices
from appointments.errors import OfferClosed
from appointments.models import Appointment, Offer, Status
from appointments.services.door import lock_booking
from appointments.services.ending import call_off, give_back
from scheduling.models import TimeOff

log = structlog.get_logger()

# So long a worker has for an offer before another looks at it.
CLAIM = timedelta(minutes=5)


def open_offer(appointment: Appointment, kind: Offer.Kind, *, until: datetime) -> Offer:
    """Ask the patient, in the place of what was asked before. The caller holds the lock of the booking's doctor."""
    close_offer(appointment, Offer.Status.WITHDRAWN, by=None)
    return Offer.objects.create(appointment=appointment, kind=kind, until=until, due_at=until)


def close_offer(appointment: Appointment, status: Offer.Status, *, by: User | None) -> None:
    """Nothing is asked any more about this booking. The caller holds the lock of its doctor."""
    rows = Offer.objects.filter(appointment=appointment, status=Offer.Status.OPEN)
    rows.update(status=status, by=by, closed_at=timezone.now())


def is_away(appointment: Appointment) -> bool:
    """Whether the doctor is on leave then."""
    return TimeOff.objects.filter(doctor=appointment.doctor_id, period__overlap=appointment.period).exists()


def offer_if_away(appointment: Appointment) -> Offer | None:
    """Ask about a visit that lies in its doctor's leave. The caller holds the doctor's lock."""
    if not is_away(appointment):
        return None
    offer = open_offer(appointment, Offer.Kind.LEAVE, until=answered_by(appointment))
    notices.doctor_away(appointment, offer)
    return offer


def answered_by(appointment: Appointment) -> datetime:
    """Until when a patient says what to do about a visit in leave; never later than it would begin."""
    return min(timezone.now() + settings.LEAVE_ANSWER, appointment.start)


def locked_offer(appointment: Appointment, kind: Offer.Kind | None = None) -> Offer:
    """The open offer of a booking whose locks the caller holds. Raises OfferClosed."""
    rows = Offer.objects.open().filter(appointment=appointment)
    offer = (rows.filter(kind=kind) if kind else rows).select_for_update(no_key=True, of=("self",)).first()
    if offer is None or appointment.status != Status.CONFIRMED:
        raise OfferClosed
    return offer


@transaction.atomic
def accept_offer(appointment: Appointment, *, by: User) -> Appointment:
    """The time to which the doctor moved the visit is fine; said twice, it is said once. Raises OfferClosed."""
    _charge, appointment = lock_booking(appointment)
    latest = Offer.objects.filter(appointment=appointment, kind=Offer.Kind.MOVED).order_by("-pk").first()
    if latest is None or latest.status != Offer.Status.ACCEPTED:
        locked_offer(appointment, Offer.Kind.MOVED)
        close_offer(appointment, Offer.Status.ACCEPTED, by=by)
    return appointment


@transaction.atomic
def decline_offer(appointment: Appointment, *, by: User) -> Appointment:
    """The patient takes all of the fee back: the visit is off, and it was not the patient who called it off.

    Raises OfferClosed.
    """
    charge, appointment = lock_booking(appointment)
    locked_offer(appointment)
    back = give_back(appointment, charge, now=None, by=by)
    close_offer(appointment, Offer.Status.DECLINED, by=by)
    call_off(appointment, by=by, side="doctor", code="offer_declined", back=back)
    return appointment


def claim_offers(limit: int) -> list[UUID]:
    """The offers whose time is over, for this worker alone: rows that another one looks at are passed by."""
    with transaction.atomic(durable=True):
        due = Offer.objects.due().select_for_update(skip_locked=True, no_key=True, of=("self",))[:limit]
        pks = [offer.pk for offer in due]
        Offer.objects.filter(pk__in=pks).update(due_at=timezone.now() + CLAIM)
    return pks


@transaction.atomic
def end_offer(offer_id: UUID) -> bool:
    """Nobody answered: a visit in leave is called off and paid back whole, a time that was moved stands.

    False if it was answered meanwhile. May run twice.
    """
    found = Offer.objects.select_related("appointment").get(pk=offer_id)
    charge, appointment = lock_booking(found.appointment)
    offer = Offer.objects.select_for_update(no_key=True, of=("self",)).get(pk=offer_id)
    if offer.status != Offer.Status.OPEN or offer.until > timezone.now():
        return False
    back = None
    if offer.kind == Offer.Kind.LEAVE and appointment.status == Status.CONFIRMED:
        back = give_back(appointment, charge, now=None, by=None)
    close_offer(appointment, Offer.Status.RAN_OUT, by=None)
    if back is not None:
        call_off(appointment, by=None, side="doctor", code="leave", back=back, cancel_reason="away")
    log.info("offer_ran_out", offer=str(offer_id), kind=offer.kind)
    return True
