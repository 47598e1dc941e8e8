from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from appointments.freed_times import offer_open_times
from appointments.listings import refresh_listings
from appointments.models import Appointment, Lead, WaitingList
from appointments.reminders import remind
from appointments.services import claim_offers, end_offer, expire_hold, open_case
from config.queue import send_on_commit
from doctors.models import DoctorListing, Mode

BATCH = 500
# Longer than until the next sweep, so that none of them misses a hold.
SOON = timedelta(seconds=20)


@shared_task(name="appointments.sweep_holds")
def sweep_holds() -> None:
    """Write down which holds ran out. A booker frees what is in the way, and waits for no sweep; those on a waiting
    list would, so a hold of a doctor for whom somebody waits is looked at in the moment at which it ends."""
    for appointment_id in list(Appointment.objects.lapsed().values_list("pk", flat=True)[:BATCH]):
        expire_hold(appointment_id)
    ending = Appointment.objects.holds_ending_within(SOON).filter(doctor__in=WaitingList.objects.values("pk"))
    for appointment_id, end in ending.values_list("pk", "hold_expires_at")[:BATCH]:
        send_on_commit(end_hold, str(appointment_id), at=end + timedelta(milliseconds=20))


@shared_task(name="appointments.end_hold")
def end_hold(appointment_id: str) -> None:
    """Write down that this hold ran out, if it did. May run twice."""
    expire_hold(UUID(appointment_id))


@shared_task(name="appointments.sweep_offers")
def sweep_offers() -> None:
    """What becomes of visits about whose change nobody answered in time; two of these never work on one."""
    for offer_id in claim_offers(BATCH):
        end_offer(offer_id)


@shared_task(name="appointments.sweep_left_open")
def sweep_left_open() -> None:
    """Ask an administrator about visits at the chamber of which nobody said what came of them."""
    for visit in list(Appointment.objects.left_open().filter(mode=Mode.IN_PERSON)[:BATCH]):
        open_case(visit)


@shared_task(name="appointments.refresh_stale_listings")
def refresh_stale_listings() -> None:
    """Tell search anew when doctors can be booked: those whose bookings changed, and those not looked at for long."""
    stale = DoctorListing.objects.filter(stale_at__lte=timezone.now()).order_by("stale_at")
    doctor_ids = list(stale.values_list("pk", flat=True)[:BATCH])
    for first in range(0, len(doctor_ids), 50):
        refresh_listings(doctor_ids[first : first + 50])


@shared_task(name="appointments.offer_times")
def offer_times(doctor_id: int) -> None:
    """WaitOffer what came free at one doctor to those who wait."""
    offer_open_times(doctor_id)


@shared_task(name="appointments.sweep_waiting_lists")
def sweep_waiting_lists() -> None:
    """Look through the lists whose time has come: a message was lost, or some minutes are over."""
    due = WaitingList.objects.filter(look_at__lte=timezone.now()).order_by("look_at")
    for doctor_id in list(due.values_list("pk", flat=True)[:BATCH]):
        offer_open_times(doctor_id)


@shared_task(name="appointments.sweep_reminders")
def sweep_reminders() -> None:
    """Remind of every visit that is near, the nearest first."""
    for lead in (Lead.SOON, Lead.HOUR, Lead.DAY):
        while remind(lead):
            pass
