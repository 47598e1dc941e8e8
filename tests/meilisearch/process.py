"""The stand-in as a real process: `Meilisearch.start()`, then `stop()` and `start_again()` on the same port."""

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

import requests

from tests.processes import remember

PROJECT = Path(__file__).parents[2]
KEY = "a-key-for-the-stand-in"
PATIENCE = 30


class Meilisearch:
    """A running stand-in; also a context manager that stops it."""

    def __init__(self) -> None:
        self.url = ""
        self.start_again()

    def start_again(self) -> None:
        """Start it where it was before, with nothing in it."""
        port = self.url.rpartition(":")[2] or "0"
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.meilisearch", "--port", port, "--key", KEY],
            cwd=PROJECT,
            stdout=subprocess.PIPE,
            text=True,
        )
        remember(self.process.pid)
        assert self.process.stdout is not None
        watchdog = threading.Timer(PATIENCE, self.process.kill)
        watchdog.start()
        ready = self.process.stdout.readline()
        watchdog.cancel()
        if not ready.startswith("Stand-in ready: "):
            raise RuntimeError("the stand-in did not start")
        self.url = ready.removeprefix("Stand-in ready: ").strip()

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(PATIENCE)
        if self.process.stdout:
            self.process.stdout.close()

    def reset(self) -> None:
        """No index, no task, no fault, and nothing was asked."""
        self._control("reset", {})

    def set(self, **faults: Any) -> None:
        """`slow` seconds before each answer, `status` in place of an answer, `garbage` as its body, `fail_task` of
        that type, `hold_tasks` enqueued."""
        self._control("faults", faults)

    @property
    def asked(self) -> list[dict[str, Any]]:
        """The requests that were well-formed since the reset: method, path and body of each."""
        asked: list[dict[str, Any]] = self._control("asked", {})
        return asked

    def call(self, method: str, path: str, body: Any = None, *, key: str | None = KEY) -> requests.Response:
        """A request as a client makes it."""
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        return requests.request(method, self.url + path, json=body, headers=headers, timeout=PATIENCE)

    def _control(self, what: str, given: Any) -> Any:
        answer = requests.post(f"{self.url}/control/{what}", json=given, timeout=PATIENCE)
        answer.raise_for_status()
        return answer.json()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
