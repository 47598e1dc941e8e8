"""Ten thousand messages by one worker to nowhere, and two thousand open pages on one process of sockets."""

import asyncio
import json
import os
import random
from time import perf_counter

from django.core.mail import EmailMessage
from django.utils import timezone
from websockets.asyncio.client import ClientConnection, connect

from accounts import services as accounts
from accounts.models import Channel, Delivery, Kind, Notification, User
from accounts.samples import FACTS
from accounts.tasks import deliver_all
from tests.bench.booking import clean, signed_in
from tests.bench.figures import milliseconds, report
from tests.bench.rooms import daphnes

MESSAGES = int(os.environ.get("MESSAGES", "10000"))
PAGES = int(os.environ.get("PAGES", "2000"))
TOLD, AT_ONCE = 200, 50


class Nowhere(EmailMessage):
    """A mail that is written as it would be, and goes nowhere."""

    def send(self, *args: object, **kwargs: object) -> int:
        self.message()
        return 1


def nowhere(delivery: Delivery) -> EmailMessage:
    accounts.email_for(delivery).message()
    return Nowhere()


def notices() -> None:
    """Told in handfuls as a sweep tells them; sent by the task that a worker runs. All but the mail server."""
    accounts.CHANNELS[Channel.EMAIL] = nowhere
    people = list(User.objects.order_by("pk")[:MESSAGES])
    begun = perf_counter()
    for first in range(0, len(people), 200):
        told = [accounts.Telling(user, Kind.VISIT_REMINDER, FACTS) for user in people[first : first + 200]]
        accounts.notify_all(told)
    telling = perf_counter() - begun
    keys = list(Delivery.objects.due().values_list("pk", flat=True))
    begun = perf_counter()
    for first in range(0, len(keys), 50):
        deliver_all(keys[first : first + 50])
    took = perf_counter() - begun
    report(
        "messages to a null channel, one worker",
        messages=len(keys),
        sent=Delivery.objects.filter(status=Delivery.Status.SENT).count(),
        told_per_second=round(len(people) / telling),
        sent_per_second=round(len(keys) / took),
        seconds=round(took, 1),
    )
    Notification.objects.all().delete()


def inboxes() -> None:
    """What an open page costs the process of sockets, and how long from the commit until its page has the news."""
    people = list(User.objects.order_by("pk")[:PAGES])
    headers = [signed_in(user) for user in people]
    with daphnes(1) as ((port, process),):
        before = process.memory_info().rss
        asyncio.run(watch(people, headers, port, process, before))
    Notification.objects.all().delete()
    clean()


async def watch(people: list[User], headers: list[dict[str, str]], port: int, process, before: int) -> None:
    origin = os.environ.get("SITE_ORIGIN", "http://localhost:8000")
    gate = asyncio.Semaphore(AT_ONCE)

    async def come(cookies: dict[str, str]) -> ClientConnection:
        async with gate:
            page = await connect(
                f"ws://127.0.0.1:{port}/ws/live",
                origin=origin,
                additional_headers={"Cookie": cookies["Cookie"]},
                compression=None,
                open_timeout=60,
                ping_interval=None,
            )
            json.loads(await asyncio.wait_for(page.recv(), 60))
            return page

    begun = perf_counter()
    pages = await asyncio.gather(*map(come, headers))
    opened = perf_counter() - begun
    memory = process.memory_info().rss
    waits = []
    for number in random.sample(range(len(people)), min(TOLD, len(people))):
        heard = asyncio.create_task(pages[number].recv())
        # In a thread of its own, as in a server of pages: from before the commit to the frame.
        durable = await asyncio.to_thread(tell, people[number])
        await asyncio.wait_for(heard, 30)
        waits.append(perf_counter() - durable)
    at_once = await told_at_once(people, pages)
    report(
        "inboxes that are open",
        pages=len(pages),
        megabytes=round(memory / 2**20),
        kilobytes_a_page=round((memory - before) / len(pages) / 1024),
        opened_in_seconds=round(opened, 1),
        commit_to_page=milliseconds(waits),
        a_hundred_at_once_ms=round(at_once * 1000),
    )
    await asyncio.gather(*(page.close() for page in pages))


def tell(user: User) -> float:
    """When the transaction had begun to commit; the page is told within it."""
    begun = perf_counter()
    accounts.notify(user, Kind.APPOINTMENT_CONFIRMED, facts=FACTS | {"start": timezone.now().isoformat()})
    return begun


async def told_at_once(people: list[User], pages: list[ClientConnection]) -> float:
    """A hundred people told in one transaction, until the last of their pages has it."""
    chosen = range(min(100, len(people)))
    heard = [asyncio.create_task(pages[number].recv()) for number in chosen]
    begun = perf_counter()
    told = [accounts.Telling(people[number], Kind.VISIT_REMINDER, FACTS) for number in chosen]
    await asyncio.to_thread(accounts.notify_all, told)
    await asyncio.wait_for(asyncio.gather(*heard), 60)
    return perf_counter() - begun
