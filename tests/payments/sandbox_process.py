"""The sandbox as a real process: `Sandbox.start(folder)`, then the methods of SandboxControl, then `stop()`."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Self

from payments.sandbox.client import SandboxControl
from tests.processes import remember

PROJECT = Path(__file__).parents[2]
STORE_ID, STORE_PASSWORD = "demo", "demo-secret"
PATIENCE = 30


class Sandbox(SandboxControl):
    """A running sandbox; also a context manager that stops it. `output` is where it logs."""

    def __init__(self, url: str, process: subprocess.Popen[str], output: Path) -> None:
        super().__init__(url, STORE_PASSWORD)
        self.process = process
        self.output = output

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        port: int = 0,
        ipn_backoff: Sequence[float] = (0.1, 0.2),
        allow_hosts: Collection[str] = (),
        public_url: str | None = None,
    ) -> Self:
        """Start it on a free port, its data in the folder, and return when it answers.

        A second start on the same folder finds the data of the first. Raises RuntimeError with what it printed if it
        ends in place of starting.
        """
        folder.mkdir(parents=True, exist_ok=True)
        output = folder / "sandbox.log"
        options = ["--port", str(port), "--data", str(folder), "--store-id", STORE_ID]
        options += ["--store-password", STORE_PASSWORD, "--ipn-backoff", ",".join(map(str, ipn_backoff))]
        options += [part for host in allow_hosts for part in ("--allow-host", host)]
        options += ["--public-url", public_url] if public_url else []
        with output.open("a") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "payments.sandbox", *options],
                cwd=PROJECT,
                # It must not need, nor find, the portal's settings.
                env={**os.environ, "DJANGO_SETTINGS_MODULE": "not.the.portal"},
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )
        remember(process.pid)
        assert process.stdout is not None
        watchdog = threading.Timer(PATIENCE, process.kill)
        watchdog.start()
        ready = process.stdout.readline()
        watchdog.cancel()
        process.stdout.close()
        if not ready.startswith("Sandbox ready: "):
            process.wait()
            raise RuntimeError(f"the sandbox did not start: {output.read_text()}")
        return cls(ready.removeprefix("Sandbox ready: ").strip(), process, output)

    def stop(self) -> int:
        """End it as a service manager does, and return its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
