"""Deliveries: each is tried until it is taken or given up, on whichever channel; and mails that come back."""

import re
from collections.abc import Callable
from datetime import timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage as ReceivedMail
from typing import Protocol

import structlog
from django.db import transaction
from django.utils import timezone

from accounts.models import Channel, Delivery, User
from accounts.services.mail import email_for
from accounts.services.pushing import push_for
from accounts.services.texting import text_for
from accounts.topics import topic_of, wants
from config.tries import NO_MAILBOX, attempt

log = structlog.get_logger()

# Waits between tries: from half a minute to half a day, some two days in all.
BACKOFF = tuple(timedelta(seconds=seconds) for seconds in (30, 120, 600, 3600, 14400, 43200, 43200, 43200))


class Outgoing(Protocol):
    def send(self) -> object:
        """Hand it over. Raises NeverTaken for what will never be taken, anything else for what may be tried again."""


# What goes out on each channel: something that has a `send`. A further channel is a further line.
CHANNELS: dict[str, Callable[[Delivery], Outgoing]] = {
    Channel.EMAIL: email_for,
    Channel.SMS: text_for,
    Channel.PUSH: push_for,
}


@transaction.atomic
def deliver(delivery_id: int) -> None:
    """Send one delivery if it is due; on failure it is due again later, and in the end, or past its `until`, given up.

    What its reader has switched off since is not sent. Locks the delivery's row and leaves one
    that another worker holds to that worker. A worker that dies after it went out and before the commit sends it again:
    at least once.
    """
    due = Delivery.objects.due().select_for_update(skip_locked=True, of=("self",))
    delivery = due.select_related("notification__user").filter(pk=delivery_id).first()
    if delivery is None:
        return
    if reason := _reason_not_to(delivery):
        delivery.status, delivery.error = Delivery.Status.FAILED, reason
        delivery.save(update_fields=["status", "error"])
        return
    delivery.attempts += 1
    about = {"delivery": delivery.pk, "channel": delivery.channel, "attempts": delivery.attempts}
    tried = attempt(
        lambda: CHANNELS[delivery.channel](delivery).send(),
        "delivery_failed",
        backoff=BACKOFF,
        tries=delivery.attempts,
        **about,
    )
    delivery.error = tried.failure
    if not tried.failure:
        delivery.status, delivery.sent_at = Delivery.Status.SENT, timezone.now()
    elif tried.again_at:
        delivery.due_at = tried.again_at
    else:
        delivery.status = Delivery.Status.FAILED
        if tried.failure == "address_unknown":
            note_no_mailbox(delivery.notification.user)
    delivery.save(update_fields=["attempts", "status", "due_at", "sent_at", "reference", "error"])


def _reason_not_to(delivery: Delivery) -> str:
    notification, channel = delivery.notification, Channel(delivery.channel)
    if delivery.until is not None and delivery.until <= timezone.now():
        return "too_late"
    if not wants(notification.user, topic_of(notification.kind), channel):
        return "not_wanted"
    if channel == Channel.EMAIL and notification.user.mail_returns:
        return "bounced_before"
    return ""


# Mails that come back ----------------------------------------------------------------------------------------------

OWN_ID = re.compile(r"<([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})@")


def note_no_mailbox(user: User) -> None:
    """There is no mailbox at this address: no mail goes to it until its owner has changed or confirmed it."""
    User.objects.filter(pk=user.pk).update(returned_email=user.email)


def confirm_mailbox(user: User) -> None:
    """Its owner says, or has shown, that mails to the address of now arrive."""
    User.objects.filter(pk=user.pk).update(returned_email="")


@transaction.atomic
def note_bounce(raw: bytes) -> bool:
    """Write down that a mail of ours came back for good: the report of a mail server (RFC 3464) as it came.

    The mail is known by its Message-ID, which is in the report's copy of it. Whether there was one to note: what is no
    such report, tells of a delay, or is of no mail of ours changes nothing. Where it says that there is no such
    mailbox, and the mail went to the address of now, none is sent there any more.
    """
    mail = message_from_bytes(raw, policy=policy.default)
    parts = list(mail.walk())
    reports = [_text(part) for part in parts if part.get_content_type() == "message/delivery-status"]
    final = [report for report in reports if _fails_for_good(report)]
    quoted = [_text(part) for part in parts if part.get_content_type() in {"message/rfc822", "text/rfc822-headers"}]
    found = next((key for text in quoted for key in OWN_ID.findall(text)), None)
    if not final or found is None:
        return False
    sent = Delivery.objects.select_for_update(of=("self",)).select_related("notification__user")
    delivery = sent.filter(notification=found, channel=Channel.EMAIL, status=Delivery.Status.SENT).first()
    if delivery is None:
        return False
    delivery.status, delivery.error = Delivery.Status.FAILED, "bounced"
    delivery.save(update_fields=["status", "error"])
    log.warning("mail_bounced", notification=found)
    user = delivery.notification.user
    went_there = any(_is_to(user.email, text) for text in quoted)
    if went_there and any(NO_MAILBOX.search(line) for text in final for line in STATUS.findall(text)):
        note_no_mailbox(user)
    return True


STATUS = re.compile(r"^status:.*$", re.MULTILINE | re.IGNORECASE)


def _fails_for_good(report: str) -> bool:
    text = report.lower()
    return re.search(r"^action:\s*failed\b", text, re.MULTILINE) is not None and "status: 5" in text


def _is_to(address: str, quoted: str) -> bool:
    """Whether the mail that is quoted went to this address: a person may have another one since."""
    return re.search(rf"^to:\s*<?{re.escape(address)}>?\s*$", quoted, re.MULTILINE | re.IGNORECASE) is not None


def _text(part: ReceivedMail) -> str:
    """The part as it came, with what is in it."""
    return part.as_bytes().decode(errors="replace")
