"""What daphne does not do by itself when a socket ends: two close codes, and time for every socket to hear one.

Autobahn's `sendClose` lets an application say 1000 and 3000 to 4999 alone. Both codes here are in RFC 6455's registry
and are what clients know: 1012 makes them come back, each after a moment of its own.
"""

import asyncio

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.defer import Deferred

TOO_BIG, RESTART = 1009, 1012

# Seconds for all sockets together to write down who left, and to say that the server restarts.
GRACE = 5.0

_close = WebSocketProtocol.serverClose


def server_close(self: WebSocketProtocol, code: int | None = None) -> None:
    if code in (TOO_BIG, RESTART):
        self.sendCloseFrame(code=code, isReply=False)
    else:
        _close(self, code)


def kill_all_applications(self: Server) -> Deferred[None]:
    """As daphne's, which waits for the first of them alone and then cuts the others' connections off."""
    running = [details["application_instance"] for details in self.connections.values()]
    running = [application for application in running if not application.done()]
    for application in running:
        application.cancel()
    return Deferred.fromFuture(asyncio.ensure_future(_all_ended(running)))


async def _all_ended(running: list[asyncio.Task[None]]) -> None:
    if running:
        await asyncio.wait(running, timeout=GRACE)
    # What they wrote leaves when the loop comes round.
    for _ in range(3):
        await asyncio.sleep(0)


def teach_daphne() -> None:
    WebSocketProtocol.serverClose = server_close
    Server.kill_all_applications = kill_all_applications
