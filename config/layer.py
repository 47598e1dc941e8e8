"""The layer between sockets. What is to be said while a host has yet to answer is sent together when it has."""

import asyncio
from typing import Any

from channels_redis.pubsub import RedisPubSubChannelLayer, RedisSingleShardConnection

# A host that takes what it is sent and does not answer; what waits for it is given up.
ANSWERS_WITHIN = 4.0


class Host(RedisSingleShardConnection):
    """channels' own sends one message, waits for the answer, sends the next: on a busy machine, where each answer waits
    for its turn of the processor, a few rooms were enough to fill it with messages that were late."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._waiting: list[tuple[str, bytes, asyncio.Future[None]]] = []
        self._sending: asyncio.Task[None] | None = None

    async def publish(self, channel: str, message: bytes) -> None:
        """Send the message; what one caller sends one after another arrives in that order."""
        sent = asyncio.get_running_loop().create_future()
        self._waiting.append((channel, message, sent))
        if self._sending is None:
            self._sending = asyncio.ensure_future(self._send())
        await sent

    async def _send(self) -> None:
        try:
            while self._waiting:
                together, self._waiting = self._waiting, []
                error = await self._send_together(together)
                for _channel, _message, sent in together:
                    # Whoever waited may have been cancelled.
                    if not sent.done():
                        sent.set_result(None) if error is None else sent.set_exception(error)
        finally:
            self._sending = None

    async def _send_together(self, together: list[tuple[str, bytes, asyncio.Future[None]]]) -> Exception | None:
        try:
            self._ensure_redis()
            async with asyncio.timeout(ANSWERS_WITHIN), self._redis.pipeline(transaction=False) as line:
                for channel, message, _sent in together:
                    line.publish(channel, message)
                await line.execute()
        except Exception as error:
            return error
        return None


class Layer(RedisPubSubChannelLayer):
    def _get_layer(self) -> Any:
        layer = super()._get_layer()
        if not isinstance(layer._shards[0], Host):
            layer._shards = [Host(shard.host, layer) for shard in layer._shards]
        return layer
