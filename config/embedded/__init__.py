"""PostgreSQL 18 and Valkey out of their wheels: the database and the broker of the demo, the tests and the bench.

No Docker, no system package, no fixed port. PostgreSQL listens on a Unix socket in a folder that only its user can
enter, so its roles need no passwords; Valkey listens on a free loopback port and asks for a random password. Only the
wheels' programs are used and they are started from here, so that what runs is a child of ours and no folder is opened
wider than it must be.
"""

import contextlib
import hashlib
import os
import re
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from config.embedded import postgres, valkey
from config.processes import CannotRun, Roster

# macOS takes 104 bytes for a socket's path; the longest name below `run` is pg/.s.PGSQL.5432.
LONGEST_RUN_FOLDER = 80


@dataclass(frozen=True)
class Services:
    """Where the running pair is reached, and the two processes by name."""

    sockets: Path
    valkey: str
    processes: dict[str, subprocess.Popen[bytes]]

    def database_url(self, role: str, database: str = postgres.DATABASE) -> str:
        return f"postgresql://{role}@/{database}?host={quote(str(self.sockets), safe='')}"

    def redis_url(self, number: int = 0) -> str:
        """A Valkey database of its own for each number below 64."""
        return f"{self.valkey}/{number}"


@contextlib.contextmanager
def services(folder: Path, *, roster: Roster, durable: bool) -> Iterator[Services]:
    """PostgreSQL and Valkey on the data in `folder`, made on first use; both are stopped when the block ends.

    `folder` exists and is ours alone to use (see `processes.claim`); logs go to `log` in it. The processes are put on
    the roster. With durable=False nothing is flushed to disk: for data that is thrown away. Raises CannotRun when
    something is in the way.
    """
    log = folder / "log"
    log.mkdir(exist_ok=True)
    sockets = socket_folder(folder) / "pg"
    with (
        postgres.running(
            folder / "postgres", sockets, log=log / "postgres.log", roster=roster, durable=durable
        ) as database,
        valkey.running(folder / "valkey", log=log / "valkey.log", roster=roster, durable=durable) as (broker, address),
    ):
        yield Services(sockets, address.url, {"postgres": database, "valkey": broker})


def socket_folder(folder: Path) -> Path:
    """A folder for the sockets that belong to a data folder: `run` in it, or one in the temporary directory when that
    path is too long for a socket or has a character that a command line or the proxy would trip over.

    It exists afterwards, is ours, and lists its content to nobody else. Raises CannotRun if someone else has it.
    """
    run = folder / "run"
    if len(os.fsencode(run)) > LONGEST_RUN_FOLDER or not re.fullmatch(r"[A-Za-z0-9/._-]+", str(run)):
        digest = hashlib.sha256(os.fsencode(run)).hexdigest()[:12]
        run = Path(tempfile.gettempdir()) / f"portal-{os.getuid()}-{digest}"
    with contextlib.suppress(FileExistsError):
        run.mkdir(mode=0o700)
    found = run.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise CannotRun(f"{run} belongs to someone else, and the sockets must go there. Remove it.")
    return run
