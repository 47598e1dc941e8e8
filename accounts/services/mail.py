"""The mail of a notification: text, and the same as HTML that loads nothing from anywhere."""

from dataclasses import dataclass
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.mail import EmailMultiAlternatives
from django.core.validators import validate_email
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation

from accounts.models import Channel, Delivery, Notification, User
from accounts.services.words import words
from accounts.topics import Topic, may_refuse, topic_of
from config.tries import NeverTaken

UNSUBSCRIBE = "accounts.unsubscribe"


def email_for(delivery: Delivery) -> EmailMultiAlternatives:
    """The mail of a delivery. Its Message-ID is the same at every try, so that a second copy can be told as one.

    A calendar goes along twice: as the part by which calendars know an invitation (RFC 6047), and as a file for those
    who read their mail without one. Whoever does not want this topic any more says so by one press in the mail program
    (RFC 8058). Raises NeverTaken for an address that is none.
    """
    notification = delivery.notification
    address = notification.user.email
    try:
        validate_email(address)
    except ValidationError:
        raise NeverTaken("address_malformed") from None
    subject, body = words(notification)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    headers = {"Message-ID": f"<{notification.pk}@{domain}>", "Auto-Submitted": "auto-generated"}
    ways = ways_out(notification)
    if "unsubscribe" in ways:
        headers |= {
            "List-Unsubscribe": f"<{ways['unsubscribe']}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        }
    text = render_in(notification, "notifications/mail.txt", body=body.strip(), **ways).strip() + "\n"
    mail = EmailMultiAlternatives(subject=subject, body=text, to=[address], headers=headers)
    mail.attach_alternative(html_of(notification, subject, body, **ways), "text/html")
    if delivery.calendar:
        mail.attach_alternative(delivery.calendar, f"text/calendar; method={delivery.calendar_method}")
        mail.attach("appointment.ics", delivery.calendar.encode(), "application/ics")
    return mail


def ways_out(notification: Notification) -> dict[str, str]:
    """Where the reader chooses, and where this topic's mails are ended, if they may be."""
    ways = {"choices": settings.SITE_ORIGIN + reverse("notification_choices")}
    topic = topic_of(notification.kind)
    if may_refuse(topic, Channel.EMAIL):
        token = unsubscribe_token(notification.user, topic)
        ways["unsubscribe"] = settings.SITE_ORIGIN + reverse("unsubscribe", args=[token])
    return ways


def unsubscribe_token(user: User, topic: Topic) -> str:
    return signing.dumps([user.pk, topic.value], salt=UNSUBSCRIBE)


@dataclass(frozen=True, slots=True)
class Line:
    """A line of a mail: words, or the address of a page of ours, which HTML has as a button."""

    words: str
    address: str = ""


def html_of(notification: Notification, subject: str, body: str, **ways: str) -> str:
    return render_in(notification, "notifications/mail.html", subject=subject, paragraphs=paragraphs_of(body), **ways)


def paragraphs_of(body: str) -> list[list[Line]]:
    """The text's paragraphs, by their lines, without the portal's name at its foot, which HTML has elsewhere."""
    paragraphs = [part.strip().splitlines() for part in body.split("\n\n") if part.strip()]
    if paragraphs and paragraphs[-1] == [settings.SITE_NAME]:
        paragraphs.pop()
    ours = settings.SITE_ORIGIN + "/"
    return [[Line("", line) if line.startswith(ours) else Line(line) for line in lines] for lines in paragraphs]


def render_in(notification: Notification, template: str, **context: Any) -> str:
    """The template in the language and on the clock of the person who is told."""
    user = notification.user
    common = {"user": user, "site_name": settings.SITE_NAME, "language": user.language}
    with translation.override(user.language), timezone.override(user.zone):
        return render_to_string(template, common | context)
