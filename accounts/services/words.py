"""What a notification says: in full for the inbox and mails, in brief where others may read along."""

from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from accounts.models import Notification
from accounts.topics import Topic, topic_of
from config.templatetags.portal import day_clock

log = structlog.get_logger()

# What a locked screen may say beyond "there is something new": that a visit is booked, moved or near, and money.
NAMED_IN_BRIEF = {Topic.REMINDERS, Topic.VISITS, Topic.MONEY, Topic.PROFILE}


def words(notification: Notification) -> tuple[str, str]:
    """Subject and body, in the language and on the clock of the person who is told."""
    user = notification.user
    with translation.override(user.language), timezone.override(user.zone):
        return subject_of(notification), _part(notification, "body").strip() + "\n"


def subject_of(notification: Notification) -> str:
    """One line, in the language and on the clock of now."""
    return " ".join(_part(notification, "subject").split())


def title_of(notification: Notification) -> str:
    """The subject; where its words cannot be made of its facts any more, what kind of thing it tells of.

    One message that was written under other words must not close the whole inbox: it is logged, as the bug that it is.
    """
    try:
        return subject_of(notification)
    except Exception:
        log.exception("message_without_words", notification=str(notification.pk), kind=notification.kind)
        return str(notification.get_kind_display())


def _part(notification: Notification, part: str) -> str:
    further: dict[str, Any] = {
        "user": notification.user,
        "site_name": settings.SITE_NAME,
        "origin": settings.SITE_ORIGIN,
    }
    return render_to_string(f"notifications/{notification.kind}.txt#{part}", notification.facts | further)


def brief(notification: Notification) -> str:
    """A sentence for text messages and locked screens, in the reader's language: it names nobody, nor any document.

    Of a visit it tells when: whoever is reminded wants to know that, and a time says nothing of anybody's health.
    """
    user = notification.user
    with translation.override(user.language), timezone.override(user.zone):
        if topic_of(notification.kind) not in NAMED_IN_BRIEF:
            return _("There is something new for you.")
        start = notification.facts.get("start")
        if start and topic_of(notification.kind) in {Topic.REMINDERS, Topic.VISITS}:
            return f"{notification.get_kind_display()}: {day_clock(datetime.fromisoformat(start))}"
        return str(notification.get_kind_display())


def link_to(notification: Notification) -> str:
    """The address at which the message stands in the inbox. Whoever opens it must be signed in as its reader."""
    return settings.SITE_ORIGIN + reverse("message", args=[notification.pk])
