"""Feeds for calendars elsewhere: by a secret address, which its owner makes, changes and takes back."""

import hashlib
import secrets
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import User
from appointments.ical import feed_calendar
from appointments.models import Appointment, CalendarFeed, Status

# What calendars elsewhere are told of: that time is taken, from a month ago on.
SHOWN = (Status.CONFIRMED, Status.IN_PROGRESS, Status.COMPLETED)
BACK = timedelta(days=30)
MOST = 1000
NOTED_EVERY = timedelta(hours=1)


def digest_of(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def make_feed(user: User, side: str) -> str:
    """A new secret for this feed, which is told this once; an older one opens nothing from now on."""
    token = secrets.token_urlsafe(32)
    fresh = {"digest": digest_of(token), "created_at": timezone.now(), "read_at": None}
    CalendarFeed.objects.update_or_create(user=user, side=side, defaults=fresh)
    return token


def revoke_feed(user: User, side: str) -> None:
    """Nobody reads this feed any more; there being none is no error."""
    CalendarFeed.objects.filter(user=user, side=side).delete()


def feed_by(token: str) -> CalendarFeed | None:
    """The feed that this secret opens, of somebody who may sign in."""
    feeds = CalendarFeed.objects.filter(user__is_active=True).select_related("user")
    return feeds.filter(digest=digest_of(token)).first()


def note_read(feed: CalendarFeed) -> None:
    """That a calendar reads it, once an hour at most."""
    now = timezone.now()
    if feed.read_at is None or feed.read_at < now - NOTED_EVERY:
        CalendarFeed.objects.filter(pk=feed.pk).update(read_at=now)


def feed_text(feed: CalendarFeed) -> str:
    """The owner's appointments as an iCalendar, in the owner's language: when, by which way, and a link to the rest.

    No name, no place, no specialty: a calendar elsewhere is read by whoever keeps it, and by whomever it is shared
    with. The same visits give the same text.
    """
    rows = Appointment.objects.filter(status__in=SHOWN, period__startswith__gt=timezone.now() - BACK)
    of_practice = feed.side == CalendarFeed.Side.PRACTICE
    rows = rows.filter(doctor__user=feed.user) if of_practice else rows.held_by(feed.user)
    visits = rows.order_by("period__startswith", "pk").only("pk", "period", "mode", "status", "sequence", "created_at")
    with translation.override(feed.user.language):
        name = _("%(site)s: my practice") if of_practice else _("%(site)s: appointments")
        return feed_calendar(visits[:MOST], name=name % {"site": settings.SITE_NAME})
