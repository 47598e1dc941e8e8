"""People who wait for the demo's own doctor, one of them with an offer, and what was reminded of."""

from datetime import timedelta
from random import Random

from django.db.backends.postgresql.psycopg_any import DateRange
from django.utils import timezone

from accounts.models import User
from appointments.models import Appointment, Lead, Reminder, Status, Wait, WaitingList
from doctors.models import Doctor, Mode
from patients.models import today

WAITING = 4


def write_waits(random: Random, doctors: list[Doctor], accounts: list[User]) -> int:
    """Some wait for an afternoon by video with the demo's doctor, who has none; the demo's patient for another's.
    How many wait."""
    first = today()
    waits = [
        Wait(
            doctor=doctors[0],
            patient=user.patient,
            asked_by=user,
            days=DateRange(first, first + timedelta(days=random.randint(5, 25))),
            mode=Mode.VIDEO,
            part="afternoon",
        )
        for user in accounts[1 : 1 + WAITING]
    ]
    own, fortnight = accounts[0], DateRange(first, first + timedelta(days=14))
    waits.append(
        Wait(doctor=doctors[3], patient=own.patient, asked_by=own, days=fortnight, mode=Mode.VIDEO, part="afternoon")
    )
    Wait.objects.bulk_create(waits)
    WaitingList.objects.bulk_create([WaitingList(doctor=doctors[0]), WaitingList(doctor=doctors[3])])
    return len(waits)


def note_reminders() -> int:
    """The year's visits were reminded of in their time; how many reminders."""
    now = timezone.now()
    before = {Lead.DAY: timedelta(hours=24), Lead.HOUR: timedelta(hours=1), Lead.SOON: timedelta(minutes=10)}
    held = Appointment.objects.filter(status__in=[Status.COMPLETED, Status.NO_SHOW, Status.CONFIRMED])
    rows = [
        Reminder(appointment_id=pk, sequence=0, lead=lead, at=period.lower - ahead)
        for pk, period, created in held.values_list("pk", "period", "created_at")
        for lead, ahead in before.items()
        if created <= period.lower - ahead <= now and now - (period.lower - ahead) < timedelta(days=60)
    ]
    return len(Reminder.objects.bulk_create(sorted(rows, key=lambda row: row.at)))
