"""Reminding people of their visits, a day, an hour and ten minutes before.

What is due is found in the bookings themselves, by when they begin: so no path to a confirmed visit can forget to
write a reminder down, and what was cancelled or moved needs no undoing. A row is written when a reminder is claimed,
in the transaction of the notices that tell it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone, translation

from accounts.models import Delivery, Kind, User
from accounts.services import Telling, notify_all
from appointments import notices
from appointments.models import Appointment, Lead, Reminder
from patients.services import patients_of, people_of

BATCH = 200
DAY = timedelta(days=1)


@transaction.atomic
def remind(lead: Lead) -> int:
    """Claim a batch of visits that are near, and tell everybody who acts for their patients; how many were found.

    Each is claimed once, whoever else does the same at this moment: the visits' rows are locked, and those that
    somebody else holds are left to them. Nobody waits here, so the order of locks is kept.
    """
    due = locked(Appointment.objects.to_remind(lead, timezone.now()).order_by("period__startswith"))
    found = list(due[:BATCH])
    visits = unclaimed(found, lead)
    visits, hearers = with_the_rest_of_the_day(visits) if lead == Lead.DAY else (visits, hearers_of(visits))
    Reminder.objects.bulk_create([Reminder(appointment=visit, sequence=visit.sequence, lead=lead) for visit in visits])
    notify_all(tellings(lead, visits, hearers))
    return len(found)


def locked(rows: Any) -> Any:
    """All that a notice says of these visits, their rows locked; those whom somebody else holds are left out."""
    rows = rows.select_related("doctor", "patient", "place").defer("reason", "cancel_words")
    return rows.select_for_update(no_key=True, skip_locked=True, of=("self",))


def unclaimed(visits: Collection[Appointment], lead: Lead) -> list[Appointment]:
    """Those of the locked visits that nobody claimed. Looked at again, for it may have been while their rows were
    looked for: that a row was locked is no change of it."""
    claimed = set(Reminder.objects.filter(appointment__in=visits, lead=lead).values_list("appointment_id", "sequence"))
    return [visit for visit in visits if (visit.pk, visit.sequence) not in claimed]


def with_the_rest_of_the_day(visits: list[Appointment]) -> tuple[list[Appointment], dict[UUID, list[User]]]:
    """These visits, and what else those who hear of them have on the same day by their own clocks: one message tells
    all of it. Whoever hears of a visit that is added has perhaps another one that day, and so on."""
    now, new, hearers = timezone.now(), visits, dict[UUID, list[User]]()
    while new:
        hearers |= hearers_of(new)
        days = {(user.pk, day_of(visit, user)) for visit in new for user in hearers[visit.patient_id]}
        family = patients_of({user for user, _day in days})
        starts = [visit.start for visit in new]
        others = Appointment.objects.not_reminded(Lead.DAY).filter(
            patient__in=set().union(*family.values()),
            period__startswith__gt=max(now, min(starts) - DAY),
            period__startswith__lt=max(starts) + DAY,
        )
        candidates = unclaimed(list(locked(others.exclude(pk__in=[visit.pk for visit in visits]))), Lead.DAY)
        users = {user.pk: user for people in hearers.values() for user in people}
        new = [
            each
            for each in candidates
            if any(each.patient_id in mine and (key, day_of(each, users[key])) in days for key, mine in family.items())
        ]
        visits = visits + new
    return visits, hearers


def hearers_of(visits: Iterable[Appointment]) -> dict[UUID, list[User]]:
    """Who is told, by patient."""
    keys = people_of({visit.patient_id for visit in visits})
    users = User.objects.in_bulk({user for people in keys.values() for user in people})
    return {patient: [users[user] for user in sorted(people)] for patient, people in keys.items()}


def day_of(visit: Appointment, user: User) -> date:
    day: date = visit.start.astimezone(user.zone).date()
    return day


def tellings(lead: Lead, visits: Iterable[Appointment], hearers: dict[UUID, list[User]]) -> list[Telling]:
    """One message for each person, and of visits of tomorrow for each day of that person's."""
    told: dict[tuple[User, date | None], list[Appointment]] = defaultdict(list)
    for visit in sorted(visits, key=lambda visit: visit.start):
        for user in hearers[visit.patient_id]:
            told[user, day_of(visit, user) if lead == Lead.DAY else None].append(visit)
    return [telling(user, lead, mine) for (user, _day), mine in told.items()]


def telling(user: User, lead: Lead, visits: list[Appointment]) -> Telling:
    first = visits[0].start
    # Names are in the language of the one who is told.
    with translation.override(user.language):
        facts = [notices.facts(visit) for visit in visits]
    return Telling(
        user,
        Kind.VISIT_REMINDER,
        facts={"lead": lead.value, "start": first.isoformat(), "visits": facts},
        until=first,
    )


def withdraw_reminders(appointment: Appointment) -> None:
    """A reminder that waits to be sent does not tell of a visit that was called off or moved meanwhile."""
    path = appointment.get_absolute_url()
    waiting = Delivery.objects.filter(
        status=Delivery.Status.QUEUED,
        notification__kind=Kind.VISIT_REMINDER,
        notification__facts__visits__contains=[{"path": path}],
    )
    for delivery in waiting.select_related("notification").select_for_update(skip_locked=True, of=("self",)):
        notification = delivery.notification
        left = [visit for visit in notification.facts["visits"] if visit["path"] != path]
        if left:
            notification.facts |= {"visits": left, "start": left[0]["start"]}
            notification.save(update_fields=["facts"])
        else:
            notification.delete()
