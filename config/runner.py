"""`make demo`: the whole portal on one machine, in the topology of production, with services out of wheels.

    python -m config.runner demo           run it until a signal or the end of one of its processes
    python -m config.runner reset          throw the demo's data away
    python -m config.runner manage …       manage.py on the running demo

PORT (8000; the payment sandbox takes the next one) and DATA_DIR (.data) are taken from the environment.
This module reads no Django settings: it makes the environment that its children read.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import IO, NoReturn
from urllib.parse import quote

from config import relay
from config.embedded import Services, services, socket_folder
from config.embedded.postgres import APP_ROLE, OWNER_ROLE
from config.environment import VARIABLES
from config.ports import check_port, in_url, loopback_addresses
from config.processes import STOP_SIGNALS, CannotRun, Roster, claim, last_lines, stop, undisturbed
from config.supervision import Supervision, say

BASE_DIR = Path(__file__).resolve().parent.parent
LOCK = "demo.lock"
# What the demo makes in its data folder, and so what a reset may remove.
CONTENT = (
    *("postgres", "postgres.partial", "valkey", "sandbox", "caddy", "media", "private", "mail", "static", "log", "run"),
    *("demo.json", "running.json", "roster.json", "sign-ins.txt", "code.stamp", "static.stamp", "demo.stamp", LOCK),
)
# What `make bench` and `make test` keep beside it.
KEPT_BESIDE = ("bench", "test-schema")


class Stopped(BaseException):
    """A stop signal, raised where the main thread is."""


@dataclass(frozen=True)
class Place:
    """The port and the data folder of one demo."""

    port: int
    data_dir: Path

    @property
    def origin(self) -> str:
        return f"http://localhost:{self.port}"

    @property
    def sandbox_port(self) -> int:
        return self.port + 1

    def check_ports(self) -> None:
        """Raises CannotRun if one of the two ports is not to be had."""
        for port in (self.port, self.sandbox_port):
            check_port(port)

    @classmethod
    def from_environment(cls) -> "Place":
        """Raises CannotRun if PORT is no port."""
        text = os.environ.get("PORT") or "8000"
        if not text.isdecimal() or not 0 < int(text) < 65535:
            raise CannotRun(f"PORT is {text!r}; it must be a number from 1 to 65534.")
        return cls(int(text), Path(os.environ.get("DATA_DIR") or BASE_DIR / ".data").expanduser().absolute())


def demo() -> int:
    """Run the demo; returns 0 when it was asked to stop, 1 when it could not go on."""
    place = Place.from_environment()
    for number in STOP_SIGNALS:
        signal.signal(number, on_signal)
    try:
        with data_folder(place.data_dir) as roster:
            roster.end()
            place.check_ports()
            try:
                with services(place.data_dir, roster=roster, durable=True) as found:
                    return run(place, found, roster)
            finally:
                ignore_signals()
                roster.end()
                (place.data_dir / "running.json").unlink(missing_ok=True)
    except Stopped:
        say("Stopped.")
        return 0


def on_signal(number: int, frame: FrameType | None) -> NoReturn:
    ignore_signals()
    raise Stopped


def ignore_signals() -> None:
    """From here on only the clearing up counts."""
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def data_folder(path: Path) -> Iterator[Roster]:
    """The data folder, made if it is not there, ours alone while the block runs; yields the roster of its processes.

    Raises CannotRun if it cannot be made or written, belongs to something else, or a demo runs on it.
    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        foreign = {entry.name for entry in path.iterdir()} - {*CONTENT, *KEPT_BESIDE}
        if foreign and not (path / LOCK).exists():
            raise CannotRun(f"{path} holds files that are not the portal's ({min(foreign)}). Choose another DATA_DIR.")
        lock = claim(path / LOCK)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise CannotRun(f"The data folder {path} cannot be used: {reason}. Choose another with DATA_DIR=...") from None
    if lock is None:
        raise CannotRun(f"A demo already runs on {path}. Stop it first, or choose another DATA_DIR and PORT.")
    with lock:
        yield Roster(path / "roster.json")


