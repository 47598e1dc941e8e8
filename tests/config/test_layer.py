import asyncio
import contextlib
from collections.abc import AsyncIterator
from time import monotonic
from urllib.parse import urlsplit

from django.conf import settings

from config.layer import Layer

TAKES = 0.02


@contextlib.asynccontextmanager
async def far_away(address: str) -> AsyncIterator[str]:
    """The address of a line to that Valkey on which everything takes its time."""
    whole = urlsplit(address)

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                await asyncio.sleep(TAKES)
                writer.write(data)
        writer.close()

    async def lay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, back = await asyncio.open_connection(whole.hostname, whole.port)
        await asyncio.gather(carry(reader, back), carry(there, writer))

    async with await asyncio.start_server(lay, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        yield address.replace(f":{whole.port}/", f":{port}/")


def test_what_is_said_at_once_does_not_wait_for_one_answer_after_another() -> None:
    async def say() -> tuple[list[int], float]:
        async with far_away(settings.REDIS_URL) as address:
            layer = Layer(hosts=[{"address": address, "socket_timeout": None}])
            channel = await layer.new_channel()
            await layer.group_add("room", channel)
            begun = monotonic()
            await asyncio.gather(*(layer.group_send("room", {"type": "said", "number": each}) for each in range(200)))
            took = monotonic() - begun
            heard = [(await asyncio.wait_for(layer.receive(channel), 5))["number"] for _ in range(200)]
            await layer.flush()
            return heard, took

    heard, took = asyncio.run(say())
    assert heard == list(range(200))
    # One after another they would take more than eight seconds.
    assert took < 200 * TAKES
