"""What daphne does not do by itself when a socket ends: three close codes, and an end that every socket hears of.

Autobahn's `sendClose` lets an application say 1000 and 3000 to 4999 alone. The codes here are in RFC 6455's registry
and are what clients know: 1012 and 1013 make them come back, each after a moment of its own.
"""

import asyncio

from daphne.server import Server
from daphne.ws_protocol import WebSocketProtocol
from twisted.internet.defer import Deferred

TOO_BIG, RESTART, LATER = 1009, 1012, 1013

# Seconds for all applications together to write down who left.
GRACE = 5.0

_close = WebSocketProtocol.serverClose


def server_close(self: WebSocketProtocol, code: int | None = None) -> None:
    if code in (TOO_BIG, RESTART, LATER):
        self.sendCloseFrame(code=code, isReply=False)
    else:
        _close(self, code)


def kill_all_applications(self: Server) -> Deferred[None]:
    """Before the process ends: take nobody in, tell every socket, and let what it leads to end by itself.

    Daphne's own cancels the applications, waits for the first of them alone and then cuts the connections off. That
    the server restarts is said here before any application is asked for anything: one that waits for a row or for
    Valkey holds up nobody's frame. Then each hears that its socket is gone, as of any other, and writes that down;
    what has not ended within GRACE is cancelled.
    """
    for listener in self.listeners:
        listener.addCallback(lambda port: port.stopListening())
    for protocol in list(self.connections):
        if isinstance(protocol, WebSocketProtocol) and protocol.state == protocol.STATE_OPEN:
            protocol.serverClose(RESTART)
    running = [details.get("application_instance") for details in self.connections.values()]
    return Deferred.fromFuture(asyncio.ensure_future(_all_ended([task for task in running if task is not None])))


async def _all_ended(running: list[asyncio.Task[None]]) -> None:
    if running:
        _ended, late = await asyncio.wait(running, timeout=GRACE)
        for application in late:
            application.cancel()
        if late:
            await asyncio.wait(late, timeout=1)
    # What they wrote leaves when the loop comes round.
    for _ in range(3):
        await asyncio.sleep(0)


def teach_daphne() -> None:
    WebSocketProtocol.serverClose = server_close
    Server.kill_all_applications = kill_all_applications