def run(place: Place, found: Services, roster: Roster) -> int:
    """Prepare the database and the files, then supervise the processes; returns the exit status."""
    environment = child_environment(place, found)
    prepare(place, found, environment, roster)
    with private_file(place.data_dir / "running.json") as file:
        json.dump(environment, file)
    # Again, for the preparation took a while, and the proxy would share a port with another one in silence.
    place.check_ports()
    say("Starting the portal ...")
    supervision = Supervision(
        place.origin, place.data_dir / "log", roster, watched=found.processes, on_ready=lambda: welcome(place)
    )
    supervision.run(BASE_DIR / "Procfile", environment, extra={"proxy": caddy_folders(place)})
    say(*supervision.failure or ["Stopped."])
    return 1 if supervision.failure else 0


def prepare(place: Place, found: Services, environment: dict[str, str], roster: Roster) -> None:
    """Bring database and files to the state of the code, where they are not: the same code finds nothing to do."""
    owner = environment | {"DATABASE_URL": found.database_url(OWNER_ROLE)}
    lock_file, cluster = BASE_DIR / "uv.lock", place.data_dir / "postgres" / "PG_VERSION"
    code = [path for app in BASE_DIR.glob("*/apps.py") for path in app.parent.rglob("*.py")]
    with due(place.data_dir / "code.stamp", [lock_file, cluster, *code]) as is_due:
        if is_due:
            say("Preparing the database ...")
            manage(["migrate", "--no-input"], owner, place, roster)
            manage(["grant_app_role"], owner, place, roster)
    with due(place.data_dir / "static.stamp", [lock_file, *BASE_DIR.glob("static/**/*")]) as is_due:
        if is_due:
            say("Preparing the static files ...")
            manage(["collectstatic", "--no-input", "--verbosity", "0"], environment, place, roster)
    with due(place.data_dir / "demo.stamp", [cluster]) as is_due:
        if is_due:
            say("Loading the demo data ...")
            manage(["demo"], environment, place, roster)


@contextlib.contextmanager
def due(stamp: Path, sources: Iterable[Path]) -> Iterator[bool]:
    """Whether the block's work must be done: it never succeeded, or a file that it depends on has changed since."""
    digest = hashlib.sha256()
    for path in sorted(sources):
        found = path.stat()
        digest.update(f"{path} {found.st_size} {found.st_mtime_ns}\n".encode())
    is_due = not stamp.exists() or stamp.read_text() != digest.hexdigest()
    yield is_due
    if is_due:
        stamp.write_text(digest.hexdigest())


