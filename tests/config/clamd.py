"""A stand-in for ClamAV's daemon that speaks INSTREAM as its manual has it, and knows one signature."""

import socketserver
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

# The harmless file that every scanner takes for a virus.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class Session(socketserver.StreamRequestHandler):
    server: "Daemon"

    def handle(self) -> None:
        command = b""
        while not command.endswith(b"\0"):
            command += self.rfile.read(1)
        if command != b"zINSTREAM\0":
            self.wfile.write(b"UNKNOWN COMMAND\0")
            return
        received = b""
        while length := struct.unpack("!I", self.rfile.read(4))[0]:
            received += self.rfile.read(length)
            if len(received) > self.server.most:
                self.wfile.write(b"INSTREAM size limit exceeded. ERROR\0")
                return
        self.server.received.append(received)
        self.wfile.write(b"stream: Eicar-Test-Signature FOUND\0" if EICAR in received else b"stream: OK\0")


class Daemon(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, most: int) -> None:
        super().__init__(("127.0.0.1", 0), Session)
        self.most = most
        self.received: list[bytes] = []

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.server_address[1]}"


@contextmanager
def clamd(*, most: int = 25 * 1024 * 1024) -> Iterator[Daemon]:
    with Daemon(most) as daemon:
        thread = Thread(target=daemon.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield daemon
        finally:
            daemon.shutdown()
            thread.join()
