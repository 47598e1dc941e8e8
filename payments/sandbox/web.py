"""Just enough HTTP: a request and a response as values, and a threading server that turns sockets into them.

The server can do two things a proper one will not, because a fault asks for it: keep an answer back for a while, and
hang up without one.
"""

import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

LARGEST_BODY = 64 * 1024
FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Request:
    """`path` without the query; of a parameter given twice the last counts. Header names in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").split(";")[0].strip().lower()

    def form(self) -> dict[str, str]:
        """The body's fields. UnicodeDecodeError if it is not UTF-8."""
        return dict(parse_qsl(self.body.decode(), keep_blank_values=True, errors="strict"))


@dataclass(frozen=True)
class Response:
    """`hold`: seconds to keep the answer back; `hang_up`: close the connection in place of answering."""

    body: bytes
    content_type: str
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    hold: float = 0
    hang_up: bool = False


class Server(ThreadingHTTPServer):
    """Answers every request with what `answer` makes of it. OSError if the address cannot be had."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], answer: Callable[[Request], Response]) -> None:
        super().__init__(address, _Handler)
        self.answer = answer
        self.stopping = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "SSLCommerz-Sandbox"
    sys_version = ""
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 60

    def _handle(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", "0"))
        except ValueError:
            length = -1
        if length < 0 or "Transfer-Encoding" in self.headers:
            self.close_connection = True
            self._write(Response(b"A body needs its Content-Length.", "text/plain", 411))
        elif length > LARGEST_BODY:
            self.close_connection = True
            self._write(Response(b"The body is too large.", "text/plain", 413))
        else:
            self._answer(self.rfile.read(length))

    def _answer(self, body: bytes) -> None:
        path, _, query = self.path.partition("?")
        response = self.server.answer(
            Request(
                method=self.command,
                path=path,
                query=dict(parse_qsl(query, keep_blank_values=True)),
                headers={name.lower(): value for name, value in self.headers.items()},
                body=body,
            )
        )
        if response.hold:
            self.server.stopping.wait(response.hold)
        if response.hang_up or self.server.stopping.is_set():
            self.close_connection = True
        else:
            self._write(response)

    # The names that http.server looks for.
    do_GET = do_POST = do_PUT = do_DELETE = _handle  # noqa: N815

    def _write(self, response: Response) -> None:
        self.send_response(response.status)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            self.wfile.write(response.body)
            self.wfile.flush()
        except (BrokenPipeError, ConnectionResetError):
            # The client did not wait: what a timeout is for.
            self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """One line a request, without the query: the gateway's GET requests carry the store's password there."""
        path = getattr(self, "path", "-").partition("?")[0]
        sys.stderr.write(f"sandbox {self.command} {path} {args[1] if len(args) > 1 else '-'}\n")
