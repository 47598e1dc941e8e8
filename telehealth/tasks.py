from celery import shared_task

from appointments.models import Appointment
from doctors.models import Mode
from telehealth import services
from telehealth.closing import close_by_evidence

BATCH = 200


@shared_task(name="telehealth.close_left_open")
def close_left_open() -> None:
    """Give video visits that were left open for a day their end, from the evidence."""
    for visit in list(Appointment.objects.left_open().filter(mode=Mode.VIDEO)[:BATCH]):
        close_by_evidence(visit)


@shared_task(name="telehealth.clear_silent_seats")
def clear_silent_seats() -> None:
    services.clear_silent_seats(at_most=BATCH)
