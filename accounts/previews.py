"""What a message of each kind says on each channel, with invented facts. For the admin's page; nothing is sent."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from accounts.models import Channel, Kind, Notification, User
from accounts.samples import FACTS
from accounts.services import brief, words
from accounts.services.mail import html_of, ways_out
from accounts.topics import may_refuse, topic_of


def preview_of(request: HttpRequest) -> dict[str, Any]:
    """The kind and language that were asked for, else the first; and all that it would say."""
    asked, language = request.GET.get("kind", ""), request.GET.get("language", "")
    kind = Kind(asked) if asked in Kind else next(iter(Kind))
    language = language if language in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE
    # Never saved: of nobody, and with a key that there is not.
    reader = User(pk=0, name="Rahima Begum", email="rahima@example.com", language=language)
    told = Notification(user=reader, kind=kind, facts=FACTS, created_at=timezone.now())
    subject, body = words(told)
    topic = topic_of(kind)
    return {
        "kind": kind,
        "kinds": Kind.choices,
        "language": language,
        "languages": settings.LANGUAGES,
        "topic": topic,
        "is_always_mailed": not may_refuse(topic, Channel.EMAIL),
        "subject": subject,
        "body": body,
        "brief": brief(told),
        "html": html_of(told, subject, body, **ways_out(told)),
    }
