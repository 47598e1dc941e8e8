"""The relay of the tests: Debian's coturn, installed as root where it is missing, or unpacked beside the project.

It listens on the loopback alone and relays between processes of this machine, which production's does not.
"""

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from django.conf import settings

from config import relay
from config.processes import stop, undisturbed, wait_until
from tests.processes import remember

BASE_DIR = Path(__file__).resolve().parent.parent
UNPACKED = BASE_DIR / ".coturn"


@dataclass(frozen=True)
class Relay:
    """A running relay: its port on the loopback, its secret, what it says."""

    port: int
    log: Path

    @property
    def urls(self) -> list[str]:
        return [f"turn:127.0.0.1:{self.port}?transport=udp", f"turn:127.0.0.1:{self.port}?transport=tcp"]


def find() -> str | None:
    """The path of turnserver, or None."""
    own = UNPACKED / "usr/bin/turnserver"
    return relay.find() or (str(own) if own.exists() else None)


def install() -> str:
    """Debian's package when we are root, else its content beside the project. Fails where neither is to be had."""
    if found := find():
        return found
    if shutil.which("apt-get"):
        if os.geteuid() == 0:
            environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
            for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "coturn"]):
                subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        else:
            UNPACKED.mkdir(exist_ok=True)
            subprocess.run(["apt-get", "download", "-qq", "coturn"], cwd=UNPACKED, check=False)
            for package in UNPACKED.glob("*.deb"):
                subprocess.run(["dpkg-deb", "--extract", str(package), str(UNPACKED)], check=False)
    if found := find():
        return found
    pytest.fail("No coturn for the tests of calls over the relay. Install coturn.", pytrace=False)


@contextlib.contextmanager
def running(folder: Path) -> Iterator[Relay]:
    """A relay on a free port while the block runs."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    log = folder / "coturn.log"
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("wb"))
        with undisturbed():
            process = subprocess.Popen(
                relay.command(install(), port=port, secret=settings.TURN_SECRET, folder=folder),
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            stack.callback(stop, process)
            remember(process.pid)

        def answers() -> bool:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                return True
            return False

        if not wait_until(answers, timeout=20, watched=[process]):
            pytest.fail(f"coturn does not start:\n{log.read_text()[-2000:]}", pytrace=False)
        yield Relay(port, log)


@pytest.fixture(scope="session")
def turn() -> Iterator[Relay]:
    with running(Path(os.environ["DATA_DIR"])) as found:
        yield found
