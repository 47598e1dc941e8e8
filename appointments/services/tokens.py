"""Numbers for those who come to the chamber."""

from datetime import date

from django.db.models import Max

from appointments.models import Appointment
from doctors.models import Mode
from scheduling.models import Calendar


def give_token(appointment: Appointment) -> dict[str, object]:
    """The next number of the doctor, the place and the day on the doctor's clock.

    Answers the columns to write. The caller holds the doctor's lock, so that no number is given twice; one that was
    given is not given again while a row has it, called off or not.
    """
    if appointment.mode != Mode.IN_PERSON:
        return {}
    day = day_of(appointment)
    same = Appointment.objects.filter(doctor=appointment.doctor_id, place=appointment.place_id, token_day=day)
    latest = same.aggregate(latest=Max("token"))["latest"] or 0
    return {"token": latest + 1, "token_day": day}


def day_of(appointment: Appointment) -> date:
    """The day on which the visit begins, on the doctor's own clock."""
    calendar = Calendar.objects.filter(doctor=appointment.doctor_id).first() or Calendar()
    return appointment.start.astimezone(calendar.zone).date()
