"""Telling people things, so that it is certain: the row is durable with what it tells, the sending follows."""

from datetime import timedelta
from email.utils import parseaddr
from functools import partial
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation

from accounts.models import Channel, Delivery, Kind, Notification, User
from config.queue import send_on_commit
from config.tries import next_try, try_to_send

# Waits between tries: from half a minute to half a day, some two days in all.
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 14400, 43200, 43200, 43200))


@transaction.atomic
def notify(
    user: User, kind: Kind, *, facts: dict[str, Any], calendar: str = "", calendar_method: str = ""
) -> Notification:
    """Tell a person something, once the surrounding transaction is durable: in the inbox, and by e-mail.

    `facts` is JSON without health data; `calendar` is an iCalendar text that goes with the mail.
    """
    from accounts.tasks import deliver

    notification = Notification.objects.create(user=user, kind=kind, facts=facts)
    delivery = Delivery.objects.create(
        notification=notification, channel=Channel.EMAIL, calendar=calendar, calendar_method=calendar_method
    )
    send_on_commit(deliver, delivery.pk)
    return notification


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


def email_for(delivery: Delivery) -> EmailMessage:
    """The mail of a delivery. Its Message-ID is the same at every try, so that a second copy can be told as one."""
    notification = delivery.notification
    subject, body = words(notification)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].partition("@")[2]
    mail = EmailMessage(
        subject=subject,
        body=body,
        to=[notification.user.email],
        headers={"Message-ID": f"<{notification.pk}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    if delivery.calendar:
        mail.attach("appointment.ics", delivery.calendar, f"text/calendar; method={delivery.calendar_method}")
    return mail


@transaction.atomic
def deliver(delivery_id: int) -> None:
    """Send one delivery if it is due; on failure it is due again later, and in the end given up.

    Locks the delivery's row and leaves one that another worker holds to that worker. A worker that dies after the
    mail went out and before the commit sends it again: at least once.
    """
    due = Delivery.objects.due().select_for_update(skip_locked=True, of=("self",))
    delivery = due.select_related("notification__user").filter(pk=delivery_id).first()
    if delivery is None:
        return
    delivery.attempts += 1
    about = {"delivery": delivery.pk, "attempts": delivery.attempts}
    delivery.error = try_to_send(partial(email_for, delivery), "delivery_failed", **about)
    if not delivery.error:
        delivery.status, delivery.sent_at = Delivery.Status.SENT, timezone.now()
    elif due_at := next_try(BACKOFF, delivery.attempts):
        delivery.due_at = due_at
    else:
        delivery.status = Delivery.Status.FAILED
    delivery.save(update_fields=["attempts", "status", "due_at", "sent_at", "error"])
