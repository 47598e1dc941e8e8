"""The supervision of the demo's processes, on small ones: what ends them, what is shown, what is kept."""

import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from config.processes import Roster, wait_until

SUPERVISE = """
import subprocess, sys
from pathlib import Path
from config.processes import Roster
from config.supervision import Supervision

folder = Path(sys.argv[1])
watched = {"database": subprocess.Popen(["sleep", sys.argv[2]])}
supervision = Supervision(
    "http://127.0.0.1:9", folder, Roster(folder / "roster.json"), watched=watched, on_ready=lambda: None
)
supervision.run(folder / "Procfile", {"PATH": "/usr/bin:/bin"}, extra={"one": {"MINE": "1"}})
watched["database"].kill()
print("failure:", *supervision.failure, sep="\\n")
"""


@pytest.fixture
def supervise(tmp_path: Path) -> Callable[..., subprocess.Popen[str]]:
    def begin(procfile: str, *, database: str = "60") -> subprocess.Popen[str]:
        (tmp_path / "Procfile").write_text(textwrap.dedent(procfile))
        return subprocess.Popen(
            [sys.executable, "-c", SUPERVISE, str(tmp_path), database], stdout=subprocess.PIPE, text=True
        )

    return begin


def test_the_end_of_one_ends_all_and_is_told_with_its_last_lines(tmp_path: Path, supervise) -> None:
    supervised = supervise("one: echo about to fail; exit 3\ntwo: exec sleep 60\n")
    told, _ = supervised.communicate(timeout=30)
    assert told.splitlines() == [
        "failure:",
        f"one ended by itself (status 3). The end of {tmp_path}/one.log:",
        "    about to fail",
    ]


def test_the_end_of_a_watched_process_ends_all(supervise) -> None:
    told, _ = supervise("one: exec sleep 60\n", database="0.1").communicate(timeout=30)
    assert "database ended by itself (status 0)" in told


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_stop_signal_ends_all_without_blame(tmp_path: Path, supervise, number: signal.Signals) -> None:
    supervised = supervise("one: trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done\n")
    log = tmp_path / "one.log"
    assert wait_until(lambda: log.exists() and "up" in log.read_text(), timeout=30, watched=[supervised])
    supervised.send_signal(number)
    told, _ = supervised.communicate(timeout=30)
    assert told == "failure:\n"
    assert log.read_text().endswith("bye\n")


def test_errors_and_tracebacks_reach_the_terminal_and_everything_the_file(tmp_path: Path, supervise) -> None:
    lines = """\
        2026-01-01 [info     ] an error was not made
        2026-01-01 [error    ] it broke
        {"level":"error","msg":"no upstream"}
        Traceback (most recent call last):
          File "x.py", line 1, in <module>
        ValueError: wrong
        [2026-01-01 00:00:00] [1] [INFO] all is well
        """
    (tmp_path / "lines").write_text(textwrap.dedent(lines))
    told, _ = supervise(f"one: cat {tmp_path}/lines; exit 1\n").communicate(timeout=30)
    shown = [line.partition(" | ")[2] for line in told.splitlines() if " | " in line]
    assert shown == [
        "2026-01-01 [error    ] it broke",
        '{"level":"error","msg":"no upstream"}',
        "Traceback (most recent call last):",
        '  File "x.py", line 1, in <module>',
        "ValueError: wrong",
    ]
    assert (tmp_path / "one.log").read_text() == (tmp_path / "lines").read_text()


def test_the_log_before_is_kept(tmp_path: Path, supervise) -> None:
    (tmp_path / "one.log").write_text("before\n")
    supervise('one: echo "now $MINE"; exit 1\n').communicate(timeout=30)
    assert (tmp_path / "one.log").read_text() == "now 1\n"
    assert (tmp_path / "one.previous.log").read_text() == "before\n"


def test_roster_ends_what_outlived_its_run_with_its_children(tmp_path: Path) -> None:
    parent = subprocess.Popen(["sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait; wait"], stdout=subprocess.PIPE)
    assert parent.stdout
    with parent.stdout:
        child = int(parent.stdout.readline())
    Roster(tmp_path / "roster.json").add(parent.pid)
    Roster(tmp_path / "roster.json").end(grace=1)
    parent.wait(5)
    assert not psutil.pid_exists(parent.pid)
    assert wait_until(lambda: not psutil.pid_exists(child), timeout=10)
    assert not (tmp_path / "roster.json").exists()


def test_roster_spares_a_process_that_got_the_number_of_a_dead_one(tmp_path: Path) -> None:
    stranger = subprocess.Popen(["sleep", "60"])
    roster = Roster(tmp_path / "roster.json")
    roster.add(stranger.pid)
    roster.path.write_text(roster.path.read_text().replace('"born": ', '"born": 1'))
    roster.end(grace=1)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
