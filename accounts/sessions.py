"""Sessions: how long one lasts, and which of a person's are open."""

import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from accounts import factors
from accounts.devices import device_of, is_handheld
from accounts.models import User
from accounts.push import public_key
from accounts.rules import is_staff_of_portal, must_use_second_factor
from config.limits import SessionLimits

BEGAN, SEEN, REMEMBERED = "began_at", "seen_at", "remembered"


def begin(session: Any, user: User) -> None:
    """Start the session's clocks: its user has just signed in. A short one's cookie goes when the browser is closed."""
    session[BEGAN] = session[SEEN] = int(time.time())
    session.set_expiry(0 if is_short(session, user) else None)


def is_short(session: Any, user: User) -> bool:
    """Of those who see others' data, and of a patient who did not want to stay signed in."""
    return is_staff_of_portal(user) or not session.get(REMEMBERED, True)


def limits_of(session: Any, user: User) -> SessionLimits:
    return settings.SESSION_LIMITS["staff" if is_short(session, user) else "patients"]


def clocks_of(session: Any, user: User) -> tuple[int, int]:
    """When the session began and when it was last seen in use. One without clocks is as old as the last sign-in."""
    fallback = int((user.last_login or user.date_joined).timestamp())
    return session.get(BEGAN, fallback), session.get(SEEN, fallback)


def is_over(session: Any, user: User) -> bool:
    began, seen = clocks_of(session, user)
    limits = limits_of(session, user)
    return time.time() >= min(began + limits.absolute, seen + limits.idle)


def seconds_left(session: Any, user: User) -> int:
    """How long the session lasts if nothing happens."""
    began, seen = clocks_of(session, user)
    limits = limits_of(session, user)
    return max(0, int(min(began + limits.absolute, seen + limits.idle) - time.time()))


def seconds_at_most(session: Any, user: User) -> int:
    """How long it lasts if it is used now."""
    began, _seen = clocks_of(session, user)
    limits = limits_of(session, user)
    return max(0, int(min(began + limits.absolute - time.time(), limits.idle)))


def for_pages(request: HttpRequest) -> dict[str, Any]:
    """For templates: how long this session lasts if nothing happens; 0 before somebody is signed in whole. And the key
    by which a browser may be asked to show messages, for those to whom none does yet (accounts/push_offer.html)."""
    user = getattr(request, "user", None)
    session = getattr(request, "session", None)
    is_in = user is not None and session is not None and user.is_authenticated and is_whole(session, user)
    return {
        "session_left": seconds_left(session, user) if is_in else 0,
        "push_key": public_key() if is_in and not user.has_push else "",
    }


def is_whole(session: Any, user: User) -> bool:
    """Whether nothing is asked for any more: the second factor was seen, or need not be."""
    return not must_use_second_factor(user) or factors.is_proven(session, user)


def keep_alive(session: Any, user: User, *, pause: int | None = None) -> None:
    """Note that the session is in use; written down at most every few minutes."""
    began, seen = clocks_of(session, user)
    now = int(time.time())
    if now - seen < (limits_of(session, user).pause if pause is None else pause):
        return
    session[BEGAN], session[SEEN] = began, now
    UserSession.objects.filter(session_key=session.session_key).update(last_seen_at=timezone.now())


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its owner sees it in the list."""

    pk: int
    device: str
    is_handheld: bool
    address: str
    began_at: datetime
    seen_at: datetime
    is_this: bool


def open_sessions(user: User, *, this: str | None) -> list[OpenSession]:
    """Those that still open something, this one first, then the latest used. Two queries, however many there are."""
    rows = list(UserSession.objects.filter(user=user).order_by("-last_seen_at"))
    stored = {
        session.session_key: session.get_decoded()
        for session in Session.objects.filter(
            session_key__in=[row.session_key for row in rows], expire_date__gt=timezone.now()
        )
    }
    found = [
        OpenSession(
            pk=row.pk,
            device=device_of(row.user_agent),
            is_handheld=is_handheld(row.user_agent),
            address=row.ip,
            began_at=row.created_at,
            seen_at=row.last_seen_at,
            is_this=row.session_key == this,
        )
        for row in rows
        if opens(stored.get(row.session_key), user)
    ]
    return sorted(found, key=lambda session: not session.is_this)


def opens(data: dict[str, Any] | None, user: User) -> bool:
    """Whether a stored session still lets its user in: not past its limits, nor from before a change of password."""
    if not data or not constant_time_compare(data.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return False
    return not is_over(data, user)


@transaction.atomic
def end_sessions(rows: Iterable[UserSession]) -> int:
    """End them at once: the next request of such a browser comes from a visitor, and its open pages hear nothing more.
    How many there were."""
    # Here, for services know of sessions.
    from accounts.services import remove_devices_of, tell_pages

    rows = list(rows)
    remove_devices_of([row.session_key for row in rows])
    tell_pages([row.user_id for row in rows])
    Session.objects.filter(session_key__in=[row.session_key for row in rows]).delete()
    UserSession.objects.filter(pk__in=[row.pk for row in rows]).delete()
    return len(rows)


def end_other_sessions(user: User, *, this: str | None) -> int:
    """Sign the user out everywhere but here."""
    return end_sessions(UserSession.objects.filter(user=user).exclude(session_key=this))


def clear_sessions() -> int:
    """Throw away what ran out; returns how many rows. Safe at any time."""
    gone, _by_model = Session.objects.filter(expire_date__lte=timezone.now()).delete()
    left = Session.objects.values("session_key")
    UserSession.objects.exclude(session_key__in=left).delete()
    return gone
