"""Whether whoever opened a socket is signed in, and still is: looked at again on each message that matters.

The cookie of the handshake names a session; the rows are asked what it is worth. Nothing of it is asked by a middleware
beforehand, in the one thread that all handshakes would share: each consumer asks in threads of its own.
"""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db.models import Exists
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts.models import User
from accounts.sessions import is_over, is_whole
from config.errors import DomainError


class Gone(DomainError):
    """The right to be here has ended: signed out, or a second factor is still to be shown; rooms have more reasons."""

    code = "gone"
    status = 403


class Nobody(Gone):
    """Nobody is signed in in this browser."""


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


def ticket_of(scope: Any) -> Ticket:
    """Raises Gone for whoever is not signed in, whose session is over, or who has not shown the second factor."""
    ticket, session = claim_of(scope)
    prove(session, ticket.user())
    return ticket


def claim_of(scope: Any) -> tuple[Ticket, SessionStore]:
    """What the cookie of the handshake says, unproved, and the session by which it is to be proved. Raises Nobody."""
    session = SessionStore(scope["cookies"].get(settings.SESSION_COOKIE_NAME))
    if SESSION_KEY not in session:
        raise Nobody
    return Ticket(int(session[SESSION_KEY]), session.session_key, session.get(HASH_SESSION_KEY, "")), session


def prove(session: SessionStore, user: User) -> None:
    """Raises Gone for a session that is over, or in which its user has yet to show the second factor."""
    is_known = session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    if not is_known or is_over(session, user) or not is_whole(session, user):
        raise Gone
