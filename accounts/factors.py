"""Second factors: whether a session was opened with one, and that no code opens anything twice."""

import time
from secrets import compare_digest
from types import SimpleNamespace
from typing import Any

from allauth.account import app_settings
from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value, yield_hotp_counters_from_time
from django.http import HttpRequest

from accounts.models import SpentCode, User
from accounts.rules import must_use_second_factor

FACTORS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)


def has_factor(user: User) -> bool:
    """A set-up factor. Recovery codes are none: they only stand in for one."""
    return Authenticator.objects.filter(user=user, type__in=FACTORS).exists()


def may_remove(authenticator: Authenticator) -> bool:
    """Whoever must have a second factor keeps one at least."""
    user = authenticator.user
    others = Authenticator.objects.filter(user=user, type__in=FACTORS).exclude(pk=authenticator.pk)
    return not must_use_second_factor(user) or others.exists()


def records_of(session: Any, user: User) -> list[dict[str, Any]]:
    """What the user has shown in this session, oldest first. Of a request or of a socket's scope."""
    return get_authentication_records(SimpleNamespace(session=session), user)


def is_proven(session: Any, user: User) -> bool:
    """Whether this very session has seen the user's second factor: an app's code, a recovery code or a passkey."""
    return any(record.get("method") == "mfa" for record in records_of(session, user))


def is_fresh(request: HttpRequest) -> bool:
    """Whether the user has shown in the last five minutes who they are; with the second factor, if they have one."""
    if not request.user.is_authenticated:
        return False
    since = time.time() - app_settings.REAUTHENTICATION_TIMEOUT
    recent = [record for record in records_of(request.session, request.user) if record["at"] > since]
    if not recent:
        return False
    return any(record["method"] == "mfa" for record in recent) or not has_factor(request.user)


def take_totp_code(user: User, secret: str, code: str) -> bool:
    """Whether the code is the app's for about now and was not taken before; it is spent by this.

    A code is spent for good, with all that came before it, whichever session asked: the row decides, so that of two
    requests at one moment one is refused.
    """
    for counter in yield_hotp_counters_from_time():
        if compare_digest(format_hotp_value(hotp_value(secret, counter)).encode(), code.encode()):
            return spend(user, counter)
    return False


def spend(user: User, counter: int) -> bool:
    """Move the user's mark on to this step of the clock; False if it is there or further already."""
    mark, is_first = SpentCode.objects.get_or_create(user=user, defaults={"counter": counter})
    return is_first or SpentCode.objects.filter(pk=mark.pk, counter__lt=counter).update(counter=counter) == 1
