"""`make demo`: it runs, refuses what it cannot do in one line, and leaves nothing behind."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
import requests
from websockets.sync.client import connect

from config import runner
from config.embedded import postgres, socket_folder
from config.ports import in_url, loopback_addresses
from config.processes import STOP_SIGNALS, claim, end_families, wait_until
from tests.bench.__main__ import FOLDER as BENCHES
from tests.processes import remember
from tests.stack import START_TIMEOUT, Stack, demo, free_port_pair, log_of, start
from tests.template import CACHE as SCHEMA

BASE_DIR = Path(runner.__file__).resolve().parent.parent


WHO_IS_ADMIN = "from accounts.models import User; print(User.objects.get(email__startswith='admin@').email)"


def run(command: str, *, port: int | str | None = None, data_dir: Path) -> subprocess.CompletedProcess[str]:
    """The runner, to its end, as a shell starts it."""
    return subprocess.run(
        [sys.executable, "-m", "config.runner", command],
        cwd=BASE_DIR,
        env=os.environ | {"PORT": str(port or free_port_pair()), "DATA_DIR": str(data_dir)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """One line, in which these words are, and status 1."""
    assert done.returncode == 1
    assert done.stdout == ""
    assert len(done.stderr.splitlines()) == 1
    for word in words:
        assert word in done.stderr


# One origin -------------------------------------------------------------------------------------------------------


def test_demo_serves_pages_health_and_sockets_from_one_origin(stack: Stack) -> None:
    page = requests.get(stack.url)
    assert page.status_code == 200
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Server" not in page.headers
    ready = requests.get(f"{stack.url}/ready")
    assert ready.json() == {"database": "ok", "valkey": "ok", "draining": False, "ready": True}
    assert requests.get(f"{stack.url}/live").status_code == 200
    with connect(stack.url.replace("http", "ws") + "/ws/live", origin=stack.url) as websocket:  # type: ignore[arg-type]
        assert websocket.recv() == '{"type": "ready"}'


def test_demo_serves_hashed_static_files_for_a_year_and_no_folder(stack: Stack) -> None:
    static = stack.data_dir / "static"
    name = next(path.name for path in (static / "css").glob("tokens.*.css"))
    style = requests.get(f"{stack.url}/static/css/{name}")
    assert style.status_code == 200
    assert style.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert style.headers["X-Content-Type-Options"] == "nosniff"
    assert requests.get(f"{stack.url}/static/css/").status_code == 404
    assert requests.get(f"{stack.url}/static/../demo.json").status_code == 404


def test_demo_listens_on_its_two_ports_of_this_machine_alone(stack: Stack) -> None:
    """Beside them Valkey, behind a password, and where there is one the relay of calls: neither beyond this machine."""
    port = int(stack.url.rpartition(":")[2])
    listening = {found for process in family(stack.process) for found in listened_to(process)}
    helpers = {"valkey-server", "turnserver"}
    assert {ip for name, ip, _ in listening if name in helpers} == {"127.0.0.1"}
    ours = {(ip, found) for name, ip, found in listening if name not in helpers}
    assert ours == {(address, port) for address in loopback_addresses()} | {("127.0.0.1", port + 1)}


@pytest.mark.parametrize("address", loopback_addresses())
def test_demo_sends_other_names_of_the_machine_to_localhost(stack: Stack, address: str) -> None:
    elsewhere = stack.url.replace("localhost", in_url(address))
    answer = requests.get(f"{elsewhere}/doctors/?q=a", allow_redirects=False)
    assert answer.status_code == 307
    assert answer.headers["Location"] == f"{stack.url}/doctors/?q=a"


def test_demo_tells_how_to_sign_in(stack: Stack) -> None:
    told = stack.log.read_text()
    assert f"Portal ready: {stack.url}" in told
    assert "patient@example.com" in told


def test_demo_keeps_its_secrets_from_other_users(stack: Stack) -> None:
    for name in ("demo.json", "running.json"):
        assert (stack.data_dir / name).stat().st_mode & 0o077 == 0, name
    assert socket_folder(stack.data_dir).joinpath("pg").stat().st_mode & 0o077 == 0


def test_manage_runs_beside_the_demo(stack: Stack) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "config.runner", "manage", "shell", "-v0", "-c", WHO_IS_ADMIN],
        cwd=BASE_DIR,
        env=os.environ | {"DATA_DIR": str(stack.data_dir)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "admin@example.com\n"), done.stderr


# Refusals ---------------------------------------------------------------------------------------------------------


def test_second_demo_on_the_same_data_is_refused(stack: Stack) -> None:
    assert_refused(run("demo", data_dir=stack.data_dir), "already runs", str(stack.data_dir))
    assert requests.get(f"{stack.url}/live").status_code == 200


def test_reset_under_a_running_demo_is_refused(stack: Stack) -> None:
    assert_refused(run("reset", data_dir=stack.data_dir), "already runs")
    assert (stack.data_dir / "postgres" / "PG_VERSION").exists() or os.geteuid() != 0


@pytest.mark.parametrize("offset", [0, 1])
def test_taken_port_is_refused(tmp_path: Path, offset: int) -> None:
    port = free_port_pair()
    with socket.create_server(("127.0.0.1", port + offset)):
        assert_refused(run("demo", port=port, data_dir=tmp_path), f"Port {port + offset} is taken", "PORT=")


@pytest.mark.parametrize("port", ["http", "0", "65535", "-1"])
def test_port_that_is_none_is_refused(tmp_path: Path, port: str) -> None:
    assert_refused(run("demo", port=port, data_dir=tmp_path), "PORT", "65534")


def test_data_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert_refused(run("demo", data_dir=tmp_path / "file" / "data"), "cannot be used", "DATA_DIR")


def test_data_folder_that_cannot_be_written_is_refused() -> None:
    # Not even root writes there.
    assert_refused(run("demo", data_dir=Path("/proc/portal")), "cannot be used", "DATA_DIR")


def test_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    assert_refused(run("demo", data_dir=tmp_path), "thesis.txt", "DATA_DIR")
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
    assert run("reset", data_dir=tmp_path).returncode == 0
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]


def test_folder_in_which_tests_and_benches_keep_something_is_taken(tmp_path: Path) -> None:
    for kept in (SCHEMA, BENCHES):
        (tmp_path / kept.name).mkdir()
    with runner.data_folder(tmp_path):
        pass


def test_data_of_another_postgresql_is_refused(demo_folder: Path) -> None:
    cluster = demo_folder / "postgres"
    cluster.mkdir()
    (cluster / "PG_VERSION").write_text("17\n")
    if os.geteuid() == 0:
        from config.embedded.postgres import system_user

        user = system_user()
        assert user
        os.chown(cluster, user.pw_uid, user.pw_gid)
    assert_refused(run("demo", data_dir=demo_folder), "PostgreSQL 17", "demo-reset")


def test_reset_removes_what_the_demo_made_and_nothing_else(tmp_path: Path) -> None:
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    lock = claim(data_dir / runner.LOCK)
    assert lock
    lock.close()
    for name in ("media", "private", "bench", "mine"):
        (data_dir / name).mkdir()
        (data_dir / name / "file").touch()
    assert run("reset", data_dir=data_dir).returncode == 0
    assert {path.name for path in data_dir.iterdir()} == {"bench", "mine"}


# Ends -------------------------------------------------------------------------------------------------------------


def family(leader: psutil.Process) -> list[psutil.Process]:
    return [leader, *leader.children(recursive=True)]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [one for one in processes if is_alive(one)]


def is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def listened_to(process: psutil.Process) -> list[tuple[str, str, int]]:
    """Name, address and port of each place where the process waits for callers; one that ended waits nowhere (the
    database's processes come and go)."""
    try:
        name, found = process.name(), process.net_connections("inet")
    except psutil.NoSuchProcess:
        return []
    return [(name, each.laddr.ip, each.laddr.port) for each in found if each.status == psutil.CONN_LISTEN]


@contextmanager
def running_demo(data_dir: Path) -> Iterator[tuple[Stack, list[psutil.Process]]]:
    """A demo of its own; whatever way it ended, all its processes are gone afterwards."""
    with demo(data_dir) as started:
        processes = family(started.process)
        names = {one.name() for one in processes}
        assert {"postgres", "valkey-server"} <= names
        yield started, processes


@contextmanager
def begun_demo(data_dir: Path) -> Iterator[tuple[psutil.Popen, Path]]:
    """As `running_demo`, of which nobody waits for pages: its first process, and where it writes."""
    log = log_of(data_dir)
    with log.open("wb") as output:
        process = start(data_dir, free_port_pair(), output=output.fileno())
    remember(process.pid)
    try:
        yield process, log
    finally:
        end_families([(process, signal.SIGINT)], grace=30)


def named(leader: psutil.Process, word: str) -> list[psutil.Process]:
    """Those of the family with an argument in which this word is."""
    found = []
    for one in family(leader):
        with contextlib.suppress(psutil.NoSuchProcess):  # some of them come and go while we look
            found += [one] if any(word in argument for argument in one.cmdline()) else []
    return found


def copy_database(stack: Stack, data_dir: Path) -> None:
    """A new data folder with the database of a running demo and its static files: to make others takes a minute."""
    user, copy = postgres.system_user(), data_dir / "postgres"
    data_dir.mkdir(mode=0o711)
    postgres.make_folder(copy, user)
    where = ["--host", socket_folder(stack.data_dir) / "pg", "--username", "postgres"]
    backup: list[str | Path] = [postgres.program("pg_basebackup"), *where, "--checkpoint=fast", "--pgdata", copy]
    made = postgres.run_as(user, backup)
    assert made.returncode == 0, made.stderr
    shutil.copytree(stack.data_dir / "static", data_dir / "static")
    shutil.copy2(stack.data_dir / "static.stamp", data_dir)


def test_demo_ends_with_all_it_started_and_keeps_its_data(stack: Stack, demo_folder: Path) -> None:
    """One data folder, whose name a shell would trip over, through the ends that a demo can come to."""
    data_dir = demo_folder / "data of the 'demo', $1"
    copy_database(stack, data_dir)

    with running_demo(data_dir) as (started, processes):
        secret = (data_dir / "demo.json").read_text()
        os.kill(started.process.pid, signal.SIGINT)
        assert started.process.wait(30) == 0
        assert not alive(processes)
        assert started.log.read_text().endswith("Stopped.\n")

    with running_demo(data_dir) as (started, left):
        assert "Loading" not in started.log.read_text()
        assert (data_dir / "demo.json").read_text() == secret
        os.kill(started.process.pid, signal.SIGKILL)
        started.process.wait(30)
    assert alive(left)

    with begun_demo(data_dir) as (process, log):
        assert wait_until(
            lambda: named(process, "payments.sandbox"), timeout=START_TIMEOUT, watched=[process], pause=0.1
        )
        assert not alive(left)
        processes = family(process)
        named(process, "daphne")[0].kill()
        assert process.wait(30) == 1
        assert not alive(processes)
        assert "websocket ended by itself" in log.read_text()

    assert run("reset", data_dir=data_dir).returncode == 0
    assert not list(data_dir.iterdir())


@pytest.mark.parametrize("number", STOP_SIGNALS)
def test_demo_that_is_stopped_while_it_prepares_leaves_nothing(demo_folder: Path, number: signal.Signals) -> None:
    with begun_demo(demo_folder / "data") as (process, _log):
        assert wait_until(lambda: named(process, "migrate"), timeout=START_TIMEOUT, watched=[process], pause=0.1)
        processes = family(process)
        process.send_signal(number)
        assert process.wait(60) == 0
        assert not alive(processes)
