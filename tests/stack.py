"""The whole portal as `make demo` starts it, for tests in a browser: one for the run, whichever worker asks first."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from config.environment import VARIABLES
from config.processes import claim, end_families, last_lines, undisturbed, wait_until
from tests.processes import remember

BASE_DIR = Path(__file__).resolve().parent.parent
# A minute and a half by itself; beside a test run that keeps every core busy it was seen to take four.
START_TIMEOUT = 600.0
# A Popen that is let go of while its process runs warns.
outliving: list[psutil.Process] = []


@dataclass(frozen=True)
class Stack:
    """A running demo: its port (the payment sandbox has the next), its data folder, where mails lie in `mail` as files,
    and its process."""

    port: int
    data_dir: Path
    process: psutil.Process

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def sandbox_url(self) -> str:
        return f"http://127.0.0.1:{self.port + 1}"

    @property
    def log(self) -> Path:
        return log_of(self.data_dir)

    def shell(self, command: str) -> str:
        """What the command prints in a process of the portal's own, on this demo. It must end well."""
        done = subprocess.run(
            [sys.executable, "-m", "config.runner", "manage", "shell", "--command", command],
            cwd=BASE_DIR,
            env=environment(self.data_dir, self.port),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The demo, running, with its demo data. Tests of all workers share it: make a visitor of your own.

    The first who asks starts it, for all. It ends with the test run, as every process that is remembered.
    """
    folder = Path(os.environ["PORTAL_TEST_FOLDER"])
    shared = folder / "stack.json"
    with contextlib.ExitStack() as held:

        def held_by_us() -> bool:
            lock = claim(folder / "stack.lock")
            if lock:
                held.enter_context(lock)
            return lock is not None

        assert wait_until(held_by_us, timeout=START_TIMEOUT, pause=0.2)
        if shared.exists():
            port, data_dir, pid = json.loads(shared.read_text())
            return Stack(port, Path(data_dir), psutil.Process(pid))
        started = launch(new_folder() / "data")
        outliving.append(started.process)
        shared.write_text(json.dumps([started.port, str(started.data_dir), started.process.pid]))
        return started


@pytest.fixture
def demo_folder() -> Path:
    """An empty folder for a demo of a test's own. (As root pytest's own folders are closed to PostgreSQL's user.)"""
    return new_folder()


def new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="demo-", dir=os.environ["PORTAL_TEST_FOLDER"]))


def log_of(data_dir: Path) -> Path:
    return data_dir.with_name(f"{data_dir.name}.log")


@contextlib.contextmanager
def demo(data_dir: Path) -> Iterator[Stack]:
    """A demo of a test's own, on the data folder, until the block ends."""
    started = launch(data_dir)
    try:
        yield started
    finally:
        end_families([(started.process, signal.SIGINT)], grace=30)


def launch(data_dir: Path) -> Stack:
    """`python -m config.runner demo` on the data folder; pages answer when this returns."""
    port, log = free_port_pair(), log_of(data_dir)
    with log.open("wb") as output, undisturbed():
        process = start(data_dir, port, output=output.fileno())
        remember(process.pid)
    if not wait_until(lambda: b"Portal ready:" in log.read_bytes(), timeout=START_TIMEOUT, watched=[process]):
        pytest.fail("The demo does not start; it says:\n" + "\n".join(last_lines(log, 60)), pytrace=False)
    return Stack(port, data_dir, process)


def start(data_dir: Path, port: int, *, output: int, command: str = "demo") -> psutil.Popen:
    """The runner as a person's shell starts it."""
    return psutil.Popen(
        [sys.executable, "-m", "config.runner", command],
        cwd=BASE_DIR,
        env=environment(data_dir, port),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def environment(data_dir: Path, port: int) -> dict[str, str]:
    """A person's shell: none of the test run's own settings reach the demo."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return kept | {"PORT": str(port), "DATA_DIR": str(data_dir)}


def free_port_pair() -> int:
    """A port that is free together with the next one: the portal's and the sandbox's."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first, contextlib.suppress(OSError, OverflowError):
            port: int = first.getsockname()[1]
            socket.create_server(("127.0.0.1", port + 1)).close()
            return port
