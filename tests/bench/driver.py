"""The client of the HTTP figures: one process, as many kept connections as there are clients, requests made beforehand.

It shares the cores with the server, so it does as little as it can: no HTTP library, a status and a length are all that
it reads of an answer. `Usage` tells what each side took of the processors, which other work on the machine changes less
than it changes the rate.
"""

import re
import selectors
import socket
from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter, process_time

import psutil
from django.db import connection

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding: *chunked", re.IGNORECASE)
PATIENCE = 60


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: str = ""

    def encoded(self) -> bytes:
        headers = dict(self.headers)
        if self.method == "POST":
            headers["Content-Length"] = str(len(self.body.encode()))
        lines = [f"{self.method} {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        return ("\r\n".join(lines) + "\r\n\r\n" + self.body).encode()


@dataclass
class Client:
    """One connection, and what is still to be sent on it."""

    connection: socket.socket
    waiting: list[bytes]
    begun: float = 0.0
    got: bytearray = field(default_factory=bytearray)

    def send(self) -> None:
        self.begun = perf_counter()
        self.connection.sendall(self.waiting.pop())

    def receive(self) -> int | None:
        """The status of the answer, once all of it is here."""
        piece = self.connection.recv(1 << 18)
        if not piece:
            raise ConnectionError("the server hung up")
        self.got += piece
        end = self.got.find(b"\r\n\r\n")
        if end < 0:
            return None
        if length := LENGTH.search(self.got, 0, end):
            is_whole = len(self.got) >= end + 4 + int(length[1])
        elif CHUNKED.search(self.got, 0, end):
            is_whole = self.got.endswith(b"\r\n0\r\n\r\n")
        else:
            raise ConnectionError("an answer without a length")
        if not is_whole:
            return None
        status = int(self.got[9:12])
        self.got.clear()
        return status


def load(address: str, shares: Sequence[Sequence[Request]]) -> tuple[float, list[tuple[int, float]]]:
    """Send each share on a connection of its own, all at once: seconds in all, (status, seconds) of each request."""
    host, _, port = address.rpartition(":")
    answers: list[tuple[int, float]] = []
    with selectors.DefaultSelector() as selector:
        clients = []
        for share in shares:
            wire = socket.create_connection((host, int(port)), timeout=PATIENCE)
            wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client = Client(wire, [request.encoded() for request in reversed(share)])
            clients.append(client)
            selector.register(wire, selectors.EVENT_READ, client)
        begun = perf_counter()
        for client in clients:
            client.send()
        while selector.get_map():
            ready = selector.select(PATIENCE)
            if not ready:
                raise TimeoutError("no answer for a minute")
            for key, _events in ready:
                client = key.data
                status = client.receive()
                if status is None:
                    continue
                answers.append((status, perf_counter() - client.begun))
                if client.waiting:
                    client.send()
                else:
                    selector.unregister(client.connection)
                    client.connection.close()
        seconds = perf_counter() - begun
    return seconds, answers


class Usage:
    """The processor time that a load takes: of the server's processes, the database's, and this one."""

    def __init__(self, server: psutil.Process) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            database = psutil.Process(cursor.fetchone()[0]).parent()
        assert database is not None
        self.roots = {"server": server, "database": database}

    def so_far(self) -> dict[str, float]:
        """Seconds by side. The processes must outlive the load."""
        taken = {}
        for name, root in self.roots.items():
            times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
            taken[name] = sum(each.user + each.system for each in times)
        return taken | {"client": process_time()}

    def since(self, before: dict[str, float]) -> dict[str, float]:
        return {name: now - before[name] for name, now in self.so_far().items()}
