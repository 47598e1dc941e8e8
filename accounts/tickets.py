"""Whether whoever opened a socket is still signed in: looked at again on each message that matters.

`scope["user"]` is as it was at the handshake. Here the rows are asked: the session, the user.
"""

from dataclasses import dataclass
from typing import Any

from django.contrib.auth import HASH_SESSION_KEY
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
    user, session = scope["user"], scope["session"]
    if not user.is_authenticated or is_over(session, user) or not is_whole(session, user):
        raise Gone
    return Ticket(user.pk, session.session_key, session.get(HASH_SESSION_KEY, ""))
