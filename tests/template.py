"""The database that each worker's own is a copy of: migrated once, and kept as SQL until a migration changes.

Migrating takes half a minute of one core; a copy is made in less than a second. What Django writes after migrating
(content types, permissions, groups) is written into each copy: the SQL holds tables and the list of migrations alone.
"""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

from config.embedded import Services
from config.embedded.postgres import DATABASE, OWNER_ROLE, program

BASE_DIR = Path(__file__).resolve().parent.parent
CACHE = BASE_DIR / ".data" / "test-schema"
# Nothing else connects to it, or PostgreSQL would refuse to copy it.
TEMPLATE = DATABASE


def make_template(found: Services) -> None:
    """Bring the cluster's first database to the state after all migrations, and let its owner empty the copies."""
    owner = f"GRANT SET ON PARAMETER session_replication_role TO {OWNER_ROLE}"
    run("psql", found, "--username=postgres", "--quiet", "--set=ON_ERROR_STOP=1", f"--command={owner}")
    kept = CACHE / f"{fingerprint()}.sql"
    if kept.exists():
        run("psql", found, "--username=postgres", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={kept}")
        return
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity=0"],
        cwd=BASE_DIR,
        env=os.environ | {"PORTAL_ENV": "test", "DATABASE_URL": found.database_url(OWNER_ROLE)},
        check=True,
    )
    schema = run("pg_dump", found, f"--username={OWNER_ROLE}", "--schema-only")
    migrations = run("pg_dump", found, f"--username={OWNER_ROLE}", "--data-only", "--table=django_migrations")
    CACHE.mkdir(parents=True, exist_ok=True)
    for old in CACHE.glob("*.sql"):
        old.unlink(missing_ok=True)
    partial = kept.with_suffix(f".{os.getpid()}")
    partial.write_text(schema + migrations)
    partial.rename(kept)


def fingerprint() -> str:
    """Of all that decides what migrating makes: the migrations, what they draw on, and libraries with their own."""
    read = hashlib.sha256()
    sources = [*BASE_DIR.glob("*/migrations/*.py"), BASE_DIR / "config" / "db.py", BASE_DIR / "uv.lock"]
    for path in sorted(sources):
        read.update(f"{path.relative_to(BASE_DIR)}\0".encode() + path.read_bytes())
    return read.hexdigest()[:32]


def run(name: str, found: Services, *options: str) -> str:
    command = [str(program(name)), f"--host={found.sockets}", f"--dbname={TEMPLATE}", *options]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout
