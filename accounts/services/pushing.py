"""Push messages: on which devices, what they say, and devices that are gone."""

import json
from dataclasses import dataclass
from functools import partial

import requests
import structlog
from django.conf import settings
from django.db import transaction
from django.utils import timezone, translation

from accounts import push
from accounts.errors import NotAPushService, TooManyDevices
from accounts.models import Delivery, PushDevice, User
from accounts.services.words import brief, link_to
from accounts.topics import Topic, topic_of
from config.db import lock
from config.tries import NeverTaken

log = structlog.get_logger()

MOST_DEVICES = 10


@transaction.atomic
def add_device(user: User, *, endpoint: str, p256dh: str, auth: str, name: str, session_key: str) -> PushDevice:
    """Show the person's messages in this browser too; said again, it is the same device.

    A browser in which somebody else let messages be shown is that person's no longer. Locks both accounts. Raises
    NotAPushService, TooManyDevices.
    """
    if not push.is_push_service(endpoint) or not push.is_key(p256dh, auth):
        raise NotAPushService
    before = PushDevice.objects.filter(endpoint=endpoint).exclude(user=user)
    lock(User.objects.only("pk"), {user.pk, *before.values_list("user_id", flat=True)})
    for device in before.all():
        remove_device(device)
    if user.push_devices.exclude(endpoint=endpoint).count() >= MOST_DEVICES:
        raise TooManyDevices
    facts = {"p256dh": p256dh, "auth": auth, "name": name, "session_key": session_key}
    device, _is_new = PushDevice.objects.update_or_create(user=user, endpoint=endpoint, defaults=facts)
    _note_devices(user.pk)
    return device


@transaction.atomic
def find_again(user: User, *, endpoint: str, session_key: str) -> bool:
    """A browser says that it still shows messages: whether this person's. If somebody else's, it is no longer."""
    if PushDevice.objects.filter(user=user, endpoint=endpoint).update(session_key=session_key):
        return True
    for device in PushDevice.objects.filter(endpoint=endpoint):
        remove_device(device)
    return False


@transaction.atomic
def remove_device(device: PushDevice) -> None:
    """Locks the account before the device, as `add_device` does."""
    lock(User.objects.only("pk"), [device.user_id])
    PushDevice.objects.filter(pk=device.pk).delete()
    _note_devices(device.user_id)


@transaction.atomic
def remove_devices_of(session_keys: list[str]) -> None:
    """Nothing is shown any more where somebody signed out. Locks the accounts before the devices."""
    rows = PushDevice.objects.filter(session_key__in=session_keys)
    users = sorted(set(rows.values_list("user_id", flat=True)))
    if not users:
        return
    lock(User.objects.only("pk"), users)
    rows.delete()
    for user_id in users:
        _note_devices(user_id)


def _note_devices(user_id: int) -> None:
    has = PushDevice.objects.filter(user_id=user_id).exists()
    User.objects.filter(pk=user_id).exclude(has_push=has).update(has_push=has)


@dataclass(slots=True)
class PushMessage:
    """The push message of a delivery, for all of the person's devices."""

    delivery: Delivery

    def send(self) -> None:
        """To each device; it is sent if one took it. Devices that are gone are removed, once it is written down: their
        accounts are locked for that, and whoever locks an account may be waiting for this delivery.

        Tried again, a device that has it already shows it no second time: it knows it by its tag.
        """
        notification = self.delivery.notification
        devices = list(notification.user.push_devices.all())
        topic = notification.pk.hex
        payload = payload_of(self.delivery)
        urgent = topic_of(notification.kind) == Topic.REMINDERS
        taken: list[int] = []
        trouble: Exception | None = None
        for device in devices:
            keys = {"p256dh": device.p256dh, "auth": device.auth}
            try:
                push.send(device.endpoint, **keys, payload=payload, topic=topic, urgent=urgent)
            except push.DeviceGone:
                log.info("push_device_gone", device=device.pk)
                transaction.on_commit(partial(remove_device, device))
            except (push.PushServiceBusy, push.PushRefused, requests.RequestException) as error:
                log.warning("push_not_taken", device=device.pk, error=type(error).__name__)
                trouble = error
            else:
                taken.append(device.pk)
        PushDevice.objects.filter(pk__in=taken).update(taken_at=timezone.now())
        if taken:
            return
        if trouble is None:
            raise NeverTaken("no_device")
        if isinstance(trouble, push.PushRefused):
            raise NeverTaken("push_refused")
        raise trouble


def push_for(delivery: Delivery) -> PushMessage:
    return PushMessage(delivery)


def payload_of(delivery: Delivery) -> bytes:
    """What the service worker shows: a sentence that names nobody, and where the message stands."""
    notification = delivery.notification
    with translation.override(notification.user.language):
        shown = {
            "title": settings.SITE_NAME,
            "body": brief(notification),
            "tag": notification.pk.hex,
            "url": link_to(notification),
            "lang": notification.user.language,
        }
    return json.dumps(shown, ensure_ascii=False).encode()
