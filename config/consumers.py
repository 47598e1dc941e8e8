"""What the sockets' process itself answers."""

from channels.generic.websocket import AsyncJsonWebsocketConsumer


class LiveConsumer(AsyncJsonWebsocketConsumer):
    """Says that sockets are served, and closes: for health checks and for the demo's start."""

    async def connect(self) -> None:
        await self.accept()
        await self.send_json({"type": "ready"})
        await self.close(code=1000)
