"""Names and passwords for the relay, that end by themselves: coturn's `use-auth-secret`."""

import hmac
from base64 import b64encode
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.utils import timezone

from accounts.models import User

LONGEST = timedelta(hours=2)
# The relay's clock may be behind or ahead of ours by so much.
SKEW = timedelta(minutes=2)


def credentials(user: User, *, expires_at: datetime) -> dict[str, str]:
    """`expiry:user id`, and base64(HMAC-SHA1(secret, that)): the relay works it out again and keeps no list."""
    username = f"{int(expires_at.timestamp())}:{user.pk}"
    digest = hmac.digest(settings.TURN_SECRET.encode(), username.encode(), "sha1")
    return {"username": username, "credential": b64encode(digest).decode()}


def ice_servers(user: User, *, until: datetime) -> tuple[list[dict[str, Any]], datetime]:
    """The relay's addresses with a credential that lasts until then, two hours at the most; none where there is none.

    The caller has made sure that the user may be in a room that is open.
    """
    expires_at = min(until, timezone.now() + LONGEST) + SKEW
    if not settings.TURN_URLS:
        return [], expires_at
    return [{"urls": settings.TURN_URLS, **credentials(user, expires_at=expires_at)}], expires_at
