"""The servers as production runs them: slow clients, draining, sockets, queues."""

import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from django.conf import settings
from honcho.environ import parse_procfile
from websockets.sync.client import connect

from config import runner
from config.embedded import Services
from config.processes import wait_until
from tests.servers import BASE_DIR, Server, listening, python, running
from tests.stack import Stack, free_port_pair


def begin_upload(url: str, path: str, *, length: int) -> socket.socket:
    """A POST whose body has begun and has not ended."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    client = socket.create_connection((address.hostname, address.port), timeout=30)
    head = f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Length: {length}\r\nConnection: close\r\n"
    client.sendall(head.encode() + b"Content-Type: application/x-www-form-urlencoded\r\n\r\nemail=")
    return client


def test_pages_answer_during_twenty_slow_uploads(stack: Stack) -> None:
    with ExitStack() as uploads:
        clients = [uploads.enter_context(begin_upload(stack.url, "/accounts/login/", length=60_000)) for _ in range(20)]
        for round_ in range(5):
            for client in clients:
                client.sendall(b"x" * 100)
            begun = time.monotonic()
            assert requests.get(stack.url, timeout=10).status_code == 200, round_
            assert time.monotonic() - begun < 5


def begin_document(url: str, head: str) -> socket.socket:
    """A document on its way to the records; `head` says how long it is."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    client = socket.create_connection((address.hostname, address.port), timeout=30)
    # Without the cookie of a form the portal would not read on.
    lines = ["POST /records/add/ HTTP/1.1", f"Host: {address.netloc}", f"Cookie: csrf={'x' * 32}", head]
    client.sendall("\r\n".join([*lines, "Content-Type: multipart/form-data; boundary=line", "", ""]).encode())
    return client


def test_pages_answer_during_twenty_slow_documents(stack: Stack) -> None:
    """More of each than the proxy keeps for itself has come, so each holds a thread of the server that takes it."""
    with ExitStack() as uploads:
        clients = [uploads.enter_context(begin_document(stack.url, "Content-Length: 20000000")) for _ in range(20)]
        for client in clients:
            client.sendall(
                b'--line\r\nContent-Disposition: form-data; name="files"; filename="a.pdf"\r\n\r\n%PDF-1.7\n'
            )
            client.sendall(b"x" * 6_000_000)
        for round_ in range(5):
            for client in clients:
                client.sendall(b"x" * 1000)
            begun = time.monotonic()
            assert requests.get(stack.url, timeout=10).status_code == 200, round_
            assert time.monotonic() - begun < 5


def test_pages_answer_during_twenty_slow_bodies_of_unknown_length(stack: Stack) -> None:
    with ExitStack() as uploads:
        clients = [uploads.enter_context(begin_document(stack.url, "Transfer-Encoding: chunked")) for _ in range(20)]
        for round_ in range(3):
            for client in clients:
                client.sendall(b"64000\r\n%s\r\n" % (b"x" * 0x64000))
            begun = time.monotonic()
            assert requests.get(stack.url, timeout=10).status_code == 200, round_
            assert time.monotonic() - begun < 5


def test_proxy_says_what_is_too_large_before_it_has_come(stack: Stack) -> None:
    with begin_document(stack.url, "Content-Length: 105000000\r\nConnection: close") as client:
        said = client.makefile("rb").read().decode()
    assert said.startswith("HTTP/1.1 413")
    assert "A file may have 20 MB" in said


@pytest.fixture
def draining_web(transactional_db: None) -> Iterator[Server]:
    command = python("gunicorn", "--config", "config/gunicorn.py", "--bind", "fd://{fd}", "--workers", "1")
    with listening("web", command, DRAIN_SECONDS="3") as server:
        yield server


def test_web_says_unready_serves_on_and_finishes_what_it_began(draining_web: Server) -> None:
    assert requests.get(f"{draining_web.url}/ready").json()["ready"] is True
    with begin_upload(draining_web.url, "/accounts/login/", length=10) as client:
        draining_web.process.send_signal(signal.SIGTERM)

        def unready() -> bool:
            return requests.get(f"{draining_web.url}/ready", timeout=5).status_code == 503

        assert wait_until(unready, timeout=2.5, watched=[draining_web.process])
        assert requests.get(f"{draining_web.url}/live").status_code == 200
        assert wait_until(lambda: "Worker exiting" in draining_web.log.read_text(), timeout=20)
        client.sendall(b"a@b.")
        # The form has no token: an answer of the portal itself.
        assert client.recv(12) == b"HTTP/1.1 403"
    assert draining_web.process.wait(20) == 0
    assert not settings.DRAIN_FILE.exists()


@pytest.mark.django_db(transaction=True)
def test_proxy_waits_out_a_restart_of_the_pages(demo_folder: Path) -> None:
    port = free_port_pair()
    environment = runner.child_environment(
        runner.Place(port, demo_folder), Services(demo_folder, "redis://127.0.0.1:9", {})
    )
    proxy = parse_procfile((BASE_DIR / "Procfile").read_text()).processes["proxy"]
    with running(["sh", "-c", proxy], name="proxy", **environment) as server, ThreadPoolExecutor() as browser:
        assert wait_until(lambda: "serving initial configuration" in server.log.read_text(), timeout=30)
        page = browser.submit(requests.get, f"{server.url}/live", timeout=60)
        pages = python("gunicorn", "--config", "config/gunicorn.py")
        with running(pages, name="web", WEB_BIND=environment["WEB_BIND"]):
            assert page.result().json() == {"live": True}


@pytest.mark.django_db(transaction=True)
def test_sockets_are_refused_to_other_origins(daphne_process: Server) -> None:
    address = daphne_process.url.replace("http", "ws") + "/ws/live"
    with connect(address, origin=daphne_process.url) as websocket:  # type: ignore[arg-type]
        assert websocket.recv() == '{"type": "ready"}'
    with pytest.raises(Exception, match="403"), connect(address, origin="https://elsewhere.example"):  # type: ignore[arg-type]
        pass


def test_worker_consumes_every_queue(celery_worker_process: Server) -> None:
    from config.celery import app

    (node,) = app.control.inspect(timeout=5).active_queues().values()
    assert {queue["name"] for queue in node} == set(settings.QUEUES)
