"""Starts the one PostgreSQL and the one Valkey that a test run uses, before Django's settings are read.

Loaded with `-p` (pyproject.toml). The first process starts the services and exports where they are; the workers of
pytest-xdist inherit that. Each worker has a PostgreSQL database (pytest-django names it after the worker), a Valkey
database and a data folder to itself.
"""

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from config.embedded import services
from config.embedded.postgres import OWNER_ROLE
from config.environment import VARIABLES
from config.processes import STOP_SIGNALS, CannotRun, Roster, claim
from tests.processes import end_remembered
from tests.template import make_template

pytest_plugins = ["tests.stack", "tests.servers", "tests.coturn"]

PREFIX = f"portal-tests-{os.getuid()}-"
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")


def start_services() -> None:
    """Start both for this test run, whose folder goes away with it, and remove the folders of runs that were killed."""
    remove_dead_runs()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))
    running = contextlib.ExitStack()
    lock = claim(folder / "lock")
    assert lock is not None

    def end() -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        # Workers that are broken off leave theirs behind.
        end_remembered(folder)
        running.close()
        # Before the lock is let go of, or a run that starts now clears the folder away under our hands.
        shutil.rmtree(folder)
        lock.close()

    def leave(number: int, frame: FrameType | None) -> None:
        sys.exit(128 + number)

    atexit.register(end)
    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGHUP, leave)
    try:
        found = running.enter_context(services(folder, roster=Roster(folder / "services.json"), durable=False))
        make_template(found)
    except CannotRun as error:
        sys.exit(str(error))
    os.environ["PORTAL_TEST_FOLDER"] = str(folder)
    os.environ["PORTAL_TEST_VALKEY"] = found.valkey
    os.environ["DATABASE_URL"] = found.database_url(OWNER_ROLE)


def remove_dead_runs() -> None:
    """What a `kill -9` of an earlier run left: its services and its folder. A run that lives holds its lock."""
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        if folder.stat().st_uid != os.getuid():
            continue
        with contextlib.suppress(FileNotFoundError):
            lock = claim(folder / "lock")
            if lock is None:
                continue
            with lock:
                Roster(folder / "services.json").end()
                end_remembered(folder)
                shutil.rmtree(folder)


def set_environment() -> None:
    """The settings of this process: nothing of the developer's own, its own Valkey database and data folder."""
    for name in VARIABLES:
        if name != "DATABASE_URL":
            os.environ.pop(name, None)
    number = int(WORKER.removeprefix("gw")) + 1 if WORKER else 0
    data_dir = Path(os.environ["PORTAL_TEST_FOLDER"]) / "data" / (WORKER or "main")
    (data_dir / "run").mkdir(parents=True)
    os.environ |= {
        "PORTAL_ENV": "test",
        "REDIS_URL": f"{os.environ['PORTAL_TEST_VALKEY']}/{number}",
        "DATA_DIR": str(data_dir),
        # Playwright's synchronous API keeps an event loop in the thread that also uses the ORM.
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
    }


if not WORKER:
    start_services()
set_environment()
