"""Close codes that daphne's WebSocket library keeps to itself: a frame too big, and a server that restarts.

Autobahn's `sendClose` lets an application say 1000 and 3000 to 4999 alone. Both codes here are in RFC 6455's registry
and are what clients know: 1012 makes them come back, each after a moment of its own.
"""

from daphne.ws_protocol import WebSocketProtocol

TOO_BIG, RESTART = 1009, 1012

_close = WebSocketProtocol.serverClose


def server_close(self: WebSocketProtocol, code: int | None = None) -> None:
    if code in (TOO_BIG, RESTART):
        self.sendCloseFrame(code=code, isReply=False)
    else:
        _close(self, code)


def teach_daphne() -> None:
    WebSocketProtocol.serverClose = server_close