def child_environment(place: Place, found: Services) -> dict[str, str]:
    """Everything that the demo's processes read; of the caller's own, only what is not the portal's."""
    data_dir, run_dir = place.data_dir, socket_folder(place.data_dir)
    kept = {name: value for name, value in os.environ.items() if name not in VARIABLES}
    listen = loopback_addresses()
    kept["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), kept.get("PATH", os.defpath)])
    return kept | {
        "PYTHONUNBUFFERED": "1",
        "PORTAL_ENV": "demo",
        "SITE_ORIGIN": place.origin,
        "DATA_DIR": str(data_dir),
        "DATABASE_URL": found.database_url(APP_ROLE),
        "REDIS_URL": found.redis_url(),
        "EMAIL_URL": f"file://{quote(str(data_dir / 'mail'))}",
        # Another site than localhost to a browser, as the real gateway is: its return brings no cookies.
        "SSLCOMMERZ_URL": f"http://127.0.0.1:{place.sandbox_port}",
        "TRUSTED_PROXIES": "1",
        **secrets_of(data_dir),
        "SENDFILE": "true",
        # gunicorn, daphne, beat
        "WEB_BIND": f"unix:{run_dir}/web.sock",
        "WEB_WORKERS": "2",
        "UPLOADS_BIND": f"unix:{run_dir}/uploads.sock",
        "UPLOADS_DRAIN_FILE": f"{run_dir}/uploads.draining",
        "WEBSOCKET_SOCKET": f"{run_dir}/websocket.sock",
        "BEAT_SCHEDULE": str(run_dir / "beat"),
        # the relay
        **relay_of(data_dir),
        # the sandbox
        "SANDBOX_PORT": str(place.sandbox_port),
        "SANDBOX_DATA": str(data_dir / "sandbox"),
        # the proxy
        "SITE_ADDRESS": ", ".join(f"http://{host}:{place.port}" for host in ("localhost", *map(in_url, listen))),
        "SITE_HOST": "localhost",
        "PROXY_LISTEN": "bind " + " ".join(listen),
        "WEB_UPSTREAM": f"unix/{run_dir}/web.sock",
        "UPLOADS_UPSTREAM": f"unix/{run_dir}/uploads.sock",
        "WEBSOCKET_UPSTREAM": f"unix/{run_dir}/websocket.sock",
        "STATIC_ROOT": str(data_dir / "static"),
        "MEDIA_ROOT": str(data_dir / "media"),
        "PRIVATE_ROOT": str(data_dir / "private"),
    }


def relay_of(data_dir: Path) -> dict[str, str]:
    """Where the relay listens, if there is one on this machine: on a port that is free now."""
    if relay.find() is None:
        return {}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"turn:127.0.0.1:{port}"
    return {
        "RELAY_PORT": str(port),
        "RELAY_FOLDER": str(data_dir / "run"),
        "TURN_URLS": f"{address}?transport=udp,{address}?transport=tcp",
    }


def secrets_of(data_dir: Path) -> dict[str, str]:
    """The demo's own secrets, each made once, so that sessions and second factors live through a restart."""
    path = data_dir / "demo.json"
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    made = {
        "SSLCOMMERZ_STORE_ID": "demo",
        "SSLCOMMERZ_STORE_PASSWORD": secrets.token_urlsafe(12),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "MFA_ENCRYPTION_KEYS": secrets.token_urlsafe(48),
        "TURN_SECRET": secrets.token_urlsafe(32),
    }
    if made.keys() - kept.keys():
        kept = made | kept
        with private_file(path) as file:
            json.dump(kept, file)
    return kept


def private_file(path: Path) -> IO[str]:
    """Open for writing a file that only we can read."""
    path.unlink(missing_ok=True)
    return open(path, "w", encoding="utf-8", opener=lambda name, flags: os.open(name, flags | os.O_EXCL, 0o600))


def caddy_folders(place: Place) -> dict[str, str]:
    folder = str(place.data_dir / "caddy")
    return {"XDG_DATA_HOME": folder, "XDG_CONFIG_HOME": folder}


def manage(arguments: list[str], environment: dict[str, str], place: Place, roster: Roster) -> None:
    """Run a command of manage.py, its output into a log. Raises CannotRun, with the log's end, if it fails."""
    log = place.data_dir / "log" / "prepare.log"
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab"))
        with undisturbed():
            command = subprocess.Popen(
                [sys.executable, "manage.py", *arguments],
                cwd=BASE_DIR,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            stack.callback(stop, command)
            roster.add(command.pid)
        status = command.wait()
    if status:
        end = "\n".join(f"    {line}" for line in last_lines(log))
        raise CannotRun(f"manage.py {arguments[0]} failed (status {status}). The end of {log}:\n{end}")


def welcome(place: Place) -> None:
    sign_ins = place.data_dir / "sign-ins.txt"
    say("", f"Portal ready: {place.origin}", "")
    if sign_ins.exists():
        say(sign_ins.read_text().rstrip(), "")
    say(f"Ctrl-C stops it. Logs and mails are in {place.data_dir}.", "")


def reset() -> int:
    """Remove what the demo has made in its data folder, and nothing else."""
    place = Place.from_environment()
    if not (place.data_dir / LOCK).exists():
        say(f"There is no demo in {place.data_dir}.")
        return 0
    with data_folder(place.data_dir) as roster:
        roster.end()
        run_dir = socket_folder(place.data_dir)
        for path in (run_dir, *(place.data_dir / name for name in CONTENT)):
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    say(f"The demo's data in {place.data_dir} is gone. `make demo` starts over.")
    return 0


def manage_running(arguments: list[str]) -> int:
    """manage.py with the environment of the demo that runs on the data folder."""
    path = Place.from_environment().data_dir / "running.json"
    if not path.exists():
        raise CannotRun("The demo does not run. Start it with `make demo` in another terminal.")
    return subprocess.call([sys.executable, "manage.py", *arguments], cwd=BASE_DIR, env=json.loads(path.read_text()))


def main(arguments: list[str]) -> int:
    os.umask(0o077)
    try:
        match arguments:
            case ["demo"]:
                return demo()
            case ["reset"]:
                return reset()
            case ["manage", *rest]:
                return manage_running(rest)
        raise CannotRun("Use: python -m config.runner demo | reset | manage …")
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
