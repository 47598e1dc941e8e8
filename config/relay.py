"""The demo's relay: coturn, where it is installed, for calls between browsers of this machine.

    python -m config.relay      becomes turnserver on RELAY_PORT; without it, waits for its end and says what is missing

Production's relay is a container of its own (docker-compose.yml, config/coturn/turnserver.conf), which denies what this
one is for: peers on the loopback.
"""

import os
import shutil
import signal
import sys
from pathlib import Path

from config.supervision import say


def find() -> str | None:
    """The path of turnserver, or None."""
    return shutil.which("turnserver")


def command(turnserver: str, *, port: int, secret: str, folder: Path) -> list[str]:
    """A relay on the loopback alone, with credentials as in production; its files go into the folder."""
    return [
        *(turnserver, "-n", "--listening-ip=127.0.0.1", "--relay-ip=127.0.0.1", "--allow-loopback-peers"),
        *(f"--listening-port={port}", "--min-port=49160", "--max-port=49459"),
        *("--use-auth-secret", f"--static-auth-secret={secret}", "--realm=portal", "--fingerprint"),
        *("--no-cli", "--no-tls", "--no-dtls", "--no-rfc5780", "--no-software-attribute", "--log-file=stdout"),
        *(f"--pidfile={folder / 'coturn.pid'}", f"--userdb={folder / 'coturn.db'}"),
    ]


def main() -> None:
    turnserver = find()
    if turnserver is None:
        say("coturn is not installed: calls need a direct path between the browsers.")
        signal.pause()
        sys.exit()
    folder = Path(os.environ["RELAY_FOLDER"])
    words = command(turnserver, port=int(os.environ["RELAY_PORT"]), secret=os.environ["TURN_SECRET"], folder=folder)
    os.execv(turnserver, words)


if __name__ == "__main__":
    main()
