"""Telling the sockets that something is committed. They look at the rows themselves; a message that is lost costs
them a moment, until their next beat or the page's next look."""

import asyncio
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from typing import Any

import structlog
from asgiref.sync import async_to_sync
from channels.layers import get_channel_layer
from django.db import transaction
from redis.exceptions import RedisError

from config.fuse import Fuse

log = structlog.get_logger()

# A layer that does not answer is left alone for a moment, so that pages do not wait for it one after another.
fuse = Fuse(seconds=5)
# A layer that is there and does not answer has no time-out of its own: who listens may wait for hours.
TOLD_WITHIN = 4.0

# In a process of sockets, whose rows are written in threads: the loop that has the connections to the layer.
loop_of_sockets: ContextVar[asyncio.AbstractEventLoop | None] = ContextVar("loop_of_sockets", default=None)
_under_way: set[asyncio.Task[None]] = set()


def announce(groups: Iterable[str], message: dict[str, Any]) -> None:
    """Send the message to the groups once this transaction is committed; ids and codes only."""
    groups = tuple(groups)
    transaction.on_commit(lambda: _send(groups, message))


def _send(groups: tuple[str, ...], message: dict[str, Any]) -> None:
    """From a page or a worker, done when it returns. From a thread of a process of sockets it is left to the loop: a
    thread that waited for a loop that has ended would never end, nor the process with it."""
    if not fuse.holds():
        return
    loop = loop_of_sockets.get()
    if loop is None:
        _tell_now(groups, message)
    elif not loop.is_closed():
        loop.call_soon_threadsafe(_begin, groups, message)


def _tell_now(groups: tuple[str, ...], message: dict[str, Any]) -> None:
    tell = async_to_sync(_tell)
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        tell(groups, message)
    else:
        # A loop has this thread and waits for it: what waits for another loop does so in a thread beside it.
        with ThreadPoolExecutor(1) as beside:
            beside.submit(tell, groups, message).result()


def _begin(groups: tuple[str, ...], message: dict[str, Any]) -> None:
    task = asyncio.ensure_future(_tell(groups, message))
    _under_way.add(task)
    task.add_done_callback(_under_way.discard)


async def _tell(groups: tuple[str, ...], message: dict[str, Any]) -> None:
    layer = get_channel_layer()
    try:
        async with asyncio.timeout(TOLD_WITHIN):
            for group in groups:
                await layer.group_send(group, message)
    except (RedisError, OSError) as error:
        fuse.blow()
        log.warning("sockets_not_told", error=type(error).__name__, pause=fuse.seconds)
    else:
        fuse.mend()
