"""The demo's processes under honcho: their output in files, their errors on the terminal, one end for all."""

import contextlib
import http.client
import multiprocessing
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn
from urllib.parse import urlsplit

from honcho.environ import parse_procfile
from honcho.manager import SYSTEM_PRINTER_NAME, Manager
from honcho.printer import Message

from config.processes import Roster, last_lines

READY_TIMEOUT = 180.0
# Honcho gives its children five seconds; should it still wait after these, its signal was lost in a race.
STOP_TIMEOUT = 20
ERROR = re.compile(r'\[(?:error|critical) *\]|"level":"(?:error|fatal|panic)"|\b(?:ERROR|CRITICAL)\b|^Traceback ')
WEBSOCKET = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}


class GivenUp(Exception):
    """Honcho did not come to its end."""


class Supervision:
    """Runs the processes of a Procfile until a stop signal, or until one of them or of `watched` ends by itself.

    Honcho starts and ends them and hands over each line they write, to `write`, as to a printer of its own. A line
    goes to the process's log file; an error, with its traceback, to the terminal too.
    """

    # Honcho keeps the length of the longest name here.
    width = 0

    def __init__(
        self,
        origin: str,
        log_dir: Path,
        roster: Roster,
        *,
        watched: Mapping[str, subprocess.Popen[bytes]],
        on_ready: Callable[[], None],
    ) -> None:
        """`on_ready` is called once, when pages and sockets answer at `origin`."""
        self.origin = origin
        self.log_dir = log_dir
        self.roster = roster
        self.watched = watched
        self.on_ready = on_ready
        self.failure: list[str] = []
        self.stopping = threading.Event()
        self.logs: dict[str, IO[str]] = {}
        self.in_traceback: set[str] = set()
        self.watcher = threading.Thread(target=self.watch, name="watch", daemon=True)

    def run(self, procfile: Path, environment: Mapping[str, str], extra: Mapping[str, Mapping[str, str]]) -> None:
        """Returns when all processes have ended; `failure` then says, in lines, what ended them if nobody asked.

        `extra` adds to the environment of single processes. Main thread only.
        """
        manager = Manager(printer=self)
        with contextlib.ExitStack() as files:
            for name, command in parse_procfile(procfile.read_text()).processes.items():
                log = self.log_dir / f"{name}.log"
                if log.exists():
                    log.replace(log.with_suffix(".previous.log"))
                self.logs[name] = files.enter_context(log.open("w", encoding="utf-8", buffering=1))
                own = {**environment, **extra.get(name, {})}
                manager.add_process(name, command, env=own, cwd=str(procfile.parent))
            # Honcho itself hears SIGINT and SIGTERM; a terminal that was closed means the same.
            signal.signal(signal.SIGHUP, lambda number, frame: os.kill(os.getpid(), signal.SIGTERM))
            signal.signal(signal.SIGALRM, give_up)
            # What is left after giving up is on the roster.
            with contextlib.suppress(GivenUp):
                manager.loop()
            signal.alarm(0)
            self.stopping.set()

    def write(self, message: Message) -> None:
        """Honcho's printer protocol: one line of a process, or news of honcho's own."""
        text = message.data if isinstance(message.data, str) else message.data.decode("utf-8", "replace")
        for line in text.splitlines():
            if message.name == SYSTEM_PRINTER_NAME:
                self.hear(line)
                continue
            print(line, file=self.logs[message.name])
            if self.is_error(message.name, line):
                say(f"{message.name:{self.width}} | {line}")

    def hear(self, news: str) -> None:
        """Honcho says that a process started or stopped, or that a signal arrived."""
        if " started (" in news:
            # Honcho's children are relays, whose children are the processes: they end as one family.
            for relay in multiprocessing.active_children():
                assert relay.pid is not None
                self.roster.add(relay.pid)
            if self.watcher.ident is None:
                self.watcher.start()
        elif news.endswith(" received"):
            self.stopping.set()
            signal.alarm(STOP_TIMEOUT)
        elif (ended := re.match(r"(\w+) stopped \(rc=(-?\d+)\)", news)) and not self.stopping.is_set():
            self.stopping.set()
            signal.alarm(STOP_TIMEOUT)
            self.failure = self.account(ended[1], int(ended[2]))

    def account(self, name: str, status: int) -> list[str]:
        """What to say of a process that ended although nobody asked it to."""
        log = self.log_dir / f"{name}.log"
        return [f"{name} ended by itself (status {status}). The end of {log}:", *(f"    {x}" for x in last_lines(log))]

    def is_error(self, name: str, line: str) -> bool:
        """Whether the terminal shows a line: an error, or a line of the traceback that the process has begun."""
        if name in self.in_traceback:
            if not line.startswith((" ", "\t")):
                # The exception itself closes its traceback.
                self.in_traceback.discard(name)
            return True
        if line.startswith("Traceback "):
            self.in_traceback.add(name)
        return bool(ERROR.search(line))

    def watch(self) -> None:
        """Beside honcho's loop: say when the portal answers; end everything if it never does, or a watched one ends."""
        deadline = time.monotonic() + READY_TIMEOUT
        ready = False
        while not self.stopping.wait(0.5 if ready else 0.1):
            for name, process in self.watched.items():
                if process.poll() is not None:
                    self.end(self.account(name, process.returncode))
            if ready:
                continue
            if self.answers():
                ready = True
                self.on_ready()
            elif time.monotonic() > deadline:
                self.end([f"There is no answer at {self.origin} after {READY_TIMEOUT:.0f} s. See {self.log_dir}."])

    def end(self, failure: list[str]) -> None:
        if not self.stopping.is_set():
            self.failure = failure
            self.stopping.set()
            os.kill(os.getpid(), signal.SIGTERM)

    def answers(self) -> bool:
        """Whether pages and sockets are served through the proxy."""
        return (
            self.status("/ready") == 200
            and self.status("/") == 200
            and self.status("/ws/live", WEBSOCKET | {"Origin": self.origin}) == 101
        )

    def status(self, path: str, headers: Mapping[str, str] | None = None) -> int:
        """The status of a GET; 0 if nothing answers."""
        connection = http.client.HTTPConnection(urlsplit(self.origin).netloc, timeout=10)
        try:
            connection.request("GET", path, headers=headers or {})
            return connection.getresponse().status
        except (OSError, http.client.HTTPException):
            return 0
        finally:
            connection.close()


def give_up(number: int, frame: FrameType | None) -> NoReturn:
    raise GivenUp


def say(*lines: str) -> None:
    """To the person at the terminal, if there still is one."""
    with contextlib.suppress(OSError):
        for line in lines:
            print(line, flush=True)
