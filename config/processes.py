"""Processes that the demo and the tests start: how they end, and how the next start finds what a `kill -9` left."""

import contextlib
import fcntl
import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from types import FrameType
from typing import IO, Any, Protocol

import psutil

GRACE = 10.0
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class CannotRun(Exception):
    """Says in one line, for the person at the terminal, what is in the way and what mends it."""


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Put off what a stop signal does until the block ends: for starting a process *and* arranging for its end.

    A handler that raises between the two would leave a process that nobody knows. Main thread only.
    """
    arrived: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        arrived.append(number)

    before = {number: signal.signal(number, remember) for number in STOP_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if arrived:
            signal.raise_signal(arrived[0])


def claim(lock: Path) -> IO[str] | None:
    """Take the lock that says a folder is in use; None if another process has it. It is ours while the file is open.

    A record lock: the system lets go of it when we die, and forks do not inherit it.
    """
    file = lock.open("a+")
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        file.close()
        return None
    return file


class Roster:
    """The processes that one run started, in a file, so that a later run can end what outlived it.

    A process counts as the one written down only if its start time agrees as well: a number that the system has given
    to a stranger since is left alone.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, pid: int, stop_signal: signal.Signals = signal.SIGTERM) -> None:
        """Remember a process. One that has ended already is not worth a line."""
        try:
            born = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        entries = [entry for entry in self._entries() if entry["pid"] != pid]
        entries.append({"pid": pid, "born": born, "signal": int(stop_signal)})
        partial = self.path.with_suffix(".partial")
        partial.write_text(json.dumps(entries))
        partial.replace(self.path)

    def end(self, *, grace: float = GRACE) -> None:
        """End every remembered process that still lives, descendants included; then the file is gone."""
        leaders = []
        for entry in self._entries():
            try:
                process = psutil.Process(entry["pid"])
                if abs(process.create_time() - entry["born"]) < 2:
                    leaders.append((process, signal.Signals(entry["signal"])))
            except psutil.NoSuchProcess:
                continue
        end_families(leaders, grace=grace)
        self.path.unlink(missing_ok=True)

    def _entries(self) -> list[dict[str, Any]]:
        try:
            entries: list[dict[str, Any]] = json.loads(self.path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            # Replaced in one step, so unreadable means that the disk was full: there is nothing to go by.
            return []
        return entries


def end_families(leaders: Iterable[tuple[psutil.Process, signal.Signals]], *, grace: float = GRACE) -> None:
    """Send each leader its signal, give all of them and their descendants `grace` seconds, then SIGKILL what is left.

    SIGTERM goes to the descendants too. Any other signal is for the leader alone, which ends its own (PostgreSQL).
    """
    members: list[psutil.Process] = []
    for leader, number in leaders:
        try:
            descendants = leader.children(recursive=True)
        except psutil.NoSuchProcess:
            continue
        signal_quietly(leader, number)
        if number == signal.SIGTERM:
            for process in descendants:
                signal_quietly(process, number)
        members += [leader, *descendants]
    _, alive = psutil.wait_procs(members, timeout=grace)
    for process in alive:
        signal_quietly(process, signal.SIGKILL)
    psutil.wait_procs(alive, timeout=grace)


def signal_quietly(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return


def stop(
    process: subprocess.Popen[bytes],
    stop_signal: signal.Signals = signal.SIGTERM,
    *,
    grace: float = GRACE,
) -> None:
    """End a child of ours and its descendants, and reap it."""
    if process.poll() is None:
        end_families([(psutil.Process(process.pid), stop_signal)], grace=grace)
    process.wait()


class Child(Protocol):
    """A process of ours: subprocess's or psutil's."""

    def poll(self) -> int | None: ...


def wait_until(
    ready: Callable[[], bool],
    *,
    timeout: float,
    watched: Iterable[Child] = (),
    pause: float = 0.02,
) -> bool:
    """Ask `ready()` until it is true; False once `timeout` seconds have passed or a watched process has ended."""
    deadline = time.monotonic() + timeout
    while not ready():
        if time.monotonic() > deadline or any(process.poll() is not None for process in watched):
            return False
        time.sleep(pause)
    return True


def last_lines(log: Path, count: int = 12) -> list[str]:
    """The end of a log, without its empty lines."""
    try:
        text = log.read_text(errors="replace")
    except FileNotFoundError:
        return []
    return [line for line in text.splitlines() if line.strip()][-count:]
