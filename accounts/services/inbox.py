"""The inbox: what is new, and that it was read."""

from typing import Any

from django.db import transaction
from django.db.models.functions import Now
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.models import Notification, User
from accounts.services.telling import tell_pages
from accounts.services.words import title_of
from config.db import PAGE

# More than that is "99+" to anybody.
COUNTED = 100
LATEST = 5


def count_unread(user: User) -> int:
    """Never more than COUNTED are looked at."""
    return user.notifications.unread().order_by()[:COUNTED].count()


def news_for(user: User) -> dict[str, Any]:
    """What a page shows without being loaded again: two queries, however long the inbox is."""
    rows = user.notifications.unread().for_inbox().fetch_mode(PAGE)[:LATEST]
    with translation.override(user.language), timezone.override(user.zone):
        latest = []
        for row in rows:
            row.user = user
            latest.append({"id": row.pk.hex, "title": title_of(row), "open": reverse("open_message", args=[row.pk])})
    return {"unread": count_unread(user), "latest": latest}


@transaction.atomic
def mark_read(notification: Notification) -> None:
    """Read once is read: the first time stands. The reader's other pages count again."""
    if Notification.objects.filter(pk=notification.pk).unread().update(read_at=Now()):
        tell_pages([notification.user_id])


@transaction.atomic
def mark_all_read(user: User, *, upto: Notification) -> None:
    """What the reader had before them when they said so: nothing that came later."""
    seen = user.notifications.unread().filter(created_at__lte=upto.created_at)
    if seen.update(read_at=Now()):
        tell_pages([user.pk])


def path_of(notification: Notification) -> str:
    """The page that the message is about, or nothing. Only ever a page of this portal."""
    path = notification.facts.get("path") or ""
    return path if path.startswith("/") and url_has_allowed_host_and_scheme(path, allowed_hosts=None) else ""
