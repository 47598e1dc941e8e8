"""A mail server of a test's own, that speaks SMTP, keeps what it takes, and can be told to refuse or to wait."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any


class PostOffice(socketserver.ThreadingTCPServer):
    """Listens on a free port of this machine. `letters` are those it took."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Clerk)
        self.letters: list[EmailMessage] = []
        self.seen: list[EmailMessage] = []
        # What it says once it has read a letter.
        self.answer = "250 taken"
        # And at a recipient's name.
        self.knows = "250 well"
        self.arrived = threading.Event()
        # A letter is answered only when this is set.
        self.open = threading.Event()
        self.open.set()

    @property
    def port(self) -> int:
        return self.server_address[1]


class Clerk(socketserver.StreamRequestHandler):
    server: PostOffice

    def say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())

    def handle(self) -> None:
        self.say("220 post office")
        while line := self.rfile.readline():
            match line.split()[0].upper():
                case b"DATA":
                    self.say("354 go on")
                    self.take()
                case b"RCPT":
                    self.say(self.server.knows)
                case b"QUIT":
                    self.say("221 bye")
                    return
                case _:
                    self.say("250 well")

    def take(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        letter = message_from_bytes(b"".join(lines), _class=EmailMessage, policy=policy.default)
        self.server.seen.append(letter)
        self.server.arrived.set()
        self.server.open.wait(timeout=30)
        if self.server.answer.startswith("250"):
            self.server.letters.append(letter)
        self.say(self.server.answer)


@contextmanager
def post_office() -> Iterator[PostOffice]:
    with PostOffice() as office:
        thread = threading.Thread(target=office.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield office
        finally:
            office.open.set()
            office.shutdown()
            thread.join()


def smtp(port: int) -> dict[str, Any]:
    """For MAILERS: the mail server there."""
    backend = "django.core.mail.backends.smtp.EmailBackend"
    return {"default": {"BACKEND": backend, "OPTIONS": {"host": "127.0.0.1", "port": port, "timeout": 10}}}
