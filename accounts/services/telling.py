"""Telling people things, so that it is certain: the rows are durable with what they tell, the sending follows."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from django.db import transaction

from accounts.models import Channel, Delivery, Kind, Notification, User
from accounts.topics import channels_for
from config.announcing import announce
from config.queue import send_on_commit

# So many deliveries go into one message to a worker, and so many people are told at once that there is something new.
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
    """Tell a person something, once the surrounding transaction is durable: in the inbox, on the person's open pages,
    and on the channels that the person chose.

    `facts` is JSON without health data; `calendar` is an iCalendar text that goes with the mail; what was not sent
    by `until` is not sent.
    """
    from accounts.tasks import deliver, deliver_all

    notification = Notification.objects.create(user=user, kind=kind, facts=facts)
    deliveries = _deliveries(notification, Telling(user, kind, facts, until))
    for delivery in deliveries:
        if delivery.channel == Channel.EMAIL:
            delivery.calendar, delivery.calendar_method = calendar, calendar_method
    Delivery.objects.bulk_create(deliveries)
    tell_pages([user.pk])
    if len(deliveries) == 1:
        send_on_commit(deliver, deliveries[0].pk)
    elif deliveries:
        send_on_commit(deliver_all, [delivery.pk for delivery in deliveries])
    return notification


@transaction.atomic
def notify_all(tellings: Iterable[Telling]) -> list[Notification]:
    """Tell many people at once, each as `notify` does: two statements, and a message to a worker for each handful."""
    from accounts.tasks import deliver_all

    told = list(tellings)
    notifications = Notification.objects.bulk_create(
        [Notification(user=each.user, kind=each.kind, facts=each.facts) for each in told]
    )
    pairs = zip(notifications, told, strict=True)
    deliveries = Delivery.objects.bulk_create(
        [delivery for notification, each in pairs for delivery in _deliveries(notification, each)]
    )
    for people in batched((each.user.pk for each in told), HANDFUL):
        tell_pages(people)
    for handful in batched(deliveries, HANDFUL):
        send_on_commit(deliver_all, [delivery.pk for delivery in handful])
    return notifications


def _deliveries(notification: Notification, told: Telling) -> list[Delivery]:
    channels = channels_for(told.user, told.kind)
    return [Delivery(notification=notification, channel=channel, until=told.until) for channel in channels]


def person_group(user_id: int) -> str:
    """Where the sockets of a person's open pages listen."""
    return f"person.{user_id}"


def tell_pages(user_ids: Iterable[int]) -> None:
    """Have the open pages of these people look at their news, once this transaction is committed."""
    announce([person_group(user_id) for user_id in dict.fromkeys(user_ids)], {"type": "person.told"})
