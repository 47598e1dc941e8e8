"""Whatever process a test starts is remembered here, so that it ends even if the test run is broken off."""

import os
from pathlib import Path

from config.processes import Roster


def remember(pid: int) -> None:
    """The test run, or the one after it if this one is killed, ends the process if it is still there then."""
    Roster(Path(os.environ["PORTAL_TEST_FOLDER"]) / f"roster-{os.getpid()}.json").add(pid)


def end_remembered(folder: Path) -> None:
    """End what the processes of a test run have remembered in its folder."""
    for roster in folder.glob("roster*.json"):
        Roster(roster).end()
