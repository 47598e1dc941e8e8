"""Telling people things, so that it is certain: the row is durable with what it tells, the sending follows."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import partial
from itertools import batched
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import Channel, Delivery, Kind, Notification, User
from config.queue import send_on_commit
from config.tries import next_try, try_to_send

# Waits between tries: from half a minute to half a day, some two days in all.
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 14400, 43200, 43200, 43200))


# So many deliveries go into one message to a worker.
HANDFUL = 50


@dataclass(frozen=True, slots=True)
class Telling:
    """What one person is to be told. After `until` it is of no use to anybody, and is not sent any more."""

    user: User
    kind: Kind
    facts: dict[str, Any]
    until: datetime | None = None


@transaction.atomic
def notify(
    user: User,
    kind: Kind,
    *,
    facts: dict[str, Any],
    calendar: str = "",
    calendar_method: str = "",
    until: datetime | None = None,
) -> Notification:
    """Tell a person something, once the surrounding transaction is durable: in the inbox, and by e-mail.

    `facts` is JSON without health data; `calendar` is an iCalendar text that goes with the mail; what was not sent
    by `until` is not sent.
    """
    from accounts.tasks import deliver

    notification = Notification.objects.create(user=user, kind=kind, facts=facts)
    delivery = Delivery.objects.create(
        notification=notification,
        channel=Channel.EMAIL,
        calendar=calendar,
        calendar_method=calendar_method,
        until=until,
    )
    send_on_commit(deliver, delivery.pk)
    return notification


@transaction.atomic
def notify_all(tellings: Iterable[Telling]) -> list[Notification]:
    """Tell many people at once, each as `notify` does: two statements, and a message to a worker for each handful."""
    from accounts.tasks import deliver_all

    told = list(tellings)
    notifications = Notification.objects.bulk_create(
        [Notification(user=each.user, kind=each.kind, facts=each.facts) for each in told]
    )
    deliveries = Delivery.objects.bulk_create(
        [
            Delivery(notification=notification, channel=Channel.EMAIL, until=each.until)
            for notification, each in zip(notifications, told, strict=True)
        ]
    )
    for handful in batched(deliveries, HANDFUL):
        send_on_commit(deliver_all, [delivery.pk for delivery in handful])
    return notifications


def words(notification: Notification) -> tuple[str, str]:
    """Subject and body, in the language and on the clock of the person who is told."""
    user = notification.user
    template = f"notifications/{notification.kind}.txt"
    context = notification.facts | {
        "user": user,
        "site_name": settings.SITE_NAME,
        "origin": settings.SITE_ORIGIN,
    }
    with translation.override(user.language), timezone.override(user.zone):
        subject = " ".join(render_to_string(f"{template}#subject", context).split())
        body = render_to_string(f"{template}#body", context).strip() + "\n"
    return subject, body


def email_for(delivery: Delivery) -> EmailMultiAlternatives:
    """The mail of a delivery. Its Message-ID is the same at every try, so that a second copy can be told as one.

    A calendar goes along twice: as the part by which calendars know an invitation (RFC 6047), and as a file for those
    who read their mail without one.
    """
    notification = delivery.notification
    subject, body = words(notification)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    mail = EmailMultiAlternatives(
        subject=subject,
        body=body,
        to=[notification.user.email],
        headers={"Message-ID": f"<{notification.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    if delivery.calendar:
        mail.attach_alternative(delivery.calendar, f"text/calendar; method={delivery.calendar_method}")
        mail.attach("appointment.ics", delivery.calendar.encode(), "application/ics")
    return mail


# What goes out on each channel: something that has a `send`. A further channel is a further line.
CHANNELS: dict[str, Callable[[Delivery], EmailMessage]] = {Channel.EMAIL: email_for}


@transaction.atomic
def deliver(delivery_id: int) -> None:
    """Send one delivery if it is due; on failure it is due again later, and in the end, or past its `until`, given up.

    Locks the delivery's row and leaves one that another worker holds to that worker. A worker that dies after the
    mail went out and before the commit sends it again: at least once.
    """
    due = Delivery.objects.due().select_for_update(skip_locked=True, of=("self",))
    delivery = due.select_related("notification__user").filter(pk=delivery_id).first()
    if delivery is None:
        return
    if delivery.until is not None and delivery.until <= timezone.now():
        delivery.status, delivery.error = Delivery.Status.FAILED, "too_late"
        delivery.save(update_fields=["status", "error"])
        return
    delivery.attempts += 1
    about = {"delivery": delivery.pk, "attempts": delivery.attempts}
    delivery.error = try_to_send(partial(CHANNELS[delivery.channel], delivery), "delivery_failed", **about)
    if not delivery.error:
        delivery.status, delivery.sent_at = Delivery.Status.SENT, timezone.now()
    elif due_at := next_try(BACKOFF, delivery.attempts):
        delivery.due_at = due_at
    else:
        delivery.status = Delivery.Status.FAILED
    delivery.save(update_fields=["attempts", "status", "due_at", "sent_at", "error"])
