"""The socket of every open page: it tells that there is something new, and what. The rows are the truth.

Whoever connects is told the state of now, and the state again whenever something was told to them: a page that lost its
socket misses nothing by that. A session that is ended has its sockets look again, too, and they close. Nothing that a
client says is listened to. Of one person's pages the newest are heard; the others ask now and then.
"""

from collections import defaultdict
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import structlog
from channels.db import database_sync_to_async
from channels.generic.websocket import AsyncJsonWebsocketConsumer
from django.contrib.sessions.models import Session
from django.db import DatabaseError
from redis.exceptions import RedisError

from accounts.services import news_for, person_group
from accounts.sessions import opens
from accounts.tickets import Gone, Nobody, Ticket, ticket_of

log = structlog.get_logger()

DONE, NOT_HEARD, GONE, CROWDED, LATER = 1000, 4400, 4003, 4008, 1013

# So many sockets of one person a process hears: more pages than anybody looks at, less than does harm.
MOST_OF_ONE = 20

# Of their own: who comes to a visit does not wait behind a thousand pages that connect again after a restart.
THREADS = ThreadPoolExecutor(max_workers=2, thread_name_prefix="news")

# The sockets of each person in this process, oldest first.
_sockets: defaultdict[int, list["LiveConsumer"]] = defaultdict(list)


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """To visitors it says that sockets are served, and closes: for health checks and for the demo's start."""

    ticket: Ticket | None = None

    async def connect(self) -> None:
        await self.accept()
        await self.say("connect", self.listen)

    async def disconnect(self, code: int) -> None:
        self.make_room()
        if self.ticket is not None:
            with suppress(RedisError, OSError):
                await self.channel_layer.group_discard(person_group(self.ticket.user_id), self.channel_name)

    async def receive(self, text_data: str | None = None, bytes_data: bytes | None = None, **kwargs: Any) -> None:
        await self.close(code=NOT_HEARD)

    async def person_told(self, event: dict[str, Any]) -> None:
        await self.say("person_told", self.say_news)

    async def say(self, about: str, ask: Callable[[], Awaitable[None]]) -> None:
        """Ask, and close what can be told nothing: who is gone need not come back, others do, and are told all then."""
        try:
            await ask()
        except Nobody:
            await self.send_json({"type": "ready"})
            await self.close(code=DONE)
        except Gone:
            await self.close(code=GONE)
        except (DatabaseError, RedisError, OSError) as error:
            log.warning("socket_failed", about=about, error=type(error).__name__)
            await self.close(code=LATER)

    async def listen(self) -> None:
        self.ticket = await find_ticket(self.scope)
        own = _sockets[self.ticket.user_id]
        own.append(self)
        if len(own) > MOST_OF_ONE:
            oldest = own[0]
            oldest.make_room()
            await oldest.close(code=CROWDED)
        await self.channel_layer.group_add(person_group(self.ticket.user_id), self.channel_name)
        await self.say_news()

    def make_room(self) -> None:
        """Not counted any more."""
        if self.ticket is None:
            return
        own = _sockets[self.ticket.user_id]
        if self in own:
            own.remove(self)
        if not own:
            del _sockets[self.ticket.user_id]

    async def say_news(self) -> None:
        assert self.ticket is not None
        await self.send_json({"type": "news", **await find_news(self.ticket)})


def news_of(ticket: Ticket) -> dict[str, Any]:
    """Raises Gone also for a session that was unused or open for too long, though its row is there still."""
    user = ticket.user()
    session = Session.objects.filter(pk=ticket.session_key).first()
    if session is None or not opens(session.get_decoded(), user):
        raise Gone
    return news_for(user)


find_ticket = database_sync_to_async(ticket_of, thread_sensitive=False, executor=THREADS)
find_news = database_sync_to_async(news_of, thread_sensitive=False, executor=THREADS)
