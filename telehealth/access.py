"""Whether whoever opened a socket may still be where it leads: looked at on each message that matters.

The rows are asked again: the session, the user, the visit, the guardianship, the doctor's standing.
"""

from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils import timezone
from psycopg import Error as PsycopgError
from psycopg.sql import SQL

from accounts.models import User
from accounts.tickets import Gone, Ticket, claim_of, prove
from appointments.models import Appointment
from doctors.models import Doctor
from patients.models import today
from telehealth import rules
from telehealth.asking import one_row
from telehealth.models import Consultation, Side
from telehealth.services import room_of

type Facts = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may be in this room at this moment, and on which side; `facts` is what that rests upon."""

    user: User
    side: Side
    room: Consultation
    facts: Facts = ()


def arrival_of(scope: Any, appointment_id: UUID) -> tuple[Ticket, Guest]:
    """Whoever opens a socket to this room, which has a row from then on if it is open. Raises Gone."""
    ticket, session = claim_of(scope)
    guest = guest_of(ticket, appointment_id)
    prove(session, guest.user)
    if guest.room.is_open and not guest.facts[ROOM]:
        room_of(guest.room.appointment)
    return ticket, guest


def guest_of(ticket: Ticket, appointment_id: UUID) -> Guest:
    """Raises Gone for everybody whose room this is not, or not any more."""
    facts = facts_of(ticket, appointment_id)
    user = ticket.user()
    visit = Appointment.objects.select_related("doctor", "patient", "consultation").filter(pk=appointment_id).first()
    if visit is None or not rules.has_room(visit):
        raise Gone
    side = rules.side_of(user, visit)
    if side is None:
        raise Gone
    room = getattr(visit, "consultation", None) or Consultation(appointment=visit)
    room.appointment = visit
    return Guest(user, side, room, facts)


async def facts_now(ticket: Ticket, appointment_id: UUID) -> Facts:
    """As `facts_of`, but asked by the loop; empty where there is no answer.

    Facts that are still the guest's spare the work of `guest_of`, for what comes often. Only for who reads: the
    guest's rows are to stay as they were fetched.
    """
    try:
        return await one_row(FACTS, _named(ticket, appointment_id)) or ()
    except PsycopgError:
        return ()


def has_the_same_right(guest: Guest, found: Facts) -> bool:
    """Whether, by what was found, all but the room's own row is what the guest was judged by."""
    return bool(guest.facts) and _of_the_right(guest.facts) == _of_the_right(found) and found[ROOM] is not None


def with_room_of_now(guest: Guest, found: Facts) -> Guest:
    """The guest, who has the same right, with the room's row as it is; that changes with whatever is done in a room."""
    room = Consultation.objects.get(pk=guest.room.pk)
    room.appointment = guest.room.appointment
    return replace(guest, room=room, facts=found)


def _of_the_right(facts: Facts) -> Facts:
    return facts[:ROOM] + facts[ROOM + 1 :]


def facts_of(ticket: Ticket, appointment_id: UUID) -> Facts:
    """Which versions of the rows there are by which `guest_of` judges, and of those that a room shows: one query.

    PostgreSQL gives every version of a row the number of the transaction that wrote it, and a place of its own. What
    ends by itself, as a session or a guardianship, is not there any more once it has ended.
    """
    with connection.cursor() as cursor:
        cursor.execute(FACTS, _named(ticket, appointment_id))
        return cursor.fetchone() or ()


def _named(ticket: Ticket, appointment_id: UUID) -> list[object]:
    return [ticket.session_key, timezone.now(), ticket.user_id, ticket.user_id, today(), appointment_id]


# Where the room's own row stands among the facts.
ROOM = 5
FACTS = SQL("""
SELECT (SELECT (xmin, ctid)::text FROM django_session WHERE session_key = %s AND expire_date > %s),
       (SELECT (xmin, ctid)::text FROM accounts_user WHERE id = %s),
       (visit.xmin, visit.ctid)::text, (doctor.xmin, doctor.ctid)::text,
       (patient.xmin, patient.ctid)::text,
       CASE WHEN room.appointment_id IS NOT NULL THEN (room.xmin, room.ctid)::text END,
       (SELECT array_agg((bond.xmin, bond.ctid)::text ORDER BY bond.id) FROM patients_guardianship bond
         WHERE bond.guardian_id = %s AND bond.patient_id = visit.patient_id AND bond.valid @> %s::date)
  FROM appointments_appointment visit
  JOIN doctors_doctor doctor ON doctor.id = visit.doctor_id
  JOIN patients_patient patient ON patient.id = visit.patient_id
  LEFT JOIN telehealth_consultation room ON room.appointment_id = visit.id
 WHERE visit.id = %s
""")


def practice_of(ticket: Ticket) -> Doctor:
    """The doctor whose queue it is. Raises Gone for everybody but a doctor who may practise."""
    doctor = Doctor.objects.public().filter(user=ticket.user()).first()
    if doctor is None:
        raise Gone
    return doctor
