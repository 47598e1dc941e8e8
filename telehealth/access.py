"""Whether whoever opened a socket may still be where it leads: looked at on each message that matters.

`scope["user"]` is as it was at the handshake. Here the rows are asked again: the session, the user, the visit, the
guardianship, the doctor's standing.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Exists
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from psycopg import Error as PsycopgError
from psycopg.sql import SQL

from accounts.factors import is_proven
from accounts.models import User
from accounts.rules import must_use_second_factor
from accounts.sessions import is_over
from appointments.models import Appointment
from doctors.models import Doctor
from patients.models import today
from telehealth import rules
from telehealth.asking import one_row
from telehealth.errors import Gone
from telehealth.models import Consultation, Side


@dataclass(frozen=True, slots=True)
class Ticket:
    """What a handshake proved: which user, by which session."""

    user_id: int
    session_key: str
    auth_hash: str

    def user(self) -> User:
        """The user, if still signed in here, with this password. Raises Gone. One query."""
        live = Session.objects.filter(session_key=self.session_key, expire_date__gt=timezone.now())
        user = User.objects.filter(pk=self.user_id, is_active=True).annotate(signed_in=Exists(live)).first()
        if user is None or not user.signed_in:
            raise Gone
        if not constant_time_compare(self.auth_hash, user.get_session_auth_hash()):
            raise Gone
        return user


def ticket_of(scope) -> Ticket:
    """Raises Gone for whoever is not signed in, whose session is over, or who has not shown the second factor."""
    user, session = scope["user"], scope["session"]
    if not user.is_authenticated or is_over(session, user):
        raise Gone
    if must_use_second_factor(user) and not is_proven(session, user):
        raise Gone
    return Ticket(user.pk, session.session_key, session.get(HASH_SESSION_KEY, ""))


type Facts = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may be in this room at this moment, and on which side; `facts` is what that rests upon."""

    user: User
    side: Side
    room: Consultation
    facts: Facts = ()


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


async def is_still(guest: Guest, ticket: Ticket, appointment_id: UUID) -> bool:
    """Whether no row has changed upon which the guest rests; False too where there is no answer.

    A small part of the work of `guest_of`, for what comes often. Only for who reads: the guest's rows are to stay as
    they were fetched.
    """
    if not guest.facts:
        return False
    try:
        found = await one_row(FACTS, _named(ticket, appointment_id))
    except PsycopgError:
        return False
    return found == guest.facts


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


FACTS = SQL("""
SELECT (SELECT (xmin, ctid)::text FROM django_session WHERE session_key = %s AND expire_date > %s),
       (SELECT (xmin, ctid)::text FROM accounts_user WHERE id = %s),
       (visit.xmin, visit.ctid)::text, (doctor.xmin, doctor.ctid)::text,
       (patient.xmin, patient.ctid)::text, (room.xmin, room.ctid)::text,
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
