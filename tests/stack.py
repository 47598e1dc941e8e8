"""The whole portal as `make demo` starts it, for tests in a browser: one for the run, on one xdist worker."""

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from config.environment import VARIABLES
from config.processes import last_lines, stop, undisturbed, wait_until
from tests.processes import remember

BASE_DIR = Path(__file__).resolve().parent.parent
START_TIMEOUT = 240.0


@dataclass(frozen=True)
class Stack:
    """Where the portal and the payment sandbox answer, and the demo's data folder (mails lie in `mail` as files)."""

    url: str
    sandbox_url: str
    data_dir: Path
    process: subprocess.Popen[bytes]
    log: Path


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """The demo, running, with its demo data. Tests share it: make a visitor of your own."""
    with demo(new_folder() / "data") as running:
        yield running


@pytest.fixture
def demo_folder() -> Path:
    """An empty folder for a demo of a test's own. (As root pytest's own folders are closed to PostgreSQL's user.)"""
    return new_folder()


def new_folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="demo-", dir=os.environ["PORTAL_TEST_FOLDER"]))


@contextlib.contextmanager
def demo(data_dir: Path, *, port: int | None = None) -> Iterator[Stack]:
    """`python -m config.runner demo` on the data folder until the block ends; pages answer when it begins."""
    port = port or free_port_pair()
    log = data_dir.with_name(f"{data_dir.name}.log")
    with contextlib.ExitStack() as running:
        output = running.enter_context(log.open("wb"))
        with undisturbed():
            process = start(data_dir, port, output=output.fileno())
            running.callback(stop, process, grace=30)
            remember(process.pid)
        ready = wait_until(lambda: b"Portal ready:" in log.read_bytes(), timeout=START_TIMEOUT, watched=[process])
        if not ready:
            pytest.fail("The demo does not start; it says:\n" + "\n".join(last_lines(log, 60)), pytrace=False)
        yield Stack(f"http://localhost:{port}", f"http://127.0.0.1:{port + 1}", data_dir, process, log)


def start(data_dir: Path, port: int, *, output: int, command: str = "demo") -> subprocess.Popen[bytes]:
    """The runner as a person's shell starts it: none of the test run's own settings reach it."""
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    return subprocess.Popen(
        [sys.executable, "-m", "config.runner", command],
        cwd=BASE_DIR,
        env=kept | {"PORT": str(port), "DATA_DIR": str(data_dir)},
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )


def free_port_pair() -> int:
    """A port that is free together with the next one: the portal's and the sandbox's."""
    while True:
        with socket.create_server(("127.0.0.1", 0)) as first, contextlib.suppress(OSError, OverflowError):
            port: int = first.getsockname()[1]
            socket.create_server(("127.0.0.1", port + 1)).close()
            return port


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> Generator[None, None, None]:
    """Whatever needs the one stack runs on one worker. A wrapper, to be there before pytest-xdist reads the marks."""
    for item in items:
        if "stack" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group("stack"))
    return (yield)
