"""`python -m config.embedded manage.py …`: one command of manage.py beside services that are thrown away after it.

For what asks the database although it needs no data, such as `makemigrations --check`.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from config.embedded import services
from config.embedded.postgres import OWNER_ROLE
from config.processes import CannotRun, Roster


def main(command: list[str]) -> int:
    with tempfile.TemporaryDirectory(prefix="portal-") as name:
        folder = Path(name)
        with services(folder, roster=Roster(folder / "roster.json"), durable=False) as found:
            places = {"DATABASE_URL": found.database_url(OWNER_ROLE), "REDIS_URL": found.redis_url()}
            return subprocess.call([sys.executable, *command], env=os.environ | places)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotRun as error:
        sys.exit(str(error))
