"""A line of a person's own to the relay: a UDP proxy that can be made narrow, or cut."""

import heapq
import itertools
import selectors
import socket
import threading
import time
from typing import Self

# What waits longer than this in a narrow line is thrown away, as a router does.
LONGEST_QUEUE = 0.4


class Line:
    """Hands datagrams to the relay and back while the block runs.

    `rate` is bits a second in each direction, None for all there is; `is_cut` lets nothing through. After `move` the
    relay sees the person at another address, as when a phone goes from Wi-Fi to mobile data.
    """

    def __init__(self, relay_port: int) -> None:
        self.relay = ("127.0.0.1", relay_port)
        self.rate: float | None = None
        self.is_cut = False
        self.passed = 0
        self.front = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.front.bind(("127.0.0.1", 0))
        self.port: int = self.front.getsockname()[1]
        self._behind: dict[tuple[str, int], socket.socket] = {}
        self._free_at = {"up": 0.0, "down": 0.0}
        self._due: list[tuple[float, int, socket.socket, bytes, tuple[str, int]]] = []
        self._numbers = itertools.count()
        self._is_over = self._is_moving = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        with selectors.DefaultSelector() as self._ready:
            self._ready.register(self.front, selectors.EVENT_READ)
            while not self._is_over:
                if self._is_moving:
                    self._leave_behind()
                wait = 0.2 if not self._due else max(0.0, min(0.2, self._due[0][0] - time.monotonic()))
                for key, _events in self._ready.select(wait):
                    self._take(key.fileobj, key.data)  # type: ignore[arg-type]
                while self._due and self._due[0][0] <= time.monotonic():
                    _at, _number, out, data, to = heapq.heappop(self._due)
                    if not self.is_cut:
                        self.passed += len(data)
                        out.sendto(data, to)

    def move(self) -> None:
        self._is_moving = True

    def _leave_behind(self) -> None:
        """Also what is on its way: nobody is at the old address any more."""
        for each in self._behind.values():
            self._ready.unregister(each)
            each.close()
        self._behind.clear()
        self._due.clear()
        self._is_moving = False

    def _take(self, found: socket.socket, client: tuple[str, int] | None) -> None:
        data, sender = found.recvfrom(65_535)
        if client is not None:
            self._pass("down", self.front, data, client)
            return
        behind = self._behind.get(sender)
        if behind is None:
            behind = self._behind[sender] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            behind.bind(("127.0.0.1", 0))
            self._ready.register(behind, selectors.EVENT_READ, sender)
        self._pass("up", behind, data, self.relay)

    def _pass(self, way: str, out: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        now = time.monotonic()
        at = now
        if self.rate is not None:
            at = max(now, self._free_at[way]) + 8 * len(data) / self.rate
            if at - now > LONGEST_QUEUE:
                return
            self._free_at[way] = at
        heapq.heappush(self._due, (at, next(self._numbers), out, data, to))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over = True
        self._thread.join()
        for each in (self.front, *self._behind.values()):
            each.close()
