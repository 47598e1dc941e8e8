"""The browser of the tests: an existing Chromium or Chrome, else Debian's package, else Playwright's own.

`python -m tests.chromium` installs one where there is none.
"""

import os
import shutil
import subprocess
import sys
from typing import Any

from playwright.sync_api import sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)
ARGUMENTS = [
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Nothing but the pages under test is asked for: without these it looks up its maker's hosts at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-domain-reliability",
    "--disable-quic",
    "--disable-sync",
    "--no-first-run",
]


def find() -> str | None:
    """The path of an installed browser that runs, or None. A name alone says little: Ubuntu's may be an empty shell."""
    candidates = [os.environ.get("CHROMIUM"), *map(shutil.which, NAMES), *APPLICATIONS]
    return next((path for path in candidates if path and runs(path)), None)


def playwrights_own() -> str | None:
    with sync_playwright() as playwright:
        path = playwright.chromium.executable_path
    return path if runs(path) else None


def runs(path: str) -> bool:
    try:
        return subprocess.run([path, "--version"], capture_output=True, check=False, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Debian's package when we are root and have apt, else Playwright's download. Exits with one line if neither."""
    print("Installing Chromium for the browser tests ...", flush=True)
    root = os.geteuid() == 0
    if root and shutil.which("apt-get"):
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", "chromium"]):
            subprocess.run(["apt-get", *command], env=environment, stdout=subprocess.DEVNULL, check=False)
        if find():
            return
    playwright = [sys.executable, "-m", "playwright", "install", *(["--with-deps"] if root else []), "chromium"]
    subprocess.run(playwright, check=False)
    if not playwrights_own():
        sys.exit("No Chromium for the browser tests. Install chromium or google-chrome, or set CHROMIUM to its path.")


def launch_options() -> dict[str, Any]:
    """What Playwright's launch() takes here; without an installed browser it finds its own."""
    path = find()
    # Chromium's own fence does not work as root.
    arguments = [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
    return {"args": arguments} | ({"executable_path": path} if path else {})


if __name__ == "__main__" and not (find() or playwrights_own()):
    install()
