"""Whether whoever opened a socket may still be where it leads: looked at on each message that matters.

`scope["user"]` is as it was at the handshake. Here the rows are asked again: the session, the user, the visit, the
guardianship, the doctor's standing.
"""

from dataclasses import dataclass
from uuid import UUID

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Exists
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.factors import is_proven
from accounts.models import User
from accounts.rules import must_use_second_factor
from accounts.sessions import is_over
from appointments.models import Appointment
from doctors.models import Doctor
from telehealth import rules
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


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who may be in this room at this moment, and on which side."""

    user: User
    side: Side
    room: Consultation


def guest_of(ticket: Ticket, appointment_id: UUID) -> Guest:
    """Raises Gone for everybody whose room this is not, or not any more."""
    user = ticket.user()
    visit = Appointment.objects.select_related("doctor", "patient", "consultation").filter(pk=appointment_id).first()
    if visit is None or not rules.has_room(visit):
        raise Gone
    side = rules.side_of(user, visit)
    if side is None:
        raise Gone
    room = getattr(visit, "consultation", None) or Consultation(appointment=visit)
    room.appointment = visit
    return Guest(user, side, room)


def practice_of(ticket: Ticket) -> Doctor:
    """The doctor whose queue it is. Raises Gone for everybody but a doctor who may practise."""
    doctor = Doctor.objects.public().filter(user=ticket.user()).first()
    if doctor is None:
        raise Gone
    return doctor
