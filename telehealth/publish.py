"""Telling the sockets that something is committed. They look at the rows themselves; a message that is lost costs
them a moment, until their next beat."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from config.fuse import Fuse

log = structlog.get_logger()

# A layer that does not answer is left alone for a moment, so that pages do not wait for it one after another.
fuse = Fuse(seconds=5)


def room_group(consultation_id: UUID) -> str:
    return f"consultation.{consultation_id.hex}"


def practice_group(doctor_id: int) -> str:
    return f"practice.{doctor_id}"


def announce(groups: Iterable[str], message: dict[str, Any]) -> None:
    """Send the message to the groups once this transaction is committed; ids and codes only."""
    groups = tuple(groups)
    transaction.on_commit(lambda: _send(groups, message))


def _send(groups: tuple[str, ...], message: dict[str, Any]) -> None:
    if not fuse.holds():
        return
    layer = get_channel_layer()
    try:
        for group in groups:
            async_to_sync(layer.group_send)(group, message)
    except (RedisError, OSError) as error:
        fuse.blow()
        log.warning("sockets_not_told", error=type(error).__name__, pause=fuse.seconds)
    else:
        fuse.mend()
