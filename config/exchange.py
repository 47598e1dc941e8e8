"""One bounded HTTP exchange: no redirect is followed, no answer is larger or later than the caller says."""

import contextlib
import socket
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

CONNECT_TIMEOUT = 5.0
MOST_BYTES = 512 * 1024


class NoAnswer(Exception):
    """There was no complete answer; the text and what it comes from hold nothing of the address."""


@dataclass(frozen=True, slots=True)
class Reply:
    status: int
    body: bytes


class Watchdog(HTTPAdapter):
    """Cuts the exchange's connections when the time is up. Timeouts alone bound each silence, not the sum of them: a
    server that sends a byte now and then would hold us for as long as it likes."""

    def __init__(self) -> None:
        super().__init__(max_retries=0)
        self.sockets: list[socket.socket] = []
        self.time_is_up = False

    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **kwargs)
        sockets = self.sockets

        class Watched(pool.ConnectionCls):
            def connect(self) -> None:
                super().connect()
                sockets.append(self.sock)

        pool.ConnectionCls = Watched
        return pool

    @contextlib.contextmanager
    def on_guard(self, seconds: float) -> Iterator[None]:
        timer = threading.Timer(seconds, self.bite)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def bite(self) -> None:
        self.time_is_up = True
        for connection in self.sockets:
            # Of the plain class: a TLS socket's own shutdown is not for other threads.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(connection, socket.SHUT_RDWR)


def exchange(
    method: str,
    url: str,
    *,
    timeout: float,
    fields: Mapping[str, str] | None = None,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
) -> Reply:
    """Send the fields (in the query for GET, else as a form) or the body, and read the answer, all within `timeout`
    seconds.

    Raises NoAnswer without a complete answer; addresses, which carry credentials, are in none of what it says.
    """
    watchdog = Watchdog()
    request: dict[str, Any] = {
        "timeout": Timeout(total=timeout, connect=min(CONNECT_TIMEOUT, timeout)),
        "headers": {"Accept": "application/json", "Accept-Encoding": "identity", **(headers or {})},
        "allow_redirects": False,
        "stream": True,
    }
    if body is not None:
        request["data"] = body
    elif fields is not None:
        request["params" if method == "GET" else "data"] = fields
    failure = ""
    # A connection of its own for each exchange: one kept from before may be dead, and a form must not be sent twice.
    with requests.Session() as session, watchdog.on_guard(timeout):
        session.mount("https://", watchdog)
        session.mount("http://", watchdog)
        try:
            response = session.request(method, url, **request)
            with response:
                reply = Reply(response.status_code, response.raw.read(MOST_BYTES + 1))
        except (requests.RequestException, HTTPError, OSError) as error:
            failure = type(error).__name__
    if watchdog.time_is_up:
        raise NoAnswer("no answer in time")
    if failure:
        raise NoAnswer(f"no answer: {failure}")
    if len(reply.body) > MOST_BYTES:
        raise NoAnswer("the answer is too large")
    return reply
